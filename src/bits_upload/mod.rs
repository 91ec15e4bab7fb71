//! The BITS upload server: the BITS 1.5 upload protocol ([MC-BUP]) as a mock that loses nothing.
//!
//! In: heads and bodies of requests, through [`Model`]. Out: acks, files, and
//! requests to an application. It must not know sockets, scenarios or the checker.
//!
//! # Where to look
//! | for | look into |
//! |---|---|
//! | what can be set, with every default | `settings`, the words in `values` |
//! | what can be made to go wrong | `quirks`; errors told on cue, `cued` |
//! | one request from its head to its answer | `server` (doors call it), `packets` (validation, dispatch), `fragments` |
//! | the application behind an upload-reply | `notification`, `wire::notify` |
//! | what sessions do | `domain::uploads` (create, find, admit, time out), `domain::completion` (settle, close, cancel) |
//! | what becomes of a fragment's bytes | `domain::span` decides, `domain::ticket` does it |
//! | how bytes, records and files are kept, and survive a kill | `domain::entity`, `domain::store` |
//! | what may be a destination | `wire::target` decodes, `domain::destination` refuses |
//! | statuses and codes, one table | `wire::errors` |
//! | packets and what they must carry | `wire::packets` |
//! | header fields of acks | `wire::ack` |
//! | GET, HEAD and byte ranges | `wire::fetch` |
//!
//! # What holds at any moment
//! - The offset that a session tells is the number of bytes that are stored for it: the length of
//!   its file, or of its buffer. Nothing else is remembered, so nothing can disagree.
//! - A session has one lock, for its own bytes; no lock is held over the bytes of two.
//! - Of several fragments for one session only the latest that was admitted writes.
//! - A file appears at its destination whole and in one step, or not at all.
//!
//! Where the documents contradict each other, a setting decides; its default is the stance of
//! `ambiguities.md`.
//!
//! ```
//! use wireproof::{bits_upload::{self, Settings}, mock::{Clock, Ids, Options}};
//! let options = Options {
//!     set: Settings::default().overwrite(true).pairs(),
//!     clock: Clock::skipping(Clock::START),
//!     ids: Ids::seeded(7),
//!     ..Options::default()
//! };
//! let model = bits_upload::start(&options)?;
//! # Ok::<(), wireproof::mock::SettingError>(())
//! ```

mod cued;
mod domain;
mod fragments;
mod notification;
mod packets;
mod quirks;
mod server;
mod settings;
#[cfg(test)]
mod tests;
mod values;
mod wire;

pub use quirks::Quirk;
pub use server::Server;
pub use settings::{DiskSpace, Settings};
pub use values::{
    ApplicationBody, CheckAt, Chunked, CloseReplay, Code, CreateStatus, Durability, EarlyClose,
    EmptyUpload, ErrorHeader, ErrorOn416, ExistsStatus, FragmentTooLarge, LastFragmentAgain,
    MissingFolder, MissingLength, Notification, NotificationHeaders, Overlap, Publish, ReplyUrl,
    SessionPath, Status, TooLarge, Uploads,
};

use crate::mock::{Kind, Model, Options, SettingError};
use std::sync::Arc;

/// The id of the suite and its contract.
pub(crate) const SUITE: &str = "bits-upload";

/// The server as a mock: its settings, its quirks, and how it starts.
pub const KIND: Kind = Kind {
    suite: SUITE,
    settings: settings::SETTINGS,
    quirks: quirks::QUIRKS,
    faults: &cued::FAULTS,
    start,
};

/// Starts the server: in a folder where the options name one, in memory otherwise.
///
/// # Errors
/// An unknown setting, value or quirk; a folder that cannot be used.
pub fn start(options: &Options) -> Result<Arc<dyn Model>, SettingError> {
    Ok(Arc::new(Server::start(options)?))
}
