/// What a reply is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Media {
    /// `application/xml`
    Xml,
    /// `application/json`
    Json,
}

/// Chooses by `Accept`: JSON only where it is asked for by name and nothing else is liked better (A65).
///
/// Absent, `*/*` and what this service cannot write all give XML; nothing is answered 406.
pub(crate) fn negotiate(accept: Option<&str>) -> Media {
    let (mut xml, mut json) = (None, None);
    for range in accept.unwrap_or_default().split(',') {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let weight = parts
            .filter_map(|part| part.split_once('='))
            .find(|(name, _)| name.trim().eq_ignore_ascii_case("q"))
            .and_then(|(_, value)| value.trim().parse().ok())
            .unwrap_or(1.0_f32);
        if weight <= 0.0 {
            continue;
        }
        if name.eq_ignore_ascii_case("application/json") {
            json = json.max(Some(milli(weight)));
        } else if ["application/xml", "text/xml", "application/*", "*/*"]
            .iter()
            .any(|known| name.eq_ignore_ascii_case(known))
        {
            xml = xml.max(Some((milli(weight), !name.contains('*'))));
        }
    }
    match (json, xml) {
        (None, _) => Media::Xml,
        (Some(json), Some((weight, named))) if weight > json || (weight == json && named) => {
            Media::Xml
        }
        (Some(_), _) => Media::Json,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a weight is between 0 and 1"
)]
fn milli(weight: f32) -> u32 {
    (weight.clamp(0.0, 1.0) * 1000.0) as u32
}

#[cfg(test)]
mod tests {
    use super::{Media, negotiate};
    use rstest::rstest;

    #[rstest]
    #[case(None, Media::Xml)]
    #[case(Some(""), Media::Xml)]
    #[case(Some("*/*"), Media::Xml)]
    #[case(Some("application/xml"), Media::Xml)]
    #[case(Some("application/json"), Media::Json)]
    #[case(Some("Application/JSON; charset=utf-8"), Media::Json)]
    #[case(Some("application/json, text/javascript, */*; q=0.01"), Media::Json)]
    #[case(Some("application/json, */*"), Media::Json)]
    #[case(Some("application/json;q=0.5, application/xml"), Media::Xml)]
    #[case(Some("application/json, application/xml;q=0.5"), Media::Json)]
    #[case(Some("application/xml, application/json"), Media::Xml)]
    #[case(Some("application/json;q=0"), Media::Xml)]
    #[case(Some("text/html, image/gif, image/jpeg, */*; q=0.2"), Media::Xml)]
    #[case(Some("text/html"), Media::Xml)]
    fn json_is_written_only_where_it_is_asked_for(
        #[case] accept: Option<&str>,
        #[case] expected: Media,
    ) {
        assert_eq!(negotiate(accept), expected);
    }
}
