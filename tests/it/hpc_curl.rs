//! The head node, used by curl as shell scripts use it.

use crate::{
    Case,
    program::{Ran, Serving, command, curl, folder, pause, run, write},
};
use std::process::Command;

pub(crate) const CASES: &[Case] = &[
    (
        "curl runs a job from its start to its output",
        &["curl"],
        job,
    ),
    ("curl pages through 25 jobs", &["curl"], pages),
    (
        "curl uploads a batch in chunks behind expect 100-continue and reads its responses",
        &["curl"],
        session,
    ),
    (
        "curl authenticates with basic and is the owner of its jobs",
        &["curl"],
        basic,
    ),
    (
        "curl authenticates a connection with ntlm, bodies and all",
        &["curl"],
        ntlm,
    ),
    (
        "curl reads the name of the cluster first in the form before 2016",
        &["curl"],
        before_2016,
    ),
    (
        "curl trusts a certificate that was given, for the name in it",
        &["curl", "openssl"],
        given_certificate,
    ),
];

const VERSION: &str = "api-version: 2012-11-01.4.0";
const XML: &str = "Content-Type: application/xml; charset=utf-8";

/// What follows the last head of what curl printed, and that head's status.
fn last(ran: &Ran) -> (u16, String) {
    assert_eq!(ran.code, 0, "{}", ran.all());
    let mut rest = ran.stdout.as_str();
    let mut status = 0;
    while let Some(line) = rest.strip_prefix("HTTP/1.1 ") {
        status = line[..3].parse().unwrap();
        rest = rest.split_once("\r\n\r\n").unwrap().1;
    }
    (status, rest.to_owned())
}

/// The body of a reply of that status.
#[track_caller]
fn expect(status: u16, arguments: &[&str]) -> String {
    let ran = curl(&[&["-H", VERSION], arguments].concat());
    let (seen, body) = last(&ran);
    assert_eq!(seen, status, "{arguments:?}: {}", ran.all());
    body
}

fn between<'a>(text: &'a str, open: &str, close: &str) -> &'a str {
    let found = text
        .split_once(open)
        .and_then(|(_, rest)| rest.split_once(close));
    found.unwrap_or_else(|| panic!("no {open} in {text}")).0
}

/// A list of properties.
pub(crate) fn bag(pairs: &[(&str, &str)]) -> String {
    let inner: String = pairs
        .iter()
        .map(|(name, value)| {
            format!("<Property><Name>{name}</Name><Value>{value}</Value></Property>")
        })
        .collect();
    format!(
        "<ArrayOfProperty xmlns=\"http://schemas.microsoft.com/HPCS2008R2/common\">{inner}</ArrayOfProperty>"
    )
}

/// Creates a job with a task; gives the URL of the job.
fn job_with(base: &str, command: &str, more: &[&str]) -> String {
    let created = bag(&[("Name", "by curl")]);
    let jobs = format!("{base}/Jobs");
    let id = expect(200, &[more, &["-H", XML, "-d", &created, &jobs]].concat());
    let job = format!("{base}/Job/{}", between(&id, "/\">", "<"));
    let task = bag(&[("CommandLine", command)]);
    let tasks = format!("{job}/Tasks");
    expect(200, &[more, &["-H", XML, "-d", &task, &tasks]].concat());
    job
}

/// Waits until a job is in that state.
fn wait(job: &str, state: &str, more: &[&str]) {
    let url = format!("{job}?Properties=State");
    let wanted = format!("<Value>{state}</Value>");
    let mut seen = String::new();
    for _ in 0..100 {
        seen = expect(200, &[more, &[&url]].concat());
        if seen.contains(&wanted) {
            return;
        }
        pause();
    }
    panic!("{job} does not become {state}: {seen}");
}

