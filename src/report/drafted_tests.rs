//! What a report of observed traffic masks stands in no draft of it either.

use super::{Mask, build::exchange_report};
use crate::{
    contract::{Contract, read},
    message::{Exchange, Reply, Request},
    observe::{DraftOptions, End, Extent, Observed, draft, secrets},
    source::SourceFile,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_assert, prop_oneof, proptest};
use regex::Regex;
use rstest::rstest;
use std::{
    collections::BTreeSet,
    sync::{Arc, LazyLock},
    time::Duration,
};

const SECRET: &str = "SEKRIT-2026";

/// What is shown of an exchange: by a report, and by a draft with its snapshot.
struct Shown {
    report: String,
    draft: String,
}

fn shown(exchange: Exchange) -> Shown {
    let found: BTreeSet<String> = secrets(&exchange).into_iter().collect();
    let report = exchange_report(&exchange, &Mask::new(&found));
    let extent = Extent {
        ended: true,
        ..Extent::default()
    };
    let observed = Observed {
        exchange: Arc::new(exchange),
        end: End::Replied,
        at: Duration::from_secs(1),
        request_body: extent,
        reply_body: extent,
    };
    let draft = draft(&[observed], &CONTRACT, &DraftOptions::default());
    Shown {
        report: serde_json::to_string(&report).unwrap(),
        draft: draft.text + &draft.snapshot,
    }
}

fn posted(kind: &str, body: impl Into<Vec<u8>>) -> Request {
    let mut request = request("POST", "/WindowsHPC/Jobs", &[("Content-Type", kind)]);
    request.body = body.into().into();
    request
}

fn request(method: &str, target: &str, fields: &[(&str, &str)]) -> Request {
    let mut request = Request::new(method, target);
    for (name, value) in fields {
        request.headers.append(*name, *value);
    }
    request
}

fn asked(request: Request) -> Exchange {
    Exchange::new(request, "http://h", Ok(Reply::new(200)))
}

/// Whether a text holds a secret, in whatever form.
fn holds(text: &str, secret: &str) -> bool {
    // A variable under a name that a mask knows is no secret.
    let text = KNOWN_NAMES.replace_all(text, "~");
    !Mask::new([secret]).spans(&text).is_empty()
}

static KNOWN_NAMES: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("(?i)password|authorization|cookie|://").unwrap());
static CONTRACT: LazyLock<Contract> = LazyLock::new(|| {
    let text = include_str!("../../scenarios/hpc-pack/contract.yaml");
    read(&SourceFile::new("contract.yaml", text)).0.unwrap()
});

fn utf_16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
    "\u{feff}"
        .encode_utf16()
        .chain(text.encode_utf16())
        .flat_map(unit)
        .collect()
}

const WRAPPED: &str = r#"<string>&lt;Job UserName="u" Password="SEKRIT-2026"/&gt;</string>"#;

