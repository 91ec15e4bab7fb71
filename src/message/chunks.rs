//! What the lines of a body in chunks say (RFC 9112 7.1, RFC 2616 3.6.1): the size of a chunk, and the fields behind the last.
//!
//! In: a line without its CR LF. Out: what it says, or why it is none. It must not know where a line ends.

use super::syntax::is_token_byte;

/// The size of the chunk that a line announces. Its extensions mean nothing to us, but they have to be some.
///
/// # Errors
/// Why the line announces no chunk.
pub(crate) fn chunk_size(line: &[u8]) -> Result<u64, &'static str> {
    let digits = line
        .iter()
        .take_while(|byte| byte.is_ascii_hexdigit())
        .count();
    if digits == 0 || digits > 16 {
        return Err("the size of a chunk is no hexadecimal number");
    }
    let (size, extensions) = line.split_at(digits);
    let size = size.iter().fold(0, |size, digit| {
        size << 4 | u64::from(char::from(*digit).to_digit(16).unwrap_or_default())
    });
    match are_extensions(extensions) {
        Some(true) => Ok(size),
        Some(false) => Err("what stands behind the size of a chunk is no extension"),
        None => Err("the size of a chunk is no hexadecimal number"),
    }
}

/// Why a line of the trailer is no field that may stand there, where it is none.
pub(crate) fn wrong_trailer(line: &[u8]) -> Option<&'static str> {
    let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
    let is_field = !name.is_empty()
        && name.len() < line.len()
        && name.iter().copied().all(is_token_byte)
        && !line.iter().copied().any(is_control);
    if !is_field {
        return Some("what stands behind the last chunk is no field");
    }
    // Whoever reads them there sees another end of the body (RFC 2616 14.40).
    ["Content-Length", "Transfer-Encoding", "Trailer"]
        .iter()
        .any(|framing| name.eq_ignore_ascii_case(framing.as_bytes()))
        .then_some(
            "Content-Length, Transfer-Encoding and Trailer must not stand behind the last chunk",
        )
}

/// Whether this is `*( BWS ";" BWS token [ BWS "=" BWS ( token | quoted-string ) ] )`, with blanks behind it, as implied LWS of
/// RFC 2616 allows; none where it does not even begin so.
fn are_extensions(text: &[u8]) -> Option<bool> {
    let mut rest = trimmed(text);
    if rest.first().is_some_and(|byte| *byte != b';') {
        return None;
    }
    while let Some(behind) = rest.strip_prefix(b";") {
        let Some(behind) = behind_token(trimmed(behind)) else {
            return Some(false);
        };
        rest = trimmed(behind);
        if let Some(value) = rest.strip_prefix(b"=") {
            let value = trimmed(value);
            let behind = match value.strip_prefix(b"\"") {
                Some(quoted) => behind_quoted(quoted),
                None => behind_token(value),
            };
            let Some(behind) = behind else {
                return Some(false);
            };
            rest = trimmed(behind);
        }
    }
    Some(rest.is_empty())
}

fn trimmed(text: &[u8]) -> &[u8] {
    let blanks = text.iter().take_while(|byte| b" \t".contains(byte)).count();
    &text[blanks..]
}

/// What stands behind the word that the text begins with.
fn behind_token(text: &[u8]) -> Option<&[u8]> {
    let length = text.iter().take_while(|byte| is_token_byte(**byte)).count();
    (length > 0).then(|| &text[length..])
}

/// What stands behind the closing quote.
fn behind_quoted(text: &[u8]) -> Option<&[u8]> {
    let mut at = 0;
    loop {
        match text.get(at)? {
            b'"' => return Some(&text[at + 1..]),
            b'\\' => at += 2,
            byte if is_control(*byte) => return None,
            _ => at += 1,
        }
    }
}

/// Whether a byte may stand in no value.
fn is_control(byte: u8) -> bool {
    byte.is_ascii_control() && byte != b'\t'
}

#[cfg(test)]
mod tests {
    use super::{chunk_size, wrong_trailer};
    use proptest::prelude::{any, proptest};
    use rstest::rstest;

    #[rstest]
    #[case("0", Some(0))]
    #[case("00fF", Some(255))]
    #[case("ffffffffffffffff", Some(u64::MAX))]
    #[case("10000000000000000", None)]
    #[case("5 \t", Some(5))]
    #[case("5 ;a", Some(5))]
    #[case("5;a=\"\\\"\"", Some(5))]
    #[case("5;a=\"\u{e4}\";b", Some(5))]
    #[case("5;a=\"\\", None)]
    #[case("5;a=\"\r\"", None)]
    #[case("5;a=b c", None)]
    #[case("5;a;", None)]
    #[case("5;=b", None)]
    #[case("5 6", None)]
    #[case("5g", None)]
    #[case("5\r", None)]
    #[case("5\x0c", None)]
    #[case("", None)]
    #[case("-1", None)]
    fn a_size_has_digits_and_then_extensions(#[case] line: &str, #[case] size: Option<u64>) {
        assert_eq!(chunk_size(line.as_bytes()).ok(), size);
    }

    #[rstest]
    #[case("A: b", true)]
    #[case("A:", true)]
    #[case("Content-Lengths: 1", true)]
    #[case("A", false)]
    #[case(": b", false)]
    #[case("A : b", false)]
    #[case("\tA: b", false)]
    #[case("A: b\r", false)]
    #[case("A: \x7f", false)]
    #[case("CONTENT-length:1", false)]
    fn a_trailer_has_fields_and_none_that_tells_the_framing(
        #[case] line: &str,
        #[case] right: bool,
    ) {
        assert_eq!(wrong_trailer(line.as_bytes()).is_none(), right);
    }

    proptest! {
        #[test]
        fn no_line_makes_the_readers_panic(line in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = chunk_size(&line);
            let _ = wrong_trailer(&line);
            let _ = chunk_size(&[b"5;a=\"", line.as_slice()].concat());
        }
    }
}
