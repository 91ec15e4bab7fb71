//! What no client should send, on every operation: a fault, and the state as it was.

use super::{
    Bench,
    batches::{envelope, opened},
    request, text,
};
use crate::{
    hpc_pack::{
        Settings,
        wire::{Accepts, Method, ROUTES, Route},
    },
    message::{Reply, Request},
    mock::{Answer, Begin, BodyEnd, Head, Model},
};
use rstest::rstest;
use std::{ops::ControlFlow, sync::Barrier, thread, time::Duration};

const XML: &str = "application/xml; charset=utf-8";
const BAG: &str = "<ArrayOfProperty xmlns=\"http://schemas.microsoft.com/HPCS2008R2/common\">";
/// Looks at all that can be seen of the state.
const VIEWS: &[&str] = &[
    "GET Jobs?RowsPerRead=1000&Properties=Id,Name,State,ChangeTime,Owner",
    "GET Job/1",
    "GET Job/1?Render=HpcJobXml",
    "GET Job/1/CustomProperties",
    "GET Job/1/EnvVariables",
    "GET Job/1/Tasks?ExpandParametric=True&RowsPerRead=1000",
    "GET Job/1/Task/1",
    "GET Job/1/Task/1/CustomProperties",
    "GET Job/1/Task/1/EnvVariables",
    "GET Job/2?Properties=State,ErrorMessage",
    "GET Job/2/Tasks?ExpandParametric=True&RowsPerRead=1000",
    "GET Nodes?RowsPerRead=100",
    "GET Session/1/Attach?durable=False",
    "GET session/1/batch/b/Status",
];

fn line(line: &str) -> Request {
    let (method, target) = line.split_once(' ').unwrap();
    request(&format!("{method} /WindowsHPC/{target}"))
}

fn with(line_: &str, media: &str, body: &[u8]) -> Request {
    let mut request = line(line_);
    request.headers.set("Content-Type", media);
    request
        .headers
        .set("Content-Length", body.len().to_string());
    request.body = body.to_vec().into();
    request
}

fn bag(pairs: &[(&str, &str)]) -> Vec<u8> {
    let inner: String = pairs
        .iter()
        .map(|(name, value)| {
            format!("<Property><Name>{name}</Name><Value>{value}</Value></Property>")
        })
        .collect();
    format!("{BAG}{inner}</ArrayOfProperty>").into_bytes()
}

/// A head node with a job of two tasks that is being configured, one with a sweep that runs, and a session with a batch.
fn furnished(settings: Settings) -> Bench {
    let mut bench = opened(Bench::new(settings), "CcpEchoSvc");
    for (line, pairs) in [
        ("POST Jobs", &[("Name", "first")][..]),
        (
            "POST Job/1/Tasks",
            &[("CommandLine", "echo a"), ("Name", "plain")],
        ),
        ("POST Job/1/CustomProperties", &[("colour", "red")]),
        ("POST Job/1/EnvVariables", &[("A", "1")]),
        ("POST Job/1/Task/1/EnvVariables", &[("B", "2")]),
        ("POST Jobs", &[("Name", "second")]),
        (
            "POST Job/2/Tasks",
            &[
                ("CommandLine", "ping -t *"),
                ("Type", "ParametricSweep"),
                ("EndValue", "3"),
            ],
        ),
        ("POST Job/2/Submit", &[]),
    ] {
        let reply = bench.ask(&with(line, XML, &bag(pairs)));
        assert_eq!(reply.status, 200, "{line}: {}", text(&reply));
    }
    let batch = format!("<Batch>{}</Batch>", envelope("Echo", "one", "data"));
    let sent = bench.ask(&with(
        "POST Session/1/batch/b?commit=False&genericservice=False",
        "application/octet-stream",
        batch.as_bytes(),
    ));
    assert_eq!(sent.status, 200, "{}", text(&sent));
    bench.sleep(Duration::from_secs(1));
    bench
}

fn seen(bench: &mut Bench) -> Vec<String> {
    VIEWS
        .iter()
        .map(|view| {
            let reply = bench.ask(&line(view));
            assert_eq!(reply.status, 200, "{view}: {}", text(&reply));
            text(&reply).to_owned()
        })
        .collect()
}

/// Whether it is a fault for what the client did wrong, with a code and a message.
#[track_caller]
fn is_fault(what: &str, reply: &Reply) {
    let body = text(reply);
    let fault = body.starts_with("<HpcWebServiceFault ")
        && body.contains("<Code>")
        && body.contains("<Message>");
    assert!(
        (400..500).contains(&reply.status) && fault,
        "{what}: {} {body}",
        reply.status
    );
    assert!(body.len() < 4096, "{what}: the fault repeats what it got");
}

