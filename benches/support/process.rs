use std::{
    env, fs,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

/// A server in a process of its own; it ends with this.
#[derive(Debug)]
pub(crate) struct Serving {
    child: Child,
    /// Where it listens.
    pub(crate) addr: SocketAddr,
}

impl Serving {
    /// `wireproof serve` with arguments.
    pub(crate) fn ours(arguments: &[&str]) -> Self {
        Self::of(&[&["serve"], arguments].concat())
    }

    /// `wireproof` with arguments that make it listen.
    pub(crate) fn of(arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wireproof"));
        command.args(arguments);
        Self::start(command)
    }

    /// A bare hyper reverse proxy before a server.
    pub(crate) fn proxy(upstream: &Self) -> Self {
        Self::role("proxy", Path::new(&upstream.addr.to_string()))
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) fn interrupt(mut self) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-INT", &id]).status();
        assert!(sent.is_ok_and(|sent| sent.success()));
        self.child.wait().expect("it is our child");
    }

    /// A bare hyper server that answers every request with this reply, as it was on the wire.
    pub(crate) fn bare(reply: &[u8], folder: &Path) -> Self {
        let file = folder.join("reply.bin");
        fs::write(&file, reply).expect("the temporary folder takes a file");
        Self::role("fixed", &file)
    }

    /// A bare hyper server that appends every body to a file of this folder and acknowledges it.
    pub(crate) fn bare_upload(folder: &Path) -> Self {
        Self::role("upload", folder)
    }

    fn role(role: &str, with: &Path) -> Self {
        let mut command = Command::new(env::current_exe().expect("a program has a path"));
        command.arg("--role").arg(role).arg(with);
        Self::start(command)
    }

    fn start(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it was built just now");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("it is piped");
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("it says where it listens");
        let addr = line
            .trim()
            .rsplit("http://")
            .next()
            .and_then(|addr| addr.parse().ok())
            .unwrap_or_else(|| panic!("it does not listen, but says `{line}`"));
        Self { child, addr }
    }

    /// `http://ADDR`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The most memory it ever had resident, MiB.
    pub(crate) fn peak(&self) -> f64 {
        memory(self.child.id(), "VmHWM:").unwrap_or(f64::NAN)
    }

    /// The memory it has resident, MiB.
    pub(crate) fn resident(&self) -> f64 {
        memory(self.child.id(), "VmRSS:").unwrap_or(f64::NAN)
    }

    /// The processor time it has taken, user and system, in seconds.
    pub(crate) fn cpu(&self) -> f64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()));
        let stat = stat.unwrap_or_default();
        // The name in parentheses may hold anything; what follows it are numbers.
        let fields = stat.rsplit(')').next().unwrap_or_default();
        let ticks: f64 = fields
            .split_ascii_whitespace()
            .skip(11)
            .take(2)
            .filter_map(|field| field.parse::<f64>().ok())
            .sum();
        // USER_HZ is 100 wherever Rust runs on Linux.
        ticks / 100.0
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What became of a program that ran to its end.
#[derive(Debug)]
pub(crate) struct Ran {
    /// How it ended.
    pub(crate) status: ExitStatus,
    /// The most memory it ever had resident, MiB.
    pub(crate) peak: f64,
}

/// How long a program takes from start to exit. Nothing is looked at meanwhile.
pub(crate) fn wall(command: &mut Command) -> Duration {
    let began = Instant::now();
    let status = quiet(command).status().expect("it was built just now");
    let took = began.elapsed();
    if !status.success() {
        let again = command.stderr(Stdio::piped()).output();
        let said = again.map(|again| again.stderr).unwrap_or_default();
        let said = String::from_utf8_lossy(&said);
        panic!("{command:?} ends with {status}: {said}");
    }
    took
}

/// How long a program takes from start to exit, and with which exit code it ends, whatever that is.
pub(crate) fn timed(command: &mut Command) -> (Duration, i32) {
    let began = Instant::now();
    let status = quiet(command).status().expect("it was built just now");
    (began.elapsed(), status.code().unwrap_or(-1))
}

/// Runs a program and watches its memory, on a processor of our own, so that no short peak is missed.
pub(crate) fn ran(command: &mut Command) -> Ran {
    let mut child = quiet(command).spawn().expect("it was built just now");
    let mut peak = 0.0;
    loop {
        peak = memory(child.id(), "VmHWM:").unwrap_or(peak);
        if let Some(status) = child.try_wait().expect("it is our child") {
            return Ran { status, peak };
        }
    }
}

fn quiet(command: &mut Command) -> &mut Command {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
}

fn memory(pid: u32, field: &str) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with(field))?;
    let kib: f64 = line.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1024.0)
}
