//! `wireproof.toml`: named targets.
//!
//! In: the file and the names asked for. Out: what each target is, with its secrets fetched, or every mistake with its place.

use super::{
    check_args::{AuthKind, CheckArgs, Hidden},
    out::Stop,
    serve::secret_in,
    shared_args::KNOWN_OF_TARGET,
    suites,
    targets_table::{FILE, SECRET, TARGET, may_hold_secret, without_secrets},
    values,
};
use crate::source::{Node, Place, Problems, Reading, SourceFile, suggestion};
use std::{
    fs,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::Arc,
};

/// A target of the file.
#[derive(Debug)]
pub(crate) struct NamedTarget {
    pub(crate) name: String,
    /// Ids of suites; with no folder neither: all.
    pub(super) suites: Vec<(String, Place)>,
    /// Folders of suites, each with the id of the suite in it.
    pub(super) folders: Vec<(PathBuf, String)>,
    pub(super) set: Vec<(String, String, Place)>,
    pub(super) can: Vec<(String, Place)>,
    pub(super) vars: Vec<(String, Place)>,
    /// What stands in the file as options, those of the command line still to be laid over it.
    pub(super) typed: CheckArgs,
    /// Values that came from the environment or a file, to be masked.
    pub(crate) secrets: Vec<Hidden>,
    /// The files that it names, each with its key.
    pub(crate) files: Vec<(String, PathBuf)>,
}

/// The targets that are asked for by name, none where no `--target` was given; and what is wrong with the file so far.
///
/// # Errors
/// There is no such file or target, or it is no TOML.
pub(crate) fn chosen(args: &CheckArgs) -> Result<(Vec<NamedTarget>, Problems), Stop> {
    if args.target.is_empty() {
        return Ok(Default::default());
    }
    let path = file(args);
    let file = SourceFile::load(&path, &path.display().to_string())
        .map_err(|problem| suites::wrong(&problem.into()))?;
    let folder = path.parent().unwrap_or_else(|| Path::new("")).to_owned();
    let (mut targets, problems) = read(&file, &folder, &args.target)?;
    let ids = suites::ids(&args.place)?;
    for target in &mut targets {
        target.find_suites(&folder, &ids);
    }
    Ok((targets, problems))
}

/// The file of targets.
pub(crate) fn file(args: &CheckArgs) -> PathBuf {
    args.config
        .clone()
        .unwrap_or_else(|| PathBuf::from("wireproof.toml"))
}

/// Reads the file. Every target is read, so that every mistake is told; secrets are fetched for those that are asked for.
fn read(
    file: &Arc<SourceFile>,
    folder: &Path,
    asked: &[String],
) -> Result<(Vec<NamedTarget>, Problems), Stop> {
    let mut problems = Problems::default();
    let root = Node::parse_toml(file, &mut problems);
    let file = &without_secrets(file, root.as_ref());
    for problem in &mut problems.0 {
        problem.place.file = file.clone();
    }
    let mut reading = Reader {
        of: Reading::toml(file),
        folder,
        wanted: false,
        secrets: Vec::new(),
        files: Vec::new(),
    };
    let mut found = Vec::new();
    let mut names = Vec::new();
    if let Some(root) = &root
        && let Some(fields) = reading.of.fields(root, &FILE)
        && let Some(node) = fields.get("target")
    {
        for (name, key, node) in reading.of.pairs(node, "tables of targets") {
            if name == "all" {
                reading.of.problem(
                    "reserved-name",
                    key.span,
                    "`all` is no name for a target: `--target all` means every target",
                    "choose another name",
                    None,
                );
            }
            names.push(name.to_owned());
            reading.wanted = asked.iter().any(|wanted| wanted == name || wanted == "all");
            if let Some(target) = reading.target(name, node)
                && reading.wanted
            {
                found.push(target);
            }
        }
    }
    problems.extend(reading.of.problems);
    if root.is_none() || names.is_empty() && !problems.is_empty() {
        return Err(suites::wrong(&problems));
    }
    let known: Vec<&str> = names.iter().map(String::as_str).collect();
    if let Some(name) = asked
        .iter()
        .find(|name| *name != "all" && !names.contains(name))
    {
        return Err(Stop::input(format!(
            "{}: there is no target `{name}`; {}",
            file.path,
            suggestion(name, &known)
        )));
    }
    if found.is_empty() && problems.is_empty() {
        return Err(Stop::input(format!(
            "{}: there is no target in it",
            file.path
        )));
    }
    Ok((found, problems))
}

