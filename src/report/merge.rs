use super::{
    data::{Report, Totals},
    exit::Exit,
    forms,
};

/// One report of several: the shards of a run, or runs against several targets.
///
/// What has the same suite and target is joined: a scenario or clause in several of them came to the worst that it came to in
/// any, and is skipped only where all skipped it. None where there is no report.
#[must_use]
pub fn merge(reports: Vec<Report>) -> Option<Report> {
    let mut reports = reports.into_iter();
    let mut whole = reports.next()?;
    let mut exit = exit_of(&whole);
    for report in reports {
        exit = exit.or(exit_of(&report));
        for (to, from) in [
            (&mut whole.tool, report.tool),
            (&mut whole.run_id, report.run_id),
        ] {
            if !to.split(", ").any(|known| known == from) {
                *to = format!("{to}, {from}");
            }
        }
        let end = |started: u64, elapsed: u64| started.saturating_add(elapsed);
        let last = end(whole.started, whole.elapsed_ms).max(end(report.started, report.elapsed_ms));
        whole.started = whole.started.min(report.started);
        whole.elapsed_ms = last.saturating_sub(whole.started);
        whole.interrupted |= report.interrupted;
        whole.strict |= report.strict;
        for known in report.known {
            if !whole.known.contains(&known) {
                whole.known.push(known);
            }
        }
        for suite in report.suites {
            let same = whole
                .suites
                .iter_mut()
                .find(|known| known.suite == suite.suite && known.target == suite.target);
            match same {
                Some(known) => forms::add(known, suite),
                None => whole.suites.push(suite),
            }
        }
    }
    whole.totals = Totals::of(&whole.suites);
    // A part in which nothing ran does no harm where another part ran.
    if whole.totals.ran() == 0 {
        exit = exit.or(Exit::NothingRan);
    }
    whole.exit = exit.code();
    Some(whole)
}

/// What a report adds to the whole; a code that we do not know is none that we can take for success.
fn exit_of(report: &Report) -> Exit {
    match Exit::of_code(report.exit) {
        Some(Exit::NothingRan) => Exit::Conforms,
        Some(exit) => exit,
        None => Exit::CouldNotRun,
    }
}
