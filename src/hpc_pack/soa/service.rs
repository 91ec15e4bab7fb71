use super::{Message, Output, Work};
use std::time::Duration;

/// A service that sessions can be created for: what it answers, without any code of its own.
///
/// ```
/// use wireproof::hpc_pack::{Service, ServiceAnswer};
/// let adder = Service::new("Adder")
///     .version(1, 0)
///     .answer(ServiceAnswer::to("*/Add").input("1,1").output("2"))
///     .answer(ServiceAnswer::to("*").fault("only 1,1 is known"));
/// assert_eq!(adder.name(), "Adder");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    pub(crate) name: String,
    pub(crate) versions: Vec<Version>,
    answers: Vec<ServiceAnswer>,
}

/// What a scripted service answers to requests of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceAnswer {
    action: String,
    input: String,
    output: Output,
    takes: Option<Duration>,
}

/// A version of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    /// Before the dot.
    pub(crate) major: i32,
    /// Behind the dot.
    pub(crate) minor: i32,
}

impl Service {
    /// A service that echoes its input. Names compare in any case.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            versions: Vec::new(),
            answers: Vec::new(),
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same service, which can be asked for in that version too, besides in none.
    #[must_use]
    pub fn version(mut self, major: u16, minor: u16) -> Self {
        self.versions.push(Version {
            major: i32::from(major),
            minor: i32::from(minor),
        });
        self
    }

    /// The same service with one more answer; the first that fits a request counts.
    #[must_use]
    pub fn answer(mut self, answer: ServiceAnswer) -> Self {
        self.answers.push(answer);
        self
    }

    /// As an element of the list that the setting `services` takes.
    pub(crate) fn inline(&self) -> serde_json::Value {
        let versions: Vec<String> = self
            .versions
            .iter()
            .map(|version| format!("{}.{}", version.major, version.minor))
            .collect();
        let answers: Vec<serde_json::Value> =
            self.answers.iter().map(ServiceAnswer::inline).collect();
        let mut service = serde_json::json!({ "name": self.name, "answers": answers });
        if !versions.is_empty() {
            service["versions"] = versions.into();
        }
        service
    }

    /// What it does on a request; `usual` is how long that takes unless it says otherwise.
    pub(super) fn work(&self, message: &Message, usual: Duration) -> Work {
        let scripted = self.answers.iter().find(|answer| {
            fits(&answer.action, &message.action) && fits(&answer.input, &message.input)
        });
        match scripted {
            None => Work {
                output: Output::Result(message.input.clone()),
                takes: usual,
            },
            Some(answer) => Work {
                output: match &answer.output {
                    Output::Result(text) => Output::Result(text.replace("{input}", &message.input)),
                    Output::Fault(reason) => {
                        Output::Fault(reason.replace("{input}", &message.input))
                    }
                },
                takes: answer.takes.unwrap_or(usual),
            },
        }
    }
}

impl ServiceAnswer {
    /// To requests for that action, in which `*` stands for any text: the input, echoed.
    #[must_use]
    pub fn to(action: impl Into<String>) -> Self {
        Self {
            action: action.into(),
            input: "*".to_owned(),
            output: Output::Result("{input}".to_owned()),
            takes: None,
        }
    }

    /// Only where the input is like that; `*` stands for any text.
    #[must_use]
    pub fn input(mut self, pattern: impl Into<String>) -> Self {
        self.input = pattern.into();
        self
    }

    /// Gives that result; `{input}` in it stands for the input.
    #[must_use]
    pub fn output(mut self, text: impl Into<String>) -> Self {
        self.output = Output::Result(text.into());
        self
    }

    /// Gives a fault with that reason.
    #[must_use]
    pub fn fault(mut self, reason: impl Into<String>) -> Self {
        self.output = Output::Fault(reason.into());
        self
    }

    fn inline(&self) -> serde_json::Value {
        let (kind, text) = match &self.output {
            Output::Result(text) => ("output", text),
            Output::Fault(reason) => ("fault", reason),
        };
        let mut answer =
            serde_json::json!({ "action": self.action, "input": self.input, kind: text });
        if let Some(takes) = self.takes {
            answer["takes"] = format!("{}ms", takes.as_millis()).into();
        }
        answer
    }

    /// Takes that long.
    #[must_use]
    pub fn takes(mut self, time: Duration) -> Self {
        self.takes = Some(time);
        self
    }
}

/// The echo services that every head node has.
pub(crate) fn built_in() -> Vec<Service> {
    ["CcpEchoSvc", "GenericEchoSvc"]
        .map(|name| Service::new(name).version(1, 0))
        .to_vec()
}

/// Whether a text is like a pattern in which `*` stands for any text, also none.
fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::{Message, Output, Service, ServiceAnswer, fits};
    use rstest::rstest;
    use std::time::Duration;

    #[rstest]
    #[case("*", "", true)]
    #[case("", "", true)]
    #[case("", "a", false)]
    #[case("*/Add", "http://tempuri.org/I/Add", true)]
    #[case("*/Add", "http://tempuri.org/I/Add2", false)]
    #[case("a*b*c", "axxbyyc", true)]
    #[case("a*b*c", "axxcyyb", false)]
    #[case("ab*b", "ab", false)]
    fn a_star_stands_for_any_text(
        #[case] pattern: &str,
        #[case] text: &str,
        #[case] expected: bool,
    ) {
        assert_eq!(fits(pattern, text), expected);
    }

    #[test]
    fn the_first_answer_that_fits_counts_and_without_one_the_input_comes_back() {
        let service = Service::new("S")
            .answer(ServiceAnswer::to("*/Add").input("1").output("got {input}"))
            .answer(
                ServiceAnswer::to("*/Add")
                    .fault("no {input}")
                    .takes(Duration::from_secs(1)),
            );
        let work = |action: &str, input: &str| {
            let message = Message {
                action: action.to_owned(),
                input: input.to_owned(),
                ..Message::default()
            };
            let work = service.work(&message, Duration::ZERO);
            (work.output, work.takes.as_secs())
        };
        assert_eq!(work("x/Add", "1"), (Output::Result("got 1".to_owned()), 0));
        assert_eq!(work("x/Add", "2"), (Output::Fault("no 2".to_owned()), 1));
        assert_eq!(work("x/Mul", "2"), (Output::Result("2".to_owned()), 0));
    }
}
