//! The library that is being served, with what serving it needs. Nothing here waits for a lock.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use rapidhash::RapidHashMap;
use serde_json::Value;

use super::kept::Kept;
use super::{FieldValue, Stencil, describe_match};
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

/// All stencils together hold no more bytes than this.
const STENCIL_BYTES: usize = 32 * 1024 * 1024;

/// The mark of a fixture; made when first asked for, since of many fixtures few are.
pub(super) type Slot = OnceLock<Arc<Mark>>;

/// What is kept about a fixture while it is served; it outlives additions to the library.
#[derive(Debug, Default)]
pub(super) struct Mark {
    /// Since the counts were last reset.
    hits: Arc<AtomicU64>,
    /// Since the fixture was first loaded; outlives resets.
    ever: Arc<AtomicU64>,
    warned: AtomicBool,
    /// Answers that were cut, each by what its requests have in common; `None`: it cannot be.
    stencils: Kept<Likeness, Option<Arc<Stencil>>>,
    view: OnceLock<Arc<View>>,
    /// It was recorded while serving, and no file that it was read from has it.
    recorded: bool,
}

impl Mark {
    /// The counts go on, everything else is made anew.
    fn carried(&self) -> Slot {
        Mark { hits: self.hits.clone(), ever: self.ever.clone(), recorded: self.recorded, ..Mark::default() }.into_slot()
    }

    /// The same for a fixture that a file has.
    fn read_again(&self) -> Slot {
        Mark { hits: self.hits.clone(), ever: self.ever.clone(), ..Mark::default() }.into_slot()
    }

    /// The count since the fixture was first loaded goes on, everything else is made anew.
    fn afresh(&self) -> Slot {
        Mark { ever: self.ever.clone(), ..Mark::default() }.into_slot()
    }

    fn into_slot(self) -> Slot {
        Slot::from(Arc::new(self))
    }
}

/// Fixtures on their way into editions. Whichever of them have them, they count their hits together.
#[derive(Clone, Debug)]
pub(super) struct Addition {
    source: Source,
    rows: Vec<(Fixture, Arc<Mark>)>,
}

/// Where they are from.
#[derive(Clone, Debug)]
enum Source {
    /// A file that others may be from as well, and the place there; `None`: the number of the row.
    Recorded(String, Option<usize>),
    /// None that was there before.
    Posted(String),
}

impl Addition {
    /// A recording.
    pub(super) fn recorded(file: String, index: Option<usize>, fixture: Fixture) -> Addition {
        let mark = Mark { recorded: true, ..Mark::default() };
        Addition { source: Source::Recorded(file, index), rows: vec![(fixture, Arc::new(mark))] }
    }

    /// Fixtures that came from outside, with a name for where they are from.
    pub(super) fn posted(name: String, fixtures: Vec<Fixture>) -> Addition {
        Addition { source: Source::Posted(name), rows: fixtures.into_iter().map(|fixture| (fixture, Arc::default())).collect() }
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
    /// Shared with the editions that share the marks.
    stencil_bytes: Arc<AtomicUsize>,
    /// The numbers of sources by name; made when first asked for.
    numbers: RapidHashMap<String, usize>,
}

impl Edition {
    /// Fixtures without a mark start at 0.
    pub(super) fn new(library: Library, generation: u64, mut marks: Vec<Slot>) -> Edition {
        marks.resize_with(library.fixtures.len(), Slot::new);
        let answers_any_url = library.fixtures.iter().any(answers_any_url);
        let has_chaos = library.fixtures.iter().any(has_chaos);
        Edition { library, generation, answers_any_url, has_chaos, marks, stencil_bytes: Arc::default(), numbers: RapidHashMap::default() }
    }

    /// An edition that goes on beside this one with a library that begins with the same fixtures: both have the same marks.
    pub(super) fn beside(&self, library: Library) -> Edition {
        let marks = (0..self.marks.len()).filter_map(|row| self.mark(row)).map(|mark| Slot::from(mark.clone())).collect();
        Edition { stencil_bytes: self.stencil_bytes.clone(), ..Edition::new(library, self.generation, marks) }
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

    /// Adds fixtures behind all others. Where their source is not known yet, it is added as well.
    pub(super) fn adopt(&mut self, addition: Addition) {
        let Addition { source, rows } = addition;
        let (number, index) = match source {
            Source::Recorded(file, index) => (self.source(&file), Some(index.unwrap_or(self.library.fixtures.len()))),
            Source::Posted(name) => {
                self.library.sources.push(SourceFile::new(name));
                (self.library.sources.len() - 1, None)
            }
        };
        let (mut fixtures, marks): (Vec<Fixture>, Vec<_>) = rows.into_iter().unzip();
        for fixture in &mut fixtures {
            fixture.origin.source.0 = u32::try_from(number).unwrap_or(u32::MAX);
            fixture.origin.index = index.unwrap_or(fixture.origin.index);
        }
        self.answers_any_url |= fixtures.iter().any(answers_any_url);
        self.has_chaos |= fixtures.iter().any(has_chaos);
        self.library.extend(fixtures);
        self.marks.extend(marks.into_iter().map(Slot::from));
    }

    fn mark(&self, row: usize) -> Option<&Arc<Mark>> {
        self.marks.get(row).map(|slot| slot.get_or_init(Arc::default))
    }

    /// The mark of a fixture that has one by now.
    fn known_mark(&self, row: usize) -> Option<&Arc<Mark>> {
        self.marks.get(row)?.get()
    }

    /// The mark for the same fixture in an edition that takes the place of this one.
    pub(super) fn carried(&self, row: usize) -> Option<Slot> {
        self.mark(row).map(|mark| mark.carried())
    }

    /// The same where it was read from a file.
    pub(super) fn read_again(&self, row: usize) -> Option<Slot> {
        self.mark(row).map(|mark| mark.read_again())
    }

    /// The same where its counts start again.
    pub(super) fn afresh(&self, row: usize) -> Option<Slot> {
        self.mark(row).map(|mark| mark.afresh())
    }

    /// The same for all rows.
    pub(super) fn all_afresh(&self) -> Vec<Slot> {
        (0..self.marks.len()).filter_map(|row| self.afresh(row)).collect()
    }

    /// The same mark for an edition that goes on beside this one.
    pub(super) fn shared(&self, row: usize) -> Option<Slot> {
        self.mark(row).map(|mark| Slot::from(mark.clone()))
    }

    /// What was recorded since the files were loaded, with the names of the files.
    pub(super) fn recordings(&self) -> impl Iterator<Item = (&str, &Fixture)> {
        let rows = self.library.fixtures.iter().zip(&self.marks);
        let recorded = rows.filter(|(_, slot)| slot.get().is_some_and(|mark| mark.recorded));
        recorded.filter_map(|(fixture, _)| Some((self.library.sources.get(fixture.origin.source.0 as usize)?.name.as_str(), fixture)))
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
        self.known_mark(row)?.stencils.get(&likeness).cloned()
    }

    /// Keeps a stencil, or that there is none, while there is room.
    pub fn keep_stencil(&self, row: usize, likeness: Likeness, stencil: Option<Stencil>) {
        let size = stencil.as_ref().map_or(0, Stencil::size);
        let fits = self.stencil_bytes.fetch_add(size, Ordering::Relaxed).saturating_add(size) <= STENCIL_BYTES;
        if let Some(mark) = self.mark(row) {
            mark.stencils.keep(likeness, stencil.filter(|_| fits).map(Arc::new));
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
