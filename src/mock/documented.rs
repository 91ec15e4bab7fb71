use super::{Answer, Begin, BodyEnd, Head, Model, Moment, Operations, Outcome, Sink, Token};
use crate::{
    contract::Contract,
    message::{Reply, Request},
};
use std::{any::Any, collections::BTreeMap, sync::Arc};

/// The mock of a suite that has none of its own: each request is answered with the success that its contract documents.
///
/// It keeps no state and reads no body. What the contract does not document is answered 404 with a line that says so.
#[derive(Debug)]
pub struct Documented {
    contract: Arc<Contract>,
    traits: BTreeMap<String, String>,
}

impl Documented {
    /// Answers as the contract documents for a target with those traits; those not given have their default.
    #[must_use]
    pub fn new(contract: Arc<Contract>, traits: BTreeMap<String, String>) -> Self {
        Self { contract, traits }
    }

    /// Tells its operations apart.
    #[must_use]
    pub fn operations(&self) -> Operations {
        let contract = Arc::clone(&self.contract);
        Operations::of(move || Some(Arc::clone(&contract)), self.traits.clone())
    }

    fn reply(&self, request: &Request) -> Reply {
        match self.contract.operation_for(request, &self.traits) {
            Some((index, _)) => self.contract.operations[index].documented_reply(),
            None => Reply::new(404)
                .header("Content-Type", "text/plain; charset=utf-8")
                .body(format!(
                    "The contract `{}` documents no {} {}.\n",
                    self.contract.id,
                    request.method,
                    request.path()
                )),
        }
    }
}

impl Model for Documented {
    fn begin(&self, head: &Head, _now: Moment) -> Begin {
        Begin::Answer(Answer::Reply(self.reply(&head.request)))
    }

    fn end(&self, _sink: Box<dyn Sink>, _end: BodyEnd, _now: Moment) -> Answer {
        // It takes no body, so none ends here.
        Answer::Reply(Reply::new(500))
    }

    fn resume(&self, _token: Token, _outcome: Outcome, _now: Moment) -> Answer {
        // It waits for nothing.
        Answer::Reply(Reply::new(500))
    }

    fn header_names(&self) -> &'static [&'static str] {
        // Names go out as the replies have them.
        &[]
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::Documented;
    use crate::{
        contract::read,
        message::{Reply, Request},
        mock::{Answer, Begin, Clock, Head, Model as _},
        source::SourceFile,
    };
    use rstest::rstest;
    use std::{collections::BTreeMap, sync::Arc};

    const CONTRACT: &str = "
contract: greeting
title: Greeting
documents: { guide: { title: Guide, url: \"https://example.org/guide\" } }
traits: { form: { values: [short, long], default: short, says: How much is said. } }
operations:
  - id: greet
    title: Greet
    method: GET
    path: \"/greet/{name}\"
    source: [guide]
    reply: { status: [203, 200], header: { Content-Type: text/plain }, example: { text: Hello } }
  - id: greet-at-length
    title: Greet at length
    where: { form: long }
    method: GET
    path: \"/greet/at/length\"
    source: [guide]
    reply: { status: 200, example: { text: Good day } }
clauses: []
";

    fn answer(form: &str, request: &Request) -> Reply {
        let (contract, problems) = read(&SourceFile::new("contract.yaml", CONTRACT));
        assert!(problems.is_empty(), "{problems:?}");
        let traits = BTreeMap::from([("form".to_owned(), form.to_owned())]);
        let model = Documented::new(Arc::new(contract.unwrap()), traits);
        match model.begin(&Head::of(request), Clock::START) {
            Begin::Answer(Answer::Reply(reply)) => reply,
            other => panic!("{other:?}"),
        }
    }

    #[rstest]
    #[case("short", "GET", "/greet/anna?x=1", 203, "Hello")]
    #[case("long", "GET", "/greet/anna", 203, "Hello")]
    #[case("long", "GET", "/greet/at/length", 200, "Good day")]
    #[case(
        "short",
        "GET",
        "/greet/at/length",
        404,
        "The contract `greeting` documents no GET /greet/at/length.\n"
    )]
    #[case(
        "short",
        "POST",
        "/greet/anna",
        404,
        "The contract `greeting` documents no POST /greet/anna.\n"
    )]
    fn a_request_gets_what_the_contract_documents_for_such_a_target(
        #[case] form: &str,
        #[case] method: &str,
        #[case] path: &str,
        #[case] status: u16,
        #[case] body: &str,
    ) {
        let reply = answer(form, &Request::new(method, path));
        assert_eq!(
            (reply.status, String::from_utf8_lossy(&reply.body).as_ref()),
            (status, body)
        );
        assert!(status != 203 || reply.headers.get("Content-Type") == Some("text/plain"));
    }
}
