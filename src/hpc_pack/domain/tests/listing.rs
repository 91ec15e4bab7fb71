use super::{Bench, of_row, sent};
use crate::hpc_pack::domain::{Ask, Fault, Page};
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use rstest::rstest;
use std::collections::BTreeSet;

fn jobs(bench: &mut Bench, ask: Ask<'_>) -> Result<Page, Fault> {
    let mut list = bench.scheduler.job_list(ask, bench.now)?;
    let mut slices = 0;
    loop {
        slices += 1;
        assert!(slices < 1_000_000, "a list comes to an end");
        if let Some(page) = bench.scheduler.list_jobs(&mut list, bench.now, 8) {
            return Ok(page);
        }
    }
}

/// The page of a list of tasks, made in slices of one.
pub(super) fn list_tasks(bench: &mut Bench, job: i32, ask: Ask<'_>) -> Result<Page, Fault> {
    let mut list = bench.scheduler.task_list(job, ask, bench.now)?;
    loop {
        if let Some(page) = bench.scheduler.list_tasks(&mut list, bench.now, 1) {
            return Ok(page);
        }
    }
}

fn ids(page: &Page) -> Vec<i32> {
    page.rows
        .iter()
        .map(|row| of_row(row, "Id").parse().unwrap())
        .collect()
}

/// Every page of a list, one identifier after the other.
fn all(bench: &mut Bench, ask: Ask<'_>) -> Vec<i32> {
    let mut found = Vec::new();
    let mut page = jobs(bench, ask).unwrap();
    loop {
        found.extend(ids(&page));
        let Some(next) = page.next else { return found };
        assert_eq!(next.object_number, found.len() as u64);
        page = jobs(
            bench,
            Ask {
                query_id: Some(&next.query_id),
                ..Ask::default()
            },
        )
        .unwrap();
    }
}

#[test]
fn twenty_five_jobs_come_in_pages_of_ten() {
    let mut bench = Bench::new();
    for _ in 0..25 {
        bench.job(&[]);
    }
    let first = jobs(&mut bench, Ask::default()).unwrap();
    assert_eq!(first.rows.len(), 10);
    let names: Vec<_> = first.rows[0].iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["Id", "Owner", "Name", "State", "Priority"]);
    assert_eq!(of_row(&first.rows[0], "Owner"), "HPC\\me");
    assert_eq!(
        all(&mut bench, Ask::default()),
        (1..=25).collect::<Vec<_>>()
    );
}

#[test]
fn four_rows_by_three_are_two_pages_and_three_by_three_is_one() {
    let mut bench = Bench::new();
    for _ in 0..3 {
        bench.job(&[]);
    }
    let three = Ask {
        rows: Some(3),
        ..Ask::default()
    };
    assert_eq!(jobs(&mut bench, three).unwrap().next, None);
    bench.job(&[]);
    let page = jobs(&mut bench, three).unwrap();
    let next = page.next.unwrap();
    let last = jobs(
        &mut bench,
        Ask {
            query_id: Some(&next.query_id),
            ..Ask::default()
        },
    )
    .unwrap();
    assert_eq!((ids(&last), last.next), (vec![4], None));
    let skipped = jobs(
        &mut bench,
        Ask {
            object_number: Some(3),
            ..Ask::default()
        },
    )
    .unwrap();
    assert_eq!(ids(&skipped), [4]);
}

#[rstest]
#[case(Some(0), 1)]
#[case(Some(-5), 1)]
#[case(Some(2), 2)]
#[case(None, 3)]
fn at_least_one_row_comes(#[case] rows: Option<i64>, #[case] count: usize) {
    let mut bench = Bench::new();
    for _ in 0..3 {
        bench.job(&[]);
    }
    assert_eq!(
        jobs(
            &mut bench,
            Ask {
                rows,
                ..Ask::default()
            }
        )
        .unwrap()
        .rows
        .len(),
        count
    );
}

#[test]
fn lists_are_sorted_by_any_property_and_fall_back_to_the_identifier() {
    let mut bench = Bench::new();
    for (name, priority) in [("b", "Highest"), ("C", "Lowest"), ("a", "Normal")] {
        let properties = sent(&[("Name", name), ("Priority", priority)]);
        bench
            .scheduler
            .create_job("me", &properties, bench.now)
            .unwrap();
    }
    let by = |bench: &mut Bench, sort| {
        all(
            bench,
            Ask {
                sort: Some(sort),
                rows: Some(2),
                ..Ask::default()
            },
        )
    };
    assert_eq!(by(&mut bench, "name"), [3, 1, 2]);
    assert_eq!(by(&mut bench, "Priority"), [2, 3, 1]);
    assert_eq!(by(&mut bench, "NoSuchProperty"), [1, 2, 3]);
    assert_eq!(by(&mut bench, "Password"), [1, 2, 3]);
    let refused = jobs(
        &mut bench,
        Ask {
            properties: Some("Id,NoSuchProperty"),
            ..Ask::default()
        },
    );
    assert!(matches!(refused, Err(Fault::UnknownProperty(_))));
}

