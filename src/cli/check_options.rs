//! `wireproof check`: the options as resolved. Nothing in here needs to be asked of the environment again.

use super::{
    args::Global,
    check_args::{AuthKind, CheckArgs, Hidden},
    out::{self, Stop},
    serve,
    values::TargetUrl,
};
use crate::{
    client::{Client, ClientOptions, Credentials, Scheme},
    contract::Contract,
    mock::Ids,
    plan::{MOCK_RUN_ID, run_id},
    report::{Mask, StreamKind, Strictness, Style},
    source::nearest,
};
use std::{path::PathBuf, time::Duration};

/// What a check is to do.
#[derive(Debug)]
pub(crate) struct CheckOptions {
    pub(crate) url: Option<TargetUrl>,
    pub(crate) can: Vec<String>,
    pub(crate) set: Vec<(String, String)>,
    pub(crate) vars: Vec<(String, String)>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) allow_writes: bool,
    pub(crate) client: ClientOptions,
    pub(crate) only: Vec<String>,
    pub(crate) skip: Vec<String>,
    pub(crate) jobs: Option<usize>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) body_limit: Option<usize>,
    pub(crate) rate: Option<f64>,
    pub(crate) fail_fast: bool,
    pub(crate) strictness: Strictness,
    pub(crate) snapshots: Option<PathBuf>,
    pub(crate) known: Option<PathBuf>,
    pub(crate) run_id: String,
    /// Passwords, and values of header fields that are credentials.
    pub(crate) secrets: Vec<String>,
    pub(crate) verbose: bool,
    pub(crate) stream: StreamKind,
    pub(crate) stderr: Style,
    pub(crate) stdout: Style,
}

impl CheckOptions {
    /// From what was typed.
    pub(crate) fn resolve(args: &CheckArgs, global: Global) -> Result<Self, Stop> {
        let mut secrets = Vec::new();
        let client = client(args, &mut secrets)?;
        let own =
            |header: &&super::values::Header| header.name.eq_ignore_ascii_case("authorization");
        if client.credentials.is_some() && args.header.iter().any(|header| own(&header)) {
            return Err(Stop::input(
                "a user is given and a header field `Authorization`, too; leave one of both out, or say --auth none",
            ));
        }
        for header in &args.header {
            let name = header.name.to_ascii_lowercase();
            let credential = ["auth", "cookie", "key", "password", "secret", "token"]
                .iter()
                .any(|part| name.contains(part));
            if credential {
                secrets.push(header.value.clone());
                // Of `Basic abc` the second word is the secret.
                secrets.extend(
                    header
                        .value
                        .split_once(' ')
                        .map(|(_, rest)| rest.to_owned()),
                );
            }
        }
        let terminal = out::stderr_is_terminal();
        Ok(Self {
            run_id: match args.url {
                Some(_) => run_id(Ids::random().next()),
                None => MOCK_RUN_ID.to_owned(),
            },
            url: args.url.clone(),
            can: args.can.clone(),
            set: args.declared.set.clone(),
            vars: args.declared.var.clone(),
            headers: args
                .header
                .iter()
                .map(|header| (header.name.clone(), header.value.clone()))
                .collect(),
            allow_writes: args.allow_writes,
            client,
            only: args.only.clone(),
            skip: args.skip.clone(),
            jobs: args.jobs.map(std::num::NonZeroUsize::get),
            timeout: args.timeout,
            body_limit: args.body_limit,
            rate: args.rate,
            fail_fast: args.fail_fast,
            strictness: Strictness {
                strict: args.strict,
                snapshots: args.strict_snapshots,
            },
            snapshots: args.snapshots.clone(),
            known: args.known.known.clone(),
            secrets,
            verbose: global.verbose > 0,
            stream: if terminal {
                StreamKind::Progress
            } else {
                StreamKind::Lines
            },
            stderr: out::style(global.color, terminal),
            stdout: out::style(global.color, out::stdout_is_terminal()),
        })
    }

