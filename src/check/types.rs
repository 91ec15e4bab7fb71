use crate::source::Type;
use base64::Engine;
use std::net::Ipv4Addr;

/// All types with the word that files and messages use.
pub(crate) const WORDS: [(Type, &str); 22] = [
    (Type::Present, "present"),
    (Type::Empty, "empty"),
    (Type::String, "string"),
    (Type::Integer, "integer"),
    (Type::Int32, "int32"),
    (Type::Number, "number"),
    (Type::Boolean, "boolean"),
    (Type::Null, "null"),
    (Type::Object, "object"),
    (Type::Array, "array"),
    (Type::Guid, "guid"),
    (Type::BracedGuid, "braced-guid"),
    (Type::HttpDate, "http-date"),
    (Type::IsoDate, "iso-date"),
    (Type::Uri, "uri"),
    (Type::AbsoluteUri, "absolute-uri"),
    (Type::Base64, "base64"),
    (Type::Hresult, "hresult"),
    (Type::Authority, "authority"),
    (Type::SessionId, "session-id"),
    (Type::PrivateIpv4List, "private-ipv4-list"),
    (Type::DateTime, "date-time"),
];

/// The word for a type in files and messages.
pub(crate) fn word(ty: Type) -> &'static str {
    WORDS
        .iter()
        .find(|(t, _)| *t == ty)
        .map_or("value", |(_, word)| word)
}

/// Whether a text from the wire reads as a value of the type. Text is never JSON null, object or array.
pub(crate) fn text_is(ty: Type, text: &str) -> bool {
    match ty {
        Type::Present | Type::String => true,
        Type::Empty => text.is_empty(),
        Type::Integer => is_integer(text),
        Type::Int32 => is_integer(text) && text.parse::<i32>().is_ok(),
        Type::Number => is_number(text),
        Type::Boolean => text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false"),
        Type::Null | Type::Object | Type::Array => false,
        Type::Guid => is_guid(text) || braced(text).is_some_and(is_guid),
        Type::BracedGuid => braced(text).is_some_and(is_guid),
        Type::HttpDate => is_http_date(text),
        Type::IsoDate => is_iso_date(text),
        Type::Uri => is_uri(text),
        Type::AbsoluteUri => is_absolute_uri(text),
        Type::Base64 => {
            !text.is_empty()
                && base64::engine::general_purpose::STANDARD
                    .decode(text)
                    .is_ok()
        }
        Type::Hresult => is_hresult(text),
        Type::Authority => is_authority(text),
        Type::SessionId => {
            (1..=100).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
        }
        Type::PrivateIpv4List => text.split(',').all(|address| {
            address
                .trim()
                .parse::<Ipv4Addr>()
                .is_ok_and(|a| a.is_private())
        }),
        Type::DateTime => is_iso_date(text) || is_dotnet_date(text),
    }
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_integer(text: &str) -> bool {
    digits(text.strip_prefix('-').unwrap_or(text))
}

/// Decimal with an optional fraction and exponent, as JSON and XML Schema share it.
pub(crate) fn is_number(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let exponent_fits = exponent.is_none_or(|e| digits(e.strip_prefix(['+', '-']).unwrap_or(e)));
    let mantissa_fits = match mantissa.split_once('.') {
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => digits(mantissa),
    };
    mantissa_fits && exponent_fits
}

fn braced(text: &str) -> Option<&str> {
    text.strip_prefix('{')?.strip_suffix('}')
}

fn is_guid(text: &str) -> bool {
    let mut parts = text.split('-');
    [8, 4, 4, 4, 12].into_iter().all(|length| {
        parts
            .next()
            .is_some_and(|p| p.len() == length && p.bytes().all(|b| b.is_ascii_hexdigit()))
    }) && parts.next().is_none()
}

fn is_http_date(text: &str) -> bool {
    let form_fits = text.len() >= 24 && text.trim() == text;
    form_fits && httpdate::parse_http_date(text).is_ok()
}

fn is_iso_date(text: &str) -> bool {
    let Some((date, time)) = text.split_once('T') else {
        return false;
    };
    let mut fields = date.split('-');
    let (Some(year), Some(month), Some(day), None) =
        (fields.next(), fields.next(), fields.next(), fields.next())
    else {
        return false;
    };
    if year.len() != 4 || month.len() != 2 || day.len() != 2 || !is_day(year, month, day) {
        return false;
    }
    let time = match time.strip_suffix('Z') {
        Some(time) => time,
        None => match time.rfind(['+', '-']) {
            None => time,
            Some(at) => {
                let Some((hours, minutes)) = time[at + 1..].split_once(':') else {
                    return false;
                };
                if !(in_range(hours, 0, 14) && in_range(minutes, 0, 59))
                    || hours.len() != 2
                    || minutes.len() != 2
                {
                    return false;
                }
                &time[..at]
            }
        },
    };
    let (clock, fraction) = match time.split_once('.') {
        Some((clock, fraction)) => (clock, Some(fraction)),
        None => (time, None),
    };
    let fields: Vec<_> = clock.split(':').collect();
    fraction.is_none_or(|f| digits(f) && fields.len() == 3)
        && (2..=3).contains(&fields.len())
        && fields.iter().all(|f| f.len() == 2)
        && is_time(&fields)
}

/// `M/d/yyyy h:mm:ss tt` (en-US) or `MM/dd/yyyy HH:mm:ss` (invariant). Newer .NET puts a narrow blank before AM and PM.
fn is_dotnet_date(text: &str) -> bool {
    let Some((date, time)) = text.split_once(' ') else {
        return false;
    };
    let fields: Vec<_> = date.split('/').collect();
    let [month, day, year] = fields[..] else {
        return false;
    };
    if year.len() != 4 || month.len() > 2 || day.len() > 2 || !is_day(year, month, day) {
        return false;
    }
    let (clock, half) = match time.split_once([' ', '\u{202f}']) {
        Some((clock, half)) => (clock, Some(half)),
        None => (time, None),
    };
    let fields: Vec<_> = clock.split(':').collect();
    let minutes_fit = fields.len() >= 2 && fields[1..].iter().all(|f| f.len() == 2);
    (2..=3).contains(&fields.len())
        && minutes_fit
        && match half {
            Some("AM" | "PM") => in_range(fields[0], 1, 12) && is_time(&fields),
            Some(_) => false,
            None => fields[0].len() == 2 && is_time(&fields),
        }
}

fn in_range(text: &str, from: u32, to: u32) -> bool {
    digits(text) && text.parse().is_ok_and(|n: u32| (from..=to).contains(&n))
}

fn is_day(year: &str, month: &str, day: &str) -> bool {
    let (Ok(year), Ok(month), Ok(day)) = (
        year.parse::<u32>(),
        month.parse::<u32>(),
        day.parse::<u32>(),
    ) else {
        return false;
    };
    let leap = year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    year > 0 && (1..=days).contains(&day)
}

fn is_time(fields: &[&str]) -> bool {
    in_range(fields[0], 0, 23) && fields[1..].iter().all(|f| in_range(f, 0, 59))
}

fn is_uri(text: &str) -> bool {
    let bytes = text.as_bytes();
    !text.is_empty()
        && bytes.iter().enumerate().all(|(at, b)| match b {
            b'%' => bytes
                .get(at + 1..at + 3)
                .is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit)),
            b => b.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=".contains(b),
        })
}

