use super::Moment;
use std::{fmt, str::FromStr};

const DAY: u64 = 86_400;

/// Days since 1970-01-01 of a date of the Gregorian calendar; none before then or for no such date.
pub(crate) fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let long = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => return None,
    };
    if !(1970..=9999).contains(&year) || day == 0 || day > long {
        return None;
    }
    // The year begins in March, so that the leap day is its last (Hinnant, "chrono-compatible low-level date algorithms").
    let (y, m) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let (era, of_era) = (y / 400, y % 400);
    let of_year = (153 * m + 2) / 5 + day - 1;
    (era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year).checked_sub(719_468)
}

/// Year, month and day of so many days since 1970-01-01.
pub(crate) fn date(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let m = (5 * of_year + 2) / 153;
    let day = of_year - (153 * m + 2) / 5 + 1;
    let month = if m < 10 { m + 3 } else { m - 9 };
    (year + era * 400 + u64::from(month <= 2), month, day)
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
        let (seconds, millis) = (self.0 / 1_000, self.0 % 1_000);
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

    proptest! {
        #[test]
        fn what_is_written_is_read_again(millis in 0_u64..253_402_300_800_000) {
            let moment = Moment(millis);
            assert_eq!(moment.to_string().parse(), Ok(moment));
        }
    }
}
