//! Operations of the scheduler: what they share, and those on jobs.

use super::{
    Call, Fault, Flow, Operation, WireReply, bags, scheduler_lists as lists,
    scheduler_tasks as tasks, scheduler_xml as files,
};
use crate::hpc_pack::{
    HeadNode, Quirk,
    domain::{self, Row, Scheduler, TaskRef, Value},
};
use crate::mock::Moment;
use std::{borrow::Cow, sync::MutexGuard};

/// What carries out an operation.
pub(super) type Handler = fn(&HeadNode, &Call<'_>) -> Result<Flow, Fault>;

/// What carries out an operation of the scheduler; none for others.
pub(super) fn handler(operation: Operation) -> Option<Handler> {
    Some(match operation {
        Operation::CreateJob => create,
        Operation::CreateJobFromXml => create_from_xml,
        Operation::GetJob => get,
        Operation::SetJobProperties => set,
        Operation::SubmitJob => submit,
        Operation::CancelJob => cancel,
        Operation::RequeueJob => requeue,
        Operation::GetJobCustomProperties => custom,
        Operation::SetJobCustomProperties => set_custom,
        Operation::GetJobEnvironmentVariables => variables,
        Operation::SetJobEnvironmentVariables => set_variables,
        Operation::GetJobList => lists::jobs,
        Operation::GetTaskList => lists::tasks,
        Operation::GetNodeList => lists::nodes,
        Operation::GetNode => lists::node,
        Operation::GetNodeGroupList => lists::groups,
        Operation::GetNodeGroupMembers => lists::members,
        Operation::GetJobTemplates => lists::templates,
        Operation::GetClusters => lists::clusters,
        Operation::GetActiveHeadNode => lists::head_node,
        Operation::GetVersion => lists::version,
        Operation::AddTask => tasks::add,
        Operation::GetTask | Operation::GetSubtask => tasks::get,
        Operation::SetTaskProperties | Operation::SetSubtaskProperties => tasks::set,
        Operation::CancelTask | Operation::CancelSubtask => tasks::cancel,
        Operation::RequeueTask | Operation::RequeueSubtask => tasks::requeue,
        Operation::GetTaskCustomProperties => tasks::custom,
        Operation::SetTaskCustomProperties => tasks::set_custom,
        Operation::GetTaskEnvironmentVariables => tasks::variables,
        Operation::SetTaskEnvironmentVariables => tasks::set_variables,
        _ => return None,
    })
}

/// How much that is due a request does for the others before its own turn.
const SHARE: usize = 128;

/// How much is done for the job that a call is about before others get their turn.
const SLICE: usize = 250;

/// Whether the job that a call is about is up to date. It is brought on by a slice where it is not, and the call has to be
/// made again.
pub(super) fn is_prepared(node: &HeadNode, call: &Call<'_>) -> bool {
    let about_a_job = call.route.path.contains(&"{job}");
    !about_a_job || node.scheduler().prepare(job_id(call), call.now, SLICE)
}

/// Asks the scheduler something, and tells its refusal as a fault: 404 or as set for what is not there, 400 for the rest (stance A20).
pub(super) fn ask<T>(
    node: &HeadNode,
    call: &Call<'_>,
    question: impl FnOnce(&mut Scheduler) -> Result<T, domain::Fault>,
) -> Result<T, Fault> {
    let mut scheduler = prepared(node, call);
    if call.route.operation.adds() {
        let room = scheduler.room_for(call.body.len());
        room.map_err(|fault| told(node, &fault))?;
    }
    question(&mut scheduler).map_err(|fault| told(node, &fault))
}

/// The scheduler, and in it the job that a call is about up to date.
///
/// # Why
/// It was so when the call began, but since then somebody may have made new work for it. That is done in slices, too.
fn prepared<'a>(node: &'a HeadNode, call: &Call<'_>) -> MutexGuard<'a, Scheduler> {
    let about_a_job = call.route.path.contains(&"{job}");
    loop {
        let mut scheduler = node.scheduler();
        scheduler.advance(call.now, SHARE);
        if !about_a_job || scheduler.prepare(job_id(call), call.now, SLICE) {
            return scheduler;
        }
        drop(scheduler);
        node.give_way();
    }
}

/// A refusal of the scheduler on the wire.
pub(super) fn told(node: &HeadNode, fault: &domain::Fault) -> Fault {
    let status = match fault {
        domain::Fault::Full(_) => 503,
        _ if fault.is_missing() => node.settings.unknown_id_status,
        _ => 400,
    };
    Fault::new(status, fault.code(), sentence(&fault.to_string()))
}

/// The text with a capital letter and a full stop.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters
        .next()
        .map(|c| c.to_uppercase().to_string())
        .unwrap_or_default();
    let stop = if text.ends_with(['.', '?', '!']) || text.ends_with("JobFile") {
        ""
    } else {
        "."
    };
    format!("{first}{}{stop}", letters.as_str())
}