fn job() {
    let serving = Serving::start(["hpc-pack"]);
    let base = format!("{}/windowshpc", serving.url);
    let job = job_with(&base, "echo hello from %COMPUTERNAME%", &[]);
    assert_eq!(expect(200, &["-d", "", &format!("{job}/Submit")]), "");
    wait(&job, "Finished", &[]);
    let output = expect(200, &[&format!("{job}/Task/1?Properties=Output")]);
    assert!(output.contains("<Value>hello from "), "{output}");

    let endless = job_with(&base, "ping -t localhost", &[]);
    expect(200, &["-d", "", &format!("{endless}/Submit")]);
    wait(&endless, "Running", &[]);
    // Nothing at all is said of a body; only its length.
    expect(
        200,
        &[
            "-X",
            "POST",
            "-H",
            "Content-Length: 0",
            &format!("{endless}/Cancel?Forced=True"),
        ],
    );
    wait(&endless, "Canceled", &[]);
    let refused = curl(&["-d", "", &format!("{endless}/Cancel")]);
    let (status, text) = last(&refused);
    assert!(status >= 400, "{}", refused.all());
    assert_eq!(
        text,
        "<string xmlns=\"http://schemas.microsoft.com/2003/10/Serialization/\">\
         Jobs in the Canceled state cannot be canceled.</string>"
    );
}

fn pages() {
    let serving = Serving::start(["hpc-pack"]);
    let jobs = format!("{}/WindowsHPC/Jobs", serving.url);
    // One curl, one connection, 25 jobs.
    let mut many = vec!["-d", ""];
    many.extend(std::iter::repeat_n(jobs.as_str(), 25));
    assert_eq!(expect(200, &many).matches("<int").count(), 25);
    let mut url = format!("{jobs}?Properties=Id");
    let mut ids = Vec::new();
    for page in [10, 10, 5] {
        let ran = curl(&["-H", VERSION, &url]);
        let (status, body) = last(&ran);
        assert_eq!(status, 200, "{}", ran.all());
        let found: Vec<u32> = body
            .split("<Value>")
            .skip(1)
            .map(|rest| rest.split('<').next().unwrap().parse().unwrap())
            .collect();
        assert_eq!(found.len(), page, "{}", ran.all());
        ids.extend(found);
        let head = ran.stdout.to_ascii_lowercase();
        match page {
            5 => assert!(!head.contains("x-ms-continuation"), "{}", ran.all()),
            _ => {
                let at = head.find("x-ms-continuation-queryid: ").unwrap() + 27;
                let id = ran.stdout[at..].lines().next().unwrap().trim_end();
                url = format!("{jobs}?Properties=Id&QueryId={id}");
            }
        }
    }
    assert_eq!(ids, (ids[0]..ids[0] + 25).collect::<Vec<_>>());
}

fn session() {
    let serving = Serving::start(["hpc-pack"]);
    let base = format!("{}/WindowsHPC", serving.url);
    let start = r#"{"MaxMessageSize":65536,"Password":"s3cret!","Runtime":-1,"ServiceName":"CcpEchoSvc","Username":"HPC\\me"}"#;
    let info = expect(
        201,
        &[
            "-H",
            "Content-Type: application/json",
            "-H",
            "Accept: application/json",
            "-d",
            start,
            &format!("{base}/Sessions/Create?durable=False"),
        ],
    );
    let id = between(&info, "\"Id\":", ",");
    assert_eq!(
        between(&info, "\"BrokerNode\":\"", "\""),
        serving.url.trim_start_matches("http://")
    );
    let folder = folder();
    let messages: String = (0..2000)
        .map(|number| {
            format!(
                "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" xmlns:a=\"http://www.w3.org/2005/08/addressing\">\
                 <s:Header><a:Action s:mustUnderstand=\"1\">http://tempuri.org/IEchoSvc/Echo</a:Action></s:Header>\
                 <s:Body><Echo xmlns=\"http://tempuri.org/\"><input>number {number}</input></Echo></s:Body></s:Envelope>"
            )
        })
        .collect();
    let file = write(
        folder.path().join("batch.xml"),
        &format!("<Batch>{messages}</Batch>"),
    );
    let batch = format!("{base}/Session/{id}/batch/large");
    let upload = curl(&[
        "-H",
        VERSION,
        "-H",
        "Content-Type: application/octet-stream",
        "-H",
        "Transfer-Encoding: chunked",
        "-H",
        "Expect: 100-continue",
        "--data-binary",
        &format!("@{file}"),
        &format!("{batch}?genericservice=False&commit=True"),
    ]);
    assert!(
        upload
            .stdout
            .starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 "),
        "{}",
        upload.all()
    );
    let mut status = String::new();
    for _ in 0..200 {
        status = expect(200, &[&format!("{batch}/Status")]);
        if status.contains(">Finished<") {
            break;
        }
        pause();
    }
    assert!(status.contains(">Finished<"), "{status}");
    let responses = expect(
        200,
        &[
            "-d",
            "",
            &format!("{batch}/Response?genericservice=False&count=-1&reset=False"),
        ],
    );
    assert_eq!(responses.matches("EchoResult>number").count(), 2000);
    assert!(responses.contains("<Count>2000</Count><Reason>Success</Reason>"));
    expect(200, &["-d", "", &format!("{batch}/Purge")]);
    expect(200, &["-d", "", &format!("{base}/session/{id}/Close")]);
}

