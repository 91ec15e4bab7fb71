use base64::{Engine, engine::general_purpose::STANDARD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use regex::{Captures, Regex};
use std::sync::LazyLock;

/// What stands where a secret stood.
const STARS: &str = "***";

/// Takes secrets out of every text that leaves the program.
///
/// Known secrets go in every form in which a server may echo them: plain, escaped for JSON or XML, percent-encoded, in Base64
/// at any alignment, in hexadecimal, in UTF-16, and escaped over again, as what quotes an echo does. Beside them go the values of `Authorization` and its kin, and of members called `Password`.
#[derive(Clone, Debug, Default)]
pub struct Mask {
    /// Longest first, so that no secret hides a piece of a longer one.
    forms: Vec<String>,
    /// As they are, for what escapes only some of their characters.
    plain: Vec<Vec<char>>,
}

impl Mask {
    /// A mask for those secrets; empty ones are passed over.
    pub fn new<S: AsRef<str>>(secrets: impl IntoIterator<Item = S>) -> Self {
        let (mut forms, mut plain) = (Vec::new(), Vec::new());
        for secret in secrets {
            forms.extend(forms_of(secret.as_ref()));
            plain.push(secret.as_ref().chars().collect::<Vec<_>>());
        }
        plain.retain(|secret| !secret.is_empty());
        plain.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        plain.dedup();
        forms.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        forms.dedup();
        Self { forms, plain }
    }

    /// The text without secrets.
    #[must_use]
    pub fn text(&self, text: &str) -> String {
        let mut masked = text.to_owned();
        for form in &self.forms {
            if masked.contains(form.as_str()) {
                masked = masked.replace(form.as_str(), STARS);
            }
        }
        if masked.contains(['%', '&', '\\', '+']) {
            for secret in &self.plain {
                masked = without_escaped(&masked, secret);
            }
        }
        for (marks, pattern) in &PATTERNS {
            if may_hold(&masked, marks) && pattern.is_match(&masked) {
                masked = pattern
                    .replace_all(&masked, |found: &Captures<'_>| {
                        format!("{}{STARS}{}", &found["before"], &found["after"])
                    })
                    .into_owned();
            }
        }
        masked
    }

    /// The value of a header field without secrets.
    #[must_use]
    pub fn header(&self, name: &str, value: &str) -> String {
        match secret_field(name) {
            None => self.text(value),
            Some(Kept::Nothing) => STARS.to_owned(),
            Some(Kept::Scheme) => match value.split_once(' ') {
                Some((scheme, _)) => format!("{} {STARS}", self.text(scheme)),
                None => STARS.to_owned(),
            },
        }
    }

    /// What is told of a subject such as `header Set-Cookie`, without secrets.
    #[must_use]
    pub fn told_of(&self, subject: &str, told: &str) -> String {
        let field = subject.split_once("header ").map_or("", |(_, name)| name);
        let name = field.split([' ', '[']).next().unwrap_or_default();
        match secret_field(name) {
            // That there is none is no secret.
            Some(_) if told != "nothing (absent)" => STARS.to_owned(),
            _ => self.text(told),
        }
    }

    /// Whether bytes that are no text hold a secret.
    #[must_use]
    pub fn hides(&self, bytes: &[u8]) -> bool {
        let text = String::from_utf8_lossy(bytes);
        self.text(&text) != text
    }
}

/// What is shown of the value of a header field that is a secret whoever set it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    /// Nothing.
    Nothing,
    /// The scheme before the credentials.
    Scheme,
}

/// Whether the value of that header field is a secret, and what may be told of it.
fn secret_field(name: &str) -> Option<Kept> {
    let name = name.to_ascii_lowercase();
    match name.as_str() {
        "cookie" | "cookie2" | "set-cookie" | "set-cookie2" => Some(Kept::Nothing),
        "authorization" => Some(Kept::Scheme),
        "proxy-connection" => None,
        _ => name.starts_with("proxy-").then_some(Kept::Scheme),
    }
}

