//! Signals that stop the server: the first drains, the second ends everything at once.

use std::io;

use tokio::sync::watch;

use super::Stage;

/// Follows SIGTERM and Ctrl-C. Must be called inside the runtime.
///
/// # Errors
/// The system refuses to hand signals over.
pub fn stop_signals() -> io::Result<watch::Receiver<Stage>> {
    let mut signals = Signals::new()?;
    let (tell, stage) = watch::channel(Stage::Serve);
    tokio::spawn(async move {
        for next in [Stage::Drain, Stage::Abort] {
            signals.next().await;
            tell.send_replace(next);
        }
    });
    Ok(stage)
}

#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Signals> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Signals { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> io::Result<Signals> {
        Ok(Signals)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
