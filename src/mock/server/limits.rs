use super::ServerOptions;
use crate::mock::{Setting, SettingError};
use std::{str::FromStr, time::Duration};

/// What one client, or all of them, may cost the server. Times are those of the machine, never the mock's clock.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections at once; one more is answered 503 and closed. Default: 10,000.
    pub connections: usize,
    /// Bytes of a request's head; 431 beyond. Default: 64 KiB. More than 128 fields are refused alike.
    pub head_bytes: usize,
    /// From the first byte of a head, or from the start of the connection, to its end; then 408, or the
    /// connection is closed where nothing came. Default: 30 s.
    pub head_time: Duration,
    /// How long a connection may lie idle between two requests. Default: 120 s.
    pub idle_time: Duration,
    /// Bytes of a request's body without framing; 413 beyond. Default: 1 GiB; `u64::MAX` for no limit.
    pub body_bytes: u64,
    /// How long the next byte of a body may take; then 408. Default: 60 s.
    pub body_idle: Duration,
    /// How long a client may take no byte of a reply; then the connection is reset. Default: 60 s.
    pub write_idle: Duration,
    /// How many bytes of a body, or of a reply, a client must send or take in each second on the average, behind the
    /// first `body_idle` or `write_idle`; a slower one is treated as one that stands still. Default: 500.
    pub least_rate: u32,
    /// Bytes of all replies that are held in memory for clients that take them slowly; one more reply is 503. A reply alone
    /// is always sent, and up to 32 KiB count for nothing. Default: 512 MiB.
    pub reply_memory: usize,
    /// How much of a body that nobody wants is read so that its connection can be kept after an early
    /// answer. Default: 64 KiB.
    pub drain_bytes: u64,
    /// How long [`shutdown`](super::Server::shutdown) waits for requests that were accepted. Default: 10 s.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            head_bytes: 64 * 1024,
            head_time: Duration::from_secs(30),
            idle_time: Duration::from_secs(120),
            body_bytes: 1024 * 1024 * 1024,
            body_idle: Duration::from_secs(60),
            write_idle: Duration::from_secs(60),
            least_rate: 500,
            reply_memory: 512 * 1024 * 1024,
            drain_bytes: 64 * 1024,
            grace: Duration::from_secs(10),
        }
    }
}

impl Limits {
    /// How much time so many bytes may have taken, where standing still is borne for that long.
    pub(super) fn patience(&self, still: Duration, bytes: u64) -> Duration {
        match u64::from(self.least_rate) {
            0 => Duration::MAX,
            rate => still
                .saturating_add(Duration::from_secs(bytes / rate))
                .saturating_add(Duration::from_millis(bytes % rate * 1000 / rate)),
        }
    }
}

/// One limit by name: how it is shown, and how it is set and told.
struct Row {
    setting: Setting,
    set: fn(&mut ServerOptions, &str) -> Option<()>,
    #[cfg(test)]
    get: fn(&ServerOptions) -> String,
}

macro_rules! rows {
    ($($name:literal, $values:literal, $default:literal, $unit:ident, $($field:ident).+, $says:literal;)+) => {
        const ROWS: &[Row] = &[$(Row {
            setting: Setting { name: $name, values: $values, default: $default, says: $says },
            set: |options, value| {
                options.$($field).+ = $unit::read(value)?;
                Some(())
            },
            #[cfg(test)]
            get: |options| $unit::write(&options.$($field).+),
        }),+];

        /// What can be set about every server, whatever mock is behind it, as `--help-settings` shows it.
        pub(crate) const SETTINGS: &[Setting] = &[$(Setting { name: $name, values: $values, default: $default, says: $says }),+];
    };
}

rows! {
    "connections", "COUNT from 1", "10000", some, limits.connections,
        "How many connections there may be at a time; one more is answered 503 and closed.";
    "head-bytes", "BYTES from 64", "65536", head, limits.head_bytes,
        "The largest head of a request; a larger one, or one of more than 128 fields, is answered 431.";
    "head-time", "MILLISECONDS from 1", "30000", some_time, limits.head_time,
        "How long a head may take; then 408, or the end of the connection where nothing came.";
    "idle-time", "MILLISECONDS", "120000", time, limits.idle_time,
        "How long a connection may lie idle between two requests before it is closed.";
    "body-bytes", "BYTES from 1", "1073741824", some, limits.body_bytes,
        "The largest body of a request that is read at all, whatever the mock takes; a larger one is answered 413.";
    "body-idle", "MILLISECONDS from 1", "60000", some_time, limits.body_idle,
        "How long the next bytes of a body may take; then 408.";
    "write-idle", "MILLISECONDS from 1", "60000", some_time, limits.write_idle,
        "How long a client may take nothing of a reply before its connection is reset.";
    "least-rate", "BYTES A SECOND", "500", number, limits.least_rate,
        "How much of a body or reply a client must send or take on the average, behind the first body-idle or write-idle; \
         slower ones get 408 or a reset, 0 lets them.";
    "reply-memory", "BYTES", "536870912", number, limits.reply_memory,
        "How many bytes of replies may be on their way together; one more is answered 503.";
    "drain-bytes", "BYTES", "65536", number, limits.drain_bytes,
        "How much of a body that nobody wants is read so that its connection can be kept.";
    "grace", "MILLISECONDS", "10000", time, limits.grace,
        "How long a server that stops waits for requests that it has accepted.";
    "journal-bytes", "BYTES", "4194304", number, journal_bytes,
        "How much the journal holds; beyond it the oldest entries are forgotten.";
}

