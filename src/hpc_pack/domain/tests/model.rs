//! The state machine against a simple model: whatever is done in whatever order, a job only goes where section 6 of
//! the contract lets it go, and a refusal changes nothing.

use super::Bench;
use crate::hpc_pack::domain::{
    TaskRef,
    state::{JobState, TaskState},
};
use proptest::prelude::{Just, Strategy, prop_oneof, proptest};

#[derive(Clone, Copy, Debug)]
enum Act {
    Submit,
    Cancel { forced: bool },
    Requeue,
    AddTask(&'static str),
    CancelTask { forced: bool },
    RequeueTask,
    Pass(u64),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        Just(Act::Submit),
        Just(Act::Cancel { forced: false }),
        Just(Act::Cancel { forced: true }),
        Just(Act::Requeue),
        Just(Act::AddTask("echo")),
        Just(Act::AddTask("exit 1")),
        Just(Act::AddTask("sleep 5")),
        Just(Act::CancelTask { forced: false }),
        Just(Act::CancelTask { forced: true }),
        Just(Act::RequeueTask),
        (1..200u64).prop_map(Act::Pass),
        (1..5_000u64).prop_map(Act::Pass),
    ];
    proptest::collection::vec(act, 1..40)
}

/// Where a job may be found some time after it was in a state, if nobody does anything.
fn by_time(from: JobState, to: JobState) -> bool {
    use JobState::{
        Canceled, Canceling, Configuring, Failed, Finished, Finishing, Queued, Running, Submitted,
        Validating,
    };
    match from {
        Configuring | Finished | Failed | Canceled => to == from,
        Canceling => matches!(to, Canceling | Canceled),
        Finishing => matches!(to, Finishing | Finished | Failed),
        _ => {
            to >= from
                && matches!(
                    to,
                    Submitted | Validating | Queued | Running | Finishing | Finished | Failed
                )
        }
    }
}

/// Where an act takes a job at once; none where the act must be refused.
fn by_act(act: Act, from: JobState) -> Option<Vec<JobState>> {
    use JobState::{Canceled, Canceling, Configuring, Failed, Queued, Running, Submitted};
    match act {
        Act::Submit => (from == Configuring).then(|| vec![Submitted]),
        Act::Requeue => matches!(from, Canceled | Failed).then(|| vec![Queued]),
        Act::Cancel { forced } if from <= Running || (forced && from == Canceling) => {
            Some(vec![if forced { Canceled } else { Canceling }])
        }
        Act::Cancel { .. } => None,
        Act::AddTask(_) => (from <= Running).then(|| vec![from]),
        Act::CancelTask { .. } | Act::RequeueTask | Act::Pass(_) => Some(vec![from]),
    }
}

fn state(bench: &mut Bench) -> JobState {
    JobState::named(&bench.of_job(1, "State")).unwrap()
}

fn task_states(bench: &mut Bench) -> Vec<TaskState> {
    let count = bench.scheduler.job_ref(1).unwrap().tasks.len();
    let ids = 1..=i32::try_from(count).unwrap();
    ids.map(|task| TaskState::named(&bench.of_task(1, task, None, "State")).unwrap())
        .collect()
}

proptest! {
    #[test]
    fn a_job_only_goes_where_the_contract_lets_it(acts in acts()) {
        let mut bench = Bench::new();
        bench.job(&[]);
        for act in acts {
            let from = state(&mut bench);
            let at = TaskRef { job: 1, task: 1, subtask: None };
            let tasks = task_states(&mut bench);
            let done = match act {
                Act::Submit => bench.scheduler.submit_job(1, &[], bench.now),
                Act::Cancel { forced } => bench.scheduler.cancel_job(1, forced, "m", bench.now),
                Act::Requeue => bench.scheduler.requeue_job(1, &[], bench.now),
                Act::AddTask(line) => {
                    let line = super::sent(&[("CommandLine", line)]);
                    bench.scheduler.add_task(1, &line, bench.now).map(|_| ())
                }
                Act::CancelTask { forced } => bench.scheduler.cancel_task(at, forced, "m", bench.now),
                Act::RequeueTask => bench.scheduler.requeue_task(at, &[], bench.now),
                Act::Pass(millis) => {
                    bench.pass(millis);
                    Ok(())
                }
            };
            let to = state(&mut bench);
            match (act, by_act(act, from)) {
                (Act::Pass(_), _) => assert!(by_time(from, to), "{from} to {to} by time"),
                (Act::CancelTask { .. } | Act::RequeueTask, _) if done.is_err() => {
                    assert_eq!((from, &tasks), (to, &task_states(&mut bench)), "{act:?} was refused");
                }
                // Cancelling the last task ends its job, at once where forced.
                (Act::CancelTask { .. }, _) => assert!(by_time(from, to), "{from} to {to} by {act:?}"),
                (_, None) => {
                    assert!(done.is_err(), "{act:?} in {from}");
                    assert_eq!((from, &tasks), (to, &task_states(&mut bench)), "{act:?} was refused");
                }
                (_, Some(allowed)) => {
                    assert!(done.is_ok(), "{act:?} in {from}: {done:?}");
                    assert!(allowed.contains(&to), "{from} to {to} by {act:?}");
                }
            }
            if to.is_final() && from != JobState::Configuring {
                let open = task_states(&mut bench).iter().any(|task| !task.is_final() && *task != TaskState::Configuring);
                assert!(!open, "a job at its end has no task under way");
            }
        }
        bench.pass(600_000);
        let end = state(&mut bench);
        assert!(end.is_final() || end == JobState::Configuring, "{end} is no rest");
    }
}
