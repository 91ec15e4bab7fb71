//! Job XML and task XML (contract 2.7): written with `Render=HpcJobXml`, read by Create Job From XML.

use super::{
    Fault,
    scheduler::attribute,
    xml::{self, Element},
};
use crate::hpc_pack::domain::{File, SentFile, Value};
use std::borrow::Cow;

/// The namespace of the job schema; written everywhere (stance A90).
const NS: &str = "http://schemas.microsoft.com/HPCS2008R2/scheduler/";

/// Writes a job, and its tasks as they are looked up.
pub(super) struct JobWriter {
    out: xml::Writer,
    /// How many tasks are written.
    tasks: usize,
    /// Whether tasks are missing.
    open: bool,
}

impl JobWriter {
    /// Writes the beginning.
    pub(super) fn new(file: &File) -> Self {
        let mut out = xml::Writer::with_capacity(4096);
        let attributes = attributes(file, true);
        if file.whole {
            out.open("Job", &borrowed(&attributes));
            contents(&mut out, file);
            out.empty("Dependencies", &[]);
        } else {
            out.empty("Job", &borrowed(&attributes));
        }
        Self {
            out,
            tasks: 0,
            open: file.whole,
        }
    }

    /// Whether tasks are missing.
    pub(super) fn takes_tasks(&self) -> bool {
        self.open
    }

    /// How many there are already.
    pub(super) fn tasks(&self) -> usize {
        self.tasks
    }

    /// Writes more tasks; the last where they are fewer than were asked for.
    pub(super) fn add(&mut self, tasks: &[File], asked: usize) {
        if self.tasks == 0 && !tasks.is_empty() {
            self.out.open("Tasks", &[]);
        }
        for task in tasks {
            write_task(&mut self.out, task, false);
        }
        self.tasks += tasks.len();
        if tasks.len() < asked {
            match self.tasks {
                0 => self.out.empty("Tasks", &[]),
                _ => self.out.close("Tasks"),
            }
            self.out.close("Job");
            self.open = false;
        }
    }

    /// The text.
    pub(super) fn finish(self) -> String {
        self.out.finish()
    }
}

/// Writes a task or subtask.
pub(super) fn task(file: &File) -> String {
    let mut out = xml::Writer::with_capacity(1024);
    write_task(&mut out, file, true);
    out.finish()
}

fn write_task(out: &mut xml::Writer, file: &File, root: bool) {
    let attributes = attributes(file, root);
    if file.variables.is_empty() && file.custom.is_empty() {
        return out.empty("Task", &borrowed(&attributes));
    }
    out.open("Task", &borrowed(&attributes));
    contents(out, file);
    out.close("Task");
}

/// Environment variables and custom properties.
fn contents(out: &mut xml::Writer, file: &File) {
    let groups = [
        ("EnvironmentVariables", "Variable", &file.variables),
        ("CustomProperties", "Term", &file.custom),
    ];
    for (list, item, pairs) in groups {
        if pairs.is_empty() {
            continue;
        }
        out.open(list, &[]);
        for (name, value) in pairs {
            out.open(item, &[]);
            out.leaf("Name", name);
            out.leaf("Value", value);
            out.close(item);
        }
        out.close(list);
    }
}

/// Version, what is set, and for a root the namespace, in this order. Of a task, `JobTaskId` is called `NiceId` and stands as `Id` too.
fn attributes(file: &File, root: bool) -> Vec<(&'static str, Cow<'_, str>)> {
    let mut attributes = vec![("Version", Cow::Borrowed("3.000"))];
    for (name, value) in &file.properties {
        let text = attribute(value);
        if text.is_empty() || matches!(value, Value::Time(None)) {
            continue;
        }
        match *name {
            "JobTaskId" => {
                attributes.push(("Id", text.clone()));
                attributes.push(("NiceId", text));
            }
            name => attributes.push((name, text)),
        }
    }
    if root {
        attributes.push(("xmlns", Cow::Borrowed(NS)));
    }
    attributes
}

fn borrowed<'a>(attributes: &'a [(&'static str, Cow<'_, str>)]) -> Vec<(&'a str, &'a str)> {
    attributes
        .iter()
        .map(|(name, value)| (*name, &**value))
        .collect()
}