/// A path of the row with one value in place of the parameter at that place, and good values in place of the others.
fn path_with(route: &Route, at: usize, value: &str) -> String {
    let mut place = 0;
    let segments: Vec<_> = route
        .path
        .iter()
        .map(|segment| {
            if !segment.starts_with('{') {
                return *segment;
            }
            place += 1;
            match *segment {
                _ if place == at.wrapping_add(1) => value,
                "{batch}" => "b",
                "{node}" => "HEADNODE",
                _ => "1",
            }
        })
        .collect();
    format!("{} {}", route.method.as_str(), segments.join("/"))
}

fn parameters(route: &Route) -> Vec<&'static str> {
    let all = route.path.iter().copied();
    all.filter(|segment| segment.starts_with('{')).collect()
}

/// A body that the operation takes.
fn good_body(route: &Route) -> (&'static str, Vec<u8>) {
    match (route.accepts, route.id) {
        (Accepts::None, _) => (XML, Vec::new()),
        (Accepts::Octets, _) => (
            "application/octet-stream",
            format!("<Batch>{}</Batch>", envelope("Echo", "two", "data")).into_bytes(),
        ),
        (Accepts::SessionStart, _) => (
            "application/json",
            br#"{"ServiceName":"CcpEchoSvc","Username":"u","Password":"p","MaxMessageSize":1,"Runtime":-1}"#.to_vec(),
        ),
        (Accepts::Xml, "create_job_from_xml") => (XML, b"<Job/>".to_vec()),
        (Accepts::Xml, id) if id.starts_with("cancel") => (
            XML,
            b"<string xmlns=\"http://schemas.microsoft.com/2003/10/Serialization/\">m</string>".to_vec(),
        ),
        (Accepts::Xml, _) => (XML, bag(&[("Name", "changed")])),
    }
}

const WRONG_IDS: &[&str] = &[
    "0",
    "-1",
    "999",
    "2147483647",
    "2147483648",
    "4294967297",
    "99999999999999999999999999",
    "abc",
    "1.5",
    "1e0",
    "0x1",
    "+1",
    "1a",
    "%2D1",
    "%20",
    "1%20",
    "%31%00",
    "1%2F1",
    "%EF%BC%91",
    "%D9%A1",
    "%E2%80%8B1",
    "null",
    "1;2",
    "%25",
    "..%2F1",
    "'%20or%20'1'='1",
];

#[test]
fn an_id_that_is_none_is_a_fault_on_every_operation() {
    let mut bench = furnished(Settings::default());
    let before = seen(&mut bench);
    for route in ROUTES {
        for (at, parameter) in parameters(route).iter().enumerate() {
            for wrong in WRONG_IDS {
                // Closing what is closed or was never there succeeds (A73), and batches have names.
                if route.id == "close_session"
                    || (*parameter == "{batch}" && route.id == "send_requests")
                {
                    continue;
                }
                let (media, content) = good_body(route);
                let line = path_with(route, at, wrong);
                let durable = if route.id == "attach_session" {
                    "?durable=False"
                } else {
                    ""
                };
                let reply = bench.ask(&with(&format!("{line}{durable}"), media, &content));
                is_fault(&line, &reply);
                assert!(
                    [400, 404].contains(&reply.status),
                    "{line}: {}",
                    reply.status
                );
            }
            // Bytes that are no text lead nowhere.
            let line = path_with(route, at, "%FF%FE");
            is_fault(&line, &bench.ask(&with(&line, XML, b"")));
        }
    }
    assert_eq!(seen(&mut bench), before);
    // Percent-encoded, a good id is as good as ever.
    let reply = bench.ask(&line("GET %4aob/%31?%50roperties=Id"));
    assert!(
        text(&reply).contains("<Value>1</Value>"),
        "{}",
        text(&reply)
    );
}

