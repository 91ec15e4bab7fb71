use super::{Bench, sent};
use crate::hpc_pack::domain::{Fault, TaskRef, state::TaskState};
use rstest::rstest;

fn at(job: i32, task: i32, subtask: impl Into<Option<i32>>) -> TaskRef {
    TaskRef {
        job,
        task,
        subtask: subtask.into(),
    }
}

const SWEEP: &[(&str, &str)] = &[
    ("Type", "ParametricSweep"),
    ("CommandLine", "echo value *"),
    ("Name", "part *"),
    ("StartValue", "2"),
    ("EndValue", "6"),
    ("IncrementValue", "2"),
];

#[test]
fn a_sweep_is_expanded_when_its_job_runs() {
    let mut bench = Bench::new();
    let job = bench.job(&[]);
    bench.task(job, SWEEP);
    let early = bench.scheduler.task(at(job, 1, 1), None, bench.now);
    assert_eq!(early, Err(Fault::UnknownTask));
    bench.submit(job);
    bench.pass(1_000);
    assert_eq!(bench.of_job(job, "State"), "Finished");
    for (instance, value) in [(1, "2"), (2, "4"), (3, "6")] {
        assert_eq!(
            bench.of_task(job, 1, instance, "Output"),
            format!("value {value}\r\n")
        );
        assert_eq!(
            bench.of_task(job, 1, instance, "Name"),
            format!("part {value}")
        );
        assert_eq!(
            bench.of_task(job, 1, instance, "TaskId"),
            format!("1.1.{instance}")
        );
        assert_eq!(
            bench.of_task(job, 1, instance, "InstanceId"),
            instance.to_string()
        );
    }
    assert_eq!(bench.of_task(job, 1, None, "TaskId"), "1.1");
    assert_eq!(bench.of_task(job, 1, None, "State"), "Finished");
    for missing in [0, -1, 4] {
        assert!(
            bench
                .scheduler
                .task(at(job, 1, missing), None, bench.now)
                .is_err()
        );
    }
}

#[rstest]
#[case("50000", "Finished")]
#[case("50001", "Failed")]
fn the_sweeps_of_a_job_have_a_limit_together(#[case] end: &str, #[case] state: &str) {
    let mut bench = Bench::new();
    let job = bench.job(&[]);
    for end in ["50000", end] {
        let sweep = [
            ("Type", "ParametricSweep"),
            ("CommandLine", "echo *"),
            ("EndValue", end),
        ];
        bench.task(job, &sweep);
    }
    bench.submit(job);
    bench.pass(3_600_000 * 24);
    assert_eq!(bench.of_job(job, "State"), state);
    let why = bench.of_job(job, "ErrorMessage");
    assert_eq!(why.contains("100001 subtasks"), state == "Failed", "{why}");
}

#[rstest]
#[case("1", "10", "0", false)]
#[case("1", "10", "-1", false)]
#[case("10", "1", "-3", true)]
#[case("1", "2000000000", "1", false)]
#[case("5", "5", "1", true)]
fn a_sweep_that_leads_nowhere_fails_its_job(
    #[case] start: &str,
    #[case] end: &str,
    #[case] step: &str,
    #[case] good: bool,
) {
    let mut bench = Bench::new();
    let job = bench.job(&[]);
    bench.task(
        job,
        &[
            ("Type", "1"),
            ("CommandLine", "echo"),
            ("StartValue", start),
            ("EndValue", end),
            ("IncrementValue", step),
        ],
    );
    bench.submit(job);
    bench.pass(1_000);
    assert_eq!(
        bench.of_job(job, "State"),
        if good { "Finished" } else { "Failed" }
    );
}

#[test]
fn a_running_task_that_is_cancelled_fails_and_so_does_its_job() {
    let mut bench = Bench::new();
    let job = bench.job(&["sleep 60"]);
    bench.submit(job);
    bench.pass(1_000);
    bench
        .scheduler
        .cancel_task(at(job, 1, None), false, "stop it", bench.now)
        .unwrap();
    assert_eq!(bench.of_task(job, 1, None, "State"), "Canceling");
    bench.pass(1_000);
    assert_eq!(bench.of_task(job, 1, None, "State"), "Failed");
    assert!(
        bench
            .of_task(job, 1, None, "ErrorMessage")
            .contains("stop it")
    );
    assert_eq!(bench.of_job(job, "State"), "Failed");
    let again = bench
        .scheduler
        .cancel_task(at(job, 1, None), false, "", bench.now);
    assert_eq!(again, Err(Fault::CancelTaskState(TaskState::Failed)));
}

