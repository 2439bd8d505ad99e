//! Which edition is in use, and how another takes its place while requests run.
//!
//! Requests read without a lock: whoever changes something makes the next edition aside and puts it in place in one step.
//! What is recorded or posted comes little by little and often, and is not worth a copy of all fixtures each time. The
//! edition that went out of use with the addition before is kept as a spare: it takes both and comes back, so that n additions
//! cost n.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::{ArcSwap, Guard};

use super::Edition;
use super::changes::{Changes, Next, RowMap, compare};
use super::edition::Addition;
use crate::fixture::{Draft, Fixture, Library};

/// An edition that is being read. Cheaper than a count of its own, since no core has to tell another.
pub type Reading = Guard<Arc<Edition>>;

/// What stands behind the name of a file that a recording could not be written to.
const UNSAVED: &str = " (not saved)";

/// How often a spare is tried to be had alone before it is given up. Requests hold an edition for moments only.
const TRIES: usize = 100;

/// Holds the edition in use.
#[derive(Debug, Default)]
pub struct Editions {
    /// As it was loaded from files.
    loaded: ArcSwap<Edition>,
    current: ArcSwap<Edition>,
    /// Whoever changes either of them holds this.
    spare: Mutex<Option<Spare>>,
}

/// The edition before the current one.
#[derive(Debug)]
struct Spare {
    edition: Arc<Edition>,
    /// What the current one has more.
    missing: Addition,
}

impl Spare {
    /// As good as the current edition; `None`: somebody is still reading it.
    fn caught_up(self) -> Option<Edition> {
        let mut edition = self.edition;
        for _ in 0..TRIES {
            match Arc::try_unwrap(edition) {
                Ok(mut alone) => {
                    alone.adopt(self.missing);
                    return Some(alone);
                }
                Err(shared) => edition = shared,
            }
            std::thread::yield_now();
        }
        None
    }
}

/// What is about to be served.
#[derive(Debug)]
pub(super) struct Prepared<'e> {
    editions: &'e Editions,
    _spare: MutexGuard<'e, Option<Spare>>,
    loaded: Arc<Edition>,
    current: Arc<Edition>,
    changes: Changes,
    /// Where each row will have gone.
    pub(super) map: RowMap,
}

impl Prepared<'_> {
    /// Serves it from now on.
    pub(super) fn put(self) -> Changes {
        self.editions.loaded.store(self.loaded);
        self.editions.current.store(self.current);
        self.changes
    }
}

impl Editions {
    /// Starts with this library.
    pub fn new(library: Library) -> Editions {
        let loaded = Arc::new(Edition::new(library, 0, Vec::new()));
        Editions { current: ArcSwap::new(loaded.clone()), loaded: ArcSwap::new(loaded), spare: Mutex::default() }
    }

    /// The edition in use.
    pub fn current(&self) -> Reading {
        self.current.load()
    }

    /// As it was loaded from files, whatever was taken away since.
    pub fn loaded(&self) -> Reading {
        self.loaded.load()
    }

    /// Adds fixtures that came from outside at the end, so that they lose to those that were there before. Row numbers
    /// and counts stay. The fixtures get a source of their own, `posted-N`.
    pub fn append(&self, added: Vec<Fixture>) {
        self.add(|current| {
            let posted = current.library.sources.len().saturating_sub(self.loaded().library.sources.len()) + 1;
            Addition::posted(format!("posted-{posted}"), added)
        });
    }

    /// Adds a fixture that was recorded into a file, behind all others. Row numbers and counts stay. `index` is the
    /// fixture's place in the file.
    pub fn adopt(&self, file: &str, index: usize, fixture: Fixture) {
        self.add(|_| Addition::recorded(file.to_owned(), Some(index), fixture));
    }

    /// Adds a fixture that should have been recorded into a file and is in none: it gets a source of its own, so that its
    /// handle is not that of another.
    pub fn adopt_unsaved(&self, file: &str, fixture: Fixture) {
        self.add(|_| Addition::recorded(format!("{file}{UNSAVED}"), None, fixture));
    }

    fn add(&self, addition: impl FnOnce(&Edition) -> Addition) {
        let mut spare = self.spare();
        let addition = addition(&self.current());
        let caught_up = spare.take().and_then(Spare::caught_up);
        let mut next = caught_up.unwrap_or_else(|| {
            let current = self.current();
            current.beside(current.library.clone())
        });
        next.adopt(addition.clone());
        let before = self.current.swap(Arc::new(next));
        let stays = Arc::ptr_eq(&before, &self.loaded());
        *spare = (!stays).then_some(Spare { edition: before, missing: addition });
    }

    /// The same for a recording that takes the place of an earlier one in its file: that one is out of service.
    pub fn supersede(&self, file: &str, index: usize, fixture: Fixture) {
        let number = self.current().library.sources.iter().position(|source| source.name == file);
        self.end(|old| Some(old.origin.source.0 as usize) == number && old.origin.index == index);
        self.adopt(file, index, fixture);
    }

