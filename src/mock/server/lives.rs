use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// Tells connections that they must end: all of them with their server, those that are there when it restarts.
#[derive(Debug)]
pub(super) struct Lives(Mutex<watch::Sender<bool>>);

impl Default for Lives {
    fn default() -> Self {
        Self(Mutex::new(watch::Sender::new(false)))
    }
}

impl Lives {
    /// What a connection that begins now has to look at.
    pub(super) fn subscribe(&self) -> watch::Receiver<bool> {
        self.current().subscribe()
    }

    /// Every connection ends with the reply that it is at; later ones live on.
    pub(super) fn end_all(&self) {
        let mut current = self.current();
        // Where the server stops, none lives on.
        if !current.send_replace(true) {
            *current = watch::Sender::new(false);
        }
    }

    /// Every connection ends with the reply that it is at, later ones too.
    pub(super) fn stop(&self) {
        self.current().send_replace(true);
    }

    fn current(&self) -> MutexGuard<'_, watch::Sender<bool>> {
        // Nothing is left half done where the lock is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
