//! What is served, and how it is counted, while files change and are read again.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::diagnostic::Source;
use crate::fixture::{Draft, LoadOptions, LoadedFile, Reread, into_library, load};
use aimock_core::document::Format;

/// A fixture by its id and what it answers.
type Entry = (usize, usize);

/// What stands in files; in load order.
type Files = BTreeMap<&'static str, Vec<Entry>>;

const NAMES: [&str; 4] = ["a.json", "b.json", "c.json", "d.json"];

fn loaded(number: usize, name: &str, entries: &[Entry]) -> LoadedFile {
    let fixture = |(id, answer): &Entry| json!({ "id": id.to_string(), "match": { "userMessage": format!("text {id}.") }, "response": { "content": answer.to_string() } });
    let text = json!({ "fixtures": entries.iter().map(fixture).collect::<Vec<_>>() }).to_string();
    let source = Source::new(SourceId(u32::try_from(number).unwrap()), name, text);
    load(&Arc::new(source), Format::Json, &LoadOptions::default())
}

fn fixture_of(entry: Entry) -> Fixture {
    loaded(0, "", &[entry]).entries.remove(0).fixture
}

#[derive(Clone, Debug)]
enum Deed {
    Insert(usize, prop::sample::Index),
    Remove(usize, prop::sample::Index),
    /// Another answer.
    Change(usize, prop::sample::Index),
    Move(usize, prop::sample::Index, prop::sample::Index),
    Delete(usize),
    /// Of files that are as they were, it is known for those with a bit here.
    Reload(u8),
    /// Into a file, which is read again at the next reload.
    Record(usize),
    Post,
    Hit(prop::sample::Index),
    Restore,
    Clear,
}

fn deed() -> impl Strategy<Value = Deed> {
    let (file, place) = (|| 0..NAMES.len(), any::<prop::sample::Index>);
    prop_oneof![
        6 => (file(), place()).prop_map(|(file, place)| Deed::Insert(file, place)),
        2 => (file(), place()).prop_map(|(file, place)| Deed::Remove(file, place)),
        2 => (file(), place()).prop_map(|(file, place)| Deed::Change(file, place)),
        2 => (file(), place(), place()).prop_map(|(file, from, to)| Deed::Move(file, from, to)),
        1 => file().prop_map(Deed::Delete),
        6 => any::<u8>().prop_map(Deed::Reload),
        1 => file().prop_map(Deed::Record),
        1 => Just(Deed::Post),
        4 => place().prop_map(Deed::Hit),
        1 => Just(Deed::Restore),
        1 => Just(Deed::Clear),
    ]
}

/// The same, told plainly.
#[derive(Default)]
struct Told {
    files: Files,
    /// As they were when they were loaded.
    loaded: Files,
    served: Vec<Served>,
    next: usize,
}

#[derive(Clone, Debug, PartialEq)]
struct Served {
    /// `None`: posted.
    file: Option<&'static str>,
    entry: Entry,
    hits: u64,
    /// No file that was read has it.
    recorded: bool,
}

impl Told {
    fn id(&mut self) -> usize {
        self.next += 1;
        self.next
    }

    /// The fixtures of the files that were loaded last.
    fn read(&self) -> Vec<Served> {
        let entries = self.loaded.iter().flat_map(|(name, entries)| entries.iter().map(|entry| (*name, *entry)));
        entries.map(|(name, entry)| Served { file: Some(name), entry, hits: 0, recorded: false }).collect()
    }

    /// What the files say that they did not say, and that was not recorded.
    fn news(&self) -> Vec<String> {
        let is_old = |name: &'static str, entry: &Entry| {
            let is_recorded = |fixture: &Served| fixture.recorded && (fixture.file, fixture.entry) == (Some(name), *entry);
            self.loaded.get(name).is_some_and(|entries| entries.contains(entry)) || self.served.iter().any(is_recorded)
        };
        let news = self.files.iter().flat_map(|(name, entries)| entries.iter().filter(|entry| !is_old(name, entry)));
        news.map(|entry| entry.0.to_string()).collect()
    }

    fn reload(&mut self) {
        let before = std::mem::replace(&mut self.loaded, self.files.clone());
        let mut served = self.read();
        for fixture in &mut served {
            let before = self.served.iter().find(|before| (before.file, before.entry) == (fixture.file, fixture.entry));
            fixture.hits = before.map_or(0, |before| before.hits);
        }
        let is_in_a_file = |name: &'static str| before.contains_key(name) || self.loaded.contains_key(name);
        served.extend(self.served.iter().filter(|fixture| !fixture.file.is_some_and(is_in_a_file)).cloned());
        self.served = served;
    }

    fn restore(&mut self) {
        let mut served = self.read();
        let recorded = self.served.iter().filter(|fixture| fixture.recorded);
        served.extend(recorded.map(|fixture| Served { hits: 0, ..fixture.clone() }));
        self.served = served;
    }
}

