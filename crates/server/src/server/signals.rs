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

/// Signals that are passed on to a command that is run against the server. Must be made inside the runtime.
#[derive(Debug)]
pub struct PassedSignals {
    receiver: tokio::sync::mpsc::UnboundedReceiver<i32>,
}

impl PassedSignals {
    /// Takes TERM, INT, HUP, QUIT, USR1 and USR2 from now on.
    ///
    /// # Errors
    /// The system refuses to hand signals over.
    pub fn new() -> io::Result<PassedSignals> {
        let (tell, receiver) = tokio::sync::mpsc::unbounded_channel();
        take_all(&tell)?;
        Ok(PassedSignals { receiver })
    }

    /// The number of the next one.
    pub async fn next(&mut self) -> i32 {
        match self.receiver.recv().await {
            Some(signal) => signal,
            None => std::future::pending().await,
        }
    }
}

/// A file that grows over the limit of this process (`ulimit -f`) is an error to whoever writes it, as a full disk is, not the
/// end of the server. Must be called inside the runtime; what cannot be had is gone without.
pub fn outlive_size_limits() {
    #[cfg(unix)]
    if let Ok(mut signals) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::from_raw(libc::SIGXFSZ)) {
        tokio::spawn(async move { while signals.recv().await.is_some() {} });
    }
}

#[cfg(unix)]
fn take_all(tell: &tokio::sync::mpsc::UnboundedSender<i32>) -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let kinds = [
        SignalKind::terminate(),
        SignalKind::interrupt(),
        SignalKind::hangup(),
        SignalKind::quit(),
        SignalKind::user_defined1(),
        SignalKind::user_defined2(),
    ];
    for kind in kinds {
        let mut signals = signal(kind)?;
        let tell = tell.clone();
        tokio::spawn(async move { while signals.recv().await.is_some() && tell.send(kind.as_raw_value()).is_ok() {} });
    }
    Ok(())
}

/// Elsewhere Ctrl-C reaches every process of the console by itself; it must not end us before the command.
#[cfg(not(unix))]
fn take_all(tell: &tokio::sync::mpsc::UnboundedSender<i32>) -> io::Result<()> {
    let tell = tell.clone();
    tokio::spawn(async move { while tokio::signal::ctrl_c().await.is_ok() && tell.send(0).is_ok() {} });
    Ok(())
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
