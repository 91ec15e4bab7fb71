use crate::bits_upload::{
    domain::Fault,
    settings::Settings,
    values::{ExistsStatus, FragmentTooLarge, MissingLength, TooLarge, Uploads},
};

/// What a fault looks like on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ErrorRow {
    /// Why.
    pub(crate) fault: Fault,
    /// The status.
    pub(crate) status: u16,
    /// The error code; none where no document gives one.
    pub(crate) code: Option<u32>,
    /// The error context, told with the code only: 0x5 the server, 0x7 the application.
    pub(crate) context: u8,
    /// The name of the code.
    pub(crate) name: &'static str,
}

const INVALID: (u32, &str) = (0x8007_0057, "E_INVALIDARG");
const DENIED: (u32, &str) = (0x8007_0005, "E_ACCESSDENIED");
const TOO_LARGE: (u32, &str) = (0x8020_0020, "BG_E_TOO_LARGE");

const fn row(
    fault: Fault,
    status: u16,
    (code, name): (u32, &'static str),
    context: u8,
) -> ErrorRow {
    ErrorRow {
        fault,
        status,
        code: Some(code),
        context,
        name,
    }
}

const fn bare(fault: Fault, status: u16) -> ErrorRow {
    ErrorRow {
        fault,
        status,
        code: None,
        context: 0x5,
        name: "",
    }
}

/// The table of errors with its defaults. Source: MC-BUP 2.2.1.2, 3.2.5.2.3, 3.3.5.3.2, 3.3.6.
pub(crate) const ERRORS: &[ErrorRow] = &[
    row(Fault::Malformed, 400, INVALID, 0x5),
    row(Fault::UnknownPacket, 400, INVALID, 0x5),
    row(Fault::NoSessionId, 400, INVALID, 0x5),
    row(Fault::HeaderTooLong, 400, INVALID, 0x5),
    row(Fault::UnwantedBody, 400, INVALID, 0x5),
    row(Fault::NoProtocol, 400, INVALID, 0x5),
    row(Fault::BadRange, 400, INVALID, 0x5),
    row(Fault::TotalChanged, 400, INVALID, 0x5),
    row(Fault::OtherUrl, 400, INVALID, 0x5),
    row(Fault::Incomplete, 400, INVALID, 0x5),
    row(Fault::IsFolder, 400, INVALID, 0x5),
    row(Fault::NoLength, 411, INVALID, 0x5),
    row(Fault::UrlTooLong, 414, INVALID, 0x5),
    row(Fault::Encoded, 415, INVALID, 0x5),
    row(Fault::Denied, 403, DENIED, 0x5),
    row(Fault::Exists, 403, DENIED, 0x5),
    row(Fault::Disabled, 501, DENIED, 0x5),
    row(
        Fault::Executable,
        403,
        (0x8020_0023, "BG_E_SERVER_EXECUTE_ENABLED"),
        0x5,
    ),
    row(
        Fault::NoSession,
        500,
        (0x8020_001F, "BG_E_SESSION_NOT_FOUND"),
        0x5,
    ),
    row(Fault::UploadTooLarge, 500, TOO_LARGE, 0x5),
    row(Fault::FragmentTooLarge, 500, TOO_LARGE, 0x5),
    row(Fault::DiskFull, 500, (0x8007_0070, "ERROR_DISK_FULL"), 0x5),
    row(Fault::Storage, 500, (0x8007_001D, "ERROR_WRITE_FAULT"), 0x5),
    row(Fault::ReplyUrlTooLong, 400, INVALID, 0x7),
    row(
        Fault::ApplicationLate,
        408,
        (0x8007_0112, "as printed"),
        0x7,
    ),
    row(Fault::ApplicationMalformed, 411, INVALID, 0x7),
    row(
        Fault::ApplicationUnreachable,
        500,
        (0x8007_2EFD, "ERROR_INTERNET_CANNOT_CONNECT"),
        0x7,
    ),
    row(
        Fault::ApplicationError,
        500,
        (0x8019_01F4, "BG_E_HTTP_ERROR_500"),
        0x7,
    ),
    bare(Fault::OutOfStep, 416),
    bare(Fault::NoFolder, 404),
    bare(Fault::Gone, 404),
    bare(Fault::TooManySessions, 503),
];

/// The row of a fault as the settings have it.
pub(crate) fn row_of(fault: Fault, settings: &Settings) -> ErrorRow {
    let mut row = *ERRORS
        .iter()
        .find(|row| row.fault == fault)
        .expect("every fault has its row");
    match fault {
        Fault::NoLength if settings.missing_length == MissingLength::BadRequest => row.status = 400,
        Fault::Exists if settings.exists_status == ExistsStatus::Conflict => row.status = 409,
        // With a code beside it, a client would give up instead of sending smaller fragments.
        Fault::FragmentTooLarge if settings.fragment_too_large == FragmentTooLarge::TooLarge => {
            row = bare(fault, 413);
        }
        Fault::UploadTooLarge => match settings.too_large {
            TooLarge::Error => {}
            TooLarge::TooLarge => row.status = 413,
            TooLarge::NotFound => row = bare(fault, 404),
        },
        Fault::Disabled if settings.uploads == Uploads::NotFound => row = bare(fault, 404),
        Fault::DiskFull => row.code = Some(settings.disk_full_code.0),
        Fault::ApplicationLate => row.code = Some(settings.notification_timeout_code.0),
        _ => {}
    }
    row
}
