//! Observed traffic as a scenario that can be run again.
//!
//! In: exchanges, the contract. Out: the text of a scenario file and its snapshot. It must not know files or sockets.
//!
//! # Why
//! There is one draft for all connections, in the order in which requests began: what one client makes, another one uses, so
//! a draft for each connection would not run by itself. Where the next request came on another connection, so does the step.

use super::{
    End, Observed,
    draft_steps::{Step, written},
    draft_weave::Weave,
    draft_yaml::{comment, key, quoted},
    secrets,
};
use crate::{
    contract::Contract,
    mask::Mask,
    snapshot::{Header, Names, Recorded, record},
};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    path::{Path, PathBuf},
    time::Duration,
};

/// What a draft is made with.
#[derive(Clone, Debug, Default)]
pub struct DraftOptions {
    /// The traits that the server was declared to have.
    pub traits: BTreeMap<String, String>,
    /// The path of the file, as its snapshot names it: `recorded.yaml`.
    pub file: String,
    /// How many exchanges had no room in the recording.
    pub dropped: u64,
    /// What is known to be secret, beside what the exchanges name so.
    pub secrets: BTreeSet<String>,
}

/// A drafted scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The scenario file.
    pub text: String,
    /// The snapshot of its replies, a whole file in insta's format.
    pub snapshot: String,
    /// How many steps it has.
    pub steps: usize,
}

/// Exchanges that are kept to be drafted, in bounded memory: the first ones that fit.
#[derive(Debug, Default)]
pub struct Recording {
    kept: Vec<Observed>,
    bytes: usize,
    dropped: u64,
}

/// How much a recording holds of bodies.
const BYTES: usize = 64 << 20;
/// How many exchanges: more steps than anybody reads.
const EXCHANGES: usize = 2_000;

impl Recording {
    /// Keeps one more exchange, where there is room.
    pub fn push(&mut self, observed: &Observed) {
        let exchange = &observed.exchange;
        let reply = exchange.reply().map_or(0, |reply| reply.body.len());
        let size = exchange.request.body.len() + reply;
        // What came later may need what had no room, so nothing is kept behind a gap.
        if self.dropped > 0 || self.kept.len() >= EXCHANGES || self.bytes + size > BYTES {
            self.dropped += 1;
            return;
        }
        self.bytes += size;
        self.kept.push(observed.clone());
    }

    /// Drafts what was kept.
    #[must_use]
    pub fn draft(&self, contract: &Contract, options: &DraftOptions) -> Draft {
        let options = DraftOptions {
            dropped: self.dropped,
            ..options.clone()
        };
        draft(&self.kept, contract, &options)
    }
}

/// Where the snapshot of a draft belongs, for `check FILE --snapshots FOLDER/snapshots`: beside the file, in the folder
/// `snapshots`, by suite and name.
#[must_use]
pub fn snapshot_path(file: &Path, suite: &str) -> PathBuf {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let folder = file.parent().unwrap_or(Path::new("")).join("snapshots");
    crate::snapshot::path(&folder, &format!("{suite}/{stem}"))
}

/// Drafts a scenario of exchanges in any order.
///
/// Values that a reply gave and a later request uses become captures, secrets become variables, bodies that were not kept whole
/// become generated ones of their length, and what cannot be sent again is a comment.
#[must_use]
pub fn draft(observed: &[Observed], contract: &Contract, options: &DraftOptions) -> Draft {
    let mut sorted: Vec<&Observed> = observed.iter().collect();
    sorted.sort_by_key(|one| began(one));
    let found = sorted.iter().flat_map(|one| secrets(&one.exchange));
    let secrets: BTreeSet<String> = options.secrets.iter().cloned().chain(found).collect();
    let mask = Mask::new(&secrets);
    let mut notes: Vec<String> = Vec::new();
    let mut steps: Vec<Step<'_>> = Vec::new();
    for (at, one) in sorted.iter().enumerate() {
        if let Some(why) = left_out(one, &sorted[at + 1..]) {
            notes.push(format!("left out: {}: {why}", line(one, &mask)));
            continue;
        }
        steps.push(Step::new(one, contract, &options.traits, steps.len() + 1));
    }
    // What cannot be sent again gives nothing either, so that has to be known first.
    let mut scratch = Weave::new(&steps, contract, &mask);
    let mut stuck = Vec::new();
    for at in 0..steps.len() {
        if let (_, Err(why)) = written(at, &steps, &mut scratch) {
            notes.push(format!(
                "left out: {}: {why}",
                line(steps[at].observed, &mask)
            ));
            stuck.push(at);
        }
    }
    drop(scratch);
    let mut place = 0;
    steps.retain(|_| {
        place += 1;
        !stuck.contains(&(place - 1))
    });
    let mut weave = Weave::new(&steps, contract, &mask);
    let mut bodies = String::new();
    let mut written_steps = Vec::new();
    let mut at = 0;
    while at < steps.len() {
        let (taken, text) = written(at, &steps, &mut weave);
        written_steps.extend(text.ok().map(|text| (at, taken, text)));
        at += taken;
    }
    let mut last = None;
    let mut recorded = Vec::new();
    for (at, taken, text) in &written_steps {
        let step = &steps[*at];
        bodies += &text.head;
        let connection = step.observed.exchange.connection;
        if last.is_some_and(|(known, _)| known != connection) {
            bodies += "    connection: new\n";
        }
        let pause = last.map_or(Duration::ZERO, |(_, ended)| {
            began(step.observed).saturating_sub(ended)
        });
        if pause >= Duration::from_secs(1) {
            let _ = writeln!(bodies, "    wait: {}ms", pause.as_millis().min(30_000));
        }
        bodies += &text.rest;
        for polled in *at..at + taken {
            bodies += &weave.captures(polled);
        }
        let shown = &steps[at + taken - 1];
        last = Some((connection, shown.observed.at));
        recorded.push(Recorded {
            step: &step.id,
            operation: step.operation,
            exchange: &shown.observed.exchange,
        });
    }
    let cleanup = super::draft_cleanup::cleanup(&steps, contract, &mut weave);
    let writes = steps
        .iter()
        .any(|step| !is_safe(&step.observed.exchange.request.method));
    let mut text = head(&mask.text(&title(&steps)), contract, options, writes);
    for note in &notes {
        text += &comment(0, note);
    }
    text += &weave.notes();
    text += &where_(options);
    text += &weave.vars();
    if written_steps.is_empty() {
        text += "steps: []\n";
    } else {
        text += "steps:\n";
        text += &bodies;
    }
    text += &cleanup;
    let header = Header {
        source: options.file.clone(),
        title: mask.text(&title(&steps)),
        contract: contract.id.clone(),
        clauses: Vec::new(),
    };
    let names = Names(names(&steps, &secrets));
    Draft {
        snapshot: header.write(&hidden(&record(contract, &names, &recorded), &mask)),
        steps: written_steps.len(),
        text,
    }
}