#[rstest]
#[case::attribute("application/xml", r#"<Job Name="a" Password="SEKRIT-2026"/>"#)]
#[case::attribute_escaped("application/xml", r#"<Job Name="a" Password="&#83;EKRIT&#45;2026"/>"#)]
#[case::attribute_with_a_prefix(
    "application/xml",
    r#"<Job xmlns:j="u" j:password='SEKRIT-2026'/>"#
)]
#[case::wrapped("application/xml", WRAPPED)]
#[case::wrapped_twice(
    "application/xml",
    "<s>&lt;s&gt;&amp;lt;Job Password='SEKRIT-2026'/&amp;gt;&lt;/s&gt;</s>"
)]
#[case::wrapped_and_cut("application/xml", "<s>&lt;Job Password='SEKRIT-2026'</s>")]
#[case::wrapped_as_cdata("application/xml", "<s><![CDATA[<Job Password='SEKRIT-2026'/>]]></s>")]
#[case::wrapped_in_an_attribute("application/xml", r#"<s x="&lt;Job Password='SEKRIT-2026'/>"/>"#)]
#[case::wrapped_without_a_root(
    "application/xml",
    "<s>&lt;Name>Password&lt;/Name>&lt;Value>SEKRIT-2026&lt;/Value></s>"
)]
#[case::json_within_xml("application/xml", r#"<s>{"Password":"SEKRIT-2026"}</s>"#)]
#[case::xml_within_json("application/json", r#"{"xml":"<Job Password=\"SEKRIT-2026\"/>"}"#)]
#[case::json_within_json("application/json", r#"{"x":"{\"Pass\\u0077ord\":\"SEKRIT-2026\"}"}"#)]
#[case::json_string("application/json", r#""<Job Password=\"SEKRIT-2026\"/>""#)]
#[case::form_within_json("application/json", r#"{"x":"a=b&access_token=SEKRIT-2026"}"#)]
#[case::name_by_reference(
    "application/xml",
    "<a><p><Name>Pass&#119;ord</Name><Value>SEKRIT-2026</Value></p></a>"
)]
#[case::name_as_cdata(
    "application/xml",
    "<a><p><Name><![CDATA[Pass]]>word</Name><Value>SEKRIT-2026</Value></p></a>"
)]
#[case::value_first(
    "application/xml",
    "<a><p><Value>SEKRIT-2026</Value><Name>Pass&#x77;ord</Name></p></a>"
)]
#[case::value_escaped(
    "application/xml",
    "<a><p><Name>Password</Name><Value>SEK&#82;IT-2026</Value></p></a>"
)]
#[case::value_as_cdata(
    "application/xml",
    "<a><p><Name>Password</Name><Value><![CDATA[SEKRIT-2026]]></Value></p></a>"
)]
#[case::value_with_children("application/xml", "<Password><Clear>SEKRIT-2026</Clear></Password>")]
#[case::key_and_value("application/xml", r#"<add value="SEKRIT-2026" key="api&#45;key"/>"#)]
#[case::name_as_an_attribute("application/xml", r#"<p Name="PASSWORD">SEKRIT-2026</p>"#)]
#[case::broken_off("application/xml", "<a><Password>SEKRIT-2026")]
#[case::another_case("application/json", r#"{"pAsSwOrD":"SEKRIT-2026"}"#)]
#[case::name_by_number("application/json", r#"{"\u0050assword":"SEKRIT-2026"}"#)]
#[case::list("application/json", r#"{"passwords":["a","SEKRIT-2026"]}"#)]
#[case::object("application/json", r#"{"password":{"clear":"SEKRIT-2026"}}"#)]
#[case::key_of_json(
    "application/json",
    r#"{"a":{"Password":"SEKRIT-2026"},"SEKRIT-2026":1}"#
)]
#[case::form("application/x-www-form-urlencoded", "a=b&Password=SEKRIT-2026")]
#[case::form_name_encoded("application/x-www-form-urlencoded", "a=b&Pass%77ord=SEKRIT%2d2026")]
#[case::form_name_with_a_plus(
    "application/x-www-form-urlencoded",
    "a=b&Run+As+Password=SEKRIT-2026"
)]
#[case::form_name_in_brackets(
    "application/x-www-form-urlencoded",
    "login[name]=b&login[token]=SEKRIT-2026"
)]
#[case::form_with_a_form(
    "application/x-www-form-urlencoded",
    "a=%26x%3D1%26Password%3DSEKRIT-2026"
)]
#[case::form_with_xml(
    "application/x-www-form-urlencoded",
    "a=%3CJob+Password%3D%22SEKRIT-2026%22%2F%3E"
)]
#[case::form_without_values("application/x-www-form-urlencoded", "a&access_token=SEKRIT-2026")]
#[case::parts(
    "multipart/form-data; boundary=b",
    "--b\r\nContent-Disposition: form-data; name=\"Password\"\r\n\r\nSEKRIT-2026\r\n--b--\r\n"
)]
#[case::parts_unquoted(
    "multipart/form-data; boundary=\"b\"",
    "--b\r\ncontent-disposition: form-data; name=Password\r\n\r\nSEKRIT-2026\r\n--b--\r\n"
)]
#[case::parts_name_encoded(
    "multipart/form-data; boundary=b",
    "--b\r\nContent-Disposition: form-data; name*=UTF-8''Pass%77ord\r\n\r\nSEKRIT-2026\r\n--b--\r\n"
)]
#[case::parts_untold(
    "text/plain",
    "--b\nContent-Disposition: form-data; name=Password\n\nSEKRIT-2026\n--b--\n"
)]
#[case::parts_of_a_file(
    "multipart/form-data; boundary=b",
    "pre\r\n--b\r\nContent-Disposition: form-data; name=f; filename=\"secret.txt\"\r\n\r\nSEKRIT-2026\r\n--b--\r\n"
)]
#[case::parts_with_json(
    "multipart/form-data; boundary=b",
    "--b\r\nContent-Disposition: form-data; name=f\r\n\r\n{\"Password\": \"SEKRIT-2026\"}\r\n--b--\r\n"
)]
#[case::parts_in_base64(
    "multipart/form-data; boundary=b",
    "--b\r\nContent-Disposition: form-data; name=Password\r\nContent-Transfer-Encoding: base64\r\n\r\nU0VLUklULTIwMjY=\r\n--b--\r\n"
)]
#[case::parts_cut(
    "multipart/form-data; boundary=b",
    "--b\r\nContent-Disposition: form-data; name=Password\r\n\r\nSEKRIT-2026"
)]
#[case::command_line(
    "application/xml",
    r#"<Task CommandLine="run --password=SEKRIT-2026"/>"#
)]
#[case::url(
    "application/xml",
    "<Task><CommandLine>get http://me:SEKRIT-2026@host/</CommandLine></Task>"
)]
#[case::value_with_blanks(
    "application/xml",
    "<a><p><Name> Password\n</Name><Value>\n SEKRIT-2026 </Value></p></a>"
)]
#[case::parts_of_parts(
    "multipart/mixed; boundary=b",
    "--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\nSEKRIT-2026\r\n--c--\r\n--b--\r\n"
)]
#[case::parts_in_base64_of_json(
    "multipart/form-data; boundary=b",
    "--b\r\nContent-Disposition: form-data; name=f\r\nContent-Transfer-Encoding: base64\r\n\r\neyJQYXNzd29yZCI6IlNFS1JJVC0yMDI2In0=\r\n--b--\r\n"
)]
#[case::mark("application/xml", "\u{feff}<Job Password='SEKRIT-2026'/>")]
fn what_is_secret_by_its_name_is_in_neither(#[case] kind: &str, #[case] body: &str) {
    let shown = shown(asked(posted(kind, body)));
    assert!(!holds(&shown.report, SECRET), "{}", shown.report);
    assert!(!holds(&shown.draft, SECRET), "{}", shown.draft);
}

