//! One side of a comparison: a library with the trees it was read from.

use std::sync::Arc;

use rayon::iter::{IntoParallelIterator, IntoParallelRefIterator, ParallelIterator};

use super::digest;
use crate::diagnostic::Diagnostic;
use crate::document::{self, Node, Parsed};
use crate::fixture::{EntryOptions, Fixture, Input, Library, LoadOptions, LoadedFile, into_library, load_parsed};

/// Bytes of both sides from which they are loaded one after the other.
const LARGE: usize = 32 << 20;

/// A set of fixtures that is loaded together.
#[derive(Debug, Default)]
pub struct Side<'t> {
    /// Its fixtures have no answers: those are compared as they are written.
    pub library: Library,
    /// What the loader found wrong in files that it could read.
    pub problems: Vec<Diagnostic>,
    /// The first error of each file that could not be read at all: it is as if the file had no fixtures.
    pub unreadable: Vec<Diagnostic>,
    /// Files that hold no fixtures: name and reason.
    pub skipped: Vec<(String, String)>,
    trees: Vec<Option<Parsed<'t>>>,
    /// Names of the sources as both sides could have them.
    places: Vec<String>,
    /// Digest of each entry, and of its answers.
    prints: Vec<(u64, u64)>,
}

impl<'t> Side<'t> {
    /// Loads both sides, at once unless they are large: then the second one finds room that the first one gave back.
    pub fn load_both(old: (&'t [Input], &str), new: (&'t [Input], &str), options: &LoadOptions<'_>) -> (Side<'t>, Side<'t>) {
        let size = |inputs: &[Input]| inputs.iter().map(|input| input.source.text().len()).sum::<usize>();
        let (load_old, load_new) = (|| Side::load(old.0, options, old.1), || Side::load(new.0, options, new.1));
        if size(old.0) + size(new.0) > LARGE { (load_old(), load_new()) } else { rayon::join(load_old, load_new) }
    }

    /// Loads texts whose source ids are their positions. `root` begins the names of all sources that lie in the folder
    /// that was asked for, and is left out when places are compared.
    pub fn load(inputs: &'t [Input], options: &LoadOptions<'_>, root: &str) -> Side<'t> {
        let (trees, files): (Vec<Option<Parsed<'t>>>, Vec<LoadedFile>) = match inputs {
            // On this thread, whose allocator has what the other side gave back.
            [only] => std::iter::once(read(only, options)).unzip(),
            inputs => inputs.par_iter().map(|input| read(input, options)).unzip(),
        };
        let read = |file: &(&LoadedFile, &Option<Parsed<'t>>)| file.1.is_some();
        let (whole, broken): (Vec<_>, Vec<_>) = files.iter().zip(&trees).partition(read);
        let problems = whole.iter().flat_map(|(file, _)| file.problems.iter().cloned()).collect();
        let worst = |file: &LoadedFile| file.problems.iter().max_by_key(|problem| problem.severity).cloned();
        let unreadable = broken.iter().filter_map(|(file, _)| worst(file)).collect();
        let skipped = files.iter().filter_map(|file| Some((file.source.name().to_owned(), file.skipped.clone()?))).collect();
        let mut library = into_library(files);
        // The trees say it all again.
        library.fixtures.iter_mut().for_each(|fixture| fixture.answers = Vec::new());
        let place = |input: &Input| match inputs.len() {
            // Of two files that were named the names say nothing.
            1 if root.is_empty() => String::new(),
            _ => input.source.name().strip_prefix(root).unwrap_or(input.source.name()).trim_start_matches('/').to_owned(),
        };
        let places = inputs.iter().map(place).collect();
        let mut side = Side { library, problems, unreadable, skipped, trees, places, prints: Vec::new() };
        side.prints = (0..side.library.fixtures.len()).into_par_iter().map(|row| side.print(row)).collect();
        side
    }

    /// The handle of a fixture for people: its id, else file and pointer.
    pub fn handle(&self, row: usize) -> String {
        self.library.handle(row)
    }

    /// How many fixtures it has.
    pub fn len(&self) -> usize {
        self.library.fixtures.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.library.fixtures.is_empty()
    }

    /// The tree of a fixture.
    pub(super) fn node(&self, row: usize) -> Option<&Node<'t>> {
        let origin = &self.library.fixtures.get(row)?.origin;
        let tree = self.trees.get(origin.source.0 as usize)?.as_ref()?;
        tree.root.get("fixtures")?.items().get(origin.index)
    }

    pub(super) fn fixture(&self, row: usize) -> Option<&Fixture> {
        self.library.fixtures.get(row)
    }

    /// The file of a fixture, as both sides could name it, and its index there.
    pub fn place(&self, row: usize) -> (&str, usize) {
        let Some(origin) = self.fixture(row).map(|fixture| &fixture.origin) else { return ("", row) };
        (self.places.get(origin.source.0 as usize).map_or("", String::as_str), origin.index)
    }

    /// Digest of the whole entry.
    pub(super) fn entry_print(&self, row: usize) -> u64 {
        self.prints.get(row).map_or(0, |prints| prints.0)
    }

    /// Digest of all that it serves, whatever it is called and whoever meets it.
    pub(super) fn answer_print(&self, row: usize) -> u64 {
        self.prints.get(row).map_or(0, |prints| prints.1)
    }

    fn print(&self, row: usize) -> (u64, u64) {
        self.node(row).map_or((0, 0), |node| digest::of_members(node, is_served))
    }
}

/// Whether a key of an entry is part of what it serves.
fn is_served(key: &str) -> bool {
    matches!(key, "responses" | "onExhausted") || EntryOptions::KEYS.contains(&key)
}

fn read<'t>(input: &'t Input, options: &LoadOptions<'_>) -> (Option<Parsed<'t>>, LoadedFile) {
    let source = &input.source;
    match document::parse(source.text(), input.format, &options.limits) {
        Ok(parsed) => {
            let loaded = load_parsed(source, input.format, &parsed, options);
            (Some(parsed), loaded)
        }
        Err(troubles) => (None, LoadedFile::broken(&Arc::clone(source), troubles)),
    }
}
