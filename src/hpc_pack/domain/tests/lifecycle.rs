use super::{Bench, sent};
use crate::hpc_pack::domain::{Fault, state::JobState};
use rstest::rstest;

#[test]
fn a_job_of_quick_commands_goes_through_its_states_and_ends_within_two_seconds() {
    let mut bench = Bench::new();
    let job = bench.job(&["echo %GREETING% from %CCP_JOBID%.%CCP_TASKID%"]);
    bench
        .scheduler
        .set_job_variables(job, &sent(&[("GREETING", "hello")]), bench.now)
        .unwrap();
    assert_eq!(bench.of_job(job, "State"), "Configuring");
    bench.submit(job);
    let mut states = vec![bench.of_job(job, "State")];
    for _ in 0..200 {
        bench.pass(10);
        let state = bench.of_job(job, "State");
        if states.last() != Some(&state) {
            states.push(state);
        }
    }
    assert_eq!(
        states,
        [
            "Submitted",
            "Validating",
            "Queued",
            "Running",
            "Finishing",
            "Finished"
        ]
    );
    assert_eq!(bench.of_task(job, 1, None, "State"), "Finished");
    assert_eq!(bench.of_task(job, 1, None, "Output"), "hello from 1.1\r\n");
    assert_eq!(bench.of_task(job, 1, None, "ExitCode"), "0");
    assert_eq!(
        bench.of_task(job, 1, None, "AllocatedNodes"),
        "COMPUTENODE01"
    );
    assert_eq!(bench.of_job(job, "Progress"), "100");
    for time in [
        "CreateTime",
        "SubmitTime",
        "StartTime",
        "EndTime",
        "ChangeTime",
    ] {
        assert_ne!(bench.of_job(job, time), "", "{time}");
    }
}

#[rstest]
#[case(&["no-such-program"], "Failed")]
#[case(&["exit 3"], "Failed")]
#[case(&["echo a", "exit 1"], "Failed")]
#[case(&["echo a", "echo b"], "Finished")]
#[case(&[""], "Failed")]
#[case(&[], "Finished")]
#[case(&["sleep 60"], "Running")]
#[case(&["ping -t localhost"], "Running")]
fn a_job_ends_as_its_tasks_do(#[case] commands: &[&str], #[case] state: &str) {
    let mut bench = Bench::new();
    let job = bench.job(commands);
    bench.submit(job);
    bench.pass(2_000);
    assert_eq!(bench.of_job(job, "State"), state);
}

#[rstest]
#[case(("RequestedNodes", "NOSUCHNODE"), "NOSUCHNODE")]
#[case(("NodeGroups", "NoSuchGroup"), "NoSuchGroup")]
#[case(("MinCores", "10000"), "10000")]
fn a_job_that_cannot_run_is_accepted_and_fails_later(
    #[case] property: (&str, &str),
    #[case] told: &str,
) {
    let mut bench = Bench::new();
    let job = bench.job(&["echo"]);
    bench
        .scheduler
        .submit_job(job, &sent(&[property]), bench.now)
        .unwrap();
    assert_eq!(bench.of_job(job, "State"), "Submitted");
    bench.pass(1_000);
    assert_eq!(bench.of_job(job, "State"), "Failed");
    assert!(bench.of_job(job, "ErrorMessage").contains(told));
    assert_eq!(bench.of_task(job, 1, None, "State"), "Failed");
}

#[test]
fn a_job_with_run_until_canceled_outlives_its_tasks() {
    let mut bench = Bench::new();
    let job = bench.job(&["echo a", "exit 1"]);
    bench
        .scheduler
        .submit_job(job, &sent(&[("RunUntilCanceled", "true")]), bench.now)
        .unwrap();
    bench.pass(60_000);
    assert_eq!(bench.of_job(job, "State"), "Running");
    assert_eq!(bench.of_task(job, 2, None, "State"), "Failed");
    bench
        .scheduler
        .set_job(job, &sent(&[("RunUntilCanceled", "False")]), bench.now)
        .unwrap();
    bench.pass(1_000);
    assert_eq!(bench.of_job(job, "State"), "Failed");
}

