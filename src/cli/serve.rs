//! `wireproof serve`: one mock behind a door, until somebody stops it.

use super::{
    check_args::AuthKind,
    files::Files,
    out::{Stop, data, say},
    serve_args::ServeArgs,
    shared_args::ClientTls,
    suites::{self, Served},
};
use crate::report::put;
use crate::{
    api::forms,
    auth::User,
    mock::{
        Admin, Auth, Clock, CueBook, Documented, Kind, Model, Operations, Options, Server,
        ServerOptions, Setting, SettingError, Tls, cues, nearest,
    },
    report::Exit,
    source::SourceFile,
};
use std::{env, fs, net::SocketAddr, path::Path, sync::Arc};

/// Serves until Ctrl-C or SIGTERM.
pub(crate) fn serve(args: &ServeArgs) -> Result<Exit, Stop> {
    let mut options = ServerOptions::default();
    // What is a limit of every server is none of the mock's settings.
    let mut set = Vec::new();
    for (name, value) in &args.set {
        let taken = options.set(name, value).map_err(wrong_setting)?;
        if !taken {
            set.push((name.clone(), value.clone()));
        }
    }
    let served = suites::served(&args.suite, &set, &args.place)?;
    if args.help_settings {
        data(&match &served {
            Served::Kind(kind) => settings(kind),
            Served::Documented(_) => format!(
                "`{}` has no settings of its own: it is served from its documented replies\n{}",
                args.suite,
                limits()
            ),
        })?;
        return Ok(Exit::Conforms);
    }
    files(args)?.check()?;
    let clock = Clock::system();
    let (suite, operations) = match &served {
        Served::Kind(kind) => (kind.suite.to_owned(), forms::operations(kind, &set)),
        Served::Documented(model) => documented(model.as_ref(), &args.suite),
    };
    let model = model(served, args, set, &clock)?;
    let book = book(args, &suite, &model, &clock, &operations)?;
    let options = ServerOptions {
        listen: args.door.listen,
        clock,
        auth: auth(args)?,
        tls: tls(args.door.listen, &args.tls)?,
        allow_open: args.door.allow_open,
        admin: admin(args, suite, &book)?,
        cues: Some(book),
        ..options
    };
    let open = !options.listen.ip().is_loopback() && matches!(options.auth, Auth::None);
    ca_out(args.tls.ca_out.as_deref(), options.tls.as_ref())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Stop::could_not(format!("cannot start threads: {error}")))?;
    runtime.block_on(async {
        let mut stop = super::signals::stop()?;
        let server = Server::start(model, options).map_err(refused)?;
        if open {
            say("open to everybody who reaches this machine: nobody is asked for credentials\n");
        }
        data(&format!("listening on {}\n", server.url()))?;
        stop.recv().await;
        say("stopping\n");
        server.shutdown().await;
        Ok(Exit::Conforms)
    })
}

/// What is read and what is written.
fn files(args: &ServeArgs) -> Result<Files, Stop> {
    let mut files = Files::default();
    for file in suites::files(std::slice::from_ref(&args.suite), &args.place)? {
        files.reads("the suite", &file);
    }
    files.may_read("--cues", args.cues.as_ref());
    args.tls.files(&mut files);
    Ok(files)
}

/// An address that we must not take is a wrong command line; one that we do not get is not.
fn refused(error: crate::mock::ServerError) -> Stop {
    match error {
        crate::mock::ServerError::Open { .. } => Stop::input(error.to_string()),
        other => Stop::could_not(other.to_string()),
    }
}

/// Id and operations of a suite that is served from its documents.
fn documented(model: &dyn Model, name: &str) -> (String, Operations) {
    let model = model.as_any().downcast_ref::<Documented>();
    let operations = model.map_or_else(Operations::unknown, Documented::operations);
    let suite = operations.contract_id().unwrap_or(name).to_owned();
    (suite, operations)
}

/// The cues that the file holds, placed.
fn book(
    args: &ServeArgs,
    suite: &str,
    model: &Arc<dyn Model>,
    clock: &Clock,
    operations: &Operations,
) -> Result<Arc<CueBook>, Stop> {
    let book = CueBook::new(Arc::clone(model), clock.clone(), operations.clone());
    if let Some(path) = &args.cues {
        let file = SourceFile::load(path, &path.display().to_string())
            .map_err(|problem| suites::wrong(&problem.into()))?;
        let known = cues::Known {
            suite,
            operations,
            faults: model.faults(),
        };
        let (all, problems) = cues::read(&file, &known);
        if !problems.is_empty() {
            return Err(suites::wrong(&problems));
        }
        book.place_all(all)
            .map_err(|error| Stop::input(error.to_string()))?;
    }
    Ok(Arc::new(book))
}

/// The admin interface, unless it is not wanted.
fn admin(args: &ServeArgs, suite: String, book: &Arc<CueBook>) -> Result<Option<Arc<Admin>>, Stop> {
    if args.no_admin {
        return Ok(None);
    }
    let mut admin = Admin::new(suite, Arc::clone(book));
    if let Some(variable) = &args.admin_token_env {
        admin = admin.token(secret_in(variable, "token").map_err(Stop::input)?);
    }
    for host in &args.admin_host {
        admin = admin.host(host);
    }
    Ok(Some(Arc::new(admin)))
}

