//! Create Session, Attach to Session, Close Session.

use super::{Call, Fault, Flow, WireReply, refusals, session_info, start_info};
use crate::hpc_pack::{HeadNode, Quirk, soa::Refused};

/// Create Session.
pub(crate) fn create(node: &HeadNode, call: &Call<'_>) -> Result<Flow, Fault> {
    let durable = durable(node, call)?;
    let start = start_info::read(call, node.quirks)?;
    let session = node
        .soa
        .create(start, durable, call.now)
        .map_err(|refused| refusals::fault(refused, &node.settings))?;
    Ok(session_info::reply(node, call, &session).into())
}

/// Attach to Session.
pub(crate) fn attach(node: &HeadNode, call: &Call<'_>) -> Result<Flow, Fault> {
    let durable = durable(node, call)?;
    let session = call
        .id(0)
        .or(node.quirks.has(Quirk::AttachIgnoresId).then_some(-1))
        .ok_or(Refused::UnknownSession)
        .and_then(|id| node.soa.attach(id, durable, call.now))
        .map_err(|refused| refusals::fault(refused, &node.settings))?;
    Ok(session_info::reply(node, call, &session).into())
}

/// Close Session. Closing what is not open is no error (A73), unless the setting says so.
pub(crate) fn close(node: &HeadNode, call: &Call<'_>) -> Result<Flow, Fault> {
    let closed = call
        .id(0)
        .ok_or(Refused::UnknownSession)
        .and_then(|id| node.soa.close(id, call.now));
    match closed {
        Err(refused) if node.settings.close_strict => Err(refusals::fault(refused, &node.settings)),
        _ => Ok(WireReply::empty().into()),
    }
}

/// The `durable` parameter, which is required (A62).
fn durable(node: &HeadNode, call: &Call<'_>) -> Result<bool, Fault> {
    match call.query.boolean("durable")? {
        Some(durable) => Ok(durable),
        None if node.quirks.has(Quirk::DurableNotRequired) => Ok(false),
        None => Err(Fault::bad_parameter(
            "The URI parameter durable is required.",
        )),
    }
}