#[test]
fn cancel_gives_running_tasks_a_grace_period_and_keeps_the_message() {
    let mut bench = Bench::new();
    let job = bench.job(&["sleep 60"]);
    bench.task(job, &[("CommandLine", "echo bye"), ("Type", "NodeRelease")]);
    bench.submit(job);
    bench.pass(1_000);
    bench
        .scheduler
        .cancel_job(job, false, "enough", bench.now)
        .unwrap();
    assert_eq!(bench.of_job(job, "State"), "Canceling");
    assert_eq!(bench.of_task(job, 1, None, "State"), "Canceling");
    let again = bench.scheduler.cancel_job(job, false, "", bench.now);
    assert_eq!(again, Err(Fault::CancelState(JobState::Canceling)));
    bench.pass(1_000);
    assert_eq!(bench.of_job(job, "State"), "Canceled");
    assert_eq!(bench.of_task(job, 1, None, "State"), "Failed");
    assert!(
        bench
            .of_task(job, 1, None, "ErrorMessage")
            .contains("enough")
    );
    assert!(bench.of_job(job, "ErrorMessage").contains("enough"));
    assert_eq!(bench.of_task(job, 2, None, "State"), "Finished");
    let again = bench.scheduler.cancel_job(job, true, "", bench.now);
    assert_eq!(again, Err(Fault::CancelState(JobState::Canceled)));
}

#[test]
fn a_forced_cancel_is_immediate_and_skips_node_release() {
    let mut bench = Bench::new();
    let job = bench.job(&["sleep 60"]);
    bench.task(job, &[("CommandLine", "echo bye"), ("Type", "NodeRelease")]);
    bench.submit(job);
    bench.pass(1_000);
    bench
        .scheduler
        .cancel_job(job, true, "", bench.now)
        .unwrap();
    assert_eq!(bench.of_job(job, "State"), "Canceled");
    assert_eq!(bench.of_task(job, 1, None, "State"), "Failed");
    assert_eq!(bench.of_task(job, 2, None, "State"), "Canceled");
    bench.pass(5_000);
    assert_eq!(bench.of_task(job, 2, None, "Output"), "");
}

#[test]
fn a_forced_cancel_ends_the_node_release_that_an_unforced_one_began() {
    let mut bench = Bench::new();
    let job = bench.job(&["sleep 60"]);
    bench.task(job, &[("CommandLine", "sleep 5"), ("Type", "NodeRelease")]);
    bench.submit(job);
    bench.pass(1_000);
    bench
        .scheduler
        .cancel_job(job, false, "", bench.now)
        .unwrap();
    bench.pass(1_000);
    assert_eq!(bench.of_task(job, 2, None, "State"), "Running");
    bench
        .scheduler
        .cancel_job(job, true, "now", bench.now)
        .unwrap();
    assert_eq!(bench.of_job(job, "State"), "Canceled");
    assert_eq!(bench.of_task(job, 2, None, "State"), "Canceled");
}

#[test]
fn a_job_cancelled_before_it_was_submitted_leaves_its_tasks_configuring() {
    let mut bench = Bench::new();
    let job = bench.job(&["echo"]);
    bench
        .scheduler
        .cancel_job(job, false, "", bench.now)
        .unwrap();
    bench.pass(1_000);
    assert_eq!(bench.of_job(job, "State"), "Canceled");
    assert_eq!(bench.of_task(job, 1, None, "State"), "Configuring");
}

#[rstest]
#[case(128, true)]
#[case(129, false)]
fn a_cancel_message_has_at_most_128_characters(#[case] length: usize, #[case] good: bool) {
    let mut bench = Bench::new();
    let job = bench.job(&[]);
    let done = bench
        .scheduler
        .cancel_job(job, false, &"ä".repeat(length), bench.now);
    assert_eq!(done.is_ok(), good);
    assert_eq!(
        bench.of_job(job, "State"),
        if good { "Canceling" } else { "Configuring" }
    );
}

