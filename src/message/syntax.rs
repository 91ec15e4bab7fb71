//! What may stand on the wire: names, values and targets that cannot become anything but what they are (RFC 9110, RFC 9112).

/// Why a text is no method, where it is none.
pub(crate) fn wrong_method(text: &str) -> Option<&'static str> {
    (!is_token(text)).then_some("a method is a word without blanks and separators")
}

/// Why a text is no name of a header field, where it is none.
pub(crate) fn wrong_header_name(text: &str) -> Option<&'static str> {
    (!is_token(text)).then_some(
        "the name of a header field is a word without blanks, colons and other separators",
    )
}

/// Why a text cannot be the value of a header field: it would end the field, and what follows would be taken for another.
pub(crate) fn wrong_header_value(text: &str) -> Option<&'static str> {
    text.contains(['\r', '\n', '\0'])
        .then_some("the value of a header field holds no line break and no NUL")
}

/// Why a text is no request target (path and query), where it is none.
pub(crate) fn wrong_target(text: &str) -> Option<&'static str> {
    if !text.starts_with('/') && text != "*" {
        return Some("a path begins with `/`");
    }
    (!text.bytes().all(|byte| byte.is_ascii_graphic())).then_some(
        "a path holds no blanks, no control characters and nothing beside ASCII; percent-encode them (a blank is `%20`)",
    )
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_token_byte)
}

/// Whether a byte may stand in a word of HTTP.
pub(super) fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::{wrong_header_name, wrong_header_value, wrong_method, wrong_target};
    use rstest::rstest;

    #[rstest]
    #[case("GET", true)]
    #[case("BITS_POST", true)]
    #[case("", false)]
    #[case("GET /", false)]
    #[case("GET\r\n", false)]
    #[case("HÄ", false)]
    fn methods_and_names_are_tokens(#[case] text: &str, #[case] right: bool) {
        assert_eq!(wrong_method(text).is_none(), right);
        assert_eq!(wrong_header_name(text).is_none(), right);
    }

    #[rstest]
    #[case("a b\tä", true)]
    #[case("a\r\nX: y", false)]
    #[case("a\ny", false)]
    #[case("a\0", false)]
    fn values_end_where_their_line_ends(#[case] text: &str, #[case] right: bool) {
        assert_eq!(wrong_header_value(text).is_none(), right);
    }

    #[rstest]
    #[case("/a?b=c%20d", true)]
    #[case("*", true)]
    #[case("a", false)]
    #[case("", false)]
    #[case("http://h/", false)]
    #[case("/a b", false)]
    #[case("/a\r\n", false)]
    #[case("/ä", false)]
    fn targets_are_paths(#[case] text: &str, #[case] right: bool) {
        assert_eq!(wrong_target(text).is_none(), right);
    }
}
