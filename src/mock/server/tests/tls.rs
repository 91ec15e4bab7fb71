//! The door behind TLS.

use super::start;
use crate::mock::{Defect, ServerOptions, Tls, TlsError};
use std::{path::Path, process::Command};

fn secured(tls: Tls) -> ServerOptions {
    ServerOptions {
        tls: Some(tls),
        ..ServerOptions::default()
    }
}

/// A client that trusts that authority and nobody else; gives the body of the reply, or what went wrong.
async fn fetch(ca: &str, addr: std::net::SocketAddr, name: &'static str) -> Result<String, String> {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio_rustls::rustls::{
        ClientConfig, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, ServerName, pem::PemObject as _},
    };
    let mut roots = RootCertStore::empty();
    let ca = CertificateDer::from_pem_slice(ca.as_bytes()).unwrap();
    roots.add(ca).unwrap();
    let config = ClientConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = tokio_rustls::TlsConnector::from(std::sync::Arc::new(config));
    let tcp = tokio::net::TcpStream::connect(addr).await.unwrap();
    let mut tls = connector
        .connect(ServerName::try_from(name).unwrap(), tcp)
        .await
        .map_err(|error| error.to_string())?;
    let body = "w".repeat(100_000);
    let request = format!(
        "POST /echo HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    tls.write_all(request.as_bytes()).await.unwrap();
    let mut got = String::new();
    tls.read_to_string(&mut got)
        .await
        .map_err(|error| error.to_string())?;
    Ok(got.split_once("\r\n\r\n").unwrap().1.to_owned())
}

#[tokio::test]
async fn a_client_that_trusts_the_authority_is_served_under_the_names_given() {
    let tls = Tls::self_signed(["localhost", "127.0.0.1"]).unwrap();
    let ca = tls.ca_pem().unwrap().to_owned();
    let (server, _) = start(secured(tls));
    assert!(server.url().starts_with("https://127.0.0.1:"));
    for name in ["localhost", "127.0.0.1"] {
        let got = fetch(&ca, server.addr(), name).await;
        assert_eq!(got.map(|body| body.len()), Ok(100_000), "{name}");
    }
    assert!(fetch(&ca, server.addr(), "elsewhere").await.is_err());
    let stranger = Tls::self_signed(["localhost"]).unwrap();
    let other = stranger.ca_pem().unwrap();
    assert!(fetch(other, server.addr(), "localhost").await.is_err());
}

#[tokio::test]
async fn who_speaks_no_tls_is_dropped_and_others_go_on() {
    let tls = Tls::self_signed(["localhost"]).unwrap();
    let ca = tls.ca_pem().unwrap().to_owned();
    let (server, model) = start(secured(tls));
    let got = super::talk(server.addr(), "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n").await;
    assert!(!got.contains("hello"), "{got:?}");
    assert!(model.heard().is_empty());
    assert!(fetch(&ca, server.addr(), "localhost").await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_and_key_from_files_are_used() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["localhost".to_owned()])
        .unwrap()
        .self_signed(&key)
        .unwrap();
    std::fs::write(path("cert.pem"), certificate.pem()).unwrap();
    std::fs::write(path("key.pem"), key.serialize_pem()).unwrap();
    let tls = Tls::from_files(&path("cert.pem"), &path("key.pem")).unwrap();
    assert_eq!(tls.ca_pem(), None);
    let (server, _) = start(secured(tls));
    assert!(
        fetch(&certificate.pem(), server.addr(), "localhost")
            .await
            .is_ok()
    );

    let needed = std::env::var_os("WIREPROOF_NEED_TOOLS").is_some();
    let there = Command::new("curl").arg("--version").output().is_ok();
    assert!(there || !needed, "`curl` is needed and missing");
    if there {
        let url = format!("https://localhost:{}/hello", server.addr().port());
        let cert = path("cert.pem");
        let curl = tokio::task::spawn_blocking(move || {
            Command::new("curl")
                .args(["-s", "-4", "--noproxy", "*", "--cacert"])
                .args([cert.as_os_str(), url.as_ref()])
                .output()
        });
        assert_eq!(curl.await.unwrap().unwrap().stdout, b"hello");
    }

    let swapped = Tls::from_files(&path("key.pem"), &path("cert.pem"));
    assert!(
        matches!(swapped, Err(TlsError::NotPem { .. })),
        "{swapped:?}"
    );
    let absent = Tls::from_files(Path::new("/nowhere/cert.pem"), &path("key.pem"));
    assert!(matches!(absent, Err(TlsError::Read { .. })), "{absent:?}");
    let other = rcgen::KeyPair::generate().unwrap();
    std::fs::write(path("other.pem"), other.serialize_pem()).unwrap();
    let unfit = Tls::from_files(&path("cert.pem"), &path("other.pem"));
    assert!(matches!(unfit, Err(TlsError::Make(_))), "{unfit:?}");
}

#[tokio::test]
async fn a_reply_that_is_cut_within_tls_is_no_reply() {
    struct Cut;
    impl crate::mock::Cues for Cut {
        fn strike(
            &self,
            _: &crate::mock::Head,
            _: crate::mock::Moment,
        ) -> Option<crate::mock::Strike> {
            let at = crate::mock::At::Body(3);
            Some(crate::mock::Strike::with(Defect::Reset(at)))
        }
    }
    let tls = Tls::self_signed(["localhost"]).unwrap();
    let ca = tls.ca_pem().unwrap().to_owned();
    let (server, _) = start(ServerOptions {
        cues: Some(std::sync::Arc::new(Cut)),
        ..secured(tls)
    });
    assert!(fetch(&ca, server.addr(), "localhost").await.is_err());
}
