//! Scripted services as a person writes them, for the setting `services`.
//!
//! In: the text of a YAML file. Out: services, or every mistake with its place.

use super::{Service, ServiceAnswer};
use crate::source::{Key, KeyShape, Node, Problems, Reading, SourceFile, Table};

/// The keys of a service.
static SERVICE: Table = Table {
    name: "service",
    what: "a service",
    base: None,
    keys: &[
        Key::required(
            "name",
            KeyShape::Text,
            "is what ServiceName of a session names",
        ),
        Key::new(
            "versions",
            KeyShape::OneOrMore(&KeyShape::Text),
            "Versions that can be asked for, besides none: `\"1.0\"`.",
        ),
        Key::new(
            "answers",
            KeyShape::List(&KeyShape::Map(&ANSWER)),
            "What it answers; the first that fits counts, and without one the input comes back.",
        ),
    ],
};

/// The keys of an answer.
static ANSWER: Table = Table {
    name: "answer",
    what: "an answer of a service",
    base: None,
    keys: &[
        Key::new(
            "action",
            KeyShape::Text,
            "Only to requests for this action; `*` stands for any text.",
        ),
        Key::new(
            "input",
            KeyShape::Text,
            "Only to requests with this input; `*` stands for any text.",
        ),
        Key::new(
            "output",
            KeyShape::Text,
            "The result; `{input}` in it stands for the input.",
        ),
        Key::new(
            "fault",
            KeyShape::Text,
            "A fault with this reason instead of a result.",
        ),
        Key::new("takes", KeyShape::Duration, "How long that takes."),
    ],
};

/// Reads a list of services.
///
/// # Errors
/// All mistakes, each with its place.
pub(super) fn read(path: &str, text: &str) -> Result<Vec<Service>, Problems> {
    let file = SourceFile::new(path, text);
    let mut reading = Reading::new(&file);
    let root = Node::parse(&file, &mut reading.problems);
    let nodes = root
        .as_ref()
        .map_or(&[][..], |root| reading.list(root, "a list of services"));
    let services = nodes
        .iter()
        .filter_map(|node| service(&mut reading, node))
        .collect();
    if reading.problems.is_empty() {
        Ok(services)
    } else {
        Err(reading.problems)
    }
}

fn service(reading: &mut Reading, node: &Node) -> Option<Service> {
    let fields = reading.fields(node, &SERVICE)?;
    let mut service = Service::new(reading.filled(fields.get("name")?, "the name of a service")?);
    if let Some(versions) = fields.get("versions") {
        for (version, _) in reading.texts(versions, "a version such as `\"1.0\"`") {
            let numbers = version
                .split_once('.')
                .and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
            match numbers {
                Some((major, minor)) => service = service.version(major, minor),
                None => reading.wrong_type(versions, "a version such as `\"1.0\"`")?,
            }
        }
    }
    if let Some(answers) = fields.get("answers") {
        for node in reading.list(answers, "a list of answers") {
            if let Some(answer) = answer(reading, node) {
                service = service.answer(answer);
            }
        }
    }
    Some(service)
}

fn answer(reading: &mut Reading, node: &Node) -> Option<ServiceAnswer> {
    let fields = reading.fields(node, &ANSWER)?;
    let mut text =
        |name: &str, meant: &str| fields.get(name).and_then(|node| reading.text(node, meant));
    let mut answer = ServiceAnswer::to(text("action", "an action").unwrap_or("*".to_owned()));
    if let Some(input) = text("input", "an input") {
        answer = answer.input(input);
    }
    if let Some(output) = text("output", "a result") {
        answer = answer.output(output);
    }
    if let Some(reason) = text("fault", "the reason of a fault") {
        answer = answer.fault(reason);
    }
    if let Some(takes) = fields.get("takes") {
        answer = answer.takes(reading.duration(takes)?);
    }
    if let (Some((key, _)), Some(_)) = (fields.entry("fault"), fields.entry("output")) {
        reading.problem(
            "fault-and-output",
            key.span,
            "an answer is a result or a fault, and this is both",
            "`output` stands beside it",
            None,
        );
    }
    Some(answer)
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::hpc_pack::{Service, ServiceAnswer};
    use rstest::rstest;
    use std::time::Duration;

    #[test]
    fn a_file_says_what_can_be_said_in_rust() {
        let text = "- name: Adder\n  versions: [\"1.0\", 2.5]\n  answers:\n    \
            - { action: \"*/Add\", input: \"1,1\", output: 2, takes: 200ms }\n    - { fault: \"only 1,1 is known\" }\n- name: Plain\n";
        let adder = Service::new("Adder")
            .version(1, 0)
            .version(2, 5)
            .answer(
                ServiceAnswer::to("*/Add")
                    .input("1,1")
                    .output("2")
                    .takes(Duration::from_millis(200)),
            )
            .answer(ServiceAnswer::to("*").fault("only 1,1 is known"));
        assert_eq!(
            read("services.yaml", text).unwrap(),
            [adder, Service::new("Plain")]
        );
    }

    #[rstest]
    #[case("name: x", "a list of services")]
    #[case("- nam: x", "did you mean `name`?")]
    #[case("- { name: x, versions: one }", "a version such as")]
    #[case("- { name: x, answers: [{ outpt: 1 }] }", "did you mean `output`?")]
    #[case("- { name: x, answers: [{ takes: 5 }] }", "a duration")]
    #[case("- { name: x, answers: [{ output: a, fault: b }] }", "this is both")]
    #[case("- [", "")]
    fn a_mistake_is_told_with_what_was_meant(#[case] text: &str, #[case] expected: &str) {
        let problems = read("services.yaml", text).unwrap_err();
        let told: String = problems
            .0
            .iter()
            .map(|p| format!("{} {:?}", p.found, p.help))
            .collect();
        assert!(told.contains(expected), "{told}");
    }
}
