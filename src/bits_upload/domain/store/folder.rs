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
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicUsize},
    time::UNIX_EPOCH,
};
use tempfile::{TempDir, TempPath};

/// Files in a folder that outlive the server.
///
/// ```text
/// FOLDER/lock                         held while a server uses the folder
/// FOLDER/files/...                    what was published, under the path of its URL
/// FOLDER/uploads/GUID.part            the bytes of an upload, as long as they are
/// FOLDER/uploads/GUID.jsonl           its record: destination, total, phase; the last whole line counts
/// FOLDER/replies/GUID/responsefile.bin   an application's reply, until Close-Session
/// ```
///
/// # Why
/// The length of the `.part` file is the offset: there is nothing that could disagree with it after a
/// kill. The record is written only when something in it changes, which is at most four times in the life
/// of a session that goes well, never per fragment. Each time a whole line is added, between two line ends, so
/// that a line which a kill or a full disk left torn neither counts nor spoils the next: making a file beside
/// its place and renaming it would be as safe, and is the dearest thing that a small upload would cost.
#[derive(Debug)]
pub(crate) struct Folder {
    root: PathBuf,
    space: Arc<Space>,
    handles: Arc<AtomicUsize>,
    _lock: Held,
    _temporary: Option<TempDir>,
}

/// The lock of a folder, given back when it is dropped.
///
/// # Why
/// A process that another thread is just starting has the file open too, until its own program begins: closing ours would
/// leave the lock with it, and whoever starts on the folder at once would be told that another server uses it.
#[derive(Debug)]
struct Held(File);

impl Drop for Held {
    fn drop(&mut self) {
        // Where it fails, closing the file gives it back.
        let _ = self.0.unlock();
    }
}

impl Folder {
    /// Uses a folder, making it where it does not exist.
    ///
    /// # Errors
    /// Where it cannot be used, or another server uses it.
    pub(crate) fn open(root: &Path, limit: Option<u64>) -> io::Result<Self> {
        for part in ["files", "uploads", "replies"] {
            fs::create_dir_all(root.join(part))?;
        }
        let root = root.canonicalize()?;
        let lock = File::create(root.join("lock"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => {}
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) => {
                return Err(io::Error::other("another server uses this folder"));
            }
        }
        let used = limit.map_or(0, |_| size_of(&root));
        Ok(Self {
            root,
            space: Space::new(used, limit),
            handles: Arc::default(),
            _lock: Held(lock),
            _temporary: None,
        })
    }

    /// A folder of its own that goes with the server.
    ///
    /// # Errors
    /// Where none can be made.
    pub(crate) fn temporary(limit: Option<u64>) -> io::Result<Self> {
        let folder = TempDir::with_prefix("wireproof-bits-")?;
        let mut store = Self::open(folder.path(), limit)?;
        store._temporary = Some(folder);
        Ok(store)
    }

    fn record(&self, id: &str) -> PathBuf {
        self.root
            .join("uploads")
            .join(format!("{}.jsonl", plain(id)))
    }

    fn part(&self, id: &str) -> PathBuf {
        self.root
            .join("uploads")
            .join(format!("{}.part", plain(id)))
    }

    fn reply(&self, id: &str) -> PathBuf {
        self.root
            .join("replies")
            .join(plain(id))
            .join("responsefile.bin")
    }

    /// The path of a destination, where nothing but folders leads there, and what stands there.
    fn place(&self, destination: &Destination) -> Result<(PathBuf, Found), Fault> {
        let mut path = self.root.join("files");
        let mut found = Found::Folder;
        for (at, name) in destination.names().iter().enumerate() {
            path.push(name);
            let last = at + 1 == destination.names().len();
            match path.symlink_metadata() {
                Ok(meta) if meta.is_symlink() || !(last || meta.is_dir()) => {
                    return Err(Fault::Denied);
                }
                Ok(meta) if meta.is_dir() => found = Found::Folder,
                Ok(meta) if meta.is_file() => found = Found::File,
                Err(error) if error.kind() == ErrorKind::NotFound => found = Found::Nothing,
                Ok(_) | Err(_) => return Err(Fault::Denied),
            }
        }
        Ok((path, found))
    }

