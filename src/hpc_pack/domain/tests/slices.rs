//! What takes long is done in slices: no call does more than it may, and what comes out is the same.

use super::{Bench, listing::list_tasks, sent};
use crate::hpc_pack::domain::{Ask, TaskRef, run::Run, state::JobState};
use proptest::prelude::{Strategy, any, prop, prop_oneof, proptest};

const SWEEP: usize = 100_000;

fn sweep(bench: &mut Bench, job: i32, command: &str, size: usize) -> i32 {
    let size = size.to_string();
    let task = [
        ("CommandLine", command),
        ("Type", "ParametricSweep"),
        ("EndValue", &size),
    ];
    bench.task(job, &task)
}

fn planned(bench: &Bench, job: i32) -> usize {
    bench.scheduler.job_ref(job).unwrap().tasks[0]
        .instances
        .len()
}

#[test]
fn a_sweep_of_a_hundred_thousand_is_expanded_in_slices() {
    let mut bench = Bench::new();
    let job = bench.job(&[]);
    sweep(&mut bench, job, "echo *", SWEEP);
    bench.submit(job);
    bench.pass(1_000);
    let (mut slices, mut before) = (1, 0);
    while !bench.scheduler.prepare(job, bench.now, 1_000) {
        let now = planned(&bench, job);
        assert!(now <= before + 1_000, "{before} to {now}");
        // While that goes on, others are served.
        bench.job(&[]);
        slices += 1;
        before = now;
    }
    assert!(slices >= 100, "{slices}");
    assert_eq!(planned(&bench, job), SWEEP);
    assert_eq!(bench.of_job(job, "State"), "Finished");
    assert_eq!(bench.of_task(job, 1, 100_000, "Output"), "100000\r\n");
}

#[test]
fn those_who_ask_for_others_do_a_part_of_it() {
    let mut bench = Bench::new();
    let job = bench.job(&[]);
    sweep(&mut bench, job, "echo *", 5_000);
    bench.submit(job);
    bench.pass(1_000);
    let mut before = 0;
    while !bench.scheduler.advance(bench.now, 128) {
        let now = planned(&bench, job);
        assert!(now <= before + 128, "{before} to {now}");
        before = now;
    }
    assert_eq!(
        bench.scheduler.job_ref(job).unwrap().state,
        JobState::Finished
    );
}

#[test]
fn a_running_sweep_is_planned_anew_in_slices() {
    let mut bench = Bench::new();
    let job = bench.job(&[]);
    let first = bench.task(job, &[("CommandLine", "sleep 60"), ("Name", "first")]);
    let task = sweep(&mut bench, job, "echo *", 20_000);
    let depends = sent(&[("DependsOn", "first")]);
    let whole = TaskRef {
        job,
        task,
        subtask: None,
    };
    bench
        .scheduler
        .set_task(whole, &depends, bench.now)
        .unwrap();
    bench.submit(job);
    bench.pass(1_000);
    assert_eq!(bench.of_task(job, task, 7, "State"), "Queued");
    let one = TaskRef {
        job,
        task: first,
        subtask: None,
    };
    bench
        .scheduler
        .cancel_task(one, true, "m", bench.now)
        .unwrap();
    let mut slices = 1;
    while !bench.scheduler.prepare(job, bench.now, 1_000) {
        slices += 1;
    }
    assert!(slices >= 19, "{slices}");
    bench.pass(1_000);
    assert_eq!(bench.of_task(job, task, 20_000, "State"), "Finished");
}

#[test]
fn a_list_of_jobs_does_no_more_for_a_large_one_than_a_slice() {
    let mut bench = Bench::new();
    let job = bench.job(&[]);
    sweep(&mut bench, job, "echo *", 5_000);
    bench.submit(job);
    bench.pass(1_000);
    let mut list = bench.scheduler.job_list(Ask::default(), bench.now).unwrap();
    let mut before = 0;
    let page = loop {
        if let Some(page) = bench.scheduler.list_jobs(&mut list, bench.now, 100) {
            break page;
        }
        let now = planned(&bench, job);
        assert!(now <= before + 100, "{before} to {now}");
        before = now;
    };
    assert_eq!(super::of_row(&page.rows[0], "State"), "Finished");
}

