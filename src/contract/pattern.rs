use super::{PathPattern, Segment};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What stands in a segment of a path as it is: `pchar` of RFC 3986 without percent signs.
pub(crate) const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=')
    .remove(b':')
    .remove(b'@');

impl PathPattern {
    /// Reads `/a/{b}/{*rest}`.
    ///
    /// # Errors
    /// What is wrong with it, for a person.
    pub fn parse(text: &str) -> Result<Self, String> {
        let Some(rest) = text.strip_prefix('/') else {
            return Err("a path begins with `/`".to_owned());
        };
        if let Some(sign) = rest
            .chars()
            .find(|c| matches!(c, '?' | '#') || c.is_whitespace())
        {
            return Err(format!("{sign:?} is no part of a path"));
        }
        let mut segments = Vec::new();
        for piece in rest.split('/') {
            if matches!(segments.last(), Some(Segment::Rest(_))) {
                return Err("nothing can follow `{*name}`".to_owned());
            }
            let segment = match piece
                .strip_prefix('{')
                .and_then(|inner| inner.strip_suffix('}'))
            {
                None if piece.contains(['{', '}']) => {
                    return Err(format!("`{piece}`: a name in braces is a whole segment"));
                }
                None => Segment::Literal(piece.to_owned()),
                Some(inner) => {
                    let (name, is_rest) = match inner.strip_prefix('*') {
                        Some(name) => (name, true),
                        None => (inner, false),
                    };
                    let plain = name
                        .chars()
                        .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
                    if name.is_empty() || !plain {
                        return Err(format!("`{name}` is no name"));
                    }
                    let known = segments
                        .iter()
                        .any(|segment| matches!(segment, Segment::Name(other) if other == name));
                    if known {
                        return Err(format!("the name `{name}` stands in it twice"));
                    }
                    if is_rest {
                        Segment::Rest(name.to_owned())
                    } else {
                        Segment::Name(name.to_owned())
                    }
                }
            };
            segments.push(segment);
        }
        Ok(Self {
            only: None,
            segments,
            ignore_case: false,
        })
    }

    /// The names in it, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Literal(_) => None,
            Segment::Name(name) | Segment::Rest(name) => Some(name.as_str()),
        })
    }

    /// The path with values for its names, percent-encoded. A value for `{*rest}` keeps its slashes.
    ///
    /// # Errors
    /// The first name that has no value.
    pub fn fill(&self, mut value: impl FnMut(&str) -> Option<String>) -> Result<String, String> {
        let mut path = String::new();
        for segment in &self.segments {
            path.push('/');
            match segment {
                Segment::Literal(text) => path.push_str(text),
                Segment::Name(name) => {
                    let value = value(name).ok_or_else(|| name.clone())?;
                    path.extend(utf8_percent_encode(&value, SEGMENT));
                }
                Segment::Rest(name) => {
                    let value = value(name).ok_or_else(|| name.clone())?;
                    for (index, part) in value.trim_start_matches('/').split('/').enumerate() {
                        if index > 0 {
                            path.push('/');
                        }
                        path.extend(utf8_percent_encode(part, SEGMENT));
                    }
                }
            }
        }
        Ok(path)
    }

    /// Whether a path as it stands in a request target fits.
    pub(crate) fn fits(&self, path: &str) -> bool {
        self.captures(&segments_of(path)).is_some()
    }

    /// The values of its names, where the segments of a path (percent-decoded) fit.
    pub(crate) fn captures(&self, path: &[String]) -> Option<Vec<(String, String)>> {
        let mut captures = Vec::new();
        let mut left = path;
        for segment in &self.segments {
            if let Segment::Rest(name) = segment {
                captures.push((name.clone(), left.join("/")));
                return Some(captures);
            }
            let (first, others) = left.split_first()?;
            match segment {
                Segment::Literal(text) => {
                    let same = if self.ignore_case {
                        text.eq_ignore_ascii_case(first)
                    } else {
                        text == first
                    };
                    if !same {
                        return None;
                    }
                }
                Segment::Name(_) if first.is_empty() => return None,
                Segment::Name(name) => captures.push((name.clone(), first.clone())),
                Segment::Rest(_) => {}
            }
            left = others;
        }
        left.is_empty().then_some(captures)
    }

    /// How exactly it says what a path is; greater is more exact.
    pub(crate) fn exactness(&self) -> (usize, bool, usize) {
        let literal = self
            .segments
            .iter()
            .filter(|segment| matches!(segment, Segment::Literal(_)))
            .count();
        let rest = self
            .segments
            .iter()
            .any(|segment| matches!(segment, Segment::Rest(_)));
        (literal, !rest, self.segments.len())
    }
}

