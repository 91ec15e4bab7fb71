//! `serve bits-upload` used by clients that are not ours: curl, Python's http.client, and HTTP/1.0 by hand.

use crate::{
    Case,
    program::{Ran, Serving, curl, find, folder, run},
};
use serde_json::Value;
use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

pub(crate) const CASES: &[Case] = &[
    (
        "curl sends all fragments and fetches the file over one kept connection",
        &["curl"],
        kept,
    ),
    (
        "curl uploads with one connection per packet",
        &["curl"],
        per_packet,
    ),
    ("curl uploads by http 1.0", &["curl"], old_curl),
    (
        "clients of http 1.0 need neither host nor length and get a closed connection",
        &[],
        by_hand,
    ),
    (
        "a python client resumes over tls from the offset told",
        &["python3"],
        python,
    ),
];

const PROTOCOL: &str = "BITS-Supported-Protocols: {7df0354d-249b-430f-820d-3d2a9bef4931}";
const FRAGMENT: usize = 2 << 20;

/// Bytes without a pattern that a shifted or repeated part could hide in.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let words = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    words.flatten().take(length).collect()
}

/// A file cut into fragments, as files that curl sends, and where the server keeps its own.
struct Upload {
    folder: tempfile::TempDir,
    data: Vec<u8>,
    /// The file that holds a fragment, and its range.
    fragments: Vec<(String, String)>,
}

impl Upload {
    fn new(length: usize) -> Self {
        let folder = folder();
        let data = noise(length);
        let mut fragments = Vec::new();
        for (at, part) in data.chunks(FRAGMENT).enumerate() {
            let file = folder.path().join(format!("part-{at}"));
            fs::write(&file, part).unwrap();
            let first = at * FRAGMENT;
            let last = first + part.len() - 1;
            let range = format!("Content-Range: bytes {first}-{last}/{length}");
            fragments.push((format!("@{}", file.display()), range));
        }
        Self {
            folder,
            data,
            fragments,
        }
    }

    fn serve(&self) -> Serving {
        Serving::start(["bits-upload", "--data-dir", self.served().to_str().unwrap()])
    }

    fn served(&self) -> PathBuf {
        self.folder.path().join("served")
    }

    /// The bytes are on disk where the URL says, and nothing else is left of the upload.
    #[track_caller]
    fn stands(&self, name: &str) {
        let file = self.served().join("files").join(name);
        assert!(fs::read(&file).unwrap() == self.data, "{}", file.display());
        assert_eq!(names(&self.served().join("uploads")), [""; 0]);
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().flatten();
    entries
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect()
}

/// The heads of all replies that curl was given, apart from `100 Continue`.
fn heads(ran: &Ran) -> Vec<String> {
    assert_eq!(ran.code, 0, "{}", ran.all());
    let parts = ran.stdout.split("\r\n\r\n");
    parts
        .filter(|part| part.starts_with("HTTP/") && !part.contains(" 100 "))
        .map(|part| format!("{part}\r\n"))
        .collect()
}

#[track_caller]
fn field<'a>(head: &'a str, name: &str) -> &'a str {
    head.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
        .unwrap_or_else(|| panic!("no `{name}` in {head}"))
        .trim_end()
}

/// An ack of success with nothing that a client would take for a failure.
#[track_caller]
fn acknowledged(head: &str, version: &str) {
    assert!(head.starts_with(&format!("{version} 200")), "{head}");
    assert_eq!(field(head, "BITS-Packet-Type"), "Ack");
    assert_eq!(field(head, "Content-Length"), "0");
    assert!(!head.contains("BITS-Error"), "{head}");
}

/// What curl is told to send for a packet; without a body it sends no Content-Length of its own.
fn packet<'a>(kind: &'a str, headers: &[&'a str], body: Option<&'a str>) -> Vec<&'a str> {
    let mut arguments = vec!["-X", "BITS_POST", "-H", kind, "-H", PROTOCOL];
    arguments.extend(headers.iter().flat_map(|header| ["-H", header]));
    if let Some(body) = body {
        arguments.extend(["--data-binary", body]);
    }
    arguments
}