#[test]
fn a_list_of_many_subtasks_is_made_in_slices() {
    let mut bench = Bench::new();
    let job = bench.job(&["echo"]);
    sweep(&mut bench, job, "echo *", 3_000);
    bench.submit(job);
    bench.pass(1_000);
    let ask = || Ask {
        rows: Some(5_000),
        sort: Some("Output"),
        ..Ask::default()
    };
    let mut list = bench.scheduler.task_list(job, ask(), bench.now).unwrap();
    let mut slices = 1;
    let page = loop {
        if let Some(page) = bench.scheduler.list_tasks(&mut list, bench.now, 100) {
            break page;
        }
        slices += 1;
    };
    assert!(slices >= 30 + 3_001 / 12, "{slices}");
    assert_eq!(page.rows.len(), 3_001);
    assert_eq!(page.rows, list_tasks(&mut bench, job, ask()).unwrap().rows);
}

#[test]
fn many_tasks_may_wait_for_many_others_by_one_name() {
    let mut bench = Bench::new();
    let job = bench.job(&[]);
    // Pair by pair these are 400 million dependencies, which would fill the memory.
    for _ in 0..20_000 {
        bench.task(job, &[("CommandLine", "echo"), ("Name", "a")]);
    }
    for _ in 0..20_000 {
        bench.task(
            job,
            &[("CommandLine", "echo"), ("Name", "b"), ("DependsOn", "a")],
        );
    }
    bench.submit(job);
    bench.pass(10_000);
    assert_eq!(bench.of_job(job, "State"), "Finished");
    let (first, then) = (
        bench.of_task(job, 20_000, None, "EndTime"),
        bench.of_task(job, 20_001, None, "StartTime"),
    );
    assert!(first <= then, "{first} {then}");
}

#[test]
fn a_long_chain_of_jobs_ends_step_by_step() {
    const JOBS: i32 = 5_000;
    let mut bench = Bench::new();
    for job in 1..=JOBS {
        bench.job(&["echo"]);
        if job > 1 {
            let parent = sent(&[("ParentJobIds", &(job - 1).to_string())]);
            bench.scheduler.set_job(job, &parent, bench.now).unwrap();
        }
        bench.submit(job);
    }
    bench.pass(10_000_000);
    // A slice stays one, however long the chain is.
    assert!(!bench.scheduler.prepare(JOBS, bench.now, 100));
    let ended = |bench: &Bench| {
        (1..=JOBS)
            .take_while(|job| bench.scheduler.job_ref(*job).unwrap().state.is_final())
            .count()
    };
    assert!(ended(&bench) < 100);
    assert_eq!(bench.of_job(JOBS, "State"), "Finished");
    assert_eq!(ended(&bench), 5_000);
}

#[test]
fn a_job_that_is_planned_anew_leaves_no_heap_behind() {
    let mut bench = Bench::new();
    let job = bench.job(&["sleep 100000"]);
    bench.submit(job);
    bench.pass(1_000);
    for seconds in 0..10_000 {
        let runtime = sent(&[("RuntimeSeconds", &(1_000 + seconds).to_string())]);
        bench.scheduler.set_job(job, &runtime, bench.now).unwrap();
    }
    assert!(
        bench.scheduler.queued() < 2_000,
        "{}",
        bench.scheduler.queued()
    );
    bench.pass(10_998_000);
    assert_eq!(bench.of_job(job, "State"), "Running");
    bench.pass(10_000);
    assert_eq!(bench.of_job(job, "State"), "Canceled");
}

/// A job of so many tasks, each second of which waits for the one before it.
fn many(bench: &mut Bench, tasks: usize) -> i32 {
    let job = bench.job(&[]);
    for number in 1..=tasks {
        let name = format!("t{number}");
        let before = format!("t{}", number - 1);
        let mut task = vec![("CommandLine", "echo"), ("Name", &name)];
        if number % 2 == 0 {
            task.push(("DependsOn", &before));
        }
        bench.task(job, &task);
    }
    job
}

/// Brings a job up to date in slices of so many steps, looks at it after each, and counts them.
fn brought_on(bench: &mut Bench, job: i32, steps: usize, mut look: impl FnMut(&Bench)) -> usize {
    let mut slices = 1;
    while !bench.scheduler.prepare(job, bench.now, steps) {
        look(bench);
        slices += 1;
    }
    slices
}