mod number {
    pub(super) fn read<N: super::FromStr>(value: &str) -> Option<N> {
        value.parse().ok()
    }

    #[cfg(test)]
    pub(super) fn write(value: &impl ToString) -> String {
        value.to_string()
    }
}

mod time {
    use std::time::Duration;

    pub(super) fn read(value: &str) -> Option<Duration> {
        value.parse().ok().map(Duration::from_millis)
    }

    #[cfg(test)]
    pub(super) fn write(value: &Duration) -> String {
        value.as_millis().to_string()
    }
}

/// Without any, every request would be refused.
mod some {
    #[cfg(test)]
    pub(super) use super::number::write;
    pub(super) use crate::mock::read_limit as read;
}

/// With fewer bytes there is no head of a request that could be read.
mod head {
    use super::number;

    pub(super) fn read(value: &str) -> Option<usize> {
        number::read(value).filter(|bytes| *bytes >= 64)
    }

    #[cfg(test)]
    pub(super) use number::write;
}

/// A client that may take no time gets no answer.
mod some_time {
    use super::time;
    use std::time::Duration;

    pub(super) fn read(value: &str) -> Option<Duration> {
        time::read(value).filter(|time| !time.is_zero())
    }

    #[cfg(test)]
    pub(super) use time::write;
}

impl ServerOptions {
    /// What can be set about every server, whatever mock is behind it.
    #[must_use]
    pub fn settings() -> &'static [Setting] {
        SETTINGS
    }

    /// Sets a limit by its name in [`settings`](ServerOptions::settings); tells whether there is one of that name.
    ///
    /// # Errors
    /// It has no such value.
    pub fn set(&mut self, name: &str, value: &str) -> Result<bool, SettingError> {
        let Some(row) = ROWS.iter().find(|row| row.setting.name == name) else {
            return Ok(false);
        };
        match (row.set)(self, value) {
            Some(()) => Ok(true),
            None => Err(SettingError::BadValue {
                name: row.setting.name,
                value: value.to_owned(),
                values: row.setting.values,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Limits, ROWS, SETTINGS};
    use crate::mock::ServerOptions;
    use rstest::rstest;
    use std::{collections::BTreeSet, time::Duration};

    #[test]
    fn the_defaults_are_those_that_are_shown() {
        let defaults = ServerOptions::default();
        for row in ROWS {
            assert_eq!(
                (row.get)(&defaults),
                row.setting.default,
                "{}",
                row.setting.name
            );
        }
    }

    #[test]
    fn each_limit_is_set_by_its_name_and_no_other_changes() {
        for row in ROWS {
            let name = row.setting.name;
            let mut options = ServerOptions::default();
            assert_eq!(options.set(name, "4711"), Ok(true), "{name}");
            for other in ROWS {
                let expected = if other.setting.name == name {
                    "4711"
                } else {
                    other.setting.default
                };
                assert_eq!((other.get)(&options), expected, "{name}");
            }
            assert!(options.set(name, "many").is_err(), "{name}");
            assert!(options.set(name, "-1").is_err(), "{name}");
            let least = row.setting.values.split_once(" from ");
            let least: u64 = least.map_or(0, |(_, least)| least.parse().unwrap());
            assert!(options.set(name, &least.to_string()).is_ok(), "{name}");
            if let Some(below) = least.checked_sub(1) {
                let refused = options.set(name, &below.to_string()).unwrap_err();
                let expected = format!(
                    "`{below}` is no value of the setting `{name}`, which takes {}",
                    row.setting.values
                );
                assert_eq!(refused.to_string(), expected);
            }
        }
        assert_eq!(
            ServerOptions::default().set("no-such-limit", "1"),
            Ok(false)
        );
    }

    #[test]
    fn nothing_can_be_set_so_that_every_request_is_refused() {
        let names: Vec<_> = ROWS
            .iter()
            .filter(|row| (row.set)(&mut ServerOptions::default(), "0").is_none())
            .map(|row| row.setting.name)
            .collect();
        let expected = [
            "connections",
            "head-bytes",
            "head-time",
            "body-bytes",
            "body-idle",
            "write-idle",
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn no_trait_of_a_contract_may_be_called_as_a_limit() {
        let names: Vec<_> = SETTINGS.iter().map(|setting| setting.name).collect();
        assert_eq!(names, crate::contract::LIMITS);
    }

    #[test]
    fn no_two_limits_have_one_name() {
        let names: BTreeSet<_> = SETTINGS.iter().map(|setting| setting.name).collect();
        assert_eq!(names.len(), SETTINGS.len());
    }

    #[rstest]
    #[case(500, 0, 1_000)]
    #[case(500, 500, 2_000)]
    #[case(500, 750, 2_500)]
    #[case(1, u64::MAX, u64::MAX)]
    fn patience_grows_with_what_has_come(
        #[case] least_rate: u32,
        #[case] bytes: u64,
        #[case] millis: u64,
    ) {
        let limits = Limits {
            least_rate,
            ..Limits::default()
        };
        let patience = limits.patience(Duration::from_secs(1), bytes);
        assert!(patience >= Duration::from_millis(millis), "{patience:?}");
        if millis < u64::MAX {
            assert_eq!(patience, Duration::from_millis(millis));
        }
        let endless = Limits {
            least_rate: 0,
            ..Limits::default()
        };
        assert_eq!(
            endless.patience(Duration::from_secs(1), bytes),
            Duration::MAX
        );
    }
}