fn created(url: &str, more: &[&str], version: &str) -> String {
    let mut arguments = packet("BITS-Packet-Type: Create-Session", &[], None);
    arguments.extend(more);
    arguments.push(url);
    let heads = heads(&curl(&arguments));
    acknowledged(&heads[0], version);
    format!("BITS-Session-Id: {}", field(&heads[0], "BITS-Session-Id"))
}

fn kept() {
    let upload = Upload::new(2 * FRAGMENT + 4321);
    let serving = upload.serve();
    let url = format!("{}/dir/kept.bin", serving.url);
    let length = ["-H", "Content-Length: 0"];
    // curl must know the session before it starts; all that comes after goes over one connection.
    let session = created(&url, &length, "HTTP/1.1");
    let fetched = upload.folder.path().join("fetched");
    let told = ["--write-out", "%{stderr}%{num_connects} "];
    let mut arguments = Vec::new();
    for (body, range) in &upload.fragments {
        arguments.extend(packet(
            "BITS-Packet-Type: Fragment",
            &[&session, range],
            Some(body),
        ));
        arguments.extend(told);
        arguments.extend([&url, "--next", "--silent", "--include", "--noproxy", "*"]);
    }
    for kind in ["BITS-Packet-Type: Ping", "BITS-Packet-Type: Close-Session"] {
        arguments.extend(packet(kind, &[&session], None));
        arguments.extend(length);
        arguments.extend(told);
        arguments.extend([&url, "--next", "--silent", "--include", "--noproxy", "*"]);
    }
    // The bytes go to a file, the head stays with them; the last transfer of the chain.
    arguments.extend(told);
    arguments.extend(["--no-include", "--output", fetched.to_str().unwrap(), &url]);
    let ran = curl(&arguments);
    let heads = heads(&ran);
    assert_eq!(heads.len(), 5, "{}", ran.all());
    for (head, offset) in heads
        .iter()
        .zip([FRAGMENT, 2 * FRAGMENT, upload.data.len()])
    {
        acknowledged(head, "HTTP/1.1");
        assert_eq!(
            field(head, "BITS-Received-Content-Range"),
            offset.to_string()
        );
    }
    acknowledged(&heads[3], "HTTP/1.1");
    acknowledged(&heads[4], "HTTP/1.1");
    assert_eq!(
        ran.stderr.trim(),
        "1 0 0 0 0 0",
        "connections made by each transfer"
    );
    assert!(fs::read(fetched).unwrap() == upload.data, "what GET gives");
    upload.stands("dir/kept.bin");
}

