use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::sync::watch;

/// A point in time: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(pub u64);

impl Moment {
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

    /// As the operating system counts, for headers and files.
    #[must_use]
    pub fn system(self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(self.0)
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

    /// The time of the machine.
    #[must_use]
    pub fn system() -> Self {
        Self(Kind::System(Arc::new(watch::Sender::new(0))))
    }

    /// Stands still; who waits on it waits until [`advance`](Clock::advance) has brought it there.
    #[must_use]
    pub fn held(start: Moment) -> Self {
        Self(Kind::Held {
            now: Arc::new(watch::Sender::new(start)),
            skips: false,
        })
    }

    /// Stands still, and jumps ahead by itself to the moment that somebody waits for, so that nothing sleeps.
    #[must_use]
    pub fn skipping(start: Moment) -> Self {
        Self(Kind::Held {
            now: Arc::new(watch::Sender::new(start)),
            skips: true,
        })
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Moment {
        match &self.0 {
            Kind::System(ahead) => {
                #[expect(clippy::disallowed_methods, reason = "this is the clock")]
                let now = SystemTime::now();
                Moment(
                    u64::try_from(
                        now.duration_since(UNIX_EPOCH)
                            .unwrap_or_default()
                            .as_millis(),
                    )
                    .unwrap_or(u64::MAX),
                )
                .after(Duration::from_millis(*ahead.borrow()))
            }
            Kind::Held { now, .. } => *now.borrow(),
        }
    }

    /// Brings the clock forward; one that shows the time of the machine runs ahead of it from then on.
    pub fn advance(&self, by: Duration) {
        match &self.0 {
            Kind::System(ahead) => {
                let by = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
                ahead.send_modify(|ahead| *ahead = ahead.saturating_add(by));
            }
            Kind::Held { now, .. } => now.send_modify(|moment| *moment = moment.after(by)),
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
            Kind::Held { now, skips: true } => {
                now.send_modify(|at| *at = (*at).max(moment));
            }
            Kind::Held { now, skips: false } => {
                let mut seen = now.subscribe();
                // The sender lives in `self`, so waiting cannot fail.
                let _ = seen.wait_for(|at| *at >= moment).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Clock, Moment};
    use std::time::Duration;

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