    /// Takes recordings out of service that `is_old` says are. Row numbers and counts stay.
    pub fn retire(&self, is_old: impl Fn(&str) -> bool) {
        self.end(|fixture| fixture.recorded_at.as_deref().is_some_and(&is_old));
    }

    fn end(&self, is_out: impl Fn(&Fixture) -> bool) {
        let old = |fixture: &Fixture| !fixture.dead && is_out(fixture);
        if !self.current().library.fixtures.iter().any(old) {
            return;
        }
        self.change(|current| {
            let mut fixtures = current.library.fixtures.clone();
            fixtures.iter_mut().filter(|fixture| old(fixture)).for_each(|fixture| fixture.dead = true);
            current.beside(Library::new(fixtures, current.library.sources.clone()))
        });
    }

    /// Serves nothing from now on; all counts start again.
    pub fn clear(&self) {
        self.replace(Library { sources: self.loaded().library.sources.clone(), ..Library::default() });
    }

    /// Serves what was loaded from files again, and what was recorded since, without what was posted; all counts start
    /// again.
    pub fn restore(&self) {
        self.change(|current| {
            let loaded = self.loaded();
            let mut edition = Edition::new(loaded.library.clone(), current.generation + 1, loaded.all_afresh());
            for (file, fixture) in current.recordings() {
                edition.adopt(Addition::recorded(file.to_owned(), Some(fixture.origin.index), fixture.clone()));
            }
            edition
        });
    }

    /// Makes ready what was read anew from the same files, given what was loaded from them before, and behind it what was
    /// posted. Fixtures that are as before keep their counts. Nobody else changes anything until it is put in place.
    pub(super) fn prepare(&self, read: impl FnOnce(&Library) -> Draft) -> Prepared<'_> {
        let mut spare = self.spare();
        *spare = None;
        let (loaded, current) = (self.loaded(), self.current());
        let draft = read(&loaded.library);
        let next = |known| Next { fixtures: &draft.fixtures, sources: &draft.sources, known };
        let (mut changes, ever) = compare(&loaded.library, next(&draft.known));
        let served = if Arc::ptr_eq(&loaded, &current) {
            ever.clone()
        } else {
            compare(&current.library, next(&as_loaded(&ever, &loaded.library, &current.library))).1
        };
        let library = draft.into_library(&loaded.library, &ever);
        note_recordings(&mut changes, &library, &ever, &served);
        let counted = |served: Option<usize>| current.read_again(served?);
        // What was taken out of service has been reset.
        let forgotten = |ever: Option<usize>| loaded.afresh(ever?);
        let marks = served.iter().zip(&ever).map(|(served, ever)| counted(*served).or_else(|| forgotten(*ever)).unwrap_or_default());
        let marks = marks.collect();
        let fresh = Arc::new(Edition::new(library, current.generation + 1, marks));
        let mut sources = fresh.library.sources.clone();
        let posted = current.library.of_no_file(loaded.library.sources.len(), &mut sources);
        let (next, rows) = if posted.is_empty() {
            (fresh.clone(), served)
        } else {
            let mut whole = Library { sources, ..fresh.library.clone() };
            whole.extend(posted);
            let known = Next { fixtures: &whole.fixtures, sources: &whole.sources, known: &served };
            let (_, rows) = compare(&current.library, known);
            let marks = rows.iter().enumerate();
            let marks = marks.map(|(row, old)| fresh.shared(row).or_else(|| current.carried((*old)?)).unwrap_or_default());
            (Arc::new(Edition::new(whole, current.generation + 1, marks.collect())), rows)
        };
        let map = RowMap { from: current.generation, to: current.generation + 1, rows };
        Prepared { editions: self, _spare: spare, loaded: fresh, current: next, changes, map }
    }

    /// Serves another library from now on; all counts start again.
    pub fn replace(&self, library: Library) {
        self.change(|current| Edition::new(library, current.generation + 1, Vec::new()));
    }

    /// Puts an edition in the place of the current one, while nobody else does.
    fn change(&self, next: impl FnOnce(&Edition) -> Edition) {
        let mut spare = self.spare();
        *spare = None;
        let next = next(&self.current());
        self.current.store(Arc::new(next));
    }

    fn spare(&self) -> MutexGuard<'_, Option<Spare>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Which rows that were loaded are served as they were loaded.
fn as_loaded(rows: &[Option<usize>], loaded: &Library, current: &Library) -> Vec<Option<usize>> {
    let is_served = |row: &usize| loaded.fixtures.get(*row).is_some_and(|fixture| current.fixtures.get(*row) == Some(fixture));
    rows.iter().map(|row| row.filter(is_served)).collect()
}

/// A recording that is served already is no news when its file is read.
fn note_recordings(changes: &mut Changes, library: &Library, ever: &[Option<usize>], served: &[Option<usize>]) {
    let known: HashSet<String> = (0..library.fixtures.len())
        .filter(|row| ever.get(*row).is_some_and(Option::is_none) && served.get(*row).is_some_and(Option::is_some))
        .map(|row| library.handle(row))
        .collect();
    for list in [&mut changes.added, &mut changes.changed] {
        list.retain(|handle| !known.contains(handle));
    }
    changes.unchanged += known.len();
}
