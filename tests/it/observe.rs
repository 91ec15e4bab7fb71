//! `wireproof observe` between real parties: curl, Python and raw sockets on one side, `serve` and raw sockets on the other.

use crate::{
    Case,
    observe_wire::{before_a_socket, passes},
    observing::{Observing, Report, Told, VERSION, overheard, packet, patient, upload},
    program::{Serving, command, curl, folder, pause, wireproof},
};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    fs,
    io::{Read, Write},
    net::TcpListener,
};

pub(crate) const CASES: &[Case] = &[
    (
        "curl uploads through it and exactly the quirk's clauses are reported",
        &["curl"],
        quirk,
    ),
    (
        "a quirk of the head node is found in passing jobs",
        &["curl"],
        job_quirk,
    ),
    ("ntlm passes on pinned connections", &["curl"], ntlm),
    (
        "http 1.0 and expect 100-continue pass",
        &["curl"],
        old_and_expecting,
    ),
    (
        "the path of the upstream is taken off the contract's",
        &["curl"],
        prefix,
    ),
    ("the exit code tells what came of it", &["curl"], exits),
    (
        "what is recorded is read by lint, and check finds the same with it",
        &["curl"],
        recorded,
    ),
    ("what cannot be is refused before it listens", &[], refused),
    (
        "known differences excuse what passes, and new ones are written",
        &["curl"],
        known,
    ),
    (
        "a report on standard output stands there alone",
        &["curl", "kill"],
        alone,
    ),
    (
        "what is secret by its name stands in no draft and in no report",
        &["curl"],
        secrets_of_traffic,
    ),
    (
        "a draft of a suite of one's own is told with where that is",
        &["curl"],
        own_suite_recorded,
    ),
    (
        "a cluster or form that was declared wrong is told",
        &["curl"],
        declared,
    ),
];

fn quirk() {
    let serving = Serving::start(["bits-upload", "--quirk", "tells-an-error-on-success"]);
    let observing = Observing::start("bits-upload", &serving.url, [""; 0]);
    let folder = folder();
    upload(&format!("{}/a/b.bin", observing.url()), folder.path(), &[]);
    let report = observing.ends(1);
    let clauses = ["create-session", "fragment", "close-session"]
        .map(|operation| format!("{operation}.no-error-on-success"));
    assert_eq!(report.broken(), clauses.into());
    let requests = report.requests();
    assert_eq!(requests["bits-upload/server/fragment"], 3);
    assert_eq!(requests["bits-upload/client/fragment"], 3);
    assert_eq!(requests["bits-upload/server/fetch"], 1);
}

fn job_quirk() {
    let serving = Serving::start(["hpc-pack", "--quirk", "properties-ignored"]);
    let observing = Observing::start("hpc-pack", &serving.url, [""; 0]);
    let jobs = format!("{}/WindowsHPC/Jobs", observing.url());
    let xml = "Content-Type: application/xml; charset=utf-8";
    let bag = "<ArrayOfProperty xmlns=\"http://schemas.microsoft.com/HPCS2008R2/common\"></ArrayOfProperty>";
    let made = curl(&["-H", VERSION, "-H", xml, "-d", bag, &jobs])
        .ends(0)
        .stdout;
    assert!(made.starts_with("HTTP/1.1 200"), "{made}");
    for path in ["Job/1", "Job/1?Properties=Id,State", "Jobs?Properties=Id"] {
        let url = format!("{}/WindowsHPC/{path}", observing.url());
        let read = curl(&["-H", VERSION, &url]).ends(0).stdout;
        assert!(read.starts_with("HTTP/1.1 200"), "{read}");
    }
    let report = observing.ends(1);
    let broken = ["get-job", "get-job-list"].map(|id| format!("{id}.selected-properties"));
    assert_eq!(report.broken(), broken.into());
}

