//! The characters of an expression that stand outside of its quoted texts. In: a path or template. Out: what its syntax is made of.

/// The characters outside of quotes, with their places in bytes; the quotes are not among them. A backslash in a text keeps the quote
/// behind it from ending the text; a text that never ends goes to the end.
pub(crate) fn unquoted(text: &str) -> impl Iterator<Item = (usize, char)> {
    let mut quote = None;
    let mut escaped = false;
    text.char_indices().filter(move |(_, c)| match (quote, *c) {
        _ if escaped => {
            escaped = false;
            false
        }
        (Some(_), '\\') => {
            escaped = true;
            false
        }
        (Some(open), c) => {
            if c == open {
                quote = None;
            }
            false
        }
        (None, '\'' | '"') => {
            quote = Some(*c);
            false
        }
        (None, _) => true,
    })
}

#[cfg(test)]
mod tests {
    use super::unquoted;
    use rstest::rstest;

    #[rstest]
    #[case("a.b", "a.b")]
    #[case("a['x']\"y\".z", "a[].z")]
    #[case("'it\"s' b", " b")]
    #[case("'a\\'b'c", "c")]
    #[case("'a\\\\'c", "c")]
    #[case("a\\'b'", "a\\")]
    #[case("a'never ends", "a")]
    fn quoted_texts_are_left_out(#[case] text: &str, #[case] left: &str) {
        assert_eq!(unquoted(text).map(|(_, c)| c).collect::<String>(), left);
    }

    #[test]
    fn places_are_those_of_the_whole_text() {
        assert_eq!(unquoted("'ü'ä.").collect::<Vec<_>>(), [(4, 'ä'), (6, '.')]);
    }
}
