//! Secrets: a target that echoes everything it is told leaves none of them in any output or file.

use crate::{
    Case,
    program::{Ran, command, folder, run, wireproof, write},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::{
    fmt::Write as _,
    fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    thread,
};

pub(crate) const CASES: &[Case] = &[
    (
        "no secret of a run is in any output or file, in any form",
        &[],
        echoed,
    ),
    (
        "no secret of a file of targets is quoted, whatever is wrong with the file",
        &[],
        config,
    ),
    ("no password of a URL is quoted", &[], urls),
    (
        "what may be the rest of a value without quotes is not told again",
        &[],
        unquoted,
    ),
    (
        "a user and a header field that authorises exclude each other",
        &[],
        two_ways,
    ),
];

const PASSWORD: &str = "pa55 <of> \"ada\"/ü";
const TOKEN: &str = "t0k3n-of-the-header";
const VARIABLE: &str = "v4riable & secret";
/// What a server makes up itself.
const COOKIE: &str = "c00kie-of-the-server";
const CHALLENGE: &str = "ch4llenge-of-the-proxy";
const PROXY: &str = "pr0xy-pa55word";

/// All forms in which a secret may be told.
fn forms(secret: &str) -> Vec<String> {
    let percent = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
    let json = serde_json::Value::from(secret).to_string();
    let xml = secret
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;");
    let mut forms = vec![
        secret.to_owned(),
        percent.to_lowercase(),
        percent,
        json[1..json.len() - 1].to_owned(),
        xml,
    ];
    // Behind one or two other bytes Base64 looks otherwise; its edges are shared with those.
    for lead in ["", "a", "ab"] {
        let whole = STANDARD.encode(format!("{lead}{secret}"));
        let whole = whole.trim_end_matches('=');
        let first = (lead.len() * 8).div_ceil(6);
        let last = (lead.len() + secret.len()) * 8 / 6;
        forms.push(whole[first..last].to_owned());
    }
    forms
}

/// Answers every request with itself and with each secret in each form: in the reason, in fields, and in the body.
fn echo(content_type: &'static str, secrets: &'static [&'static str]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    // It lives as long as the test program: nobody waits for it.
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || answer(stream, content_type, secrets));
        }
    });
    url
}

fn answer(mut stream: TcpStream, content_type: &str, secrets: &[&str]) -> Option<()> {
    loop {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            if stream.read(&mut byte).ok()? == 0 {
                return None;
            }
            head.push(byte[0]);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        if head.starts_with("CONNECT ") {
            // As a proxy it goes on as the server behind it.
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").ok()?;
            continue;
        }
        let length = head.lines().find_map(|line| {
            line.to_ascii_lowercase()
                .strip_prefix("content-length:")?
                .trim()
                .parse()
                .ok()
        });
        let mut body = vec![0; length.unwrap_or(0)];
        stream.read_exact(&mut body).ok()?;
        let all: Vec<String> = secrets.iter().flat_map(|secret| forms(secret)).collect();
        let basic = STANDARD.encode(format!("ada:{PASSWORD}"));
        let told = format!(
            "{head}\n{}\nBasic {basic}\n{}",
            String::from_utf8_lossy(&body),
            all.join("\n")
        );
        let told = match content_type {
            "application/json" => {
                serde_json::json!({ "name": told, "text": 1, "Password": PASSWORD }).to_string()
            }
            "application/xml" => format!(
                "<Fault><Reason>{}</Reason><Password>x</Password></Fault>",
                told.replace('&', "&amp;").replace('<', "&lt;")
            ),
            _ => told,
        };
        let mut reply = format!(
            "HTTP/1.1 400 No {TOKEN}\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n",
            told.len()
        );
        for (at, form) in all.iter().enumerate().filter(|(_, form)| form.is_ascii()) {
            write!(reply, "X-Echo-{at}: said {form} here\r\n").ok()?;
        }
        write!(
            reply,
            "WWW-Authenticate: Basic realm=\"{TOKEN}\"\r\nSet-Cookie: sid={COOKIE}; Path=/\r\nProxy-Authenticate: NTLM {CHALLENGE}\r\n\r\n{told}"
        )
        .ok()?;
        stream.write_all(reply.as_bytes()).ok()?;
    }
}

