use crate::{
    auth::User,
    mock::{Admin, Clock, Cues, Tls},
};
use std::{
    fmt, io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

/// How a [`Server`](super::Server) listens and what it puts up with.
#[derive(Clone)]
pub struct ServerOptions {
    /// Address and port; port 0 takes a free one. Default: `127.0.0.1:0`.
    pub listen: SocketAddr,
    /// The time of the mock. Default: that of the machine.
    pub clock: Clock,
    /// What a client may cost.
    pub limits: Limits,
    /// Who is let in. Default: everybody.
    pub auth: Auth,
    /// Speaks TLS with that certificate. Default: plain HTTP.
    pub tls: Option<Tls>,
    /// How many bytes the journal may hold. Default: 4 MiB.
    pub journal_bytes: usize,
    /// Whether everybody may be let in on an address that other machines reach. Default: no.
    pub allow_open: bool,
    /// Breaks things on cue. Default: nothing.
    pub cues: Option<Arc<dyn Cues>>,
    /// Lets itself be led from outside, under `/__wireproof/`. Default: no.
    pub admin: Option<Arc<Admin>>,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            clock: Clock::system(),
            limits: Limits::default(),
            auth: Auth::None,
            tls: None,
            journal_bytes: 4 * 1024 * 1024,
            allow_open: false,
            cues: None,
            admin: None,
        }
    }
}

impl fmt::Debug for ServerOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerOptions")
            .field("listen", &self.listen)
            .field("clock", &self.clock)
            .field("limits", &self.limits)
            .field("auth", &self.auth)
            .field("tls", &self.tls)
            .field("journal_bytes", &self.journal_bytes)
            .field("allow_open", &self.allow_open)
            .field("cues", &self.cues.is_some())
            .field("admin", &self.admin.is_some())
            .finish()
    }
}

/// Who is let in.
#[derive(Clone, Debug, Default)]
pub enum Auth {
    /// Everybody. The name in unverified `Authorization: Basic` or in an NTLM handshake is the user.
    #[default]
    None,
    /// `Basic` (RFC 7617) with one of these names and passwords.
    Basic {
        /// Who is known.
        users: Vec<User>,
    },
    /// NTLMv2 (\[MS-NLMP\]) with one of these names and passwords, bound to its connection.
    Ntlm {
        /// Who is known.
        users: Vec<User>,
    },
}

/// What one client, or all of them, may cost the server. Times are those of the machine, never the mock's clock.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections at once; one more is answered 503 and closed. Default: 10,000.
    pub connections: usize,
    /// Bytes of a request's head; 431 beyond. Default: 64 KiB. More than 128 fields are refused alike.
    pub head_bytes: usize,
    /// From the first byte of a head, or from the start of the connection, to its end; then 408, or the
    /// connection is closed where nothing came. Default: 30 s.
    pub head_time: Duration,
    /// How long a connection may lie idle between two requests. Default: 120 s.
    pub idle_time: Duration,
    /// Bytes of a request's body without framing; 413 beyond. Default: 1 GiB; `u64::MAX` for no limit.
    pub body_bytes: u64,
    /// How long the next byte of a body may take; then 408. Default: 60 s.
    pub body_idle: Duration,
    /// How long a client may take no byte of a reply; then the connection is closed. Default: 60 s.
    pub write_idle: Duration,
    /// How much of a body that nobody wants is read so that its connection can be kept after an early
    /// answer. Default: 64 KiB.
    pub drain_bytes: u64,
    /// How long [`shutdown`](super::Server::shutdown) waits for requests that were accepted. Default: 10 s.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            head_bytes: 64 * 1024,
            head_time: Duration::from_secs(30),
            idle_time: Duration::from_secs(120),
            body_bytes: 1024 * 1024 * 1024,
            body_idle: Duration::from_secs(60),
            write_idle: Duration::from_secs(60),
            drain_bytes: 64 * 1024,
            grace: Duration::from_secs(10),
        }
    }
}

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// Started outside a tokio runtime.
    #[error("a server needs a tokio runtime around it")]
    NoRuntime,
    /// The address cannot be listened on.
    #[error("cannot listen on {addr}: {source}")]
    Listen {
        /// What was asked for.
        addr: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// Other machines reach the address, and everybody would be let in.
    #[error(
        "{addr} can be reached from other machines and everybody would be let in: demand credentials, or allow it (`--allow-open`)"
    )]
    Open {
        /// What was asked for.
        addr: SocketAddr,
    },
}