#[test]
fn requeue_runs_again_what_had_not_finished() {
    let mut bench = Bench::new();
    let job = bench.job(&["echo done", "sleep 60"]);
    bench.submit(job);
    bench.pass(1_000);
    bench
        .scheduler
        .cancel_job(job, false, "", bench.now)
        .unwrap();
    bench.pass(1_000);
    let ended = bench.of_task(job, 1, None, "EndTime");
    bench.pass(5_000);
    bench.scheduler.requeue_job(job, &[], bench.now).unwrap();
    assert_eq!(bench.of_job(job, "State"), "Queued");
    bench.pass(1_000);
    assert_eq!(bench.of_job(job, "State"), "Running");
    assert_eq!(bench.of_task(job, 1, None, "State"), "Finished");
    assert_eq!(bench.of_task(job, 1, None, "EndTime"), ended);
    assert_eq!(bench.of_task(job, 1, None, "Output"), "done\r\n");
    assert_eq!(bench.of_task(job, 2, None, "State"), "Running");
    assert_eq!(bench.of_job(job, "RequeueCount"), "1");
    assert_eq!(bench.of_job(job, "ErrorMessage"), "");
    bench.pass(60_000);
    assert_eq!(bench.of_job(job, "State"), "Finished");
}

#[test]
fn only_cancelled_and_failed_jobs_can_be_requeued() {
    let mut bench = Bench::new();
    let job = bench.job(&["echo"]);
    assert_eq!(
        bench.scheduler.requeue_job(job, &[], bench.now),
        Err(Fault::RequeueState)
    );
    bench.submit(job);
    bench.pass(2_000);
    assert_eq!(bench.of_job(job, "State"), "Finished");
    assert_eq!(
        bench.scheduler.requeue_job(job, &[], bench.now),
        Err(Fault::RequeueState)
    );
}

#[test]
fn what_can_be_set_depends_on_the_state() {
    let mut bench = Bench::new();
    let job = bench.job(&["sleep 5"]);
    let set = |bench: &mut Bench, name: &str, value: &str| {
        bench
            .scheduler
            .set_job(job, &sent(&[(name, value)]), bench.now)
            .is_ok()
    };
    assert!(set(&mut bench, "MaxCores", "4"));
    bench.submit(job);
    assert!(!set(&mut bench, "Name", "queued"));
    assert!(set(&mut bench, "UserName", "HPC\\other"));
    bench.pass(1_000);
    assert!(set(&mut bench, "Project", "p"));
    assert!(!set(&mut bench, "MaxCores", "5"));
    bench.pass(10_000);
    assert!(!set(&mut bench, "Project", "q"));
    assert_eq!(bench.of_job(job, "Project"), "p");
    assert_eq!(bench.of_job(job, "UserName"), "HPC\\other");
    assert_eq!(bench.of_job(job, "MaxCores"), "4");
}

#[test]
fn a_run_time_that_is_exceeded_cancels_the_job_and_fails_the_task() {
    let mut bench = Bench::new();
    let job = bench.job(&["sleep 60"]);
    bench
        .scheduler
        .submit_job(job, &sent(&[("RuntimeSeconds", "5")]), bench.now)
        .unwrap();
    let other = bench.job(&[]);
    bench.task(
        other,
        &[("CommandLine", "sleep 60"), ("RuntimeSeconds", "5")],
    );
    bench.submit(other);
    bench.pass(4_000);
    assert_eq!(bench.of_job(job, "State"), "Running");
    bench.pass(4_000);
    assert_eq!(bench.of_job(job, "State"), "Canceled");
    assert_eq!(bench.of_job(other, "State"), "Failed");
    assert_eq!(bench.of_task(other, 1, None, "State"), "Failed");
}

#[test]
fn a_job_waits_for_its_parents_and_for_its_hour() {
    let mut bench = Bench::new();
    let parent = bench.job(&["sleep 10"]);
    let child = bench.job(&["echo"]);
    let parents = sent(&[("ParentJobIds", &parent.to_string())]);
    bench
        .scheduler
        .submit_job(child, &parents, bench.now)
        .unwrap();
    let held = bench.job(&["echo"]);
    let hour = bench.scheduler.submit_job(
        held,
        &sent(&[("HoldUntil", "1/1/2026 1:00:00 AM")]),
        bench.now,
    );
    hour.unwrap();
    bench.submit(parent);
    bench.pass(9_000);
    assert_eq!(bench.of_job(child, "State"), "Queued");
    assert_eq!(bench.of_job(parent, "ChildJobIds"), child.to_string());
    bench.pass(3_000);
    assert_eq!(bench.of_job(child, "State"), "Finished");
    assert_eq!(bench.of_job(held, "State"), "Queued");
    bench.pass(3_600_000);
    assert_eq!(bench.of_job(held, "State"), "Finished");
    let nobody = sent(&[("ParentJobIds", "99")]);
    assert_eq!(
        bench.scheduler.create_job("", &nobody, bench.now),
        Err(Fault::UnknownParent(99))
    );
}

