//! The operations of the scheduler, as clients call them.

use super::{super::Settings, Bench, bare, body, code, header, request, text};
use crate::{
    hpc_pack::{Form, Quirks},
    message::{Reply, Request},
};
use rstest::rstest;
use std::{collections::HashSet, time::Duration};

const XML: &str = "application/xml; charset=utf-8";
const FAULT: &str = "<HpcWebServiceFault xmlns=\"http://schemas.microsoft.com/HPCS2008R2/common\"";

/// An `ArrayOfProperty` as clients write it.
fn bag(pairs: &[(&str, &str)]) -> String {
    let pairs: String = pairs
        .iter()
        .map(|(name, value)| {
            format!("<Property><Name>{name}</Name><Value>{value}</Value></Property>")
        })
        .collect();
    format!(
        "<ArrayOfProperty xmlns=\"http://schemas.microsoft.com/HPCS2008R2/common\">{pairs}</ArrayOfProperty>"
    )
}

fn message(text: &str) -> String {
    format!("<string xmlns=\"http://schemas.microsoft.com/2003/10/Serialization/\">{text}</string>")
}

impl Bench {
    fn get(&mut self, target: &str) -> Reply {
        self.ask(&request(&format!("GET /WindowsHPC/{target}")))
    }

    fn send(&mut self, line: &str, content: &str) -> Reply {
        let (method, target) = line.split_once(' ').unwrap();
        self.ask(&body(
            request(&format!("{method} /WindowsHPC/{target}")),
            XML,
            content,
        ))
    }

    fn post(&mut self, target: &str, pairs: &[(&str, &str)]) -> Reply {
        self.send(&format!("POST {target}"), &bag(pairs))
    }

    fn later(&mut self, seconds: u64) {
        self.sleep(Duration::from_secs(seconds));
    }

    /// The value of a property.
    fn value(&mut self, target: &str, name: &str) -> String {
        let separator = if target.contains('?') { '&' } else { '?' };
        let reply = self.get(&format!("{target}{separator}Properties={name}"));
        value(&reply, name).unwrap_or_else(|| panic!("no {name}: {}", text(&reply)))
    }
}

fn value(reply: &Reply, name: &str) -> Option<String> {
    let (_, rest) = text(reply).split_once(&format!("<Name>{name}</Name><Value"))?;
    Some(
        rest.strip_prefix('>')
            .map_or("", |rest| rest.split('<').next().unwrap_or_default())
            .to_owned(),
    )
}

fn values(reply: &Reply, name: &str) -> Vec<String> {
    let open = format!("<Name>{name}</Name><Value>");
    text(reply)
        .split(&open)
        .skip(1)
        .map(|rest| rest.split('<').next().unwrap().to_owned())
        .collect()
}

#[test]
fn a_job_is_made_filled_submitted_and_read() {
    let mut bench = Bench::new(Settings::default());
    let made = bench.post(
        "Jobs",
        &[
            ("Name", "first"),
            ("MinNodes", "1"),
            ("UnitType", "2"),
            ("Password", "hush"),
        ],
    );
    assert_eq!(made.status, 200);
    assert_eq!(
        text(&made),
        "<int xmlns=\"http://schemas.microsoft.com/2003/10/Serialization/\">1</int>"
    );
    let added = bench.post(
        "Job/1/Tasks",
        &[("Commandline", "echo %NAME% %CCP_TASKID%")],
    );
    assert_eq!(
        text(&added),
        "<int xmlns=\"http://schemas.microsoft.com/2003/10/Serialization/\">1</int>"
    );
    for target in [
        "Job/1/EnvVariables",
        "Job/1/CustomProperties",
        "Job/1/Task/1/CustomProperties",
    ] {
        let set = bench.post(target, &[("NAME", "joe")]);
        assert_eq!((set.status, set.body.len()), (200, 0), "{target}");
        assert_eq!(value(&bench.get(target), "NAME").unwrap(), "joe");
    }
    assert_eq!(bench.value("Job/1", "State"), "Configuring");
    let submitted = bench.post(
        "Job/1/Submit",
        &[("UserName", "HPC\\joe"), ("Password", "hush")],
    );
    assert_eq!((submitted.status, submitted.body.len()), (200, 0));
    bench.later(2);
    assert_eq!(bench.value("Job/1", "State"), "Finished");
    assert_eq!(bench.value("Job/1/Task/1", "Output"), "joe 1&#xD;\n");
    let all = bench.get("Job/1");
    assert_eq!(text(&all).matches("<Property>").count(), 62);
    assert!(!text(&all).contains("hush"));
    assert_eq!(value(&all, "UnitType").unwrap(), "Node");
    assert_eq!(value(&all, "Owner").unwrap(), "HPC\\hpcuser");
    assert_eq!(
        text(&bench.get("Job/1/Task/1"))
            .matches("<Property>")
            .count(),
        44
    );
    let some = bench.get("Job/1?properties=state,Name");
    assert!(text(&some).ends_with(
        "<Property><Name>State</Name><Value>Finished</Value></Property><Property><Name>Name</Name><Value>first</Value>\
         </Property></ArrayOfProperty>"
    ));
}

