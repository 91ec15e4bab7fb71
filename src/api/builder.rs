use super::{Calls, Unmet, forms, verify};
use crate::{
    auth::User,
    bits_upload::{self, MissingFolder, Overlap},
    hpc_pack::{self, Form, Hosting},
    mock::{
        Admin, Auth, Clock, Cue, CueBook, CueError, CueId, Cues, Entry, Ids, Kind, Options, Server,
        ServerError, ServerOptions, Sessions, SettingError, Tls, cues::Unmatched, reset,
    },
};
use std::{fmt, marker::PhantomData, net::SocketAddr, path::PathBuf, sync::Arc};

/// Marks the builder of an HPC Pack head node.
#[derive(Clone, Copy, Debug)]
pub struct HpcPack;

/// Marks the builder of a BITS upload server.
#[derive(Clone, Copy, Debug)]
pub struct BitsUpload;

/// A head node to be started: in the form of HPC Pack 2016, in Azure, unless told otherwise.
///
/// ```
/// # async fn shown() -> Result<(), wireproof::StartError> {
/// let hpc = wireproof::hpc_pack().form(wireproof::Form::Pre2016).cluster("ALPHA").start().await?;
/// println!("a head node at {}", hpc.url());
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn hpc_pack() -> MockBuilder<HpcPack> {
    MockBuilder::new(&hpc_pack::KIND)
}

/// A BITS upload server to be started: in memory, open to everybody on this machine, unless told otherwise.
#[must_use]
pub fn bits_upload() -> MockBuilder<BitsUpload> {
    MockBuilder::new(&bits_upload::KIND)
}

/// A mock to be started. The methods change it; [`start`](MockBuilder::start) starts it.
#[derive(Clone)]
pub struct MockBuilder<S> {
    kind: &'static Kind,
    options: Options,
    server: ServerOptions,
    admin: bool,
    suite: PhantomData<S>,
}

impl<S> fmt::Debug for MockBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MockBuilder")
            .field("suite", &self.kind.suite)
            .field("options", &self.options)
            .field("server", &self.server)
            .finish()
    }
}

/// Why a mock did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting or quirk that does not exist, or has no such value.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The address cannot be listened on.
    #[error(transparent)]
    Server(#[from] ServerError),
}

impl<S> MockBuilder<S> {
    fn new(kind: &'static Kind) -> Self {
        Self {
            kind,
            options: Options::default(),
            server: ServerOptions::default(),
            admin: false,
            suite: PhantomData,
        }
    }

    /// Sets one setting or limit by name, as `wireproof serve --set NAME=VALUE` does; `--help-settings` lists them.
    #[must_use]
    pub fn set(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.options.set.push((name.into(), value.into()));
        self
    }

    /// Switches one deliberate deviation from the contract on, as `--quirk ID` does.
    #[must_use]
    pub fn quirk(mut self, id: impl Into<String>) -> Self {
        self.options.quirks.push(id.into());
        self
    }

    /// The time of the mock; by default that of the machine. A held clock moves only when a test advances it.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.options.clock = clock.clone();
        self.server.clock = clock;
        self
    }

    /// Where ids come from; by default they cannot be guessed.
    #[must_use]
    pub fn ids(mut self, ids: Ids) -> Self {
        self.options.ids = ids;
        self
    }

    /// The folder that state is kept in; by default it is kept in memory.
    #[must_use]
    pub fn data_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.options.data_dir = Some(folder.into());
        self
    }

    /// Demands Basic authentication with this user; called again, with one of these users.
    #[must_use]
    pub fn basic(mut self, name: impl Into<String>, password: impl Into<String>) -> Self {
        let user = User::new(name, password);
        match &mut self.server.auth {
            Auth::Basic { users } => users.push(user),
            other => *other = Auth::Basic { users: vec![user] },
        }
        self
    }

    /// Demands NTLMv2 with this user; called again, with one of these users.
    #[must_use]
    pub fn ntlm(mut self, name: impl Into<String>, password: impl Into<String>) -> Self {
        let user = User::new(name, password);
        match &mut self.server.auth {
            Auth::Ntlm { users } => users.push(user),
            other => *other = Auth::Ntlm { users: vec![user] },
        }
        self
    }

    /// Speaks TLS with that certificate.
    #[must_use]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.server.tls = Some(tls);
        self
    }

    /// Where to listen; by default on a free port of `127.0.0.1`.
    #[must_use]
    pub fn listen(mut self, addr: SocketAddr) -> Self {
        self.server.listen = addr;
        self
    }

    /// Code of your own that is asked what strikes a request, where no [`Cue`] does.
    #[must_use]
    pub fn cues(mut self, cues: Arc<dyn Cues>) -> Self {
        self.server.cues = Some(cues);
        self
    }

    /// Has the admin interface under `/__wireproof/`, as `wireproof serve` has, for programs on this machine.
    #[must_use]
    pub fn admin(mut self) -> Self {
        self.admin = true;
        self
    }

    /// Starts the mock; it listens when this returns, until the [`Mock`] is dropped.
    ///
    /// # Errors
    /// A setting or quirk that does not exist; an address that cannot be listened on; no tokio runtime around it.
    pub async fn start(mut self) -> Result<Mock, StartError> {
        let mut of_mock = Vec::new();
        for (name, value) in std::mem::take(&mut self.options.set) {
            if !self.server.set(&name, &value)? {
                of_mock.push((name, value));
            }
        }
        self.options.set = of_mock;
        let model = (self.kind.start)(&self.options)?;
        let operations = forms::operations(self.kind, &self.options.set);
        let mut server = self.server;
        let book = CueBook::new(Arc::clone(&model), server.clock.clone(), operations);
        let book = Arc::new(book.also(server.cues.take()));
        if self.admin {
            let admin = Admin::new(self.kind.suite, Arc::clone(&book));
            server.admin = Some(Arc::new(admin));
        }
        server.cues = Some(Arc::clone(&book) as Arc<dyn Cues>);
        Ok(Mock {
            server: Server::start(model, server)?,
            book,
        })
    }
}

