use crate::{
    check::{Subject, type_word},
    contract::Redaction,
    source::Type,
};
use std::collections::HashMap;

/// Texts that differ from run to run although the contract fixes what stands there: the run's id, host and port.
///
/// Each is replaced by its word wherever it stands within a value.
#[derive(Clone, Debug, Default)]
pub struct Names(pub Vec<(String, String)>);

/// The shortest text that is replaced: a shorter one stands everywhere by chance.
const SHORTEST: usize = 4;

impl Names {
    pub(super) fn replace(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (value, word) in &self.0 {
            if value.len() >= SHORTEST && text.contains(value.as_str()) {
                text = text.replace(value.as_str(), &format!("[{word}]"));
            }
        }
        text
    }
}

/// Masks values of one scenario; equal values under one word get equal numbers, so that what belongs together still shows.
///
/// # Why
/// Not by type: that a job and its first task both have the number 1 is chance, and another run has other chances.
#[derive(Debug, Default)]
pub(super) struct Masks {
    numbers: HashMap<(String, String), usize>,
    count: HashMap<String, usize>,
}

impl Masks {
    /// The mask for a value, where it is of the type that the redaction says and its `when` fits.
    pub(super) fn mask(&mut self, redaction: &Redaction, value: &Subject<'_>) -> Option<String> {
        if let Some(when) = &redaction.when
            && !value.fits(when)
        {
            return None;
        }
        let mut text = value.text();
        let Some(part) = &redaction.part else {
            return self.word(redaction, &text, value);
        };
        let group = part.captures(&text)?.get(1)?;
        let masked = self.word(redaction, group.as_str(), &Subject::of_text(group.as_str()))?;
        let range = group.range();
        text.replace_range(range, &masked);
        Some(text)
    }

    /// What stands for a text that is of the type, and no mask already.
    fn word(&mut self, redaction: &Redaction, text: &str, value: &Subject<'_>) -> Option<String> {
        let word = redaction
            .called
            .as_deref()
            .unwrap_or_else(|| type_word(redaction.is));
        if is_mask(text, word) || !value.is(redaction.is) {
            return None;
        }
        if is_time(redaction.is) {
            return Some(format!("[{word}]"));
        }
        let count = self.count.entry(word.to_owned()).or_default();
        let number = *self
            .numbers
            .entry((word.to_owned(), text.to_owned()))
            .or_insert_with(|| {
                *count += 1;
                *count
            });
        Some(format!("[{word}-{number}]"))
    }
}

/// Whether two moments are the same is chance, so they get no numbers.
fn is_time(ty: Type) -> bool {
    matches!(ty, Type::HttpDate | Type::IsoDate | Type::DateTime)
}

/// Whether a text is a mask already: masking twice changes nothing.
fn is_mask(text: &str, word: &str) -> bool {
    text.strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
        .and_then(|text| text.strip_prefix(word))
        .is_some_and(|rest| {
            rest.is_empty()
                || rest.strip_prefix('-').is_some_and(|number| {
                    !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
                })
        })
}
