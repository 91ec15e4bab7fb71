//! A mock led from outside while it runs: the admin interface.

use crate::{
    Case,
    cues::{Seen, address, create, cued, fragment, packet, talk, talk_for},
    program::{Serving, command, folder, run},
};
use serde_json::json;
use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

pub(crate) const CASES: &[Case] = &[
    (
        "cues are placed, seen and taken away from outside",
        &[],
        from_outside,
    ),
    (
        "the admin interface beyond this machine wants its token",
        &[],
        token,
    ),
    (
        "sessions are dropped, the clock moved and everything reset from outside",
        &[],
        led,
    ),
    (
        "after a restart a data folder has its sessions and a head node no jobs",
        &[],
        restart,
    ),
    (
        "a session of a head node is lost on cue and from outside",
        &[],
        lost_session,
    ),
];

/// A request to the admin interface.
pub(crate) fn admin(url: &str, method: &str, path: &str, body: &str) -> Seen {
    let host = address(url);
    admin_with(url, method, path, body, &format!("Host: {host}\r\n"))
}

fn admin_with(url: &str, method: &str, path: &str, body: &str, headers: &str) -> Seen {
    let length = body.len();
    let request = format!(
        "{method} /__wireproof{path} HTTP/1.1\r\n{headers}Connection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    // Nothing stalls it: silence is only a machine that has much to do.
    talk_for(url, request.as_bytes(), Duration::from_secs(20))
}

fn from_outside() {
    let serving = Serving::start(["hpc-pack"]);
    let url = &serving.url;
    let body = r#"{"cues": [
        {"name": "lost", "on": {"operation": "get-version", "nth": 2}, "do": {"reset": "before-head"}},
        {"on": {"header": {"X-Test": "yes"}}, "do": {"fault": "internal-error"}}
    ]}"#;
    let placed = admin(url, "POST", "/cues", body);
    assert_eq!(
        (placed.status(), placed.json()),
        (201, json!({ "ids": [1, 2] }))
    );
    let get = |more: &str| {
        let request = format!(
            "GET /WindowsHPC/Version?api-version=2012-11-01.4.0 HTTP/1.1\r\nHost: x\r\n{more}\r\n"
        );
        talk(url, request.as_bytes()).told()
    };
    let right = get("Authorization: Basic aGFuczpnZWhlaW0=\r\n");
    assert!(right.starts_with("200 OK"), "{right}");
    assert_eq!(get(""), "reset before the head");
    assert!(get("X-Test: yes\r\n").starts_with("500 Internal Server Error"));

    let cues = admin(url, "GET", "/cues", "").json();
    let counts = cues["cues"].as_array().unwrap().iter();
    let counts: Vec<_> = counts
        .map(|cue| (cue["fitted"].clone(), cue["struck"].clone()))
        .collect();
    assert_eq!(counts, [(json!(3), json!(1)), (json!(1), json!(1))]);

    let unmatched = admin(url, "GET", "/unmatched", "").json();
    let one = &unmatched["requests"][0];
    assert_eq!(one["operation"], "get-version");
    assert_eq!(one["request"]["header"]["Authorization"], "Basic ***");
    assert_eq!(
        one["spared"],
        json!([
            { "cue": 1, "because": ["nth: this is number 1 of the requests that fit"] },
            { "cue": 2, "because": ["header X-Test: yes is asked, absent came"] },
        ])
    );

    let journal = |query: &str| {
        let seen = admin(url, "GET", &format!("/journal{query}"), "");
        let entries = seen.json()["entries"].as_array().unwrap().clone();
        let numbers = entries
            .iter()
            .map(|entry| entry["number"].as_u64().unwrap());
        numbers.collect::<Vec<_>>()
    };
    assert_eq!(journal(""), [1, 2, 3]);
    assert_eq!(journal("?operation=get-version&status=200"), [1, 2]);
    assert_eq!(journal("?ending=struck"), [2]);
    assert_eq!(journal("?status=500&path=/WindowsHPC/{what}"), [3]);
    assert_eq!(journal("?method=PUT"), [0; 0]);
    assert_eq!(journal("?after=1&limit=1"), [3]);
    assert_eq!(journal("?cue=1"), [2]);
    let all = admin(url, "GET", "/journal", "");
    let told = all.json();
    let cue = |at: usize| {
        (
            told["entries"][at]["ending"].clone(),
            told["entries"][at]["cue"].clone(),
        )
    };
    assert_eq!(cue(0), (json!("replied"), json!(null)));
    let lost = json!({ "id": 1, "name": "lost", "did": "reset: before-head, commit: before" });
    assert_eq!(cue(1), (json!("struck"), lost));
    let faulty = json!({ "id": 2, "name": null, "did": "fault: internal-error, commit: after" });
    assert_eq!(cue(2), (json!("replied"), faulty));
    assert!(!String::from_utf8_lossy(&all.bytes).contains("aGFuczpnZWhlaW0="));

    assert_eq!(admin(url, "DELETE", "/cues/2", "").status(), 204);
    assert!(get("X-Test: yes\r\n").starts_with("200 OK"));
    let wrong = admin(
        url,
        "POST",
        "/cues",
        "{\"cues\": [{\"do\": {\"cutt\": 1}}]}",
    );
    assert_eq!(wrong.status(), 400);
    assert_eq!(wrong.json()["problems"][0]["help"], "did you mean `cut`?");
    assert_eq!(admin(url, "DELETE", "/journal", "").status(), 204);
    assert_eq!(journal(""), [0; 0]);

    // A page of somebody else's gets nowhere, whatever name it has for this machine.
    for headers in [
        "Host: rebound.example\r\n".to_owned(),
        format!("Host: {}\r\nOrigin: http://evil.example\r\n", address(url)),
    ] {
        let seen = admin_with(url, "GET", "/cues", "", &headers);
        assert_eq!(seen.status(), 403, "{headers}");
    }
    // Without any Host it is no request of HTTP/1.1 at all.
    assert_eq!(admin_with(url, "GET", "/cues", "", "").status(), 400);
    let closed = Serving::start(["hpc-pack", "--no-admin"]);
    assert_eq!(admin(&closed.url, "GET", "/cues", "").status(), 404);
}