#[rstest]
#[case::attribute(
    r#"<Job Name="a" Password="SEKRIT-2026"/>"#,
    r#"<Job Name=\"a\" Password=\"{{ session_password }}\"/>"#
)]
#[case::wrapped(
    WRAPPED,
    r#"<string>&lt;Job UserName=\"u\" Password=\"{{ session_password }}\"/&gt;</string>"#
)]
#[case::command_line(
    r#"<T C="run --password=SEKRIT-2026"/>"#,
    r#"<T C=\"run --password={{ secret }}\"/>"#
)]
fn a_draft_has_a_variable_for_what_it_takes_out(#[case] body: &str, #[case] drafted: &str) {
    let shown = shown(asked(posted("application/xml", body)));
    assert!(shown.draft.contains(drafted), "{}", shown.draft);
}

#[test]
fn bodies_in_other_encodings_are_read() {
    for unit in [u16::to_le_bytes, u16::to_be_bytes] {
        for text in [
            "<Job Password='SEKRIT-2026'/>",
            r#"{"Password":"SEKRIT-2026"}"#,
        ] {
            let shown = shown(asked(posted("application/xml", utf_16(text, unit))));
            assert!(!holds(&shown.report, SECRET), "{}", shown.report);
            assert!(!shown.draft.contains("hex"), "{}", shown.draft);
        }
    }
    let shown = shown(asked(posted(
        "text/xml",
        *b"<Job Password='SEKRIT-2026' Name='\xe9'/>",
    )));
    assert!(shown.report.contains("not shown"), "{}", shown.report);
    assert!(!shown.draft.contains("hex"), "{}", shown.draft);
}