#[test]
fn lists_are_filtered_by_owner_state_and_time_of_change() {
    let mut bench = Bench::new();
    for owner in ["HPC\\a", "HPC\\b", "HPC\\a"] {
        bench.scheduler.create_job(owner, &[], bench.now).unwrap();
    }
    bench.pass(86_400_000);
    bench.submit(2);
    bench.pass(1_000);
    let filtered = |bench: &mut Bench, filter| {
        all(
            bench,
            Ask {
                filter: Some(filter),
                ..Ask::default()
            },
        )
    };
    assert_eq!(filtered(&mut bench, "JobState eq finished"), [2]);
    assert_eq!(filtered(&mut bench, "JobState eq configuring"), [1, 3]);
    assert_eq!(filtered(&mut bench, "ChangeTimeFrom eq 2026-01-02"), [2]);
    assert_eq!(
        filtered(
            &mut bench,
            "JobState eq configuring and ChangeTimeFrom eq 2026-01-02"
        ),
        [] as [i32; 0]
    );
    assert_eq!(
        all(
            &mut bench,
            Ask {
                owner: Some("hpc\\A"),
                rows: Some(1),
                ..Ask::default()
            }
        ),
        [1, 3]
    );
    assert_eq!(
        all(
            &mut bench,
            Ask {
                owner: Some("nobody"),
                ..Ask::default()
            }
        ),
        [] as [i32; 0]
    );
}

#[test]
fn subtasks_stand_for_their_sweep_once_it_is_expanded() {
    let mut bench = Bench::new();
    let job = bench.job(&["echo"]);
    bench.task(
        job,
        &[
            ("Type", "ParametricSweep"),
            ("CommandLine", "echo *"),
            ("EndValue", "3"),
        ],
    );
    let names = |bench: &mut Bench, expand| -> Vec<String> {
        let ask = Ask {
            expand,
            ..Ask::default()
        };
        let page = list_tasks(bench, job, ask).unwrap();
        page.rows.iter().map(|row| of_row(row, "TaskId")).collect()
    };
    assert_eq!(names(&mut bench, true), ["1.1", "1.2"]);
    bench.submit(job);
    bench.pass(1_000);
    assert_eq!(names(&mut bench, true), ["1.1", "1.2.1", "1.2.2", "1.2.3"]);
    assert_eq!(names(&mut bench, false), ["1.1", "1.2"]);
    let two = Ask {
        rows: Some(2),
        ..Ask::default()
    };
    let first = list_tasks(&mut bench, job, two).unwrap();
    let next = first.next.unwrap().query_id;
    let behind = Ask {
        query_id: Some(&next),
        ..Ask::default()
    };
    let rest = list_tasks(&mut bench, job, behind).unwrap();
    let rest: Vec<_> = rest.rows.iter().map(|row| of_row(row, "TaskId")).collect();
    assert_eq!(rest, ["1.2.2", "1.2.3"]);
    let other = bench.job(&["echo"]);
    let behind = Ask {
        query_id: Some(&next),
        ..Ask::default()
    };
    let foreign = list_tasks(&mut bench, other, behind);
    assert_eq!(foreign.unwrap_err(), Fault::Continuation);
}

#[test]
fn nodes_are_listed_with_all_their_properties() {
    let bench = Bench::new();
    let page = bench
        .scheduler
        .list_nodes(
            Ask {
                sort: Some("Name"),
                ..Ask::default()
            },
            bench.now,
        )
        .unwrap();
    let names: Vec<_> = page.rows.iter().map(|row| of_row(row, "Name")).collect();
    assert_eq!(names[..2], ["BROKERNODE01", "COMPUTENODE01"]);
    assert_eq!(page.rows[0].len(), 18);
    let online = Ask {
        filter: Some("NodeState eq draining"),
        ..Ask::default()
    };
    assert!(
        bench
            .scheduler
            .list_nodes(online, bench.now)
            .unwrap()
            .rows
            .is_empty()
    );
    assert_eq!(
        bench.scheduler.group_members("computenodes").unwrap().len(),
        4
    );
    assert!(bench.scheduler.node("nobody").is_err());
}

fn sorts() -> impl Strategy<Value = Option<&'static str>> {
    prop_oneof![
        Just(None),
        Just(Some("Name")),
        Just(Some("Priority")),
        Just(Some("nonsense"))
    ]
}

proptest! {
    #[test]
    fn a_list_is_paged_to_its_end_exactly_once_while_jobs_are_added(
        start in 0..40usize, rows in 1..9i64, inserts in proptest::collection::vec(any::<bool>(), 0..20), sort in sorts(),
    ) {
        let mut bench = Bench::new();
        let add = |bench: &mut Bench, n: usize| {
            let name = format!("job {}", n * 7 % 5);
            bench.scheduler.create_job("me", &sent(&[("Name", &name)]), bench.now).unwrap();
        };
        for n in 0..start {
            add(&mut bench, n);
        }
        let mut page = jobs(&mut bench, Ask { rows: Some(rows), sort, ..Ask::default() }).unwrap();
        let mut seen = Vec::new();
        let mut inserts = inserts.into_iter();
        loop {
            seen.extend(ids(&page));
            if inserts.next() == Some(true) {
                add(&mut bench, seen.len());
            }
            let Some(next) = page.next else { break };
            page = jobs(&mut bench, Ask { query_id: Some(&next.query_id), ..Ask::default() }).unwrap();
        }
        let once: BTreeSet<_> = seen.iter().copied().collect();
        assert_eq!(once.len(), seen.len(), "no row twice: {seen:?}");
        for id in 1..=i32::try_from(start).unwrap() {
            assert!(once.contains(&id), "{id} is missing");
        }
    }
}