/// Reads a job: raw, in any namespace or none, or wrapped in a `string` as text or element (stance A53).
///
/// # Errors
/// A body that holds no job.
pub(super) fn read(body: &[u8]) -> Result<SentFile, Fault> {
    let malformed = |why: xml::Malformed| Fault::bad_request(why.to_string());
    let no_job = || Fault::bad_request("The body holds no Job element.");
    let root = xml::parse(body).map_err(malformed)?;
    let job = match root.name.as_str() {
        "Job" => root,
        "string" if root.children.is_empty() => {
            xml::parse(root.text.trim().as_bytes()).map_err(malformed)?
        }
        "string" => root
            .children
            .into_iter()
            .find(|child| child.name == "Job")
            .ok_or_else(no_job)?,
        _ => return Err(no_job()),
    };
    if job.name != "Job" {
        return Err(no_job());
    }
    let mut file = sent(&job);
    let tasks = job.children.iter().filter(|child| child.name == "Tasks");
    file.tasks = tasks
        .flat_map(|tasks| &tasks.children)
        .filter(|task| task.name == "Task")
        .map(sent)
        .collect();
    Ok(file)
}

fn sent(element: &Element) -> SentFile {
    SentFile {
        properties: element
            .attributes
            .iter()
            .map(|attribute| (attribute.name.clone(), attribute.value.clone()))
            .collect(),
        variables: named(element, "EnvironmentVariables"),
        custom: named(element, "CustomProperties"),
        tasks: Vec::new(),
    }
}

/// The names and values in a list of elements that have both.
fn named(element: &Element, list: &str) -> Vec<(String, String)> {
    let text = |item: &Element, name: &str| item.child(name).map(|child| child.text.clone());
    element
        .children
        .iter()
        .filter(|child| child.name == list)
        .flat_map(|list| &list.children)
        .filter_map(|item| Some((text(item, "Name")?, text(item, "Value").unwrap_or_default())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{File, JobWriter, read, task};
    use crate::hpc_pack::domain::Value;
    use proptest::prelude::proptest;
    use rstest::rstest;

    const TASKS: &str = "<Dependencies/><Tasks><Task Name=\"t\" CommandLine=\"echo\"><EnvironmentVariables><Variable>\
        <Name>A</Name><Value>1</Value></Variable></EnvironmentVariables></Task></Tasks>";

    #[rstest]
    #[case("<Job Name='n' xmlns='http://schemas.microsoft.com/HPCS2008R2/scheduler/'>T</Job>")]
    #[case("<?xml version='1.0'?>\n<Job Name='n'>T</Job>")]
    #[case("<j:Job Name='n' xmlns:j='urn:other'>T</j:Job>")]
    #[case("<string xmlns='urn:any'><Job Name='n'>T</Job></string>")]
    fn a_job_is_read_raw_or_wrapped(#[case] body: &str) {
        let tasks = if body.contains("j:") {
            TASKS
                .replace("</", "</j:")
                .replace('<', "<j:")
                .replace("<j:/j:", "</j:")
        } else {
            TASKS.to_owned()
        };
        let file = read(body.replace('T', &tasks).as_bytes()).unwrap();
        assert_eq!(file.properties, [("Name".to_owned(), "n".to_owned())]);
        assert_eq!(file.tasks[0].properties[1].1, "echo");
        assert_eq!(file.tasks[0].variables, [("A".to_owned(), "1".to_owned())]);
    }

    #[test]
    fn a_job_wrapped_as_text_is_read() {
        let body = "<string xmlns='urn:x'>&lt;Job Name='n'/&gt;</string>";
        assert_eq!(read(body.as_bytes()).unwrap().properties[0].1, "n");
    }

    #[rstest]
    #[case("")]
    #[case("<Task/>")]
    #[case("<string>no</string>")]
    #[case("<string>&lt;Task/&gt;</string>")]
    #[case("<string><Task/></string>")]
    #[case("<Job>")]
    fn what_holds_no_job_is_refused(#[case] body: &str) {
        assert_eq!(read(body.as_bytes()).unwrap_err().status, 400);
    }

    #[test]
    fn what_was_named_is_written_as_attributes() {
        let file = File {
            properties: vec![
                ("Id", Value::Int(115)),
                ("State", Value::from("Configuring")),
                ("Name", Value::EMPTY),
            ],
            ..File::default()
        };
        assert_eq!(
            JobWriter::new(&file).finish(),
            "<Job Version=\"3.000\" Id=\"115\" State=\"Configuring\" \
             xmlns=\"http://schemas.microsoft.com/HPCS2008R2/scheduler/\"/>"
        );
        let file = File {
            properties: vec![
                ("JobTaskId", Value::Int(2)),
                ("IsRerunnable", Value::Bool(true)),
            ],
            ..File::default()
        };
        assert_eq!(
            task(&file),
            "<Task Version=\"3.000\" Id=\"2\" NiceId=\"2\" IsRerunnable=\"true\" \
             xmlns=\"http://schemas.microsoft.com/HPCS2008R2/scheduler/\"/>"
        );
    }

    proptest! {
        #[test]
        fn reading_never_panics(text in "(<Job|<Tasks>|<Task/>|</Job>|</Tasks>| Name='x'|>|<string>|&lt;Job/&gt;|</string>){0,10}") {
            let _ = read(text.as_bytes());
        }
    }
}
