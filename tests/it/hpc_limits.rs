//! The head node under what is too large, and what it remembers of secrets.

use crate::{
    Case,
    program::{Serving, curl, folder},
};
use std::fs::File;

pub(crate) const CASES: &[Case] = &[
    (
        "a body of 100 MiB is refused without being held",
        &["curl", "/proc/self/status"],
        large_bodies,
    ),
    (
        "no password is in the journal, in whatever way it was sent",
        &["curl"],
        journal,
    ),
];

const SECRET: &str = "hunter2";

fn large_bodies() {
    let folder = folder();
    let large = folder.path().join("large");
    // Takes no room on the disk.
    File::create(&large).unwrap().set_len(100 << 20).unwrap();
    let large = large.to_str().unwrap();
    let serving = Serving::start(["hpc-pack"]);
    let base = format!("{}/WindowsHPC", serving.url);
    let before = serving.peak_memory();
    let paths = [
        ("Jobs", "application/xml"),
        ("Jobs/JobFile", "text/xml"),
        ("Sessions/Create?durable=False", "application/json"),
        (
            "Session/1/batch/b?commit=False&genericservice=False",
            "application/octet-stream",
        ),
    ];
    for (path, media) in paths {
        // Of stated length, in chunks, and in chunks without asking first.
        let ways: [&[&str]; 3] = [
            &[],
            &["-H", "Transfer-Encoding: chunked"],
            &["-H", "Transfer-Encoding: chunked", "-H", "Expect:"],
        ];
        for way in ways {
            let media = format!("Content-Type: {media}");
            let url = format!("{base}/{path}");
            let sent = [
                way,
                &[
                    "-X",
                    "POST",
                    "-H",
                    "api-version: 2011-11-01",
                    "-H",
                    &media,
                    "-T",
                    large,
                    &url,
                ],
            ]
            .concat();
            let ran = curl(&sent);
            let last = ran
                .stdout
                .rfind("HTTP/1.1 ")
                .map(|at| &ran.stdout[at + 9..at + 12]);
            assert_eq!(last, Some("413"), "{path} {way:?}: {}", ran.all());
            assert!(ran.stdout.contains("<HpcWebServiceFault "), "{}", ran.all());
        }
    }
    let grown = serving.peak_memory() - before;
    // A body grows by doubling up to 16 MiB, and the allocator keeps some of that; 100 MiB is never there.
    assert!(grown < 90 << 20, "the memory grew by {grown} bytes");
    let alive = curl(&["-H", "api-version: 2011-11-01", &format!("{base}/Version")]);
    assert!(alive.stdout.starts_with("HTTP/1.1 200"), "{}", alive.all());
}

fn journal() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let hpc = runtime.block_on(async { wireproof::hpc_pack().start().await.unwrap() });
    let base = format!("{}/WindowsHPC", hpc.url());
    let padding = "<!-- padding -->".repeat(60);
    let session = |before: &str| {
        format!(
            "{before}<WebSessionStartInfo xmlns=\"http://hpc.microsoft.com/\"><MaxMessageSize>65536</MaxMessageSize>\
             <Password>{SECRET}</Password><Runtime>-1</Runtime><ServiceName>CcpEchoSvc</ServiceName>\
             <Username>u</Username></WebSessionStartInfo>"
        )
    };
    let json = format!(
        r#"{{"MaxMessageSize":65536,"Password":"{SECRET}","Runtime":-1,"ServiceName":"CcpEchoSvc","Username":"u"}}"#
    );
    let bag = format!(
        "<ArrayOfProperty xmlns=\"http://schemas.microsoft.com/HPCS2008R2/common\"><Property><Name>UserName</Name>\
         <Value>u</Value></Property><Property><Name>Password</Name><Value>{SECRET}</Value></Property></ArrayOfProperty>"
    );
    let file = format!("<Job Name=\"f\" Password=\"{SECRET}\"/>");
    let wrapped = format!(
        "<string xmlns=\"http://schemas.microsoft.com/2003/10/Serialization/\">&lt;Job Password=\"{SECRET}\"/></string>"
    );
    // Padding brings the secret to where the journal cuts bodies.
    for (path, media, body, status) in [
        (
            "Sessions/Create?durable=False",
            "application/xml",
            session(""),
            201,
        ),
        (
            "Sessions/Create?durable=False",
            "application/xml",
            session(&padding),
            201,
        ),
        (
            "Sessions/Create?durable=False",
            "application/json",
            json.clone(),
            201,
        ),
        ("Sessions/Create", "application/json", json, 400),
        ("Jobs", "application/xml", bag.clone(), 200),
        ("Job/1", "application/xml", bag.clone(), 405),
        ("Job/1/Submit", "text/xml", bag, 200),
        ("Jobs/JobFile", "text/xml", file, 200),
        ("Jobs/JobFile", "text/xml", wrapped, 200),
        (
            &format!("Jobs?Password={SECRET}"),
            "application/xml",
            String::new(),
            200,
        ),
    ] {
        let media = format!("Content-Type: {media}");
        let user = format!("HPC\\me:{SECRET}");
        let sent = [
            "-u",
            &user,
            "-H",
            "api-version: 2011-11-01",
            "-H",
            &media,
            "--data-binary",
            &body,
        ];
        let ran = curl(&[&sent[..], &[&format!("{base}/{path}")]].concat());
        let wanted = format!("HTTP/1.1 {status} ");
        assert!(
            ran.stdout.starts_with(&wanted),
            "{path} {body}: {}",
            ran.all()
        );
        assert!(!ran.stdout.contains(SECRET), "{}", ran.all());
    }
    let seen = hpc.received();
    assert_eq!(seen.len(), 10);
    for entry in &seen {
        let shown = format!("{entry:?} {entry}");
        let body = String::from_utf8_lossy(&entry.request.body);
        assert!(!shown.contains(SECRET) && !body.contains(SECRET), "{shown}");
    }
    comes_back(&runtime);
    let first = String::from_utf8_lossy(&seen[0].request.body);
    assert!(
        first.contains("<Password>***</Password><Runtime>-1</Runtime>"),
        "{first}"
    );
}

/// A head node that gives the password back tells its client, but nobody who reads the journal.
fn comes_back(runtime: &tokio::runtime::Runtime) {
    let hpc = runtime.block_on(async {
        let hpc = wireproof::hpc_pack().quirk("password-returned");
        hpc.start().await.unwrap()
    });
    let base = format!("{}/WindowsHPC", hpc.url());
    let bag = format!(
        "<ArrayOfProperty xmlns=\"http://schemas.microsoft.com/HPCS2008R2/common\"><Property><Name>Password</Name>\
         <Value>{SECRET}</Value></Property></ArrayOfProperty>"
    );
    let media = "Content-Type: application/xml";
    let made = curl(&["-H", media, "-d", &bag, &format!("{base}/Jobs")]);
    assert!(made.stdout.starts_with("HTTP/1.1 200"), "{}", made.all());
    let got = curl(&[&format!("{base}/Job/1?Properties=Name,Password")]);
    let all = curl(&[&format!("{base}/Job/1")]);
    let returned = [&got, &all].iter().any(|ran| ran.stdout.contains(SECRET));
    assert!(
        returned,
        "the quirk shows nothing: {} {}",
        got.all(),
        all.all()
    );
    for entry in hpc.received() {
        let reply = entry.reply.as_ref().unwrap();
        let body = String::from_utf8_lossy(&reply.body);
        assert!(!body.contains(SECRET), "{body}");
    }
}