#[test]
fn cancel_of_a_cancelled_job_is_refused_as_its_page_prints() {
    let mut bench = Bench::new(Settings::default());
    bench.post("Jobs", &[]);
    let cancelled = bench.send("POST Job/1/Cancel?Forced=True", &message("enough"));
    assert_eq!((cancelled.status, cancelled.body.len()), (200, 0));
    assert!(bench.value("Job/1", "ErrorMessage").contains("enough"));
    let again = bench.send("POST Job/1/Cancel", "");
    assert_eq!((again.status, code(&again)), (400, -2_147_220_984));
    assert!(
        text(&again).contains("<Message>Jobs in the Canceled state cannot be canceled.</Message>")
    );
    let legacy = bench.ask(&bare("POST /WindowsHPC/Job/1/Cancel"));
    assert_eq!(
        text(&legacy),
        message("Jobs in the Canceled state cannot be canceled.")
    );
    let requeued = bench.post("Job/1/Requeue", &[]);
    assert_eq!(requeued.status, 200);
    bench.later(2);
    let refused = bench.post("Job/1/Requeue", &[]);
    assert_eq!(code(&refused), 267_386_880);
    assert!(
        text(&refused).contains(
            "<Message>Only jobs that are in the Canceled or Failed state can be requeued."
        )
    );
    assert!(text(&refused).contains("&lt;headnode&gt;"));
}

#[rstest]
#[case("GET Job/2", 404, -2_147_220_986)]
#[case("GET Job/0", 404, -2_147_220_986)]
#[case("GET Job/-1", 404, -2_147_220_986)]
#[case("GET Job/99999999999999999999", 404, -2_147_220_986)]
#[case("GET Job/one", 404, -2_147_220_986)]
#[case("GET Job/%31%20", 404, -2_147_220_986)]
#[case("GET Job/1/Task/7", 404, -2_147_220_985)]
#[case("GET Job/1/Task/1/SubTask/1", 404, -2_147_220_985)]
#[case("GET Job/1/Task/x/EnvVariables", 404, -2_147_220_985)]
#[case("GET Job/1?Properties=Id,Nope", 400, 267_386_880)]
#[case("GET Job/1?Properties=Password", 400, 267_386_880)]
#[case("GET Job/1?Render=Json", 400, 267_386_880)]
#[case("GET Jobs?RowsPerRead=ten", 400, 267_386_880)]
#[case("GET Jobs?QueryId=forged", 400, 267_386_880)]
#[case("GET Jobs?Render=HpcJobXml", 400, 267_386_880)]
#[case("GET Jobs?CurrentObjectNumber=-1", 400, 267_386_880)]
#[case("GET Jobs?$filter=JobState%20eq%20queued", 400, 267_386_880)]
#[case(
    "GET Jobs?$filter=JobState%20eq%20queued&Render=RestPropRender",
    400,
    267_386_880
)]
#[case("GET Job/1/Tasks?ExpandParametric=perhaps", 400, 267_386_880)]
#[case("GET Node/NOBODY", 404, -2_147_220_978)]
#[case("GET NodeGroup/Nobodies", 404, -2_147_220_937)]
#[case("GET Nodes?Properties=Nope", 400, 267_386_880)]
#[case("POST Jobs", 400, 267_386_880)]
#[case("POST Jobs/JobFile", 400, 267_386_880)]
#[case("POST Job/1/Cancel", 400, 267_386_880)]
#[case("POST Job/1/Cancel?Forced=perhaps", 400, 267_386_880)]
#[case("PUT Job/1", 400, 267_386_880)]
fn what_is_wrong_is_refused_with_its_code(
    #[case] line: &str,
    #[case] status: u16,
    #[case] number: i32,
) {
    let mut bench = Bench::new(Settings::default());
    bench.post("Jobs", &[]);
    bench.post("Job/1/Tasks", &[]);
    let before = text(&bench.get("Job/1")).to_owned();
    let (method, target) = line.split_once(' ').unwrap();
    let reply = if method == "GET" {
        bench.get(target)
    } else {
        bench.send(line, "<ArrayOfProperty>broken")
    };
    assert_eq!(
        (reply.status, code(&reply)),
        (status, number),
        "{}",
        text(&reply)
    );
    assert!(text(&reply).starts_with(FAULT));
    assert_eq!(text(&bench.get("Job/1")), before);
    assert_eq!(values(&bench.get("Jobs"), "Id"), ["1"]);
}

