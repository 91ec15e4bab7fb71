use super::{Problem, Span};
use miette::{
    Diagnostic, LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents,
};
use std::fmt;

/// How many characters of a line are shown.
const WIDTH: usize = 160;
/// How many of them stand before the place, where the line is longer.
const BEFORE: usize = 60;
/// What stands for the rest of a line.
const REST: &str = "...";

/// A problem with the lines around its place as they are shown: long ones cut, tabs as `\t`.
///
/// # Why
/// A file may be one line of a megabyte, and a tab looks like blanks, which is often the mistake.
#[derive(Debug)]
pub(super) struct Shown<'a> {
    problem: &'a Problem,
    lines: Lines,
    label: Span,
}

/// The lines that are shown, and the number of the first one, from 0.
#[derive(Debug)]
struct Lines {
    text: String,
    first: usize,
}

impl<'a> Shown<'a> {
    pub(super) fn new(problem: &'a Problem) -> Self {
        let text = problem.place.file.text.as_str();
        let Span { start, end } = problem.place.span;
        let start = start.min(text.len());
        // What spans many lines is underlined on its first line only.
        let end = text
            .get(start..end)
            .and_then(|covered| covered.find('\n'))
            .map_or(end.clamp(start, text.len()), |newline| start + newline);
        let from = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let own = text[from..].lines().next().unwrap_or_default();
        let above = text[..from].strip_suffix('\n').map(|above| {
            let line = above.rsplit('\n').next().unwrap_or_default();
            line.strip_suffix('\r').unwrap_or(line)
        });
        let below = text[from..].lines().nth(1);
        let mut shown = String::new();
        if let Some(above) = above {
            shown.push_str(&cut(above, 0..0).0);
            shown.push('\n');
        }
        let end = end.min(from + own.len()).max(start);
        let (line, span) = cut(own, start - from..end - from);
        let label = Span {
            start: shown.len() + span.start,
            end: shown.len() + span.end,
        };
        shown.push_str(&line);
        shown.push('\n');
        if let Some(below) = below {
            shown.push_str(&cut(below, 0..0).0);
            shown.push('\n');
        }
        let number = text[..from].matches('\n').count();
        Self {
            problem,
            lines: Lines {
                text: shown,
                first: number - usize::from(above.is_some()),
            },
            label,
        }
    }
}

/// A line as it is shown, and where a range of its bytes stands in that.
fn cut(line: &str, place: std::ops::Range<usize>) -> (String, Span) {
    let before = line.get(..place.start).unwrap_or(line).chars().count();
    let long = line.chars().count() > WIDTH;
    let skip = if long {
        before.saturating_sub(BEFORE)
    } else {
        0
    };
    let mut shown = if skip > 0 {
        REST.to_owned()
    } else {
        String::new()
    };
    let mut span = Span::default();
    let (mut started, mut ended) = (false, false);
    let mut taken = 0;
    for (at, c) in line.char_indices().skip(skip) {
        if taken == WIDTH {
            break;
        }
        taken += 1;
        if !started && at >= place.start {
            span.start = shown.len();
            started = true;
        }
        if !ended && at >= place.end {
            span.end = shown.len();
            ended = true;
        }
        match c {
            '\t' => shown.push_str("\\t"),
            c => shown.push(c),
        }
    }
    if !started {
        span.start = shown.len();
    }
    if !ended {
        span.end = shown.len();
    }
    if line.chars().count() > skip + taken {
        shown.push_str(REST);
    }
    (shown, span)
}

impl SourceCode for Lines {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        above: usize,
        below: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let found = self.text.read_span(span, above, below)?;
        Ok(Box::new(MietteSpanContents::new(
            found.data(),
            *found.span(),
            found.line() + self.first,
            found.column(),
            found.line_count() + self.first,
        )))
    }
}

impl Diagnostic for Shown<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.problem.code()
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.problem.help()
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        (!self.problem.place.file.text.is_empty()).then_some(&self.lines as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        if self.problem.place.file.text.is_empty() {
            return None;
        }
        let label = (!self.problem.label.is_empty()).then(|| self.problem.label.clone());
        let Span { start, end } = self.label;
        Some(Box::new(std::iter::once(LabeledSpan::new(
            label,
            start,
            end - start,
        ))))
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.problem.fmt(f)
    }
}

impl std::error::Error for Shown<'_> {}

#[cfg(test)]
mod tests {
    use crate::source::{Look, Place, Problem, Problems, SourceFile, Span};
    use proptest::prelude::{prop_assert, proptest};

    fn shown(text: &str, start: usize, end: usize) -> String {
        let file = SourceFile::new("a.yaml", text);
        let problem = Problem {
            code: "wrong",
            place: Place::new(&file, Span { start, end }),
            found: "this is wrong".to_owned(),
            label: "here".to_owned(),
            help: None,
        };
        Problems(vec![problem]).render(Look::PLAIN)
    }

    #[test]
    fn a_long_line_is_shown_around_its_place_and_a_tab_is_seen() {
        let long = "x".repeat(1_000_000);
        let text = format!("first {long}\n\tbad: y # {long}\nlast {long}\n");
        let at = text.find("bad").unwrap();
        let all = shown(&text, at, at + 3);
        assert!(all.len() < 1_500, "{all}");
        assert!(all.contains("2 | \\tbad: y # xxx"), "{all}");
        assert!(
            all.contains("1 | first xxx") && all.contains("3 | last xxx"),
            "{all}"
        );
        assert!(all.contains("a.yaml:2:2"), "{all}");
        // And in the middle of it.
        let text = format!("{long}BAD{long}\n");
        let all = shown(&text, 1_000_000, 1_000_003);
        assert!(
            all.len() < 1_000 && all.contains("...xxx") && all.contains("xBADx"),
            "{all}"
        );
        let line = all.lines().find(|line| line.contains("BAD")).unwrap();
        let under = all.lines().find(|line| {
            line.contains('^') || line.contains('|') && line.contains("---") || line.contains("-+-")
        });
        assert!(line.len() < 200 && under.is_some(), "{all}");
    }

    #[test]
    fn the_numbers_of_lines_are_those_of_the_file() {
        let text: String = (1..=120).map(|n| format!("line: {n}\n")).collect();
        let at = text.find("line: 99\n").unwrap();
        let all = shown(&text, at, at + 4);
        for number in [98, 99, 100] {
            assert!(all.contains(&format!("{number} | line: {number}")), "{all}");
        }
    }

    proptest! {
        #[test]
        fn any_place_of_any_text_is_shown(text in "[a-zé\t\r\n ]{0,400}", start in 0_usize..420, length in 0_usize..50) {
            let whole = |mut at: usize| {
                at = at.min(text.len());
                while !text.is_char_boundary(at) {
                    at -= 1;
                }
                at
            };
            let (start, end) = (whole(start), whole(start + length));
            prop_assert!(shown(&text, start, end).contains("this is wrong"));
        }
    }
}
