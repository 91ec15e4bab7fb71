use super::{
    StepTrace,
    exchange::Talk,
    names::sends_what_was_told,
    record::{Record, expects_a_break, finding, wrong},
    render::{RenderError, Rendered, render},
};
use crate::{
    check::Mismatch,
    client::Connections,
    contract::{Clause, Level},
    message::{Broken, Exchange, How},
    plan::PlannedStep,
    scenario::Repeat,
    source::{Place, Scope},
};
use serde_json::Value;
use std::sync::{Arc, atomic::Ordering::Relaxed};

/// How a scenario goes on behind a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Went {
    /// With the next step.
    On,
    /// A promise it stands on is broken: with cleanup.
    Ended,
    /// A precondition was not met: with cleanup.
    Blocked,
    /// The run is interrupted, or stops at the first finding: with cleanup.
    Stopped,
    /// We could not: with cleanup.
    Errored,
}

/// Where a step stands in its plan.
#[derive(Clone, Copy)]
pub(super) struct At {
    pub(super) group: usize,
    pub(super) index: usize,
    pub(super) cleanup: bool,
}

/// What a step leaves behind: how it went, and the names it sets for later ones.
pub(super) struct Stepped {
    pub(super) went: Went,
    pub(super) sets: Vec<(String, Value)>,
}

impl Talk {
    /// Renders, sends, judges by the contract, judges by the step, captures; as often as the step repeats.
    pub(super) async fn step(
        &self,
        connections: &mut Connections,
        scope: &Scope,
        step: &PlannedStep,
        at: At,
        record: &mut Record,
    ) -> Stepped {
        let mut sets = Vec::new();
        let went = self
            .steps(connections, scope, step, at, record, &mut sets)
            .await
            .unwrap_or_else(|error| self.unsent(&error, step, scope, record));
        Stepped { went, sets }
    }

    async fn steps(
        &self,
        connections: &mut Connections,
        scope: &Scope,
        step: &PlannedStep,
        at: At,
        record: &mut Record,
        sets: &mut Vec<(String, Value)>,
    ) -> Result<Went, RenderError> {
        if let Some(pause) = step.wait {
            self.pass(pause).await;
        }
        let watch = self.stopwatch();
        let breaks = expects_a_break(&step.expect);
        let (mut rendered, exchange, operation, missed) = loop {
            let rendered = render(step, scope, &self.frame(at.cleanup))?;
            let before = record.requests;
            let sent = self
                .exchange(connections, &rendered.outgoing, breaks, at.cleanup, record)
                .await;
            // Known from here on, also where the run is interrupted: cleanup needs to know what was asked for.
            if let Some(path) = rendered
                .scope
                .get("path")
                .filter(|_| record.requests > before)
            {
                sets.retain(|(name, _)| name != "path");
                sets.push(("path".to_owned(), path));
            }
            let Some(exchange) = sent else {
                return Ok(Went::Stopped);
            };
            if let Some(went) = self.nobody(step, &exchange, breaks, record) {
                return Ok(went);
            }
            let operation = step
                .send
                .operation
                .or_else(|| self.operation_of(&exchange.request));
            self.invariants(step, &rendered, &exchange, operation, breaks, record);
            let Some(repeat) = &step.repeat else {
                break (rendered, exchange, operation, None);
            };
            let fits = self
                .judge
                .fits(&repeat.until, &exchange, operation, &rendered.scope);
            let gone = exchange.outcome.is_err() && !breaks;
            match fits {
                Ok(()) => break (rendered, exchange, operation, None),
                Err(mismatch) if mismatch.wrong.is_some() || gone => {
                    break (rendered, exchange, operation, Some(mismatch));
                }
                Err(mismatch) if watch.elapsed() + repeat.every > repeat.at_most => {
                    break (rendered, exchange, operation, Some(mismatch));
                }
                Err(_) => {}
            }
            self.keep(at, &rendered, &exchange, operation, false, record);
            if !at.cleanup && self.shared.over().is_some() {
                return Ok(Went::Stopped);
            }
            // At least a millisecond, or a mock's clock would never get on.
            self.pass(repeat.every.max(std::time::Duration::from_millis(1)))
                .await;
        };
        self.keep(at, &rendered, &exchange, operation, true, record);
        let mut went = Went::On;
        if let Some(repeat) = &step.repeat {
            went = went.max(self.reached(repeat, missed.map(|one| *one), step, &exchange, record));
        }
        // Nothing was asked of cleanup, nor of a request that we broke off ourselves.
        let unasked = at.cleanup || rendered.outgoing.cut.is_some();
        if !(unasked && step.expect.is_empty()) {
            let judged = self.judge.expects(
                &step.expect,
                &exchange,
                operation,
                &rendered.scope,
                self.is_url(),
            );
            if !judged.wrong.is_empty() {
                went = went.max(Went::Errored);
            }
            let precondition = judged
                .findings
                .iter()
                .any(|finding| finding.clause.is_none());
            let worst = record.judged(judged, step, &exchange);
            self.halt(worst);
            if precondition {
                went = went.max(Went::Blocked);
            } else if worst == Some(Level::Must) {
                went = went.max(Went::Ended);
            }
        }
        if went == Went::On {
            went = self.captures(step, &mut rendered, &exchange, operation, record, sets);
        }
        Ok(went)
    }

