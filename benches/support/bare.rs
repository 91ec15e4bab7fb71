use bytes::Bytes;
use http::uri::{Authority, Scheme, Uri};
use http_body_util::BodyExt as _;
use hyper::{
    Request, Response,
    body::{Body, Frame, Incoming, SizeHint},
    header::{HeaderMap, HeaderName, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo},
};
use std::{
    convert::Infallible,
    env,
    fs::{self, File, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
    pin::Pin,
    process::ExitCode,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::net::TcpListener;

/// Plays the other side where the program was started for that; otherwise gives back nothing.
///
/// Without `--bench` among the arguments it was `cargo test` that started it, and there is nothing to do.
pub(crate) fn role() -> Option<ExitCode> {
    let arguments: Vec<_> = env::args().collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [_, "--role", "fixed", file] => serve(&Fixed::read(Path::new(file))),
        [_, "--role", "upload", folder] => serve(&Upload(folder.into())),
        [_, "--role", "proxy", upstream] => proxy(upstream),
        [_, "--role", "loop", url, count] => {
            gets(url, count.parse().expect("a count is a number"));
        }
        _ if arguments.iter().any(|argument| argument == "--bench") => return None,
        _ => {}
    }
    Some(ExitCode::SUCCESS)
}

/// How a bare server answers.
trait Answers: Clone + Send + Sync + 'static {
    fn answer(
        self,
        request: Request<Incoming>,
    ) -> impl Future<Output = Result<Response<Whole>, Infallible>> + Send;
}

/// A body in one piece, with or without a length that is told.
struct Whole {
    bytes: Option<Bytes>,
    told: bool,
}

impl Body for Whole {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let bytes = self.bytes.take().filter(|bytes| !bytes.is_empty());
        Poll::Ready(bytes.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.told && self.bytes.as_ref().is_none_or(Bytes::is_empty)
    }

    fn size_hint(&self) -> SizeHint {
        match &self.bytes {
            Some(bytes) if self.told => SizeHint::with_exact(bytes.len() as u64),
            _ => SizeHint::default(),
        }
    }
}

/// The same reply to every request.
#[derive(Clone)]
struct Fixed(Arc<(u16, HeaderMap, Bytes, bool)>);

impl Fixed {
    /// Takes a reply apart as it was on the wire; what hyper writes by itself is left to it.
    fn read(file: &Path) -> Self {
        let raw = fs::read(file).expect("the benchmark wrote it");
        let mut fields = [httparse::EMPTY_HEADER; 64];
        let mut reply = httparse::Response::new(&mut fields);
        let parsed = reply.parse(&raw).expect("it is HTTP");
        let body = raw[parsed.unwrap()..].to_vec();
        let mut map = HeaderMap::new();
        let mut told = false;
        for field in reply.headers.iter() {
            let name = field.name.to_ascii_lowercase();
            told |= name == "content-length";
            if !["date", "content-length", "transfer-encoding"].contains(&name.as_str()) {
                let name: HeaderName = name.parse().expect("it is a name");
                let value = HeaderValue::from_bytes(field.value).expect("it is a value");
                map.append(name, value);
            }
        }
        let status = reply.code.expect("it was parsed");
        Self(Arc::new((status, map, body.into(), told)))
    }
}

impl Answers for Fixed {
    async fn answer(self, request: Request<Incoming>) -> Result<Response<Whole>, Infallible> {
        let mut body = request.into_body();
        while let Some(Ok(_)) = body.frame().await {}
        let (status, fields, bytes, told) = &*self.0;
        let mut reply = Response::new(Whole {
            bytes: Some(bytes.clone()),
            told: *told,
        });
        *reply.status_mut() = (*status).try_into().expect("it was parsed");
        reply.headers_mut().clone_from(fields);
        Ok(reply)
    }
}

/// Appends each body to the file that the target names.
#[derive(Clone)]
struct Upload(PathBuf);

impl Answers for Upload {
    async fn answer(self, request: Request<Incoming>) -> Result<Response<Whole>, Infallible> {
        let name = request.uri().path().rsplit('/').next().unwrap_or_default();
        let mut file: File = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.0.join(name))
            .expect("the folder takes files");
        let mut body = request.into_body();
        while let Some(Ok(frame)) = body.frame().await {
            if let Ok(bytes) = frame.into_data() {
                file.write_all(&bytes).expect("there is room");
            }
        }
        let held = file.metadata().expect("it is open").len();
        let reply = Response::builder()
            .header("BITS-Packet-Type", "Ack")
            .header("BITS-Session-Id", "{7DF0354D-249B-430F-820D-3D2A9BEF4931}")
            .header("BITS-Received-Content-Range", held)
            .body(Whole {
                bytes: Some(Bytes::new()),
                told: true,
            });
        Ok(reply.expect("the fields are right"))
    }
}

#[tokio::main]
async fn serve(how: &impl Answers) {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port is free");
    let addr = listener.local_addr().expect("it is bound");
    let line = format!("listening on http://{addr}\n");
    std::io::stdout()
        .write_all(line.as_bytes())
        .expect("somebody reads");
    loop {
        let (stream, _) = listener.accept().await.expect("somebody connects");
        stream.set_nodelay(true).expect("it is a socket");
        let how = how.clone();
        tokio::spawn(async move {
            let service = service_fn(|request| how.clone().answer(request));
            // How a connection ends is nothing to us.
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

/// A reverse proxy as hyper's own parts make it: heads and bodies go through, connections to the server are kept.
#[tokio::main]
async fn proxy(upstream: &str) {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client = Client::builder(TokioExecutor::new()).build::<_, Incoming>(connector);
    let authority: Authority = upstream.parse().expect("the benchmark gives an address");
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port is free");
    let addr = listener.local_addr().expect("it is bound");
    let line = format!("listening on http://{addr}\n");
    std::io::stdout()
        .write_all(line.as_bytes())
        .expect("somebody reads");
    loop {
        let (stream, _) = listener.accept().await.expect("somebody connects");
        stream.set_nodelay(true).expect("it is a socket");
        let (client, authority) = (client.clone(), authority.clone());
        tokio::spawn(async move {
            let service = service_fn(|mut request: Request<Incoming>| {
                let mut parts = request.uri().clone().into_parts();
                parts.scheme = Some(Scheme::HTTP);
                parts.authority = Some(authority.clone());
                *request.uri_mut() = Uri::from_parts(parts).expect("a path has an authority");
                client.request(request)
            });
            // How a connection ends is nothing to us.
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

/// The bare reqwest loop: the same requests one after another, each body read; ends with the process.
#[tokio::main(flavor = "current_thread")]
async fn gets(url: &str, count: usize) {
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(30))
        .build()
        .expect("a client starts");
    for number in 0..count {
        let reply = client.get(format!("{url}/items/{number}")).send().await;
        let reply = reply.expect("the server answers");
        assert_eq!(reply.status(), 200);
        reply.bytes().await.expect("the body comes");
    }
}
