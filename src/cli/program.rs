use super::{
    args::{Arguments, Command, Format, Global, SchemaKind},
    check, explain, lint, list, new, observe,
    out::{self, Stop, data, say},
    prove, reports, serve,
    signals::Signals,
    suites,
};
use crate::report::{Exit, Mask};
use clap::{
    CommandFactory, Parser,
    error::{ContextKind, ContextValue, ErrorKind},
};
use std::{ffi::OsString, process::ExitCode};

/// Runs the program with those arguments, the first of which is its name.
pub fn run(arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().map(Into::into).collect();
    // Before anything is read: whoever interrupts these gets their reports.
    let reports = |word: &OsString| word == "check" || word == "prove";
    let signals = arguments
        .iter()
        .skip(1)
        .any(reports)
        .then(Signals::listen)
        .unwrap_or_else(|| Err(Stop::could_not("nobody listens for signals")));
    let secrets = arguments.iter().any(|word| {
        let word = word.to_string_lossy();
        DISCREET
            .iter()
            .any(|option| word.split('=').next() == Some(option))
    });
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are data and succeed; all else is talk. A closed pipe loses nothing.
            let error = discreet(error, secrets);
            // What was typed is told again, and a URL may hold a password.
            let told = error.render().to_string();
            let masked = Mask::default().text(&told);
            if masked == told {
                let _ = error.print();
            } else {
                say(&masked);
            }
            return if error.use_stderr() {
                Exit::Input.into()
            } else {
                Exit::Conforms.into()
            };
        }
    };
    let color = arguments.global.color;
    match command(arguments.command, arguments.global, signals) {
        Ok(exit) => exit.into(),
        Err(stop) => {
            let style = out::style(color, out::stderr_is_terminal());
            // A file or a URL that is wrong is quoted, and may hold a password.
            say(&format!(
                "{}: {}\n",
                style.red("error"),
                Mask::default().text(stop.message.trim_end())
            ));
            stop.exit.into()
        }
    }
}

/// The options whose values may hold secrets, most of all those that cannot be read.
const DISCREET: [&str; 5] = ["--url", "--upstream", "--header", "--proxy", "--var"];

/// The refusal of a command line, without the value that was refused where that may hold a secret.
///
/// `secrets`: whether an option was typed whose value may be one.
fn discreet(mut error: clap::Error, secrets: bool) -> clap::Error {
    let of_secret = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(option)) => DISCREET
            .iter()
            .any(|discreet| option.split([' ', '=']).next() == Some(discreet)),
        _ => false,
    };
    if error.kind() == ErrorKind::UnknownArgument && may_be_a_value(&error, secrets) {
        let stars = ContextValue::String("***".to_owned());
        error.insert(ContextKind::InvalidArg, stars);
        for tip in [
            ContextKind::Suggested,
            ContextKind::SuggestedArg,
            ContextKind::TrailingArg,
        ] {
            error.remove(tip);
        }
        let help = "a value with blanks needs quotes: --header 'NAME: VALUE'";
        error.insert(
            ContextKind::Suggested,
            ContextValue::StyledStrs(vec![help.into()]),
        );
    }
    let told = matches!(error.get(ContextKind::InvalidValue), Some(ContextValue::String(value)) if !value.is_empty());
    if of_secret && told {
        let stars = ContextValue::String("***".to_owned());
        error.insert(ContextKind::InvalidValue, stars);
    }
    error
}

/// Whether what no option is may be the rest of a value that was typed without quotes.
fn may_be_a_value(error: &clap::Error, secrets: bool) -> bool {
    let typed = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(typed)) => typed.as_str(),
        _ => "",
    };
    secrets && !typed.starts_with("--")
}

