use super::html;
use crate::report::{Report, merge, sample};
use serde_json::Value;

/// What a server may send that a page must not obey.
const HOSTILE: &str = "</script></pre><script>alert(1)</script><img src=x onerror=alert(2)>\" onfocus=alert(3) '{{ 7 * 7 }}&lt;\u{0}\u{1b}[2J\u{202e}\u{85}";

/// Puts the text into every string of the report but those that are words of ours.
fn poison(value: &mut Value) {
    match value {
        Value::String(text) if !["must", "should", "may"].contains(&text.as_str()) => {
            HOSTILE.clone_into(text);
        }
        Value::Array(items) => items.iter_mut().for_each(poison),
        Value::Object(members) => members.values_mut().for_each(poison),
        _ => {}
    }
}

fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let (_, rest) = text.split_once(from).expect(from);
    rest.split_once(to).expect(to).0
}

#[test]
fn the_page_shows_clauses_findings_and_what_was_not_run() {
    // Slashes are escaped, which nobody sees.
    let page = html(&sample::built()).replace("&#x2f;", "/");
    for part in [
        "<h1>wireproof <span class=\"verdict bad\">exit 3: could not run",
        "BITS upload: 1/2 must, 0/1 should, 0/1 may",
        "began <time datetime=\"2026-01-01T00:00:00.000Z\">",
        "<span class=\"count passed\"><b>2</b> passed</span>",
        "<span class=\"count not-exercised\"><b>1</b> not exercised</span>",
        "A fragment that starts beyond the bytes held is answered 416",
        "<a href=\"https://learn.microsoft.com/en-us/windows/win32/bits/fragment\" rel=\"noopener noreferrer\">",
        "<span class=\"places\">2 places</span>",
        "<dd class=\"expected\"><code><mark>416</mark></code></dd>",
        "<dd class=\"actual\"><code><mark>200</mark></code></dd>",
        "<span class=\"expected\"><span class=\"sign\">- </span><mark>three</mark>\n</span><span class=\"actual\"><span class=\"sign\">+ </span><mark>3</mark>\n</span>",
        "<pre class=\"reply\" tabindex=\"0\" aria-label=\"reply\"><mark>HTTP/1.1 200</mark>\n<span class=\"name\">Content-Type</span>: application/json\n<span class=\"name\">X-Echo</span>: ***\n\n{\n",
        "00 9f 92 96\n<span class=\"note\">(4 bytes, shown in hexadecimal)</span></pre>",
        "<p class=\"gone\"><mark>closed: connection closed before the first byte</mark></p>",
        "<span class=\"badge skipped\">skipped</span> 1 scenario: the target is not declared to have `readable-destination`",
        "<span class=\"badge errored\">errored</span> 1 scenario: cannot read `***.bin`",
        "data-outcome=\"not exercised\" data-level=\"may\" data-area=\"everywhere\"",
        "<a class=\"to\" href=\"#s1-f1\">finding</a>",
    ] {
        assert!(page.contains(part), "the page has no `{part}`");
    }
}

#[test]
fn a_known_difference_is_told_as_known_with_its_reason() {
    let mut report = sample::built();
    for finding in &mut report.suites[0].scenarios[1].findings {
        finding.known = Some("IIS 6 does so".to_owned());
    }
    let page = html(&report);
    let group = between(&page, "data-outcome=\"known\"", "</summary>");
    assert!(group.contains("known, must broken"), "{group}");
    assert!(page.contains("<b>Known:</b> IIS 6 does so</p>"));
    // What is not known of the same clause stays a finding of its own.
    assert_eq!(
        page.matches("fragment.gap-refused</code> <span class=\"places\">1 place<")
            .count(),
        2
    );
}

#[test]
fn what_a_server_sent_stays_text_wherever_it_stands() {
    let mut value = serde_json::to_value(sample::built()).expect("a report is JSON");
    poison(&mut value);
    let report: Report = serde_json::from_value(value).expect("it is a report still");
    let page = html(&report);
    assert!(
        page.matches("&lt;script&gt;alert(1)&lt;&#x2f;script&gt;")
            .count()
            > 50
    );
    let clean = html(&sample::built());
    let tag = regex::Regex::new("<[a-z!/][^>]*>").expect("a pattern");
    let name = regex::Regex::new("^<[a-z!/]+[0-9]?").expect("a pattern");
    let names = |page: &str| {
        tag.find_iter(page)
            .map(|tag| {
                name.find(tag.as_str())
                    .expect("it begins so")
                    .as_str()
                    .to_owned()
            })
            .collect::<std::collections::BTreeSet<_>>()
    };
    // `img` is none of ours, and no tag bears what the server sent but in quotes.
    assert!(names(&page).is_subset(&names(&clean)), "{:?}", names(&page));
    for tag in tag.find_iter(&page) {
        let outside: String = tag.as_str().split('"').step_by(2).collect();
        assert!(!outside.contains("onfocus"), "{}", tag.as_str());
        assert!(!outside.contains("onerror"), "{}", tag.as_str());
    }
    let control = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    assert!(
        !page.contains(control),
        "control characters are shown, not sent"
    );
    assert!(
        !page.contains("49&lt;") && page.contains("{{ 7 * 7 }}"),
        "a template is text too"
    );
    assert!(!page.contains("href=\"javascript"));
}

#[test]
fn only_a_web_address_becomes_a_link() {
    let mut report = sample::built();
    for source in report.suites[0]
        .clauses
        .iter_mut()
        .flat_map(|clause| &mut clause.sources)
    {
        source.url = "javascript:alert(1)".to_owned();
    }
    assert!(!html(&report).contains("javascript:"));
}

#[test]
fn the_policy_lets_only_the_program_s_own_style_and_script_count() {
    use base64::{Engine, engine::general_purpose::STANDARD};
    use sha2::{Digest, Sha256};
    let page = html(&sample::built());
    let policy = between(&page, "Content-Security-Policy\" content=\"", "\"")
        .replace("&#x27;", "'")
        .replace("&#x2f;", "/");
    assert!(policy.starts_with("default-src 'none'; "), "{policy}");
    assert!(
        !policy.contains("unsafe") && !policy.contains("http"),
        "{policy}"
    );
    for (kind, from, to) in [
        ("style", "<style>", "</style>"),
        ("script", "<script>", "</script>"),
    ] {
        let text = between(&page, from, to);
        assert!(!text.is_empty());
        let digest = STANDARD.encode(Sha256::digest(text.as_bytes()));
        assert!(
            policy.contains(&format!("{kind}-src 'sha256-{digest}'")),
            "{policy}"
        );
        assert!(!text.contains("url(") && !text.contains("@import") && !text.contains("fetch("));
    }
    assert_eq!(page.matches("<script").count(), 1);
    assert!(!page.contains(" src=") && !page.contains("<link") && !page.contains(" style="));
}

#[test]
fn a_report_of_nothing_is_a_page_too() {
    let mut report = sample::built();
    report.suites[0].scenarios.clear();
    report.suites[0].clauses.clear();
    let page = html(&report);
    assert!(page.contains("Nothing was selected.") && page.contains("Nothing was found."));
    report.suites.clear();
    assert!(html(&report).ends_with("</html>\n"));
}

#[test]
fn the_page_of_a_report_that_was_read_again_is_the_same() {
    let json = serde_json::to_string(&sample::built()).expect("a report is JSON");
    let again = merge(vec![serde_json::from_str(&json).expect("it is one")]).expect("there is one");
    assert_eq!(html(&again), html(&sample::built()));
}