    fn drop_part(&self, part: &Path) {
        if let Ok(meta) = part.metadata() {
            self.space.give(meta.len());
            let _ = fs::remove_file(part);
        }
    }

    /// Writes a record beside its place and puts it there, with nothing of what stood there before.
    fn replace(&self, record: &Path, line: &[u8], sync: bool) -> io::Result<()> {
        let beside = record.with_extension("tmp");
        let mut file = File::create(&beside)?;
        file.write_all(line)?;
        if sync {
            file.sync_all()?;
        }
        fs::rename(&beside, record)?;
        if sync { sync_folder(record) } else { Ok(()) }
    }
}

/// How long a record may become before it is written anew: failures add lines, and must not do so for ever.
const LONGEST: u64 = 16 * 1024;

/// The last whole line that is a record.
fn last(lines: &[u8]) -> Option<Record> {
    let whole = lines.split_inclusive(|byte| *byte == b'\n').rev();
    whole
        .filter(|line| line.ends_with(b"\n"))
        .find_map(|line| serde_json::from_slice(line).ok())
}

/// Whether not one line was written to its end: nobody was told of that session.
fn is_torn(lines: &[u8]) -> bool {
    let whole = lines.split_inclusive(|byte| *byte == b'\n');
    whole
        .take_while(|line| line.ends_with(b"\n"))
        .all(|line| line == b"\n")
}

/// An id as the name of a file.
fn plain(id: &str) -> String {
    id.chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
        .take(200)
        .collect()
}

fn size_of(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else {
        return 0;
    };
    entries
        .flatten()
        .filter_map(|entry| {
            Some((
                entry.path(),
                entry.file_type().ok()?,
                entry.metadata().ok()?,
            ))
        })
        .map(|(path, kind, meta)| {
            if kind.is_dir() {
                size_of(&path)
            } else {
                meta.len()
            }
        })
        .sum()
}

fn stored(path: &Path) -> Option<Stored> {
    let file = File::open(path).ok()?;
    let meta = file.metadata().ok().filter(fs::Metadata::is_file)?;
    let modified = meta.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(Stored {
        content: Content::File(file),
        length: meta.len(),
        modified: Moment(u64::try_from(modified.as_millis()).unwrap_or(u64::MAX)),
    })
}

fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if cfg!(unix) => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

impl Store for Folder {
    fn look(&self, destination: &Destination) -> Result<Found, Fault> {
        self.place(destination).map(|(_, found)| found)
    }

    fn has_folder(&self, destination: &Destination) -> bool {
        self.place(destination)
            .is_ok_and(|(path, _)| path.parent().is_some_and(Path::is_dir))
    }

    fn entity(&self, id: &str) -> Entity {
        let handles = Arc::clone(&self.handles);
        Entity::new_file(self.part(id), handles, Arc::clone(&self.space))
    }

    fn publish(&self, entity: &mut Entity, to: &Destination, terms: Terms) -> Result<(), Fault> {
        let failed = |error: io::Error| Fault::from(&error);
        let (path, found) = self.place(to)?;
        let replaced = match found {
            Found::Folder => return Err(Fault::IsFolder),
            Found::File if !terms.overwrite => return Err(Fault::Exists),
            Found::File => path.metadata().map_or(0, |meta| meta.len()),
            Found::Nothing => 0,
        };
        if let Some(folder) = path.parent().filter(|folder| !folder.is_dir()) {
            fs::create_dir_all(folder).map_err(|_| Fault::Denied)?;
        }
        entity.rest(terms.sync).map_err(failed)?;
        entity.make().map_err(failed)?;
        let part = entity.file().unwrap_or(Path::new("")).to_owned();
        if terms.overwrite {
            fs::rename(&part, &path).map_err(failed)?;
            self.space.give(replaced);
        } else {
            publish_new(&part, &path)?;
        }
        if terms.sync {
            sync_folder(&path).map_err(failed)?;
        }
        entity.has_been_published();
        Ok(())
    }

    fn open(&self, destination: &Destination) -> Option<Stored> {
        stored(&self.place(destination).ok()?.0)
    }

