//! What a command would have done. Nothing is ever executed: a table of the user's, then a few well-known commands, tell
//! how long it runs, what it prints and how it ends.

use super::script::Script;
use std::time::Duration;

/// What a command does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Play {
    /// How long it runs; none: until it is stopped.
    pub(crate) duration: Option<Duration>,
    /// Its exit code.
    pub(crate) exit: i32,
    /// What it prints.
    pub(crate) output: String,
}

/// How long a command runs of which nothing else is known.
pub(crate) const QUICK: Duration = Duration::from_millis(50);
/// The most bytes of output that a task keeps (pages of the task properties: the first 4 KB).
const KEPT: usize = 4_096;
/// Commands that print nothing of interest and succeed.
const SILENT: &[&str] = &[
    "cd", "chdir", "rem", "call", "md", "mkdir", "del", "copy", "xcopy", "true", ":", "title",
    "pushd", "popd",
];

/// Plays a command line; `variable` gives the environment.
pub(crate) fn play(
    line: &str,
    scripts: &[Script],
    variable: &dyn Fn(&str) -> Option<String>,
) -> Play {
    let script = scripts.iter().find(|script| script.matches(line.trim()));
    let mut play = match script {
        Some(script) => Play {
            output: substituted(&script.play.output, variable),
            ..script.play.clone()
        },
        None => sequence(line, variable),
    };
    let mut end = play.output.len().min(KEPT);
    while !play.output.is_char_boundary(end) {
        end -= 1;
    }
    play.output.truncate(end);
    play
}

/// Commands joined by `&&`, `||` and `&`, one after the other.
fn sequence(line: &str, variable: &dyn Fn(&str) -> Option<String>) -> Play {
    let line = unwrapped(line.trim());
    let mut whole = Play {
        duration: Some(Duration::ZERO),
        exit: 0,
        output: String::new(),
    };
    let mut rest = line;
    let mut runs = true;
    loop {
        let at = rest.find(['&', '|']);
        let (command, joint) = match at {
            None => (rest, ""),
            Some(at) => {
                let width = if rest[at..].starts_with("&&") || rest[at..].starts_with("||") {
                    2
                } else {
                    1
                };
                (&rest[..at], &rest[at..at + width])
            }
        };
        if runs {
            let play = single(command, variable);
            whole.output.push_str(&play.output);
            whole.exit = play.exit;
            whole.duration = whole
                .duration
                .zip(play.duration)
                .map(|(a, b)| a.saturating_add(b));
            if whole.duration.is_none() {
                return whole;
            }
        }
        if joint.is_empty() {
            return whole;
        }
        rest = &rest[command.len() + joint.len()..];
        runs = match joint {
            "&&" => whole.exit == 0,
            "||" => whole.exit != 0,
            // What goes into a pipe is of no interest here; its last command is not run but taken to pass it on.
            "|" => false,
            _ => true,
        };
    }
}

/// What a shell was asked to run: `cmd /c "..."`, `bash -c '...'`, `powershell -Command ...`.
fn unwrapped(line: &str) -> &str {
    let lower = line.to_ascii_lowercase();
    const SHELLS: &[&str] = &[
        "cmd /c ",
        "cmd.exe /c ",
        "bash -c ",
        "/bin/bash -c ",
        "sh -c ",
        "/bin/sh -c ",
        "powershell -command ",
        "powershell.exe -command ",
        "powershell -c ",
        "pwsh -c ",
    ];
    for shell in SHELLS {
        if lower.starts_with(shell) {
            let inner = line[shell.len()..].trim();
            return ['"', '\'']
                .iter()
                .find_map(|quote| inner.strip_prefix(*quote)?.strip_suffix(*quote))
                .unwrap_or(inner);
        }
    }
    line
}