/// A head node that knows one user by that method.
fn guarded(kind: &str, more: &[&str]) -> Serving {
    let mut serve = command(["serve", "hpc-pack", "--auth", kind]);
    serve
        .args(["--user", "HPC\\hans", "--password-env", "IT_PASSWORD"])
        .args(more)
        .env("IT_PASSWORD", "s3cret!");
    Serving::of(&mut serve)
}

fn owner(job: &str, credentials: &[&str]) -> String {
    let row = expect(
        200,
        &[credentials, &[&format!("{job}?Properties=Owner")]].concat(),
    );
    between(&row, "<Value>", "</Value>").to_owned()
}

fn basic() {
    let folder = folder();
    let ca = folder.path().join("ca.pem");
    let ca = ca.to_str().unwrap();
    let serving = guarded("basic", &["--tls", "--ca-out", ca]);
    let base = format!("{}/WindowsHPC", serving.url);
    let good = ["--cacert", ca, "--user", "HPC\\hans:s3cret!"];
    let job = job_with(&base, "echo me", &good);
    assert_eq!(owner(&job, &good), "HPC\\hans");
    // Without credentials there is a challenge, also behind a body that was held back.
    let body = bag(&[("Name", "nobody's")]);
    let bare = curl(&[
        "--cacert",
        ca,
        "-H",
        "Expect: 100-continue",
        "-d",
        &body,
        &format!("{base}/Jobs"),
    ]);
    let (status, _) = last(&bare);
    assert_eq!(status, 401, "{}", bare.all());
    assert!(
        bare.stdout
            .to_ascii_lowercase()
            .contains("www-authenticate: basic")
    );
    // What curl finds out by itself: 401, then the same again with credentials on the same connection.
    let asked = curl(&[
        "--cacert",
        ca,
        "--anyauth",
        "--user",
        "HPC\\hans:s3cret!",
        "-H",
        XML,
        "-d",
        &body,
        &format!("{base}/Jobs"),
    ]);
    assert_eq!(last(&asked).0, 200, "{}", asked.all());
    assert_eq!(
        asked.stdout.matches("HTTP/1.1 401").count(),
        1,
        "{}",
        asked.all()
    );
    for wrong in ["HPC\\hans:other", "otto:s3cret!"] {
        let refused = curl(&["--cacert", ca, "--user", wrong, &format!("{base}/Jobs")]);
        assert!([401, 403].contains(&last(&refused).0), "{}", refused.all());
    }
}