fn command(command: Command, global: Global, signals: Result<Signals, Stop>) -> Result<Exit, Stop> {
    let style = out::style(global.color, out::stdout_is_terminal());
    match command {
        Command::Check(args) => check::check(&args, global, &mut signals?),
        Command::Serve(args) => serve::serve(&args),
        Command::Observe(args) => observe::observe(&args, global),
        Command::Prove(args) => prove::prove(&args, global, &mut signals?),
        Command::Merge(args) => reports::merge(&args, global),
        Command::Compare(args) => reports::compare(&args, global),
        Command::Lint(args) => lint::lint(&args),
        Command::List(args) => {
            let suites = suites::named(&args.suites, &args.place)?;
            let report = args.report.as_deref().map(reports::read).transpose()?;
            let report = report.as_ref();
            data(&match args.format {
                Format::Json => list::json(&suites, report),
                Format::Text => list::text(&suites, args.clauses, report, style),
            })?;
            Ok(Exit::Conforms)
        }
        Command::Explain(args) => {
            let suites = suites::named(&args.suites, &args.place)?;
            data(&explain::explain(&suites, &args.name, style)?)?;
            Ok(Exit::Conforms)
        }
        Command::New(args) => {
            let written = new::write(&args.folder)?;
            for file in written {
                data(&format!("{}\n", file.display()))?;
            }
            say(&format!(
                "now: wireproof check {0}\n     wireproof prove {0}\n",
                args.folder.display()
            ));
            Ok(Exit::Conforms)
        }
        Command::Schema(args) => {
            data(&match args.kind {
                SchemaKind::Scenario => crate::scenario::schema(),
                SchemaKind::Contract => crate::contract::schema(),
                SchemaKind::Cues => crate::mock::cues::schema(),
            })?;
            Ok(Exit::Conforms)
        }
        Command::Completions(args) => {
            let mut script = Vec::new();
            clap_complete::generate(
                args.shell,
                &mut Arguments::command(),
                "wireproof",
                &mut script,
            );
            data(&String::from_utf8_lossy(&script))?;
            Ok(Exit::Conforms)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Arguments, discreet};
    use clap::Parser;
    use rstest::rstest;

    #[rstest]
    #[case(&["check", "--url", "http://bob:p/hush@127.0.0.1:1"], "--url")]
    #[case(&["observe", "bits-upload", "--upstream", "http://bob:p/hush@127.0.0.1:1"], "--upstream")]
    #[case(&["check", "--url", "bob:hush@host"], "--url")]
    #[case(&["check", "--url", "http://bob:p@hush@host"], "--url")]
    #[case(&["check", "--url", "http://host/?token=hush"], "--url")]
    #[case(&["check", "--url=http://bob@hush:x"], "--url")]
    #[case(&["check", "--header", "X Y: hush"], "--header")]
    #[case(&["check", "--header", "Bearer hush: x"], "--header")]
    #[case(&["check", "--header", "Authorization Bearer hush"], "--header")]
    #[case(&["check", "--header", "X: hush\u{7}"], "--header")]
    #[case(&["check", "--var", "hush"], "--var")]
    #[case(&["check", "--header", "X: a", "--target", "t", "--url", "ftp://hush"], "--url")]
    #[case(&["check", "--header", "Authorization:", "-hush"], "--header")]
    #[case(&["observe", "bits-upload", "hush", "--upstream", "http://h"], "***")]
    fn a_refused_value_that_may_be_secret_is_not_told_again(
        #[case] typed: &[&str],
        #[case] option: &str,
    ) {
        let typed = ["wireproof"].iter().chain(typed);
        let error = Arguments::try_parse_from(typed).unwrap_err();
        let told = discreet(error, true).render().to_string();
        assert!(!told.contains("hush"), "{told}");
        assert!(told.contains(option), "{told}");
    }

    #[test]
    fn another_refused_value_is_told_with_the_reason() {
        let typed = ["wireproof", "check", "--timeout", "soon"];
        let error = Arguments::try_parse_from(typed).unwrap_err();
        let told = discreet(error, true).render().to_string();
        assert!(
            told.contains("'soon'") && told.contains("a number and a unit"),
            "{told}"
        );
    }
}
