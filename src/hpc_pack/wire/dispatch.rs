use super::{Call, Fault, Flow, Operation, batch, scheduler, session};
use crate::hpc_pack::HeadNode;

/// What carries out an operation.
type Handler = fn(&HeadNode, &Call<'_>) -> Result<Flow, Fault>;

/// Carries out the operation of a call.
///
/// # Errors
/// The fault that the operation ends in.
pub(crate) fn dispatch(node: &HeadNode, call: &Call<'_>) -> Result<Flow, Fault> {
    match handler(call.route.operation) {
        Some(_) if !scheduler::is_prepared(node, call) => Ok(Flow::Wait(call.now)),
        Some(handler) => handler(node, call),
        None => Err(Fault::bad_request("This operation is not there.")),
    }
}

fn handler(operation: Operation) -> Option<Handler> {
    Some(match operation {
        Operation::CreateSession => session::create,
        Operation::AttachSession => session::attach,
        Operation::CloseSession => session::close,
        Operation::SendRequests => batch::send,
        Operation::IndicateEndOfRequests => batch::commit,
        Operation::GetRequestStatus => batch::status,
        Operation::GetResponses => batch::responses,
        Operation::DeleteRequests => batch::purge,
        other => return scheduler::handler(other),
    })
}