#[test]
fn a_task_cancelled_before_it_ran_stays_cancelled_through_requeue() {
    let mut bench = Bench::new();
    let job = bench.job(&["echo a", "exit 1"]);
    bench
        .scheduler
        .cancel_task(at(job, 1, None), false, "", bench.now)
        .unwrap();
    assert_eq!(bench.of_task(job, 1, None, "State"), "Canceled");
    bench.submit(job);
    bench.pass(2_000);
    assert_eq!(bench.of_job(job, "State"), "Failed");
    bench.scheduler.requeue_job(job, &[], bench.now).unwrap();
    bench.pass(2_000);
    assert_eq!(bench.of_task(job, 1, None, "State"), "Canceled");
    assert_eq!(bench.of_task(job, 2, None, "RequeueCount"), "1");
}

#[test]
fn one_subtask_can_be_cancelled_and_queued_again_while_the_others_run() {
    let mut bench = Bench::new();
    let job = bench.job(&[]);
    bench.task(
        job,
        &[
            ("Type", "ParametricSweep"),
            ("CommandLine", "sleep 30"),
            ("EndValue", "3"),
        ],
    );
    bench.submit(job);
    bench.pass(1_000);
    bench
        .scheduler
        .cancel_task(at(job, 1, 2), true, "not this", bench.now)
        .unwrap();
    let states = |bench: &mut Bench| -> Vec<_> {
        (1..=3)
            .map(|subtask| bench.of_task(job, 1, subtask, "State"))
            .collect()
    };
    assert_eq!(states(&mut bench), ["Running", "Failed", "Running"]);
    bench
        .scheduler
        .requeue_task(at(job, 1, 2), &[], bench.now)
        .unwrap();
    assert_eq!(states(&mut bench), ["Running", "Queued", "Running"]);
    bench.pass(1_000);
    assert_eq!(states(&mut bench), ["Running", "Running", "Running"]);
    assert_eq!(bench.of_task(job, 1, 2, "RequeueCount"), "1");
    bench.pass(40_000);
    assert_eq!(bench.of_job(job, "State"), "Finished");
}

#[test]
fn a_failed_task_of_a_job_at_its_end_is_configuring_until_the_job_is_requeued() {
    let mut bench = Bench::new();
    let job = bench.job(&["exit 1"]);
    bench.submit(job);
    bench.pass(2_000);
    bench
        .scheduler
        .requeue_task(at(job, 1, None), &[], bench.now)
        .unwrap();
    assert_eq!(bench.of_task(job, 1, None, "State"), "Configuring");
    bench.scheduler.requeue_job(job, &[], bench.now).unwrap();
    bench.pass(2_000);
    assert_eq!(bench.of_task(job, 1, None, "State"), "Failed");
    bench.pass(2_000);
    let finished = bench.job(&["echo"]);
    bench.submit(finished);
    bench.pass(2_000);
    let refused = bench
        .scheduler
        .requeue_task(at(finished, 1, None), &[], bench.now);
    assert_eq!(refused, Err(Fault::RequeueTaskState(TaskState::Finished)));
}

#[test]
fn a_task_that_must_not_run_twice_is_not_requeued() {
    let mut bench = Bench::new();
    let job = bench.job(&[]);
    bench.task(job, &[("CommandLine", "exit 1"), ("IsRerunnable", "false")]);
    bench.submit(job);
    bench.pass(2_000);
    assert_eq!(
        bench
            .scheduler
            .requeue_task(at(job, 1, None), &[], bench.now),
        Err(Fault::NotRerunnable)
    );
}

