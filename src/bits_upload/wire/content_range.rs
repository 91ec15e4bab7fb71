use crate::bits_upload::domain::Span;

/// What a `Content-Range` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ContentRange {
    /// Bytes of a total.
    Span(Span),
    /// No bytes of none: `*/0` or `0--1/0`, which no document describes.
    Empty,
    /// Another `*` for range or total.
    Star,
    /// It ends before it starts.
    Backward,
    /// It ends behind the total.
    PastTheTotal(Span),
    /// No range of bytes.
    Malformed,
}

/// Reads `bytes first-last/total`, the unit in any case, blanks around it ignored.
///
/// Source: RFC 2616 14.16; multiple ranges and more than 64 bits are malformed.
pub(crate) fn parse(value: &str) -> ContentRange {
    let Some((unit, rest)) = value.trim().split_once([' ', '\t']) else {
        return ContentRange::Malformed;
    };
    let Some((range, total)) = rest.trim().split_once('/') else {
        return ContentRange::Malformed;
    };
    let (range, total) = (range.trim(), total.trim());
    if !unit.eq_ignore_ascii_case("bytes") {
        return ContentRange::Malformed;
    }
    if matches!((range, total), ("*" | "0--1", "0")) {
        return ContentRange::Empty;
    }
    if range == "*" || total == "*" {
        return ContentRange::Star;
    }
    let read = || -> Option<(u64, u64, u64)> {
        let (first, last) = range.split_once('-')?;
        Some((number(first)?, number(last)?, number(total)?))
    };
    let Some((first, last, total)) = read() else {
        return ContentRange::Malformed;
    };
    if first > last {
        return ContentRange::Backward;
    }
    let Some(end) = last.checked_add(1) else {
        return ContentRange::Malformed;
    };
    let span = Span { first, end, total };
    if end > total {
        ContentRange::PastTheTotal(span)
    } else {
        ContentRange::Span(span)
    }
}

fn number(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::{ContentRange, parse};
    use crate::bits_upload::domain::Span;
    use proptest::{prop_assert_eq, proptest};
    use rstest::rstest;

    fn span(first: u64, end: u64, total: u64) -> Span {
        Span { first, end, total }
    }

    #[rstest]
    #[case("bytes 0-4891/4892", ContentRange::Span(span(0, 4892, 4892)))]
    #[case("Bytes 0-0/1", ContentRange::Span(span(0, 1, 1)))]
    #[case("  BYTES\t10-19/100 ", ContentRange::Span(span(10, 20, 100)))]
    #[case("bytes 007-8/0100", ContentRange::Span(span(7, 9, 100)))]
    #[case("bytes 9-8/100", ContentRange::Backward)]
    #[case("bytes 0-100/100", ContentRange::PastTheTotal(span(0, 101, 100)))]
    #[case("bytes */100", ContentRange::Star)]
    #[case("bytes 0-9/*", ContentRange::Star)]
    #[case("bytes */0", ContentRange::Empty)]
    #[case("bytes 0--1/0", ContentRange::Empty)]
    #[case("bytes=0-9/100", ContentRange::Malformed)]
    #[case("lines 0-9/100", ContentRange::Malformed)]
    #[case("bytes 0-9", ContentRange::Malformed)]
    #[case("bytes 0-9,20-29/100", ContentRange::Malformed)]
    #[case("bytes a-b/c", ContentRange::Malformed)]
    #[case("bytes 0-+9/100", ContentRange::Malformed)]
    #[case(
        "bytes 0-18446744073709551615/18446744073709551615",
        ContentRange::Malformed
    )]
    #[case("bytes 0-18446744073709551616/1", ContentRange::Malformed)]
    #[case("", ContentRange::Malformed)]
    fn a_content_range_is_read_as_rfc_2616_writes_it(
        #[case] value: &str,
        #[case] range: ContentRange,
    ) {
        assert_eq!(parse(value), range);
    }

    proptest! {
        #[test]
        fn whatever_stands_there_is_read_without_a_panic(value in ".{0,60}") {
            let _ = parse(&value);
        }

        #[test]
        fn every_range_within_its_total_is_read_back(first in 0_u64..1 << 40, more in 0_u64..1 << 30, rest in 0_u64..1 << 30) {
            let (end, total) = (first + more + 1, first + more + 1 + rest);
            let text = format!("bytes {first}-{}/{total}", end - 1);
            prop_assert_eq!(parse(&text), ContentRange::Span(Span { first, end, total }));
        }
    }
}