/// The suite of the example, with a variable that is a secret and is sent.
fn suite(folder: &Path) -> String {
    let suite = folder.join("greeting");
    for path in ["contract.yaml", "greetings/names-who-was-asked-for.yaml"] {
        let from = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("examples/greeting")
            .join(path);
        let text = fs::read_to_string(from).unwrap();
        let text = text.replacen(
            "title: Greeting API\n",
            "title: Greeting API\nvars: { key: { secret: nothing } }\n",
            1,
        );
        let text = text.replace("path: { name: Ada }", "path: { name: Ada }\n    header: { X-Own: \"{{ key }}\" }\n    query: { q: \"{{ key }}\" }");
        write(suite.join(path), &text);
    }
    suite.to_str().unwrap().to_owned()
}

/// Looks through what was printed and every file of a folder.
#[track_caller]
fn nowhere(ran: &Ran, folder: &Path, secrets: &[&str]) {
    let mut texts = vec![("output".to_owned(), ran.all())];
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = fs::read(&path).unwrap();
            texts.push((
                path.display().to_string(),
                String::from_utf8_lossy(&bytes).into_owned(),
            ));
        }
    }
    for (name, text) in &texts {
        // Wherever the console wraps a line.
        let together: String = text.split_whitespace().collect();
        for secret in secrets {
            for form in forms(secret) {
                let bare: String = form.split_whitespace().collect();
                assert!(!text.contains(&form), "`{form}` is in {name}:\n{text}");
                assert!(
                    !together.contains(&bare),
                    "`{bare}` is in {name}, over lines:\n{text}"
                );
            }
        }
    }
}

fn echoed() {
    const ALL: &[&str] = &[PASSWORD, TOKEN, VARIABLE, PROXY];
    for content_type in ["application/json", "application/xml", "text/plain"] {
        let url = echo(content_type, ALL);
        let folder = folder();
        let suite = suite(folder.path());
        let proxy = format!("http://me:{PROXY}@{}", url.trim_start_matches("http://"));
        let reports: Vec<String> = ["json", "junit", "markdown", "html", "har"]
            .iter()
            .map(|kind| {
                format!(
                    "{kind}={}",
                    folder.path().join(format!("report.{kind}")).display()
                )
            })
            // Formats come and go; those that are there are looked through.
            .filter(|to| {
                let words = ["check", &suite, "--dry-run", "--report", to.as_str()];
                wireproof(words).code == 0
            })
            .collect();
        assert!(reports.len() >= 3, "{reports:?}");
        for access in [
            &[
                "--user",
                "ada",
                "--password-env",
                "WIREPROOF_TEST_PASSWORD",
                "--header",
                "X-Token: t0k3n-of-the-header",
            ][..],
            &["--header", "Authorization: Bearer t0k3n-of-the-header"],
        ] {
            for through in [&[][..], &["--proxy", proxy.as_str()]] {
                let variable = format!("key={VARIABLE}");
                let mut words = vec![
                    "check",
                    suite.as_str(),
                    "--url",
                    &url,
                    "-vv",
                    "--var",
                    &variable,
                ];
                words.extend([
                    "--report",
                    "github=-",
                    "--header",
                    "X-Password: pa55 <of> \"ada\"/ü",
                ]);
                words.extend(access);
                words.extend(through);
                words.extend(
                    reports
                        .iter()
                        .flat_map(|report| ["--report", report.as_str()]),
                );
                // Known secrets are those that were given in this run.
                let header = words
                    .iter()
                    .position(|word| word.starts_with("X-Password"))
                    .unwrap();
                if access[0] == "--user" {
                    words.drain(header - 1..=header);
                }
                let mut told: Vec<&str> = vec![TOKEN, VARIABLE, PASSWORD, COOKIE, CHALLENGE];
                if !through.is_empty() {
                    told.push(PROXY);
                }
                let ran = run(command(words).env("WIREPROOF_TEST_PASSWORD", PASSWORD)).ends(1);
                assert!(ran.all().contains("***"), "{}", ran.all());
                nowhere(&ran, folder.path(), &told);
            }
        }
    }
}