#[test]
fn tasks_start_when_those_they_depend_on_have_ended() {
    let mut bench = Bench::new();
    let job = bench.job(&[]);
    bench.task(
        job,
        &[
            ("Name", "last"),
            ("CommandLine", "echo"),
            ("DependsOn", "first,second"),
        ],
    );
    bench.task(job, &[("Name", "first"), ("CommandLine", "sleep 5")]);
    bench.task(job, &[("Name", "Second"), ("CommandLine", "sleep 9")]);
    bench.submit(job);
    bench.pass(8_000);
    let states = |bench: &mut Bench| -> Vec<_> {
        (1..=3)
            .map(|task| bench.of_task(job, task, None, "State"))
            .collect()
    };
    assert_eq!(states(&mut bench), ["Queued", "Finished", "Running"]);
    bench
        .scheduler
        .cancel_task(at(job, 3, None), true, "", bench.now)
        .unwrap();
    bench.pass(50);
    assert_eq!(states(&mut bench), ["Running", "Finished", "Failed"]);
    bench.pass(500);
    assert_eq!(bench.of_job(job, "State"), "Failed");
}

#[rstest]
#[case("a", "b", "circle")]
#[case("a", "nobody", "nobody")]
fn dependencies_that_cannot_be_met_fail_the_job(
    #[case] name: &str,
    #[case] on: &str,
    #[case] told: &str,
) {
    let mut bench = Bench::new();
    let job = bench.job(&[]);
    bench.task(
        job,
        &[("Name", name), ("CommandLine", "echo"), ("DependsOn", on)],
    );
    bench.task(
        job,
        &[("Name", "b"), ("CommandLine", "echo"), ("DependsOn", "a")],
    );
    bench.submit(job);
    bench.pass(1_000);
    assert_eq!(bench.of_job(job, "State"), "Failed");
    assert!(bench.of_job(job, "ErrorMessage").contains(told));
}

#[test]
fn a_failure_that_fails_the_job_stops_the_others() {
    let mut bench = Bench::new();
    let job = bench.job(&["sleep 60"]);
    bench.task(
        job,
        &[("CommandLine", "exit 7"), ("FailJobOnFailure", "true")],
    );
    bench.submit(job);
    bench.pass(2_000);
    assert_eq!(bench.of_job(job, "State"), "Failed");
    assert_eq!(bench.of_task(job, 1, None, "State"), "Failed");
    assert_eq!(bench.of_task(job, 2, None, "ExitCode"), "7");
}

#[test]
fn node_preparation_goes_first_and_its_failure_is_the_end() {
    let mut bench = Bench::new();
    let job = bench.job(&["echo"]);
    bench.task(job, &[("Type", "NodePrep"), ("CommandLine", "sleep 3")]);
    bench.submit(job);
    bench.pass(1_000);
    assert_eq!(bench.of_task(job, 1, None, "State"), "Queued");
    assert_eq!(bench.of_task(job, 2, None, "State"), "Running");
    bench.pass(4_000);
    assert_eq!(bench.of_job(job, "State"), "Finished");
    let job = bench.job(&["echo"]);
    bench.task(job, &[("Type", "NodePrep"), ("CommandLine", "exit 1")]);
    bench.submit(job);
    bench.pass(2_000);
    assert_eq!(bench.of_job(job, "State"), "Failed");
    assert_eq!(bench.of_task(job, 1, None, "State"), "Canceled");
}

#[rstest]
#[case(&[("Type", "NodePrep"), ("MinCores", "2")])]
#[case(&[("Type", "Service")])]
#[case(&[("Id", "1")])]
#[case(&[("TaskId", "1.1")])]
#[case(&[("Type", "Sometimes")])]
#[case(&[("StartValue", "one")])]
fn a_task_that_does_not_fit_is_not_added(#[case] properties: &[(&str, &str)]) {
    let mut bench = Bench::new();
    let job = bench.job(&["echo"]);
    assert!(
        bench
            .scheduler
            .add_task(job, &sent(properties), bench.now)
            .is_err()
    );
    assert!(
        bench
            .scheduler
            .task(at(job, 2, None), None, bench.now)
            .is_err()
    );
}

