//! How a target lets us in: certificates, proxies, NTLM; and a server that stops answering.

use crate::{
    Case,
    program::{Ran, Serving, command, folder, run, wireproof, write},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;
use std::{
    fs,
    io::{self, BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    sync::{Arc, Mutex},
    thread,
};
use tokio_rustls::rustls::{
    RootCertStore, ServerConfig, ServerConnection, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer},
    server::WebPkiClientVerifier,
};

pub(crate) const CASES: &[Case] = &[
    (
        "a private authority is trusted where it is named, and anybody with --insecure",
        &[],
        authority,
    ),
    ("NTLM is spoken to a server that demands it", &[], ntlm),
    (
        "https goes through a proxy, with credentials where it wants them",
        &[],
        proxy,
    ),
    (
        "a client certificate is shown to a server that demands one",
        &[],
        client_certificate,
    ),
    (
        "a server that stops answering is told once",
        &[],
        stops_answering,
    ),
];

const PASSWORD: &str = "open sesame";
const SUITE: &str = "hpc-pack/node";

fn check(url: &str, options: &[&str]) -> Ran {
    let words = ["check", SUITE, "--url", url, "--can", "all"];
    run(command(words.iter().chain(options)).env("WIREPROOF_TEST_PASSWORD", PASSWORD))
}

fn authority() {
    let folder = folder();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (ca, other) = (file("ca.pem"), file("other.pem"));
    let server = Serving::start(["hpc-pack", "--tls", "--ca-out", &ca]);
    drop(Serving::start(["hpc-pack", "--tls", "--ca-out", &other]));
    check(&server.url, &["--ca", &ca]).ends(0);
    check(&server.url, &["--insecure"]).ends(0);
    for options in [&["--ca", other.as_str()][..], &[]] {
        let ran = check(&server.url, options).ends(3);
        assert!(ran.stdout.contains("no TLS with"), "{}", ran.all());
    }
}

fn ntlm() {
    for suite in ["hpc-pack", "bits-upload"] {
        let server = Serving::of(
            command(["serve", suite, "--auth", "ntlm", "--user", "ada"])
                .args(["--password-env", "WIREPROOF_TEST_PASSWORD"])
                .env("WIREPROOF_TEST_PASSWORD", PASSWORD),
        );
        let check = |user: &str, auth: &str| {
            let part = if suite == "hpc-pack" {
                SUITE
            } else {
                "bits-upload/ping"
            };
            let words = [
                "check",
                part,
                "--url",
                &server.url,
                "--can",
                "all",
                "--allow-writes",
            ];
            let access = [
                "--user",
                user,
                "--auth",
                auth,
                "--password-env",
                "WIREPROOF_TEST_PASSWORD",
            ];
            run(command(words.iter().chain(&access)).env("WIREPROOF_TEST_PASSWORD", PASSWORD))
        };
        check("ada", "ntlm").ends(0);
        check("bob", "ntlm").ends(1);
        check("ada", "basic").ends(1);
    }
}

/// A proxy that tunnels, for those who know its password where it has one. Gives its authority and what it was asked.
fn tunnel(password: Option<&'static str>) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let authority = listener.local_addr().unwrap().to_string();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let kept = asked.clone();
    // It lives as long as the test program: nobody waits for it.
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let kept = kept.clone();
            thread::spawn(move || tunnelled(client, password, &kept));
        }
    });
    (authority, asked)
}

fn tunnelled(
    mut client: TcpStream,
    password: Option<&str>,
    asked: &Mutex<Vec<String>>,
) -> Option<()> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        client.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).ok()?;
    asked.lock().unwrap().push(head.clone());
    let wanted = password.map(|password| {
        format!(
            "Proxy-Authorization: Basic {}\r\n",
            STANDARD.encode(format!("me:{password}"))
        )
    });
    if wanted.is_some_and(|wanted| !head.contains(&wanted)) {
        let refusal = b"HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic realm=\"proxy\"\r\nContent-Length: 0\r\n\r\n";
        return client.write_all(refusal).ok();
    }
    let authority = head.strip_prefix("CONNECT ")?.split(' ').next()?;
    let mut server = TcpStream::connect(authority).ok()?;
    client.write_all(b"HTTP/1.1 200 Go on\r\n\r\n").ok()?;
    let (mut from, mut to) = (client.try_clone().ok()?, server.try_clone().ok()?);
    thread::spawn(move || io::copy(&mut from, &mut to));
    io::copy(&mut server, &mut client).ok()?;
    Some(())
}

fn proxy() {
    let folder = folder();
    let ca = folder.path().join("ca.pem");
    let ca = ca.to_str().unwrap();
    let server = Serving::start(["hpc-pack", "--tls", "--ca-out", ca]);
    let (open, asked) = tunnel(None);
    check(
        &server.url,
        &["--ca", ca, "--proxy", &format!("http://{open}")],
    )
    .ends(0);
    let target = server.url.trim_start_matches("https://");
    let heads = asked.lock().unwrap();
    assert!(!heads.is_empty(), "nobody asked the proxy");
    for head in heads.iter() {
        assert!(
            head.starts_with(&format!("CONNECT {target} HTTP/1.1\r\n")),
            "{head}"
        );
        assert!(!head.contains("Authorization"), "{head}");
    }
    let (guarded, asked) = tunnel(Some("pa%ss:word"));
    let right = format!("http://me:pa%25ss%3Aword@{guarded}");
    check(&server.url, &["--ca", ca, "--proxy", &right]).ends(0);
    assert!(!asked.lock().unwrap().is_empty(), "nobody asked the proxy");
    for wrong in [
        format!("http://me:wrong@{guarded}"),
        format!("http://{guarded}"),
    ] {
        let ran = check(&server.url, &["--ca", ca, "--proxy", &wrong]).ends(3);
        assert!(ran.stdout.contains("407"), "{}", ran.all());
    }
}

