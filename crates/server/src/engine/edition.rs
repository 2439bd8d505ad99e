//! The library that is being served, and its replacement while requests run.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use rapidhash::RapidHashMap;
use serde_json::Value;

use super::changes::{Changes, RowMap, compare};
use super::plan::FieldValue;
use super::{Stencil, describe_match};
use crate::fixture::{Fixture, Library, SourceFile};

/// What a header value cannot carry, or what would read back as something else.
const HANDLE: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'%').add(b'<').add(b'>').add(b'\\').add(b'^').add(b'`').add(b'{').add(b'|').add(b'}');

/// A fixture as the journal and the control API show it.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// See [`Library::handle`].
    pub handle: String,
    /// The same as a header carries it.
    pub header: FieldValue,
    pub id: Option<String>,
    pub file: String,
    /// Its place in its file.
    pub index: usize,
    pub matches: Value,
}

/// What answers have in common that one stencil gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Likeness {
    pub codec: &'static str,
    /// Its place among the fixture's answers.
    pub answer: usize,
    /// What the codec says of the request.
    pub request: u64,
}

/// A fixture keeps no more stencils than this.
const STENCILS: usize = 16;
/// All stencils together hold no more bytes than this.
const STENCIL_BYTES: usize = 32 * 1024 * 1024;

/// The mark of a fixture; made when first asked for, since of many fixtures few are.
type Slot = OnceLock<Arc<Mark>>;

/// What is kept about a fixture while it is served; it outlives additions to the library.
#[derive(Debug, Default)]
struct Mark {
    /// Since the counts were last reset.
    hits: Arc<AtomicU64>,
    /// Since the fixture was first loaded; outlives resets.
    ever: Arc<AtomicU64>,
    warned: AtomicBool,
    /// Answers that were cut, each by what its requests have in common; `None`: it cannot be.
    stencils: RwLock<Vec<(Likeness, Option<Arc<Stencil>>)>>,
    view: OnceLock<Arc<View>>,
    /// It was recorded while serving, and no file that it was read from has it.
    recorded: bool,
}

impl Mark {
    /// The counts go on, everything else is made anew.
    fn carried(&self) -> Arc<Mark> {
        Arc::new(Mark { hits: self.hits.clone(), ever: self.ever.clone(), recorded: self.recorded, ..Mark::default() })
    }
}

/// A library with what serving it needs beside the table. Requests hold one edition from claim to answer.
#[derive(Debug, Default)]
pub struct Edition {
    pub library: Library,
    /// Goes up whenever row numbers lose their meaning; counts of older generations are void.
    pub generation: u64,
    /// Whether a fixture has a `path` key, so that URLs without a codec are worth matching.
    pub answers_any_url: bool,
    /// Whether a fixture has random faults of its own.
    pub has_chaos: bool,
    marks: Vec<Slot>,
    stencil_bytes: AtomicUsize,
    /// The numbers of sources by name; made when first asked for.
    numbers: RapidHashMap<String, usize>,
}

impl Edition {
    fn new(library: Library, generation: u64, mut marks: Vec<Slot>) -> Edition {
        marks.resize_with(library.fixtures.len(), Slot::new);
        let answers_any_url = library.fixtures.iter().any(answers_any_url);
        let has_chaos = library.fixtures.iter().any(has_chaos);
        Edition {
            library,
            generation,
            answers_any_url,
            has_chaos,
            marks,
            stencil_bytes: AtomicUsize::new(0),
            numbers: RapidHashMap::default(),
        }
    }

    /// The number of a source; one that is not known yet is added.
    fn source(&mut self, name: &str) -> usize {
        if self.numbers.len() != self.library.sources.len() {
            // Of two sources of one name the first counts.
            let names = self.library.sources.iter().enumerate().rev();
            self.numbers = names.map(|(number, source)| (source.name.clone(), number)).collect();
        }
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        self.library.sources.push(SourceFile::new(name));
        self.numbers.insert(name.to_owned(), self.library.sources.len() - 1);
        self.library.sources.len() - 1
    }

    /// Adds a recording behind all others.
    fn adopt(&mut self, number: usize, index: usize, mut fixture: Fixture) {
        fixture.origin.source.0 = u32::try_from(number).unwrap_or(u32::MAX);
        fixture.origin.index = index;
        self.answers_any_url |= answers_any_url(&fixture);
        self.has_chaos |= has_chaos(&fixture);
        self.library.extend(vec![fixture]);
        self.marks.push(Slot::from(Arc::new(Mark { recorded: true, ..Mark::default() })));
    }

    fn mark(&self, row: usize) -> Option<&Arc<Mark>> {
        self.marks.get(row).map(|slot| slot.get_or_init(Arc::default))
    }

    /// The mark of a fixture that has one by now.
    fn known_mark(&self, row: usize) -> Option<&Arc<Mark>> {
        self.marks.get(row)?.get()
    }