#[rstest]
#[case(&[("Nope", "1")], 267_386_880)]
#[case(&[("Id", "1")], -2_147_220_989)]
#[case(&[("MinCores", "-4")], 267_386_880)]
#[case(&[("Priority", "Urgent")], -2_147_220_774)]
#[case(&[("ExpandedPriority", "4001")], -2_147_220_775)]
#[case(&[("JobTemplate", "Nope")], -2_147_220_965)]
#[case(&[("ParentJobIds", "77")], -2_147_220_986)]
fn properties_that_cannot_be_set_make_no_job(#[case] pairs: &[(&str, &str)], #[case] number: i32) {
    let mut bench = Bench::new(Settings::default());
    let reply = bench.post("Jobs", pairs);
    assert_eq!((reply.status, code(&reply)), (400, number));
    assert_eq!(values(&bench.get("Jobs"), "Id"), [] as [String; 0]);
}

#[test]
fn twenty_five_jobs_are_paged_with_the_headers_of_the_page() {
    let mut bench = Bench::new(Settings::default());
    for _ in 0..25 {
        bench.ask(&bare("POST /WindowsHpc/Jobs"));
    }
    let (mut ids, mut target, mut sizes) =
        (Vec::new(), "Jobs?Properties=Id".to_owned(), Vec::new());
    loop {
        let page = bench.get(&target);
        sizes.push(values(&page, "Id").len());
        ids.extend(values(&page, "Id"));
        let Some(next) = page.headers.get("x-ms-continuation-QueryId") else {
            assert!(
                !page
                    .headers
                    .contains("x-ms-continuation-CurrentObjectNumber")
            );
            break;
        };
        assert_eq!(
            page.headers.get("x-ms-continuation-CurrentObjectNumber"),
            Some(&*ids.len().to_string())
        );
        target = format!("Jobs?Properties=Id&QueryId={next}");
    }
    assert_eq!(sizes, [10, 10, 5]);
    assert_eq!(ids, (1..=25).map(|id| id.to_string()).collect::<Vec<_>>());
    let empty = bench.get("Jobs?Owner=nobody");
    assert!(
        text(&empty)
            .starts_with("<ArrayOfObject xmlns=\"http://schemas.microsoft.com/HPCS2008R2/common\"")
    );
    assert_eq!((empty.status, values(&empty, "Id").len()), (200, 0));
}

#[test]
fn filters_need_render_and_version() {
    let mut bench = Bench::new(Settings::default());
    bench.post("Jobs", &[]);
    bench.post("Jobs", &[]);
    bench.post("Job/2/Submit", &[]);
    bench.later(2);
    let line = "GET /WindowsHPC/Jobs?$filter=JobState%20eq%20finished%20and%20 ChangeTimeFrom%20eq%20null&Render=RestPropRender";
    for version in ["2012-11-01", "2012-11-01.4.0"] {
        let reply = bench.ask(&header(request(line), "api-version", version));
        assert_eq!(values(&reply, "Id"), ["2"], "{}", text(&reply));
    }
}

