//! Documented faults that are told on cue, though nothing is wrong.

use super::{Fault, code, refusals, scheduler::told};
use crate::{
    hpc_pack::{
        HeadNode,
        domain::{Fault as Refusal, JobState, TaskState},
        soa::Refused,
    },
    mock,
};

/// Whose words a fault has.
#[derive(Clone, Copy, Debug)]
enum Words {
    /// The scheduler refuses.
    Scheduler(fn() -> Refusal),
    /// The broker refuses.
    Broker(fn() -> Refused),
    /// Status, code and message.
    Own(u16, i32, &'static str),
}

const fn row(id: &'static str, says: &'static str, words: Words) -> (mock::Fault, Words) {
    (mock::Fault { id, says }, words)
}

const ANY: &str = "any";

/// The faults by the names that cues use. Codes are those of section 7 of the contract; statuses follow the settings.
#[rustfmt::skip]
const ROWS: [(mock::Fault, Words); 43] = {
    use Words::{Broker, Own, Scheduler};
    [
        row("unknown-job", "There is no such job: -2147220986.", Scheduler(|| Refusal::UnknownJob)),
        row("unknown-task", "There is no such task or subtask: -2147220985.", Scheduler(|| Refusal::UnknownTask)),
        row("unknown-node", "There is no such node: -2147220978.", Scheduler(|| Refusal::UnknownNode(ANY.to_owned()))),
        row("unknown-node-group", "There is no such node group: -2147220937.", Scheduler(|| Refusal::UnknownGroup(ANY.to_owned()))),
        row("unknown-job-template", "There is no such job template: -2147220965.", Scheduler(|| Refusal::UnknownTemplate(ANY.to_owned()))),
        row("job-not-configuring", "Only a job in the Configuring state can be submitted: -2147220990.", Scheduler(|| Refusal::SubmitState(JobState::Queued))),
        row("job-not-cancelable", "Jobs in the Canceled state cannot be canceled: -2147220984.", Scheduler(|| Refusal::CancelState(JobState::Canceled))),
        row("task-not-cancelable", "The task cannot be canceled in its state: -2147220983.", Scheduler(|| Refusal::CancelTaskState(TaskState::Finished))),
        row("job-not-requeueable", "Only Canceled or Failed jobs can be requeued: 267386880.", Scheduler(|| Refusal::RequeueState)),
        row("task-not-requeueable", "The task cannot be requeued in its state: -2147220916.", Scheduler(|| Refusal::RequeueTaskState(TaskState::Running))),
        row("not-rerunnable", "The task is not rerunnable: -2147220977.", Scheduler(|| Refusal::NotRerunnable)),
        row("read-only-property", "The property cannot be set: -2147220989.", Scheduler(|| Refusal::ReadOnly("Id"))),
        row("property-not-changeable", "The property cannot be changed in the state of the job: -2147220962.", Scheduler(|| Refusal::JobProperty { name: "Name", state: JobState::Running })),
        row("job-not-changeable", "The job cannot be modified in its state: -2147220961.", Scheduler(|| Refusal::JobState(JobState::Finished))),
        row("task-not-changeable", "The task cannot be modified in its state: -2147220921.", Scheduler(|| Refusal::TaskState(TaskState::Finished))),
        row("variables-too-long", "The environment variables are too long: -2147220929.", Scheduler(|| Refusal::Variables)),
        row("cancel-message-too-long", "The reason to cancel is too long: -2147220781.", Scheduler(|| Refusal::CancelMessage)),
        row("expanded-priority-out-of-range", "ExpandedPriority is out of range: -2147220775.", Scheduler(|| Refusal::ExpandedPriority)),
        row("priority-not-valid", "Priority is none: -2147220774.", Scheduler(|| Refusal::Priority)),
        row("custom-name-too-long", "The name of a custom property is too long: -2147220772.", Scheduler(|| Refusal::CustomName)),
        row("unknown-property", "There is no such property: 267386880.", Scheduler(|| Refusal::UnknownProperty(ANY.to_owned()))),
        row("unknown-continuation", "The continuation of a list is unknown or has expired: 267386880.", Scheduler(|| Refusal::Continuation)),
        row("unknown-session", "There is no such session: 50331649.", Broker(|| Refused::UnknownSession)),
        row("session-finished", "The session has finished: 50331675.", Broker(|| Refused::SessionFinished)),
        row("session-canceled", "The service job of the session was canceled: 50331676.", Broker(|| Refused::SessionCanceled)),
        row("service-not-found", "There is no such service: 50331678.", Broker(|| Refused::UnknownService(ANY.to_owned()))),
        row("service-version-not-found", "There is no such version of the service: 50331680.", Broker(|| Refused::UnknownServiceVersion)),
        row("no-durable-sessions", "Durable sessions are not to be had: 50331698.", Broker(|| Refused::NoDurableSessions)),
        row("session-is-durable", "The session is durable: 50331658.", Broker(|| Refused::SessionIsDurable)),
        row("session-is-interactive", "The session is interactive: 50331659.", Broker(|| Refused::SessionIsInteractive)),
        row("no-broker-node", "There is no room for another session: 33554432.", Broker(|| Refused::TooManySessions)),
        row("broker-not-active", "The broker of the session is not active: 33554447.", Broker(|| Refused::BrokerNotActive)),
        row("send-failed", "The requests could not be taken: 33554448.", Broker(|| Refused::BatchTooLarge)),
        row("invalid-batch-name", "The name of the batch does not do: 50331670.", Broker(|| Refused::InvalidBatchName)),
        row("batch-purged", "The batch has been purged: 67108864.", Broker(|| Refused::BatchPurged)),
        row("already-committed", "The end of the requests was told before: 16777241.", Broker(|| Refused::AlreadyCommitted)),
        row("nothing-to-commit", "There is no request to commit: 16777246.", Broker(|| Refused::NothingToCommit)),
        row("invalid-argument", "An argument does not do: 50331648 for sessions, else 267386880.", Own(400, code::INVALID_ARGUMENT, "An argument is not valid.")),
        row("api-version-incorrect", "The api-version does not do: 50331700.", Own(400, code::API_VERSION, "The api-version is not valid.")),
        row("authentication-failure", "The credentials were refused: 403, 50331650.", Own(403, code::AUTHENTICATION, "Authentication failed.")),
        row("access-denied", "The caller may not do this: 403, 50331701.", Own(403, code::ACCESS_DENIED, "Access is denied.")),
        row("general", "A fault without a code of its own: 400, 267386880.", Own(400, code::GENERAL, "The request cannot be carried out.")),
        row("internal-error", "The service failed: 500, 267386880.", Own(500, code::GENERAL, "The service has failed.")),
    ]
};

/// What doors list.
pub(crate) static FAULTS: [mock::Fault; ROWS.len()] = {
    let mut all = [ROWS[0].0; ROWS.len()];
    let mut at = 0;
    while at < all.len() {
        all[at] = ROWS[at].0;
        at += 1;
    }
    all
};

/// The fault of that name, before it has its shape.
pub(crate) fn cued(node: &HeadNode, id: &str) -> Option<Fault> {
    let (_, words) = ROWS.iter().find(|(fault, _)| fault.id == id)?;
    Some(match words {
        Words::Scheduler(refusal) => told(node, &refusal()),
        Words::Broker(refused) => refusals::fault(refused(), &node.settings),
        Words::Own(status, code, message) => Fault::new(*status, *code, *message),
    })
}

#[cfg(test)]
mod tests {
    use super::{FAULTS, cued};
    use crate::{
        hpc_pack::{HeadNode, Settings},
        message::Request,
        mock::{Clock, Head, Model as _},
    };
    use rstest::rstest;
    use std::collections::BTreeSet;

