use super::{
    forms::{escapable, forms_of},
    read::readings,
};
use crate::message::is_secret_name;
use aho_corasick::{AhoCorasick, AhoCorasickKind};
use regex::{Captures, Regex};
use std::{ops::Range, sync::LazyLock};

/// What stands where a secret stood.
const STARS: &str = "***";

/// Takes secrets out of every text that leaves the program.
///
/// Known secrets go in every form in which a server may echo them: plain, escaped for JSON or XML, percent-encoded, in Base64
/// at any alignment, in hexadecimal, in UTF-16; escaped over again, as what quotes an echo does; and two of these within each
/// other. Beside them go the values of `Authorization` and its kin, and of members called `Password`.
#[derive(Clone, Debug, Default)]
pub struct Mask {
    /// Finds all forms that can be listed, however many, in one pass.
    forms: Option<AhoCorasick>,
    /// As they are, for what escapes only some of their characters.
    plain: Vec<Vec<char>>,
}

impl Mask {
    /// A mask for those secrets; empty ones are passed over.
    pub fn new<S: AsRef<str>>(secrets: impl IntoIterator<Item = S>) -> Self {
        let (mut forms, mut plain) = (Vec::new(), Vec::new());
        for secret in secrets {
            let secret = secret.as_ref();
            forms.extend(forms_of(secret));
            plain.push(secret.chars().collect::<Vec<_>>());
            plain.extend(escapable(secret).map(|form| form.chars().collect()));
        }
        plain.retain(|secret| !secret.is_empty());
        plain.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        plain.dedup();
        let forms = (!forms.is_empty()).then(|| {
            AhoCorasick::builder()
                // The other kinds take a table of all bytes for each byte of a form.
                .kind(Some(AhoCorasickKind::ContiguousNFA))
                .build(&forms)
                .expect("all forms of all secrets are shorter than 2 GiB")
        });
        Self { forms, plain }
    }

    /// The text without secrets.
    #[must_use]
    pub fn text(&self, text: &str) -> String {
        self.masked(text).text
    }

    /// Where secrets stand in a text, in order; some may touch, and none overlap.
    pub(crate) fn spans(&self, text: &str) -> Vec<Range<usize>> {
        self.masked(text).spans
    }

    fn masked<'t>(&self, text: &'t str) -> Masked<'t> {
        let mut masked = Masked::new(text);
        if let Some(forms) = &self.forms {
            masked.hide(listed(text, forms));
        }
        if masked.text.contains(['%', '&', '\\', '+']) {
            for secret in &self.plain {
                masked.hide(escaped_anyhow(&masked.text, secret));
            }
        }
        for (marks, pattern) in &PATTERNS {
            if may_hold(&masked.text, marks) {
                masked.hide(by_pattern(&masked.text, pattern));
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
        let mut texts = readings(bytes);
        // As far as it can be read otherwise, in the middle of other bytes too.
        texts.push(String::from_utf8_lossy(bytes).into_owned());
        texts.iter().any(|text| !self.spans(text).is_empty())
    }

    /// Whether the value of a header field of that name is shown to nobody, whatever it is.
    pub(crate) fn is_secret_field(name: &str) -> bool {
        secret_field(name).is_some()
    }
}

/// A text of which parts are hidden.
struct Masked<'t> {
    whole: &'t str,
    /// What is hidden of it, in order.
    spans: Vec<Range<usize>>,
    /// The text with stars in place of each.
    text: String,
    /// Where those stars begin.
    stars: Vec<usize>,
}

impl<'t> Masked<'t> {
    fn new(whole: &'t str) -> Self {
        Self {
            whole,
            spans: Vec::new(),
            text: whole.to_owned(),
            stars: Vec::new(),
        }
    }

