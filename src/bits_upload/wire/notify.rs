use super::target::encode;
use crate::{
    bits_upload::{
        domain::{ApplicationFailure, ApplicationReply},
        settings::Settings,
        values::{ApplicationBody, Notification, NotificationHeaders},
    },
    message::{Broken, How, Reply, Request},
};
use bytes::Bytes;
use std::path::Path;

/// Where the application is, for an upload to a URL: origin and target.
///
/// A reference is resolved beside the upload's URL; the query of the upload is added to it.
pub(crate) fn application_url(settings: &Settings, upload: &str) -> Option<(String, String)> {
    let url = settings.notification_url.as_deref()?;
    let (base, query) = upload.split_once('?').unwrap_or((upload, ""));
    let (scheme, rest) = base.split_once("://")?;
    let (authority, path) = split_path(rest);
    let (origin, mut target) = match url.split_once("://") {
        Some((scheme, rest)) => {
            let (authority, path) = split_path(rest);
            (
                format!("{}://{authority}", scheme.to_ascii_lowercase()),
                path.to_owned(),
            )
        }
        None if url.starts_with('/') => (format!("{scheme}://{authority}"), url.to_owned()),
        None => {
            let folder = path.rfind('/').map_or("/", |at| &path[..=at]);
            (format!("{scheme}://{authority}"), format!("{folder}{url}"))
        }
    };
    if !query.is_empty() {
        target.push(if target.contains('?') { '&' } else { '?' });
        target.push_str(query);
    }
    Some((origin, target))
}

fn split_path(rest: &str) -> (&str, &str) {
    rest.find(['/', '?'])
        .map_or((rest, "/"), |at| rest.split_at(at))
}

/// The files that a notification by reference names.
pub(crate) struct Files<'a> {
    pub(crate) request: &'a Path,
    pub(crate) response: &'a Path,
}

/// The request to the application. Source: MC-BUP 2.2.12 and its sample.
pub(crate) fn question(
    settings: &Settings,
    origin: &str,
    target: &str,
    upload: &str,
    files: Option<&Files<'_>>,
    body: Vec<u8>,
) -> Request {
    let mut request = Request::new("POST", target);
    let authority = origin.split_once("://").map_or(origin, |(_, rest)| rest);
    request.headers.append("Accept", "*/*");
    request.headers.append("BITS-Original-Request-URL", upload);
    let names: &[&str] = match settings.notification_headers {
        NotificationHeaders::DataFile => &["DataFile"],
        NotificationHeaders::DataEntity => &["DataEntity"],
        NotificationHeaders::Both => &["DataFile", "DataEntity"],
    };
    for name in names.iter().filter(|_| files.is_some()) {
        for (kind, path) in files
            .iter()
            .flat_map(|f| [("Request", f.request), ("Response", f.response)])
        {
            let header = format!("BITS-{kind}-{name}-Name");
            request.headers.append(header, path.display().to_string());
        }
    }
    request.headers.append("User-Agent", "BITSExts 1.5");
    request.headers.append("Host", authority);
    request
        .headers
        .append("Content-Length", body.len().to_string());
    request.body = Bytes::from(body);
    request
}

/// What the application answered, or what became of it. Source: MC-BUP 2.2.13, 3.3.5.3.2, 3.3.6.
///
/// # Errors
/// Where there is no success to tell the client.
pub(crate) fn answer(
    settings: &Settings,
    outcome: Result<Reply, Broken>,
) -> Result<ApplicationReply, ApplicationFailure> {
    let reply = outcome.map_err(|broken| match broken.how {
        How::Stalled => ApplicationFailure::Late,
        How::Unreachable | How::Tls | How::Reset | How::Closed => ApplicationFailure::Unreachable,
        How::Cut | How::Garbled | How::TooLarge => ApplicationFailure::Malformed,
    })?;
    if reply.status != 200 {
        let code = ["BITS-Error", "BITS-Error-Code"]
            .iter()
            .find_map(|name| code(reply.headers.get(name)?));
        // A success that is none, or an interim reply, cannot be relayed as what it is.
        let status = if reply.status < 300 {
            500
        } else {
            reply.status
        };
        return Err(ApplicationFailure::Error { status, code });
    }
    let static_url = reply.headers.get("BITS-Static-Response-URL");
    if static_url.is_some_and(|url| !is_absolute(url)) {
        return Err(ApplicationFailure::Malformed);
    }
    let wants_body = settings.notification == Notification::ByValue && static_url.is_none();
    if !wants_body && !reply.body.is_empty() && settings.application_body == ApplicationBody::Refuse
    {
        return Err(ApplicationFailure::Malformed);
    }
    Ok(ApplicationReply {
        static_url: static_url.map(ToOwned::to_owned),
        copy: reply.headers.contains("BITS-Copy-File-To-Destination"),
        body: if wants_body { reply.body } else { Bytes::new() },
    })
}