    /// How it goes on where there was no connection at all: no promise of a reply was judged then, so none is broken.
    ///
    /// A server that nobody has heard yet is one that we cannot check; one that was heard and is gone is one finding.
    fn nobody(
        &self,
        step: &PlannedStep,
        exchange: &Arc<Exchange>,
        break_expected: bool,
        record: &mut Record,
    ) -> Option<Went> {
        let Err(broken) = &exchange.outcome else {
            return None;
        };
        let gone = matches!(broken.how, How::Unreachable | How::Tls);
        if !gone || break_expected || !self.is_url() {
            return None;
        }
        if self.shared.any_reply.load(Relaxed) {
            if self.shared.first_to_miss_it() {
                let found = finding("connection", "a reply", broken.to_string());
                record.found(found, step, Some(exchange));
                self.halt(Some(Level::Must));
                return Some(Went::Ended);
            }
            return Some(Went::Stopped);
        }
        let error = gone_from(&self.origin.to_string(), broken);
        if !record.errors.contains(&error) {
            record.errors.push(error);
        }
        Some(Went::Errored)
    }

    fn invariants(
        &self,
        step: &PlannedStep,
        rendered: &Rendered,
        exchange: &Arc<Exchange>,
        operation: Option<usize>,
        breaks: bool,
        record: &mut Record,
    ) {
        if exchange.outcome.is_ok()
            && let Some(wrong) = exchange.misframed()
        {
            let found = finding(
                "connection",
                "one end of the reply, and nothing before or behind it",
                wrong,
            );
            record.found(found, step, Some(exchange));
            self.halt(Some(Level::Must));
        }
        if exchange.again {
            let mut found = finding(
                "connection",
                "a reply, or `Connection: close` with the reply before (RFC 2616 8.1.2.1)",
                "the kept connection ended without a byte of a reply; the request was sent again on a new one",
            );
            found.level = Level::Should;
            record.found(found, step, Some(exchange));
            self.halt(Some(Level::Should));
        }
        let scope = &rendered.scope;
        // A reply that did not come, or not whole, keeps and breaks no promise about replies but that of their framing; the
        // step tells what it expected. Where we broke off ourselves, or wanted a break, nothing is wrong with it.
        let judged = if exchange.outcome.is_ok() {
            self.judge.invariants(exchange, operation, scope)
        } else if exchange.misframed().is_some() && !breaks && rendered.outgoing.cut.is_none() {
            self.judge.framing(exchange, operation, scope)
        } else {
            return;
        };
        let worst = record.judged(judged, step, exchange);
        self.halt(worst);
    }

    /// Judges whether polling came to its end.
    fn reached(
        &self,
        repeat: &Repeat,
        missed: Option<Mismatch>,
        step: &PlannedStep,
        exchange: &Arc<Exchange>,
        record: &mut Record,
    ) -> Went {
        let Some(mut missed) = missed else {
            for (at, _) in self.clauses(&repeat.proves) {
                record.counts.entry(at).or_default().kept += 1;
            }
            return Went::On;
        };
        if let Some(why) = &missed.wrong {
            record.errors.push(wrong(why));
            return Went::Errored;
        }
        missed.expected = format!("{} within {:?}", missed.expected, repeat.at_most);
        self.missed(&repeat.proves, &missed, step, Some(exchange), record)
    }

    /// What a step could not send: where that is put together of what replies told, they are to blame for what it proves.
    fn unsent(
        &self,
        error: &RenderError,
        step: &PlannedStep,
        scope: &Scope,
        record: &mut Record,
    ) -> Went {
        let (place, why) = match error {
            RenderError::Template(error) if sends_what_was_told(step, scope) => {
                (&error.place, &error.message)
            }
            RenderError::Unusable(place, why) if sends_what_was_told(step, scope) => (place, why),
            _ => {
                record.errors.push(format!("step {}: {error}", step.id));
                return Went::Errored;
            }
        };
        let missed = Mismatch {
            place: place.clone(),
            subject: "request".to_owned(),
            expected: "values of earlier replies that it can be sent with".to_owned(),
            actual: why.clone(),
            diff: None,
            wrong: None,
        };
        let proves: Vec<_> = step
            .expect
            .iter()
            .flat_map(|one| one.proves.clone())
            .collect();
        match self.missed(&proves, &missed, step, None, record) {
            // Later steps stand on it.
            Went::On => Went::Blocked,
            went => went,
        }
    }

