use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::sync::watch;

/// A point in time: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(pub u64);

impl Moment {
    /// The last one that calendars and formats of ours can tell: the end of the year 9999. Later ones are written as it.
    pub const LAST: Self = Self(253_402_300_799_999);

    /// This much later; at the end of time where it would overflow.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_add(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)),
        )
    }

    /// The time from `earlier` to this moment, nothing where `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// As the operating system counts, for headers and files; never later than [`LAST`](Self::LAST).
    #[must_use]
    pub fn system(self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(self.told().0)
    }

    /// The moment to write for this one. Whatever writes moments goes through here: their formats end with the year 9999.
    pub(crate) fn told(self) -> Self {
        self.min(Self::LAST)
    }
}

/// The time of a mock: that of the machine, or one that stands still until it is advanced. Its clones are one clock.
#[derive(Clone, Debug)]
pub struct Clock(Kind);

#[derive(Clone, Debug)]
enum Kind {
    /// The time of the machine, and how far ahead of it the mock has been moved, in milliseconds.
    System(Arc<watch::Sender<u64>>),
    Held {
        now: Arc<watch::Sender<Moment>>,
        skips: bool,
    },
}

impl Clock {
    /// Where held clocks begin unless told otherwise: 2026-01-01T00:00:00Z.
    pub const START: Moment = Moment(1_767_225_600_000);

    /// How far [`advance`](Clock::advance) goes: 9999-01-01T00:00:00Z, a year before the end of what can be written, so
    /// that a clock that stands there goes on and can be waited for.
    pub const FURTHEST: Moment = Moment(253_370_764_800_000);

    /// The time of the machine.
    #[must_use]
    pub fn system() -> Self {
        Self(Kind::System(Arc::new(watch::Sender::new(0))))
    }

    /// Stands still, at [`Moment::LAST`] at the latest; who waits on it waits until [`advance`](Clock::advance) has
    /// brought it there.
    #[must_use]
    pub fn held(start: Moment) -> Self {
        Self(Kind::Held {
            now: Arc::new(watch::Sender::new(start.told())),
            skips: false,
        })
    }

    /// Stands still, and jumps ahead by itself to the moment that somebody waits for, so that nothing sleeps.
    #[must_use]
    pub fn skipping(start: Moment) -> Self {
        Self(Kind::Held {
            now: Arc::new(watch::Sender::new(start.told())),
            skips: true,
        })
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Moment {
        match &self.0 {
            Kind::System(ahead) => machine().after(Duration::from_millis(*ahead.borrow())),
            Kind::Held { now, .. } => *now.borrow(),
        }
    }

    /// Brings the clock forward, to [`FURTHEST`](Clock::FURTHEST) at most; one that shows the time of the machine runs
    /// ahead of it from then on.
    pub fn advance(&self, by: Duration) {
        let moved = |now: Moment| now.after(by).min(Self::FURTHEST.max(now));
        match &self.0 {
            Kind::System(ahead) => ahead.send_modify(|ahead| {
                let machine = machine();
                *ahead = moved(Moment(machine.0.saturating_add(*ahead))).0 - machine.0;
            }),
            Kind::Held { now, .. } => now.send_modify(|now| *now = moved(*now)),
        }
    }

    /// Brings a held clock to that moment, unless it is past it.
    pub(crate) fn skip_to(&self, moment: Moment) {
        if let Kind::Held { now, .. } = &self.0 {
            now.send_modify(|now| *now = (*now).max(moment));
        }
    }

    /// Whether the clock only moves when it is told to.
    #[must_use]
    pub fn is_held(&self) -> bool {
        matches!(self.0, Kind::Held { .. })
    }

    /// Whether the clock jumps ahead by itself to what is waited for.
    #[must_use]
    pub fn skips(&self) -> bool {
        matches!(self.0, Kind::Held { skips: true, .. })
    }

    /// Waits until the clock shows that moment or a later one.
    pub async fn reach(&self, moment: Moment) {
        match &self.0 {
            Kind::System(ahead) => {
                let mut moved = ahead.subscribe();
                loop {
                    let left = moment.since(self.now());
                    if left.is_zero() {
                        return;
                    }
                    tokio::select! {
                        () = tokio::time::sleep(left) => {}
                        // The sender lives in `self`, so waiting cannot fail.
                        _ = moved.changed() => {}
                    }
                }
            }
            Kind::Held { skips: true, .. } => self.skip_to(moment),
            Kind::Held { now, skips: false } => {
                let mut seen = now.subscribe();
                // The sender lives in `self`, so waiting cannot fail.
                let _ = seen.wait_for(|at| *at >= moment).await;
            }
        }
    }
}

fn machine() -> Moment {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    let now = SystemTime::now();
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    Moment(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::{Clock, Moment};
    use rstest::rstest;
    use std::time::Duration;

    #[rstest]
    #[case(Clock::system())]
    #[case(Clock::held(Clock::START))]
    #[case(Clock::skipping(Clock::START))]
    fn a_clock_is_moved_to_the_year_9999_and_no_further(#[case] clock: Clock) {
        for by in [Duration::from_secs(86_400 * 3_650), Duration::MAX] {
            for _ in 0..2_250 {
                clock.advance(by);
            }
            assert_eq!(&clock.now().to_string()[..14], "9999-01-01T00:");
        }
    }

    #[tokio::test]
    async fn a_clock_behind_the_year_9999_is_written_and_never_moved_back() {
        let clock = Clock::skipping(Moment(u64::MAX));
        assert_eq!(clock.now(), Moment::LAST);
        clock.reach(Moment(u64::MAX - 1)).await;
        clock.advance(Duration::from_secs(5));
        let now = clock.now();
        assert_eq!(now, Moment(u64::MAX - 1));
        assert_eq!(now.to_string(), "9999-12-31T23:59:59.999Z");
        assert_eq!(
            httpdate::fmt_http_date(now.system()),
            "Fri, 31 Dec 9999 23:59:59 GMT"
        );
    }

    #[tokio::test]
    async fn a_held_clock_lets_go_of_those_who_wait_only_when_it_has_been_advanced() {
        let clock = Clock::held(Moment(1_000));
        let waiting = tokio::spawn({
            let clock = clock.clone();
            async move {
                clock.reach(Moment(3_000)).await;
                clock.now()
            }
        });
        clock.advance(Duration::from_secs(1));
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        clock.advance(Duration::from_secs(1));
        assert_eq!(waiting.await.unwrap(), Moment(3_000));
    }

    #[tokio::test]
    async fn the_clock_of_the_machine_runs_ahead_once_it_was_moved_and_lets_go_of_those_who_wait() {
        let clock = Clock::system();
        let begun = clock.now();
        let until = begun.after(Duration::from_secs(3_600));
        let waiting = tokio::spawn({
            let clock = clock.clone();
            async move { clock.reach(until).await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        clock.advance(Duration::from_secs(3_600));
        waiting.await.unwrap();
        let ahead = clock.now().since(begun);
        assert!((3_600..3_660).contains(&ahead.as_secs()), "{ahead:?}");
    }

    #[tokio::test]
    async fn a_skipping_clock_jumps_to_what_is_waited_for() {
        let clock = Clock::skipping(Moment(0));
        clock.reach(Moment(86_400_000)).await;
        assert_eq!(clock.now(), Moment(86_400_000));
    }
}
