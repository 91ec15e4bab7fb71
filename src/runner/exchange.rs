use super::{record::Record, render::Frame, shared::Shared};
use crate::{
    check::Judge,
    client::{Client, Connections, Origin, Outgoing},
    message::{Exchange, How, Request},
    mock::Clock,
    plan::Plan,
};
use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};
use tokio::time::{Instant, sleep, timeout_at};

/// How long a request that is under way may still take once the run is interrupted: what it made is to be cleaned up.
const GRACE: Duration = Duration::from_secs(5);

/// One scenario on its target.
pub(super) struct Talk {
    pub(super) shared: Arc<Shared>,
    pub(super) client: Client,
    pub(super) plan: Arc<Plan>,
    pub(super) judge: Arc<Judge>,
    pub(super) origin: Origin,
    /// The clock of the embedded mock.
    pub(super) clock: Option<Clock>,
    /// Whether exchanges are kept.
    pub(super) trace: bool,
}

/// How long a pause has lasted, by the mock's clock or by the wall's.
pub(super) enum Stopwatch {
    Mock(Clock, crate::mock::Moment),
    Wall(Instant),
}

impl Stopwatch {
    pub(super) fn elapsed(&self) -> Duration {
        match self {
            Self::Mock(clock, began) => clock.now().since(*began),
            Self::Wall(began) => began.elapsed(),
        }
    }
}

impl Talk {
    pub(super) fn is_url(&self) -> bool {
        self.clock.is_none()
    }

    pub(super) fn frame(&self, cleanup: bool) -> Frame<'_> {
        let options = &self.shared.options;
        let interrupted = cleanup && options.stop.is_asked();
        // What a scenario uploads it may fetch again; of all else a server cannot make us hold more.
        let own = self.plan.vars.iter().map(|(_, value)| match value {
            crate::plan::Value::Bytes(bytes) => bytes.len(),
            crate::plan::Value::Json(_) | crate::plan::Value::Secret(_) => 0,
        });
        let mut limits = options.limits;
        limits.body = limits.body.max(own.max().unwrap_or_default());
        Frame {
            origin: &self.origin,
            folder: self.plan.scenario.folder.as_deref(),
            timeout: if interrupted {
                options.timeout.min(GRACE)
            } else {
                options.timeout
            },
            limits,
            url: self.is_url(),
        }
    }

    pub(super) fn stopwatch(&self) -> Stopwatch {
        match &self.clock {
            Some(clock) => Stopwatch::Mock(clock.clone(), clock.now()),
            None => Stopwatch::Wall(Instant::now()),
        }
    }

    /// Lets time pass: moves the mock's clock, or waits for a URL. An interrupt ends the wait.
    pub(super) async fn pass(&self, time: Duration) {
        match &self.clock {
            Some(clock) => clock.advance(time),
            None => tokio::select! {
                () = sleep(time) => {}
                () = self.shared.options.stop.asked() => {}
            },
        }
    }

    /// Sends a request and waits for its reply. None: the run was interrupted.
    pub(super) async fn exchange(
        &self,
        connections: &mut Connections,
        outgoing: &Outgoing,
        break_expected: bool,
        cleanup: bool,
        record: &mut Record,
    ) -> Option<Arc<Exchange>> {
        let shared = &self.shared;
        let stop = &shared.options.stop;
        if self.is_url() {
            shared.paced().await;
        }
        if !cleanup && stop.is_asked() {
            return None;
        }
        record.requests += 1;
        shared.any_sent.store(true, Relaxed);
        let sending = connections.send(outgoing);
        let exchange = if cleanup {
            sending.await
        } else {
            tokio::pin!(sending);
            tokio::select! {
                biased;
                exchange = &mut sending => exchange,
                () = stop.asked() => timeout_at(Instant::now() + GRACE, sending).await.ok()?,
            }
        };
        let exchange = match &shared.options.tamper {
            Some(tamper) => (tamper.0)(&self.plan, exchange),
            None => exchange,
        };
        let answered = match &exchange.outcome {
            Ok(_) => true,
            Err(broken) => broken.partial.is_some(),
        };
        record.replied |= answered;
        if answered {
            shared.any_reply.store(true, Relaxed);
        }
        if self.is_url() {
            let nobody = matches!(&exchange.outcome, Err(broken) if matches!(broken.how, How::Unreachable | How::Stalled | How::Tls));
            // A reply that trickles for as long as the time allowed costs the run as much as silence.
            if nobody && !break_expected && outgoing.cut.is_none() {
                shared.heard(false);
            } else if answered {
                shared.heard(true);
            }
        }
        Some(Arc::new(exchange))
    }

    /// The operation that a request is which the scenario has not named.
    pub(super) fn operation_of(&self, request: &Request) -> Option<usize> {
        let own;
        let request = match request.target.strip_prefix(self.plan.base_path.as_str()) {
            Some(target) if !self.plan.base_path.is_empty() => {
                own = Request {
                    target: target.to_owned(),
                    ..request.clone()
                };
                &own
            }
            _ => request,
        };
        self.plan
            .contract
            .operation_for(request, &self.plan.target.traits)
            .map(|(index, _)| index)
    }
}
