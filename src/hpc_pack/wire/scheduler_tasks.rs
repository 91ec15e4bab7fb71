//! Operations on tasks and subtasks.

use super::{
    Call, Fault, Flow, WireReply, bags,
    scheduler::{ask, bag, done, is_forced, job_id, names, pairs, renders_xml, task_ref},
    scheduler_xml as files,
};
use crate::hpc_pack::HeadNode;

/// Add Task.
pub(super) fn add(node: &HeadNode, call: &Call<'_>) -> Result<Flow, Fault> {
    let sent = bags::read_properties(call.body)?;
    let id = ask(node, call, |scheduler| {
        scheduler.add_task(job_id(call), &sent, call.now)
    })?;
    Ok(WireReply::xml(bags::int(id)).into())
}

/// Get Task, Get Subtask.
pub(super) fn get(node: &HeadNode, call: &Call<'_>) -> Result<Flow, Fault> {
    let columns = names(call, "Properties");
    let at = task_ref(call);
    if renders_xml(node, call)? {
        let file = ask(node, call, |scheduler| {
            scheduler.task_file(at, columns.as_deref(), call.now)
        })?;
        return Ok(WireReply::xml(files::task(&file)).into());
    }
    let row = ask(node, call, |scheduler| {
        scheduler.task(at, columns.as_deref(), call.now)
    })?;
    Ok(bag(&row))
}

/// Set Task Properties, Set Subtask Properties.
pub(super) fn set(node: &HeadNode, call: &Call<'_>) -> Result<Flow, Fault> {
    let sent = bags::read_properties(call.body)?;
    ask(node, call, |scheduler| {
        scheduler.set_task(task_ref(call), &sent, call.now)
    })
    .map(done)
}

/// Cancel Task, Cancel Subtask.
pub(super) fn cancel(node: &HeadNode, call: &Call<'_>) -> Result<Flow, Fault> {
    let forced = is_forced(node, call)?;
    let message = bags::read_string(call.body)?;
    ask(node, call, |scheduler| {
        scheduler.cancel_task(task_ref(call), forced, &message, call.now)
    })
    .map(done)
}

/// Requeue Task, Requeue Subtask.
pub(super) fn requeue(node: &HeadNode, call: &Call<'_>) -> Result<Flow, Fault> {
    let sent = bags::read_properties(call.body)?;
    ask(node, call, |scheduler| {
        scheduler.requeue_task(task_ref(call), &sent, call.now)
    })
    .map(done)
}

/// Get Task Custom Properties.
pub(super) fn custom(node: &HeadNode, call: &Call<'_>) -> Result<Flow, Fault> {
    let asked = names(call, "Names");
    ask(node, call, |scheduler| {
        scheduler.task_custom(task_ref(call), asked.as_deref(), call.now)
    })
    .map(|found| pairs(&found))
}

/// Set Task Custom Properties.
pub(super) fn set_custom(node: &HeadNode, call: &Call<'_>) -> Result<Flow, Fault> {
    let sent = bags::read_properties(call.body)?;
    ask(node, call, |scheduler| {
        scheduler.set_task_custom(task_ref(call), &sent, call.now)
    })
    .map(done)
}

/// Get Task Environment Variables.
pub(super) fn variables(node: &HeadNode, call: &Call<'_>) -> Result<Flow, Fault> {
    let asked = names(call, "Names");
    ask(node, call, |scheduler| {
        scheduler.task_variables(task_ref(call), asked.as_deref(), call.now)
    })
    .map(|found| pairs(&found))
}

/// Set Task Environment Variables.
pub(super) fn set_variables(node: &HeadNode, call: &Call<'_>) -> Result<Flow, Fault> {
    let sent = bags::read_properties(call.body)?;
    ask(node, call, |scheduler| {
        scheduler.set_task_variables(task_ref(call), &sent, call.now)
    })
    .map(done)
}
