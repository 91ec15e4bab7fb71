//! Nothing of the machine stands in a reply: no path, no host name, no value of an environment variable.

use crate::{
    Case,
    program::{Serving, command, folder, pause},
};
use std::{
    collections::BTreeMap,
    env, fs,
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    time::Duration,
};

pub(crate) const CASES: &[Case] = &[
    (
        "no reply of the head node tells anything of the machine",
        &[],
        head_node,
    ),
    (
        "no reply of the upload server tells anything of the machine",
        &[],
        uploads,
    ),
    ("what is looked for is found where it stands", &[], is_found),
];

const PROTOCOL: &str = "{7df0354d-249b-430f-820d-3d2a9bef4931}";
/// Values given to the program, and to nobody else.
const PLANTED: [(&str, &str); 4] = [
    ("WIREPROOF_LEAK", "planted-value-4711"),
    ("HOME", "/planted/home-4711"),
    ("USERNAME", "planted-user-4711"),
    ("COMPUTERNAME", "PLANTED-HOST-4711"),
];
/// The shortest text that does not stand somewhere by chance.
const SHORTEST: usize = 6;

/// What must not be told, by what it is.
fn secrets(data: &Path) -> BTreeMap<String, String> {
    let mut secrets: BTreeMap<String, String> = env::vars()
        .filter(|(name, _)| !PLANTED.iter().any(|(planted, _)| planted == name))
        .chain(PLANTED.map(|(name, value)| (name.to_owned(), value.to_owned())))
        .collect();
    let mut add = |what: &str, path: &Path| {
        secrets.insert(what.to_owned(), path.to_string_lossy().into_owned());
    };
    add("data folder", data);
    add(
        "name of the data folder",
        Path::new(data.file_name().unwrap()),
    );
    add("working folder", &env::current_dir().unwrap());
    add("program", &env::current_exe().unwrap());
    add("source", Path::new(env!("CARGO_MANIFEST_DIR")));
    if let Ok(host) = fs::read_to_string("/proc/sys/kernel/hostname") {
        add("host name", Path::new(host.trim()));
    }
    // What cargo tells a test of the package is no secret of the machine.
    secrets.retain(|what, _| !what.starts_with("CARGO_PKG_"));
    // What is as common as `true` or the loopback address tells nothing.
    secrets.retain(|_, value| {
        value.len() >= SHORTEST && !"127.0.0.1 http://".contains(value.as_str())
    });
    secrets
}

/// Sends bytes, and gives all that comes back.
fn talk(url: &str, request: &[u8]) -> Vec<u8> {
    let mut tcp = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
    tcp.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    // The server may answer and close before it has read everything.
    let _ = tcp.write_all(request);
    let mut reply = Vec::new();
    let _ = tcp.read_to_end(&mut reply);
    reply
}

fn request(line: &str, fields: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let mut request = format!(
        "{line} HTTP/1.1\r\nHost: mock\r\nConnection: close\r\nContent-Length: {length}\r\n{fields}\r\n"
    )
    .into_bytes();
    request.extend_from_slice(body);
    request
}

/// All bodies that are known to be strange, and some more.
fn bodies() -> Vec<Vec<u8>> {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
    let mut bodies = vec![
        Vec::new(),
        b"\xff\xfe\x00".to_vec(),
        b"<a".to_vec(),
        b"{".to_vec(),
        b"<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/hostname\">]><a>&x;</a>".to_vec(),
        b"<ArrayOfProperty xmlns=\"http://schemas.microsoft.com/HPCS2008R2/common\"><Property><Name>No</Name><Value>x</Value></Property></ArrayOfProperty>".to_vec(),
    ];
    for target in fs::read_dir(seeds).unwrap() {
        for seed in fs::read_dir(target.unwrap().path()).unwrap() {
            bodies.push(fs::read(seed.unwrap().path()).unwrap());
        }
    }
    bodies
}

#[track_caller]
fn none_of(secrets: &BTreeMap<String, String>, asked: &[u8], reply: &[u8]) {
    let text = String::from_utf8_lossy(reply);
    // Percent-encoded, escaped or in other case it would tell as much.
    let text = text.to_lowercase();
    let asked = String::from_utf8_lossy(asked);
    for (what, secret) in secrets {
        let told = text.contains(&secret.to_lowercase());
        assert!(
            !told || asked.to_lowercase().contains(&secret.to_lowercase()),
            "{what} (`{secret}`) is told to\n{asked}\n---\n{text}"
        );
    }
}

fn serving(suite: &str, more: &[&str]) -> Serving {
    let mut command = command(["serve", suite]);
    command.args(more).envs(PLANTED);
    Serving::of(&mut command)
}

