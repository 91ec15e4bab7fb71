use super::{Destination, entity::Entity};
use crate::mock::Moment;
use serde::{Deserialize, Serialize};

/// One upload from Create-Session to its end.
#[derive(Debug)]
pub(crate) struct Session {
    /// Its id, as it was told.
    pub(crate) id: String,
    /// Where the file is to go.
    pub(crate) destination: Destination,
    /// Who created it.
    pub(crate) user: Option<String>,
    /// Its place in the order of creation.
    pub(crate) serial: u64,
    /// The connection that created it.
    pub(crate) connection: u64,
    /// When a packet for it last succeeded.
    pub(crate) active: Moment,
    /// How many bytes it will have; known from the first fragment on.
    pub(crate) total: Option<u64>,
    /// How far it is.
    pub(crate) phase: Phase,
    /// Its bytes.
    pub(crate) entity: Entity,
    /// Counts who writes: only the latest fragment does.
    pub(crate) writer: u64,
    /// How many fragments were confirmed.
    pub(crate) confirmed: u64,
    /// How many of its bytes the client is not told of: none, unless a quirk keeps them back.
    pub(crate) untold: u64,
    /// Whether the record on disk says that publication has begun.
    pub(crate) publishing: bool,
}

/// How far a session is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Phase {
    /// Bytes are awaited, or the success of the last ones has not been told.
    #[default]
    Receiving,
    /// All bytes are there and the client was told so; Close-Session is awaited.
    Waiting {
        /// What the client was told with it.
        reply_url: Option<String>,
        /// Whether closing publishes the file.
        copy: bool,
        /// Whether the file is published already.
        published: bool,
    },
    /// It is over, and only who still holds it sees it.
    Ended,
}

impl Session {
    /// Whether all bytes are there.
    pub(crate) fn is_complete(&self) -> bool {
        self.total == Some(self.entity.held().saturating_sub(self.untold)) || self.is_published()
    }

    /// Whether the file is at its destination already.
    pub(crate) fn is_published(&self) -> bool {
        matches!(
            self.phase,
            Phase::Waiting {
                published: true,
                ..
            }
        )
    }

    /// The offset expected next.
    pub(crate) fn offset(&self) -> u64 {
        if self.is_published() {
            self.total.unwrap_or_default()
        } else {
            self.entity.held().saturating_sub(self.untold)
        }
    }

    /// A session as its record and bytes tell it; none where it had ended.
    pub(crate) fn recovered(record: Record, entity: Entity, now: Moment) -> Option<Self> {
        let destination = Destination::from_segments(&record.destination).ok()?;
        // Time does not run backwards, whatever clock wrote the record or the file.
        let written = entity
            .file()
            .and_then(|path| path.metadata().ok()?.modified().ok())
            .and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok())
            .map_or(0, |time| {
                u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
            });
        let there = entity.file().is_some_and(std::path::Path::exists);
        let phase = match record.phase {
            Phase::Ended => return None,
            Phase::Receiving if record.publishing && !there => Phase::Waiting {
                reply_url: None,
                copy: true,
                published: true,
            },
            Phase::Waiting {
                reply_url, copy, ..
            } if record.publishing && !there => Phase::Waiting {
                reply_url,
                copy,
                published: true,
            },
            phase => phase,
        };
        Some(Self {
            id: record.id,
            destination,
            user: record.user,
            serial: record.serial,
            connection: 0,
            active: Moment(record.active.max(written).min(now.0)),
            total: record.total,
            phase,
            entity,
            writer: 0,
            confirmed: 0,
            untold: 0,
            publishing: false,
        })
    }

    /// What must survive a restart.
    pub(crate) fn record(&self) -> Record {
        Record {
            id: self.id.clone(),
            destination: self.destination.names().to_vec(),
            user: self.user.clone(),
            serial: self.serial,
            active: self.active.0,
            total: self.total,
            phase: self.phase.clone(),
            publishing: self.publishing,
        }
    }
}

/// A session as it stands on disk, besides its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) id: String,
    pub(crate) destination: Vec<String>,
    pub(crate) user: Option<String>,
    pub(crate) serial: u64,
    pub(crate) active: u64,
    pub(crate) total: Option<u64>,
    pub(crate) phase: Phase,
    pub(crate) publishing: bool,
}
