use super::{Origin, credentials::basic};
use crate::message::{Broken, How};
use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{ClientConfig, pki_types::ServerName},
};

/// A connection below HTTP.
pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// What a connection that waits for its next request has to say.
pub(super) enum Idle {
    Quiet,
    Closed,
    Spoke(Vec<u8>),
}

/// An HTTP proxy.
#[derive(Clone, Debug)]
pub(crate) struct Proxy {
    pub(super) origin: Origin,
    pub(super) authorization: Option<String>,
}

impl Proxy {
    /// Reads `http://[user:password@]host:port`.
    pub(super) fn parse(url: &str) -> Result<Self, super::OriginError> {
        let (bare, authorization) = match (url.find("://"), url.rfind('@')) {
            (Some(scheme), Some(at)) if at > scheme => {
                let decode = |text: &str| {
                    percent_encoding::percent_decode_str(text)
                        .decode_utf8_lossy()
                        .into_owned()
                };
                let (user, password) = url[scheme + 3..at]
                    .split_once(':')
                    .unwrap_or((&url[scheme + 3..at], ""));
                (
                    format!("{}{}", &url[..scheme + 3], &url[at + 1..]),
                    Some(basic(&decode(user), &decode(password))),
                )
            }
            _ => (url.to_owned(), None),
        };
        let (origin, _) = Origin::parse(&bare)?;
        if origin.tls {
            return Err(super::OriginError {
                url: bare,
                why: "a proxy is spoken to in plain `http`",
            });
        }
        Ok(Self {
            origin,
            authorization,
        })
    }
}

fn broken(how: How, detail: String) -> Broken {
    Broken {
        how,
        detail,
        partial: None,
    }
}

/// Opens a connection: TCP, through the proxy where there is one, and TLS where the origin wants it.
pub(crate) async fn dial(
    origin: &Origin,
    proxy: Option<&Proxy>,
    tls: Option<&Arc<ClientConfig>>,
    within: Duration,
) -> Result<Stream, Broken> {
    let first = proxy.map_or(origin, |proxy| &proxy.origin);
    // Whose silence it is: of the proxy, where one stands before the origin.
    let what = if proxy.is_some() { "the proxy " } else { "" };
    let to = format!("{what}{}", first.authority);
    let unreachable =
        |why: String| broken(How::Unreachable, format!("no connection to {to}: {why}"));
    let connecting = TcpStream::connect((first.host.as_str(), first.port));
    let mut tcp = match timeout(within, connecting).await {
        Err(_) => return Err(unreachable(format!("no answer within {within:?}"))),
        Ok(Err(error)) => return Err(unreachable(error.to_string())),
        Ok(Ok(tcp)) => tcp,
    };
    // A request is one write; waiting for more would only delay it. Where the option fails, it is only slower.
    let _ = tcp.set_nodelay(true);
    let Some(config) = tls.filter(|_| origin.tls) else {
        return Ok(Stream::Plain(tcp));
    };
    let failed = |why: String| broken(How::Tls, format!("TLS with {}: {why}", origin.authority));
    let shaking = async {
        if let Some(proxy) = proxy {
            tunnel(&mut tcp, origin, proxy).await.map_err(|why| {
                let to = &origin.authority;
                broken(How::Unreachable, format!("no connection to {to}: {why}"))
            })?;
        }
        let name = ServerName::try_from(origin.host.clone())
            .map_err(|_| failed("the host is no name that a certificate can have".to_owned()))?;
        TlsConnector::from(config.clone())
            .connect(name, tcp)
            .await
            .map_err(|error| failed(error.to_string()))
    };
    match timeout(within, shaking).await {
        Err(_) => Err(failed(format!("no handshake within {within:?}"))),
        Ok(done) => Ok(Stream::Tls(Box::new(done?))),
    }
}

/// Asks the proxy for a tunnel with `CONNECT` (RFC 2817 5.2).
async fn tunnel(tcp: &mut TcpStream, origin: &Origin, proxy: &Proxy) -> Result<(), String> {
    let target = if origin.host.contains(':') {
        format!("[{}]:{}", origin.host, origin.port)
    } else {
        format!("{}:{}", origin.host, origin.port)
    };
    let authorization = proxy
        .authorization
        .as_ref()
        .map_or_else(String::new, |value| {
            format!("Proxy-Authorization: {value}\r\n")
        });
    let request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{authorization}\r\n");
    let told = |error: io::Error| format!("the proxy broke off: {error}");
    tcp.write_all(request.as_bytes()).await.map_err(told)?;
    let mut head = Vec::new();
    // Byte by byte: what follows the head belongs to TLS.
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() > 16 << 10 {
            return Err("the proxy answers with an endless head".to_owned());
        }
        head.push(tcp.read_u8().await.map_err(told)?);
    }
    let line = String::from_utf8_lossy(&head);
    let line = line.lines().next().unwrap_or_default();
    match line.split(' ').nth(1) {
        Some(status) if status.starts_with('2') => Ok(()),
        _ => Err(format!("the proxy answers `{line}`")),
    }
}

impl Stream {
    /// Looks, without waiting, whether a connection that nothing is expected on has been closed or speaks.
    pub(super) fn idle(&mut self) -> Idle {
        let mut bytes = [0; 4096];
        let mut buffer = ReadBuf::new(&mut bytes);
        let mut context = Context::from_waker(Waker::noop());
        match Pin::new(self).poll_read(&mut context, &mut buffer) {
            Poll::Pending => Idle::Quiet,
            Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                Idle::Spoke(buffer.filled().to_vec())
            }
            Poll::Ready(_) => Idle::Closed,
        }
    }

    /// Lets the peer see a reset when the stream is dropped.
    pub(crate) fn arm_reset(&self) -> io::Result<()> {
        match self {
            Self::Plain(tcp) => tcp.set_zero_linger(),
            Self::Tls(tls) => tls.get_ref().0.set_zero_linger(),
        }
    }
}

macro_rules! either {
    ($stream:expr, $inner:ident => $call:expr) => {
        match $stream.get_mut() {
            Stream::Plain(inner) => {
                let $inner = Pin::new(inner);
                $call
            }
            Stream::Tls(inner) => {
                let $inner = Pin::new(&mut **inner);
                $call
            }
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        either!(self, inner => inner.poll_read(cx, buf))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        either!(self, inner => inner.poll_write(cx, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, inner => inner.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, inner => inner.poll_shutdown(cx))
    }
}

#[cfg(test)]
mod tests {
    use super::{Proxy, dial};
    use crate::client::Origin;
    use std::time::Duration;

    #[tokio::test]
    async fn a_proxy_that_is_not_there_is_named() {
        let (origin, _) = Origin::parse("http://target.invalid").unwrap();
        let proxy = Proxy::parse("http://127.0.0.1:1").unwrap();
        let dialled = dial(&origin, Some(&proxy), None, Duration::from_secs(5)).await;
        let detail = dialled.err().unwrap().detail;
        let start = "no connection to the proxy 127.0.0.1:1: ";
        assert!(detail.starts_with(start), "{detail}");
    }
}