#[test]
fn a_job_comes_back_out_of_the_file_that_was_written_of_it() {
    let mut bench = Bench::new(Settings::default());
    bench.post(
        "Jobs",
        &[
            ("Name", "a &amp; b"),
            ("Priority", "4"),
            ("NodeGroups", "ComputeNodes,HeadNodes"),
            ("NodeGroupOp", "Union"),
        ],
    );
    bench.post("Job/1/CustomProperties", &[("Colour", "red")]);
    bench.post(
        "Job/1/Tasks",
        &[
            ("Name", "one"),
            ("CommandLine", "echo \"*\""),
            ("Type", "ParametricSweep"),
            ("EndValue", "3"),
        ],
    );
    bench.post(
        "Job/1/Tasks",
        &[("CommandLine", "echo prep"), ("Type", "NodePrep")],
    );
    bench.post("Job/1/Task/1/EnvVariables", &[("A", "1")]);
    bench.post("Job/1/Submit", &[]);
    bench.later(2);
    assert_eq!(bench.value("Job/1", "State"), "Finished");
    let file = bench.get("Job/1?Render=HpcJobXml");
    let file = text(&file).to_owned();
    assert!(
        file.starts_with("<Job Version=\"3.000\" Id=\"1\" Name=\"a &amp; b\""),
        "{file}"
    );
    let copies = [
        file.clone(),
        format!(
            "<string>{}</string>",
            file.replace('&', "&amp;").replace('<', "&lt;")
        ),
    ];
    for copy in copies {
        let made = bench.send("POST Jobs/JobFile", &copy);
        assert_eq!(made.status, 200, "{}", text(&made));
        let id = text(&made)
            .split('>')
            .nth(1)
            .unwrap()
            .split('<')
            .next()
            .unwrap()
            .to_owned();
        assert_ne!(id, "1");
        let of = |bench: &mut Bench, name: &str| bench.value(&format!("Job/{id}"), name);
        assert_eq!(of(&mut bench, "State"), "Configuring");
        assert_eq!(of(&mut bench, "Name"), "a &amp; b");
        assert_eq!(of(&mut bench, "Priority"), "Highest");
        assert_eq!(of(&mut bench, "NodeGroups"), "ComputeNodes,HeadNodes");
        assert_eq!(
            value(&bench.get(&format!("Job/{id}/CustomProperties")), "Colour").unwrap(),
            "red"
        );
        assert_eq!(
            value(&bench.get(&format!("Job/{id}/Task/1/EnvVariables")), "A").unwrap(),
            "1"
        );
        bench.post(&format!("Job/{id}/Submit"), &[]);
        bench.later(2);
        assert_eq!(of(&mut bench, "State"), "Finished");
        assert_eq!(
            bench.value(&format!("Job/{id}/Task/1/SubTask/3"), "Output"),
            "&quot;3&quot;&#xD;\n"
        );
    }
    let one = bench.get("Job/1?Render=hpcJobXml&Properties=Id,State");
    assert_eq!(
        text(&one),
        "<Job Version=\"3.000\" Id=\"1\" State=\"Finished\" xmlns=\"http://schemas.microsoft.com/HPCS2008R2/scheduler/\"/>"
    );
    let task = bench.get("Job/1/Task/1/SubTask/2?Render=HpcJobXml");
    assert!(
        text(&task).contains("InstanceId=\"2\"")
            && text(&task).contains("<Variable><Name>A</Name>")
    );
}