fn is_absolute(url: &str) -> bool {
    url.split_once("://").is_some_and(|(scheme, rest)| {
        !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphanumeric()) && !rest.is_empty()
    })
}

/// An error code as applications write it: hexadecimal, with or without `0x` or `x`.
fn code(text: &str) -> Option<u32> {
    let digits = text
        .strip_prefix("0x")
        .or_else(|| text.strip_prefix('x'))
        .unwrap_or(text);
    u32::from_str_radix(digits, 16)
        .ok()
        .filter(|code| *code != 0)
}

/// The URL of a reply that the server keeps, beside the upload's own.
pub(crate) fn reply_url(relative: bool, upload: &str, id: &str) -> String {
    if relative {
        return format!(r"BITS-Sessions\Replies\{id}\responsefile.bin");
    }
    let base = upload.split('?').next().unwrap_or_default();
    let path_at = base.find("://").map_or(0, |at| at + 3);
    let folder = base[path_at..]
        .rfind('/')
        .map_or(base, |at| &base[..path_at + at]);
    format!(
        "{folder}/BITS-Sessions/Replies/{}/responsefile.bin",
        encode(id)
    )
}

#[cfg(test)]
mod tests {
    use super::{answer, application_url, reply_url};
    use crate::{
        bits_upload::{domain::ApplicationFailure, settings::Settings, values::Notification},
        message::{Broken, How, Reply},
    };
    use rstest::rstest;

    #[rstest]
    #[case("http://app:81/x", "http://app:81", "/x?q=1")]
    #[case("http://app/x?y", "http://app", "/x?y&q=1")]
    #[case("http://app", "http://app", "/?q=1")]
    #[case("/x", "http://h:80", "/x?q=1")]
    #[case("x.asp", "http://h:80", "/dir/x.asp?q=1")]
    fn the_application_is_found_beside_the_upload(
        #[case] url: &str,
        #[case] origin: &str,
        #[case] target: &str,
    ) {
        let settings = Settings::default().notification_url(url.to_owned());
        let found = application_url(&settings, "http://h:80/dir/file.bin?q=1");
        assert_eq!(found, Some((origin.to_owned(), target.to_owned())));
    }

    #[test]
    fn a_reply_lies_beside_its_upload() {
        assert_eq!(
            reply_url(false, "http://h/dir/file?q", "{A}"),
            "http://h/dir/BITS-Sessions/Replies/%7BA%7D/responsefile.bin"
        );
        assert_eq!(
            reply_url(false, "/file", "{A}"),
            "/BITS-Sessions/Replies/%7BA%7D/responsefile.bin"
        );
        assert_eq!(
            reply_url(true, "http://h/dir/file", "{A}"),
            r"BITS-Sessions\Replies\{A}\responsefile.bin"
        );
    }

    #[rstest]
    #[case(Ok(Reply::new(404)), ApplicationFailure::Error { status: 404, code: None })]
    #[case(Ok(Reply::new(500).header("BITS-Error", "x80004005")), ApplicationFailure::Error { status: 500, code: Some(0x8000_4005) })]
    #[case(Ok(Reply::new(204)), ApplicationFailure::Error { status: 500, code: None })]
    #[case(Ok(Reply::new(200).header("BITS-Static-Response-URL", "x.bin")), ApplicationFailure::Malformed)]
    #[case(Ok(Reply::new(200).body("unwanted")), ApplicationFailure::Malformed)]
    #[case(Err(How::Stalled), ApplicationFailure::Late)]
    #[case(Err(How::Unreachable), ApplicationFailure::Unreachable)]
    #[case(Err(How::Garbled), ApplicationFailure::Malformed)]
    fn what_an_application_does_wrong_is_told_apart(
        #[case] outcome: Result<Reply, How>,
        #[case] failure: ApplicationFailure,
    ) {
        let settings = Settings::default().notification(Notification::ByReference);
        let outcome = outcome.map_err(|how| Broken {
            how,
            detail: String::new(),
            partial: None,
        });
        assert_eq!(answer(&settings, outcome), Err(failure));
    }
}
