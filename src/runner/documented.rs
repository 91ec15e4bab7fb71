use crate::{
    contract::Contract,
    message::{Reply, Request},
    mock::{Answer, Begin, BodyEnd, Head, Model, Moment, Outcome, Sink, Token},
};
use std::{any::Any, collections::BTreeMap, sync::Arc};

/// A suite without a mock of its own: each request is answered with the success that its contract documents.
///
/// It keeps no state. What the contract does not document is answered 404.
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

    fn reply(&self, request: &Request) -> Reply {
        let Some(index) = recognise(&self.contract, request, &self.traits) else {
            return Reply::new(404);
        };
        self.contract.operations[index].documented_reply()
    }
}

impl Model for Documented {
    fn begin(&self, head: &Head, _: Moment) -> Begin {
        Begin::Answer(Answer::Reply(self.reply(&head.request)))
    }

    fn end(&self, _: Box<dyn Sink>, _: BodyEnd, _: Moment) -> Answer {
        Answer::Reply(Reply::new(500))
    }

    fn resume(&self, _: Token, _: Outcome, _: Moment) -> Answer {
        Answer::Reply(Reply::new(500))
    }

    fn header_names(&self) -> &'static [&'static str] {
        &[]
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The operation that a request is, where the contract documents it for such a target; the most exact one.
pub(super) fn recognise(
    contract: &Contract,
    request: &Request,
    traits: &BTreeMap<String, String>,
) -> Option<usize> {
    contract
        .operation_for(request, traits)
        .map(|(index, _)| index)
}
