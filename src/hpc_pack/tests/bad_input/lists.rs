//! Filters and continuations that are none.

use super::{XML, furnished, is_fault, line, with};
use crate::hpc_pack::Settings;
use std::time::Duration;

#[test]
fn a_filter_that_does_not_parse_is_a_fault_on_every_list() {
    let mut bench = furnished(Settings::default());
    let lists = [
        ("Jobs", "JobState"),
        ("Job/1/Tasks", "TaskState"),
        ("Nodes", "NodeState"),
    ];
    for (list, state) in lists {
        let long = format!("{state}%20eq%20{}", "x".repeat(100_000));
        let many = vec![format!("{state}%20eq%20"); 5_000].join("%20and%20");
        for filter in [
            "x".to_owned(),
            state.to_owned(),
            format!("{state}%20eq"),
            format!("{state}%20eq%20Sleeping"),
            format!("{state}%20ne%20Queued"),
            format!("{state}%20eq%20Queued%20or%20{state}%20eq%20Running"),
            format!("({state}%20eq%20Queued)"),
            format!("{state}%20eq%20'"),
            format!("{state}%20eq%20Queued%20and"),
            format!("{state}%20eq%20Queued%20and%20and"),
            format!("and%20{state}%20eq%20Queued"),
            "ChangeTimeFrom%20eq%20yesterday".to_owned(),
            "ChangeTimeFrom%20eq%202015-13-45".to_owned(),
            "ChangeTimeFrom%20eq%2099999-01-01".to_owned(),
            "ChangeTimeFrom%20eq%20-1".to_owned(),
            "%00".to_owned(),
            "%FF%FE".to_owned(),
            long,
            many + "x",
        ] {
            let target = format!("GET {list}?Render=RestPropRender&$filter={filter}");
            let mut asked = line(&target);
            asked.headers.set("api-version", "2012-11-01.4.0");
            let reply = bench.ask(&asked);
            is_fault(&target[..target.len().min(200)], &reply);
            assert_eq!(reply.status, 400);
        }
        // Of lists, too: rows and names that are none.
        for query in [
            "RowsPerRead=many",
            "RowsPerRead=99999999999",
            "Properties=Id,Colour",
            "Properties=%00",
            "Render=HpcJobXml",
            "Render=pdf",
        ] {
            let target = format!("GET {list}?{query}");
            is_fault(&target, &bench.ask(&line(&target)));
        }
    }
}

#[test]
fn a_continuation_that_was_not_given_here_is_a_fault() {
    let mut bench = furnished(Settings::default());
    for _ in 0..30 {
        assert_eq!(bench.ask(&with("POST Jobs", XML, b"")).status, 200);
        assert_eq!(bench.ask(&with("POST Job/1/Tasks", XML, b"")).status, 200);
    }
    let mut token = |list: &str| {
        let reply = bench.ask(&line(&format!("GET {list}?RowsPerRead=2")));
        reply
            .headers
            .get("x-ms-continuation-QueryId")
            .unwrap()
            .to_owned()
    };
    let (jobs, tasks, nodes) = (token("Jobs"), token("Job/1/Tasks"), token("Nodes"));
    let mut refused = |list: &str, id: &str| {
        let target = format!("GET {list}?RowsPerRead=2&QueryId={id}");
        let reply = bench.ask(&line(&target));
        is_fault(&target[..target.len().min(200)], &reply);
        assert_eq!(reply.status, 400);
    };
    for (list, own) in [("Jobs", &jobs), ("Job/1/Tasks", &tasks), ("Nodes", &nodes)] {
        // Foreign ones: of other lists, and of another job.
        for foreign in [&jobs, &tasks, &nodes]
            .into_iter()
            .filter(|token| *token != own)
        {
            refused(list, foreign);
        }
        // Forged ones: each character another, one less, one more.
        for at in 0..own.len() {
            let mut forged = own.clone().into_bytes();
            forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
            refused(list, std::str::from_utf8(&forged).unwrap());
        }
        refused(list, &own[1..]);
        refused(list, &own[..own.len() - 1]);
        refused(list, &format!("{own}A"));
        for made_up in [
            "1",
            "-1",
            "AAAA",
            "%00",
            "%FF",
            "e30",
            "bnVsbA",
            &"A".repeat(50_000),
        ] {
            refused(list, made_up);
        }
    }
    refused("Job/2/Tasks", &tasks);
    // Old ones.
    bench.sleep(Duration::from_secs(61 * 60));
    for (list, own) in [("Jobs", &jobs), ("Job/1/Tasks", &tasks), ("Nodes", &nodes)] {
        let target = format!("GET {list}?QueryId={own}");
        is_fault(&target, &bench.ask(&line(&target)));
    }
}