impl MockBuilder<HpcPack> {
    /// All settings at once, typed.
    #[must_use]
    pub fn settings(mut self, settings: &hpc_pack::Settings) -> Self {
        self.options.set.extend(settings.pairs());
        self
    }

    /// The form of URIs.
    #[must_use]
    pub fn form(self, form: Form) -> Self {
        let word = match form {
            Form::V2016 => "2016",
            Form::Pre2016 => "pre2016",
        };
        self.set("form", word)
    }

    /// The name of the cluster, which stands in URIs of the form before 2016.
    #[must_use]
    pub fn cluster(self, name: impl Into<String>) -> Self {
        self.set("cluster", name)
    }

    /// Where the service runs.
    #[must_use]
    pub fn hosting(self, hosting: Hosting) -> Self {
        let word = match hosting {
            Hosting::Azure => "azure",
            Hosting::OnPremises => "on-premises",
        };
        self.set("hosting", word)
    }
}

impl MockBuilder<BitsUpload> {
    /// All settings at once, typed.
    #[must_use]
    pub fn settings(mut self, settings: &bits_upload::Settings) -> Self {
        self.options.set.extend(settings.pairs());
        self
    }

    /// Whether an upload may replace a file that exists.
    #[must_use]
    pub fn overwrite(self, allowed: bool) -> Self {
        self.set("overwrite", allowed.to_string())
    }

    /// What happens to a fragment that starts before the expected offset.
    #[must_use]
    pub fn overlap(self, overlap: Overlap) -> Self {
        let settings = bits_upload::Settings::default().overlap(overlap);
        self.one(&settings, "overlap")
    }

    /// What happens where the folder of the destination does not exist.
    #[must_use]
    pub fn missing_folder(self, missing_folder: MissingFolder) -> Self {
        let settings = bits_upload::Settings::default().missing_folder(missing_folder);
        self.one(&settings, "missing-folder")
    }

    fn one(mut self, settings: &bits_upload::Settings, name: &str) -> Self {
        let pairs = settings.pairs().into_iter();
        self.options
            .set
            .extend(pairs.filter(|(known, _)| known == name));
        self
    }
}

/// A mock that listens. It stops when it is dropped.
pub struct Mock {
    server: Server,
    book: Arc<CueBook>,
}

impl fmt::Debug for Mock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mock").field("url", &self.url()).finish()
    }
}

impl Mock {
    /// `http://127.0.0.1:PORT`, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// What was received and answered, oldest first; secrets are masked.
    #[must_use]
    pub fn received(&self) -> Vec<Entry> {
        self.server.journal().received()
    }

    /// Has something go wrong; it is asked behind the cues that were placed before it.
    ///
    /// # Errors
    /// It names an operation or a fault that does not exist, or its path or a regular expression cannot be read.
    pub fn cue(&self, cue: Cue) -> Result<CueId, CueError> {
        self.book.place(cue)
    }

    /// The cues, to list them or to take them away.
    #[must_use]
    pub fn cues(&self) -> &CueBook {
        &self.book
    }

    /// The latest requests that no cue struck while there were cues, and why none did.
    #[must_use]
    pub fn unmatched(&self) -> Vec<Unmatched> {
        self.book.unmatched()
    }

    /// Sees to it that the calls came that are expected.
    ///
    /// # Panics
    /// Where they did not: the message shows the nearest request, and line by line what differed.
    #[track_caller]
    pub fn verify(&self, calls: impl Into<Calls>) {
        if let Err(unmet) = self.verified(calls) {
            panic!("{unmet}");
        }
    }

    /// The same as a value. The journal holds the latest requests, 4 MiB of them.
    ///
    /// # Errors
    /// The calls did not come as expected.
    pub fn verified(&self, calls: impl Into<Calls>) -> Result<(), Unmet> {
        verify(&calls.into(), &self.received(), self.book.operations())
    }

    /// Drops the session of that id; false where there is none.
    pub fn drop_session(&self, id: &str) -> bool {
        let now = self.clock().now();
        self.server.model().drop_sessions(Sessions::Named(id), now) > 0
    }

    /// Starts the server again: what only memory held is lost, and every connection ends. Cues and journal stay.
    ///
    /// A BITS server with [`data_dir`](MockBuilder::data_dir) still has its sessions then; a head node has lost jobs and
    /// sessions.
    pub fn restart(&self) {
        self.server.restart();
    }

    /// Takes everything back to its start: no cues, no journal, no sessions, jobs and uploads. The clock stays as it is, and
    /// so do files in [`data_dir`](MockBuilder::data_dir).
    pub fn reset(&self) {
        let server = &self.server;
        reset(
            &self.book,
            server.model().as_ref(),
            server.journal(),
            server.clock(),
        );
    }

    /// Its time: `clock().advance(..)` moves it.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        self.server.clock()
    }

    /// The server itself, for what has no method here.
    #[must_use]
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Stops listening, answers every request that was accepted, and ends.
    pub async fn shutdown(self) {
        self.server.shutdown().await;
    }
}