    #[test]
    fn every_fault_has_one_name_and_the_code_that_it_is_listed_with() {
        let node = HeadNode::for_test(Settings::default());
        for listed in FAULTS {
            let fault = cued(&node, listed.id).unwrap();
            assert!(
                listed.says.contains(&fault.code.to_string()),
                "{listed:?} {fault:?}"
            );
            assert!(fault.status >= 400, "{fault:?}");
        }
        let names: BTreeSet<&str> = FAULTS.iter().map(|fault| fault.id).collect();
        assert_eq!(names.len(), FAULTS.len());
        assert!(cued(&node, "no-such-fault").is_none());
    }

    #[rstest]
    #[case(
        "GET",
        "/WindowsHPC/Job/1",
        "api-version: 2012-11-01.4.0",
        "<HpcWebServiceFault "
    )]
    #[case("GET", "/WindowsHPC/Job/1", "X: y", "<string ")]
    #[case(
        "GET",
        "/WindowsHPC/Session/1/Attach",
        "Accept: application/json",
        "{\"Code\":-2147220986,"
    )]
    fn a_fault_on_cue_has_the_shape_that_the_request_asks_for(
        #[case] method: &str,
        #[case] path: &str,
        #[case] header: &str,
        #[case] begins: &str,
    ) {
        let node = HeadNode::for_test(Settings::default());
        let mut request = Request::new(method, path);
        let (name, value) = header.split_once(": ").unwrap();
        request.headers.append(name, value);
        let reply = node
            .fault("unknown-job", &Head::of(&request), Clock::START)
            .unwrap();
        let body = String::from_utf8_lossy(&reply.body);
        assert!(body.starts_with(begins), "{body}");
        assert_eq!(reply.status, 404);
    }
}