    /// The marks, for an edition that goes on beside this one: from now on both have the same ones.
    fn shared_marks(&self) -> Vec<Slot> {
        (0..self.marks.len()).filter_map(|row| self.mark(row)).map(|mark| Slot::from(mark.clone())).collect()
    }

    /// How often a fixture answered since it was loaded, over all test ids.
    pub fn hits(&self, row: usize) -> u64 {
        self.known_mark(row).map_or(0, |mark| mark.hits.load(Ordering::Relaxed))
    }

    /// How often a fixture answered since it was first loaded, whatever was reset.
    pub fn ever(&self, row: usize) -> u64 {
        self.known_mark(row).map_or(0, |mark| mark.ever.load(Ordering::Relaxed))
    }

    /// A fixture as it is shown; made when first asked for.
    pub fn view(&self, row: usize) -> Option<Arc<View>> {
        let (mark, fixture) = (self.mark(row)?, self.library.fixtures.get(row)?);
        Some(mark.view.get_or_init(|| Arc::new(self.make_view(row, fixture))).clone())
    }

    /// The stencil of an answer; outer `None`: nobody has tried to cut it.
    pub fn stencil(&self, row: usize, likeness: Likeness) -> Option<Option<Arc<Stencil>>> {
        let stencils = self.known_mark(row)?.stencils.read().unwrap_or_else(PoisonError::into_inner);
        stencils.iter().find(|(known, _)| *known == likeness).map(|(_, stencil)| stencil.clone())
    }

    /// Keeps a stencil, or that there is none, while there is room.
    pub fn keep_stencil(&self, row: usize, likeness: Likeness, stencil: Option<Stencil>) {
        let size = stencil.as_ref().map_or(0, Stencil::size);
        let fits = self.stencil_bytes.fetch_add(size, Ordering::Relaxed).saturating_add(size) <= STENCIL_BYTES;
        let Some(mark) = self.mark(row) else { return };
        let mut stencils = mark.stencils.write().unwrap_or_else(PoisonError::into_inner);
        if stencils.len() < STENCILS && stencils.iter().all(|(known, _)| *known != likeness) {
            stencils.push((likeness, stencil.filter(|_| fits).map(Arc::new)));
        }
    }

    /// Whether this is the first warning about a fixture.
    pub fn warn_once(&self, row: usize) -> bool {
        self.mark(row).is_some_and(|mark| !mark.warned.swap(true, Ordering::Relaxed))
    }