/// Bodies that nobody takes, and what is wrong with them.
fn wrong_bodies() -> Vec<(&'static str, Vec<u8>)> {
    let root = |inner: &str| format!("{BAG}{inner}</ArrayOfProperty>").into_bytes();
    let utf16 = |bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        let text =
            format!("\u{FEFF}<?xml version=\"1.0\" encoding=\"utf-16\"?>{BAG}</ArrayOfProperty>");
        text.encode_utf16().flat_map(bytes).collect()
    };
    let deep = |levels: usize| "<a>".repeat(levels) + &"</a>".repeat(levels);
    let bomb = "<!DOCTYPE a [<!ENTITY x 'xxxxxxxxxx'><!ENTITY y '&x;&x;&x;&x;&x;&x;&x;&x;'>]>";
    vec![
        ("no XML", b"Name=first".to_vec()),
        ("JSON", br#"{"Name":"first"}"#.to_vec()),
        ("a lone bracket", b"<".to_vec()),
        ("a tag that is cut", b"<ArrayOfProperty xmlns=\"http://sche".to_vec()),
        ("a document that is cut", root("")[..BAG.len()].to_vec()),
        ("an end that fits no start", format!("{BAG}</ArrayOfObject>").into_bytes()),
        ("two roots", [root(""), root("")].concat()),
        ("text behind the root", [root(""), b"x".to_vec()].concat()),
        ("another root", b"<ArrayOfObject xmlns=\"http://schemas.microsoft.com/HPCS2008R2/common\"/>".to_vec()),
        ("another namespace", b"<ArrayOfProperty xmlns=\"http://example.com/\"><Property><Name>Name</Name></Property></ArrayOfProperty>".to_vec()),
        ("no namespace", b"<ArrayOfProperty><Property><Name>Name</Name><Value>x</Value></Property></ArrayOfProperty>".to_vec()),
        ("a prefix that is not declared", b"<q:ArrayOfProperty/>".to_vec()),
        ("UTF-16, little end first", utf16(u16::to_le_bytes)),
        ("UTF-16, big end first", utf16(u16::to_be_bytes)),
        ("Latin-1", [BAG.as_bytes(), b"<Property><Name>Name</Name><Value>\xE9</Value></Property></ArrayOfProperty>"].concat()),
        ("Latin-1 that says so", [b"<?xml version='1.0' encoding='iso-8859-1'?>".to_vec(), root("")].concat()),
        ("a DTD", [b"<!DOCTYPE a>".to_vec(), root("")].concat()),
        ("a DTD with entities", [bomb.as_bytes(), &root("<Property><Name>Name</Name><Value>&y;</Value></Property>")].concat()),
        ("a file asked for", [b"<!DOCTYPE a [<!ENTITY f SYSTEM 'file:///etc/passwd'>]>".to_vec(), root("<Property><Name>Name</Name><Value>&f;</Value></Property>")].concat()),
        ("an entity of nobody", root("<Property><Name>Name</Name><Value>&nbsp;</Value></Property>")),
        ("ten thousand levels", root(&deep(10_000))),
        ("a hundred thousand levels that are not closed", "<a>".repeat(100_000).into_bytes()),
        ("a NUL", root("<Property><Name>Name</Name><Value>\0</Value></Property>")),
        ("an attribute twice", b"<ArrayOfProperty a='1' a='2' xmlns='http://schemas.microsoft.com/HPCS2008R2/common'/>".to_vec()),
    ]
}

#[test]
fn a_body_that_cannot_be_read_is_a_fault_on_every_operation_that_takes_one() {
    let mut bench = furnished(Settings::default());
    let before = seen(&mut bench);
    for route in ROUTES.iter().filter(|route| route.accepts != Accepts::None) {
        let line = path_with(route, usize::MAX, "");
        let (media, _) = good_body(route);
        for (what, body) in wrong_bodies() {
            let any_root = route.accepts == Accepts::Octets;
            if any_root && matches!(what, "another root" | "another namespace" | "no namespace") {
                continue;
            }
            for media in [media, "application/xml"] {
                if any_root && media == "application/xml" {
                    continue;
                }
                let query = if route.id == "create_session" {
                    "?durable=False"
                } else {
                    ""
                };
                let reply = bench.ask(&with(&format!("{line}{query}"), media, &body));
                is_fault(&format!("{line} with {what}"), &reply);
                assert_eq!(reply.status, 400, "{line} with {what}");
            }
        }
        // Of a type that nobody takes, or in an encoding that nobody reads.
        let (_, content) = good_body(route);
        for media in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/xml; charset=utf-16",
            ";",
            "xml",
        ] {
            let reply = bench.ask(&with(&line, media, &content));
            is_fault(&format!("{line} of type {media}"), &reply);
            let wanted: &[u16] = if route.id == "create_session" {
                &[400, 415]
            } else {
                &[415]
            };
            assert!(
                wanted.contains(&reply.status),
                "{line} of type {media}: {}",
                reply.status
            );
        }
    }
    assert_eq!(seen(&mut bench), before);
}

