//! What differs between two loads of the same sources, and which fixture is which.

use std::fmt::{self, Debug, Write};
use std::hash::Hasher;

use rapidhash::RapidHashMap;
use rapidhash::fast::RapidHasher;

use super::Edition;
use crate::fixture::{Fixture, Library};

/// What a reload changed; handles of fixtures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    pub added: Vec<String>,
    pub removed: Vec<String>,
    /// The same id or the same `match` in the same file, and something else about them.
    pub changed: Vec<String>,
    /// How many are as before.
    pub unchanged: usize,
}

impl Changes {
    /// Whether everything is as before.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

/// Where the rows of one generation come from.
#[derive(Debug)]
pub(super) struct RowMap {
    pub(super) from: u64,
    pub(super) to: u64,
    /// For each new row the old one that is as before.
    pub(super) rows: Vec<Option<usize>>,
}

impl RowMap {
    /// Old rows to new ones.
    pub(super) fn new_rows(&self) -> RapidHashMap<usize, usize> {
        self.rows.iter().enumerate().filter_map(|(new, old)| Some(((*old)?, new))).collect()
    }
}

/// Old rows that nobody has claimed yet, by a key.
type Waiting<K> = RapidHashMap<K, std::collections::VecDeque<usize>>;

/// What each fixture of a library says, as a hash.
#[derive(Debug)]
pub(super) struct Contents(Vec<u64>);

impl Contents {
    pub(super) fn of(library: &Library) -> Contents {
        Contents(library.fixtures.iter().map(content).collect())
    }
}

/// Pairs the fixtures of two loads: first those that are equal, whatever their place in their file, then those of one id
/// or `match`.
pub(super) fn compare(old: &Edition, new: &Library, contents: &Contents) -> (Changes, Vec<Option<usize>>) {
    let mut equal: Waiting<(&str, u64)> = Waiting::default();
    for (row, fixture) in old.library.fixtures.iter().enumerate() {
        equal.entry((file(&old.library, fixture), content(fixture))).or_default().push_back(row);
    }
    let mut taken = vec![false; old.library.fixtures.len()];
    let rows: Vec<Option<usize>> = new
        .fixtures
        .iter()
        .zip(&contents.0)
        .map(|(fixture, content)| {
            let row = equal.get_mut(&(file(new, fixture), *content))?.pop_front()?;
            if let Some(taken) = taken.get_mut(row) {
                *taken = true;
            }
            Some(row)
        })
        .collect();
    let left = |row: &usize| !taken.get(*row).copied().unwrap_or(false);
    let mut alike: Waiting<(&str, u64)> = Waiting::default();
    for (row, fixture) in old.library.fixtures.iter().enumerate().filter(|(row, _)| left(row)) {
        alike.entry((file(&old.library, fixture), name(fixture))).or_default().push_back(row);
    }
    let mut changes = Changes { unchanged: rows.iter().flatten().count(), ..Changes::default() };
    for (row, fixture) in new.fixtures.iter().enumerate().filter(|(row, _)| rows.get(*row).copied().flatten().is_none()) {
        let before = alike.get_mut(&(file(new, fixture), name(fixture))).and_then(std::collections::VecDeque::pop_front);
        let list = if before.is_some() { &mut changes.changed } else { &mut changes.added };
        list.push(new.handle(row));
    }
    let mut removed: Vec<usize> = alike.into_values().flatten().collect();
    removed.sort_unstable();
    changes.removed = removed.into_iter().map(|row| old.library.handle(row)).collect();
    (changes, rows)
}

fn file<'l>(library: &'l Library, fixture: &Fixture) -> &'l str {
    library.sources.get(fixture.origin.source.0 as usize).map_or("", |source| source.name.as_str())
}

/// A hash of everything about a fixture but its place.
fn content(fixture: &Fixture) -> u64 {
    let Fixture { id, origin: _, matches, position, answers, on_exhausted, recorded_at, dead, expect } = fixture;
    let expect = expect.as_ref().map(|expected| &expected.expect);
    hash(&(id, matches, position, answers, on_exhausted, recorded_at, dead, expect))
}

/// A hash of what a fixture is known by: its id, else what it matches.
fn name(fixture: &Fixture) -> u64 {
    match &fixture.id {
        Some(id) => hash(id),
        None => hash(&(&fixture.matches, fixture.position)),
    }
}

/// A hash of what something looks like written out, without writing it out.
fn hash(thing: &dyn Debug) -> u64 {
    struct Written(RapidHasher<'static>);
    impl Write for Written {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0.write(text.as_bytes());
            Ok(())
        }
    }
    let mut written = Written(RapidHasher::default());
    let _ = write!(written, "{thing:?}");
    written.0.finish()
}
