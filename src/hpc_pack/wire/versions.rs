use super::{Query, Rules};
use crate::{
    hpc_pack::{Quirk, Quirks},
    message::Headers,
};

/// The documented values of api-version, oldest first.
///
/// `2012-11-01` stands in the `$filter` text only and is the same version as `2012-11-01.4.0` (A12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ApiVersion {
    /// `2011-11-01`: HPC Pack 2008 R2 SP3.
    V2011_11,
    /// `2012-03-31.3.4`: HPC Pack 2008 R2 SP4.
    V2012_03,
    /// `2012-11-01.4.0`: HPC Pack 2012 and later.
    V2012_11,
}

/// What a request says of its version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stated {
    /// Nothing, or an empty value (A18).
    Absent,
    /// One of the documented values.
    Known(ApiVersion),
    /// Something else, and whether it reads as a date before 2011-11-01.
    Unknown {
        /// Whether it reads as a date before the first documented one.
        early: bool,
    },
}

/// How errors are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// `<string>` with the text.
    Legacy,
    /// `HpcWebServiceFault` in XML.
    Xml,
    /// The same members in JSON; on SOA routes only (A24).
    Json,
}

impl ApiVersion {
    const VALUES: [(&'static str, Self); 4] = [
        ("2011-11-01", Self::V2011_11),
        ("2012-03-31.3.4", Self::V2012_03),
        ("2012-11-01.4.0", Self::V2012_11),
        ("2012-11-01", Self::V2012_11),
    ];

    /// Whether Get Active Head Node is there in this version (A87).
    pub(crate) fn has_active_head_node(self) -> bool {
        self >= Self::V2012_03
    }
}

impl Stated {
    /// Reads header and query; the header wins, an empty one counts as absent.
    pub(crate) fn read(headers: &Headers, query: Query<'_>, quirks: Quirks) -> Self {
        let header = || {
            headers
                .get("api-version")
                .map(str::trim)
                .filter(|v| !v.is_empty())
        };
        let in_query = || query.get("api-version").filter(|value| !value.is_empty());
        if quirks.has(Quirk::QueryVersionWins)
            && let Some(value) = in_query()
        {
            return Self::of(&value, quirks);
        }
        match header() {
            Some(value) => Self::of(value, quirks),
            None => in_query().map_or(Self::Absent, |value| Self::of(&value, quirks)),
        }
    }

    fn of(value: &str, quirks: Quirks) -> Self {
        if value == "2012-11-01" && quirks.has(Quirk::KnownVersionRefused) {
            return Self::Unknown { early: false };
        }
        ApiVersion::VALUES
            .iter()
            .find(|(known, _)| *known == value)
            .map_or_else(
                || Self::Unknown {
                    early: is_date(value) && value < "2011-11-01",
                },
                |(_, version)| Self::Known(*version),
            )
    }

    /// The version, where it is a documented one.
    pub(crate) fn known(self) -> Option<ApiVersion> {
        match self {
            Self::Known(version) => Some(version),
            Self::Absent | Self::Unknown { .. } => None,
        }
    }
}

/// How errors of this request are told (A14, A16); JSON is the caller's to choose on SOA routes.
///
/// `ccp` is whether `CCP_Version` is present, `ccp_decides` the setting for requests that carry both.
pub(crate) fn shape(rules: Rules, stated: Stated, ccp: bool, ccp_decides: bool) -> Shape {
    let legacy = match rules {
        Rules::Sp2 => stated == Stated::Absent || (ccp && ccp_decides),
        Rules::Sp2ByDate => matches!(stated, Stated::Absent | Stated::Unknown { early: true }),
        Rules::Sp3 | Rules::Sp4 | Rules::Soa => false,
    };
    if legacy { Shape::Legacy } else { Shape::Xml }
}

fn is_date(value: &str) -> bool {
    let bytes = value.as_bytes();
    bytes.len() >= 10
        && bytes[..10].iter().enumerate().all(|(at, byte)| match at {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}

#[cfg(test)]
mod tests {
    use super::{ApiVersion, Shape, Stated, shape};
    use crate::{
        hpc_pack::{
            Quirks,
            wire::{Query, Rules},
        },
        message::Headers,
    };
    use rstest::rstest;

    #[rstest]
    #[case(None, "", Stated::Absent)]
    #[case(Some("2011-11-01"), "", Stated::Known(ApiVersion::V2011_11))]
    #[case(
        None,
        "api-version=2012-11-01.4.0",
        Stated::Known(ApiVersion::V2012_11)
    )]
    #[case(None, "API-Version=2012-11-01", Stated::Known(ApiVersion::V2012_11))]
    #[case(
        Some("2012-03-31.3.4"),
        "api-version=garbage",
        Stated::Known(ApiVersion::V2012_03)
    )]
    #[case(Some("garbage"), "api-version=2011-11-01", Stated::Unknown { early: false })]
    #[case(
        Some(""),
        "api-version=2011-11-01",
        Stated::Known(ApiVersion::V2011_11)
    )]
    #[case(None, "api-version=", Stated::Absent)]
    #[case(Some("2010-05-05"), "", Stated::Unknown { early: true })]
    #[case(Some("2016-11-01.5.0"), "", Stated::Unknown { early: false })]
    fn the_header_wins_over_the_query_and_an_empty_one_counts_as_absent(
        #[case] header: Option<&str>,
        #[case] query: &str,
        #[case] expected: Stated,
    ) {
        let headers: Headers = header
            .map(|value| ("Api-Version", value))
            .into_iter()
            .collect();
        assert_eq!(
            Stated::read(&headers, Query(query), Quirks::default()),
            expected
        );
    }

    #[test]
    fn versions_are_ordered_by_their_date() {
        assert!(ApiVersion::V2011_11 < ApiVersion::V2012_03);
        assert!(ApiVersion::V2012_03 < ApiVersion::V2012_11);
    }

    #[rstest]
    #[case(Rules::Sp2, Stated::Absent, false, Shape::Legacy)]
    #[case(Rules::Sp2, Stated::Absent, true, Shape::Legacy)]
    #[case(Rules::Sp2, Stated::Known(ApiVersion::V2011_11), false, Shape::Xml)]
    #[case(Rules::Sp2, Stated::Known(ApiVersion::V2011_11), true, Shape::Xml)]
    #[case(Rules::Sp2, Stated::Unknown { early: true }, false, Shape::Xml)]
    #[case(Rules::Sp2ByDate, Stated::Unknown { early: true }, false, Shape::Legacy)]
    #[case(Rules::Sp2ByDate, Stated::Absent, false, Shape::Legacy)]
    #[case(Rules::Sp3, Stated::Absent, true, Shape::Xml)]
    #[case(Rules::Soa, Stated::Absent, false, Shape::Xml)]
    fn the_body_of_errors_follows_rules_and_version(
        #[case] rules: Rules,
        #[case] stated: Stated,
        #[case] ccp: bool,
        #[case] expected: Shape,
    ) {
        assert_eq!(shape(rules, stated, ccp, false), expected);
    }

    #[test]
    fn with_both_versions_stated_the_setting_decides_on_the_pages_that_name_ccp_version() {
        let known = Stated::Known(ApiVersion::V2011_11);
        assert_eq!(shape(Rules::Sp2, known, true, true), Shape::Legacy);
        assert_eq!(shape(Rules::Sp2ByDate, known, true, true), Shape::Xml);
        assert_eq!(shape(Rules::Soa, known, true, true), Shape::Xml);
    }
}