#[rstest]
#[case::query("GET", "/WindowsHPC/Jobs?api_key=SEKRIT-2026", &[])]
#[case::query_encoded("GET", "/nosuch?x+y&api%5Fkey=%53EKRIT-2026", &[])]
#[case::path("GET", "/nosuch/password=SEKRIT-2026", &[])]
#[case::query_with_json(
    "GET",
    "/WindowsHPC/Jobs?x=%7B%22Password%22%3A%22SEKRIT-2026%22%7D",
    &[]
)]
#[case::parameter_of_a_path("GET", "/x;token=SEKRIT-2026/y", &[])]
#[case::field_with_json("GET", "/WindowsHPC/Jobs", &[("X-Data", "{\"Password\":\"SEKRIT-2026\"}")])]
#[case::cookie("GET", "/WindowsHPC/Jobs", &[("Cookie", "a=SEKRIT-2026")])]
#[case::proxy("GET", "/WindowsHPC/Jobs", &[("Proxy-Ticket", "x SEKRIT-2026")])]
#[case::referer("GET", "/WindowsHPC/Jobs", &[("Referer", "http://h/?token=SEKRIT-2026")])]
#[case::another_field("GET", "/SEKRIT-2026", &[("X-Api-Key", "SEKRIT-2026"), ("X-B", "SEKRIT-2026")])]
#[case::name_of_a_field("GET", "/", &[("X-Api-Key", "SEKRIT-2026"), ("SEKRIT-2026", "x")])]
#[case::bearer("GET", "/x/SEKRIT-2026", &[("Authorization", "Bearer SEKRIT-2026")])]
#[case::basic("PUT", "/x/SEKRIT-2026", &[("Authorization", "Basic YTpTRUtSSVQtMjAyNg==")])]
#[case::method("SEKRIT-2026", "/x", &[("X-Api-Key", "SEKRIT-2026")])]
fn what_is_secret_outside_bodies_is_in_neither(
    #[case] method: &str,
    #[case] target: &str,
    #[case] fields: &[(&str, &str)],
) {
    let shown = shown(asked(request(method, target, fields)));
    assert!(!holds(&shown.report, SECRET), "{}", shown.report);
    assert!(!holds(&shown.draft, SECRET), "{}", shown.draft);
}

#[test]
fn what_a_reply_tells_is_in_neither() {
    for body in [
        r#"{"access_token":"SEKRIT-2026"}"#,
        "<Job><Password>SEKRIT-2026</Password></Job>",
        "wrong password=SEKRIT-2026",
    ] {
        let request = request("GET", "/WindowsHPC/Jobs", &[]);
        let reply = Reply::new(200)
            .header("Content-Type", "text/plain")
            .body(body);
        let shown = shown(Exchange::new(request, "http://h", Ok(reply)));
        assert!(!holds(&shown.report, SECRET), "{}", shown.report);
        assert!(!holds(&shown.draft, SECRET), "{}", shown.draft);
    }
}

#[rstest]
#[case::attribute("application/xml", "<a><j Password=\"{xml}\"/></a>")]
#[case::element("application/xml", "<a><Password>{xml}</Password><b>{xml}</b></a>")]
#[case::json("application/json", "{\"a\":[{\"Password\":{json}},{json}]}")]
#[case::form("application/x-www-form-urlencoded", "Password={percent}&b={percent}")]
#[case::parts(
    "multipart/form-data; boundary=b",
    "--b\r\nContent-Disposition: form-data; name=\"Password\"\r\n\r\n{plain}\r\n--b--\r\n"
)]
fn a_secret_of_any_characters_is_in_neither(
    #[case] kind: &str,
    #[case] body: &str,
    #[values("S\"E\\K<&\u{e9} 1+2%41", "12345", "{{ x }}-%}", "a\u{1f511}'b")] secret: &str,
) {
    let percent = percent_encoding::utf8_percent_encode(secret, percent_encoding::NON_ALPHANUMERIC);
    let body = body
        .replace("{xml}", &quick_xml::escape::escape(secret))
        .replace("{json}", &serde_json::Value::from(secret).to_string())
        .replace("{percent}", &percent.to_string())
        .replace("{plain}", secret);
    let shown = shown(asked(posted(kind, body)));
    assert!(!holds(&shown.report, secret), "{}", shown.report);
    assert!(!holds(&shown.draft, secret), "{}", shown.draft);
}

