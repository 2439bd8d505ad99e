//! Tells that something below some paths may have changed; what, the caller finds out by reading.
//!
//! Editors write in several steps (a new file, then a rename over the old one), so changes are collected until nothing
//! has happened for a moment.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{Config, Event, PollWatcher, RecommendedWatcher, RecursiveMode, Watcher as _};

/// So long nothing must happen before a change is told.
const QUIET: Duration = Duration::from_millis(100);
/// A change is told at the latest after this time, however busy the disk is.
const LATEST: Duration = Duration::from_secs(2);
/// A folder that is gone is looked for so often.
const LOOK: Duration = Duration::from_millis(500);

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
    _inner: Arc<Mutex<Inner>>,
}

#[derive(Debug)]
enum Inner {
    Events(RecommendedWatcher),
    Poll(PollWatcher),
}

impl Inner {
    fn watch(&mut self, place: &Place) -> notify::Result<()> {
        match self {
            Inner::Events(watcher) => watcher.watch(&place.path, place.mode),
            Inner::Poll(watcher) => watcher.watch(&place.path, place.mode),
        }
    }

    /// Watches another folder of the same path. That the old one may be forgotten already is no error.
    fn watch_anew(&mut self, place: &Place) -> notify::Result<()> {
        let _ = match self {
            Inner::Events(watcher) => watcher.unwatch(&place.path),
            Inner::Poll(watcher) => watcher.unwatch(&place.path),
        };
        self.watch(place)
    }
}

/// A folder that is watched.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    path: PathBuf,
    mode: RecursiveMode,
    /// Which folder it was when it was watched last; `None`: it is gone.
    folder: Option<Folder>,
}

/// Tells folders of one path apart: a system watches the folder, not its path.
type Folder = (u64, u64);

#[cfg(unix)]
fn identity(meta: &Metadata) -> Folder {
    use std::os::unix::fs::MetadataExt as _;
    (meta.dev(), meta.ino())
}

#[cfg(not(unix))]
fn identity(meta: &Metadata) -> Folder {
    let made = meta.created().ok().and_then(|made| made.duration_since(std::time::UNIX_EPOCH).ok()).unwrap_or_default();
    (made.as_secs(), u64::from(made.subsec_nanos()))
}

fn folder(path: &Path) -> Option<Folder> {
    std::fs::metadata(path).ok().as_ref().map(identity)
}

/// Calls `changed` after every burst of changes below these files, directories and globs. A directory that is removed and made
/// again is followed.
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
        Watching::Events => notify::recommended_watcher(handler).map(Inner::Events),
        // By content: a change within a second keeps its time on some systems.
        Watching::Poll(every) => {
            PollWatcher::new(handler, Config::default().with_poll_interval(every).with_compare_contents(true)).map(Inner::Poll)
        }
    };
    let mut inner = inner.map_err(failed(Path::new(".")))?;
    let mut places = places(paths);
    for place in &mut places {
        place.folder = folder(&place.path);
        inner.watch(place).map_err(failed(&place.path))?;
    }
    let inner = Arc::new(Mutex::new(inner));
    // The thread ends with the watcher, which it must not keep for that.
    let watched = Arc::downgrade(&inner);
    std::thread::spawn(move || follow(&told, places, &watched, changed));
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
fn follow(told: &Receiver<()>, mut places: Vec<Place>, watched: &Weak<Mutex<Inner>>, mut changed: impl FnMut()) {
    loop {
        let is_complete = places.iter().all(|place| place.folder.is_some());
        let heard = if is_complete { told.recv().map_err(|_| RecvTimeoutError::Disconnected) } else { told.recv_timeout(LOOK) };
        if heard == Err(RecvTimeoutError::Disconnected) || (heard.is_ok() && !settles(told)) {
            return;
        }
        // Watched anew first: what is written from here on is told.
        if renew(&mut places, watched) || heard.is_ok() {
            changed();
        }
    }
}

/// Waits until nothing happens any more; whether the watcher is still there.
fn settles(told: &Receiver<()>) -> bool {
    let first = Instant::now();
    while first.elapsed() < LATEST {
        match told.recv_timeout(QUIET) {
            Ok(()) => {}
            Err(RecvTimeoutError::Timeout) => break,
            Err(RecvTimeoutError::Disconnected) => return false,
        }
    }
    true
}

/// Watches the folders that stand where others stood; whether there are any, or one is gone.
fn renew(places: &mut [Place], watched: &Weak<Mutex<Inner>>) -> bool {
    let mut renewed = false;
    for place in places {
        let now = folder(&place.path);
        if now == place.folder {
            continue;
        }
        let Some(watched) = watched.upgrade() else { return false };
        let held = now.is_some() && watched.lock().unwrap_or_else(PoisonError::into_inner).watch_anew(place).is_ok();
        let before = std::mem::replace(&mut place.folder, now.filter(|_| held));
        renewed |= before != place.folder;
    }
    renewed
}

/// What to watch: directories whole; of a file its directory, since editors put a new file in its place; of a glob the
/// directory before its first wildcard.
fn places(paths: &[PathBuf]) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    for path in paths.iter().filter(|path| path.as_os_str() != "-") {
        let (place, mode) = if path.is_dir() {
            (path.clone(), RecursiveMode::Recursive)
        } else if !path.exists() && path.to_string_lossy().contains(['*', '?', '[', '{']) {
            let plain = |part: &std::path::Component<'_>| !part.as_os_str().to_string_lossy().contains(['*', '?', '[', '{']);
            (path.components().take_while(plain).collect(), RecursiveMode::Recursive)
        } else {
            (path.parent().map(Path::to_owned).unwrap_or_default(), RecursiveMode::NonRecursive)
        };
        let path = if place.as_os_str().is_empty() { PathBuf::from(".") } else { place };
        let place = Place { path, mode, folder: None };
        if !places.contains(&place) {
            places.push(place);
        }
    }
    places
}