    /// Hides parts of what is shown. Of such as overlap, stars that were there before among them, one row of stars is left.
    fn hide(&mut self, found: Vec<Range<usize>>) {
        if found.is_empty() {
            return;
        }
        let found = found.into_iter();
        let found: Vec<_> = found
            .map(|shown| self.place(shown.start, true)..self.place(shown.end, false))
            .collect();
        let mut all: Vec<_> = self.spans.drain(..).chain(found).collect();
        all.sort_unstable_by_key(|span| (span.start, span.end));
        for span in all {
            match self.spans.last_mut() {
                Some(last) if span.start < last.end => last.end = last.end.max(span.end),
                _ => self.spans.push(span),
            }
        }
        self.text.clear();
        self.stars.clear();
        let mut done = 0;
        for span in &self.spans {
            self.text.push_str(&self.whole[done..span.start]);
            self.stars.push(self.text.len());
            self.text.push_str(STARS);
            done = span.end;
        }
        self.text.push_str(&self.whole[done..]);
    }

    /// The place in the whole of one in what is shown; within stars, before or behind what they stand for.
    fn place(&self, at: usize, begins: bool) -> usize {
        let before = self
            .stars
            .partition_point(|stars| *stars < at + usize::from(begins));
        let Some(last) = before.checked_sub(1) else {
            return at;
        };
        let behind = self.stars[last] + STARS.len();
        match at.checked_sub(behind) {
            Some(further) => self.spans[last].end + further,
            None if begins => self.spans[last].start,
            None => self.spans[last].end,
        }
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
        _ if is_secret_name(&name) => Some(Kept::Nothing),
        _ => name.starts_with("proxy-").then_some(Kept::Scheme),
    }
}

/// Where any of those forms stand; some may overlap.
fn listed(text: &str, forms: &AhoCorasick) -> Vec<Range<usize>> {
    let found = forms.find_overlapping_iter(text);
    found.map(|found| found.start()..found.end()).collect()
}

/// Where a pattern finds something between what stands before and after it.
fn by_pattern(text: &str, pattern: &Regex) -> Vec<Range<usize>> {
    let part = |found: &Captures<'_>| {
        let (before, after) = (found.name("before")?, found.name("after")?);
        Some(before.end()..after.start())
    };
    let found = pattern.captures_iter(text);
    found.filter_map(|found| part(&found)).collect()
}

/// Where a secret stands of which any characters are escaped, each in a way of its own.
///
/// # Why
/// Who encodes a path, a query, JSON or XML chooses which characters to escape, and in which of their forms: no list holds all.
fn escaped_anyhow(text: &str, secret: &[char]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    let begins = |c: char| secret.first() == Some(&c) || matches!(c, '%' | '&' | '\\' | '+');
    while let Some(next) = text[at..].find(begins) {
        at += next;
        let rest = &text[at..];
        match escaped_secret(rest, secret) {
            Some(length) => {
                found.push(at..at + length);
                at += length;
            }
            // The first character is of ASCII, or that of the secret.
            None => at += rest.chars().next().map_or(1, char::len_utf8),
        }
    }
    found
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
        if *wanted == '%' {
            at += percent(rest, &secret[done + 1..])?;
            done += 1;
            continue;
        }
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

/// How many bytes stand for a percent sign that these characters of the secret are behind.
///
/// # Why
/// Each time that it is encoded again, it becomes one more `25`. Those behind it in the secret are its own.
fn percent(text: &str, behind: &[char]) -> Option<usize> {
    let own = behind.chunks(2).take_while(|two| **two == ['2', '5']);
    match text.strip_prefix('%') {
        Some(rest) => Some(1 + 2 * over_again(rest).saturating_sub(own.count())),
        None => escaped(text, '%'),
    }
}

/// How many bytes stand for that character where each of its bytes is percent-encoded, once or over again.
fn in_percent(text: &str, wanted: char) -> Option<usize> {
    let mut at = 0;
    for byte in wanted.encode_utf8(&mut [0; 4]).bytes() {
        let rest = text[at..].strip_prefix('%')?;
        let run = 2 * over_again(rest);
        at += 1 + match byte {
            b'%' => Some(run).filter(|run| *run > 0)?,
            _ => run + starts(&rest[run..], &format!("{byte:02x}"))?,
        };
    }
    Some(at)
}

/// How often a percent sign was encoded that these bytes are behind.
fn over_again(behind: &str) -> usize {
    let pairs = behind.as_bytes().chunks(2);
    pairs.take_while(|two| *two == b"25").count()
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
    let form = match text.as_bytes().first()? {
        b'%' => in_percent(text, wanted),
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
