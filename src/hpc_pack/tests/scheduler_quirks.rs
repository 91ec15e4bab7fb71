//! That every quirk of the scheduler changes what a long conversation sees.

use super::{
    Bench, body, header, request,
    scheduler::{XML, bag, message},
    text,
};
use crate::{
    hpc_pack::{HeadNode, Quirks, Settings},
    message::Request,
    mock::Ids,
};
use std::collections::HashSet;

/// A long conversation that touches everything, as text.
fn conversation(quirks: Quirks) -> Vec<String> {
    let mut bench = Bench::new(Settings::default());
    bench.node = HeadNode::new(Settings::default(), quirks, Ids::seeded(1));
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
