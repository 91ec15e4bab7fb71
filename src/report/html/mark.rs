use crate::report::{
    data::DiffReport,
    style::{shorten, visible},
};
use serde::Serialize;
use similar::{ChangeTag, TextDiff};

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Piece {
    pub(super) text: String,
    /// Whether this is what differs.
    pub(super) mark: bool,
}

/// One line of a difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct DiffLine {
    /// `same`, `expected`, `actual` or `gap`.
    pub(super) kind: &'static str,
    pub(super) text: Vec<Piece>,
}

/// How many characters of one value or line are shown.
const LINE: usize = 4_000;

fn piece(text: &str, mark: bool) -> Option<Piece> {
    (!text.is_empty()).then(|| Piece {
        text: text.to_owned(),
        mark,
    })
}

/// The text as one part, without marks.
pub(super) fn plain(text: &str) -> Vec<Piece> {
    piece(&shorten(&visible(text), LINE), false)
        .into_iter()
        .collect()
}

/// Two texts that ought to be the same: marked is what stands between their common beginning and their common end.
pub(super) fn both(expected: &str, actual: &str) -> (Vec<Piece>, Vec<Piece>) {
    let expected = shorten(&visible(expected), LINE);
    let actual = shorten(&visible(actual), LINE);
    let length = |chars: &mut dyn Iterator<Item = (char, char)>| {
        chars
            .take_while(|(a, b)| a == b)
            .map(|(a, _)| a.len_utf8())
            .sum::<usize>()
    };
    let head = length(&mut expected.chars().zip(actual.chars()));
    let tail = length(
        &mut expected[head..]
            .chars()
            .rev()
            .zip(actual[head..].chars().rev()),
    );
    let parts = |text: &str| {
        let end = text.len() - tail;
        [
            piece(&text[..head], false),
            piece(&text[head..end], true),
            piece(&text[end..], false),
        ]
        .into_iter()
        .flatten()
        .collect()
    };
    (parts(&expected), parts(&actual))
}

/// The lines of both sides in one list; of a line that was replaced by another, only what differs is marked.
pub(super) fn lines(diff: &DiffReport) -> Vec<DiffLine> {
    let compared = TextDiff::from_lines(&diff.expected, &diff.actual);
    let mut out = Vec::new();
    for (at, group) in compared.grouped_ops(2).iter().enumerate() {
        if at > 0 {
            out.push(DiffLine {
                kind: "gap",
                text: plain("…"),
            });
        }
        for op in group {
            let of = |tag| {
                compared
                    .iter_changes(op)
                    .filter(move |change| change.tag() == tag)
                    .map(|change| change.value().trim_end_matches('\n').to_owned())
                    .collect::<Vec<_>>()
            };
            let (same, gone, come) = (
                of(ChangeTag::Equal),
                of(ChangeTag::Delete),
                of(ChangeTag::Insert),
            );
            let line = |kind, text| DiffLine { kind, text };
            out.extend(same.iter().map(|text| line("same", plain(text))));
            let pairs = gone.len().min(come.len());
            let (mut left, mut right) = (Vec::new(), Vec::new());
            for (old, new) in gone.iter().zip(&come) {
                let (old, new) = both(old, new);
                left.push(line("expected", old));
                right.push(line("actual", new));
            }
            left.extend(
                gone[pairs..]
                    .iter()
                    .map(|text| line("expected", plain(text))),
            );
            right.extend(come[pairs..].iter().map(|text| line("actual", plain(text))));
            out.extend(left);
            out.extend(right);
        }
    }
    out
}

/// A text in which every place of a word is marked; nothing where the word is empty.
pub(super) fn word(text: &str, word: &str) -> Vec<Piece> {
    if word.is_empty() {
        return piece(text, false).into_iter().collect();
    }
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(word) {
        out.extend(piece(&rest[..at], false));
        out.extend(piece(word, true));
        rest = &rest[at + word.len()..];
    }
    out.extend(piece(rest, false));
    out
}