#[test]
fn the_cluster_is_told() {
    let mut bench = Bench::new(Settings::default());
    assert_eq!(text(&bench.get("Version")), message("5.2.6291.0"));
    let templates = bench.get("JobTemplates");
    assert!(
        text(&templates).contains("Serialization/Arrays\"")
            && text(&templates).contains("<string>Default</string>")
    );
    let nodes = bench.get("Nodes?RowsPerRead=4");
    assert_eq!(text(&nodes).matches("<Object>").count(), 4);
    let header = nodes
        .headers
        .get("x-ms-continuation-QueryId")
        .unwrap()
        .to_owned();
    assert!(
        !nodes
            .headers
            .contains("x-ms-continuation-CurrentObjectNumber")
    );
    let rest = bench.get(&format!("Nodes?RowsPerRead=4&QueryId={header}"));
    assert_eq!(values(&rest, "Name"), ["COMPUTENODE03", "COMPUTENODE04"]);
    assert_eq!(
        text(&bench.get("Node/headnode"))
            .matches("<Property>")
            .count(),
        18
    );
    assert_eq!(
        text(&bench.get("NodeGroups"))
            .matches("<Name>Description</Name>")
            .count(),
        3
    );
    assert_eq!(
        text(&bench.get("nodegroup/ComputeNodes"))
            .matches("<string>")
            .count(),
        4
    );
    let mut old = Bench::new(Settings::default().form(Form::Pre2016).cluster("ALPHA"));
    assert_eq!(values(&old.get("Clusters"), "Name"), ["ALPHA"]);
    let head = super::header(
        request("GET /WindowsHPC/ALPHA/ActiveHeadnode"),
        "api-version",
        "2012-11-01.4.0",
    );
    assert_eq!(text(&old.ask(&head)), message("HEADNODE"));
}