#[test]
fn a_job_of_many_tasks_is_validated_and_put_in_order_in_slices() {
    const TASKS: usize = 20_000;
    let mut bench = Bench::new();
    let job = many(&mut bench, TASKS);
    bench.submit(job);
    // To Validating, and through it: names, what each task asks for, who waits for whom, and the order.
    bench.pass(40);
    let slices = brought_on(&mut bench, job, 1_000, |_| {});
    assert!(slices >= 4 * TASKS / 1_000, "{slices}");
    assert_eq!(bench.of_job(job, "State"), "Queued");
    // To Running: the order once more, and the plan of each task.
    bench.pass(20);
    let slices = brought_on(&mut bench, job, 1_000, |_| {});
    assert!(slices >= 5 * TASKS / 1_000, "{slices}");
    bench.pass(1_000);
    assert_eq!(bench.of_job(job, "State"), "Finished");
}

#[test]
fn what_is_wrong_with_the_last_of_many_tasks_is_found_in_slices() {
    let mut bench = Bench::new();
    let job = many(&mut bench, 5_000);
    bench.task(job, &[("CommandLine", "echo"), ("DependsOn", "nobody")]);
    bench.submit(job);
    bench.pass(40);
    let slices = brought_on(&mut bench, job, 100, |_| {});
    assert!(slices >= 100, "{slices}");
    assert_eq!(bench.of_job(job, "State"), "Failed");
    let why = "Task 5001: there is no task nobody to depend on.";
    assert_eq!(bench.of_job(job, "ErrorMessage"), why);
}

/// How many of the subtasks of a sweep are as that says.
fn count(bench: &Bench, is: impl Fn(&Run) -> bool) -> usize {
    let task = &bench.scheduler.job_ref(1).unwrap().tasks[0];
    task.instances.iter().filter(|run| is(run)).count()
}

/// A sweep of 20,000 subtasks that runs.
fn running_sweep() -> (Bench, TaskRef) {
    let mut bench = Bench::new();
    let job = bench.job(&[]);
    let task = sweep(&mut bench, job, "sleep 100", 20_000);
    bench.submit(job);
    bench.pass(1_000);
    assert_eq!(bench.of_job(job, "State"), "Running");
    let whole = TaskRef {
        job,
        task,
        subtask: None,
    };
    (bench, whole)
}

#[test]
fn a_large_sweep_is_cancelled_and_queued_again_in_slices() {
    let (mut bench, whole) = running_sweep();
    let stopped = |run: &Run| {
        let course = run.course.as_ref();
        course.is_some_and(|course| course.canceling.is_some())
    };
    let again = |run: &Run| run.requeues == 1;
    for (is, queues) in [(&stopped as &dyn Fn(&Run) -> bool, false), (&again, true)] {
        let (now, scheduler) = (bench.now, &mut bench.scheduler);
        if queues {
            scheduler.requeue_task(whole, &[], now).unwrap();
        } else {
            scheduler.cancel_task(whole, true, "m", now).unwrap();
        }
        let mut before = count(&bench, is);
        assert!(before <= 1_000, "{before} at once");
        let slices = brought_on(&mut bench, 1, 1_000, |bench| {
            let now = count(bench, is);
            assert!(now <= before + 1_000, "{before} to {now}");
            before = now;
        });
        assert!(slices >= 20, "{slices}");
        assert_eq!(count(&bench, is), 20_000);
    }
    assert_eq!(bench.of_task(1, 1, 20_000, "RequeueCount"), "1");
}

#[test]
fn a_job_with_a_large_sweep_is_queued_again_in_slices_and_nobody_sees_a_part_of_it() {
    let (mut bench, _) = running_sweep();
    let (now, scheduler) = (bench.now, &mut bench.scheduler);
    scheduler.cancel_job(1, true, "m", now).unwrap();
    scheduler.requeue_job(1, &[], now).unwrap();
    let again = |run: &Run| run.requeues == 1;
    let mut before = count(&bench, again);
    assert!(before <= 1_000, "{before} at once");
    // Although the time has not come for the next step of the job.
    let slices = brought_on(&mut bench, 1, 1_000, |bench| {
        let now = count(bench, again);
        assert!(now <= before + 1_000, "{before} to {now}");
        before = now;
    });
    assert!(slices >= 20, "{slices}");
    assert_eq!(bench.of_job(1, "State"), "Queued");
    assert_eq!(bench.of_task(1, 1, 20_000, "State"), "Queued");
    bench.pass(1_000);
    assert_eq!(bench.of_task(1, 1, 20_000, "State"), "Running");
}

