use super::redact::{Masks, Names};
use crate::{
    check::{Subject, body},
    contract::{Contract, Redaction},
    message::{Exchange, Reply},
};
use std::fmt::Write;

/// The last exchange of one step.
#[derive(Clone, Copy, Debug)]
pub struct Recorded<'a> {
    /// The id of the step.
    pub step: &'a str,
    /// Index into the contract's operations.
    pub operation: Option<usize>,
    /// The exchange.
    pub exchange: &'a Exchange,
}

/// The canonical text of a scenario: each step's reply in order, behind a line `--- step ID`.
///
/// # Why
/// These rules are fixed here, once, because every change of one changes all snapshots:
/// - The status line has version 1.1 and the usual reason phrase: both depend on how the step was sent.
/// - Header fields are those the contract documents for the operation and its `snapshot-headers`, in the contract's letter
///   case, sorted.
/// - JSON and XML are laid out with two blanks for each level; the order of members and elements stays; prefixes of
///   namespaces are the contract's, or `n1`, `n2`.
/// - Other text stays, with CR LF as LF and blanks at line ends taken away; what is no text, or longer than 4 KiB,
///   is given by length and hash.
/// - Values are masked in the structure, before there is text.
#[must_use]
pub fn record(contract: &Contract, names: &Names, steps: &[Recorded<'_>]) -> String {
    let mut masks = Masks::default();
    let mut out = String::new();
    for step in steps {
        if !out.is_empty() {
            out.push('\n');
        }
        line(&mut out, &format!("--- step {}", step.step));
        match &step.exchange.outcome {
            Ok(reply) => {
                let mut recorder = Recorder {
                    contract,
                    names,
                    operation: step.operation,
                    masks: &mut masks,
                };
                recorder.reply(reply, &mut out);
            }
            Err(broken) => line(&mut out, &format!("(broken: {})", broken.how.as_str())),
        }
    }
    out
}

/// The longest text that is shown whole, in bytes.
const SHOWN: usize = 4096;

struct Recorder<'a> {
    contract: &'a Contract,
    names: &'a Names,
    operation: Option<usize>,
    masks: &'a mut Masks,
}

impl Recorder<'_> {
    fn reply(&mut self, reply: &Reply, out: &mut String) {
        let reason = http::StatusCode::from_u16(reply.status)
            .ok()
            .and_then(|status| status.canonical_reason())
            .unwrap_or_default();
        line(
            out,
            format!("HTTP/1.1 {} {reason}", reply.status).trim_end(),
        );
        for name in self.headers() {
            for value in reply.headers.all(&name) {
                let value = self.header(&name, value);
                line(out, &format!("{name}: {value}"));
            }
        }
        let text = self.body(reply);
        if !text.is_empty() {
            out.push('\n');
            for text in text.lines() {
                line(out, text.trim_end());
            }
        }
    }

    /// The documented header fields, sorted, each once.
    fn headers(&self) -> Vec<String> {
        let operation = self
            .operation
            .and_then(|at| self.contract.operations.get(at));
        let mut names: Vec<String> = operation
            .into_iter()
            .flat_map(|operation| operation.reply.header.iter().map(|(name, _)| name.clone()))
            .chain(self.contract.snapshot_headers.iter().cloned())
            .collect();
        names.sort_by_key(|name| name.to_ascii_lowercase());
        names.dedup_by(|a, b| a.eq_ignore_ascii_case(b));
        names
    }

    fn redactions(&self) -> Vec<&Redaction> {
        let operation = self
            .operation
            .and_then(|at| self.contract.operations.get(at));
        self.contract
            .volatile
            .iter()
            .filter(|redaction| {
                // The contract's reader makes an empty list of `all`.
                redaction.on.is_empty()
                    || operation.is_some_and(|operation| redaction.on.contains(&operation.id))
            })
            .collect()
    }

    fn header(&mut self, name: &str, value: &str) -> String {
        let mask = self
            .redactions()
            .into_iter()
            .filter(|r| {
                r.header
                    .as_deref()
                    .is_some_and(|h| h.eq_ignore_ascii_case(name))
            })
            .cloned()
            .collect::<Vec<_>>()
            .iter()
            .find_map(|r| self.masks.mask(r, &Subject::of_text(value)));
        shown(&self.names.replace(mask.as_deref().unwrap_or(value)))
    }

    fn body(&mut self, reply: &Reply) -> String {
        if reply.body.is_empty() {
            return String::new();
        }
        let redactions: Vec<Redaction> = self.redactions().into_iter().cloned().collect();
        let mut masks = std::mem::take(self.masks);
        let namespaces = &self.contract.namespaces;
        let names = self.names;
        let laid_out = body::lay_out(
            &reply.headers,
            &reply.body,
            namespaces,
            redactions.iter().filter_map(|redaction| {
                let path = redaction.json.as_deref().or(redaction.xml.as_deref())?;
                Some((path, redaction.json.is_some(), redaction))
            }),
            |redaction, value| masks.mask(redaction, value),
            |text| names.replace(text),
        );
        *self.masks = masks;
        match laid_out {
            // A text in XML has lines of its own.
            Some(text) => lines(&text, str::to_owned),
            None => match std::str::from_utf8(&reply.body) {
                Ok(text) if text.len() <= SHOWN && is_text(text) => {
                    lines(&self.names.replace(&text.replace("\r\n", "\n")), shown)
                }
                _ => format!(
                    "({} bytes, FNV-1a {:016x})",
                    reply.body.len(),
                    fnv1a(&reply.body)
                ),
            },
        }
    }
}

fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}

/// NUL may end a record of text; bytes that are not meant as text begin with it, or have several in a row.
fn is_text(text: &str) -> bool {
    !text.starts_with('\0') && !text.contains("\0\0")
}

/// Control characters, and those that Unicode gives no meaning, are shown as escapes, so that no header can forge a line.
fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || u32::from(c) & 0xfffe == 0xfffe {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

/// A text of several lines, each as it is shown; one that looks like the head of a step is set apart.
fn lines(text: &str, shown: impl Fn(&str) -> String) -> String {
    text.split('\n')
        .map(|text| match text.strip_prefix("--- ") {
            Some(rest) => format!("\\--- {}", shown(rest)),
            None => shown(text),
        })
        .collect::<Vec<_>>()
        .join("\n")
}

/// A short hash that tells changed bytes; it is no defence against anybody.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