    /// Looks whether what the target is declared to be is known to a contract.
    pub(crate) fn declared(&self, contracts: &[&Contract], settings: &[&str]) -> Result<(), Stop> {
        for name in self.can.iter().filter(|name| *name != "all") {
            let known: Vec<&str> = contracts
                .iter()
                .flat_map(|contract| contract.capabilities.keys().map(String::as_str))
                .collect();
            if !known.contains(&name.as_str()) {
                return Err(no_such("capability", name, &known));
            }
        }
        for (name, value) in &self.set {
            let known: Vec<_> = contracts
                .iter()
                .filter_map(|contract| contract.traits.get(name))
                .collect();
            if known.is_empty() && !settings.contains(&name.as_str()) {
                let mut known: Vec<&str> = contracts
                    .iter()
                    .flat_map(|contract| contract.traits.keys().map(String::as_str))
                    .collect();
                known.extend(settings);
                return Err(no_such("trait", name, &known));
            }
            let fits = |known: &&crate::contract::Trait| {
                known.values.is_empty() || known.values.contains(value)
            };
            if let Some(first) = known.first()
                && !known.iter().any(fits)
            {
                return Err(Stop::input(format!(
                    "`{value}` is no value of the trait `{name}`, which is one of {}",
                    first.values.join(", ")
                )));
            }
        }
        Ok(())
    }
}

/// A name that is not known, with the nearest that is.
pub(crate) fn no_such(what: &str, name: &str, known: &[&str]) -> Stop {
    let mut known = known.to_vec();
    known.sort_unstable();
    known.dedup();
    let hint = match nearest(name, &known) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => "there is none".to_owned(),
        None => format!("known are {}", known.join(", ")),
    };
    Stop::input(format!("there is no {what} `{name}`; {hint}"))
}

fn client(args: &CheckArgs, secrets: &mut Vec<String>) -> Result<ClientOptions, Stop> {
    let access = &args.access;
    if access.password_env.is_some() && access.user.is_none() {
        return Err(Stop::input(
            "--password-env needs to know whose password it is; name the user with --user",
        ));
    }
    let scheme = match (access.auth, &access.user) {
        (Some(AuthKind::None), _) | (None, None) => None,
        (Some(AuthKind::Ntlm), _) => Some(Scheme::Ntlm),
        (Some(AuthKind::Basic), _) | (None, Some(_)) => Some(Scheme::Basic),
    };
    let credentials = match scheme {
        None => None,
        Some(scheme) => {
            let user = access.user.clone().ok_or_else(|| {
                Stop::input("--auth needs to know who asks; name the user with --user")
            })?;
            let password = match (&access.password_env, &access.password) {
                (Some(variable), _) => serve::password(variable)?,
                (None, Some(Hidden(password))) => password.clone(),
                (None, None) => {
                    return Err(Stop::input(
                        "name the environment variable of the user's password with --password-env",
                    ));
                }
            };
            secrets.push(password.clone());
            Some(Credentials {
                user,
                password,
                scheme,
            })
        }
    };
    if let Some(proxy) = &access.proxy {
        secrets.extend(password_in(proxy));
    }
    let options = ClientOptions {
        tls: access.tls.options(),
        proxy: access.proxy.clone(),
        credentials,
    };
    if access.tls.ca.is_some() || access.tls.client_cert.is_some() {
        // Read now, so that a mistake in them is told where the target speaks no TLS, too.
        Client::new(&options)
            .and_then(|client| client.check_tls())
            .map_err(|error| Stop::input(Mask::new(&*secrets).text(&error.to_string())))?;
    }
    Ok(options)
}

/// The password in the user information of a URL, as it is written and as it is meant.
fn password_in(url: &str) -> Vec<String> {
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest);
    let Some((_, password)) = authority
        .rsplit_once('@')
        .and_then(|(user, _)| user.split_once(':'))
    else {
        return Vec::new();
    };
    let meant = percent_encoding::percent_decode_str(password).decode_utf8_lossy();
    vec![meant.into_owned(), password.to_owned()]
}