fn is_absolute_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':').filter(|_| is_uri(text)) else {
        return false;
    };
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    let http = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    is_scheme
        && match rest.strip_prefix("//") {
            None => !http && !rest.is_empty(),
            Some(rest) => {
                let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
                let host = authority.rsplit('@').next().unwrap_or_default();
                // A port may be empty (RFC 3986 3.2.3), a host too, but not that of HTTP (RFC 2616 3.2.2).
                let host = host.strip_suffix(':').unwrap_or(host);
                is_authority(host) || (authority.is_empty() && !http && !rest.is_empty())
            }
        }
}

fn is_hresult(text: &str) -> bool {
    let hex = text
        .strip_prefix('0')
        .unwrap_or(text)
        .strip_prefix(['x', 'X']);
    hex.is_some_and(|hex| {
        (1..=8).contains(&hex.len()) && hex.bytes().all(|b| b.is_ascii_hexdigit())
    })
}

fn is_authority(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (text, None),
    };
    let port_fits = port.is_none_or(|port| in_range(port, 1, 65535));
    let host_fits = match host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
        Some(v6) => v6.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            !host.is_empty()
                && host
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
        }
    };
    port_fits && host_fits
}

#[cfg(test)]
mod tests {
    use super::{Type, WORDS, text_is, word};
    use rstest::rstest;

