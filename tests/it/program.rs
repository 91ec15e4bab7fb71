//! The program, started as a user starts it.

use std::{
    env,
    ffi::OsStr,
    fs,
    io::{BufRead, BufReader, Read},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

/// What one run of the program came to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// Both streams, for messages of tests.
    pub(crate) fn all(&self) -> String {
        format!(
            "exit {}\n--- stdout\n{}\n--- stderr\n{}",
            self.code, self.stdout, self.stderr
        )
    }

    /// The same, after it was seen that it ended with that code.
    #[track_caller]
    pub(crate) fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}", self.all());
        assert!(!self.stderr.contains("panicked"), "{}", self.all());
        self
    }

    /// The same, after it was seen that standard error says that.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "no `{text}` in {}", self.all());
        self
    }

    /// The same, after it was seen that standard output holds that.
    #[track_caller]
    pub(crate) fn shows(self, text: &str) -> Self {
        assert!(self.stdout.contains(text), "no `{text}` in {}", self.all());
        self
    }

    /// Standard output as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|why| panic!("{why}: {}", self.all()))
    }
}

/// The program itself, in the folder of the crate, with nothing of our environment that changes its output.
pub(crate) fn command<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wireproof"));
    command
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_remove("NO_COLOR")
        .env_remove("COLUMNS")
        .stdin(Stdio::null());
    command
}

/// Runs the program to its end.
pub(crate) fn wireproof<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Ran {
    run(&mut command(arguments))
}

/// Runs any program to its end, which comes within two minutes.
pub(crate) fn run(command: &mut Command) -> Ran {
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|why| panic!("{command:?}: {why}"));
    let (done, waiting) = mpsc::channel();
    thread::spawn(move || done.send(child.wait_with_output()));
    let output = waiting
        .recv_timeout(Duration::from_secs(120))
        .unwrap_or_else(|_| panic!("{command:?} does not end"))
        .unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// `wireproof serve`, killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Serving {
    child: Child,
    /// `http://127.0.0.1:PORT`
    pub(crate) url: String,
    /// The line of standard output that told it, and all later ones.
    stdout: BufReader<std::process::ChildStdout>,
}

impl Serving {
    /// Starts it and waits for the line that tells where it listens.
    pub(crate) fn start<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Self {
        Self::of(command(["serve"]).args(arguments))
    }

    /// The same of a command that is written out.
    pub(crate) fn of(command: &mut Command) -> Self {
        Self::told_to(command, Stdio::null())
    }

    /// The same with its standard error led elsewhere.
    pub(crate) fn told_to(command: &mut Command, stderr: impl Into<Stdio>) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let url = line
            .strip_prefix("listening on ")
            .unwrap_or_else(|| panic!("the first line was `{line}`"))
            .trim_end()
            .to_owned();
        Self { child, url, stdout }
    }

    /// The most memory that it has taken so far, in bytes; Linux tells.
    pub(crate) fn peak_memory(&self) -> u64 {
        self.told("VmHWM:")
    }

    /// The memory that it has now, in bytes; Linux tells.
    pub(crate) fn memory(&self) -> u64 {
        self.told("VmRSS:")
    }

    fn told(&self, field: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let size = status.lines().find_map(|line| line.strip_prefix(field));
        let size = size.and_then(|size| size.trim().strip_suffix(" kB"));
        size.unwrap().parse::<u64>().unwrap() * 1024
    }

    /// How many files it has open, connections too; Linux tells.
    pub(crate) fn open_files(&self) -> usize {
        let files = fs::read_dir(format!("/proc/{}/fd", self.child.id()));
        files.unwrap().count()
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, name: &str) {
        signal(&self.child, name);
    }

    /// Asks it to stop with a signal, and gives its exit code and what else it printed.
    pub(crate) fn stop(mut self, signal: &str) -> (Option<i32>, String) {
        self.signal(signal);
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap().code(), rest)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a program of ours a signal.
pub(crate) fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    let sent = Command::new("kill").args([name, &id]).status().unwrap();
    assert!(sent.success());
}

/// Whether a tool is installed; `requests` is a library of Python.
pub(crate) fn is_there(tool: &str) -> bool {
    if tool != "requests" {
        return find(tool).is_some();
    }
    let imported = Command::new("python3")
        .args(["-c", "import requests"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    imported.is_ok_and(|status| status.success())
}

/// Where a tool is, if it is installed.
pub(crate) fn find(tool: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(["/usr/sbin".into()])
        .map(|folder| folder.join(tool))
        .find(|file| file.is_file())
}

/// Lets a moment pass between two polls.
#[expect(
    clippy::disallowed_methods,
    reason = "another program keeps the time here, as for any client"
)]
pub(crate) fn pause() {
    thread::sleep(Duration::from_millis(50));
}

/// A folder of its own for a test, below the build folder.
pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

/// Writes a file and the folders above it.
pub(crate) fn write(file: impl Into<PathBuf>, text: &str) -> String {
    let file = file.into();
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, text).unwrap();
    file.to_str().unwrap().to_owned()
}

/// curl, and the status, header fields and body that it got.
pub(crate) fn curl(arguments: &[&str]) -> Ran {
    run(Command::new("curl")
        .args([
            "--silent",
            "--show-error",
            "--include",
            "--max-time",
            "30",
            "--noproxy",
            "*",
        ])
        .args(arguments))
}
