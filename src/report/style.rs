use time::{Date, UtcDateTime};

/// Whether texts are coloured, and how wide they may be.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Whether escape codes for colour are written.
    pub colour: bool,
    /// Columns.
    pub width: usize,
}

impl Default for Style {
    fn default() -> Self {
        Self {
            colour: false,
            width: 80,
        }
    }
}

impl Style {
    pub(crate) fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    pub(crate) fn dim(self, text: &str) -> String {
        self.paint("2", text)
    }

    pub(crate) fn red(self, text: &str) -> String {
        self.paint("31;1", text)
    }

    pub(crate) fn green(self, text: &str) -> String {
        self.paint("32;1", text)
    }

    pub(crate) fn yellow(self, text: &str) -> String {
        self.paint("33;1", text)
    }

    pub(crate) fn cyan(self, text: &str) -> String {
        self.paint("36", text)
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.colour {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    /// The text in lines that fit, each but the first with that many blanks in front.
    pub(crate) fn wrap(self, text: &str, indent: usize) -> String {
        let room = self.width.saturating_sub(indent).max(20);
        let mut out = String::new();
        let mut column = 0;
        for word in text.split_whitespace() {
            let length = word.chars().count();
            if column > 0 && column + 1 + length > room {
                out.push('\n');
                out.extend(std::iter::repeat_n(' ', indent));
                column = 0;
            }
            if column > 0 {
                out.push(' ');
                column += 1;
            }
            out.push_str(word);
            column += length;
        }
        out
    }
}

/// The text with control characters shown instead of obeyed, so that a server cannot write to the reader's terminal.
pub(crate) fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\t' => out.push(character),
            '\r' => out.push_str("\\r"),
            c if c.is_control()
                || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}') =>
            {
                out.extend(c.escape_unicode());
            }
            c => out.push(c),
        }
    }
    out
}

/// A name on one line: [`visible`], line ends and tabs too.
pub(crate) fn one_line(text: &str) -> String {
    visible(text).replace('\n', "\\n").replace('\t', "\\t")
}

/// At most that many characters of one line, the last of them `…` where more was cut off.
pub(crate) fn shorten(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut out: String = text.chars().take(most.saturating_sub(1)).collect();
    out.push('…');
    out
}

/// `1 clause`, `2 clauses`.
pub(crate) fn count(number: u64, word: &str) -> String {
    format!("{number} {word}{}", if number == 1 { "" } else { "s" })
}

/// [`count`] of a length.
pub(crate) fn counted(number: usize, word: &str) -> String {
    count(number as u64, word)
}

/// `12 ms`, `1.23 s`, `2 min 5 s`.
pub(crate) fn duration(milliseconds: u64) -> String {
    match milliseconds {
        0..1_000 => format!("{milliseconds} ms"),
        1_000..60_000 => format!(
            "{}.{:02} s",
            milliseconds / 1_000,
            milliseconds % 1_000 / 10
        ),
        _ => format!(
            "{} min {} s",
            milliseconds / 60_000,
            milliseconds % 60_000 / 1_000
        ),
    }
}

/// Milliseconds since 1970 as a date with time in UTC: `2026-01-01T00:00:00.000Z`.
pub(crate) fn instant(milliseconds: u64) -> String {
    const DAY: u64 = 86_400_000;
    let (day, time) = (milliseconds / DAY, milliseconds % DAY);
    let epoch = UtcDateTime::UNIX_EPOCH.date().to_julian_day();
    // A report is of our time, and a number that is none ends at the last year of ISO 8601.
    let date = i32::try_from(day)
        .ok()
        .and_then(|day| Date::from_julian_day(epoch.checked_add(day)?).ok())
        .unwrap_or(Date::MAX);
    format!(
        "{}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        date.year(),
        u8::from(date.month()),
        date.day(),
        time / 3_600_000,
        time / 60_000 % 60,
        time / 1_000 % 60,
        time % 1_000
    )
}

#[cfg(test)]
mod tests {
    use super::{Style, duration, instant, shorten, visible};
    use rstest::rstest;

    #[test]
    fn lines_break_between_words_and_keep_within_the_width() {
        let style = Style {
            colour: false,
            width: 24,
        };
        let text = style.wrap("one two three four five six seven", 4);
        assert_eq!(text, "one two three four\n    five six seven");
    }

    #[test]
    fn what_a_server_sends_cannot_steer_the_terminal() {
        assert_eq!(
            visible("a\u{1b}[2J\r\nb\u{202e}"),
            "a\\u{1b}[2J\\r\nb\\u{202e}"
        );
    }

    #[rstest]
    #[case(9, "9 ms")]
    #[case(1_234, "1.23 s")]
    #[case(125_000, "2 min 5 s")]
    fn durations_read_as_people_say_them(#[case] ms: u64, #[case] text: &str) {
        assert_eq!(duration(ms), text);
    }

    #[rstest]
    #[case(0, "1970-01-01T00:00:00.000Z")]
    #[case(951_782_399_999, "2000-02-28T23:59:59.999Z")]
    #[case(951_782_400_000, "2000-02-29T00:00:00.000Z")]
    #[case(1_767_225_600_123, "2026-01-01T00:00:00.123Z")]
    #[case(1_798_761_599_000, "2026-12-31T23:59:59.000Z")]
    #[case(u64::MAX, "9999-12-31T14:25:51.615Z")]
    fn an_instant_is_a_day_of_the_calendar(#[case] ms: u64, #[case] text: &str) {
        assert_eq!(instant(ms), text);
    }

    #[test]
    fn a_long_line_ends_with_an_ellipsis() {
        assert_eq!(shorten("abcdef", 4), "abc…");
        assert_eq!(shorten("abcd", 4), "abcd");
    }
}
