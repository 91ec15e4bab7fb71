//! What is told while a run goes, to somebody who sits at a terminal.

use crate::{
    Case,
    program::{command, folder, run, wireproof},
};
use std::{fs, process::Command};

pub(crate) const CASES: &[Case] = &[(
    "a terminal is told the progress with counts, and a pipe is not",
    &["python3"],
    progress,
)];

/// Runs its arguments with standard error on a terminal of its own, and copies to standard output what arrives there.
const TERMINAL: &str = "
import os, pty, subprocess, sys
ours, theirs = pty.openpty()
child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=theirs)
os.close(theirs)
while True:
    try:
        got = os.read(ours, 4096)
    except OSError:
        break
    if not got:
        break
    sys.stdout.buffer.write(got)
sys.exit(child.wait())
";

fn progress() {
    let folder = folder();
    let script = folder.path().join("terminal.py");
    fs::write(&script, TERMINAL).unwrap();
    let words = ["check", "examples/greeting"];
    let program = command(words);
    let ran = run(Command::new("python3")
        .arg(&script)
        .arg(program.get_program())
        .args(words)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_remove("COLUMNS")
        .env_remove("NO_COLOR"))
    .ends(0);
    // Each line of progress is written over by the next: the counts go from none to all, and it is gone at the end.
    let counts: Vec<(u64, u64)> = ran
        .stdout
        .split('[')
        .filter_map(|part| {
            let (_, rest) = part.split_once("] ")?;
            let (counts, bad) = rest.split_once(" done, ")?;
            assert!(bad.starts_with("0 not passed"), "{}", ran.all());
            let (done, all) = counts.split_once('/')?;
            Some((done.parse().ok()?, all.parse().ok()?))
        })
        .collect();
    let (_, all) = *counts.last().unwrap_or_else(|| panic!("{}", ran.all()));
    assert!(all > 1, "{}", ran.all());
    let expected: Vec<(u64, u64)> = (0..=all).map(|done| (done, all)).collect();
    let mut told = counts;
    told.dedup();
    assert_eq!(told, expected, "{}", ran.all());
    let (_, last) = ran.stdout.rsplit_once("\r\u{1b}[2K").unwrap();
    assert!(!last.contains(" done, "), "{last:?}");
    // In a pipe, as in the log of a build, every line stays.
    let piped = wireproof(words).ends(0);
    assert!(!piped.stderr.contains('\r'), "{}", piped.all());
    assert!(!piped.stderr.contains(" done, "), "{}", piped.all());
    piped.says("PASS");
}