#[rstest]
#[case::huge_number("PUT Job/1", &[("Name", "x"), ("MinCores", "99999999999999999999")])]
#[case::negative_number("PUT Job/1", &[("Name", "x"), ("MaxCores", "-1")])]
#[case::no_number("PUT Job/1", &[("Name", "x"), ("RuntimeSeconds", "soon")])]
#[case::no_truth("PUT Job/1", &[("Name", "x"), ("IsExclusive", "perhaps")])]
#[case::no_word("PUT Job/1", &[("Name", "x"), ("Priority", "Whatever")])]
#[case::no_property("PUT Job/1", &[("Name", "x"), ("Colour", "red")])]
#[case::read_only("PUT Job/1", &[("Name", "x"), ("State", "Finished")])]
#[case::no_template("PUT Job/1", &[("Name", "x"), ("JobTemplate", "none of ours")])]
#[case::out_of_range("PUT Job/1", &[("Name", "x"), ("ExpandedPriority", "4001")])]
#[case::task("PUT Job/1/Task/1", &[("Name", "x"), ("Type", "Unheard")])]
#[case::task_number("PUT Job/1/Task/1", &[("Name", "x"), ("EndValue", "1e9")])]
#[case::subtask("PUT Job/2/Task/1/SubTask/1", &[("Name", "x"), ("MinCores", "x")])]
#[case::new_task("POST Job/1/Tasks", &[("CommandLine", "echo"), ("MinCores", "x")])]
#[case::new_job("POST Jobs", &[("Name", "x"), ("MinCores", "x")])]
#[case::submission("POST Job/1/Submit", &[("Name", "x"), ("MinCores", "x")])]
fn a_value_that_does_not_fit_changes_nothing_at_all(
    #[case] line: &str,
    #[case] pairs: &[(&str, &str)],
) {
    let mut bench = furnished(Settings::default());
    let before = seen(&mut bench);
    let reply = bench.ask(&with(line, XML, &bag(pairs)));
    is_fault(line, &reply);
    assert_eq!(reply.status, 400, "{}", text(&reply));
    assert_eq!(seen(&mut bench), before);
}

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

#[test]
fn a_batch_past_its_limits_is_a_fault_and_stays_as_it_was() {
    let mut bench = furnished(Settings::default().batch_limits(1, 4096));
    let before = seen(&mut bench);
    let send = |batch: &str, inputs: usize, size: usize| {
        let one = envelope("Echo", &"x".repeat(size), "data");
        let body = format!("<Batch>{}</Batch>", one.repeat(inputs));
        with(
            &format!("POST Session/1/batch/{batch}?commit=True&genericservice=False"),
            "application/octet-stream",
            body.as_bytes(),
        )
    };
    for (what, request) in [
        ("one batch too many", send("other", 1, 1)),
        ("too many bytes", send("b", 100, 1)),
        ("a message that is too large", send("b", 1, 70_000)),
        ("a name that is too long", send(&"n".repeat(129), 1, 1)),
        ("a name of other characters", send("a%2Ab", 1, 1)),
        (
            "no records",
            with(
                "POST Session/1/batch/b?commit=True&genericservice=True",
                "application/octet-stream",
                b"no record",
            ),
        ),
    ] {
        is_fault(what, &bench.ask(&request));
    }
    for query in [
        "count=-2",
        "count=x",
        "count=99999999999",
        "reset=maybe",
        "genericservice=2",
    ] {
        let target = format!("POST Session/1/batch/b/Response?{query}");
        is_fault(&target, &bench.ask(&line(&target)));
    }
    assert_eq!(seen(&mut bench), before);
}

/// Sends a request from any thread; nothing waits here.
fn ask(bench: &Bench, request: &Request) -> u16 {
    let answer = match bench.node.begin(&Head::of(request), bench.now) {
        Begin::Answer(answer) => answer,
        Begin::Body(mut sink) => match sink.chunk(&request.body) {
            ControlFlow::Break(answer) => answer,
            ControlFlow::Continue(()) => bench.node.end(sink, BodyEnd::Complete, bench.now),
        },
    };
    match answer {
        Answer::Reply(reply) => reply.status,
        other => panic!("{other:?}"),
    }
}

/// Sends requests from threads of their own at once.
fn together(bench: &Bench, requests: Vec<Request>) -> Vec<u16> {
    let start = Barrier::new(requests.len());
    let start = &start;
    thread::scope(|scope| {
        let send = |request: Request| {
            scope.spawn(move || {
                start.wait();
                ask(bench, &request)
            })
        };
        let all: Vec<_> = requests.into_iter().map(send).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    })
}

