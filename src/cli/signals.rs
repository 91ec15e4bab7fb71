//! Ctrl-C and SIGTERM.

use super::out::Stop;
use crate::report::Exit;
use std::{
    process,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
};
use tokio::sync::mpsc;

/// Requests to stop, heard from the first moment of the program, so that none kills it before its reports are written.
pub(crate) struct Signals {
    asked: mpsc::UnboundedReceiver<()>,
    /// Whether somebody waits for them; else the second ends the program.
    watched: Arc<AtomicBool>,
}

impl Signals {
    /// Listens from now on, in a thread of its own: what is read before a run begins is read without one.
    pub(crate) fn listen() -> Result<Self, Stop> {
        let failed =
            |error: std::io::Error| Stop::could_not(format!("cannot listen for signals: {error}"));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(failed)?;
        let mut signals = {
            let _inside = runtime.enter();
            stop()?
        };
        let (tell, asked) = mpsc::unbounded_channel();
        let watched = Arc::new(AtomicBool::new(false));
        let seen = watched.clone();
        let forward = async move {
            let mut times = 0;
            while signals.recv().await.is_some() {
                times += 1;
                if times > 1 && !seen.load(Relaxed) {
                    process::exit(Exit::Interrupted.code().into());
                }
                // Whoever was told may have ended.
                let _ = tell.send(());
            }
        };
        thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || runtime.block_on(forward))
            .map_err(failed)?;
        Ok(Self { asked, watched })
    }

    /// Waits until the program is asked to stop; it may have been, already.
    pub(crate) async fn asked(&mut self) {
        self.watched.store(true, Relaxed);
        if self.asked.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }

    /// Nobody waits any more.
    pub(crate) fn leave(&self) {
        self.watched.store(false, Relaxed);
    }
}

/// Counts how often the process was asked to stop: something arrives for each time.
///
/// Must be called in a tokio runtime.
pub(crate) fn stop() -> Result<mpsc::UnboundedReceiver<()>, Stop> {
    let (asked, receiver) = mpsc::unbounded_channel();
    #[cfg(unix)]
    for kind in [
        tokio::signal::unix::SignalKind::interrupt(),
        tokio::signal::unix::SignalKind::terminate(),
    ] {
        let mut signal = tokio::signal::unix::signal(kind)
            .map_err(|error| Stop::could_not(format!("cannot listen for signals: {error}")))?;
        let asked = asked.clone();
        tokio::spawn(
            async move { while signal.recv().await.is_some() && asked.send(()).is_ok() {} },
        );
    }
    #[cfg(not(unix))]
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() && asked.send(()).is_ok() {}
    });
    Ok(receiver)
}
