//! The only place that prints: data on standard output, talk on standard error.

use super::args::Color;
use crate::report::{Exit, Style};
use std::{
    fmt,
    io::{self, IsTerminal, Write},
};

/// A reason to stop: the exit code, what went wrong, and what to do.
#[derive(Debug)]
pub(crate) struct Stop {
    pub(crate) exit: Exit,
    pub(crate) message: String,
}

impl Stop {
    /// The input or the command line is wrong.
    pub(crate) fn input(message: impl Into<String>) -> Self {
        Self {
            exit: Exit::Input,
            message: message.into(),
        }
    }

    /// We could not do our own part.
    pub(crate) fn could_not(message: impl Into<String>) -> Self {
        Self {
            exit: Exit::CouldNotRun,
            message: message.into(),
        }
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Writes data. A reader that went away has had enough: that is no error of ours.
pub(crate) fn data(text: &str) -> Result<(), Stop> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Stop::could_not(format!(
            "cannot write to standard output: {error}"
        ))),
        _ => Ok(()),
    }
}

/// Says something to the person. Where nobody listens, nothing is lost.
pub(crate) fn say(text: &str) {
    let mut out = io::stderr().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// The style of standard output, or of standard error.
pub(crate) fn style(color: Color, terminal: bool) -> Style {
    let colour = match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => terminal && colour_wanted(),
    };
    let width = std::env::var("COLUMNS")
        .ok()
        .and_then(|columns| columns.parse().ok())
        .filter(|columns| terminal && (40..=400).contains(columns))
        .unwrap_or(80);
    Style { colour, width }
}

/// Whether the environment leaves colour to us (<https://no-color.org>).
pub(crate) fn colour_wanted() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty())
}

pub(crate) fn stdout_is_terminal() -> bool {
    io::stdout().is_terminal()
}

pub(crate) fn stderr_is_terminal() -> bool {
    io::stderr().is_terminal()
}
