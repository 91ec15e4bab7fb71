use super::{
    mark,
    view::{Bytes, Exchange, Header, Message},
};
use crate::report::{
    self as data,
    excerpt::hexadecimal,
    style::{count, duration, visible},
};

/// How many bytes of what is no text are shown.
const HEXADECIMAL: usize = 512;

/// What a finding is about, as its subject says it: where to look in the exchange.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Look {
    status: bool,
    connection: bool,
    header: Option<String>,
    /// The name of a member or an element.
    word: String,
}

impl Look {
    fn of(subject: &str) -> Self {
        let (kind, rest) = subject.split_once(' ').unwrap_or((subject, ""));
        let mut look = Self::default();
        match kind {
            "status" => look.status = true,
            "connection" => look.connection = true,
            "header" => {
                // Behind the name may stand which part of the value it is.
                let end = rest.find([' ', '[', ',']).unwrap_or(rest.len());
                look.header = Some(rest[..end].to_owned());
            }
            "json" | "xml" | "members" | "shape" => look.word = last_name(rest),
            _ => {}
        }
        look
    }
}

/// The last name in a path: `Id` of `$.Nodes[0].Id`, `State` of `/h:Job/h:State`.
fn last_name(path: &str) -> String {
    path.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'))
        .rfind(|part| part.starts_with(|c: char| c.is_alphabetic() || c == '_'))
        .unwrap_or_default()
        .to_owned()
}

/// An exchange with that marked which the finding is about.
pub(super) fn exchange(seen: &data::ExchangeReport, subject: &str) -> Exchange {
    let nothing = Look::default();
    let (asked, answered) = match subject.strip_prefix("request ") {
        Some(rest) => (Look::of(rest), nothing),
        None => (nothing, Look::of(subject)),
    };
    Exchange {
        elapsed: duration(seen.elapsed_ms),
        request: message(&seen.request, &asked),
        reply: seen.reply.as_ref().map(|reply| message(reply, &answered)),
        broken: seen.broken.as_deref().map(visible),
        broken_mark: answered.connection,
        excess: seen
            .excess
            .as_ref()
            .map(|bytes| body(bytes, &Look::default())),
    }
}

fn message(message: &data::Message, look: &Look) -> Message {
    let wanted = |name: &str| {
        let header = look.header.as_ref();
        header.is_some_and(|header| header.eq_ignore_ascii_case(name))
    };
    Message {
        line: visible(&message.line),
        line_mark: look.status,
        headers: message
            .headers
            .iter()
            .map(|(name, value)| Header {
                name: visible(name),
                value: visible(value),
                mark: wanted(name),
            })
            .collect(),
        body: body(&message.body, look),
    }
}

fn body(body: &data::Body, look: &Look) -> Bytes {
    let (text, shown) = if body.base64.is_empty() {
        (visible(&body.text), None)
    } else {
        (
            hexadecimal(body, HEXADECIMAL).join("\n"),
            Some("shown in hexadecimal"),
        )
    };
    let bytes = count(body.bytes, "byte");
    let note = match (body.truncated, shown) {
        (true, None) => Some(format!("{bytes}; the first {} are kept", data::Body::LIMIT)),
        (_, Some(shown)) => Some(format!("{bytes}, {shown}")),
        (false, None) => None,
    };
    Bytes {
        text: mark::word(&text, &look.word),
        note,
    }
}

#[cfg(test)]
mod tests {
    use super::Look;
    use rstest::rstest;

    #[rstest]
    #[case("header BITS-Protocol", Some("BITS-Protocol"), "")]
    #[case("json $.Nodes[0].Id", None, "Id")]
    #[case("json $", None, "")]
    #[case("xml /h:WebSessionInfo/h:Id", None, "Id")]
    #[case("xml count(//h:Job[1])", None, "Job")]
    #[case("shape Job Name", None, "Name")]
    #[case("body", None, "")]
    fn a_subject_says_where_to_look(
        #[case] subject: &str,
        #[case] header: Option<&str>,
        #[case] word: &str,
    ) {
        let look = Look::of(subject);
        assert_eq!((look.header.as_deref(), look.word.as_str()), (header, word));
    }
}