    /// Breaks clauses by what is not as it should be; without any it is a precondition.
    fn missed(
        &self,
        proves: &[(String, Place)],
        missed: &Mismatch,
        step: &PlannedStep,
        exchange: Option<&Arc<Exchange>>,
        record: &mut Record,
    ) -> Went {
        if proves.is_empty() {
            let found = self.judge.finding(None, missed.clone());
            record.found(found, step, exchange);
            self.halt(Some(Level::Must));
            return Went::Blocked;
        }
        let mut went = Went::On;
        for (at, clause) in self.clauses(proves) {
            record.counts.entry(at).or_default().broken += 1;
            let found = self.judge.finding(Some(clause), missed.clone());
            record.found(found, step, exchange);
            self.halt(Some(clause.level));
            if clause.level == Level::Must {
                went = Went::Ended;
            }
        }
        went
    }

    fn clauses<'s>(
        &'s self,
        proves: &'s [(String, Place)],
    ) -> impl Iterator<Item = (usize, &'s Clause)> {
        let clauses = &self.plan.contract.clauses;
        proves.iter().filter_map(|(id, _)| {
            let at = clauses.iter().position(|clause| clause.id == *id)?;
            Some((at, &clauses[at]))
        })
    }

    fn captures(
        &self,
        step: &PlannedStep,
        rendered: &mut Rendered,
        exchange: &Arc<Exchange>,
        operation: Option<usize>,
        record: &mut Record,
        sets: &mut Vec<(String, Value)>,
    ) -> Went {
        for capture in &step.capture {
            let taken = self
                .judge
                .capture(capture, exchange, operation, &rendered.scope);
            match taken {
                Ok(value) => {
                    rendered.scope.set_told(&capture.name, &value);
                    sets.push((capture.name.clone(), value));
                }
                Err(found) => {
                    record.found(*found, step, Some(exchange));
                    self.halt(Some(Level::Must));
                    return Went::Ended;
                }
            }
        }
        Went::On
    }

    fn keep(
        &self,
        at: At,
        rendered: &Rendered,
        exchange: &Arc<Exchange>,
        operation: Option<usize>,
        last: bool,
        record: &mut Record,
    ) {
        if self.trace {
            record.trace.push(StepTrace {
                plan: self.plan.clone(),
                at: (at.group, at.index),
                cleanup: at.cleanup,
                operation,
                exchange: exchange.clone(),
                scope: rendered.scope.clone(),
                last,
            });
        }
    }

    /// Stops the run at the first finding that fails it, where that is asked for.
    pub(super) fn halt(&self, worst: Option<Level>) {
        let options = &self.shared.options;
        if options.fail_fast && worst.is_some_and(|level| level >= options.fails_at) {
            self.shared.halted.store(true, Relaxed);
        }
    }
}

/// Why nothing came from an origin, said once: with the proxy's name, where it is the proxy that does not answer.
fn gone_from(origin: &str, broken: &Broken) -> String {
    let detail = broken.detail.as_str();
    if let Some(proxy) = detail.strip_prefix("no connection to the proxy ") {
        return format!("nothing answers at the proxy {proxy}");
    }
    let why = detail
        .strip_prefix("no connection")
        .and_then(|detail| detail.split_once(": "))
        .map_or(detail, |(_, why)| why);
    match broken.how {
        How::Tls => format!("no TLS with {origin}: {why}"),
        _ => format!("nothing answers at {origin}: {why}"),
    }
}

#[cfg(test)]
mod tests {
    use super::gone_from;
    use crate::message::{Broken, How};
    use rstest::rstest;

    #[rstest]
    #[case(
        How::Unreachable,
        "no connection to h: refused",
        "nothing answers at http://h: refused"
    )]
    #[case(
        How::Unreachable,
        "no connection to the proxy 127.0.0.1:9: refused",
        "nothing answers at the proxy 127.0.0.1:9: refused"
    )]
    #[case(How::Tls, "TLS with h: no", "no TLS with http://h: TLS with h: no")]
    fn it_is_said_who_does_not_answer(#[case] how: How, #[case] detail: &str, #[case] says: &str) {
        let broken = Broken {
            how,
            detail: detail.to_owned(),
            partial: None,
        };
        assert_eq!(gone_from("http://h", &broken), says);
    }
}
