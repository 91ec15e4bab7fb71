//! What can be said against a request when no more than its head is there.

use super::{Accepts, Fault, Method, Route, Rules, Stated, code};
use crate::{
    hpc_pack::{HeadNode, Quirk, Settings},
    mock::{BodyLength, Head},
};

/// Checks version, length and media type of a request.
///
/// # Errors
/// The fault that it is refused with.
pub(crate) fn check(
    node: &HeadNode,
    route: &Route,
    stated: Stated,
    head: &Head,
) -> Result<(), Fault> {
    check_version(node, route, stated)?;
    if route.method != Method::Get && head.length == BodyLength::Unstated {
        return Err(Fault::new(
            411,
            code::GENERAL,
            "The request states no length; an empty body needs Content-Length: 0.",
        ));
    }
    if route.accepts == Accepts::None {
        return Ok(());
    }
    if matches!(head.length, BodyLength::Bytes(length) if length > node.settings.body_limit as u64)
    {
        return Err(too_large(&node.settings));
    }
    check_media(node, route, head)
}

fn check_version(node: &HeadNode, route: &Route, stated: Stated) -> Result<(), Fault> {
    let code = if route.rules == Rules::Soa {
        code::API_VERSION
    } else {
        code::GENERAL
    };
    match (route.rules, stated) {
        (Rules::Sp2 | Rules::Sp2ByDate, Stated::Absent) => Ok(()),
        (_, Stated::Absent) => {
            if node.quirks.has(Quirk::VersionNotRequired) {
                return Ok(());
            }
            Err(Fault::new(
                400,
                code,
                "The request states no api-version, neither as header nor as URI parameter.",
            ))
        }
        (_, Stated::Unknown { .. }) => {
            if node.quirks.has(Quirk::UnknownVersionAccepted) {
                return Ok(());
            }
            Err(Fault::new(
                400,
                code,
                "The api-version is none that this service knows.",
            ))
        }
        (Rules::Sp4, Stated::Known(version)) if !version.has_active_head_node() => {
            if node.quirks.has(Quirk::OldVersionAccepted) {
                return Ok(());
            }
            Err(Fault::new(
                400,
                code,
                "This operation needs api-version 2012-03-31.3.4 or later.",
            ))
        }
        (_, Stated::Known(_)) => Ok(()),
    }
}

fn check_media(node: &HeadNode, route: &Route, head: &Head) -> Result<(), Fault> {
    let value = head.request.headers.get("Content-Type");
    let name = value.map(|value| value.split(';').next().unwrap_or_default().trim());
    let is = |known: &str| name.is_some_and(|name| name.eq_ignore_ascii_case(known));
    let (xml, json) = (
        is("application/xml") || is("text/xml"),
        is("application/json"),
    );
    let good = match route.accepts {
        Accepts::None => true,
        Accepts::Xml => name.is_none() || xml || head.length == BodyLength::Bytes(0),
        Accepts::SessionStart => {
            (xml && !node.quirks.has(Quirk::XmlStartRefused))
                || (json && !node.quirks.has(Quirk::JsonStartRefused))
        }
        Accepts::Octets => is("application/octet-stream"),
    };
    if good && charset_is_utf8(value.unwrap_or_default()) {
        return Ok(());
    }
    Err(Fault::new(
        415,
        code::GENERAL,
        format!(
            "The body is of a media type that {} does not take.",
            title(route.id)
        ),
    ))
}

/// An operation as the documents name it: `Create Job`.
fn title(id: &str) -> String {
    let word = |word: &str| match word {
        "from" => word.to_owned(),
        "xml" => "XML".to_owned(),
        _ => word[..1].to_uppercase() + &word[1..],
    };
    id.split('_').map(word).collect::<Vec<_>>().join(" ")
}

/// The fault for a body that is larger than the settings allow.
pub(crate) fn too_large(settings: &Settings) -> Fault {
    Fault::new(
        413,
        code::GENERAL,
        format!("The body is larger than {} bytes.", settings.body_limit),
    )
}

fn charset_is_utf8(content_type: &str) -> bool {
    content_type
        .split(';')
        .skip(1)
        .filter_map(|part| part.split_once('='))
        .filter(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))
        .all(|(_, value)| {
            let value = value.trim().trim_matches('"');
            ["utf-8", "utf8", "us-ascii"]
                .iter()
                .any(|known| value.eq_ignore_ascii_case(known))
        })
}
