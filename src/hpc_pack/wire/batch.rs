//! Send Requests, Indicate the End of Requests, Get Request Status, Get Responses, Delete Requests.

use super::{Call, Fault, Flow, Media, WireReply, envelopes, media, ns, records, refusals, xml};
use crate::hpc_pack::{
    HeadNode, Quirk,
    soa::{Delivery, Refused, Status, Wanted},
};

/// Send Requests: 200, or 201 where the batch is committed with them.
pub(crate) fn send(node: &HeadNode, call: &Call<'_>) -> Result<Flow, Fault> {
    let session = session(node, call)?;
    let commit = call.query.boolean("commit")?.unwrap_or(false);
    let requests = if is_generic(node, call)? {
        records::read(call.body, node)?
    } else {
        envelopes::read(call.body, node)?
    };
    node.soa
        .send(session, &call.params[1], requests, commit, call.now)
        .map_err(|refused| refusals::fault(refused, &node.settings))?;
    let mut reply = WireReply::empty();
    reply.status = Some(if commit { 201 } else { 200 });
    Ok(reply.into())
}

/// Indicate the End of Requests: 201 without a body.
pub(crate) fn commit(node: &HeadNode, call: &Call<'_>) -> Result<Flow, Fault> {
    node.soa
        .commit(session(node, call)?, &call.params[1], call.now)
        .map_err(|refused| refusals::fault(refused, &node.settings))?;
    Ok(WireReply::empty().into())
}

/// Delete Requests.
pub(crate) fn purge(node: &HeadNode, call: &Call<'_>) -> Result<Flow, Fault> {
    node.soa
        .purge(session(node, call)?, &call.params[1], call.now)
        .map_err(|refused| refusals::fault(refused, &node.settings))?;
    Ok(WireReply::empty().into())
}

/// Get Request Status: a number in JSON, a name in XML (A72).
pub(crate) fn status(node: &HeadNode, call: &Call<'_>) -> Result<Flow, Fault> {
    let status = node
        .soa
        .status(session(node, call)?, &call.params[1], call.now)
        .map_err(|refused| refusals::fault(refused, &node.settings))?;
    let (number, name) = match status {
        Status::Ready => ("1", "Ready"),
        Status::Processing => ("2", "Processing"),
        Status::Finished => ("3", "Finished"),
    };
    Ok(match call.accept {
        Media::Json => WireReply::of(media::JSON, number),
        Media::Xml => {
            let mut out = xml::Writer::new();
            out.leaf_with("BrokerClientStatus", &[("xmlns", ns::STATUS)], name);
            WireReply::of(media::XML, out.finish())
        }
    }
    .into())
}

/// Get Responses: never JSON, whatever `Accept` says; that is for its errors.
pub(crate) fn responses(node: &HeadNode, call: &Call<'_>) -> Result<Flow, Fault> {
    let session = session(node, call)?;
    let generic = is_generic(node, call)?;
    let wanted = Wanted {
        count: match call.query.integer("count")?.unwrap_or(-1) {
            -1 => None,
            count => Some(usize::try_from(count).map_err(|_| {
                Fault::bad_parameter("The URI parameter count takes -1 or a number from 0 on.")
            })?),
        },
        action: call.query.get("action").unwrap_or_default().into_owned(),
        reset: call.query.boolean("reset")?.unwrap_or(false),
    };
    let delivery = node
        .soa
        .responses(
            session,
            &call.params[1],
            &wanted,
            call.waiting_since,
            call.now,
        )
        .map_err(|refused| refusals::fault(refused, &node.settings))?;
    let (responses, reason) = match delivery {
        Delivery::Later(moment) => return Ok(Flow::Wait(moment)),
        Delivery::Now(responses, reason) => (responses, reason),
    };
    Ok(if generic {
        WireReply::of(media::OCTETS, records::write(&responses, reason, node))
    } else {
        let callback = call.query.get("clientdata").unwrap_or_default();
        WireReply::of(
            media::XML,
            envelopes::write(&responses, reason, &callback, node),
        )
    }
    .into())
}

fn session(node: &HeadNode, call: &Call<'_>) -> Result<i32, Fault> {
    call.id(0)
        .ok_or_else(|| refusals::fault(Refused::UnknownSession, &node.settings))
}

fn is_generic(node: &HeadNode, call: &Call<'_>) -> Result<bool, Fault> {
    let stated = call.query.boolean("genericservice")?;
    Ok(match stated {
        Some(true) => !node.quirks.has(Quirk::GenericIgnored),
        Some(false) => false,
        None => node.quirks.has(Quirk::GenericByDefault),
    })
}