    #[rstest]
    #[case(Type::Present, &["", "x"], &[])]
    #[case(Type::String, &["", "x"], &[])]
    #[case(Type::Empty, &[""], &[" ", "x"])]
    #[case(Type::Integer, &["0", "-7", "99999999999999999999"], &["", "+7", "1.0", " 1", "0x1", "١"])]
    #[case(Type::Int32, &["2147483647", "-2147483648"], &["2147483648", "1e3", ""])]
    #[case(Type::Number, &["0", "-1.5", "1e9", "1.5E-3"], &["", ".5", "1.", "NaN", "1e", "1 "])]
    #[case(Type::Boolean, &["true", "False", "TRUE"], &["1", "yes", ""])]
    #[case(Type::Null, &[], &["null", ""])]
    #[case(Type::Object, &[], &["{}"])]
    #[case(Type::Array, &[], &["[]"])]
    #[case(Type::Guid, &["7df0354d-249b-430f-820d-3d2a9bef4931", "{7DF0354D-249B-430F-820D-3D2A9BEF4931}"],
        &["7df0354d249b430f820d3d2a9bef4931", "{7df0354d-249b-430f-820d-3d2a9bef4931", "7df0354d-249b-430f-820d-3d2a9bef493g", "7df0354d-249b-430f-820d-3d2a9bef4931-"])]
    #[case(Type::BracedGuid, &["{7df0354d-249b-430f-820d-3d2a9bef4931}"], &["7df0354d-249b-430f-820d-3d2a9bef4931", "{}"])]
    #[case(Type::HttpDate, &["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"],
        &["1994-11-06T08:49:37Z", "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 32 Nov 1994 08:49:37 GMT", " Sun, 06 Nov 1994 08:49:37 GMT", "Sun Nov  6 08:49:37 1994 ", ""])]
    #[case(Type::IsoDate, &["2024-02-29T12:00:00Z", "2024-01-01T00:00:00.1234567+01:00", "2024-01-01T00:00", "2024-04-30T00:00:00+14:00"],
        &["2023-02-29T12:00:00Z", "2024-01-01", "2024-01-01 00:00:00", "2024-13-01T00:00:00", "2024-01-01T24:00:00", "2024-01-01T00:00:00+1",
        "224-01-01T00:00:00Z", "2024-1-01T00:00:00Z", "2024-01-1T00:00:00Z", "0000-01-01T00:00:00Z", "2024-04-31T00:00:00Z",
        "2024-01-01T00:00:00+1:00", "2024-01-01T00:00:00+01:0", "2024-01-01T00:00:00+15:00", "2024-01-01T00:00:00+01:60",
        "2024-01-01T00:00.5", "2024-01-01T00:00:00.", "2024-01-01T00:00:00.x", "2024-01-01T0:00:00Z"])]
    #[case(Type::Uri, &["/a/b?c=%20", "http://h/x", "a"], &["", "a b", "%2", "<x>", "ä"])]
    #[case(Type::AbsoluteUri, &["http://h/x", "urn:a:b", "HTTPS://u:p@[::1]:8080?q", "http://h:/", "file:///x", "ftp://h"],
        &["/a", "http:", "http://", "1http://x", "h:/ x", "http:/a", "http://[::1/", "http://a:99999/", "http://:80/", "https:///x", "http://a/%zz", "x://"])]
    #[case(Type::Base64, &["YQ==", "YWJj"], &["", "YQ", "Y Q=", "a-_="])]
    #[case(Type::Hresult, &["0x80070005", "x1", "0XFFFFFFFF"], &["80070005", "0x", "0x123456789", "0xg"])]
    #[case(Type::Authority, &["host", "host:80", "10.0.0.1:65535", "[::1]:8080", "[::1]"], &["", "http://h", "h:0", "h:65536", "h:", ":80", "a/b", "[x]:1"])]
    #[case(Type::SessionId, &["{a}", "~"], &["", "a b", "ä"])]
    #[case(Type::PrivateIpv4List, &["10.0.0.1", "192.168.1.1, 172.16.0.1"], &["", "8.8.8.8", "10.0.0.1,", "10.0.0"])]
    #[case(Type::DateTime, &["1/2/2024 3:04:05 PM", "01/02/2024 13:04:05", "2024-01-02T03:04:05", "1/2/2024 3:04:05\u{202f}AM"],
        &["13/32/2024 3:04:05 PM", "1/2/2024", "1/2/2024 13:04:05 PM", "1/2/2024 3:04:05", "2.1.2024 13:04:05", "now", "1/2/2024 3:4:05 PM",
            "1/2/24 3:04:05 PM", "001/2/2024 3:04:05 PM", "1/002/2024 3:04:05 PM"])]
    fn a_type_knows_its_texts(#[case] ty: Type, #[case] fit: &[&str], #[case] misfit: &[&str]) {
        for text in fit {
            assert!(text_is(ty, text), "{text:?} is {}", word(ty));
        }
        for text in misfit {
            assert!(!text_is(ty, text), "{text:?} is not {}", word(ty));
        }
    }

    #[test]
    fn a_session_id_has_at_most_100_characters() {
        assert!(text_is(Type::SessionId, &"x".repeat(100)));
        assert!(!text_is(Type::SessionId, &"x".repeat(101)));
    }

    #[test]
    fn every_type_has_a_word_of_its_own() {
        let mut words: Vec<_> = WORDS.iter().map(|(_, w)| w).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), WORDS.len());
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_a_type_panic(text in ".{0,40}", date in "[0-9TZ:/. +-]{0,30}") {
            for (ty, _) in WORDS {
                let _ = text_is(ty, &text);
                let _ = text_is(ty, &date);
            }
        }
    }
}