/// An authority, and a certificate of it for a host: PEM of the authority, PEM of certificate and key.
fn certificate(host: &str) -> (String, String, String) {
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let mut authority = rcgen::CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let own = authority.self_signed(&authority_key).unwrap().pem();
    let issuer = rcgen::Issuer::new(authority, authority_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(vec![host.to_owned()]).unwrap();
    let signed = params.signed_by(&key, &issuer).unwrap();
    (own, signed.pem(), key.serialize_pem())
}

/// The bytes of the first block of a PEM file.
fn der(pem: &str) -> Vec<u8> {
    let lines = pem.lines().filter(|line| !line.starts_with("-----"));
    STANDARD.decode(lines.collect::<String>()).unwrap()
}

fn client_certificate() {
    let (server_ca, server_cert, server_key) = certificate("127.0.0.1");
    let (client_ca, client_cert, client_key) = certificate("checker");
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(der(&client_ca))).unwrap();
    let provider = Arc::new(ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .build()
        .unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(
            vec![CertificateDer::from(der(&server_cert))],
            PrivateKeyDer::try_from(der(&server_key)).unwrap(),
        )
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let connection = ServerConnection::new(config.clone()).unwrap();
            thread::spawn(move || greet(BufReader::new(StreamOwned::new(connection, stream))));
        }
    });
    let folder = folder();
    let file = |name: &str, text: &str| write(folder.path().join(name), text);
    let ca = file("ca.pem", &server_ca);
    let (cert, key) = (file("cert.pem", &client_cert), file("key.pem", &client_key));
    let (_, stranger_cert, stranger_key) = certificate("stranger");
    let (other_cert, other_key) = (
        file("other.pem", &stranger_cert),
        file("other.key", &stranger_key),
    );
    let check = |options: &[&str]| {
        let words = ["check", "examples/greeting", "--url", &url, "--ca", &ca];
        wireproof(words.iter().chain(options))
    };
    check(&["--client-cert", &cert, "--client-key", &key]).ends(0);
    for options in [
        &[][..],
        &["--client-cert", &other_cert, "--client-key", &other_key],
    ] {
        let ran = check(options);
        assert!(
            matches!(ran.code, 1 | 3),
            "a stranger is let in: {}",
            ran.all()
        );
        assert!(ran.stdout.contains("0 passed"), "{}", ran.all());
    }
}

/// The replies that the example documents.
fn greet<S: Read + Write>(mut stream: BufReader<S>) -> Option<()> {
    loop {
        let first = first_line(&mut stream)?;
        let body = if first.contains("/languages") {
            r#"["de","en","fr"]"#
        } else {
            r#"{"name":"Ada","text":"Hello, Ada!"}"#
        };
        let reply = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.get_mut().write_all(reply.as_bytes()).ok()?;
        stream.get_mut().flush().ok()?;
    }
}

/// The request line, once the head is read; none where the client is gone.
fn first_line(stream: &mut impl BufRead) -> Option<String> {
    let mut first = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            return Some(first);
        }
        if first.is_empty() {
            first = line;
        }
    }
}

/// The example with twenty more scenarios like its first.
fn many(folder: &Path) -> String {
    let suite = folder.join("greeting");
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/greeting");
    let read = |path: &str| fs::read_to_string(from.join(path)).unwrap();
    write(suite.join("contract.yaml"), &read("contract.yaml"));
    let scenario = read("greetings/names-who-was-asked-for.yaml");
    for number in 0..20 {
        write(
            suite.join(format!("greetings/number-{number:02}.yaml")),
            &scenario,
        );
    }
    suite.to_str().unwrap().to_owned()
}

fn stops_answering() {
    let folder = folder();
    let suite = many(folder.path());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        // One request, and nobody is there any more.
        let (stream, _) = listener.accept().unwrap();
        drop(listener);
        let mut stream = BufReader::new(stream);
        first_line(&mut stream);
        let body = r#"{"name":"Ada","text":"Hello, Ada!"}"#;
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n";
        let reply = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
        stream.get_mut().write_all(reply.as_bytes()).unwrap();
    });
    let report = folder.path().join("report.json");
    let to = format!("json={}", report.display());
    wireproof([
        "check", &suite, "--url", &url, "--jobs", "1", "--report", &to,
    ])
    .ends(1);
    let report: Value = serde_json::from_str(&fs::read_to_string(report).unwrap()).unwrap();
    let scenarios = report["suites"][0]["scenarios"].as_array().unwrap();
    assert_eq!(scenarios.len(), 20);
    let findings: Vec<&Value> = scenarios
        .iter()
        .flat_map(|one| one["findings"].as_array().unwrap())
        .collect();
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0]["subject"], "connection");
    let passed = scenarios
        .iter()
        .filter(|one| one["outcome"] == "passed")
        .count();
    assert_eq!(passed, 1);
    let why = "the server stopped answering";
    let left = scenarios
        .iter()
        .filter(|one| one["outcome"] == "skipped" && one["why"] == why);
    assert!(left.count() >= 16, "{report}");
}
