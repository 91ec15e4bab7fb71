//! The forms in which a secret may be echoed, as far as they can be listed.
//!
//! In: a secret. Out: texts that stand for it. It must not know where they are looked for.
//!
//! # Why
//! What is escaped character by character has more forms than can be listed, and is matched instead (`text`). Base64,
//! hexadecimal and UTF-16 hide all characters: of these, and of two of them within each other, every form is listed.

use base64::{Engine, engine::general_purpose::STANDARD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Of shorter secrets only one or two characters would be left, which would mask every other word.
const SHORTEST_ENCODED: usize = 4;
/// Shorter pieces of what is encoded twice may stand in innocent text.
const SHORTEST_NESTED: usize = 8;
/// What need not be escaped in a URL stays (RFC 3986, 2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Every form that can be listed, of a secret that is not empty.
pub(super) fn forms_of(secret: &str) -> Vec<String> {
    if secret.is_empty() {
        return Vec::new();
    }
    let json = serde_json::Value::from(secret).to_string();
    let percent = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
    let unreserved = utf8_percent_encode(secret, RESERVED).to_string();
    let mut forms = vec![
        secret.to_owned(),
        json[1..json.len() - 1].to_owned(),
        quick_xml::escape::escape(secret).into_owned(),
        percent.to_ascii_lowercase(),
        percent.replace("%20", "+"),
        unreserved.replace("%20", "+"),
        unreserved,
        percent,
    ];
    if secret.len() < SHORTEST_ENCODED {
        return forms;
    }
    let escaped: Vec<Vec<u8>> = forms.iter().map(|form| form.clone().into_bytes()).collect();
    let encoded = encoded(secret.as_bytes());
    let wide = [u16::to_le_bytes, u16::to_be_bytes]
        .map(|bytes| secret.encode_utf16().flat_map(bytes).collect::<Vec<u8>>());
    // UTF-16 as the text that its bytes are, and as that is shown.
    for between in ["\0", "\\u{0}"] {
        let characters: Vec<_> = secret.chars().map(String::from).collect();
        forms.push(characters.join(between));
    }
    let twice = escaped.into_iter().skip(1).chain(wide);
    let twice = twice.chain(encoded.iter().map(|form| form.clone().into_bytes()));
    for inner in twice.filter(|inner| inner != secret.as_bytes()) {
        let nested = self::encoded(&inner);
        forms.extend(
            nested
                .into_iter()
                .filter(|form| form.len() >= SHORTEST_NESTED),
        );
    }
    forms.extend(encoded);
    forms.sort();
    forms.dedup();
    forms
}

/// Those of the forms that others escape: Base64 has `+` and `/`.
pub(super) fn escapable(secret: &str) -> impl Iterator<Item = String> {
    let encoded = match secret.len() {
        0..SHORTEST_ENCODED => Vec::new(),
        _ => encoded(secret.as_bytes()),
    };
    encoded.into_iter().filter(|form| form.contains(['+', '/']))
}

/// Bytes in hexadecimal, and in Base64 wherever they stand in what was encoded.
fn encoded(bytes: &[u8]) -> Vec<String> {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut forms = vec![hex.to_ascii_uppercase(), hex];
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
    forms.sort();
    forms.dedup();
    forms
}
