use std::{
    fs::{File, OpenOptions},
    io::{self, ErrorKind, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

/// How many bytes the server may hold, and how many it does.
#[derive(Debug)]
pub(crate) struct Space {
    used: AtomicU64,
    limit: Option<u64>,
}

impl Space {
    pub(crate) fn new(used: u64, limit: Option<u64>) -> Arc<Self> {
        Arc::new(Self {
            used: AtomicU64::new(used),
            limit,
        })
    }

    pub(crate) fn take(&self, bytes: u64) -> io::Result<()> {
        let limit = self.limit.unwrap_or(u64::MAX);
        self.used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                used.checked_add(bytes).filter(|used| *used <= limit)
            })
            .map(|_| ())
            .map_err(|_| ErrorKind::StorageFull.into())
    }

    pub(crate) fn give(&self, bytes: u64) {
        let less = |used: u64| Some(used.saturating_sub(bytes));
        let _ = self
            .used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }

    #[cfg(test)]
    pub(crate) fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }
}

/// The bytes of one upload as far as they have arrived. What it holds is exactly what is stored.
#[derive(Debug)]
pub(crate) struct Entity {
    held: u64,
    place: Place,
    space: Arc<Space>,
}

#[derive(Debug)]
enum Place {
    Memory(Vec<u8>),
    File {
        path: PathBuf,
        open: Option<Handle>,
        handles: Arc<AtomicUsize>,
    },
}

impl Entity {
    pub(crate) fn in_memory(space: Arc<Space>) -> Self {
        Self {
            held: 0,
            place: Place::Memory(Vec::new()),
            space,
        }
    }

    /// In a file of its own; what another upload may have left there does not count and goes with the first byte.
    pub(crate) fn new_file(path: PathBuf, handles: Arc<AtomicUsize>, space: Arc<Space>) -> Self {
        Self {
            held: 0,
            place: Place::File {
                path,
                open: None,
                handles,
            },
            space,
        }
    }

    /// In a file, which may exist and then counts with what it holds.
    pub(crate) fn in_file(path: PathBuf, handles: Arc<AtomicUsize>, space: Arc<Space>) -> Self {
        let held = path.metadata().map_or(0, |meta| meta.len());
        Self {
            held,
            ..Self::new_file(path, handles, space)
        }
    }

    /// How many bytes are there: the offset that is expected next.
    pub(crate) fn held(&self) -> u64 {
        self.held
    }

    /// Where the file is, if there is one.
    pub(crate) fn file(&self) -> Option<&Path> {
        match &self.place {
            Place::Memory(_) => None,
            Place::File { path, .. } => Some(path),
        }
    }

    /// Sees to it that there is a file even where no byte has come.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub(crate) fn make(&self) -> io::Result<()> {
        match &self.place {
            Place::File { path, .. } if self.held == 0 => File::create(path).map(|_| ()),
            _ => Ok(()),
        }
    }

    /// Looks what is there: somebody may have shortened or deleted the file. Tells whether it exists.
    pub(crate) fn look(&mut self) -> bool {
        let Place::File { path, .. } = &self.place else {
            return true;
        };
        let there = path.metadata().map(|meta| meta.len());
        let held = self.held.min(there.as_ref().map_or(0, |len| *len));
        self.space.give(self.held - held);
        self.held = held;
        there.is_ok()
    }

    /// Adds bytes behind those that are there. Where it fails, what was written before is kept and counted.
    ///
    /// # Errors
    /// Where there is no room, or the file cannot be written.
    pub(crate) fn append(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        self.space.take(bytes.len() as u64)?;
        let result = match &mut self.place {
            Place::Memory(stored) => {
                stored.extend_from_slice(bytes);
                self.held += bytes.len() as u64;
                bytes = &[];
                Ok(())
            }
            Place::File {
                path,
                open,
                handles,
            } => append(path, open, handles, &mut self.held, &mut bytes),
        };
        self.space.give(bytes.len() as u64);
        result
    }

    /// Forgets all but the first bytes.
    pub(crate) fn cut_to(&mut self, length: u64) -> io::Result<()> {
        if length >= self.held {
            return Ok(());
        }
        match &mut self.place {
            Place::Memory(stored) => stored.truncate(index(length)),
            Place::File { path, open, .. } => {
                *open = None;
                OpenOptions::new().write(true).open(path)?.set_len(length)?;
            }
        }
        self.space.give(self.held - length);
        self.held = length;
        Ok(())
    }

    /// Replaces bytes that are there, from an offset on, and adds what lies behind them. For quirks only.
    pub(crate) fn replace(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        let mut all = self.read_all()?;
        let end = (index(at) + bytes.len()).max(all.len());
        all.resize(end, 0);
        all[index(at)..][..bytes.len()].copy_from_slice(bytes);
        self.cut_to(0)?;
        self.append(&all)
    }

    /// Lets go of the file between two fragments; with `sync`, after its bytes are on the disk.
    pub(crate) fn rest(&mut self, sync: bool) -> io::Result<()> {
        let Place::File { open, path, .. } = &mut self.place else {
            return Ok(());
        };
        let handle = open.take();
        if sync && self.held > 0 {
            match handle {
                Some(handle) => handle.file.sync_data()?,
                None => File::open(path)?.sync_data()?,
            }
        }
        Ok(())
    }

    /// All bytes. For notifications by value, whose size is limited, and for quirks.
    pub(crate) fn read_all(&mut self) -> io::Result<Vec<u8>> {
        match &mut self.place {
            Place::Memory(stored) => Ok(stored.clone()),
            Place::File { path, open, .. } => {
                *open = None;
                let mut bytes = Vec::new();
                match File::open(path) {
                    Ok(file) => file.take(self.held).read_to_end(&mut bytes)?,
                    Err(error) if error.kind() == ErrorKind::NotFound && self.held == 0 => 0,
                    Err(error) => return Err(error),
                };
                Ok(bytes)
            }
        }
    }

    /// The bytes, given away for publication; nothing where they are in a file.
    pub(crate) fn give_away(&mut self) -> Vec<u8> {
        match &mut self.place {
            Place::Memory(stored) => std::mem::take(stored),
            Place::File { .. } => Vec::new(),
        }
    }

    /// The bytes belong to a published file now: they no longer count as this upload's, nor is its file there.
    pub(crate) fn has_been_published(&mut self) {
        self.held = 0;
        self.place = Place::Memory(Vec::new());
    }

    /// Deletes them.
    pub(crate) fn delete(&mut self) {
        self.space.give(self.held);
        self.held = 0;
        match &mut self.place {
            Place::Memory(stored) => *stored = Vec::new(),
            Place::File { path, open, .. } => {
                *open = None;
                let _ = std::fs::remove_file(path);
            }
        }
    }
}