    fn save(&self, record: &Record, sync: bool) -> io::Result<()> {
        let path = self.record(&record.id);
        let mut line = vec![b'\n'];
        serde_json::to_writer(&mut line, record)?;
        line.push(b'\n');
        let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
        let before = file.metadata()?.len();
        if before > LONGEST {
            return self.replace(&path, &line, sync);
        }
        let mut written = file.write_all(&line);
        if written.is_ok() && sync {
            written = file.sync_data();
        }
        // What failed is not to come to light after a restart.
        written.inspect_err(|_| {
            let _ = file.set_len(before);
        })?;
        if sync && before == 0 {
            sync_folder(&path)
        } else {
            Ok(())
        }
    }

    fn forget(&self, id: &str) {
        let _ = fs::remove_file(self.record(id));
        self.drop_reply(id);
    }

    fn count_reply(&self, id: &str) -> io::Result<()> {
        let length = self.reply(id).metadata().map_or(0, |meta| meta.len());
        self.space.take(length).inspect_err(|_| {
            let _ = fs::remove_file(self.reply(id));
        })
    }

    fn drop_reply(&self, id: &str) {
        let reply = self.reply(id);
        if let (Ok(meta), Some(folder)) = (reply.metadata(), reply.parent()) {
            self.space.give(meta.len());
            let _ = fs::remove_dir_all(folder);
        } else if let Some(folder) = reply.parent() {
            let _ = fs::remove_dir(folder);
        }
    }

    /// Parts without a record belonged to sessions that had ended, records without a line to sessions that nobody
    /// was told of; they go.
    fn recover(&self) -> Vec<(Record, Entity)> {
        let mut found = Vec::new();
        let Ok(entries) = fs::read_dir(self.root.join("uploads")) else {
            return found;
        };
        for path in entries.flatten().map(|entry| entry.path()) {
            match path.extension().and_then(|extension| extension.to_str()) {
                Some("jsonl") => {
                    let Ok(lines) = fs::read(&path) else {
                        continue;
                    };
                    let record = last(&lines).filter(|record| self.record(&record.id) == path);
                    if let Some(record) = record {
                        let handles = Arc::clone(&self.handles);
                        let part = self.part(&record.id);
                        let entity = Entity::in_file(part, handles, Arc::clone(&self.space));
                        found.push((record, entity));
                    } else if is_torn(&lines) {
                        let _ = fs::remove_file(&path);
                        self.drop_part(&path.with_extension("part"));
                    }
                }
                Some("part") if !path.with_extension("jsonl").exists() => self.drop_part(&path),
                Some("tmp") => {
                    let _ = fs::remove_file(&path);
                }
                _ => {}
            }
        }
        found
    }

    fn reply_file(&self, id: &str) -> Option<PathBuf> {
        let path = self.reply(id);
        fs::create_dir_all(path.parent()?).ok()?;
        Some(path)
    }

    fn keep_reply(&self, id: &str, bytes: &Bytes) -> io::Result<()> {
        self.space.take(bytes.len() as u64)?;
        let path = self
            .reply_file(id)
            .ok_or_else(|| io::Error::from(ErrorKind::NotFound))?;
        fs::write(path, bytes)
    }

    fn open_reply(&self, id: &str) -> Option<Stored> {
        stored(&self.reply(id))
    }
}

/// Gives a file its final name unless that is taken, in one step of the file system.
fn publish_new(part: &Path, path: &Path) -> Result<(), Fault> {
    let failed = |error: io::Error| Fault::from(&error);
    let owned = TempPath::try_from_path(part).map_err(failed)?;
    owned.persist_noclobber(path).map_err(|refused| {
        let fault = match refused.error.kind() {
            ErrorKind::AlreadyExists => Fault::Exists,
            ErrorKind::NotFound => Fault::Gone,
            _ => Fault::from(&refused.error),
        };
        // Dropped, it would delete the upload.
        let _ = refused.path.keep();
        fault
    })
}

#[cfg(test)]
mod tests {
    use super::Folder;

    #[test]
    fn a_folder_is_free_at_once_though_a_process_that_is_being_started_has_its_lock_open() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::open(place.path(), None).unwrap();
        let inherited = folder._lock.0.try_clone().unwrap();
        assert!(Folder::open(place.path(), None).is_err());
        drop(folder);
        assert!(Folder::open(place.path(), None).is_ok());
        drop(inherited);
    }
}