/// A long conversation that touches everything, as text.
fn conversation(quirks: Quirks) -> Vec<String> {
    let mut bench = Bench::new(Settings::default());
    bench.node =
        crate::hpc_pack::HeadNode::new(Settings::default(), quirks, crate::mock::Ids::seeded(1));
    let long = "x".repeat(128);
    let mut lines: Vec<(String, String)> = Vec::new();
    let mut say = |line: &str, content: String| lines.push((line.to_owned(), content));
    say("POST Jobs", bag(&[]));
    say(
        "POST Jobs",
        bag(&[
            ("Name", "n"),
            ("RequestedNodes", "COMPUTENODE01,COMPUTENODE02"),
            ("Password", "p"),
            ("Priority", "Highest"),
        ]),
    );
    say("POST Jobs", bag(&[("JobTemplate", "Nope")]));
    for (name, value) in [
        ("CommandLine", "echo %A% %B%"),
        ("CommandLine", "exit 3"),
        ("CommandLine", "ping -t here"),
    ] {
        say("POST Job/1/Tasks", bag(&[(name, value), ("Name", value)]));
    }
    say("POST Job/1/Tasks", bag(&[]));
    say(
        "PUT Job/1/Task/4",
        bag(&[("CommandLine", "echo late"), ("DependsOn", "ping -t here")]),
    );
    say(
        "POST Job/1/Tasks",
        bag(&[
            ("Type", "ParametricSweep"),
            ("CommandLine", "sleep 9*"),
            ("EndValue", "3"),
            ("Name", "sweep *"),
        ]),
    );
    say(
        "POST Job/1/Tasks",
        bag(&[("Type", "NodeRelease"), ("CommandLine", "echo bye")]),
    );
    say(
        "POST Job/1/Tasks",
        bag(&[("CommandLine", "sleep 40"), ("RuntimeSeconds", "2")]),
    );
    say("POST Job/1/EnvVariables", bag(&[("A", "a")]));
    say("POST Job/1/EnvVariables", bag(&[("B", "job")]));
    say("POST Job/1/Task/1/EnvVariables", bag(&[("B", "task")]));
    say("POST Job/1/CustomProperties", bag(&[("C", "c")]));
    say("GET Job/1/EnvVariables?Names=A,Z", String::new());
    say("GET Job/1/EnvVariables", String::new());
    say("GET Job/1/CustomProperties", String::new());
    say(
        "PUT Job/1",
        bag(&[("Name", "zz"), ("ExpandedPriority", "1000")]),
    );
    say(
        "POST Job/1/Submit",
        bag(&[("RunUntilCanceled", "True"), ("Project", "pp")]),
    );
    say("POST Job/1/Submit", bag(&[]));
    say("wait", String::new());
    for target in [
        "Job/1",
        "Job/1/Task/1",
        "Job/1/Task/2",
        "Job/1/Task/4",
        "Job/1/Task/7",
        "Job/1/Task/5/SubTask/1",
        "Job/1/Task/5/SubTask/3",
    ] {
        say(&format!("GET {target}"), String::new());
    }
    for query in [
        "",
        "?ExpandParametric=False",
        "?Properties=TaskId,Name,InstanceId&RowsPerRead=3",
    ] {
        say(&format!("GET Job/1/Tasks{query}"), String::new());
    }
    say(
        "POST Job/1/Task/5/SubTask/2/Cancel?Forced=true",
        message("sub"),
    );
    say("GET Job/1/Tasks", String::new());
    say(
        "POST Job/1/Task/5/SubTask/2/Requeue",
        bag(&[("Name", "changed")]),
    );
    say("POST Job/1/Task/2/Requeue", bag(&[("Name", "changed")]));
    say("GET Job/1/Tasks", String::new());
    say("POST Job/1/Task/3/Cancel", message(""));
    say("wait", String::new());
    say("GET Job/1/Tasks", String::new());
    say("POST Job/1/Cancel", message(&long));
    say("wait", String::new());
    for target in [
        "Job/1",
        "Job/1/Task/6",
        "Job/1?Render=HpcJobXml",
        "Job/1?Render=HpcJobXml&Properties=Id",
        "Job/1?Properties=Nope",
    ] {
        say(&format!("GET {target}"), String::new());
    }
    say("POST Job/1/Cancel", message("again"));
    say("POST Job/1/Requeue", bag(&[("Project", "other")]));
    say("GET Job/1", String::new());
    say("wait", String::new());
    say(
        "GET Job/1/Tasks?Properties=TaskId,RequeueCount,StartTime",
        String::new(),
    );
    say(
        "POST Job/1/Cancel?Forced=True",
        message(&format!("{long}x")),
    );
    say("POST Job/1/Cancel?Forced=True", message("forced"));
    say("GET Job/1/Tasks", String::new());
    say("wait", String::new());
    say("GET Job/1/Task/6", String::new());
    say(
        "POST Jobs/JobFile",
        "<Job Id='99' State='Finished' Name='f'><Tasks><Task CommandLine='exit 1'/></Tasks></Job>"
            .to_owned(),
    );
    say("GET Job/3", String::new());
    say("GET Job/3/Tasks", String::new());
    say("POST Job/3/Submit", bag(&[]));
    say("GET Job/3?Properties=Name,State", String::new());
    say("wait", String::new());
    say("POST Job/3/Requeue", bag(&[]));
    say("wait", String::new());
    say("GET Job/3", String::new());
    say("GET Job/77", String::new());
    say("POST Job/2/Requeue", bag(&[]));
    say("GET Job/2", String::new());
    say("PUT Job/2", bag(&[("RequestedNodes", "NOPE")]));
    say("POST Job/2/Submit", bag(&[("Project", "p")]));
    say("GET Job/2", String::new());
    say("wait", String::new());
    say("POST Jobs", bag(&[("RunUntilCanceled", "True")]));
    say(
        "POST Job/4/Tasks",
        bag(&[("CommandLine", "echo bye"), ("Type", "NodeRelease")]),
    );
    say("POST Job/4/Tasks", bag(&[("CommandLine", "echo")]));
    say("POST Job/4/Submit", bag(&[]));
    say("wait", String::new());
    say("GET Job/4", String::new());
    say("POST Job/4/Cancel?Forced=True", message(""));
    say("wait", String::new());
    say("GET Job/4/Tasks", String::new());
    for _ in 0..12 {
        say("POST Jobs", bag(&[]));
    }
    let queries = [
        "",
        "?RowsPerRead=4",
        "?RowsPerRead=0",
        "?RowsPerRead=100",
        "?SortJobsBy=State",
        "?SortJobsBy=Nope",
        "?Owner=nobody",
        "?QueryId=forged",
        "?$filter=JobState eq failed&Render=RestPropRender",
        "?$filter=JobState eq null&Render=RestPropRender",
        "?$filter=ChangeTimeFrom eq 2030-01-01&Render=RestPropRender",
        "?$filter=JobState eq Failed",
        "?Properties=Id,Name&RowsPerRead=5",
        "?$filter=JobState eq Failed and ChangeTimeFrom eq 2030-01-01&Render=RestPropRender",
    ];
    for query in queries {
        say(&format!("GET Jobs{query}"), String::new());
    }
    say(
        "old GET Jobs?$filter=JobState eq Failed&Render=RestPropRender",
        String::new(),
    );
    for target in [
        "Nodes",
        "Nodes?SortNodesBy=Name",
        "NodeGroups",
        "NodeGroup/ComputeNodes",
        "JobTemplates",
        "Version",
        "Node/NOPE",
    ] {
        say(&format!("GET {target}"), String::new());
    }
    lines
        .iter()
        .flat_map(|(line, content)| bench.replies(line, content))
        .collect()
}