#[test]
fn a_job_whose_parent_did_not_finish_fails() {
    let mut bench = Bench::new();
    let parent = bench.job(&["exit 1"]);
    let child = bench.job(&["echo"]);
    let parents = sent(&[("ParentJobIds", &parent.to_string())]);
    bench
        .scheduler
        .submit_job(child, &parents, bench.now)
        .unwrap();
    bench.pass(1_000);
    bench.submit(parent);
    bench.pass(2_000);
    assert_eq!(bench.of_job(child, "State"), "Failed");
}

#[test]
fn priority_and_expanded_priority_follow_one_another() {
    let mut bench = Bench::new();
    let job = bench
        .scheduler
        .create_job("", &sent(&[("Priority", "Highest")]), bench.now)
        .unwrap();
    assert_eq!(bench.of_job(job, "ExpandedPriority"), "4000");
    bench
        .scheduler
        .set_job(job, &sent(&[("ExpandedPriority", "1500")]), bench.now)
        .unwrap();
    assert_eq!(bench.of_job(job, "Priority"), "BelowNormal");
    bench
        .scheduler
        .set_job(job, &sent(&[("priority", "0")]), bench.now)
        .unwrap();
    assert_eq!(bench.of_job(job, "ExpandedPriority"), "0");
}

#[test]
fn a_password_is_taken_and_never_given_back() {
    let mut bench = Bench::new();
    let job = bench
        .scheduler
        .create_job("me", &sent(&[("Password", "secret")]), bench.now)
        .unwrap();
    bench
        .scheduler
        .submit_job(
            job,
            &sent(&[("Password", "secret2"), ("UserName", "you")]),
            bench.now,
        )
        .unwrap();
    let row = bench.scheduler.job(job, None, bench.now).unwrap();
    assert!(!format!("{row:?}").contains("secret"));
    assert!(
        bench
            .scheduler
            .job(job, Some("Password"), bench.now)
            .is_err()
    );
    assert!(!format!("{:?}", bench.scheduler).contains("secret2"));
    let mut quirky = Bench::with("password-returned");
    let job = quirky
        .scheduler
        .create_job("me", &sent(&[("Password", "secret")]), quirky.now)
        .unwrap();
    assert!(format!("{:?}", quirky.scheduler.job(job, None, quirky.now)).contains("secret"));
}

#[test]
fn identifiers_that_do_not_exist_are_refused() {
    let mut bench = Bench::new();
    for id in [0, -1, 1, i32::MAX, i32::MIN] {
        assert_eq!(
            bench.scheduler.job(id, None, bench.now),
            Err(Fault::UnknownJob)
        );
        assert_eq!(
            bench.scheduler.cancel_job(id, false, "", bench.now),
            Err(Fault::UnknownJob)
        );
        assert_eq!(
            bench.scheduler.submit_job(id, &[], bench.now),
            Err(Fault::UnknownJob)
        );
    }
    assert!(
        bench
            .scheduler
            .create_job("", &sent(&[("JobTemplate", "nope")]), bench.now)
            .is_err()
    );
}

#[test]
fn twenty_thousand_jobs_end_in_slices() {
    let mut bench = Bench::new();
    for _ in 0..20_000 {
        let job = bench.job(&["echo x"]);
        bench.submit(job);
    }
    bench.pass(2_000);
    assert!(!bench.scheduler.advance(bench.now, 1_000));
    let mut slices = 1;
    while !bench.scheduler.advance(bench.now, 1_000) {
        slices += 1;
    }
    // Six steps, a run, and a few looks at its task each.
    assert!((150..=230).contains(&slices), "{slices}");
    assert_eq!(bench.of_job(1, "State"), "Finished");
    assert_eq!(bench.of_job(20_000, "State"), "Finished");
}

#[test]
fn a_job_of_one_task_is_small_enough_for_a_hundred_thousand_of_them() {
    use crate::hpc_pack::domain::{
        job::{Job, Task},
        run::{Course, Run},
    };
    use std::mem::size_of;
    let bytes = size_of::<Job>() + size_of::<Task>() + size_of::<Run>() + size_of::<Course>();
    assert!(bytes <= 1_024, "{bytes}");
}