    pub(super) fn hit(&self, row: usize) {
        if let Some(mark) = self.mark(row) {
            mark.hits.fetch_add(1, Ordering::Relaxed);
            mark.ever.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn make_view(&self, row: usize, fixture: &Fixture) -> View {
        let source = self.library.sources.get(fixture.origin.source.0 as usize);
        let handle = self.library.handle(row);
        View {
            header: utf8_percent_encode(&handle, HANDLE).to_string().into(),
            handle,
            id: fixture.id.clone(),
            file: source.map(|source| source.name.clone()).unwrap_or_default(),
            index: fixture.origin.index,
            matches: describe_match(fixture),
        }
    }
}

fn answers_any_url(fixture: &Fixture) -> bool {
    fixture.matches.clause("path").is_some()
}

fn has_chaos(fixture: &Fixture) -> bool {
    fixture.answers.iter().any(|answer| answer.chaos.is_active())
}

/// What stands behind the name of a file that a recording could not be written to.
const UNSAVED: &str = " (not saved)";

/// How often an edition is tried to be had alone before it is copied. Requests hold one for moments only.
const TRIES: usize = 100;

/// Holds the edition in use. Where both locks are needed, `loaded` is taken first.
#[derive(Debug, Default)]
pub struct Editions {
    /// As it was loaded from files.
    loaded: RwLock<Arc<Edition>>,
    current: RwLock<Arc<Edition>>,
}

impl Editions {
    /// Starts with this library.
    pub fn new(library: Library) -> Editions {
        let loaded = Arc::new(Edition::new(library, 0, Vec::new()));
        Editions { current: RwLock::new(loaded.clone()), loaded: RwLock::new(loaded) }
    }

    /// The edition in use.
    pub fn current(&self) -> Arc<Edition> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// As it was loaded from files, whatever was taken away since.
    pub fn loaded(&self) -> Arc<Edition> {
        self.loaded.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Adds fixtures that came from outside at the end, so that they lose to those that were there before. Row numbers
    /// and counts stay. The fixtures get a source of their own, `posted-N`.
    pub fn append(&self, mut added: Vec<Fixture>) {
        let loaded = self.loaded();
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let mut sources = current.library.sources.clone();
        let number = u32::try_from(sources.len()).unwrap_or(u32::MAX);
        let posted = sources.len().saturating_sub(loaded.library.sources.len()) + 1;
        sources.push(SourceFile::new(format!("posted-{posted}")));
        for fixture in &mut added {
            fixture.origin.source.0 = number;
        }
        let mut fixtures = current.library.fixtures.clone();
        fixtures.extend(added);
        let edition = Edition::new(Library::new(fixtures, sources), current.generation, current.shared_marks());
        *current = Arc::new(edition);
    }

    /// Adds a fixture that was recorded into a file, behind all others. Row numbers and counts stay. Where its file is not
    /// known yet, it becomes a source; `index` is the fixture's place in the file.
    pub fn adopt(&self, file: &str, index: usize, fixture: Fixture) {
        self.add(|edition| {
            let number = edition.source(file);
            edition.adopt(number, index, fixture);
        });
    }

    /// Adds a fixture that should have been recorded into a file and is in none: it gets a source of its own, so that its
    /// handle is not that of another. Its place there is the number of its row.
    pub fn adopt_unsaved(&self, file: &str, fixture: Fixture) {
        self.add(|edition| {
            let number = edition.source(&format!("{file}{UNSAVED}"));
            let row = edition.library.fixtures.len();
            edition.adopt(number, row, fixture);
        });
    }

    /// Changes the current edition: in place where no request reads it, so that n additions cost n; else a copy of it.
    fn add(&self, change: impl FnOnce(&mut Edition)) {
        let loaded = self.loaded();
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let is_shared = Arc::ptr_eq(&loaded, &current);
        drop(loaded);
        for _ in 0..if is_shared { 0 } else { TRIES } {
            if Arc::get_mut(&mut current).is_some() {
                break;
            }
            std::thread::yield_now();
        }
        if let Some(edition) = Arc::get_mut(&mut current) {
            change(edition);
        } else {
            let mut edition = Edition::new(current.library.clone(), current.generation, current.shared_marks());
            change(&mut edition);
            *current = Arc::new(edition);
        }
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
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let mut fixtures = current.library.fixtures.clone();
        fixtures.iter_mut().filter(|fixture| old(fixture)).for_each(|fixture| fixture.dead = true);
        let library = Library::new(fixtures, current.library.sources.clone());
        *current = Arc::new(Edition::new(library, current.generation, current.shared_marks()));
    }

    /// Serves nothing from now on; all counts start again.
    pub fn clear(&self) {
        self.replace(Library { sources: self.loaded().library.sources.clone(), ..Library::default() });
    }

    /// Serves what was loaded from files again, and what was recorded since, without what was posted; all counts start
    /// again.
    pub fn restore(&self) {
        let loaded = self.loaded();
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let afresh = |mark: &Arc<Mark>| Slot::from(Arc::new(Mark { ever: mark.ever.clone(), ..Mark::default() }));
        let marks = loaded.shared_marks().iter().map(|slot| slot.get().map(afresh).unwrap_or_default()).collect();
        let mut edition = Edition::new(loaded.library.clone(), current.generation + 1, marks);
        let rows = current.library.fixtures.iter().zip(&current.marks);
        for (fixture, _) in rows.filter(|(_, slot)| slot.get().is_some_and(|mark| mark.recorded)) {
            let Some(source) = current.library.sources.get(fixture.origin.source.0 as usize) else { continue };
            let number = edition.source(&source.name);
            edition.adopt(number, fixture.origin.index, fixture.clone());
        }
        *current = Arc::new(edition);
    }

    /// Serves what was loaded anew from the same files, and behind it what was posted. Fixtures that are as before keep
    /// their counts. Also says where each row went, for the counts of sessions.
    pub(super) fn reload(&self, mut library: Library) -> (Changes, RowMap) {
        let mut loaded = self.loaded.write().unwrap_or_else(PoisonError::into_inner);
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let (mut changes, ever) = compare(&loaded, &library);
        let (_, served) = compare(&current, &library);
        note_recordings(&mut changes, &library, &ever, &served);
        let carried = |edition: &Edition, old: &Option<usize>| Some(Slot::from(edition.mark((*old)?)?.carried()));
        let of = |(ever, served): (&Option<usize>, &Option<usize>)| carried(&loaded, ever).or_else(|| carried(&current, served));
        let marks = ever.iter().zip(&served).map(|rows| of(rows).unwrap_or_default()).collect();
        let fresh = Arc::new(Edition::new(library.clone(), current.generation + 1, marks));
        let old_generation = current.generation;
        let posted = current.library.of_no_file(loaded.library.sources.len(), &mut library.sources);
        let next = if posted.is_empty() {
            (fresh.clone(), served)
        } else {
            let whole = Library::new(library.fixtures.iter().cloned().chain(posted).collect(), library.sources.clone());
            let (_, rows) = compare(&current, &whole);
            let marks = rows.iter().enumerate();
            let marks =
                marks.map(|(row, old)| fresh.mark(row).cloned().map(Slot::from).or_else(|| carried(&current, old)).unwrap_or_default());
            let marks = marks.collect();
            (Arc::new(Edition::new(whole, current.generation + 1, marks)), rows)
        };
        *loaded = fresh;
        *current = next.0;
        (changes, RowMap { from: old_generation, to: old_generation + 1, rows: next.1 })
    }

    /// Serves another library from now on; all counts start again.
    pub fn replace(&self, library: Library) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        *current = Arc::new(Edition::new(library, current.generation + 1, Vec::new()));
    }
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