/// A whole upload in which curl makes a connection for every packet.
fn uploaded(upload: &Upload, url: &str, more: &[&str], version: &str) {
    let session = created(url, more, version);
    for (body, range) in &upload.fragments {
        let mut arguments = packet("BITS-Packet-Type: Fragment", &[&session, range], Some(body));
        arguments.extend(more.iter().filter(|argument| !argument.contains("Length")));
        if more.contains(&"Content-Length: 0") {
            // The `-H` that stood before it names the type; curl sets the length itself.
            arguments.push("Content-Type: application/octet-stream");
        }
        arguments.push(url);
        let heads = heads(&curl(&arguments));
        acknowledged(&heads[0], version);
        let end = range.split(['-', '/']).nth(2).unwrap();
        let next = end.parse::<usize>().unwrap() + 1;
        assert_eq!(
            field(&heads[0], "BITS-Received-Content-Range"),
            next.to_string()
        );
    }
    let mut arguments = packet("BITS-Packet-Type: Close-Session", &[&session], None);
    arguments.extend(more);
    arguments.push(url);
    acknowledged(&heads(&curl(&arguments))[0], version);
    let fetched = upload.folder.path().join("fetched");
    let ran = curl(&["--no-include", "--output", fetched.to_str().unwrap(), url]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert!(fs::read(fetched).unwrap() == upload.data, "what GET gives");
}

fn per_packet() {
    let upload = Upload::new(FRAGMENT + 1);
    let serving = upload.serve();
    let url = format!("{}/dir/each.bin", serving.url);
    let closed = ["-H", "Connection: close", "-H", "Content-Length: 0"];
    uploaded(&upload, &url, &closed, "HTTP/1.1");
    upload.stands("dir/each.bin");
}

fn old_curl() {
    let upload = Upload::new(2 * FRAGMENT);
    let serving = upload.serve();
    let url = format!("{}/old%20curl.bin", serving.url);
    uploaded(&upload, &url, &["--http1.0"], "HTTP/1.0");
    upload.stands("old curl.bin");
}

/// Sends bytes, and reads until the server closes.
fn exchanged(serving: &Serving, request: &[u8]) -> String {
    let mut connection = TcpStream::connect(serving.url.trim_start_matches("http://")).unwrap();
    connection
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    connection.write_all(request).unwrap();
    let mut reply = Vec::new();
    connection.read_to_end(&mut reply).unwrap();
    String::from_utf8(reply).unwrap()
}

fn by_hand() {
    let upload = Upload::new(300_000);
    let serving = upload.serve();
    let bodiless = |kind: &str, more: &str| {
        let request =
            format!("BITS_POST /by-hand.bin HTTP/1.0\r\nBITS-Packet-Type: {kind}\r\n{more}\r\n");
        let reply = exchanged(&serving, request.as_bytes());
        assert!(reply.ends_with("\r\n\r\n"), "no body: {reply}");
        acknowledged(&reply, "HTTP/1.0");
        reply
    };
    bodiless("PING", "");
    let ack = bodiless("CREATE-SESSION", &format!("{PROTOCOL}\r\n"));
    let session = format!("BITS-Session-Id: {}\r\n", field(&ack, "BITS-Session-Id"));
    for (at, part) in upload.data.chunks(100_000).enumerate() {
        let (first, length) = (at * 100_000, part.len());
        let last = first + length - 1;
        let head = format!(
            "BITS_POST /by-hand.bin HTTP/1.0\r\nBITS-Packet-Type: FRAGMENT\r\n{session}\
             Content-Range: bytes {first}-{last}/300000\r\nContent-Length: {length}\r\n\r\n"
        );
        let ack = exchanged(&serving, &[head.as_bytes(), part].concat());
        acknowledged(&ack, "HTTP/1.0");
        assert_eq!(
            field(&ack, "BITS-Received-Content-Range"),
            (last + 1).to_string()
        );
    }
    bodiless("CLOSE-SESSION", &session);
    let length = exchanged(&serving, b"HEAD /by-hand.bin HTTP/1.0\r\n\r\n");
    assert!(length.starts_with("HTTP/1.0 200"), "{length}");
    assert_eq!(field(&length, "Content-Length"), "300000");
    upload.stands("by-hand.bin");
}

fn python() {
    let upload = Upload::new(7 * FRAGMENT + 77);
    let source = upload.folder.path().join("source.bin");
    let ca = upload.folder.path().join("ca.pem");
    fs::write(&source, &upload.data).unwrap();
    let serving = Serving::start([
        "bits-upload",
        "--tls",
        "--ca-out",
        ca.to_str().unwrap(),
        "--data-dir",
        upload.served().to_str().unwrap(),
    ]);
    let url = format!("{}/Dir/mixed%20Case.bin", serving.url);
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/it/clients/bits_resume.py"
    );
    let ran = run(Command::new(find("python3").unwrap())
        .args([script, &url])
        .args([&ca, &source]));
    // The client demands most by itself; what it saw shows that it did what it is there for.
    let saw: Value = ran.ends(0).json();
    assert_eq!(saw["same"], true);
    assert_eq!(saw["cuts"].as_array().unwrap().len(), 3, "{saw}");
    let told = saw["told"].as_array().unwrap();
    assert_eq!(told.last().unwrap(), upload.data.len(), "{saw}");
    upload.stands("Dir/mixed Case.bin");
}
