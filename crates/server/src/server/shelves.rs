//! Where recordings are put: one writer for each file.
//!
//! Recordings of one file that come while it is being written are written together next. What a file holds is remembered, so
//! that another recording costs no reading; a file that somebody else has changed meanwhile is read again. Written means
//! that every reader finds it; the disk follows, see [`Shelves::settle`].

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use serde_json::Value;

use crate::files::{self, Version, WriteError};
use crate::record::{self, OnEqual, Sheet, SinkError};
use crate::secrets::Redacted;

/// Files that are remembered; of more, those that nobody writes are forgotten.
const REMEMBERED: usize = 256;

/// The files of a folder of recordings.
#[derive(Debug, Default)]
pub(super) struct Shelves {
    open: Mutex<HashMap<PathBuf, Arc<Shelf>>>,
    /// Files that the disk may not have yet; `None`: nobody sees to it at the moment.
    unsettled: Mutex<Option<BTreeSet<PathBuf>>>,
}

/// Why a recording is not written, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// It is about this file, whatever happens elsewhere.
    ByFile(String),
    /// It is about the disk or the folder, and may pass.
    ByWorld(String),
}

/// One file.
#[derive(Debug, Default)]
struct Shelf {
    waiting: Mutex<Vec<Arc<Slip>>>,
    /// What was written last. Held while writing.
    last: Mutex<Option<(Sheet, Version)>>,
}

/// A recording on its way.
#[derive(Debug)]
struct Slip {
    entry: Redacted<Value>,
    /// Its place in the file, or why it has none.
    place: OnceLock<Result<usize, Refused>>,
}

impl Shelves {
    /// Writes a recording and returns its place in the file.
    pub(super) fn put(&self, path: &Path, entry: Redacted<Value>, equal: OnEqual) -> Result<usize, Refused> {
        let file = self.file(path);
        let slip = Arc::new(Slip { entry, place: OnceLock::new() });
        lock(&file.waiting).push(slip.clone());
        let mut last = lock(&file.last);
        // Whoever held the lock may have written this one along.
        if slip.place.get().is_none() {
            let slips = std::mem::take(&mut *lock(&file.waiting));
            let written = write(path, &slips, equal, &mut last);
            for (number, slip) in slips.iter().enumerate() {
                let place = written.as_ref().map(|indexes| indexes.get(number).copied().unwrap_or_default());
                let _ = slip.place.set(place.map_err(Clone::clone));
            }
        }
        drop(last);
        slip.place.get().cloned().unwrap_or_else(|| Err(Refused::ByWorld("it was lost on the way".to_owned())))
    }

    fn file(&self, path: &Path) -> Arc<Shelf> {
        let mut open = lock(&self.open);
        if let Some(shelf) = open.get(path) {
            return shelf.clone();
        }
        if open.len() >= REMEMBERED {
            open.retain(|_, shelf| Arc::strong_count(shelf) > 1);
        }
        open.entry(path.to_owned()).or_default().clone()
    }

    /// Notes that the disk may not have a file yet. Whether the caller is to see to it, with [`Shelves::settle`].
    #[must_use]
    pub(super) fn unsettled(&self, path: PathBuf) -> bool {
        let mut unsettled = lock(&self.unsettled);
        let nobody = unsettled.is_none();
        unsettled.get_or_insert_default().insert(path);
        nobody
    }

    /// Waits until the disk has everything that was written, also meanwhile. Calls `trouble` for what it refuses after all.
    pub(super) fn settle(&self, trouble: impl Fn(&WriteError)) {
        loop {
            let mut unsettled = lock(&self.unsettled);
            let paths = std::mem::take(&mut *unsettled).unwrap_or_default();
            if paths.is_empty() {
                return;
            }
            *unsettled = Some(BTreeSet::new());
            drop(unsettled);
            for path in paths {
                files::settle(&path).unwrap_or_else(|error| trouble(&error));
            }
        }
    }
}

/// Writes recordings to the end of what was written last, or else reads the file.
fn write(path: &Path, slips: &[Arc<Slip>], equal: OnEqual, last: &mut Option<(Sheet, Version)>) -> Result<Vec<usize>, Refused> {
    let entries: Vec<&Redacted<Value>> = slips.iter().map(|slip| &slip.entry).collect();
    if let Some((sheet, version)) = last
        && let Some(addition) = sheet.add(&entries, equal)
        && let Some(new) = files::amend(path, version, addition.kept, &addition.rest).map_err(refused)?
    {
        sheet.follow(addition.sheet);
        *version = new;
        return Ok(addition.indexes);
    }
    *last = None;
    let written = files::update(path, |old| {
        let inserted = record::insert(old, &entries, equal)?;
        Ok::<_, SinkError>((inserted.text, (inserted.indexes, inserted.sheet)))
    });
    match written {
        Ok(Ok(((indexes, sheet), version))) => {
            *last = sheet.zip(version);
            Ok(indexes)
        }
        Ok(Err(error)) => Err(Refused::ByFile(format!("`{}`: {error}", files::display_name(path)))),
        Err(error) => Err(refused(error)),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "made for `map_err`")]
fn refused(error: WriteError) -> Refused {
    match &error {
        WriteError::Io { .. } => Refused::ByWorld(error.to_string()),
        WriteError::NotRegular { .. } | WriteError::ReadOnly { .. } | WriteError::Unreadable(_) => Refused::ByFile(error.to_string()),
    }
}

/// A lock whose holder never leaves half a change behind.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
