//! Behind the end of the calendar: a clock can be moved that far, and nothing may break there.

use super::{
    Bench,
    batches::{OCTETS, at, opened, read, send},
    body, header, properties, request, text,
};
use crate::{
    hpc_pack::Settings,
    mock::{Clock, Moment},
};
use rstest::rstest;
use std::time::Duration;

/// What shows moments, of a job that was made before and one that is made now.
const VIEWS: [&str; 9] = [
    "GET /WindowsHPC/Jobs",
    "GET /WindowsHPC/Jobs?Render=RestRow&Properties=Id,CreateTime,SubmitTime,EndTime,ChangeTime",
    "GET /WindowsHPC/Job/1",
    "GET /WindowsHPC/Job/2",
    "GET /WindowsHPC/Job/2/Tasks?Properties=TaskId,CreateTime,SubmitTime,EndTime",
    "GET /WindowsHPC/Job/2/Task/1",
    "GET /WindowsHPC/Nodes",
    "GET /WindowsHPC/Clusters",
    "GET /WindowsHPC/Session/1/Attach?durable=False",
];

#[rstest]
#[case(Clock::FURTHEST)]
#[case(Moment::LAST)]
#[case(Moment(Moment::LAST.0 + 1))]
#[case(Moment(u64::MAX / 2))]
fn jobs_sessions_and_batches_live_on_at_the_end_of_time(#[case] end: Moment) {
    let mut bench = opened(Bench::new(Settings::default()), "CcpEchoSvc");
    let run = |bench: &mut Bench, job: u32| {
        let task = [("Commandline", "echo late")];
        for (to, pairs) in [
            (
                "POST Jobs".to_owned(),
                &[("MinNodes", "1"), ("UnitType", "2")][..],
            ),
            (format!("POST Job/{job}/Tasks"), &task[..]),
            (format!("POST Job/{job}/Submit"), &[]),
        ] {
            let reply = bench.ask(&properties(&to, pairs));
            assert_eq!(reply.status, 200, "{to}: {}", text(&reply));
        }
        bench.sleep(Duration::from_secs(5));
    };
    run(&mut bench, 1);
    bench.now = end;
    run(&mut bench, 2);
    let job = bench.ask(&request("GET /WindowsHPC/Job/2?Properties=State,EndTime"));
    assert!(
        text(&job).contains("<Value>Finished</Value>"),
        "{}",
        text(&job)
    );
    assert!(text(&job).contains("/9999 "), "{}", text(&job));
    // Its first session has run out long since; another one works as ever.
    bench = opened(bench, "CcpEchoSvc");
    let sent = bench.ask(&send("", &["x"]));
    assert!(sent.status < 500, "{}", text(&sent));
    let answered = bench.ask(&header(read(""), "Accept", OCTETS));
    assert!(answered.status < 500, "{}", text(&answered));
    let status = bench.ask(&at("GET b/Status"));
    assert!(status.status < 500, "{}", text(&status));
    for view in VIEWS {
        for accept in ["application/xml", "application/json"] {
            let reply = bench.ask(&header(request(view), "Accept", accept));
            assert!(reply.status < 500, "{view}: {}", text(&reply));
            let date = reply.headers.get("Date").unwrap();
            assert!(date.contains(" 9999 "), "{view}: {date}");
        }
    }
    let cancelled = bench.ask(&body(
        request("POST /WindowsHPC/Job/2/Cancel"),
        "application/xml",
        "",
    ));
    assert_eq!(cancelled.status, 400, "{}", text(&cancelled));
}
