//! Tells that something below some paths may have changed; what, the caller finds out by reading.
//!
//! Editors write in several steps (a new file, then a rename over the old one), so changes are collected until nothing
//! has happened for a moment.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{Config, Event, PollWatcher, RecommendedWatcher, RecursiveMode, Watcher as _};

/// So long nothing must happen before a change is told.
const QUIET: Duration = Duration::from_millis(100);
/// A change is told at the latest after this time, however busy the disk is.
const LATEST: Duration = Duration::from_secs(2);

/// How changes are noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watching {
    /// The system tells.
    Events,
    /// All files are looked at again and again: for network and container file systems that tell nothing.
    Poll(Duration),
}

/// The system does not tell about changes.
#[derive(Debug, thiserror::Error)]
#[error("cannot watch {name}")]
pub struct WatchError {
    pub name: String,
    #[source]
    source: notify::Error,
}

/// Watches until it is dropped.
#[derive(Debug)]
pub struct Watcher {
    _inner: Inner,
}

#[derive(Debug)]
enum Inner {
    Events { _watcher: RecommendedWatcher },
    Poll { _watcher: PollWatcher },
}

/// Calls `changed` after every burst of changes below these files, directories and globs.
///
/// # Errors
/// One of them cannot be watched.
pub fn watch(paths: &[PathBuf], how: Watching, changed: impl FnMut() + Send + 'static) -> Result<Watcher, WatchError> {
    let (tell, told) = channel();
    let handler = move |event: notify::Result<Event>| notice(&tell, &event);
    let failed = |name: &Path| {
        let name = super::display_name(name);
        move |source| WatchError { name, source }
    };
    let inner = match how {
        Watching::Events => {
            let mut watcher = notify::recommended_watcher(handler).map_err(failed(Path::new(".")))?;
            for (place, mode) in places(paths) {
                watcher.watch(&place, mode).map_err(failed(&place))?;
            }
            Inner::Events { _watcher: watcher }
        }
        Watching::Poll(every) => {
            // By content: a change within a second keeps its time on some systems.
            let config = Config::default().with_poll_interval(every).with_compare_contents(true);
            let mut watcher = PollWatcher::new(handler, config).map_err(failed(Path::new(".")))?;
            for (place, mode) in places(paths) {
                watcher.watch(&place, mode).map_err(failed(&place))?;
            }
            Inner::Poll { _watcher: watcher }
        }
    };
    std::thread::spawn(move || follow(&told, changed));
    Ok(Watcher { _inner: inner })
}

/// Reading is no change; an error may hide one.
fn notice(tell: &Sender<()>, event: &notify::Result<Event>) {
    let is_reading = |kind: EventKind| matches!(kind, EventKind::Access(kind) if kind != AccessKind::Close(AccessMode::Write));
    if !event.as_ref().is_ok_and(|event| is_reading(event.kind)) {
        // Nobody is left to be told once the watcher goes.
        let _ = tell.send(());
    }
}

/// Collects changes into bursts, until the watcher is gone.
fn follow(told: &std::sync::mpsc::Receiver<()>, mut changed: impl FnMut()) {
    while told.recv().is_ok() {
        let first = Instant::now();
        while first.elapsed() < LATEST {
            match told.recv_timeout(QUIET) {
                Ok(()) => {}
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
        changed();
    }
}

/// What to watch: directories whole; of a file its directory, since editors put a new file in its place; of a glob the
/// directory before its first wildcard.
fn places(paths: &[PathBuf]) -> Vec<(PathBuf, RecursiveMode)> {
    let mut places: Vec<(PathBuf, RecursiveMode)> = Vec::new();
    for path in paths.iter().filter(|path| path.as_os_str() != "-") {
        let (place, mode) = if path.is_dir() {
            (path.clone(), RecursiveMode::Recursive)
        } else if !path.exists() && path.to_string_lossy().contains(['*', '?', '[', '{']) {
            let plain = |part: &std::path::Component<'_>| !part.as_os_str().to_string_lossy().contains(['*', '?', '[', '{']);
            (path.components().take_while(plain).collect(), RecursiveMode::Recursive)
        } else {
            (path.parent().map(Path::to_owned).unwrap_or_default(), RecursiveMode::NonRecursive)
        };
        let place = if place.as_os_str().is_empty() { PathBuf::from(".") } else { place };
        if !places.contains(&(place.clone(), mode)) {
            places.push((place, mode));
        }
    }
    places
}
