use super::{Operation, Params, Route, Rules, operations::ROUTES};
use crate::hpc_pack::{Form, Hosting, Quirk, Quirks, Settings};
use std::borrow::Cow;

/// What a method and a path lead to.
#[derive(Debug)]
pub(crate) enum Found<'a> {
    /// An operation, and the values of its path in order.
    Route(&'static Route, Params<'a>),
    /// The path exists, but not with that method: what `Allow` says.
    OtherMethods(Vec<&'static str>),
    /// Nothing.
    Nothing,
}

/// Recognises the operation in a request line.
///
/// Literal segments compare in any case (A01), empty segments are skipped, values are percent-decoded.
pub(crate) fn find<'a>(
    method: &str,
    path: &'a str,
    settings: &Settings,
    quirks: Quirks,
) -> Found<'a> {
    let Some(segments) = Segments::of(path) else {
        return Found::Nothing;
    };
    let Some(segments) = behind_base(segments.as_slice(), settings, quirks) else {
        return Found::Nothing;
    };
    let same = spelling(quirks);
    let mut others = Vec::new();
    for route in ROUTES {
        if !matches(route.path, segments, same) || !is_there(route, settings, quirks) {
            continue;
        }
        if route.method.as_str() == method {
            return Found::Route(route, params(route.path, segments));
        }
        others.push(route.method.as_str());
    }
    if others.is_empty() {
        Found::Nothing
    } else {
        Found::OtherMethods(others)
    }
}

/// The longest path has eight segments, the cluster's included; one more is enough to tell that it is none of ours.
const MOST: usize = 10;

struct Segments<'a>([Cow<'a, str>; MOST], usize);

impl<'a> Segments<'a> {
    fn of(path: &'a str) -> Option<Self> {
        let mut segments = Self([const { Cow::Borrowed("") }; MOST], 0);
        for segment in path.split('/').filter(|segment| !segment.is_empty()) {
            *segments.0.get_mut(segments.1)? = if segment.contains('%') {
                percent_encoding::percent_decode_str(segment)
                    .decode_utf8()
                    .ok()?
            } else {
                Cow::Borrowed(segment)
            };
            segments.1 += 1;
        }
        Some(segments)
    }

    fn as_slice(&self) -> &[Cow<'a, str>] {
        &self.0[..self.1]
    }
}

/// The segments behind base and cluster, in the form that the settings name (A05).
fn behind_base<'s, 'a>(
    segments: &'s [Cow<'a, str>],
    settings: &Settings,
    quirks: Quirks,
) -> Option<&'s [Cow<'a, str>]> {
    let (base, rest) = segments.split_first()?;
    if !base.eq_ignore_ascii_case("WindowsHPC")
        || (quirks.has(Quirk::CaseSensitivePaths)
            && !matches!(&**base, "WindowsHPC" | "WindowsHpc"))
    {
        return None;
    }
    match settings.form {
        Form::V2016 => Some(rest),
        Form::Pre2016 => match rest {
            [only] if only.eq_ignore_ascii_case("Clusters") => Some(rest),
            [cluster, rest @ ..] if cluster.eq_ignore_ascii_case(&settings.cluster) => {
                (!matches!(rest, [only] if only.eq_ignore_ascii_case("Clusters"))).then_some(rest)
            }
            _ => None,
        },
    }
}

fn is_there(route: &Route, settings: &Settings, quirks: Quirks) -> bool {
    match route.operation {
        Operation::GetClusters => {
            settings.form == Form::Pre2016 || quirks.has(Quirk::ClustersIn2016)
        }
        _ => route.rules != Rules::Soa || settings.hosting == Hosting::Azure,
    }
}

/// How two spellings of a segment are compared.
fn spelling(quirks: Quirks) -> fn(&str, &str) -> bool {
    if quirks.has(Quirk::CaseSensitivePaths) {
        |wanted, got| wanted == got
    } else {
        |wanted, got| wanted.eq_ignore_ascii_case(got)
    }
}

fn matches(pattern: &[&str], segments: &[Cow<'_, str>], same: fn(&str, &str) -> bool) -> bool {
    pattern.len() == segments.len()
        && pattern
            .iter()
            .zip(segments)
            .all(|(wanted, got)| wanted.starts_with('{') || same(wanted, got))
}

fn params<'a>(pattern: &[&str], segments: &[Cow<'a, str>]) -> Params<'a> {
    let mut values = pattern
        .iter()
        .zip(segments)
        .filter(|(wanted, _)| wanted.starts_with('{'))
        .map(|(_, got)| got.clone());
    std::array::from_fn(|_| values.next().unwrap_or_default())
}