fn head_node() {
    let folder = folder();
    let secrets = secrets(folder.path());
    let serving = serving("hpc-pack", &[]);
    let lines = [
        "POST /WindowsHPC/Jobs",
        "POST /WindowsHPC/Jobs/JobFile",
        "POST /WindowsHPC/Job/1/Tasks",
        "PUT /WindowsHPC/Job/1",
        "POST /WindowsHPC/Job/1/EnvVariables",
        "POST /WindowsHPC/Sessions/Create?durable=False",
        "POST /WindowsHPC/Session/1/batch/b?commit=False&genericservice=False",
        "POST /WindowsHPC/Job/..%2F..%2Fetc/Cancel",
        "GET /WindowsHPC/Jobs?Render=RestPropRender&$filter=a%20b",
        "GET /../../../etc/passwd",
    ];
    for line in lines {
        for media in [
            "application/xml",
            "application/json",
            "application/octet-stream",
        ] {
            for body in bodies() {
                let fields = format!("Content-Type: {media}\r\napi-version: 2012-11-01\r\n");
                let asked = request(line, &fields, &body);
                none_of(&secrets, &asked, &talk(&serving.url, &asked));
            }
        }
    }
    // A command that asks for the environment gets that of the cluster, which is not that of the machine.
    let bag = |pairs: &str| {
        format!(
            "<ArrayOfProperty xmlns=\"http://schemas.microsoft.com/HPCS2008R2/common\">{pairs}</ArrayOfProperty>"
        )
    };
    let fields = "Content-Type: application/xml\r\napi-version: 2012-11-01\r\n";
    let made = talk(
        &serving.url,
        &request("POST /WindowsHPC/Jobs", fields, bag("").as_bytes()),
    );
    let made = String::from_utf8(made).unwrap();
    let id = made
        .split("</int>")
        .next()
        .and_then(|text| text.rsplit('>').next());
    let id = id.unwrap();
    let names: Vec<String> = env::vars().map(|(name, _)| name).collect();
    for name in names
        .iter()
        .map(String::as_str)
        .chain(PLANTED.map(|(name, _)| name))
    {
        let task = format!(
            "<Property><Name>CommandLine</Name><Value>echo %{name}% ${name} and more</Value></Property>"
        );
        let line = format!("POST /WindowsHPC/Job/{id}/Tasks");
        let added = talk(&serving.url, &request(&line, fields, bag(&task).as_bytes()));
        assert!(added.starts_with(b"HTTP/1.1 200"), "{name}");
    }
    let line = format!("POST /WindowsHPC/Job/{id}/Submit");
    let submitted = talk(&serving.url, &request(&line, fields, b""));
    assert!(submitted.starts_with(b"HTTP/1.1 200"));
    let list = format!("GET /WindowsHPC/Job/{id}/Tasks?RowsPerRead=1000&Properties=Output");
    let mut seen = Vec::new();
    for _ in 0..100 {
        seen = talk(&serving.url, &request(&list, fields, b""));
        if String::from_utf8_lossy(&seen).contains("and more") {
            break;
        }
        pause();
    }
    assert!(
        String::from_utf8_lossy(&seen).contains("and more"),
        "{}",
        String::from_utf8_lossy(&seen)
    );
    none_of(&secrets, names.join(" ").as_bytes(), &seen);
}

fn uploads() {
    let folder = folder();
    let secrets = secrets(folder.path());
    let data = folder.path().to_str().unwrap();
    fs::create_dir(folder.path().join("taken")).unwrap();
    let serving = serving("bits-upload", &["--data-dir", data]);
    let paths = [
        "/a.bin",
        "/",
        "/../../../etc/passwd",
        "/..%2f..%2fetc%2fpasswd",
        "/con",
        "/taken",
        "/a.bin/below",
        "/%00",
        "/%ff",
        "/a:b",
        "/C:%5Cx",
        "/a%5Cb",
    ];
    let kinds = [
        "Ping",
        "Create-Session",
        "Fragment",
        "Close-Session",
        "Cancel-Session",
        "Strange",
        "",
    ];
    for path in paths {
        for kind in kinds {
            for more in [
                String::new(),
                format!("BITS-Supported-Protocols: {PROTOCOL}\r\n"),
                format!(
                    "BITS-Session-Id: {PROTOCOL}\r\nContent-Range: bytes 0-4/5\r\nContent-Name: ../x\r\n"
                ),
            ] {
                let fields = format!("BITS-Packet-Type: {kind}\r\n{more}");
                let asked = request(&format!("BITS_POST {path}"), &fields, b"hello");
                none_of(&secrets, &asked, &talk(&serving.url, &asked));
                let asked = request(&format!("BITS_POST {path}"), &fields, b"");
                none_of(&secrets, &asked, &talk(&serving.url, &asked));
            }
        }
        for method in ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"] {
            let asked = request(&format!("{method} {path}"), "Range: bytes=0-\r\n", b"");
            none_of(&secrets, &asked, &talk(&serving.url, &asked));
        }
    }
    // The folder goes away under the server: what the system says of it stays within.
    fs::remove_dir_all(folder.path()).unwrap();
    let fields =
        format!("BITS-Packet-Type: Create-Session\r\nBITS-Supported-Protocols: {PROTOCOL}\r\n");
    let asked = request("BITS_POST /new.bin", &fields, b"");
    let reply = talk(&serving.url, &asked);
    assert!(
        reply.starts_with(b"HTTP/1.1 "),
        "{}",
        String::from_utf8_lossy(&reply)
    );
    none_of(&secrets, &asked, &reply);
}

fn is_found() {
    let folder = folder();
    let secrets = secrets(folder.path());
    assert!(secrets.len() > PLANTED.len() + 3, "{secrets:?}");
    for secret in secrets.values() {
        let reply = format!(
            "HTTP/1.1 500\r\n\r\ncannot open {}/x",
            secret.to_uppercase()
        );
        let told = std::panic::catch_unwind(|| none_of(&secrets, b"", reply.as_bytes()));
        assert!(told.is_err(), "{secret} was not found");
    }
}