fn config() {
    let secret = "geheim-und-lang";
    for text in [
        format!("[target.a]\nurl = \"http://h\"\npassword = \"{secret}\n"),
        format!("[target.a]\nurl = \"http://h\"\nuser = \"a\"\n{secret}\n"),
        format!("[target.a]\nurl = \"http://h\"\npassword-env = {secret}\n"),
        format!("[target.a]\nurl = \"http://h\"\npasword = \"{secret}\"\n"),
        format!("[target.a]\nurl = \"http://h\"\npassword = \"{secret}\"\njobs = 0\n"),
        format!("[target.a]\nurl = \"http://h\"\nheaders = {{ \"A B\" = \"{secret}\" }}\n"),
        format!("[target.a]\nurl = \"http://h\"\nvars = {{ no = \"{secret}\" }}\n"),
        format!("[target.a]\nurl = \"ftp://me:{secret}@h\"\n"),
        format!("[target.a]\nurl = \"http://h\"\nproxy = \"https://me:{secret}@h\"\n"),
        format!("password = \"{secret}\"\n[target.a]\nurl = 1\n"),
        format!(
            "[target.a]\nurl = \"http://h\"\nset = {{ password = \"{secret}\" }}\nbase64 = \"\"\"\n{secret}==\n"
        ),
    ] {
        let folder = folder();
        let file = write(folder.path().join("wireproof.toml"), &text);
        let ran = wireproof(["check", "--target", "a", "--config", &file]).ends(2);
        assert!(
            ran.stderr.contains("wireproof.toml:") || ran.stderr.contains("proxy"),
            "{}",
            ran.all()
        );
        assert!(!ran.all().contains(secret), "{text}{}", ran.all());
    }
}

fn urls() {
    for words in [
        ["--url", "http://me:geheim@127.0.0.1:9"],
        ["--proxy", "https://me:geheim@127.0.0.1:9"],
        ["--proxy", "me:geheim@"],
    ] {
        let mut all = vec!["check", "examples/greeting"];
        if words[0] == "--proxy" {
            all.extend(["--url", "http://127.0.0.1:9"]);
        }
        all.extend(words);
        let ran = wireproof(all);
        assert!(matches!(ran.code, 2 | 3), "{}", ran.all());
        assert!(!ran.all().contains("geheim"), "{}", ran.all());
    }
}

fn unquoted() {
    for words in [
        &[
            "bits-upload",
            "--header",
            "Authorization:",
            "Bearer",
            "geheim",
        ][..],
        &["bits-upload", "--header", "Authorization:", "geheim"],
        &["bits-upload", "--header", "Authorization:Bearer", "geheim"],
        &["--header", "X-Api-Key:", "geheim", "bits-upload"],
        &["bits-upload", "--var", "key=", "geheim"],
        &["bits-upload", "--header", "Authorization:", "-geheim"],
    ] {
        let ran = wireproof([&["check", "--url", "http://127.0.0.1:9"][..], words].concat());
        let ran = ran.ends(2).says("needs quotes");
        assert!(!ran.all().contains("geheim"), "{}", ran.all());
    }
}

fn two_ways() {
    let words = [
        "check",
        "examples/greeting",
        "--url",
        "http://127.0.0.1:9",
        "--user",
        "ada",
        "--password-env",
        "WIREPROOF_TEST_PASSWORD",
        "--header",
        "authorization: Bearer x",
    ];
    run(command(words).env("WIREPROOF_TEST_PASSWORD", PASSWORD))
        .ends(2)
        .says("Authorization");
}