fn model(
    served: Served,
    args: &ServeArgs,
    set: Vec<(String, String)>,
    clock: &Clock,
) -> Result<Arc<dyn Model>, Stop> {
    let kind = match served {
        Served::Kind(kind) => kind,
        Served::Documented(model) => {
            let given = [
                (!args.quirk.is_empty(), "--quirk"),
                (args.data_dir.is_some(), "--data-dir"),
            ];
            return match given.iter().find(|(given, _)| *given) {
                None => Ok(model),
                Some((_, option)) => Err(Stop::input(format!(
                    "`{}` has no mock of its own, so {option} has no meaning for it",
                    args.suite
                ))),
            };
        }
    };
    if args.data_dir.is_some() && kind.suite != "bits-upload" {
        return Err(Stop::input(format!(
            "the mock of `{}` keeps no files, so --data-dir has no meaning for it",
            kind.suite
        )));
    }
    let options = Options {
        set,
        quirks: args.quirk.clone(),
        data_dir: args.data_dir.clone(),
        clock: clock.clone(),
        ..Options::default()
    };
    (kind.start)(&options).map_err(wrong_setting)
}

/// A limit of the server may be what was meant by a setting that the mock does not have.
fn wrong_setting(error: SettingError) -> Stop {
    let error = match error {
        SettingError::UnknownSetting {
            suite,
            name,
            nearest: None,
        } => SettingError::UnknownSetting {
            suite,
            nearest: nearest(
                &name,
                ServerOptions::settings().iter().map(|limit| limit.name),
            ),
            name,
        },
        other => other,
    };
    Stop::input(error.to_string())
}

fn auth(args: &ServeArgs) -> Result<Auth, Stop> {
    let users = || -> Result<Vec<User>, Stop> {
        let name = args.user.clone().ok_or_else(|| {
            Stop::input("--auth demands credentials; say which with --user and --password-env")
        })?;
        let variable = args.password_env.as_deref().ok_or_else(|| {
            Stop::input("name the environment variable of the password with --password-env")
        })?;
        Ok(vec![User::new(name, password(variable)?)])
    };
    let kind = args.auth.unwrap_or(match args.user {
        Some(_) => AuthKind::Basic,
        None => AuthKind::None,
    });
    match kind {
        AuthKind::None => Ok(Auth::None),
        AuthKind::Basic => Ok(Auth::Basic { users: users()? }),
        AuthKind::Ntlm => Ok(Auth::Ntlm { users: users()? }),
    }
}

/// The password in an environment variable.
pub(crate) fn password(variable: &str) -> Result<String, Stop> {
    secret_in(variable, "password").map_err(Stop::input)
}

/// What an environment variable holds, which is to be that kind of secret; otherwise what is wrong.
///
/// # Why
/// A variable is empty most often because whatever fills it failed. Taken as it is, the caller would come with no secret
/// at all, and the target would be blamed for turning it away.
pub(crate) fn secret_in(variable: &str, what: &str) -> Result<String, String> {
    let wrong = |how: &str| format!("the environment variable `{variable}` is {how}");
    match env::var(variable) {
        Ok(value) if value.is_empty() => Err(wrong(&format!("empty, and so is no {what}"))),
        Ok(value) => Ok(value),
        Err(env::VarError::NotPresent) => Err(wrong("not set")),
        Err(env::VarError::NotUnicode(_)) => Err(wrong("no UTF-8")),
    }
}

/// The certificate to speak TLS with, where that is asked for: from files, or made for this run.
pub(crate) fn tls(listen: SocketAddr, typed: &ClientTls) -> Result<Option<Tls>, Stop> {
    let tls = match (&typed.cert, &typed.key) {
        (Some(cert), Some(key)) => Tls::from_files(cert, key),
        _ if typed.tls => {
            let ip = listen.ip();
            let mut hosts = vec![
                "localhost".to_owned(),
                "127.0.0.1".to_owned(),
                "::1".to_owned(),
            ];
            if !ip.is_loopback() && !ip.is_unspecified() {
                hosts.push(ip.to_string());
            }
            Tls::self_signed(hosts)
        }
        _ => return Ok(None),
    };
    tls.map(Some)
        .map_err(|error| Stop::input(error.to_string()))
}

/// Writes the certificate that clients have to trust.
pub(crate) fn ca_out(file: Option<&Path>, tls: Option<&Tls>) -> Result<(), Stop> {
    let Some(file) = file else { return Ok(()) };
    let ca = tls.and_then(Tls::ca_pem).unwrap_or_default();
    fs::write(file, ca)
        .map_err(|error| Stop::input(format!("cannot write `{}`: {error}", file.display())))
}

/// The limits of every server.
fn limits() -> String {
    let mut out = String::from("limits of every server, as --set NAME=VALUE\n");
    list(&mut out, ServerOptions::settings());
    out
}

fn list(out: &mut String, settings: &[Setting]) {
    for setting in settings {
        put!(out, "  {}={}\n", setting.name, setting.values);
        let default = if setting.default.is_empty() {
            "nothing"
        } else {
            setting.default
        };
        put!(out, "      {} Default: {default}.\n", setting.says);
    }
}

fn settings(kind: &Kind) -> String {
    let mut out = format!("settings of {}, as --set NAME=VALUE\n", kind.suite);
    list(&mut out, kind.settings);
    out += &limits();
    out += "quirks, as --quirk ID\n";
    for quirk in kind.quirks {
        put!(out, "  {}\n      {}\n", quirk.id, quirk.says);
    }
    out += "documented faults, as `fault: ID` of a cue\n";
    for fault in kind.faults {
        put!(out, "  {}\n      {}\n", fault.id, fault.says);
    }
    out
}
