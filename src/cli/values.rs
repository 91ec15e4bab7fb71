//! Values of options: what a person types for one, and what it means.

use crate::client::Origin;
use std::{path::PathBuf, str::FromStr, time::Duration};

/// `NAME=VALUE`
pub(crate) type Pair = (String, String);

/// `NAME:VALUE`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) name: String,
    pub(crate) value: String,
}

/// A server to check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TargetUrl {
    /// As it was typed.
    pub(crate) shown: String,
    /// Scheme and authority.
    pub(crate) origin: Origin,
    /// What stands before the path of every request, without a slash at its end.
    pub(crate) prefix: String,
}

/// The kinds of report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ReportKind {
    Json,
    Junit,
    Html,
    Github,
    Markdown,
    Har,
}

impl ReportKind {
    const ALL: [(&'static str, Self); 6] = [
        ("json", Self::Json),
        ("junit", Self::Junit),
        ("html", Self::Html),
        ("github", Self::Github),
        ("markdown", Self::Markdown),
        ("har", Self::Har),
    ];
}

/// `KIND=FILE`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReportTo {
    pub(crate) kind: ReportKind,
    /// None: standard output.
    pub(crate) file: Option<PathBuf>,
}

pub(crate) fn pair(typed: &str) -> Result<Pair, String> {
    match typed.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write NAME=VALUE".to_owned()),
    }
}

pub(crate) fn header(typed: &str) -> Result<Header, String> {
    let (name, value) = typed
        .split_once(':')
        .ok_or_else(|| "write NAME:VALUE".to_owned())?;
    http::HeaderName::from_str(name)
        // Not told again: a value may stand in its place.
        .map_err(|_| "what stands before the colon is no name of a header field".to_owned())?;
    http::HeaderValue::from_str(value.trim())
        .map_err(|_| "the value holds characters that no header field can".to_owned())?;
    Ok(Header {
        name: name.to_owned(),
        value: value.trim().to_owned(),
    })
}

pub(crate) fn url(typed: &str) -> Result<TargetUrl, String> {
    let (origin, path) = Origin::parse(typed).map_err(|error| error.why.to_owned())?;
    Ok(TargetUrl {
        shown: typed.trim_end_matches('/').to_owned(),
        origin,
        prefix: path.trim_end_matches('/').to_owned(),
    })
}

pub(crate) fn duration(typed: &str) -> Result<Duration, String> {
    let digits = typed.find(|c: char| !c.is_ascii_digit() && c != '.');
    let (number, unit) = typed.split_at(digits.unwrap_or(typed.len()));
    let scale = match unit.trim() {
        "ms" => 0.001,
        "s" | "" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err("write a number and a unit: 200ms, 30s, 2m or 1h".to_owned()),
    };
    let number: f64 = number
        .parse()
        .map_err(|_| "write a number and a unit: 200ms, 30s, 2m or 1h".to_owned())?;
    match Duration::try_from_secs_f64(number * scale) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        _ => Err("it must be more than nothing and less than eternity".to_owned()),
    }
}

pub(crate) fn bytes(typed: &str) -> Result<usize, String> {
    let digits = typed.find(|c: char| !c.is_ascii_digit());
    let (number, unit) = typed.split_at(digits.unwrap_or(typed.len()));
    let scale: usize = match unit.trim() {
        "" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => 0,
    };
    number
        .parse()
        .ok()
        .and_then(|number: usize| number.checked_mul(scale))
        // A body is read by places of 32 bits.
        .filter(|bytes| (1..=u32::MAX as usize).contains(bytes))
        .ok_or_else(|| "write a number and a unit, less than 4GiB: 512KiB, 64MiB".to_owned())
}

pub(crate) fn rate(typed: &str) -> Result<f64, String> {
    typed
        .strip_suffix("/s")
        .unwrap_or(typed)
        .parse()
        .ok()
        .filter(|rate: &f64| rate.is_finite() && *rate > 0.0)
        .ok_or_else(|| "write a number of requests for each second: 5/s".to_owned())
}

