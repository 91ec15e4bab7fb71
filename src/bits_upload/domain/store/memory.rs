use super::{Content, Found, Store, Stored, Terms};
use crate::{
    bits_upload::domain::{
        Destination, Fault,
        entity::{Entity, Space},
        session::Record,
    },
    mock::Moment,
};
use bytes::Bytes;
use std::{
    collections::{BTreeMap, HashMap},
    io,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Files that live as long as the server.
#[derive(Debug)]
pub(crate) struct Memory {
    space: Arc<Space>,
    files: Mutex<BTreeMap<String, (Bytes, Moment)>>,
    replies: Mutex<HashMap<String, Bytes>>,
}

impl Memory {
    /// No files yet.
    pub(crate) fn new(space: Arc<Space>) -> Self {
        Self {
            space,
            files: Mutex::default(),
            replies: Mutex::default(),
        }
    }

    fn files(&self) -> MutexGuard<'_, BTreeMap<String, (Bytes, Moment)>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn replies(&self) -> MutexGuard<'_, HashMap<String, Bytes>> {
        self.replies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn found(
    files: &BTreeMap<String, (Bytes, Moment)>,
    destination: &Destination,
) -> Result<Found, Fault> {
    let names = destination.names();
    if (1..names.len()).any(|n| files.contains_key(&names[..n].join("/"))) {
        return Err(Fault::Denied);
    }
    let path = destination.path();
    let below = format!("{path}/");
    Ok(if files.contains_key(&path) {
        Found::File
    } else if names.is_empty() || has_below(files, &below) {
        Found::Folder
    } else {
        Found::Nothing
    })
}

fn has_below(files: &BTreeMap<String, (Bytes, Moment)>, prefix: &str) -> bool {
    files
        .range(prefix.to_owned()..)
        .next()
        .is_some_and(|(path, _)| path.starts_with(prefix))
}

impl Store for Memory {
    fn look(&self, destination: &Destination) -> Result<Found, Fault> {
        found(&self.files(), destination)
    }

    fn has_folder(&self, destination: &Destination) -> bool {
        let names = destination.names();
        let folder = &names[..names.len().saturating_sub(1)];
        folder.is_empty() || has_below(&self.files(), &format!("{}/", folder.join("/")))
    }

    fn entity(&self, _id: &str) -> Entity {
        Entity::in_memory(Arc::clone(&self.space))
    }

    fn publish(&self, entity: &mut Entity, to: &Destination, terms: Terms) -> Result<(), Fault> {
        let mut files = self.files();
        match found(&files, to)? {
            Found::Folder => return Err(Fault::IsFolder),
            Found::File if !terms.overwrite => return Err(Fault::Exists),
            Found::File | Found::Nothing => {}
        }
        let bytes = Bytes::from(entity.give_away());
        if let Some((old, _)) = files.insert(to.path(), (bytes, terms.now)) {
            self.space.give(old.len() as u64);
        }
        entity.has_been_published();
        Ok(())
    }

    fn open(&self, destination: &Destination) -> Option<Stored> {
        let (bytes, modified) = self.files().get(&destination.path()).cloned()?;
        Some(Stored {
            length: bytes.len() as u64,
            content: Content::Bytes(bytes),
            modified,
        })
    }

    fn save(&self, _record: &Record, _sync: bool) -> io::Result<()> {
        Ok(())
    }

    fn forget(&self, id: &str) {
        self.drop_reply(id);
    }

    fn count_reply(&self, _id: &str) -> io::Result<()> {
        Ok(())
    }

    fn drop_reply(&self, id: &str) {
        if let Some(reply) = self.replies().remove(id) {
            self.space.give(reply.len() as u64);
        }
    }

    fn recover(&self) -> Vec<(Record, Entity)> {
        let freed: usize = self.files().values().map(|(bytes, _)| bytes.len()).sum();
        self.space.give(freed as u64);
        self.files().clear();
        self.replies().clear();
        Vec::new()
    }

    fn reply_file(&self, _id: &str) -> Option<PathBuf> {
        None
    }

    fn keep_reply(&self, id: &str, bytes: &Bytes) -> io::Result<()> {
        self.drop_reply(id);
        self.space.take(bytes.len() as u64)?;
        self.replies().insert(id.to_owned(), bytes.clone());
        Ok(())
    }

    fn open_reply(&self, id: &str) -> Option<Stored> {
        let bytes = self.replies().get(id).cloned()?;
        Some(Stored {
            length: bytes.len() as u64,
            content: Content::Bytes(bytes),
            modified: Moment::default(),
        })
    }
}
