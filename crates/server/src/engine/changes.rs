//! What differs between two loads of the same sources, and which fixture is which.

use std::collections::VecDeque;
use std::fmt::{self, Debug, Write};
use std::hash::Hasher;

use rapidhash::RapidHashMap;
use rapidhash::fast::RapidHasher;

use crate::fixture::{Fixture, Library, SourceFile};

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

/// Fixtures that come after those of a library.
#[derive(Clone, Copy)]
pub(super) struct Next<'f> {
    pub(super) fixtures: &'f [Fixture],
    pub(super) sources: &'f [SourceFile],
    /// For each fixture the one that it was, where that is known; none where it is shorter.
    pub(super) known: &'f [Option<usize>],
}

/// Pairs the fixtures of two loads: first those that are known, then those that are equal, whatever their place in their file,
/// then those of one id or `match`.
pub(super) fn compare(old: &Library, new: Next<'_>) -> (Changes, Vec<Option<usize>>) {
    let mut pairs = Pairs { old, new, rows: vec![None; new.fixtures.len()], taken: vec![false; old.fixtures.len()] };
    for (row, known) in new.known.iter().enumerate() {
        if let Some(known) = known {
            pairs.pair(row, *known);
        }
    }
    pairs.at_the_ends();
    pairs.anywhere();
    let mut alike = pairs.left(name);
    let Pairs { rows, .. } = pairs;
    let mut changes = Changes { unchanged: rows.iter().flatten().count(), ..Changes::default() };
    for (fixture, _) in new.fixtures.iter().zip(&rows).filter(|(_, row)| row.is_none()) {
        let before = alike.get_mut(&(file(new.sources, fixture), name(fixture))).and_then(VecDeque::pop_front);
        let list = if before.is_some() { &mut changes.changed } else { &mut changes.added };
        list.push(fixture.handle(new.sources));
    }
    let mut removed: Vec<usize> = alike.into_values().flatten().collect();
    removed.sort_unstable();
    changes.removed = removed.into_iter().map(|row| old.handle(row)).collect();
    (changes, rows)
}

/// Which fixture is which, as far as it has been found.
struct Pairs<'f> {
    old: &'f Library,
    new: Next<'f>,
    /// For each new fixture the old one.
    rows: Vec<Option<usize>>,
    /// Whether an old one has become a new one.
    taken: Vec<bool>,
}

impl<'f> Pairs<'f> {
    /// An old fixture becomes one new one at most.
    fn pair(&mut self, row: usize, old: usize) {
        if let (Some(new @ None), Some(taken @ false)) = (self.rows.get_mut(row), self.taken.get_mut(old)) {
            (*new, *taken) = (Some(old), true);
        }
    }

    /// Pairs what is equal at the beginning and the end of each file: that is most of it, and comparing costs far less than
    /// looking for it.
    fn at_the_ends(&mut self) {
        let mut files: RapidHashMap<&str, (Vec<usize>, Vec<usize>)> = RapidHashMap::default();
        for (row, fixture) in self.open() {
            files.entry(file(self.new.sources, fixture)).or_default().0.push(row);
        }
        for (row, fixture) in self.old.fixtures.iter().enumerate().filter(|(row, _)| self.is_left(*row)) {
            if let Some((_, old)) = files.get_mut(file(&self.old.sources, fixture)) {
                old.push(row);
            }
        }
        for (new, old) in files.into_values() {
            self.while_equal(new.iter().zip(&old));
            self.while_equal(new.iter().rev().zip(old.iter().rev()));
        }
    }

    fn while_equal<'n>(&mut self, places: impl Iterator<Item = (&'n usize, &'n usize)>) {
        for (row, old) in places {
            // From the other end it was compared already.
            if !self.is_left(*old) {
                return;
            }
            match (self.new.fixtures.get(*row), self.old.fixtures.get(*old)) {
                (Some(fixture), Some(before)) if content(fixture) == content(before) => self.pair(*row, *old),
                _ => return,
            }
        }
    }

    /// Pairs what is equal and stands elsewhere in its file.
    fn anywhere(&mut self) {
        let mut equal = self.left(|fixture| hash(&content(fixture)));
        let open: Vec<(usize, &Fixture)> = self.open().collect();
        for (row, fixture) in open {
            let key = (file(self.new.sources, fixture), hash(&content(fixture)));
            if let Some(old) = equal.get_mut(&key).and_then(VecDeque::pop_front) {
                self.pair(row, old);
            }
        }
    }

    /// New fixtures without an old one.
    fn open(&self) -> impl Iterator<Item = (usize, &'f Fixture)> {
        self.new.fixtures.iter().zip(&self.rows).enumerate().filter_map(|(row, (fixture, old))| old.is_none().then_some((row, fixture)))
    }

    fn is_left(&self, old: usize) -> bool {
        !self.taken.get(old).copied().unwrap_or(true)
    }

    /// Old fixtures without a new one, by their file and a key.
    fn left(&self, key: impl Fn(&Fixture) -> u64) -> RapidHashMap<(&'f str, u64), VecDeque<usize>> {
        let mut left: RapidHashMap<(&str, u64), VecDeque<usize>> = RapidHashMap::default();
        for (row, fixture) in self.old.fixtures.iter().enumerate().filter(|(row, _)| self.is_left(*row)) {
            left.entry((file(&self.old.sources, fixture), key(fixture))).or_default().push_back(row);
        }
        left
    }
}

fn file<'s>(sources: &'s [SourceFile], fixture: &Fixture) -> &'s str {
    sources.get(fixture.origin.source.0 as usize).map_or("", |source| source.name.as_str())
}

/// Everything about a fixture but its place.
fn content(fixture: &Fixture) -> impl Debug + PartialEq + '_ {
    let Fixture { id, origin: _, matches, position, answers, on_exhausted, recorded_at, dead, expect } = fixture;
    let expect = expect.as_ref().map(|expected| &expected.expect);
    (id, matches, position, answers, on_exhausted, recorded_at, dead, expect)
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