#[rstest]
#[case::short("{\"Password\":7391}", "{ Password: \"{{ session_password }}\" }")]
#[case::long(
    "{\"Password\":739112345678}",
    "{ Password: \"{{ session_password }}\" }"
)]
fn a_number_is_a_secret_too(#[case] body: &str, #[case] drafted: &str) {
    let shown = shown(asked(posted("application/json", body)));
    assert!(!shown.report.contains("7391"), "{}", shown.report);
    assert!(shown.draft.contains(drafted), "{}", shown.draft);
}

/// A text that names a secret, and its media type.
fn named(secret: &'static str) -> impl Strategy<Value = String> {
    let name = prop_oneof![
        Just("Password"),
        Just("pass&#119;ord"),
        Just("Pass\\u0077ord"),
        Just("Pass%77ord"),
        Just("X-Api-Key"),
        Just("Name"),
    ];
    (name, 0..12usize).prop_map(move |(name, shape)| match shape {
        0 => format!("<Job {name}=\"{secret}\"/>"),
        1 => format!("<a><{name}>{secret}</{name}></a>"),
        2 => format!("<p><Name>{name}</Name><Value>{secret}</Value></p>"),
        3 => format!("<p><Value>{secret}</Value><Name>{name}</Name></p>"),
        4 => format!("{{\"{name}\":\"{secret}\"}}"),
        5 => format!("[{{\"Value\":\"{secret}\",\"Name\":\"{name}\"}}]"),
        6 => format!("a=b&{name}={secret}"),
        7 => format!(
            "--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{secret}\r\n--b--"
        ),
        8 => format!("{name}: {secret}"),
        9 => format!("{name}={secret}"),
        10 => format!("http://{name}:{secret}@host/"),
        _ => format!("{{\"{name}\":[\"{secret}\"]"),
    })
}

fn wrapped(text: String, how: usize) -> String {
    match how {
        0 => serde_json::Value::from(text).to_string(),
        1 => format!("<s>{}</s>", quick_xml::escape::escape(&text)),
        2 => format!("<s><![CDATA[{text}]]></s>"),
        3 => format!("{{\"x\":{}}}", serde_json::Value::from(text)),
        4 => format!(
            "a={}",
            percent_encoding::utf8_percent_encode(&text, percent_encoding::NON_ALPHANUMERIC)
        ),
        5 => format!("<s x=\"{}\"/>", quick_xml::escape::escape(&text)),
        6 => STANDARD.encode(text),
        _ => text,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn whatever_a_report_masks_a_draft_masks(
        body in named(SECRET),
        how in proptest::collection::vec(0..10usize, 0..3),
        kind in prop_oneof![Just("application/xml"), Just("application/json"), Just("text/plain"), Just("multipart/form-data; boundary=b")],
        echo in prop_oneof![Just("/WindowsHPC/Jobs"), Just("/nosuch/SEKRIT-2026"), Just("/WindowsHPC/Jobs?x=U0VLUklULTIwMjY")],
        cut in proptest::option::of(0..200usize),
        wide in any::<bool>(),
        replied in any::<bool>(),
    ) {
        let mut body = how.into_iter().fold(body, wrapped).into_bytes();
        body.truncate(cut.unwrap_or(body.len()));
        if wide {
            body = utf_16(&String::from_utf8(body).unwrap_or_default(), u16::to_le_bytes);
        }
        let (mut request, mut reply) = (request("POST", echo, &[("Content-Type", kind)]), Reply::new(200).header("Content-Type", kind));
        match replied {
            true => reply = reply.body(body),
            false => request.body = body.into(),
        }
        let shown = shown(Exchange::new(request, "http://h", Ok(reply)));
        if !holds(&shown.report, SECRET) {
            prop_assert!(!holds(&shown.draft, SECRET), "{}\n{}", shown.report, shown.draft);
        }
    }
}