fn ntlm() {
    let mut serve = command(["serve", "hpc-pack", "--auth", "ntlm", "--user", "HPC\\hans"]);
    serve
        .args(["--password-env", "IT_PASSWORD"])
        .env("IT_PASSWORD", "s3cret!");
    let serving = Serving::of(&mut serve);
    let observing = Observing::start("hpc-pack", &serving.url, [""; 0]);
    let jobs = format!("{}/WindowsHPC/Jobs", observing.url());
    let xml = "Content-Type: application/xml; charset=utf-8";
    let bag = "<ArrayOfProperty xmlns=\"http://schemas.microsoft.com/HPCS2008R2/common\"></ArrayOfProperty>";
    let user = ["--ntlm", "--user", "HPC\\hans:s3cret!", "-H", VERSION];
    let made = curl(&[&user[..], &["-H", xml, "-d", bag, &jobs]].concat())
        .ends(0)
        .stdout;
    assert!(
        made.contains("HTTP/1.1 401") && made.contains("HTTP/1.1 200"),
        "{made}"
    );
    // Both go over one connection, which is authenticated once.
    let told =
        curl(&[&user[..], &["--write-out", "%{num_connects}", &jobs, &jobs]].concat()).ends(0);
    assert_eq!(
        told.stdout.matches("HTTP/1.1 401").count(),
        1,
        "{}",
        told.stdout
    );
    assert_eq!(
        told.stdout.matches("HTTP/1.1 200").count(),
        2,
        "{}",
        told.stdout
    );
    let wrong = curl(&["--ntlm", "--user", "HPC\\hans:other", "-H", VERSION, &jobs])
        .ends(0)
        .stdout;
    assert!(!wrong.contains("HTTP/1.1 200"), "{wrong}");
    let report = observing.ends(0);
    assert_eq!(report.broken(), BTreeSet::new());
    assert!(!report.0.to_string().contains("s3cret"));
}

fn old_and_expecting() {
    let serving = Serving::start(["bits-upload"]);
    let observing = Observing::start("bits-upload", &serving.url, [""; 0]);
    let folder = folder();
    let url = |name: &str| format!("{}/{name}", observing.url());
    upload(&url("old.bin"), folder.path(), &["--http1.0"]);
    upload(
        &url("new.bin"),
        folder.path(),
        &["-H", "Expect: 100-continue"],
    );
    // The documents want HTTP/1.1 of clients, and nothing else is wrong.
    let report = observing.ends(1);
    assert_eq!(report.broken(), ["client.version".to_owned()].into());
    for scenario in report.of_server() {
        assert_eq!(scenario["findings"], serde_json::json!([]), "{scenario}");
    }
    assert_eq!(report.requests()["bits-upload/server/fragment"], 6);
}

fn prefix() {
    let upstream = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/app/", upstream.local_addr().unwrap());
    let observing = Observing::start("hpc-pack", &url, [""; 0]);
    let get =
        b"GET /app/WindowsHPC/Jobs HTTP/1.1\r\nHost: x\r\napi-version: 2012-11-01.4.0\r\n\r\n";
    let none = b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n";
    passes(&upstream, &observing, get, none);
    let (code, _) = observing.serving.stop("-TERM");
    let report = Report(serde_json::from_slice(&fs::read(&observing.report).unwrap()).unwrap());
    assert_eq!(code, Some(report.0["exit"].as_i64().unwrap() as i32));
    assert!(
        report
            .requests()
            .contains_key("hpc-pack/client/get-job-list"),
        "{:?}",
        report.requests()
    );
}

fn exits() {
    let serving = Serving::start(["bits-upload"]);
    let start = |upstream: &str| Observing::start("bits-upload", upstream, [""; 0]);
    // Nothing passed; nobody answered; all was well.
    start(&serving.url).ends(4);
    let observing = start("http://127.0.0.1:9");
    assert_ne!(curl(&[observing.url()]).code, 0);
    observing.ends(3);
    let observing = start(&serving.url);
    let ack = packet(&format!("{}/x", observing.url()), "Ping", &[]);
    assert!(ack.starts_with("HTTP/1.1 200"), "{ack}");
    observing.ends(0);
    // What had not ended was not judged.
    let (upstream, observing) = before_a_socket();
    let mut client = observing.connect();
    let mut server = patient(upstream.accept().unwrap().0);
    client.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    server.read_exact(&mut [0; 18]).unwrap();
    pause();
    let report = observing.ends(3);
    let why = report.0.to_string();
    assert!(why.contains("1 exchange had not ended"), "{why}");
}

fn recorded() {
    let serving = Serving::start(["bits-upload", "--quirk", "tells-an-error-on-success"]);
    let folder = folder();
    let file = folder.path().join("recorded.yaml");
    let draft = file.to_str().unwrap();
    let observing = Observing::start("bits-upload", &serving.url, ["--record", draft]);
    let url = format!("{}/a/b.bin", observing.url());
    upload(&url, folder.path(), &["--user", "hans:s3cret!"]);
    let seen = observing.ends(1).broken();
    assert!(!fs::read_to_string(&file).unwrap().contains("s3cret"));
    assert!(folder.path().join("snapshots").is_dir());
    wireproof(["lint", draft]).ends(0);
    let check = ["check", draft, "--url", &serving.url, "--allow-writes"];
    let ran = wireproof([&check[..], &["--can", "all", "--report", "json=-"]].concat()).ends(1);
    assert_eq!(Report(ran.json()).broken(), seen);
    // Nothing that was edited by hand is written over.
    wireproof([
        "observe",
        "bits-upload",
        "--upstream",
        &serving.url,
        "--record",
        draft,
    ])
    .ends(2)
    .says("is there already");
}