/// One command with its arguments.
fn single(command: &str, variable: &dyn Fn(&str) -> Option<String>) -> Play {
    let line = substituted(command.trim(), variable);
    let (name, arguments) = line
        .split_once(|c: char| c.is_whitespace())
        .map_or((line.as_str(), ""), |(name, rest)| (name, rest.trim()));
    let words: Vec<_> = arguments.split_whitespace().collect();
    let program = name
        .trim_matches('"')
        .rsplit(['\\', '/'])
        .next()
        .unwrap_or_default();
    let program = program.to_ascii_lowercase();
    let program = program.strip_suffix(".exe").unwrap_or(&program);
    let prints = |output: String| Play {
        duration: Some(QUICK),
        exit: 0,
        output,
    };
    let runs = |duration| Play {
        duration,
        exit: 0,
        output: String::new(),
    };
    let number = |word: Option<&&str>| word.and_then(|word| word.parse::<f64>().ok());
    let seconds = |n: f64| Duration::try_from_secs_f64(n).ok();
    match program {
        "echo" => prints(format!(
            "{}\r\n",
            arguments.split('>').next().unwrap_or_default().trim_end()
        )),
        "echo." => prints("\r\n".to_owned()),
        "sleep" | "start-sleep" | "timeout" => {
            let told = number(words.iter().rfind(|word| word.parse::<f64>().is_ok()));
            match told.and_then(seconds) {
                Some(duration) => runs(Some(duration)),
                // `timeout -1` waits for a key that nobody presses.
                None if told.is_some_and(|n| n < 0.0) || arguments == "infinity" => runs(None),
                None => fails(1, "the time to wait is missing\r\n"),
            }
        }
        "ping" => {
            if words.contains(&"-t") {
                return runs(None);
            }
            let at = words.iter().position(|word| *word == "-n" || *word == "-c");
            let count = at
                .and_then(|at| number(words.get(at + 1)))
                .unwrap_or(4.0)
                .clamp(1.0, 1e9);
            let host = words.last().copied().unwrap_or("localhost");
            Play {
                output: format!("Pinging {host}\r\n"),
                ..runs(seconds(count - 1.0))
            }
        }
        "pause" | "yes" | "notepad" => runs(None),
        "exit" => {
            let code = words
                .iter()
                .rfind(|word| **word != "/b")
                .and_then(|word| word.parse().ok());
            Play {
                exit: code.unwrap_or(0),
                ..runs(Some(QUICK))
            }
        }
        "false" => fails(1, ""),
        "hostname" => prints(format!(
            "{}\r\n",
            variable("COMPUTERNAME").unwrap_or_default()
        )),
        "whoami" => prints(format!("{}\r\n", variable("USERNAME").unwrap_or_default())),
        "ver" => prints("Microsoft Windows [Version 10.0.14393]\r\n".to_owned()),
        "set" | "printenv" if words.len() == 1 => match variable(words[0]) {
            Some(value) if program == "set" => prints(format!("{}={value}\r\n", words[0])),
            Some(value) => prints(format!("{value}\r\n")),
            None => fails(1, "Environment variable is not defined\r\n"),
        },
        "set" | "printenv" | "env" | "dir" | "ls" | "type" | "cat" | "date" | "time" | "pwd"
        | "ipconfig" => prints(String::new()),
        "mpiexec" => single(
            words
                .iter()
                .rfind(|word| !word.starts_with('-'))
                .map_or("rem", |w| w),
            variable,
        ),
        silent if SILENT.contains(&silent) => runs(Some(QUICK)),
        _ => fails(
            1,
            &format!(
                "'{name}' is not recognized as an internal or external command,\r\noperable program or batch file.\r\n"
            ),
        ),
    }
}

fn fails(exit: i32, output: &str) -> Play {
    Play {
        duration: Some(QUICK),
        exit,
        output: output.to_owned(),
    }
}