/// The job that the path names; what is no number names none.
pub(super) fn job_id(call: &Call<'_>) -> i32 {
    call.id(0).unwrap_or(0)
}

/// The task or subtask that the path names.
pub(super) fn task_ref(call: &Call<'_>) -> TaskRef {
    let subtask = matches!(
        call.route.operation,
        Operation::GetSubtask
            | Operation::SetSubtaskProperties
            | Operation::CancelSubtask
            | Operation::RequeueSubtask
    );
    TaskRef {
        job: job_id(call),
        task: call.id(1).unwrap_or(0),
        subtask: subtask.then(|| call.id(2).unwrap_or(0)),
    }
}

/// Who calls: the name that the door knows, or the one that is set.
fn caller<'a>(node: &'a HeadNode, call: &'a Call<'_>) -> &'a str {
    call.head
        .user
        .as_deref()
        .filter(|user| !user.is_empty())
        .unwrap_or(&node.settings.owner)
}

/// The value of a URI parameter that holds names.
pub(super) fn names<'a>(call: &Call<'a>, name: &str) -> Option<Cow<'a, str>> {
    call.query.get(name)
}

/// Whether job XML is asked for.
///
/// # Errors
/// A value that is neither of the two.
pub(super) fn renders_xml(node: &HeadNode, call: &Call<'_>) -> Result<bool, Fault> {
    let xml = match call.query.get("Render") {
        None => node.quirks.has(Quirk::RenderDefaultsToXml),
        Some(render) if render.is_empty() || render.eq_ignore_ascii_case("RestPropRender") => false,
        Some(render) if render.eq_ignore_ascii_case("HpcJobXml") => true,
        Some(_) => {
            return Err(Fault::bad_request(
                "The URI parameter Render takes RestPropRender or HpcJobXml.",
            ));
        }
    };
    Ok(xml && !node.quirks.has(Quirk::RenderIgnored))
}

/// Whether a cancel is forced.
///
/// # Errors
/// A value that is neither True nor False.
pub(super) fn is_forced(node: &HeadNode, call: &Call<'_>) -> Result<bool, Fault> {
    let forced = call.query.boolean("Forced")?;
    Ok(forced.unwrap_or(node.quirks.has(Quirk::ForcedByDefault)))
}

/// A row as a reply.
pub(super) fn bag(row: &Row) -> Flow {
    let pairs = row.iter().map(|(name, value)| (*name, value.written()));
    WireReply::xml(bags::properties(pairs)).into()
}

/// Pairs as a reply.
pub(super) fn pairs(pairs: &[(String, String)]) -> Flow {
    WireReply::xml(bags::properties(
        pairs.iter().map(|(name, value)| (name, value)),
    ))
    .into()
}

/// Success without a body.
pub(super) fn done((): ()) -> Flow {
    WireReply::empty().into()
}

fn create(node: &HeadNode, call: &Call<'_>) -> Result<Flow, Fault> {
    let sent = bags::read_properties(call.body)?;
    let id = ask(node, call, |scheduler| {
        scheduler.create_job(caller(node, call), &sent, call.now)
    })?;
    Ok(WireReply::xml(bags::int(id)).into())
}

