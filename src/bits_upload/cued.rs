//! Errors of the protocol that are told on cue, though nothing is wrong.

use super::{
    domain::{Fault, Refusal},
    server::Core,
};
use crate::{
    message::Reply,
    mock::{self, Head},
};

const fn row(id: &'static str, says: &'static str, fault: Fault) -> (mock::Fault, Fault) {
    (mock::Fault { id, says }, fault)
}

/// The errors by the names that cues use. Status, code and context of each stand in the table of the wire.
const ROWS: [(mock::Fault, Fault); 32] = [
    row(
        "malformed",
        "The packet breaks its form: 400, E_INVALIDARG.",
        Fault::Malformed,
    ),
    row(
        "unknown-packet",
        "There is no packet of that type: 400, E_INVALIDARG.",
        Fault::UnknownPacket,
    ),
    row(
        "no-session-id",
        "The packet names no session: 400, E_INVALIDARG.",
        Fault::NoSessionId,
    ),
    row(
        "header-too-long",
        "A header value is too long: 400, E_INVALIDARG.",
        Fault::HeaderTooLong,
    ),
    row(
        "url-too-long",
        "The URL is too long: 414, E_INVALIDARG.",
        Fault::UrlTooLong,
    ),
    row(
        "unwanted-body",
        "The packet must not have a body: 400, E_INVALIDARG.",
        Fault::UnwantedBody,
    ),
    row(
        "no-length",
        "The length of the body is not told: 411, E_INVALIDARG.",
        Fault::NoLength,
    ),
    row(
        "no-protocol",
        "None of the protocols offered is known: 400, E_INVALIDARG.",
        Fault::NoProtocol,
    ),
    row(
        "bad-range",
        "The range does not fit: 400, E_INVALIDARG.",
        Fault::BadRange,
    ),
    row(
        "total-changed",
        "The total differs from that of earlier fragments: 400, E_INVALIDARG.",
        Fault::TotalChanged,
    ),
    row(
        "other-url",
        "The session belongs to another URL: 400, E_INVALIDARG.",
        Fault::OtherUrl,
    ),
    row(
        "incomplete",
        "The upload is closed before its end: 400, E_INVALIDARG.",
        Fault::Incomplete,
    ),
    row(
        "is-folder",
        "The destination is a folder: 400, E_INVALIDARG.",
        Fault::IsFolder,
    ),
    row(
        "no-folder",
        "The folder of the destination does not exist: 404.",
        Fault::NoFolder,
    ),
    row(
        "exists",
        "The destination exists: 403, E_ACCESSDENIED.",
        Fault::Exists,
    ),
    row(
        "denied",
        "Access is denied: 403, E_ACCESSDENIED.",
        Fault::Denied,
    ),
    row(
        "executable",
        "Scripts may run at the destination: 403, BG_E_SERVER_EXECUTE_ENABLED.",
        Fault::Executable,
    ),
    row(
        "disabled",
        "The server takes no uploads: 501, E_ACCESSDENIED.",
        Fault::Disabled,
    ),
    row(
        "session-not-found",
        "There is no such session: 500, BG_E_SESSION_NOT_FOUND.",
        Fault::NoSession,
    ),
    row(
        "out-of-step",
        "The fragment does not start at the offset expected, which is told: 416.",
        Fault::OutOfStep,
    ),
    row(
        "upload-too-large",
        "The whole upload is too large: 500, BG_E_TOO_LARGE.",
        Fault::UploadTooLarge,
    ),
    row(
        "fragment-too-large",
        "The fragment is too large: 413, or as set with `fragment-too-large`.",
        Fault::FragmentTooLarge,
    ),
    row(
        "disk-full",
        "There is no room left: 500, ERROR_DISK_FULL.",
        Fault::DiskFull,
    ),
    row(
        "gone",
        "The bytes of the upload have been deleted: 404.",
        Fault::Gone,
    ),
    row(
        "encoded",
        "The bytes come in an unknown encoding: 415, E_INVALIDARG.",
        Fault::Encoded,
    ),
    row(
        "too-many-sessions",
        "There are too many sessions: 503.",
        Fault::TooManySessions,
    ),
    row(
        "reply-url-too-long",
        "The reply URL of the application is too long: 400, E_INVALIDARG, context 0x7.",
        Fault::ReplyUrlTooLong,
    ),
    row(
        "application-late",
        "The application took too long: 408, context 0x7.",
        Fault::ApplicationLate,
    ),
    row(
        "application-malformed",
        "The answer of the application breaks the protocol: 411, E_INVALIDARG, context 0x7.",
        Fault::ApplicationMalformed,
    ),
    row(
        "application-unreachable",
        "The application cannot be reached: 500, ERROR_INTERNET_CANNOT_CONNECT, context 0x7.",
        Fault::ApplicationUnreachable,
    ),
    row(
        "application-error",
        "The application answered with an error of its own: 500, BG_E_HTTP_ERROR_500, context 0x7.",
        Fault::ApplicationError,
    ),
    row(
        "storage",
        "Storage failed: 500, ERROR_WRITE_FAULT.",
        Fault::Storage,
    ),
];