/// Neither the draft nor a report shows what is known by its name to be secret, wherever and however it stands.
fn secrets_of_traffic() {
    let serving = Serving::start(["hpc-pack"]);
    let folder = folder();
    let file = folder.path().join("recorded.yaml");
    let har = folder.path().join("report.har");
    let to = format!("har={}", har.display());
    let draft = file.to_str().unwrap();
    let observing = Observing::start(
        "hpc-pack",
        &serving.url,
        ["--record", draft, "--report", &to, "--strict"],
    );
    let jobs = format!("{}/WindowsHPC/Jobs", observing.url());
    for (kind, body) in [
        (
            "application/json",
            r#"[{"Name":"Name","Value":"x"},{"Name":"Password","Value":"SEKRIT-1"}]"#,
        ),
        (
            "application/json",
            r#"[{"Value":"SEKRIT-2","Name":"Password"}]"#,
        ),
        (
            "application/json",
            r#"[{"Name":"Pass\u0077ord","Value":"SEKRIT-3"}]"#,
        ),
        (
            "application/xml",
            "<ArrayOfProperty><Property><Value>SEKRIT-4</Value><Name>Password</Name></Property></ArrayOfProperty>",
        ),
        (
            "application/json",
            r#"[{"Name":"Password","Value":"SEKRIT-5"}, "#,
        ),
        (
            "application/x-www-form-urlencoded",
            "a=b&Password=SEKRIT-6%21",
        ),
        ("application/xml", r#"<Job Name="a" Password="SEKRIT-9"/>"#),
        (
            "application/xml",
            r#"<string>&lt;Job UserName="u" Password="SEKRIT-10"/&gt;</string>"#,
        ),
        (
            "application/xml",
            "<a><Property><Name>Pass&#119;ord</Name><Value>SEKRIT-11</Value></Property></a>",
        ),
        (
            "multipart/form-data; boundary=b",
            "--b\r\nContent-Disposition: form-data; name=\"Password\"\r\n\r\nSEKRIT-12\r\n--b--\r\n",
        ),
    ] {
        let kind = format!("Content-Type: {kind}");
        curl(&["-H", VERSION, "-H", &kind, "--data-binary", body, &jobs]);
    }
    let mut words = vec!["-X", "DELETE"];
    let fields = [
        "X-Api-Key",
        "X-Auth-Token",
        "X-Client-Secret",
        "X-Csrf-Token",
        "X-Amz-Security-Token",
        "Private-Token",
        "Ocp-Apim-Subscription-Key",
    ]
    .map(|name| format!("{name}: SEKRIT-{name}"));
    words.extend(fields.iter().flat_map(|field| ["-H", field]));
    let url = format!(
        "{}/nosuch?access_token=SEKRIT-7&api_key=SEKRIT-8",
        observing.url()
    );
    words.push(&url);
    curl(&words);
    let report = observing.ends(1).0.to_string();
    let draft = fs::read_to_string(&file).unwrap();
    assert!(
        draft.contains("--var") && draft.contains("nosuch"),
        "{draft}"
    );
    for (what, text) in [
        ("the draft", draft),
        ("json", report),
        ("har", fs::read_to_string(har).unwrap()),
    ] {
        assert!(
            text.contains("x-csrf-token") || text.contains("X-Csrf-Token"),
            "{what}: {text}"
        );
        assert!(!text.contains("SEKRIT"), "{what}: {text}");
    }
}

/// What is told of a draft leads to a run of it.
fn own_suite_recorded() {
    let serving = Serving::start(["examples/greeting"]);
    let folder = folder();
    let file = folder.path().join("recorded.yaml");
    let draft = file.to_str().unwrap();
    let mut observe = command([
        "observe",
        "examples/greeting",
        "--upstream",
        &serving.url,
        "--record",
        draft,
    ]);
    let log = folder.path().join("log");
    let observing = Serving::told_to(&mut observe, fs::File::create(&log).unwrap());
    curl(&[&format!("{}/languages", observing.url)]);
    let (ended, _) = observing.stop("-INT");
    assert_eq!(ended, Some(0));
    let told = fs::read_to_string(&log).unwrap();
    let command = told.split('`').nth(1).unwrap().replace("URL", &serving.url);
    wireproof(command.split(' ').skip(1))
        .ends(0)
        .shows("1 passed");
    wireproof(["lint", draft])
        .ends(2)
        .says("--scenarios FOLDER");
}

fn known() {
    let serving = Serving::start(["bits-upload", "--quirk", "sends-a-body-with-acks"]);
    let folder = folder();
    let file = folder.path().join("known.yaml");
    let path = file.to_str().unwrap();
    let ping = |observing: Observing| {
        packet(&format!("{}/x", observing.url()), "Ping", &[]);
        observing
    };
    let strict = ["--strict", "--write-known", path];
    ping(Observing::start("bits-upload", &serving.url, strict)).ends(1);
    let written = fs::read_to_string(&file).unwrap();
    assert!(written.contains("clause: ping.no-body"), "{written}");
    let filled = written.replace("reason: \"\"", "reason: A gateway adds it");
    fs::write(&file, &filled).unwrap();
    let strict = ["--strict", "--known", path];
    let report = ping(Observing::start("bits-upload", &serving.url, strict)).ends(0);
    assert_eq!(report.0["known"][0]["excused"], 1, "{}", report.0);
    // That nothing of it passed does not make it stale.
    let right = Serving::start(["bits-upload"]);
    ping(Observing::start("bits-upload", &right.url, strict)).ends(0);
    assert_eq!(fs::read_to_string(&file).unwrap(), filled);
}

fn alone() {
    let serving = Serving::start(["bits-upload"]);
    let words = ["observe", "bits-upload", "--upstream", &serving.url];
    let words = [&words[..], &["--report", "json=-"]].concat();
    let (printed, said) = overheard(&words, Told::Stderr, |url| {
        packet(&format!("{url}/x"), "Ping", &[]);
    });
    let report: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(report["exit"], 0, "{said}");
}

fn declared() {
    let serving = Serving::start([
        "hpc-pack",
        "--set",
        "form=pre2016",
        "--set",
        "cluster=ALPHA",
    ]);
    let ask = |set: &[&str], path: &str| {
        let words = ["observe", "hpc-pack", "--upstream", &serving.url];
        let (printed, said) = overheard(&[&words[..], set].concat(), Told::Stdout, |url| {
            curl(&["-H", VERSION, &format!("{url}/WindowsHPC/{path}")]);
        });
        // Wherever the console wraps a line.
        let all = printed + &said;
        all.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let told = ask(
        &["--set", "form=pre2016", "--set", "cluster=BETA"],
        "ALPHA/Jobs",
    );
    assert!(told.contains("is `--set cluster=ALPHA` meant?"), "{told}");
    for (declared, path, meant) in [
        ("2016", "ALPHA/Jobs", "pre2016"),
        ("pre2016", "Jobs", "2016"),
    ] {
        let told = ask(&["--set", &format!("form={declared}")], path);
        assert!(told.contains("client.uri-form"), "{told}");
        let meant = format!("is `--set form={meant}` meant?");
        assert!(told.contains(&meant), "{told}");
    }
    let told = ask(
        &["--set", "form=pre2016", "--set", "cluster=ALPHA"],
        "ALPHA/Jobs",
    );
    assert!(!told.contains("--set"), "{told}");
}

fn refused() {
    let observe = |more: &[&str]| wireproof([&["observe"], more].concat());
    observe(&["bits-uplod", "--upstream", "http://h"])
        .ends(2)
        .says("did you mean `bits-upload`?");
    observe(&["bits-upload"]).ends(2).says("--upstream");
    observe(&["bits-upload", "--upstream", "ftp://h"])
        .ends(2)
        .says("http");
    observe(&[
        "bits-upload",
        "--upstream",
        "http://h",
        "--set",
        "overlp=trim",
    ])
    .ends(2)
    .says("did you mean `overlap`?");
    observe(&[
        "bits-upload",
        "--upstream",
        "http://h",
        "--listen",
        "0.0.0.0:0",
    ])
    .ends(2)
    .says("--allow-open");
    observe(&[
        "bits-upload",
        "--upstream",
        "https://h",
        "--ca",
        "/no/such.pem",
    ])
    .ends(2)
    .says("/no/such.pem");
    observe(&[
        "bits-upload",
        "--upstream",
        "http://h",
        "--report",
        "json=/no/such/file",
    ])
    .ends(2)
    .says("/no/such/file");
}
