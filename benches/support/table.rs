use std::{
    env,
    fmt::Write as _,
    io::{Write as _, stdout},
    process::ExitCode,
};

/// The figures of one benchmark, told as they come in.
#[derive(Debug, Default)]
pub(crate) struct Table {
    missed: usize,
}

impl Table {
    /// Begins a table.
    pub(crate) fn new(title: &str) -> Self {
        tell(&format!("# {title}"));
        tell(&line("figure", "limit", "measured", "verdict"));
        tell(&line(
            &"-".repeat(74),
            "----------",
            "----------",
            "-------",
        ));
        Self::default()
    }

    /// A figure that must not be larger.
    pub(crate) fn at_most(&mut self, figure: &str, measured: f64, limit: f64, unit: &str) {
        self.row(figure, measured, limit, unit, "<=", measured <= limit);
    }

    /// A figure that must not be smaller.
    pub(crate) fn at_least(&mut self, figure: &str, measured: f64, limit: f64, unit: &str) {
        self.row(figure, measured, limit, unit, ">=", measured >= limit);
    }

    /// What explains a figure and has no limit.
    pub(crate) fn note(&mut self, figure: &str, measured: f64, unit: &str) {
        tell(&line(
            &format!("  {figure}"),
            "",
            &shown(measured, unit),
            "",
        ));
    }

    /// The end: fails where a limit was missed.
    #[must_use]
    pub(crate) fn end(self) -> ExitCode {
        tell(&format!("{} limits missed", self.missed));
        ExitCode::from(u8::from(self.missed > 0))
    }

    fn row(&mut self, figure: &str, measured: f64, limit: f64, unit: &str, how: &str, kept: bool) {
        let limit = format!("{how} {}", shown(limit, unit));
        let verdict = if kept { "kept" } else { "MISSED" };
        self.missed += usize::from(!kept);
        tell(&line(figure, &limit, &shown(measured, unit), verdict));
    }
}

fn shown(number: f64, unit: &str) -> String {
    let digits = if number.abs() < 10.0 { 2 } else { 1 };
    format!("{number:.digits$} {unit}").trim_end().to_owned()
}

fn line(figure: &str, limit: &str, measured: &str, verdict: &str) -> String {
    format!("{figure:<74} {limit:>11} {measured:>12}  {verdict}")
}

fn tell(text: &str) {
    let mut line = String::new();
    writeln!(line, "{}", text.trim_end()).expect("a string takes all");
    // A reader that went away is no reason to stop in the middle.
    let _ = stdout().lock().write_all(line.as_bytes());
}

/// Whether this part of a benchmark was asked for: `cargo bench --bench NAME -- PART...`, all without a part.
pub(crate) fn asked(part: &str) -> bool {
    let mut parts = env::args()
        .skip(1)
        .filter(|arg| !arg.starts_with("--"))
        .peekable();
    parts.peek().is_none() || parts.any(|arg| part.contains(&arg))
}

/// The middle one of some numbers.
pub(crate) fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The median of what one side takes for each unit of the other, both measured in turns.
pub(crate) fn ratio(ours: &[f64], bare: &[f64]) -> f64 {
    median(
        ours.iter()
            .zip(bare)
            .map(|(ours, bare)| ours / bare)
            .collect(),
    )
}