#[test]
fn a_task_added_to_a_running_job_stays_configuring() {
    let mut bench = Bench::new();
    let job = bench.job(&["sleep 5"]);
    bench.submit(job);
    bench.pass(1_000);
    bench.task(job, &[("CommandLine", "echo")]);
    let late = bench
        .scheduler
        .add_task(job, &sent(&[("Type", "NodePrep")]), bench.now);
    assert!(matches!(late, Err(Fault::TaskTypeTooLate(_))));
    bench.pass(10_000);
    assert_eq!(bench.of_job(job, "State"), "Finished");
    assert_eq!(bench.of_task(job, 2, None, "State"), "Configuring");
    assert!(bench.scheduler.add_task(job, &[], bench.now).is_err());
}

#[test]
fn properties_of_a_task_can_be_set_while_it_is_configuring() {
    let mut bench = Bench::new();
    let job = bench.job(&["echo a"]);
    let name = sent(&[("Name", "n"), ("Name", "m")]);
    let nobody = bench.scheduler.set_task(at(job, 1, 1), &name, bench.now);
    assert_eq!(nobody, Err(Fault::UnknownTask));
    let sweep = bench.task(job, SWEEP);
    for (subtask, good) in [(0, false), (1, true), (3, true), (4, false)] {
        let set = bench
            .scheduler
            .set_task(at(job, sweep, subtask), &name, bench.now);
        assert_eq!(set.is_ok(), good);
    }
    assert_eq!(bench.of_task(job, sweep, None, "Name"), "m");
    bench
        .scheduler
        .set_task(at(job, 1, None), &name, bench.now)
        .unwrap();
    assert_eq!(bench.of_task(job, 1, None, "Name"), "m");
    bench.submit(job);
    let late = bench.scheduler.set_task(at(job, 1, None), &name, bench.now);
    assert_eq!(late, Err(Fault::TaskState(TaskState::Submitted)));
}

#[test]
fn exit_codes_that_are_told_to_be_valid_are() {
    let mut bench = Bench::new();
    let job = bench.job(&[]);
    bench.task(
        job,
        &[("CommandLine", "exit 4"), ("TaskValidExitCodes", "1,3..5")],
    );
    bench.submit(job);
    let other = bench.job(&["exit -9"]);
    bench
        .scheduler
        .submit_job(other, &sent(&[("JobValidExitCodes", "min..0")]), bench.now)
        .unwrap();
    bench.pass(2_000);
    assert_eq!(bench.of_job(job, "State"), "Finished");
    assert_eq!(bench.of_task(job, 1, None, "ExitCode"), "4");
    assert_eq!(bench.of_job(other, "State"), "Finished");
}

#[test]
fn variables_that_do_not_exist_come_back_empty_and_custom_properties_do_not() {
    let mut bench = Bench::new();
    let job = bench.job(&["echo %A% %B%"]);
    let task = at(job, 1, None);
    let pairs = sent(&[("A", "1"), ("B", "2")]);
    bench
        .scheduler
        .set_job_variables(job, &pairs, bench.now)
        .unwrap();
    bench
        .scheduler
        .set_task_variables(task, &sent(&[("B", "own"), ("C", "")]), bench.now)
        .unwrap();
    bench
        .scheduler
        .set_task_custom(task, &pairs, bench.now)
        .unwrap();
    let named = bench
        .scheduler
        .job_variables(job, Some("b, Nope"), bench.now)
        .unwrap();
    assert_eq!(named, sent(&[("b", "2"), ("Nope", "")]));
    let named = bench
        .scheduler
        .task_custom(task, Some("B,Nope"), bench.now)
        .unwrap();
    assert_eq!(named, sent(&[("B", "2")]));
    assert_eq!(
        bench
            .scheduler
            .task_variables(task, None, bench.now)
            .unwrap(),
        sent(&[("B", "own")])
    );
    bench.submit(job);
    bench.pass(1_000);
    assert_eq!(bench.of_task(job, 1, None, "Output"), "1 own\r\n");
    let long = "x".repeat(81);
    assert_eq!(
        bench
            .scheduler
            .set_job_custom(job, &sent(&[(&long, "1")]), bench.now),
        Err(Fault::CustomName)
    );
    let much = "x".repeat(2_048);
    assert_eq!(
        bench
            .scheduler
            .set_job_variables(job, &sent(&[("M", &much)]), bench.now),
        Err(Fault::Variables)
    );
}