struct Reader<'a> {
    of: Reading,
    folder: &'a Path,
    /// Whether the target being read is asked for: its secrets are fetched.
    wanted: bool,
    secrets: Vec<Hidden>,
    files: Vec<(String, PathBuf)>,
}

impl Reader<'_> {
    fn target(&mut self, name: &str, node: &Node) -> Option<NamedTarget> {
        const PLAIN: &str = "write `password-env = \"VARIABLE\"` or `password-file = \"FILE\"`";
        if let Some(members) = node.as_map()
            && let Some((key, _)) = members
                .iter()
                .find(|(key, _)| key.as_scalar().is_some_and(|key| key.text == "password"))
        {
            // The value itself is not quoted: what is underlined is the key.
            self.of.problem(
                "plain-password",
                key.span,
                "a password is not written into the file",
                "take it from elsewhere",
                Some(PLAIN.to_owned()),
            );
            return None;
        }
        let fields = self.of.fields(node, &TARGET)?;
        self.secrets = Vec::new();
        self.files = Vec::new();
        let mut typed = CheckArgs::default();
        let mut target = NamedTarget {
            name: name.to_owned(),
            suites: Vec::new(),
            folders: Vec::new(),
            set: Vec::new(),
            can: Vec::new(),
            vars: Vec::new(),
            typed: CheckArgs::default(),
            secrets: Vec::new(),
            files: Vec::new(),
        };
        let mut password = None;
        for (key, at, value) in fields.written() {
            let access = &mut typed.access;
            match key {
                "url" => typed.url = self.parsed(value, "a URL", values::url),
                "suite" => target.suites = self.of.texts(value, "the id of a suite"),
                "can" => target.can = self.of.texts(value, "a capability"),
                "set" => {
                    for (name, _, node) in self.of.pairs(value, "a table of traits") {
                        if let Some(text) = self.of.text(node, "the value of a trait") {
                            target
                                .set
                                .push((name.to_owned(), text, self.of.place(node.span)));
                        }
                    }
                }
                "vars" => {
                    for (name, key, node) in self.of.pairs(value, "a table of variables") {
                        target.vars.push((name.to_owned(), self.of.place(key.span)));
                        if let Some(text) = self.text_or_secret(node, "the value of a variable") {
                            typed.declared.var.push((name.to_owned(), text));
                        }
                    }
                }
                "headers" => {
                    for (name, key, node) in self.of.pairs(value, "a table of header fields") {
                        let Some(text) = self.text_or_secret(node, "the value of a header field")
                        else {
                            continue;
                        };
                        match values::header(&format!("{name}:{text}")) {
                            Ok(header) => typed.header.push(header),
                            Err(why) => {
                                self.of.problem("no-header", key.span, why, "here", None);
                            }
                        }
                    }
                }
                "user" => access.user = self.of.filled(value, "a user name"),
                "auth" => {
                    access.auth = self.of.word(
                        value,
                        "a kind of authentication",
                        &[
                            ("basic", AuthKind::Basic),
                            ("ntlm", AuthKind::Ntlm),
                            ("none", AuthKind::None),
                        ],
                    );
                }
                "password-env" | "password-file" => {
                    if password.is_some() {
                        self.of.problem(
                            "two-passwords",
                            at.span,
                            "`password-env` and `password-file` exclude each other",
                            "the second one",
                            Some("leave one of them out".to_owned()),
                        );
                    }
                    password = Some(at.span);
                    access.password = self.secret(value, key == "password-env").map(Hidden);
                }
                "ca" => access.tls.ca = self.path(value, key),
                "insecure" => access.tls.insecure = self.yes(value, "`insecure`"),
                "client-cert" => access.tls.client_cert = self.path(value, key),
                "client-key" => access.tls.client_key = self.path(value, key),
                "proxy" => access.proxy = self.of.filled(value, "the URL of a proxy"),
                "timeout" => {
                    typed.timeout = self.parsed(value, "a duration", |text| {
                        if text.ends_with(|c: char| c.is_ascii_digit()) {
                            return Err("write a number and a unit: \"30s\"".to_owned());
                        }
                        values::duration(text)
                    });
                }
                "body-limit" => {
                    typed.body_limit = self.parsed(value, "a size", values::bytes);
                }
                "rate" => typed.rate = self.parsed(value, "a rate", values::rate),
                "jobs" => {
                    typed.jobs = self.parsed(value, "a number of scenarios", |text| {
                        text.parse::<NonZeroUsize>()
                            .map_err(|_| "write a whole number, 1 or more".to_owned())
                    });
                }
                "known" => typed.known.known = self.path(value, key),
                "allow-writes" => typed.allow_writes = self.yes(value, "`allow-writes`"),
                _ => unreachable!("every key of the table is read"),
            }
        }
        for (one, other) in [("client-cert", "client-key"), ("client-key", "client-cert")] {
            if let Some((key, _)) = fields.entry(one)
                && fields.entry(other).is_none()
            {
                self.of.problem(
                    "missing-key",
                    key.span,
                    format!("`{one}` needs `{other}`"),
                    "alone it does nothing",
                    None,
                );
            }
        }
        if let Some(span) = password
            && fields.get("user").is_none()
        {
            self.of.problem(
                "missing-key",
                span,
                "a password needs `user`",
                "whose password is it?",
                None,
            );
        }
        target.typed = typed;
        target.secrets = std::mem::take(&mut self.secrets);
        target.files = std::mem::take(&mut self.files);
        Some(target)
    }

    /// A file, relative to the folder of the file of targets.
    fn path(&mut self, node: &Node, key: &str) -> Option<PathBuf> {
        let text = self.of.filled(node, "a file")?;
        Some(self.named(key, &text))
    }

    /// The path of a file that the file of targets names.
    fn named(&mut self, key: &str, text: &str) -> PathBuf {
        let path = self.folder.join(text);
        let called = match key {
            "known" => KNOWN_OF_TARGET.to_owned(),
            "a secret" => key.to_owned(),
            _ => format!("`{key}` of a target"),
        };
        self.files.push((called, path.clone()));
        path
    }

    /// `true`; where it is neither that nor `false`, the rest of the target is read all the same.
    fn yes(&mut self, node: &Node, meant: &str) -> bool {
        self.of.boolean(node, meant).unwrap_or_default()
    }

    fn parsed<T>(
        &mut self,
        node: &Node,
        meant: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let text = self.of.filled(node, meant)?;
        match parse(&text) {
            Ok(value) => Some(value),
            Err(why) => {
                let described = if may_hold_secret(&text) {
                    "none".to_owned()
                } else {
                    self.of.described(node)
                };
                let found = format!("{meant} is meant here, and this is {described}");
                self.of.problem(
                    "wrong-value",
                    node.span,
                    found,
                    format!("not {meant}"),
                    Some(why),
                );
                None
            }
        }
    }

    /// Text as it is, or `{ env = ".." }` or `{ file = ".." }`.
    fn text_or_secret(&mut self, node: &Node, meant: &str) -> Option<String> {
        if node.as_map().is_none() {
            return self.of.text(node, meant);
        }
        let fields = self.of.fields(node, &SECRET)?;
        match (fields.get("env"), fields.get("file")) {
            (Some(variable), None) => self.secret(variable, true),
            (None, Some(file)) => self.secret(file, false),
            _ => {
                self.of.problem(
                    "no-secret",
                    node.span,
                    "a secret comes from one place",
                    "one of `env` and `file`",
                    Some("write `{ env = \"VARIABLE\" }` or `{ file = \"FILE\" }`".to_owned()),
                );
                None
            }
        }
    }

    /// The value of a secret; empty for a target that nobody asked for.
    fn secret(&mut self, node: &Node, from_env: bool) -> Option<String> {
        let name = self.of.filled(
            node,
            if from_env {
                "an environment variable"
            } else {
                "a file"
            },
        )?;
        if !self.wanted {
            return Some(String::new());
        }
        let value = if from_env {
            secret_in(&name, "secret")
        } else {
            let path = self.named("a secret", &name);
            fs::read_to_string(&path)
                .map_err(|error| format!("`{}` cannot be read: {error}", path.display()))
                .and_then(|text| match text.trim_end_matches(['\r', '\n']) {
                    "" => Err(format!(
                        "`{}` is empty, and so is no secret",
                        path.display()
                    )),
                    secret => Ok(secret.to_owned()),
                })
        };
        match value {
            Ok(value) => {
                self.secrets.push(Hidden(value.clone()));
                Some(value)
            }
            Err(why) => {
                self.of
                    .problem("no-secret", node.span, why, "wanted here", None);
                None
            }
        }
    }
}