pub(crate) fn report_to(typed: &str) -> Result<ReportTo, String> {
    let known = || {
        let words: Vec<_> = ReportKind::ALL.iter().map(|(word, _)| *word).collect();
        words.join(", ")
    };
    let (word, file) = typed
        .split_once('=')
        .filter(|(_, file)| !file.is_empty())
        .ok_or_else(|| {
            format!(
                "write KIND=FILE, with `-` for stdout; kinds are {}",
                known()
            )
        })?;
    let kind = ReportKind::ALL
        .iter()
        .find(|(known, _)| *known == word)
        .map(|(_, kind)| *kind)
        .ok_or_else(|| format!("there is no report `{word}`; kinds are {}", known()))?;
    Ok(ReportTo {
        kind,
        file: (file != "-").then(|| file.into()),
    })
}

#[cfg(test)]
mod tests {
    use super::{ReportKind, duration, header, pair, rate, report_to, url};
    use rstest::rstest;
    use std::time::Duration;

    #[rstest]
    #[case("http://h", "h", "")]
    #[case("http://127.0.0.1:8080/", "127.0.0.1:8080", "")]
    #[case("https://h:443/a/b/", "h:443", "/a/b")]
    fn a_url_is_an_origin_and_a_prefix(
        #[case] typed: &str,
        #[case] authority: &str,
        #[case] prefix: &str,
    ) {
        let url = url(typed).unwrap();
        assert_eq!(
            (url.origin.authority.as_str(), url.prefix.as_str()),
            (authority, prefix)
        );
    }

    #[rstest]
    #[case("ftp://host/", "only `http` and `https`")]
    #[case("127.0.0.1:8080", "no scheme")]
    #[case("http://", "")]
    #[case("http://me:secret@host/", "")]
    #[case("http://host/?a=b", "query")]
    #[case("http://host/#a", "fragment")]
    fn other_urls_are_refused_with_the_reason(#[case] typed: &str, #[case] reason: &str) {
        let refused = url(typed).unwrap_err();
        assert!(refused.contains(reason), "{refused}");
        assert!(!refused.contains("secret"));
    }

    #[rstest]
    #[case("200ms", 200)]
    #[case("1.5s", 1_500)]
    #[case("3", 3_000)]
    #[case("2m", 120_000)]
    fn durations_have_a_unit(#[case] typed: &str, #[case] ms: u64) {
        assert_eq!(duration(typed), Ok(Duration::from_millis(ms)));
    }

    #[rstest]
    #[case("")]
    #[case("soon")]
    #[case("0s")]
    #[case("3 fortnights")]
    #[case("1e400s")]
    #[case("99999999999999999999999h")]
    fn other_durations_are_refused(#[case] typed: &str) {
        assert!(duration(typed).is_err());
    }

    #[rstest]
    #[case("5/s", Some(5.0))]
    #[case("0.5", Some(0.5))]
    #[case("0/s", None)]
    #[case("-1/s", None)]
    #[case("inf", None)]
    #[case("5/m", None)]
    fn a_rate_is_more_than_nothing(#[case] typed: &str, #[case] expected: Option<f64>) {
        assert_eq!(rate(typed).ok(), expected);
    }

    #[test]
    fn pairs_headers_and_reports_say_how_they_are_written() {
        assert_eq!(pair("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
        assert!(pair("ab").unwrap_err().contains("NAME=VALUE"));
        assert_eq!(header("X-A:  b:c ").unwrap().value, "b:c");
        assert!(header("X A: b").is_err());
        assert!(header("X-A: b\r\nX-B: c").is_err());
        assert_eq!(report_to("junit=a=b.xml").unwrap().kind, ReportKind::Junit);
        assert_eq!(report_to("github=-").unwrap().file, None);
        assert!(report_to("pdf=x").unwrap_err().contains("json, junit"));
    }
}
