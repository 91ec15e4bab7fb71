use super::Moment;
use std::{fmt, str::FromStr};
use time::{Date, Month, UtcDateTime};

const DAY: u64 = 86_400;

/// Days since 1970-01-01 of a date of the Gregorian calendar; none before then or for no such date.
pub(crate) fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
    let day = u8::try_from(day).ok()?;
    let date = Date::from_calendar_date(i32::try_from(year).ok()?, month, day).ok()?;
    u64::try_from(date.to_julian_day() - epoch()).ok()
}

/// Year, month and day of so many days since 1970-01-01; those of the last day of the year 9999 for all later ones.
pub(crate) fn date(days: u64) -> (u64, u64, u64) {
    let date = i32::try_from(days)
        .ok()
        .and_then(|days| Date::from_julian_day(epoch().checked_add(days)?).ok())
        .unwrap_or(Date::MAX);
    (
        u64::try_from(date.year()).unwrap_or_default(),
        u8::from(date.month()).into(),
        date.day().into(),
    )
}

fn epoch() -> i32 {
    UtcDateTime::UNIX_EPOCH.date().to_julian_day()
}

/// A text that is no moment such as `2026-01-01T00:05:00Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a moment is written as in `2026-01-01T00:05:00Z`, in UTC")]
pub struct NoMoment;

/// `2026-01-01T00:05:00Z`, with milliseconds where there are any (RFC 3339, UTC only).
impl FromStr for Moment {
    type Err = NoMoment;

    fn from_str(text: &str) -> Result<Self, NoMoment> {
        let read = || {
            let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
            let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
            let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
            let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
            if hour > 23 || minute > 59 || second > 59 {
                return None;
            }
            let digits = fraction.bytes().all(|byte| byte.is_ascii_digit());
            let millis = format!("{fraction:0<3}");
            let millis: u64 = millis.get(..3)?.parse().ok().filter(|_| digits)?;
            let seconds = days(year, month, day)? * DAY + hour * 3_600 + minute * 60 + second;
            Some(Self(seconds * 1_000 + millis))
        };
        read().ok_or(NoMoment)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(millis) = self.told();
        let (seconds, millis) = (millis / 1_000, millis % 1_000);
        let (year, month, day) = date(seconds / DAY);
        let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"
        )?;
        if millis > 0 {
            write!(f, ".{millis:03}")?;
        }
        f.write_str("Z")
    }
}

/// Three numbers of so many digits.
fn numbers(text: &str, between: char, digits: [usize; 3]) -> Option<[u64; 3]> {
    let mut parts = text.split(between);
    let mut found = [0; 3];
    for (number, digits) in found.iter_mut().zip(digits) {
        let part = parts.next()?;
        let right = part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit());
        *number = part.parse().ok().filter(|_| right)?;
    }
    parts.next().is_none().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::{Moment, NoMoment};
    use proptest::prelude::proptest;
    use rstest::rstest;

    #[rstest]
    #[case("2026-01-01T00:00:00Z", Some(1_767_225_600_000))]
    #[case("2026-01-01T00:00:00.25Z", Some(1_767_225_600_250))]
    #[case("2024-02-29T23:59:59Z", Some(1_709_251_199_000))]
    #[case("2026-02-29T00:00:00Z", None)]
    #[case("2026-01-01T24:00:00Z", None)]
    #[case("2026-01-01T00:00:00", None)]
    #[case("2026-01-01 00:00:00Z", None)]
    #[case("2026-1-1T00:00:00Z", None)]
    #[case("2026-01-01T00:00:00.x1Z", None)]
    #[case("2026-01-01T00:00:00.äZ", None)]
    #[case("", None)]
    fn a_moment_is_written_in_utc(#[case] text: &str, #[case] millis: Option<u64>) {
        let expected = millis.map(Moment).ok_or(NoMoment);
        assert_eq!(text.parse::<Moment>(), expected);
    }

    #[rstest]
    #[case(253_402_300_800_000)]
    #[case(u64::MAX)]
    fn what_no_calendar_has_is_written_as_the_last_moment(#[case] millis: u64) {
        assert_eq!(Moment(millis).to_string(), Moment::LAST.to_string());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(millis in 0_u64..253_402_300_800_000) {
            let moment = Moment(millis);
            assert_eq!(moment.to_string().parse(), Ok(moment));
        }
    }
}
