use super::Limits;
use crate::{
    auth::User,
    mock::{Admin, Clock, Cues, Tls},
};
use std::{
    fmt, io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
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