/// The text without a secret of which any characters are escaped, each in a way of its own.
///
/// # Why
/// Who encodes a path, a query, JSON or XML chooses which characters to escape, and in which of their forms: no list holds all.
fn without_escaped(text: &str, secret: &[char]) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        match escaped_secret(rest, secret) {
            Some(end) => {
                out.push_str(STARS);
                rest = &rest[end..];
            }
            None => {
                out.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    out
}

/// How many bytes stand for a secret at the beginning of a text, any of its characters escaped.
///
/// # Why
/// What was escaped is escaped again by whoever quotes it, and each time its backslashes double. So any run of them stands
/// for none, before a character that it may escape, and for those of the secret, where the run is not shorter.
fn escaped_secret(text: &str, secret: &[char]) -> Option<usize> {
    let (mut at, mut done) = (0, 0);
    while let Some(wanted) = secret.get(done) {
        let rest = &text[at..];
        let run = backslashes(rest);
        let own = secret[done..].iter().take_while(|c| **c == '\\').count();
        let by_number =
            run > 0 && secret.get(done + own) != Some(&'u') && coded(&rest[run..], '\\').is_some();
        if own == 0 || run < own || by_number {
            at += escaped(rest, *wanted)?;
            done += 1;
            continue;
        }
        at += run;
        done += own;
        if let Some(wanted) = secret.get(done) {
            let rest = &text[at..];
            at += coded(rest, *wanted).or_else(|| escaped(rest, *wanted))?;
            done += 1;
        }
    }
    Some(at)
}

/// How many backslashes a text begins with; none where there are more than anybody's escaping makes.
fn backslashes(text: &str) -> usize {
    const MOST: usize = 128;
    let run = text.bytes().take(MOST).take_while(|byte| *byte == b'\\');
    match run.count() {
        MOST => 0,
        run => run,
    }
}

/// How many bytes behind a backslash stand for that character by its number or by a letter.
fn coded(text: &str, wanted: char) -> Option<usize> {
    let number = u32::from(wanted);
    let mut units = [0; 2];
    let mut at = 0;
    for unit in wanted.encode_utf16(&mut units) {
        // The second half of a pair has backslashes of its own.
        if at > 0 {
            at += backslashes(&text[at..]);
        }
        match starts(&text[at..], &format!("u{unit:04x}")) {
            Some(length) => at += length,
            None => {
                at = 0;
                break;
            }
        }
    }
    let letter = match wanted {
        '\n' => Some("n"),
        '\r' => Some("r"),
        '\t' => Some("t"),
        '\u{8}' => Some("b"),
        '\u{c}' => Some("f"),
        _ => None,
    };
    (at > 0)
        .then_some(at)
        .or_else(|| starts(text, &format!("u{{{number:x}}}")))
        .or_else(|| starts(text, &format!("x{number:02x}")).filter(|_| number < 0x100))
        .or_else(|| {
            letter
                .filter(|letter| text.starts_with(letter))
                .map(str::len)
        })
}

/// The length of a prefix in ASCII where a text begins with it, in either case.
fn starts(text: &str, prefix: &str) -> Option<usize> {
    text.get(..prefix.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(prefix))
        .then_some(prefix.len())
}

/// How many bytes stand for that character at the beginning of a text, escaped or not.
fn escaped(text: &str, wanted: char) -> Option<usize> {
    let mut buffer = [0; 4];
    let form = match text.as_bytes().first()? {
        b'%' => {
            let bytes = wanted.encode_utf8(&mut buffer).bytes();
            let code: String = bytes.map(|byte| format!("%{byte:02x}")).collect();
            starts(text, &code)
        }
        b'&' => {
            let named = [
                ('&', "&amp;"),
                ('<', "&lt;"),
                ('>', "&gt;"),
                ('"', "&quot;"),
                ('\'', "&apos;"),
            ];
            let entity = named.iter().find(|(c, _)| *c == wanted);
            let numbered = || {
                let (digits, behind) = text.strip_prefix("&#")?.split_once(';')?;
                let number = match digits.strip_prefix(['x', 'X']) {
                    Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                    None => digits.parse().ok()?,
                };
                (number == u32::from(wanted)).then_some(text.len() - behind.len())
            };
            entity
                .and_then(|(_, entity)| starts(text, entity))
                .or_else(numbered)
        }
        b'\\' => {
            let run = backslashes(text);
            let behind = &text[run..];
            let length = coded(behind, wanted).or_else(|| {
                // Nothing but a run too long is followed by one more.
                (!behind.starts_with('\\')).then(|| escaped(behind, wanted))?
            });
            length.map(|length| run + length)
        }
        b'+' if wanted == ' ' => Some(1),
        _ => None,
    };
    form.or_else(|| text.starts_with(wanted).then(|| wanted.len_utf8()))
}

fn forms_of(secret: &str) -> Vec<String> {
    if secret.is_empty() {
        return Vec::new();
    }
    let json = serde_json::Value::from(secret).to_string();
    let percent = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
    let mut forms = vec![
        secret.to_owned(),
        json[1..json.len() - 1].to_owned(),
        quick_xml::escape::escape(secret).into_owned(),
        percent.to_ascii_lowercase(),
        percent.replace("%20", "+"),
        percent,
    ];
    // Of shorter secrets only one or two characters would be left, which would mask every other word.
    if secret.len() >= 4 {
        let bytes = secret.as_bytes();
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        forms.push(hex.to_ascii_uppercase());
        forms.push(hex);
        // UTF-16 as the text that its bytes are, and as that is shown.
        for between in ["\0", "\\u{0}"] {
            let characters: Vec<_> = secret.chars().map(String::from).collect();
            forms.push(characters.join(between));
        }
        forms.push(STANDARD.encode(bytes).trim_end_matches('=').to_owned());
        for lead in 0..3 {
            let mut shifted = vec![0; lead];
            shifted.extend_from_slice(bytes);
            let whole = STANDARD.encode(&shifted);
            // Characters that share bits with a neighbour of the secret are not its own.
            let first = (lead * 8).div_ceil(6);
            let last = shifted.len() * 8 / 6;
            let own = &whole[first..last];
            forms.push(own.replace('+', "-").replace('/', "_"));
            forms.push(own.to_owned());
        }
    }
    forms
}

/// Whether all these marks stand in a text, in either case.
///
/// # Why
/// Compiling the patterns takes longer than all else that a run of one step does, and most texts show at a glance that
/// they hold no secret. The long s is the one letter beside ASCII that a pattern takes for one of a mark.
fn may_hold(text: &str, marks: &[&str]) -> bool {
    let bytes = text.as_bytes();
    text.contains('\u{17f}')
        || marks.iter().all(|mark| {
            let mut windows = bytes.windows(mark.len());
            windows.any(|window| window.eq_ignore_ascii_case(mark.as_bytes()))
        })
}

/// Members and fields whose value is a secret whoever set it, and what stands in every text that has one.
static PATTERNS: [(&[&str], LazyLock<Regex>); 9] = [
    // JSON members.
    (
        &["password"],
        LazyLock::new(|| {
            compiled(r#"(?i)(?P<before>"[a-z]*password"\s*:\s*")(?:[^"\\]|\\.)+(?P<after>"?)"#)
        }),
    ),
    // JSON and XML lists of properties.
    (
        &["password"],
        LazyLock::new(|| {
            compiled(
                r#"(?i)(?P<before>"Name"\s*:\s*"Password"\s*,\s*"Value"\s*:\s*")(?:[^"\\]|\\.)+(?P<after>"?)"#,
            )
        }),
    ),
    (
        &["password"],
        LazyLock::new(|| {
            compiled(
                r"(?i)(?P<before><(?:[\w.-]+:)?Name>Password</(?:[\w.-]+:)?Name>\s*<(?:[\w.-]+:)?Value>)[^<]+(?P<after></|$)",
            )
        }),
    ),
    // XML elements.
    (
        &["password"],
        LazyLock::new(|| {
            compiled(
                r"(?i)(?P<before><(?:[\w.-]+:)?[a-z]*password(?:\s[^<>]*)?>)[^<]+(?P<after></|$)",
            )
        }),
    ),
    // Attributes, queries and forms.
    (
        &["password="],
        LazyLock::new(|| {
            compiled(r#"(?i)(?P<before>\b[a-z]*password=["']?)[^"'&\s<>*]+(?P<after>)"#)
        }),
    ),
    // Header fields within text, such as an echo of the request.
    (
        &["authorization:"],
        LazyLock::new(|| {
            compiled(
                r"(?i)(?P<before>\b(?:proxy-)?authorization:[ \t]*[a-z]+[ \t]+)[^\s*][^\s]*(?P<after>)",
            )
        }),
    ),
    (
        &["authorization:"],
        LazyLock::new(|| {
            compiled(
                r"(?im)(?P<before>\bauthorization:[ \t]*)[^\s*<\x22\\]+(?P<after>[ \t]*(?:\r?$|[\\<\x22]))",
            )
        }),
    ),
    (
        &["cookie"],
        LazyLock::new(|| {
            compiled(
                r"(?i)(?P<before>\b(?:set-)?cookie2?:[ \t]*)[^\s*<\x22\\'\{][^\r\n<\x22\\]*(?P<after>)",
            )
        }),
    ),
    // The user information of a URL.
    (
        &["://", "@"],
        LazyLock::new(|| {
            compiled(r"(?P<before>\w://[^/\s:@]*:)[^/\s@*]+(?:@[^/\s@\x22'<>,`]+)*(?P<after>@)")
        }),
    ),
];

fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the patterns are constants, and a test compiles them")
}
