//! Ctrl-C and SIGTERM.

use super::out::Stop;
use tokio::sync::mpsc;

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
