use super::{Refused, Version, batches::Batches};
use crate::mock::Moment;
use std::{
    sync::atomic::{AtomicU8, AtomicU64, Ordering},
    time::Duration,
};

/// What a session is created from, as far as it changes what the session does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Start {
    /// The service.
    pub(crate) service: String,
    /// The version of the service; none: the one without a version.
    pub(crate) version: Option<Version>,
    /// The largest message, given back as it came (A33).
    pub(crate) max_message_size: i32,
    /// How long the service tries an operation, in milliseconds.
    pub(crate) operation_timeout: i32,
    /// How long the session may run; none: for ever.
    pub(crate) runtime: Option<Duration>,
    /// How long nothing may happen before the session ends.
    pub(crate) idle: Duration,
}

/// A session that was created, open or not.
#[derive(Debug)]
pub(crate) struct Session {
    /// Its id.
    pub(crate) id: i32,
    /// Whether it is durable.
    pub(crate) durable: bool,
    /// What it was created from.
    pub(crate) start: Start,
    pub(super) batches: Batches,
    created: Moment,
    touched: AtomicU64,
    ended: AtomicU8,
}

const OPEN: u8 = 0;
const FINISHED: u8 = 1;
const CANCELED: u8 = 2;

impl Session {
    pub(super) fn new(id: i32, durable: bool, start: Start, now: Moment) -> Self {
        Self {
            id,
            durable,
            start,
            batches: Batches::default(),
            created: now,
            touched: AtomicU64::new(now.0),
            ended: AtomicU8::new(OPEN),
        }
    }

    /// Notes that somebody used the session.
    ///
    /// # Errors
    /// Where it has ended.
    pub(crate) fn touch(&self, now: Moment) -> Result<(), Refused> {
        match self.end_by_time(now) {
            OPEN => {
                self.touched.fetch_max(now.0, Ordering::Relaxed);
                Ok(())
            }
            FINISHED => Err(Refused::SessionFinished),
            _ => Err(Refused::SessionCanceled),
        }
    }

    /// Notes that it has work until then, and is not idle before.
    pub(super) fn busy_until(&self, moment: Moment) {
        self.touched.fetch_max(moment.0, Ordering::Relaxed);
    }

    /// Whether it is open still.
    pub(crate) fn is_open(&self, now: Moment) -> bool {
        self.end_by_time(now) == OPEN
    }

    /// Ends it; tells whether it was open.
    pub(super) fn end(&self) -> bool {
        self.ended.swap(FINISHED, Ordering::AcqRel) == OPEN
    }

    fn end_by_time(&self, now: Moment) -> u8 {
        let ended = self.ended.load(Ordering::Acquire);
        if ended != OPEN {
            return ended;
        }
        let touched = Moment(self.touched.load(Ordering::Relaxed));
        let idle = touched.after(self.start.idle);
        let overrun = self
            .start
            .runtime
            .map(|runtime| self.created.after(runtime));
        let by_now = match overrun {
            Some(overrun) if now > overrun && overrun <= idle => CANCELED,
            _ if now > idle => FINISHED,
            Some(overrun) if now > overrun => CANCELED,
            _ => return OPEN,
        };
        // Whoever comes first settles how it ended.
        self.ended
            .compare_exchange(OPEN, by_now, Ordering::AcqRel, Ordering::Acquire)
            .map_or_else(|other| other, |_| by_now)
    }
}