fn create_from_xml(node: &HeadNode, call: &Call<'_>) -> Result<Flow, Fault> {
    let file = files::read(call.body)?;
    let owner = caller(node, call);
    let draft = domain::Draft::read(&file, node.quirks, call.now);
    let mut draft = draft.map_err(|fault| told(node, &fault))?;
    let id = ask(node, call, |scheduler| {
        scheduler.create_job_from_file(owner, &file, &mut draft, call.now)
    })?;
    Ok(WireReply::xml(bags::int(id)).into())
}

fn get(node: &HeadNode, call: &Call<'_>) -> Result<Flow, Fault> {
    let columns = names(call, "Properties");
    if renders_xml(node, call)? {
        let file = ask(node, call, |scheduler| {
            scheduler.job_file(job_id(call), columns.as_deref(), call.now)
        })?;
        let out = files::JobWriter::new(&file);
        return Ok(add_tasks(node, out, job_id(call), call.now));
    }
    let row = ask(node, call, |scheduler| {
        scheduler.job(job_id(call), columns.as_deref(), call.now)
    })?;
    Ok(bag(&row))
}

/// How many tasks of a file are looked up before others get their turn.
const TASKS_AT_ONCE: usize = 50;

/// Writes more tasks of a job into its file, and the reply once all are written.
fn add_tasks(node: &HeadNode, mut out: files::JobWriter, job: i32, now: Moment) -> Flow {
    if out.takes_tasks() {
        let from = out.tasks();
        let tasks = node.scheduler().task_files(job, from, TASKS_AT_ONCE, now);
        out.add(&tasks, TASKS_AT_ONCE);
    }
    if out.takes_tasks() {
        return Flow::rest(move |node| Ok(add_tasks(node, out, job, now)));
    }
    WireReply::xml(out.finish()).into()
}

fn set(node: &HeadNode, call: &Call<'_>) -> Result<Flow, Fault> {
    let sent = bags::read_properties(call.body)?;
    ask(node, call, |scheduler| {
        scheduler.set_job(job_id(call), &sent, call.now)
    })
    .map(done)
}

fn submit(node: &HeadNode, call: &Call<'_>) -> Result<Flow, Fault> {
    let sent = bags::read_properties(call.body)?;
    ask(node, call, |scheduler| {
        scheduler.submit_job(job_id(call), &sent, call.now)
    })
    .map(done)
}

fn cancel(node: &HeadNode, call: &Call<'_>) -> Result<Flow, Fault> {
    let forced = is_forced(node, call)?;
    let message = bags::read_string(call.body)?;
    ask(node, call, |scheduler| {
        scheduler.cancel_job(job_id(call), forced, &message, call.now)
    })
    .map(done)
}

fn requeue(node: &HeadNode, call: &Call<'_>) -> Result<Flow, Fault> {
    let sent = bags::read_properties(call.body)?;
    ask(node, call, |scheduler| {
        scheduler.requeue_job(job_id(call), &sent, call.now)
    })
    .map(done)
}

fn custom(node: &HeadNode, call: &Call<'_>) -> Result<Flow, Fault> {
    let asked = names(call, "Names");
    ask(node, call, |scheduler| {
        scheduler.job_custom(job_id(call), asked.as_deref(), call.now)
    })
    .map(|found| pairs(&found))
}

fn set_custom(node: &HeadNode, call: &Call<'_>) -> Result<Flow, Fault> {
    let sent = bags::read_properties(call.body)?;
    ask(node, call, |scheduler| {
        scheduler.set_job_custom(job_id(call), &sent, call.now)
    })
    .map(done)
}

fn variables(node: &HeadNode, call: &Call<'_>) -> Result<Flow, Fault> {
    let asked = names(call, "Names");
    ask(node, call, |scheduler| {
        scheduler.job_variables(job_id(call), asked.as_deref(), call.now)
    })
    .map(|found| pairs(&found))
}

fn set_variables(node: &HeadNode, call: &Call<'_>) -> Result<Flow, Fault> {
    let sent = bags::read_properties(call.body)?;
    ask(node, call, |scheduler| {
        scheduler.set_job_variables(job_id(call), &sent, call.now)
    })
    .map(done)
}

/// A value as job XML writes it: truth values in lower case, the rest as in a property.
pub(super) fn attribute(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Bool(true) => Cow::Borrowed("true"),
        Value::Bool(false) => Cow::Borrowed("false"),
        other => other.written(),
    }
}