fn ntlm() {
    let serving = guarded("ntlm", &[]);
    let base = format!("{}/WindowsHPC", serving.url);
    let good = ["--ntlm", "--user", "HPC\\hans:s3cret!"];
    let job = job_with(&base, "echo me", &good);
    assert_eq!(owner(&job, &good).to_lowercase(), "hpc\\hans");
    let run_as = bag(&[("UserName", "HPC\\else"), ("Password", "pass")]);
    let held = [
        "-H",
        "Expect: 100-continue",
        "-H",
        "Transfer-Encoding: chunked",
        "-H",
        XML,
    ];
    let submit = format!("{job}/Submit");
    expect(200, &[&good[..], &held, &["-d", &run_as, &submit]].concat());
    wait(&job, "Finished", &good);
    // Two requests of one curl: the handshake belongs to the connection, so there is one.
    let url = format!("{job}?Properties=State");
    let twice = curl(&[&good[..], &["-H", VERSION, &url, &url]].concat());
    assert_eq!(
        twice.stdout.matches("HTTP/1.1 401").count(),
        1,
        "{}",
        twice.all()
    );
    assert_eq!(
        twice.stdout.matches("HTTP/1.1 200").count(),
        2,
        "{}",
        twice.all()
    );
    let wrong = curl(&["--ntlm", "--user", "HPC\\hans:other", &url]);
    assert!([401, 403].contains(&last(&wrong).0), "{}", wrong.all());
    let nobody = curl(&[&url]);
    assert_eq!(last(&nobody).0, 401, "{}", nobody.all());
    assert!(
        nobody
            .stdout
            .to_ascii_lowercase()
            .contains("www-authenticate: ntlm")
    );
}

fn before_2016() {
    let serving = Serving::start(["hpc-pack", "--set", "form=pre2016", "--set", "cluster=Lab"]);
    let base = format!("{}/WindowsHPC", serving.url);
    let clusters = expect(200, &[&format!("{base}/Clusters")]);
    let name = between(&clusters, "<Name>Name</Name><Value>", "</Value>");
    assert_eq!(name, "Lab");
    let job = job_with(&format!("{base}/{name}"), "echo old", &[]);
    expect(200, &["-d", "", &format!("{job}/Submit")]);
    wait(&job, "Finished", &[]);
    for wrong in ["Jobs", "Other/Jobs", "Lab/Clusters"] {
        let refused = curl(&["-H", VERSION, &format!("{base}/{wrong}")]);
        assert_eq!(last(&refused).0, 404, "{}", refused.all());
    }
}

fn given_certificate() {
    let folder = folder();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (cert, key) = (file("cert.pem"), file("key.pem"));
    let made = run(Command::new("openssl").args([
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-keyout",
        &key,
        "-out",
        &cert,
        "-subj",
        "/CN=headnode.example",
        "-addext",
        "subjectAltName=DNS:headnode.example",
    ]));
    assert_eq!(made.code, 0, "{}", made.all());
    let serving = Serving::start(["hpc-pack", "--cert", &cert, "--key", &key]);
    let port = serving.url.rsplit(':').next().unwrap();
    let resolve = format!("headnode.example:{port}:127.0.0.1");
    let trusting = ["--cacert", &cert, "--resolve", &resolve];
    let base = format!("https://headnode.example:{port}/WindowsHPC");
    let job = job_with(&base, "echo tls", &trusting);
    assert!(job.starts_with(&base));
    // The next address of a session is built from the name that the client used.
    let start = r#"{"MaxMessageSize":65536,"Password":"p","Runtime":-1,"ServiceName":"CcpEchoSvc","Username":"u"}"#;
    let create = format!("{base}/Sessions/Create?durable=False");
    let json = ["-H", "Content-Type: application/json", "-d", start, &create];
    let info = expect(201, &[&trusting[..], &json].concat());
    let node = between(&info, "<BrokerNode>", "</BrokerNode>");
    assert_eq!(node, format!("headnode.example:{port}"));
    // By its number the certificate does not fit.
    let other = curl(&["--cacert", &cert, &serving.url]);
    assert_eq!(other.code, 60, "{}", other.all());
}