/// Which files say what they said when they were loaded, as far as it is known.
fn reread(told: &Told, known: u8) -> Vec<Reread> {
    let numbered = told.files.iter().enumerate();
    let read = numbered.map(|(number, (name, entries))| {
        let place = NAMES.iter().position(|other| other == name).unwrap();
        let file = loaded(number, name, entries);
        let before = told.loaded.iter().position(|(other, before)| other == name && before == entries);
        match before.filter(|_| known >> place & 1 == 1) {
            Some(before) => Reread::Same(SourceId(u32::try_from(before).unwrap()), file.source),
            None => Reread::Loaded(file),
        }
    });
    read.collect()
}

/// Does it to the files.
fn edit(deed: &Deed, told: &mut Told) {
    let id = told.id();
    let entries = |told: &mut Told, file: usize| told.files.get(NAMES[file]).cloned().unwrap_or_default();
    let (file, entries) = match *deed {
        Deed::Insert(file, place) => {
            let mut entries = entries(told, file);
            // Enough for an index, and at once.
            let at = place.index(entries.len() + 1);
            entries.splice(at..at, (0..20).map(|more| (id * 100 + more, 0)));
            (file, entries)
        }
        Deed::Delete(file) => {
            told.files.remove(NAMES[file]);
            return;
        }
        Deed::Remove(file, place) | Deed::Change(file, place) | Deed::Move(file, place, _) => {
            let mut entries = entries(told, file);
            if entries.is_empty() {
                return;
            }
            let entry = entries.remove(place.index(entries.len()));
            match deed {
                Deed::Change(..) => entries.insert(place.index(entries.len() + 1), (entry.0, id)),
                Deed::Move(_, _, to) => entries.insert(to.index(entries.len() + 1), entry),
                _ => {}
            }
            (file, entries)
        }
        _ => return,
    };
    told.files.insert(NAMES[file], entries);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_read_again_is_served_as_if_all_was_loaded_anew(deeds in prop::collection::vec(deed(), 0..40)) {
        let editions = Editions::new(into_library(Vec::new()));
        let sessions = Sessions::default();
        let mut told = Told::default();
        for deed in deeds {
            edit(&deed, &mut told);
            match deed {
                Deed::Reload(known) => {
                    let files = reread(&told, known);
                    let mut news = told.news();
                    let changes = sessions.reload(&editions, |before| Draft::of(files, before));
                    let mut said = [changes.added, changes.changed].concat();
                    news.sort_unstable();
                    said.sort_unstable();
                    prop_assert_eq!(said, news);
                    told.reload();
                }
                Deed::Record(file) => {
                    let (name, entry) = (NAMES[file], (told.id() * 100, 0));
                    let entries = told.files.entry(name).or_default();
                    entries.push(entry);
                    editions.adopt(name, entries.len() - 1, fixture_of(entry));
                    told.served.push(Served { file: Some(name), entry, hits: 0, recorded: true });
                }
                Deed::Post => {
                    let entry = (told.id() * 100, 0);
                    editions.append(vec![fixture_of(entry)]);
                    told.served.push(Served { file: None, entry, hits: 0, recorded: false });
                }
                Deed::Hit(place) if !told.served.is_empty() => {
                    let row = place.index(told.served.len());
                    editions.current().hit(row);
                    told.served[row].hits += 1;
                }
                Deed::Restore => {
                    editions.restore();
                    told.restore();
                }
                Deed::Clear => {
                    editions.clear();
                    told.served.clear();
                }
                _ => {}
            }
            let current = editions.current();
            let library = &current.library;
            let served: Vec<_> = (0..library.fixtures.len()).map(|row| (library.handle(row), current.hits(row))).collect();
            let expected: Vec<_> = told.served.iter().map(|fixture| (fixture.entry.0.to_string(), fixture.hits)).collect();
            prop_assert_eq!(served, expected);
            for (row, (fixture, told)) in library.fixtures.iter().zip(&told.served).enumerate() {
                prop_assert_eq!(library.table.rows().get(row), Some(&fixture.row()));
                let file = &library.sources[fixture.origin.source.0 as usize].name;
                prop_assert!(told.file.map_or(file.starts_with("posted-"), |name| name == file), "{} is in {:?}", file, told.file);
                let exchange = fixture.matches.plainest().unwrap();
                prop_assert_eq!(library.table.candidates(&exchange).map(|(row, _)| row).collect::<Vec<_>>(), vec![row]);
            }
        }
    }
}
