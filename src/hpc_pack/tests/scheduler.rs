//! The operations of the scheduler, as clients call them.

use super::{Bench, bare, body, code, header, request, text};
use crate::{
    hpc_pack::{Form, Settings},
    message::Reply,
};
use rstest::rstest;
use std::time::Duration;

pub(super) const XML: &str = "application/xml; charset=utf-8";
const FAULT: &str = "<HpcWebServiceFault xmlns=\"http://schemas.microsoft.com/HPCS2008R2/common\"";

/// An `ArrayOfProperty` as clients write it.
pub(super) fn bag(pairs: &[(&str, &str)]) -> String {
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

pub(super) fn message(text: &str) -> String {
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

    pub(super) fn later(&mut self, seconds: u64) {
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
