//! Where uploads and files are kept: in memory or in a folder. In: bytes and names; out: bytes. It
//! must not know sessions' rules, only their records.

mod folder;
mod memory;

pub(crate) use folder::Folder;
pub(crate) use memory::Memory;

use super::{Destination, Fault, entity::Entity, session::Record};
use crate::mock::Moment;
use bytes::Bytes;
use std::{fmt, fs::File, io, path::PathBuf};

/// What stands at a destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Nothing,
    File,
    Folder,
}

/// A file as it can be read.
#[derive(Debug)]
pub(crate) struct Stored {
    /// Its bytes.
    pub(crate) content: Content,
    /// How many.
    pub(crate) length: u64,
    /// When it was written.
    pub(crate) modified: Moment,
}

/// The bytes of a file.
#[derive(Debug)]
pub(crate) enum Content {
    /// In memory.
    Bytes(Bytes),
    /// Open for reading.
    File(File),
}

/// On which terms a file is published.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    /// Whether a file that exists is replaced.
    pub(crate) overwrite: bool,
    /// Whether it must survive the end of the machine.
    pub(crate) sync: bool,
    /// When.
    pub(crate) now: Moment,
}

/// Keeps uploads while they last, and files for good. Each call guards itself; none waits for another's bytes.
pub(crate) trait Store: Send + Sync + fmt::Debug {
    /// What stands there.
    ///
    /// # Errors
    /// [`Fault::Denied`] where a link or a file stands in the way.
    fn look(&self, destination: &Destination) -> Result<Found, Fault>;

    /// Whether the folder of the destination exists.
    fn has_folder(&self, destination: &Destination) -> bool;

    /// Room for a new upload, empty.
    fn entity(&self, id: &str) -> Entity;

    /// Makes the bytes a file, all at once; never over another one without leave.
    ///
    /// # Errors
    /// [`Fault::Exists`], [`Fault::IsFolder`], [`Fault::Denied`], or that storage failed.
    fn publish(&self, entity: &mut Entity, to: &Destination, terms: Terms) -> Result<(), Fault>;

    /// The file there, for reading.
    fn open(&self, destination: &Destination) -> Option<Stored>;

    /// Keeps the record of a session.
    ///
    /// # Errors
    /// Where it cannot be written.
    fn save(&self, record: &Record, sync: bool) -> io::Result<()>;

    /// Drops record and reply of a session.
    fn forget(&self, id: &str);

    /// Drops the reply of a session.
    fn drop_reply(&self, id: &str);

    /// Counts the reply that an application wrote by itself.
    ///
    /// # Errors
    /// Where there is no room for it.
    fn count_reply(&self, id: &str) -> io::Result<()>;

    /// The sessions that are still known after a restart.
    fn recover(&self) -> Vec<(Record, Entity)>;

    /// Where an application may write its reply, if there are files at all.
    fn reply_file(&self, id: &str) -> Option<PathBuf>;

    /// Keeps the reply to an upload.
    ///
    /// # Errors
    /// Where there is no room or it cannot be written.
    fn keep_reply(&self, id: &str, bytes: &Bytes) -> io::Result<()>;

    /// The reply to an upload, for reading.
    fn open_reply(&self, id: &str) -> Option<Stored>;
}