fn token() {
    let listening = [
        "serve",
        "bits-upload",
        "--listen",
        "0.0.0.0:0",
        "--allow-open",
    ];
    let here = |serving: &Serving| serving.url.replace("0.0.0.0", "127.0.0.1");
    let open = Serving::of(&mut command(listening));
    assert_eq!(admin(&here(&open), "GET", "/", "").status(), 404);

    let mut guarded = command(listening);
    guarded.args([
        "--admin-token-env",
        "WIREPROOF_TOKEN",
        "--admin-host",
        "mock.test",
    ]);
    let guarded = Serving::of(guarded.env("WIREPROOF_TOKEN", "s3cret-token"));
    let url = here(&guarded);
    let ask = |headers: &str| admin_with(&url, "GET", "/", "", headers).status();
    assert_eq!(ask("Host: 127.0.0.1\r\n"), 403);
    assert_eq!(
        ask("Host: 127.0.0.1\r\nAuthorization: Bearer s3cret\r\n"),
        403
    );
    let right = "Authorization: Bearer s3cret-token\r\n";
    assert_eq!(ask(&format!("Host: 127.0.0.1\r\n{right}")), 200);
    assert_eq!(ask(&format!("Host: mock.test:80\r\n{right}")), 200);
    assert_eq!(ask(&format!("Host: evil.example\r\n{right}")), 403);
    let mut empty = command([
        "serve",
        "bits-upload",
        "--admin-token-env",
        "WIREPROOF_TOKEN",
    ]);
    run(empty.env("WIREPROOF_TOKEN", ""))
        .ends(2)
        .says("is empty");
}

pub(crate) fn opened(url: &str) -> String {
    let created = talk(url, &create());
    created.field("BITS-Session-Id").unwrap().to_owned()
}