/// Puts the values in for `%NAME%` and `${NAME}`; a name without a value stays as it stands, as shells of Windows do.
fn substituted(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['%', '$']) {
        out.push_str(&rest[..at]);
        let tail = &rest[at..];
        let named = match tail.strip_prefix("${") {
            Some(inner) => inner.find('}').map(|end| (&inner[..end], end + 3)),
            None => tail
                .strip_prefix('%')
                .and_then(|inner| inner.find('%').map(|end| (&inner[..end], end + 2))),
        };
        match named.and_then(|(name, width)| Some((variable(name)?, width))) {
            Some((value, width)) => {
                out.push_str(&value);
                rest = &tail[width..];
            }
            None => {
                out.push_str(&tail[..1]);
                rest = &tail[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::{Play, play};
    use crate::hpc_pack::domain::script::Script;
    use proptest::prelude::proptest;
    use rstest::rstest;
    use std::time::Duration;

    fn environment(name: &str) -> Option<String> {
        match name.to_ascii_uppercase().as_str() {
            "GREETING" => Some("hello".to_owned()),
            "COMPUTERNAME" => Some("NODE1".to_owned()),
            _ => None,
        }
    }

    #[rstest]
    #[case("echo %greeting% %nobody% 100%", 0, "hello %nobody% 100%\r\n")]
    #[case("cmd /c \"echo ${GREETING}\"", 0, "hello\r\n")]
    #[case("echo a && echo b", 0, "a\r\nb\r\n")]
    #[case("exit 3 && echo never", 3, "")]
    #[case("exit 3 || echo rescued", 0, "rescued\r\n")]
    #[case("exit /b 7", 7, "")]
    #[case("HOSTNAME", 0, "NODE1\r\n")]
    #[case("set GREETING", 0, "GREETING=hello\r\n")]
    #[case("C:\\Windows\\System32\\echo.exe x", 0, "x\r\n")]
    fn well_known_commands_print_and_end(
        #[case] line: &str,
        #[case] exit: i32,
        #[case] output: &str,
    ) {
        let played = play(line, &[], &environment);
        assert_eq!((played.exit, played.output.as_str()), (exit, output));
        assert!(played.duration.unwrap() <= Duration::from_millis(200));
    }

    #[rstest]
    #[case("sleep 60", Some(60))]
    #[case("timeout /t 5", Some(5))]
    #[case("ping -n 31 localhost", Some(30))]
    #[case("ping localhost", Some(3))]
    #[case("ping -t localhost", None)]
    #[case("timeout -1", None)]
    fn commands_that_wait_run_as_long_as_they_say(
        #[case] line: &str,
        #[case] seconds: Option<u64>,
    ) {
        assert_eq!(
            play(line, &[], &environment).duration,
            seconds.map(Duration::from_secs)
        );
    }

    #[test]
    fn an_unknown_command_fails() {
        let played = play("no-such-program --now", &[], &environment);
        assert_eq!(played.exit, 1);
        assert!(played.output.contains("no-such-program"));
    }

    #[test]
    fn the_users_table_goes_first() {
        let script = Script {
            pattern: "solver *.dat".to_owned(),
            play: Play {
                duration: Some(Duration::from_secs(9)),
                exit: 4,
                output: "%GREETING%".to_owned(),
            },
        };
        let scripts = [script];
        let played = play("Solver case1.dat", &scripts, &environment);
        assert_eq!((played.exit, played.output.as_str()), (4, "hello"));
        assert_eq!(play("solver x.txt", &scripts, &environment).exit, 1);
    }

    #[test]
    fn output_is_kept_to_four_kilobytes_of_whole_characters() {
        let line = format!("echo {}", "ä".repeat(5_000));
        assert_eq!(play(&line, &[], &environment).output.len(), 4_096);
    }

    proptest! {
        #[test]
        fn playing_never_panics(line in "(echo|sleep|ping|-n|set|&&|\\|\\||%|\\$\\{|\"|[ \\PC]){0,12}") {
            let _ = play(&line, &[], &environment);
        }
    }
}
