use super::{Fault, code};
use crate::hpc_pack::{Settings, soa::Refused};

/// What the broker's refusal is on the wire. Statuses are this mock's policy (A20), codes those of section 7.
pub(crate) fn fault(refused: Refused, settings: &Settings) -> Fault {
    let unknown = settings.unknown_id_status;
    match refused {
        Refused::UnknownSession => Fault::new(
            unknown,
            code::INVALID_SESSION,
            "There is no session of that id.",
        ),
        Refused::SessionFinished => Fault::new(
            400,
            code::SESSION_FINISHED,
            "The session has finished; nobody can attach to it any more.",
        ),
        Refused::SessionCanceled => Fault::new(
            400,
            code::SESSION_CANCELED,
            "The service job of the session was canceled; nobody can attach to it any more.",
        ),
        Refused::UnknownService(name) => Fault::new(
            400,
            code::SERVICE_NOT_FOUND,
            format!("No service is registered under the name {name}."),
        ),
        Refused::UnknownServiceVersion => Fault::new(
            400,
            code::SERVICE_VERSION_NOT_FOUND,
            "The service is not registered in that version.",
        ),
        Refused::NoDurableSessions => Fault::new(
            400,
            code::NO_DURABLE_IN_AZURE,
            "Durable sessions are not to be had where the scheduler is in Azure.",
        ),
        Refused::SessionIsDurable => Fault::new(
            400,
            code::ATTACH_DURABLE,
            "The session is durable and cannot be attached to as an interactive one.",
        ),
        Refused::SessionIsInteractive => Fault::new(
            400,
            code::ATTACH_INTERACTIVE,
            "The session is interactive and cannot be attached to as a durable one.",
        ),
        Refused::TooManySessions => Fault::new(
            400,
            code::NO_BROKER,
            "No broker node has room for another session.",
        ),
    }
}
