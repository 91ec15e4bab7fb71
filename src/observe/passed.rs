use crate::contract::Level;
use std::time::Duration;

/// What has passed so far, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Connections of clients.
    pub connections: u64,
    /// Those that are open now.
    pub open: u64,
    /// Exchanges that have ended, however they did.
    pub exchanges: u64,
    /// Those that ended with a whole reply.
    pub replied: u64,
    /// Those that were forwarded but not judged, because too many waited to be judged or were too large together.
    pub overflowed: u64,
    /// Those that were open when the proxy stopped, or that cannot be read behind a flaw on their connection; not judged.
    pub unfinished: u64,
    /// Connections that went on as something that is not HTTP (`CONNECT`, `Upgrade`), or on which a client asked more behind what
    /// the server sent and nobody can read; not judged from there on.
    pub unread: u64,
}

impl Tally {
    /// How much passed without being judged.
    #[must_use]
    pub fn not_judged(&self) -> u64 {
        self.overflowed + self.unfinished + self.unread
    }
}

/// Who sent something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The client.
    Client,
    /// The server.
    Server,
}

/// What is wrong below any contract: bytes that are no HTTP, a connection that cannot be made. It belongs to no exchange that
/// could be judged. Seen again it is only counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// Who is to blame.
    pub side: Side,
    /// `Must`, or `May` where it is only worth a note.
    pub level: Level,
    /// The connection it was first seen on.
    pub connection: u64,
    /// When it was first seen, counted from the start of the proxy.
    pub at: Duration,
    /// What was expected, for a person.
    pub expected: String,
    /// What was there when it was first seen, for a person.
    pub actual: String,
    /// How often it was seen.
    pub times: u64,
}