/// When it began, counted from the start of the proxy.
fn began(one: &Observed) -> Duration {
    one.at.saturating_sub(one.exchange.elapsed)
}

/// Whether a method changes nothing by its definition.
pub(super) fn is_safe(method: &str) -> bool {
    ["GET", "HEAD", "OPTIONS", "TRACE"].contains(&method)
}

fn line(one: &Observed, mask: &Mask) -> String {
    let request = &one.exchange.request;
    let asked = mask.text(&format!("{} {}", request.method, request.path()));
    format!("{asked} (connection {})", one.exchange.connection)
}

/// Why an exchange is no step of its own.
fn left_out(one: &Observed, later: &[&Observed]) -> Option<&'static str> {
    let request = &one.exchange.request;
    if one.end == End::Nobody {
        return Some("it got no reply, because the connection ended as it came");
    }
    if one.end == End::Client && one.request_body.ended {
        return Some("the client went away before the reply");
    }
    let challenged = one
        .exchange
        .reply()
        .is_some_and(|reply| reply.status == 401);
    let again = later
        .iter()
        .find(|next| next.exchange.connection == one.exchange.connection);
    let answered = again.is_some_and(|next| {
        let next = &next.exchange.request;
        next.method == request.method
            && next.target == request.target
            && next.headers.contains("Authorization")
    });
    (challenged && answered).then_some("a round of authentication, which a run does by itself")
}

fn title(steps: &[Step<'_>]) -> String {
    let number = match steps.len() {
        1 => "1 request".to_owned(),
        several => format!("{several} requests"),
    };
    let origin = steps
        .first()
        .map_or("a server", |step| step.observed.exchange.origin.as_str());
    format!("Recorded: {number} to {origin}")
}

fn head(title: &str, contract: &Contract, options: &DraftOptions, writes: bool) -> String {
    let mut text = comment(
        0,
        "Drafted by `wireproof observe --record`: read it, name it, and say what it proves.",
    );
    text += &comment(
        0,
        "Requests of all connections, in the order they began. Left out everywhere, because a run sets them itself: Host, Content-Length, Connection, Accept-Encoding, User-Agent, Expect, Authorization (give `--user`).",
    );
    if options.dropped > 0 {
        text += &comment(
            0,
            &format!(
                "The recording was full: {} later exchanges are not in it.",
                options.dropped
            ),
        );
    }
    let _ = writeln!(text, "scenario: {}", quoted(title));
    let _ = writeln!(text, "contract: {}", key(&contract.id));
    let _ = writeln!(text, "effects: {}", if writes { "writes" } else { "reads" });
    text
}

fn where_(options: &DraftOptions) -> String {
    if options.traits.is_empty() {
        return String::new();
    }
    let traits: Vec<_> = options
        .traits
        .iter()
        .map(|(name, value)| format!("{}: {}", key(name), quoted(value)))
        .collect();
    format!("where: {{ {} }}\n", traits.join(", "))
}

/// The text of a snapshot without what reports take out.
fn hidden(text: &str, mask: &Mask) -> String {
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for span in mask.spans(text) {
        out += &text[done..span.start];
        // A name that stands for a secret is one already.
        out += match &text[span.clone()] {
            "[***]" => "[***]",
            _ => "***",
        };
        done = span.end;
    }
    out + &text[done..]
}

/// What no snapshot may hold or depend on: secrets, and the host that was asked.
fn names(steps: &[Step<'_>], secrets: &BTreeSet<String>) -> Vec<(String, String)> {
    let mut names: Vec<_> = secrets
        .iter()
        .map(|secret| (secret.to_owned(), "***".to_owned()))
        .collect();
    // One may be a part of another.
    names.sort_by_key(|(secret, _)| Reverse(secret.len()));
    for step in steps {
        let exchange = &step.observed.exchange;
        let authority = exchange
            .origin
            .split_once("://")
            .map(|(_, authority)| authority);
        for host in authority
            .into_iter()
            .chain(exchange.request.headers.get("Host"))
        {
            let name = (host.to_owned(), "{host}".to_owned());
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}
