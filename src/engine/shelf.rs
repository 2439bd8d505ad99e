//! The library that is being served, and its replacement while requests run.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use crate::fixture::{Fixture, Library, OnExhausted};

/// A library with what serving it needs beside the table. Requests hold one shelf from claim to answer.
#[derive(Debug, Default)]
pub struct Shelf {
    pub library: Library,
    /// Goes up whenever row numbers lose their meaning; counts of older generations are void.
    pub generation: u64,
    /// Whether a fixture has a `path` key, so that URLs without a codec are worth matching.
    pub answers_any_url: bool,
    /// Whether a list of responses can fall through.
    pub falls_through: bool,
    hits: Vec<Arc<AtomicU64>>,
}

impl Shelf {
    fn new(library: Library, generation: u64, mut hits: Vec<Arc<AtomicU64>>) -> Shelf {
        hits.resize_with(library.fixtures.len(), Arc::default);
        Shelf {
            answers_any_url: library.fixtures.iter().any(|fixture| fixture.matches.clause("path").is_some()),
            falls_through: library.fixtures.iter().any(|fixture| fixture.on_exhausted == OnExhausted::FallThrough),
            library,
            generation,
            hits,
        }
    }

    /// How often a fixture answered since it was loaded, over all test ids.
    pub fn hits(&self, row: usize) -> u64 {
        self.hits.get(row).map_or(0, |count| count.load(Ordering::Relaxed))
    }

    pub(super) fn hit(&self, row: usize) {
        if let Some(count) = self.hits.get(row) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Holds the shelf in use.
#[derive(Debug, Default)]
pub struct Shelves(RwLock<Arc<Shelf>>);

impl Shelves {
    /// Starts with this library.
    pub fn new(library: Library) -> Shelves {
        Shelves(RwLock::new(Arc::new(Shelf::new(library, 0, Vec::new()))))
    }

    /// The shelf in use.
    pub fn current(&self) -> Arc<Shelf> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Adds fixtures at the end, so that they lose to those that were there before. Row numbers and counts stay.
    pub fn append(&self, added: Vec<Fixture>) {
        let mut current = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let mut fixtures = current.library.fixtures.clone();
        fixtures.extend(added);
        let library = Library::new(fixtures, current.library.sources.clone());
        *current = Arc::new(Shelf::new(library, current.generation, current.hits.clone()));
    }

    /// Serves another library from now on; all counts start again.
    pub fn replace(&self, library: Library) {
        let mut current = self.0.write().unwrap_or_else(PoisonError::into_inner);
        *current = Arc::new(Shelf::new(library, current.generation + 1, Vec::new()));
    }

    /// Starts all hit counts again.
    pub fn reset_hits(&self) {
        for count in &self.current().hits {
            count.store(0, Ordering::Relaxed);
        }
    }
}
