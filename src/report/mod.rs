//! Verdicts as text: console, JSON, JUnit, GitHub annotations, Markdown, HTML and HAR.
//!
//! In: a [`RunResult`](crate::runner::RunResult). Out: a [`Report`], which holds everything a reader may ask for with all
//! secrets masked, and from it the texts. Everything here is a pure function over values: it must not know where a text is
//! printed, nor how a request is sent.
//!
//! # Why
//! Every format is made from [`Report`], and JSON is [`Report`] itself, so any of them can be rebuilt from a JSON file
//! without a second run, and masking happens in one place.

/// Writes a formatted text behind a string.
macro_rules! put {
    ($to:expr, $($text:tt)+) => {{
        use std::fmt::Write as _;
        write!($to, $($text)+).expect("a string takes every text");
    }};
}
pub(crate) use put;

mod accept;
mod area;
mod build;
mod compare;
mod compare_snapshots;
mod console;
mod data;
mod excerpt;
mod exit;
mod forms;
mod github;
mod group;
mod har;
mod html;
mod junit;
mod known;
mod known_new;
mod markdown;
mod merge;
mod stream;
mod style;

#[cfg(test)]
mod drafted_tests;
#[cfg(test)]
mod format_tests;
#[cfg(test)]
mod round_trip_tests;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod shape_tests;

pub use crate::mask::Mask;
pub use accept::accept;
pub use build::{Strictness, finished, report};
pub use compare::{Comparison, compare};
pub use console::summary;
pub use data::{
    Body, ClauseReport, DiffReport, ExchangeReport, FindingReport, KnownReport, Message,
    PlaceReport, Report, ScenarioReport, SnapshotReport, SourceReport, SuiteReport, Totals,
};
pub use exit::Exit;
pub use forms::mock_target;
pub use github::github;
pub use har::har;
pub use html::html;
pub use junit::junit;
pub use known::{Known, KnownOf, Tally, count_known, excuse_all, tell_known};
pub use known_new::{NewKnown, new_known};
pub use markdown::markdown;
pub use merge::merge;
pub use stream::{Stream, StreamKind};
pub use style::Style;

pub(crate) use data::word;
pub(crate) use style::counted;
