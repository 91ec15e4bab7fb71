//! Which clauses look at a body as a whole: of a body that was kept only in part they cannot be judged.

use crate::{
    contract::{BodyExpectation, Clause, Expectation, ProvedBy, RequestExpectation},
    source::{Literal, Matcher, MatcherKind, Template},
};

/// Of which messages a clause looks at the body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reads {
    pub(super) request: bool,
    pub(super) reply: bool,
}

impl Reads {
    pub(super) fn of(clause: &Clause) -> Self {
        let mut reads = Self::default();
        if let ProvedBy::Invariant { when, then } = &clause.proved_by {
            when.iter().for_each(|when| reads.expectation(when));
            reads.expectation(then);
        }
        reads
    }

    fn expectation(&mut self, expectation: &Expectation) {
        self.reply |= !expectation.json.is_empty()
            || !expectation.xml.is_empty()
            || !expectation.members.is_empty()
            || expectation.shape.is_some()
            || match expectation.body.as_deref() {
                None => false,
                Some(BodyExpectation::Text(matcher)) => needs_all(matcher),
                Some(BodyExpectation::SameAs { .. }) => true,
            };
        if let Some(request) = &expectation.request {
            self.request |= reads_request(request);
        }
        expectation.templates(&mut |template, _| self.template(template));
        for inner in expectation.any.iter().chain(expectation.not.as_deref()) {
            self.expectation(inner);
        }
    }

    /// `request.body`, `request.body_length` and `request.json` are all that templates know of a body.
    fn template(&mut self, template: &Template) {
        let uses = |message: &str| {
            template.names().iter().any(|name| name == message)
                && ["body", "json"]
                    .iter()
                    .any(|part| template.text.contains(part))
        };
        self.request |= uses("request");
        self.reply |= uses("reply");
    }
}

fn reads_request(request: &RequestExpectation) -> bool {
    !request.json.is_empty()
        || !request.xml.is_empty()
        || !request.members.is_empty()
        || request.body.as_ref().is_some_and(needs_all)
        || request.body_length.as_ref().is_some_and(needs_all)
}

/// Whether the beginning of a body does not tell: it does where none at all is expected.
fn needs_all(matcher: &Matcher) -> bool {
    match &matcher.kind {
        MatcherKind::Absent => false,
        MatcherKind::Equals(Literal::Number(number)) => number.as_u64() != Some(0),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::Reads;
    use crate::suite::SuiteFiles;
    use rstest::rstest;

    #[rstest]
    #[case("bits-upload", "fragment.no-body", false, false)]
    #[case("bits-upload", "client.ping.no-body", false, false)]
    #[case("bits-upload", "client.fragment.range-fits-body", false, false)]
    #[case("hpc-pack", "get-job.fault", false, true)]
    #[case("hpc-pack", "no-password", false, true)]
    #[case("hpc-pack", "client.create-session.alphabetical", true, false)]
    #[case("hpc-pack", "client.create-session.content-type", false, false)]
    fn only_what_a_clause_names_is_read(
        #[case] suite: &str,
        #[case] id: &str,
        #[case] request: bool,
        #[case] reply: bool,
    ) {
        let contract = SuiteFiles::embedded(suite).unwrap().contract().unwrap();
        let clause = contract.clause(id).unwrap();
        assert_eq!(Reads::of(clause), Reads { request, reply });
    }
}
