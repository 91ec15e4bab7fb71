//! Everything that needs the program itself, or a program that is not ours; one binary.
//!
//! A test whose tool is missing is listed as ignored with the tool's name, and fails with `WIREPROOF_NEED_TOOLS=1`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod access;
mod bits_clients;
mod bits_facts;
mod bits_foreign;
mod bits_kill;
mod bits_own;
mod browser;
mod check;
mod cli;
mod cues;
mod cues_clients;
mod cues_led;
#[path = "../../fuzz/src/lib.rs"]
#[expect(unreachable_pub, reason = "it is the library of another crate")]
mod fuzz;
mod fuzzed;
mod healthy;
mod hostile;
mod hpc_clients;
mod hpc_curl;
mod hpc_facts;
mod hpc_limits;
mod html;
mod input;
mod joined;
mod kept;
mod known;
mod known_written;
mod leaks;
mod limits;
mod limits_probes;
mod limits_seen;
mod load;
mod nginx;
mod observe;
mod observe_clients;
mod observe_wire;
mod observed;
mod observing;
mod program;
mod readme;
mod secrets;
mod serve;
mod targets;
mod terminal;

use libtest_mimic::{Arguments, Failed, Trial};
use std::{
    cell::RefCell,
    env,
    panic::{self, AssertUnwindSafe},
    process::ExitCode,
};

/// One test: what it shows, as a sentence; the tools it needs; the test.
pub(crate) type Case = (&'static str, &'static [&'static str], fn());

thread_local! {
    /// What the last panic of this thread said, and where.
    static SAID: RefCell<String> = const { RefCell::new(String::new()) };
}

fn main() -> ExitCode {
    // The harness prints it behind all tests; at once it would stand between their lines.
    panic::set_hook(Box::new(|panic| SAID.set(panic.to_string())));
    let arguments = Arguments::from_args();
    let demanded = env::var("WIREPROOF_NEED_TOOLS").is_ok_and(|set| set == "1");
    let trials = [
        ("access", access::CASES),
        ("bits_facts", bits_facts::CASES),
        ("bits_clients", bits_clients::CASES),
        ("bits_foreign", bits_foreign::CASES),
        ("bits_kill", bits_kill::CASES),
        ("bits_own", bits_own::CASES),
        ("check", check::CASES),
        ("cli", cli::CASES),
        ("cues", cues::CASES),
        ("cues_clients", cues_clients::CASES),
        ("cues_led", cues_led::CASES),
        ("fuzzed", fuzzed::CASES),
        ("healthy", healthy::CASES),
        ("hostile", hostile::CASES),
        ("hpc_clients", hpc_clients::CASES),
        ("hpc_curl", hpc_curl::CASES),
        ("hpc_facts", hpc_facts::CASES),
        ("hpc_limits", hpc_limits::CASES),
        ("html", html::CASES),
        ("input", input::CASES),
        ("joined", joined::CASES),
        ("kept", kept::CASES),
        ("known", known::CASES),
        ("known_written", known_written::CASES),
        ("observe", observe::CASES),
        ("observe_clients", observe_clients::CASES),
        ("observe_wire", observe_wire::CASES),
        ("leaks", leaks::CASES),
        ("limits", limits::CASES),
        ("limits_seen", limits_seen::CASES),
        ("load", load::CASES),
        ("observed", observed::CASES),
        ("readme", readme::CASES),
        ("secrets", secrets::CASES),
        ("serve", serve::CASES),
        ("targets", targets::CASES),
        ("terminal", terminal::CASES),
    ]
    .into_iter()
    .flat_map(|(area, cases)| cases.iter().map(move |case| trial(area, case, demanded)))
    .collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trial(area: &str, (sentence, tools, test): &'static Case, demanded: bool) -> Trial {
    let missing: Vec<&str> = tools
        .iter()
        .copied()
        .filter(|tool| !program::is_there(tool))
        .collect();
    let name = format!("{area}::{}", sentence.replace(' ', "_"));
    if missing.is_empty() {
        return Trial::test(name, move || {
            panic::catch_unwind(AssertUnwindSafe(test)).map_err(|_| Failed::from(SAID.take()))
        });
    }
    let why = format!("needs {}", missing.join(", "));
    let test = Trial::test(format!("{name} ({why})"), move || Err(Failed::from(why)));
    test.with_ignored_flag(!demanded)
}