/// The segments of a path as it stands in a request target, percent-decoded one by one.
pub(crate) fn segments_of(path: &str) -> Vec<String> {
    path.strip_prefix('/')
        .unwrap_or(path)
        .split('/')
        .map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{PathPattern, segments_of};
    use rstest::rstest;

    #[rstest]
    #[case("/a/{b}", "/a/x", Some("b=x"))]
    #[case("/a/{b}", "/a/x%2Fy", Some("b=x/y"))]
    #[case("/a/{b}", "/a/", None)]
    #[case("/a/{b}", "/a/x/y", None)]
    #[case("/a/{b}", "/A/x", None)]
    #[case("/{*rest}", "/", Some("rest="))]
    #[case("/{*rest}", "/a/b%20c", Some("rest=a/b c"))]
    #[case("/a/{*rest}", "/a", Some("rest="))]
    #[case("/", "/", Some(""))]
    fn a_path_fits_a_pattern(
        #[case] pattern: &str,
        #[case] path: &str,
        #[case] captures: Option<&str>,
    ) {
        let found = PathPattern::parse(pattern)
            .unwrap()
            .captures(&segments_of(path));
        let shown = found.map(|all| {
            let all: Vec<_> = all
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            all.join(" ")
        });
        assert_eq!(shown.as_deref(), captures);
    }

    #[rstest]
    #[case::literal("/a/b", "/a/{b}")]
    #[case::more_literals("/a/{b}/c", "/a/{b}/{c}")]
    #[case::closed("/a/{b}", "/a/{*rest}")]
    #[case::closed_before_long("/a/{b}", "/a/{b}/{*rest}")]
    #[case::longer("/{a}/{b}", "/{a}")]
    fn one_pattern_is_more_exact(#[case] more: &str, #[case] less: &str) {
        let exactness = |text: &str| PathPattern::parse(text).unwrap().exactness();
        assert!(exactness(more) > exactness(less), "{more}, {less}");
    }

    #[test]
    fn names_stand_in_the_order_of_the_path() {
        let pattern = PathPattern::parse("/a/{b}/{c}/{*rest}").unwrap();
        assert_eq!(pattern.names().collect::<Vec<_>>(), ["b", "c", "rest"]);
    }

    #[test]
    fn a_target_fits_or_does_not() {
        let pattern = PathPattern::parse("/a/{b}").unwrap();
        assert!(pattern.fits("/a/x%20y"));
        assert!(!pattern.fits("/b/x"));
    }

    #[rstest]
    #[case("a", "a path begins with `/`")]
    #[case("/a?b", "'?' is no part of a path")]
    #[case("/a{b}", "`a{b}`: a name in braces is a whole segment")]
    #[case("/{*a}/b", "nothing can follow `{*name}`")]
    #[case("/{a}/{a}", "the name `a` stands in it twice")]
    #[case("/{}", "`` is no name")]
    fn a_pattern_that_cannot_be_meant_is_refused(#[case] pattern: &str, #[case] why: &str) {
        assert_eq!(PathPattern::parse(pattern).unwrap_err(), why);
    }

    #[test]
    fn values_are_percent_encoded_and_fit_the_pattern_again() {
        let pattern = PathPattern::parse("/a/{b}/{*rest}").unwrap();
        let value = |name: &str| match name {
            "b" => Some("x/y z".to_owned()),
            "rest" => Some("/d e/f?g".to_owned()),
            _ => None,
        };
        let path = pattern.fill(value).unwrap();
        assert_eq!(path, "/a/x%2Fy%20z/d%20e/f%3Fg");
        let captures = pattern.captures(&segments_of(&path)).unwrap();
        assert_eq!(captures[0].1, "x/y z");
        assert_eq!(captures[1].1, "d e/f?g");
        assert_eq!(pattern.fill(|_| None).unwrap_err(), "b");
    }
}