fn append(
    path: &Path,
    open: &mut Option<Handle>,
    handles: &Arc<AtomicUsize>,
    held: &mut u64,
    bytes: &mut &[u8],
) -> io::Result<()> {
    let mut handle = match open.take() {
        Some(handle) => handle,
        None => Handle::open(path, *held, handles)?,
    };
    while !bytes.is_empty() {
        match handle.file.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(n) => {
                *held += n as u64;
                *bytes = &bytes[n..];
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    if handle.counted {
        *open = Some(handle);
    }
    Ok(())
}

/// A file that is open for writing at the offset expected next.
#[derive(Debug)]
struct Handle {
    file: File,
    counted: bool,
    handles: Arc<AtomicUsize>,
}

impl Handle {
    /// How many may stay open within a fragment; beyond that a file is opened for each chunk.
    ///
    /// # Why
    /// A thousand uploads at once would otherwise need more descriptors than a process has by default.
    const MANY: usize = 256;

    fn open(path: &Path, held: u64, handles: &Arc<AtomicUsize>) -> io::Result<Self> {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        if file.metadata()?.len() != held {
            file.set_len(held)?;
        }
        file.seek(SeekFrom::Start(held))?;
        let counted = handles
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| {
                (n < Self::MANY).then_some(n + 1)
            })
            .is_ok();
        Ok(Self {
            file,
            counted,
            handles: Arc::clone(handles),
        })
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if self.counted {
            self.handles.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

fn index(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Entity, Space};
    use std::{
        io::ErrorKind,
        sync::{Arc, atomic::AtomicUsize},
    };

    fn both(limit: Option<u64>) -> (tempfile::TempDir, Arc<Space>, [Entity; 2]) {
        let folder = tempfile::tempdir().unwrap();
        let space = Space::new(0, limit);
        let handles = Arc::new(AtomicUsize::new(0));
        let file = Entity::in_file(folder.path().join("part"), handles, Arc::clone(&space));
        let memory = Entity::in_memory(Arc::clone(&space));
        (folder, space, [memory, file])
    }

    #[test]
    fn what_is_held_is_what_can_be_read() {
        let (_folder, space, entities) = both(None);
        for mut entity in entities {
            entity.append(b"abc").unwrap();
            entity.rest(false).unwrap();
            entity.append(b"defg").unwrap();
            entity.cut_to(5).unwrap();
            entity.append(b"!").unwrap();
            assert_eq!(
                (entity.held(), entity.read_all().unwrap()),
                (6, b"abcde!".to_vec())
            );
            entity.replace(4, b"XYZ").unwrap();
            assert_eq!(entity.read_all().unwrap(), b"abcdXYZ");
            entity.delete();
            assert_eq!(space.used(), 0);
        }
    }

    #[test]
    fn beyond_the_space_nothing_is_stored_and_the_disk_is_full() {
        let (_folder, _space, entities) = both(Some(8));
        for mut entity in entities {
            entity.append(b"12345678").unwrap();
            let full = entity.append(b"9").unwrap_err();
            assert_eq!((full.kind(), entity.held()), (ErrorKind::StorageFull, 8));
            entity.delete();
        }
    }

    #[test]
    fn a_file_shortened_by_somebody_else_counts_with_what_is_left() {
        let (folder, _space, [_, mut entity]) = both(None);
        entity.append(b"abcdef").unwrap();
        entity.rest(true).unwrap();
        std::fs::write(folder.path().join("part"), b"ab").unwrap();
        assert!(entity.look());
        entity.append(b"c").unwrap();
        assert_eq!(entity.read_all().unwrap(), b"abc");
        std::fs::remove_file(folder.path().join("part")).unwrap();
        assert!(!entity.look());
        assert_eq!(entity.held(), 0);
    }
}