#[test]
fn of_two_writers_on_one_job_one_is_refused_or_both_are_heard() {
    for round in 0..20 {
        let mut bench = furnished(Settings::default());
        let writers = 4;
        let together = |requests| together(&bench, requests);
        // Tasks added at once are all there, under numbers of their own.
        let add = || with("POST Job/1/Tasks", XML, &bag(&[("CommandLine", "echo")]));
        assert_eq!(together((0..writers).map(|_| add()).collect()), [200; 4]);
        // Properties set at once: those of one of them, never a mixture.
        let set = |n: usize| {
            let (name, project) = (format!("name {n}"), format!("project {n}"));
            with(
                "PUT Job/1",
                XML,
                &bag(&[("Name", &name), ("Project", &project)]),
            )
        };
        assert_eq!(together((0..writers).map(set).collect()), [200; 4]);
        // Submitted at once: once.
        let submit = || with("POST Job/1/Submit", XML, b"");
        let statuses = together((0..writers).map(|_| submit()).collect());
        let good = statuses.iter().filter(|status| **status == 200).count();
        assert_eq!(good, 1, "round {round}: {statuses:?}");
        assert!(
            statuses.iter().all(|status| [200, 400].contains(status)),
            "{statuses:?}"
        );
        // Cancelled while it is changed: each is heard or refused.
        let cancel = with("POST Job/1/Cancel?Forced=True", XML, b"");
        let statuses = together(vec![cancel, set(9), add(), submit()]);
        assert_eq!(statuses[0], 200, "round {round}: {statuses:?}");
        assert!(
            statuses.iter().all(|status| [200, 400].contains(status)),
            "{statuses:?}"
        );

        let tasks = bench.ask(&line(
            "GET Job/1/Tasks?RowsPerRead=100&Properties=JobTaskId",
        ));
        for id in 1..=5 {
            assert_eq!(
                text(&tasks)
                    .matches(&format!("<Value>{id}</Value>"))
                    .count(),
                1,
                "{}",
                text(&tasks)
            );
        }
        let job = bench.ask(&line("GET Job/1?Properties=Name,Project"));
        let numbers: Vec<_> = text(&job)
            .split("</Value>")
            .filter_map(|part| part.chars().last().filter(char::is_ascii_digit))
            .collect();
        assert_eq!(numbers[0], numbers[1], "{}", text(&job));
    }
}

#[test]
fn an_empty_body_does_where_the_pages_allow_it_and_nowhere_else() {
    for route in ROUTES.iter().filter(|route| route.method != Method::Get) {
        let mut bench = furnished(Settings::default());
        let (media, _) = good_body(route);
        let query = if route.id == "create_session" {
            "?durable=False"
        } else {
            ""
        };
        let line = format!("{}{query}", path_with(route, usize::MAX, ""));
        let reply = bench.ask(&with(&line, media, b""));
        match route.id {
            "create_job_from_xml" | "create_session" | "send_requests" => is_fault(&line, &reply),
            _ => assert!(reply.status < 500, "{line}: {}", reply.status),
        }
    }
}

#[test]
fn of_two_writers_on_one_batch_one_commits_and_no_request_is_lost() {
    for round in 0..20 {
        let mut bench = furnished(Settings::default());
        let content = format!("<Batch>{}</Batch>", envelope("Echo", "more", "data"));
        let send = || {
            let to = "POST Session/1/batch/b?commit=False&genericservice=False";
            with(to, "application/octet-stream", content.as_bytes())
        };
        assert_eq!(together(&bench, vec![send(), send(), send()]), [200; 3]);
        let commit = || with("POST Session/1/batch/b/Commit", XML, b"");
        let statuses = together(&bench, vec![commit(), commit(), commit(), send()]);
        let committed = statuses[..3].iter().filter(|status| **status == 201);
        assert_eq!(committed.count(), 1, "round {round}: {statuses:?}");
        let known = |status: &u16| [200, 201].contains(status) || (400..500).contains(status);
        assert!(statuses.iter().all(known), "round {round}: {statuses:?}");
        // The one that was there before, three, and the last where it was in time.
        let expected = 4 + usize::from(statuses[3] == 200);
        bench.sleep(Duration::from_secs(5));
        let to = "POST Session/1/batch/b/Response?genericservice=False&count=-1&reset=False";
        let responses = bench.ask(&with(to, XML, b""));
        let count = format!("<Count>{expected}</Count>");
        assert!(
            text(&responses).contains(&count),
            "{statuses:?}: {}",
            text(&responses)
        );
        // Closed by two at once it is closed, and nobody is told otherwise (A73).
        let close = || with("POST session/1/Close", XML, b"");
        assert_eq!(together(&bench, vec![close(), close()]), [200; 2]);
    }
}