/// What doors list.
pub(super) static FAULTS: [mock::Fault; ROWS.len()] = {
    let mut all = [ROWS[0].0; ROWS.len()];
    let mut at = 0;
    while at < all.len() {
        all[at] = ROWS[at].0;
        at += 1;
    }
    all
};

impl Core {
    /// An error as the ack to a request, with the session and the offset that it would be told with.
    pub(super) fn cued(&self, id: &str, head: &Head) -> Option<Reply> {
        let (_, fault) = *ROWS.iter().find(|(known, _)| known.id == id)?;
        let session = head.request.headers.get("BITS-Session-Id").map(str::trim);
        let offset = session.and_then(|session| self.uploads.offset_of(session));
        let told = matches!(
            fault,
            Fault::OutOfStep
                | Fault::TotalChanged
                | Fault::UploadTooLarge
                | Fault::FragmentTooLarge
                | Fault::BadRange
        );
        let refusal = Refusal {
            // Who is out of step has to be told where to go on, even where nothing is held.
            offset: match offset {
                None if fault == Fault::OutOfStep => Some(0),
                offset => offset.filter(|_| told),
            },
            ..fault.into()
        };
        let session = session.filter(|_| offset.is_some() && fault != Fault::NoSession);
        Some(self.acks().refused(refusal, session))
    }
}

#[cfg(test)]
mod tests {
    use super::{FAULTS, ROWS};
    use crate::{
        bits_upload::{
            Server, Settings,
            wire::{ERRORS, row_of},
        },
        message::Request,
        mock::{Clock, Head, Model as _, Options},
    };
    use rstest::rstest;
    use std::collections::BTreeSet;

    #[test]
    fn every_error_of_the_table_can_be_told_on_cue_under_one_name() {
        for row in ERRORS {
            let named = ROWS.iter().filter(|(_, fault)| *fault == row.fault).count();
            assert_eq!(named, 1, "{:?}", row.fault);
        }
        for (fault, kind) in ROWS {
            let status = row_of(kind, &Settings::default()).status;
            assert!(fault.says.contains(&format!(": {status}")), "{fault:?}");
        }
        let names: BTreeSet<&str> = FAULTS.iter().map(|fault| fault.id).collect();
        assert_eq!(names.len(), ERRORS.len());
    }

    #[rstest]
    #[case("both", &["BITS-Error", "BITS-Error-Code"])]
    #[case("bits-error", &["BITS-Error"])]
    #[case("bits-error-code", &["BITS-Error-Code"])]
    fn an_error_on_cue_goes_by_the_setting_of_its_header(
        #[case] set: &str,
        #[case] names: &[&str],
    ) {
        let server = Server::start(&Options {
            set: vec![("error-header".to_owned(), set.to_owned())],
            ..Options::default()
        })
        .unwrap();
        let head = Head::of(&Request::new("BITS_POST", "/a"));
        let reply = server
            .fault("session-not-found", &head, Clock::START)
            .unwrap();
        assert_eq!(reply.status, 500);
        let told: Vec<(&str, &str)> = reply
            .headers
            .iter()
            .filter(|(name, _)| name.starts_with("BITS-Error") && !name.ends_with("Context"))
            .collect();
        let expected: Vec<(&str, &str)> = names.iter().map(|name| (*name, "0x8020001F")).collect();
        assert_eq!(told, expected);
        assert_eq!(reply.headers.get("BITS-Packet-Type"), Some("Ack"));
        assert_eq!(server.fault("no-such-fault", &head, Clock::START), None);
    }
}