/// What is done to a job of tasks and sweeps that wait for one another.
#[derive(Clone, Debug)]
enum Act {
    CancelTask(usize),
    CancelSubtask(usize, i32),
    RequeueTask(usize),
    Cancel,
    Requeue,
    Pass(u64),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        (0..4usize).prop_map(Act::CancelTask),
        (0..4usize, 1..9i32).prop_map(|(task, subtask)| Act::CancelSubtask(task, subtask)),
        (0..4usize).prop_map(Act::RequeueTask),
        prop::strategy::Just(Act::Cancel),
        prop::strategy::Just(Act::Requeue),
        (1..400u64).prop_map(Act::Pass),
    ];
    prop::collection::vec(act, 1..12)
}

const COMMANDS: [&str; 5] = [
    "echo *",
    "sleep *",
    "exit *",
    "echo %CCP_TASKINSTANCEID%",
    "no-such *",
];
const NAMES: [&str; 3] = ["a", "b", "c"];

/// A task: its command, whether it is a sweep, its name, and the name that it waits for.
type Made = (usize, bool, usize, Option<usize>, bool);

fn made(tasks: &[Made]) -> Bench {
    let mut bench = Bench::new();
    let job = bench.job(&[]);
    for (command, sweep, name, after, fatal) in tasks {
        let mut properties = vec![("CommandLine", COMMANDS[*command]), ("Name", NAMES[*name])];
        if *sweep {
            properties.extend([
                ("Type", "ParametricSweep"),
                ("StartValue", "0"),
                ("EndValue", "7"),
            ]);
        }
        if let Some(after) = after.filter(|after| after < name) {
            properties.push(("DependsOn", NAMES[after]));
        }
        if *fatal {
            properties.extend([("FailJobOnFailure", "True"), ("FailJobOnFailureCount", "3")]);
        }
        bench.task(job, &properties);
    }
    bench.submit(job);
    bench
}

/// All that can be seen of the job.
fn seen(bench: &mut Bench) -> String {
    let ask = Ask {
        rows: Some(1_000),
        properties: Some(
            "TaskId,State,PreviousState,StartTime,EndTime,ChangeTime,ExitCode,Output,ErrorMessage,RequeueCount",
        ),
        ..Ask::default()
    };
    let page = list_tasks(bench, 1, ask).unwrap();
    let whole = bench
        .scheduler
        .task_list(
            1,
            Ask {
                expand: false,
                ..Ask::default()
            },
            bench.now,
        )
        .unwrap();
    let job = bench.scheduler.job(1, None, bench.now).unwrap();
    format!(
        "{job:?} {:?} {whole:?} {:?}",
        page.rows,
        bench.scheduler.held()
    )
}

proptest! {
    #[test]
    fn slices_of_any_size_come_to_the_same(
        tasks in prop::collection::vec((0..5usize, any::<bool>(), 0..3usize, prop::option::of(0..3usize), any::<bool>()), 1..5),
        acts in acts(),
        size in 1..12usize,
    ) {
        let (mut whole, mut sliced) = (made(&tasks), made(&tasks));
        for act in acts {
            let at = |task: usize, subtask| TaskRef {
                job: 1,
                task: i32::try_from(task % tasks.len() + 1).unwrap(),
                subtask,
            };
            while !sliced.scheduler.prepare(1, sliced.now, size) {}
            let done = [&mut whole, &mut sliced].map(|bench| {
                let (now, scheduler) = (bench.now, &mut bench.scheduler);
                match act {
                    Act::CancelTask(task) => scheduler.cancel_task(at(task, None), false, "m", now),
                    Act::CancelSubtask(task, subtask) => scheduler.cancel_task(at(task, Some(subtask)), true, "m", now),
                    Act::RequeueTask(task) => scheduler.requeue_task(at(task, None), &[], now),
                    Act::Cancel => scheduler.cancel_job(1, false, "m", now),
                    Act::Requeue => scheduler.requeue_job(1, &[], now),
                    Act::Pass(millis) => {
                        bench.pass(millis);
                        Ok(())
                    }
                }
            });
            assert_eq!(done[0], done[1], "{act:?}");
            while !sliced.scheduler.advance(sliced.now, size) {}
            assert_eq!(seen(&mut whole), seen(&mut sliced), "{act:?}");
        }
    }
}