impl Bench {
    /// The reply to a line of the conversation, and those to its further pages.
    fn replies(&mut self, line: &str, content: &str) -> Vec<String> {
        if line == "wait" {
            self.later(5);
            return Vec::new();
        }
        let (version, line) = match line.strip_prefix("old ") {
            Some(line) => ("2011-11-01", line),
            None => ("2012-11-01", line),
        };
        let (method, target) = line.split_once(' ').unwrap();
        let made = |target: &str| -> Request {
            let request = header(
                request(&format!("{method} /WindowsHPC/{target}")),
                "api-version",
                version,
            );
            if method == "GET" {
                request
            } else {
                body(request, XML, content)
            }
        };
        let mut told = Vec::new();
        let mut reply = self.ask(&made(target));
        for _ in 0..5 {
            let next = reply
                .headers
                .get("x-ms-continuation-QueryId")
                .map(str::to_owned);
            let number = reply
                .headers
                .get("x-ms-continuation-CurrentObjectNumber")
                .map(str::to_owned);
            told.push(format!(
                "{line}: {} {number:?} {} {}",
                reply.status,
                next.is_some(),
                text(&reply)
            ));
            let Some(next) = next else { break };
            let joint = if target.contains('?') { '&' } else { '?' };
            reply = self.ask(&made(&format!("{target}{joint}QueryId={next}")));
        }
        told
    }
}

#[test]
fn every_quirk_of_the_scheduler_shows_and_no_reply_is_an_error_of_ours() {
    let listed = crate::hpc_pack::KIND.quirks;
    let place = |id: &str| listed.iter().position(|quirk| quirk.id == id).unwrap();
    let ours = &listed[place("new-job-is-queued")..=place("template-missing")];
    assert!(ours.len() > 100);
    let right = conversation(Quirks::default());
    assert_eq!(right, conversation(Quirks::default()), "the same again");
    assert!(right.iter().all(|told| !told.contains(": 5")), "no 5xx");
    let mut hidden = Vec::new();
    for quirk in ours {
        let wrong = conversation(Quirks::read(&[quirk.id.to_owned()]).unwrap());
        if wrong == right {
            hidden.push(quirk.id);
        }
    }
    assert_eq!(hidden, [] as [&str; 0]);
    let ids: HashSet<_> = ours.iter().map(|quirk| quirk.id).collect();
    assert_eq!(ids.len(), ours.len());
}

#[test]
fn a_cluster_and_what_commands_do_can_be_set() {
    let mut settings = Settings::default();
    let cluster =
        r#"{"nodes": [{"name": "ONLY", "groups": ["All"], "cores": 64}], "templates": ["Big"]}"#;
    settings.set("cluster-file", cluster).unwrap();
    let commands =
        r#"[{"pattern": "solve*", "exit": 4, "output": "%CCP_JOBID%", "duration": "30s"}]"#;
    settings.set("commands", commands).unwrap();
    let wrong = settings
        .set("cluster-file", r#"{"node": []}"#)
        .unwrap_err()
        .to_string();
    assert!(wrong.contains("no `node`"), "{wrong}");
    assert!(settings.set("commands", "/no/such/file").is_err());
    let mut bench = Bench::new(settings);
    assert_eq!(values(&bench.get("Nodes"), "Name"), ["ONLY"]);
    assert!(text(&bench.get("NodeGroup/all")).contains("<string>ONLY</string>"));
    bench.post("Jobs", &[("JobTemplate", "big"), ("MinCores", "40")]);
    bench.post("Job/1/Tasks", &[("CommandLine", "SOLVE this")]);
    bench.post("Job/1/Submit", &[]);
    bench.later(20);
    assert_eq!(bench.value("Job/1", "State"), "Running");
    bench.later(20);
    assert_eq!(bench.value("Job/1", "State"), "Failed");
    assert_eq!(bench.value("Job/1/Task/1", "ExitCode"), "4");
    assert_eq!(bench.value("Job/1/Task/1", "Output"), "1");
}