fn led() {
    let serving = Serving::start(["bits-upload"]);
    let url = &serving.url;
    let sent = |session: &str, range: &str| talk(url, &fragment(session, range)).status();
    let session = opened(url);
    assert_eq!(sent(&session, "0-9/30"), 200);
    let dropped = admin(url, "DELETE", &format!("/sessions/{session}"), "");
    assert_eq!(
        (dropped.status(), dropped.json()),
        (200, json!({ "dropped": 1 }))
    );
    assert_eq!(sent(&session, "10-19/30"), 500);
    assert_eq!(
        admin(url, "DELETE", &format!("/sessions/{session}"), "").status(),
        404
    );

    // Fourteen days are what a session lasts without progress.
    let session = opened(url);
    assert_eq!(sent(&session, "0-9/30"), 200);
    let clock = || -> String { admin(url, "GET", "/clock", "").json()["now"].to_string() };
    let before = clock();
    let moved = admin(url, "POST", "/clock", "{\"advance\": \"15d\"}");
    assert_eq!(moved.json()["held"], false);
    assert!(clock()[..11] > before[..11], "{before} {}", clock());
    assert_eq!(sent(&session, "10-19/30"), 500);

    let (session, other) = (opened(url), opened(url));
    assert_eq!(sent(&session, "0-29/30"), 200);
    let close = packet(
        "Close-Session",
        &format!("BITS-Session-Id: {session}\r\n"),
        b"",
    );
    assert_eq!(talk(url, &close).status(), 200);
    let file = || talk(url, b"GET /up.bin HTTP/1.1\r\nHost: x\r\n\r\n").status();
    assert_eq!(file(), 200);
    admin(
        url,
        "POST",
        "/cues",
        "cues: [{ on: { operation: ping }, do: { cut: 0 } }]",
    );
    assert_eq!(admin(url, "POST", "/reset", "").status(), 204);
    assert_eq!(
        admin(url, "GET", "/journal", "").json()["entries"],
        json!([])
    );
    assert_eq!(admin(url, "GET", "/cues", "").json(), json!({ "cues": [] }));
    assert_eq!(
        admin(url, "GET", "/unmatched", "").json(),
        json!({ "requests": [] })
    );
    assert_eq!((file(), sent(&other, "0-9/30")), (404, 500));
}

fn restart() {
    let folder = folder();
    let data = folder.path().join("data");
    let serving = Serving::start(["bits-upload", "--data-dir", data.to_str().unwrap()]);
    let url = &serving.url;
    let session = opened(url);
    assert_eq!(talk(url, &fragment(&session, "0-9/30")).status(), 200);
    // A kept connection ends with the old life.
    let mut kept = TcpStream::connect(address(url)).unwrap();
    kept.set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    kept.write_all(&packet("Ping", "", b"")).unwrap();
    assert!(kept.read(&mut [0; 512]).unwrap() > 0);
    assert_eq!(admin(url, "POST", "/restart", "").status(), 204);
    assert_eq!(kept.read(&mut [0; 512]).unwrap(), 0);
    assert_eq!(talk(url, &fragment(&session, "10-19/30")).status(), 200);

    let serving = Serving::start(["hpc-pack"]);
    let url = &serving.url;
    let job = "<ArrayOfProperty xmlns=\"http://schemas.microsoft.com/HPCS2008R2/common\"/>";
    let length = job.len();
    let create = format!(
        "POST /WindowsHPC/Jobs HTTP/1.1\r\nHost: x\r\nContent-Type: application/xml\r\nContent-Length: {length}\r\n\r\n{job}"
    );
    assert_eq!(talk(url, create.as_bytes()).status(), 200);
    let ask = || talk(url, b"GET /WindowsHPC/Job/1 HTTP/1.1\r\nHost: x\r\n\r\n").status();
    assert_eq!(ask(), 200);
    assert_eq!(admin(url, "POST", "/restart", "").status(), 204);
    assert_eq!(ask(), 404);
}

fn lost_session() {
    let cues = "cues: [{ on: { operation: attach-session, nth: 2 }, do: { drop-session: true }, commit: after }]\n";
    let serving = cued("hpc-pack", cues, &[]);
    let url = &serving.url;
    let start = r#"{"MaxMessageSize":65536,"Password":"s3cret!","Runtime":-1,"ServiceName":"CcpEchoSvc","Username":"HPC\\me"}"#;
    let ask = |method: &str, path: &str, body: &str| {
        let length = body.len();
        let request = format!(
            "{method} /WindowsHPC{path}?durable=False HTTP/1.1\r\nHost: x\r\napi-version: 2012-11-01.4.0\r\nAccept: application/json\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        talk(url, request.as_bytes())
    };
    for time in 1..=2 {
        let created = ask("POST", "/Sessions/Create", start);
        assert_eq!(created.status(), 201);
        // Its body comes in chunks.
        let told = String::from_utf8_lossy(&created.bytes);
        let id = told.split("\"Id\":").nth(1).unwrap();
        let id = id.split(',').next().unwrap();
        let attach = format!("/Session/{id}/Attach");
        assert_eq!(ask("GET", &attach, "").status(), 200);
        if time == 2 {
            let dropped = admin(url, "DELETE", &format!("/sessions/{id}"), "");
            assert_eq!(dropped.json(), json!({ "dropped": 1 }));
        }
        let gone = ask("GET", &attach, "");
        assert_eq!(
            (gone.status(), &gone.json()["Code"]),
            (404, &json!(50_331_649))
        );
    }
    let journal = admin(url, "GET", "/journal?operation=create-session", "");
    assert!(!String::from_utf8_lossy(&journal.bytes).contains("s3cret!"));
}
