use std::borrow::Cow;

/// What a stretch of text in a body says: entities resolved, CDATA unwrapped, comments left out, line ends as LF.
/// It was read once already, so nothing in it is wrong.
pub(super) fn decoded(raw: &str) -> Cow<'_, str> {
    if !raw.bytes().any(|b| matches!(b, b'&' | b'<' | b'\r')) {
        return Cow::Borrowed(raw);
    }
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find(['&', '<', '\r']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        rest = if let Some(behind) = rest.strip_prefix("\r\n") {
            out.push('\n');
            behind
        } else if let Some(behind) = rest.strip_prefix('\r') {
            out.push('\n');
            behind
        } else if let Some(behind) = rest.strip_prefix("<![CDATA[") {
            let (inner, behind) = behind.split_once("]]>").unwrap_or((behind, ""));
            out.push_str(&inner.replace("\r\n", "\n").replace('\r', "\n"));
            behind
        } else if let Some(behind) = rest.strip_prefix("<!--") {
            behind.split_once("-->").map_or("", |(_, behind)| behind)
        } else if let Some(behind) = rest.strip_prefix("<?") {
            behind.split_once("?>").map_or("", |(_, behind)| behind)
        } else {
            let (name, behind) = rest[1..].split_once(';').unwrap_or((&rest[1..], ""));
            out.extend(entity(name));
            behind
        };
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// What the value of an attribute says: entities resolved, blanks of any kind as blanks (XML 1.0, 3.3.3).
pub(super) fn attribute(raw: &str) -> Cow<'_, str> {
    if !raw
        .bytes()
        .any(|b| matches!(b, b'&' | b'\r' | b'\n' | b'\t'))
    {
        return Cow::Borrowed(raw);
    }
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find(['&', '\r', '\n', '\t']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        rest = if let Some(behind) = rest.strip_prefix('&') {
            let (name, behind) = behind.split_once(';').unwrap_or((behind, ""));
            out.extend(entity(name));
            behind
        } else {
            out.push(' ');
            rest.strip_prefix("\r\n").unwrap_or(&rest[1..])
        };
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Whether a document may have that character (XML 1.0, 2.2).
pub(super) fn is_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..) && !matches!(c, '\u{fffe}' | '\u{ffff}')
}

/// Whether it is nothing but blanks as XML knows them.
pub(super) fn is_blank(text: &str) -> bool {
    text.bytes()
        .all(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n'))
}

/// The character that a reference stands for; none where no document declares it.
pub(super) fn entity(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix('x') {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => number.parse(),
        };
        // Serializers of .NET refer to characters that no document may have, and their clients read them: nobody is blamed for it.
        return code.ok().and_then(char::from_u32).filter(|c| *c != '\0');
    }
    match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "apos" => Some('\''),
        "quot" => Some('"'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{attribute, decoded};
    use rstest::rstest;

    #[rstest]
    #[case("plain", "plain")]
    #[case("a&amp;b&#33;&#x41;&lt;", "a&b!A<")]
    #[case("<![CDATA[<y>&amp;\r\n]]>x", "<y>&amp;\nx")]
    #[case("a<!-- & -->b<?p <?>c", "abc")]
    #[case("a\r\nb\rc&#13;", "a\nb\nc\r")]
    fn a_text_says_what_it_means(#[case] raw: &str, #[case] says: &str) {
        assert_eq!(decoded(raw), says);
    }

    #[rstest]
    #[case("plain", "plain")]
    #[case("a\tb\r\nc\rd\ne", "a b c d e")]
    #[case("&quot;&#10;&apos;<", "\"\n'<")]
    fn a_value_has_no_line_ends_but_those_it_names(#[case] raw: &str, #[case] says: &str) {
        assert_eq!(attribute(raw), says);
    }
}
