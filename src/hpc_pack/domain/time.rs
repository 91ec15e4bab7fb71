use crate::mock::{Moment, date, days};

const DAY: u64 = 86_400;

/// A moment as the service writes it: `M/d/yyyy h:mm:ss tt`, UTC, such as `9/27/2011 9:53:26 PM`.
#[must_use]
pub(crate) fn written(moment: Moment) -> String {
    let seconds = moment.told().0 / 1_000;
    let (year, month, day) = date(seconds / DAY);
    let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    let half = if hour < 12 { "AM" } else { "PM" };
    let hour = (hour + 11) % 12 + 1;
    format!("{month}/{day}/{year} {hour}:{minute:02}:{second:02} {half}")
}

/// Reads a moment in any of the forms that the pages print, always UTC: `2015-10-16`, `2015-10-16T08:30:00Z`,
/// `9/27/2011 9:53:26 PM`, `2010/12/7 23:18:20`; the time of day and its seconds may be missing.
#[must_use]
pub(crate) fn read(text: &str) -> Option<Moment> {
    let text = text.trim();
    let (date_text, clock) = match text.find([' ', 'T']) {
        Some(at) => (&text[..at], text[at + 1..].trim()),
        None => (text, ""),
    };
    let parts = numbers(date_text, if date_text.contains('-') { '-' } else { '/' })?;
    let (year, month, day) = match parts[..] {
        [year, month, day] if year > 31 => (year, month, day),
        [month, day, year] if !date_text.contains('-') => (year, month, day),
        _ => return None,
    };
    let seconds = days(year, month, day)? * DAY;
    let (time, fraction) = if clock.is_empty() {
        (0, 0)
    } else {
        time_of_day(clock)?
    };
    Some(Moment((seconds + time) * 1_000 + fraction))
}

/// Seconds and milliseconds of `21:53:26`, `21:53:26.5Z`, `9:53:26 PM`.
fn time_of_day(text: &str) -> Option<(u64, u64)> {
    let text = text.strip_suffix(['Z', 'z']).unwrap_or(text).trim();
    let lower = text.to_ascii_lowercase();
    let (clock, noon) = match (lower.strip_suffix("am"), lower.strip_suffix("pm")) {
        (Some(rest), _) => (rest.trim(), Some(0)),
        (_, Some(rest)) => (rest.trim(), Some(12)),
        _ => (lower.as_str(), None),
    };
    let (clock, fraction) = match clock.split_once('.') {
        None => (clock, 0),
        Some((clock, digits))
            if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) =>
        {
            let padded: String = digits.chars().chain("00".chars()).take(3).collect();
            (clock, padded.parse().ok()?)
        }
        Some(_) => return None,
    };
    let (hour, minute, second) = match numbers(clock, ':')?[..] {
        [hour, minute] => (hour, minute, 0),
        [hour, minute, second] => (hour, minute, second),
        _ => return None,
    };
    let hour = match noon {
        None => hour,
        Some(half) if (1..=12).contains(&hour) => hour % 12 + half,
        Some(_) => return None,
    };
    (hour < 24 && minute < 60 && second < 60)
        .then_some((hour * 3_600 + minute * 60 + second, fraction))
}

/// Numbers of one to four digits between separators.
fn numbers(text: &str, separator: char) -> Option<Vec<u64>> {
    text.split(separator)
        .map(|part| {
            ((1..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit()))
                .then(|| part.parse().ok())
                .flatten()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{read, written};
    use crate::mock::{Clock, Moment};
    use proptest::prelude::proptest;
    use rstest::rstest;

    #[rstest]
    #[case("9/27/2011 9:53:26 PM", 1_317_160_406_000)]
    #[case("2010/12/7 23:18:20", 1_291_763_900_000)]
    #[case("2015-10-16", 1_444_953_600_000)]
    #[case("2015-10-16T00:00:00.25Z", 1_444_953_600_250)]
    #[case("1/1/1970 12:00:00 AM", 0)]
    fn every_form_that_the_pages_print_is_read(#[case] text: &str, #[case] millis: u64) {
        assert_eq!(read(text), Some(Moment(millis)));
    }

    #[rstest]
    #[case("")]
    #[case("yesterday")]
    #[case("2015-02-29")]
    #[case("13/1/2015")]
    #[case("2015-10-16 25:00:00")]
    #[case("1/2-2015")]
    #[case("9/27/2011 13:00:00 PM")]
    #[case("99999999999999999999-1-1")]
    fn what_is_no_date_is_refused(#[case] text: &str) {
        assert_eq!(read(text), None);
    }

    #[test]
    fn the_start_of_held_clocks_is_written_as_the_service_writes_it() {
        assert_eq!(written(Clock::START), "1/1/2026 12:00:00 AM");
        assert_eq!(written(Moment(1_317_160_406_789)), "9/27/2011 9:53:26 PM");
        assert_eq!(written(Moment(u64::MAX)), "12/31/9999 11:59:59 PM");
    }

    proptest! {
        #[test]
        fn a_moment_survives_being_written_and_read(seconds in 0u64..250_000_000_000) {
            let moment = Moment(seconds * 1_000);
            assert_eq!(read(&written(moment)), Some(moment));
        }

        #[test]
        fn reading_never_panics(text in ".{0,40}") {
            let _ = read(&text);
        }
    }
}
