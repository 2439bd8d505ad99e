//! What earlier runs found, so that a run looks only at what has changed.
//!
//! A record holds what was found in one text, or among texts that are loaded together, under a key that is made from all
//! that the findings follow from: names, formats and contents, by hash. What else they follow from (the rules that ran,
//! their options, the version of the program) is the memory's own [`Memory::read`] `context`: under another one nothing is
//! remembered. Records are self-contained; there is no list of files that could be out of date, and texts that are gone
//! are forgotten after a few writes.
//!
//! What is read back is somebody's file: it is checked as a whole and record by record, places against the texts that
//! they point into, and what does not fit counts as forgotten. No key, no personal datum and no long stretch of a fixture
//! is put in: what the rules about secrets would speak of is looked at anew each time. Bytes in, bytes out: nothing here
//! touches the disk.

mod record;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::suppress::Allows;
use crate::diagnostic::{Diagnostic, Source};
use crate::fixture::{Input, Summary};

/// What a memory begins with; the number changes when the form of records does.
const MAGIC: &[u8] = b"aimock lint memory 1\n";

/// Writes after which a record that was of no use is forgotten.
const MOST_UNUSED: u8 = 8;

/// Bytes of all records: more is not kept.
const MOST_BYTES: usize = 64 << 20;

/// A hash of everything that a record follows from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key([u8; 16]);

impl Key {
    /// The key of these parts; their borders count.
    pub fn of<'p>(kind: &'p str, parts: impl IntoIterator<Item = &'p [u8]>) -> Key {
        let mut hash = Sha256::new();
        for part in std::iter::once(kind.as_bytes()).chain(parts) {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        Key::taken(&hash.finalize())
    }

    /// The key of a text under its name.
    pub fn of_input(input: &Input) -> Key {
        let format = format!("{:?}", input.format);
        Key::of("file", [input.source.name().as_bytes(), format.as_bytes(), input.source.text().as_bytes()])
    }

    /// The key of several texts, in their order.
    pub fn of_group(kind: &str, name: &str, members: impl IntoIterator<Item = (Key, bool)>) -> Key {
        let members: Vec<u8> = members.into_iter().flat_map(|(key, marked)| key.0.into_iter().chain([u8::from(marked)])).collect();
        Key::of(kind, [name.as_bytes(), &members])
    }

    /// As a name for a file: 32 hexadecimal digits.
    pub fn to_name(self) -> String {
        self.0.iter().fold(String::with_capacity(32), |name, byte| name + &format!("{byte:02x}"))
    }

    fn taken(hash: &[u8]) -> Key {
        let mut key = Key::default();
        key.0.iter_mut().zip(hash).for_each(|(to, from)| *to = *from);
        key
    }
}

/// A record as it is written.
#[derive(Debug, Serialize, Deserialize)]
struct Written<'b> {
    key: Key,
    /// Writes since it was of use.
    unused: u8,
    #[serde(borrow)]
    body: &'b [u8],
}

/// What is remembered of one text.
#[derive(Debug)]
pub(super) struct OfFile {
    pub(super) summary: Summary,
    pub(super) found: Vec<Diagnostic>,
    pub(super) allows: Allows,
}

/// What earlier runs found, and what this one adds.
#[derive(Debug, Default)]
pub struct Memory<'b> {
    context: Key,
    old: HashMap<Key, (u8, &'b [u8])>,
    /// Records that were of use in this run, or are new; empty bodies stand for what is not to be kept.
    used: BTreeMap<Key, Cow<'b, [u8]>>,
    /// Something was learnt.
    grown: bool,
}

impl<'b> Memory<'b> {
    /// Reads what [`Memory::to_bytes`] wrote under the same context. Of anything else nothing is remembered.
    pub fn read(context: Key, bytes: &'b [u8]) -> Memory<'b> {
        let old = Memory::records(context, bytes).unwrap_or_default();
        Memory { context, old, ..Memory::default() }
    }

    fn records(context: Key, bytes: &'b [u8]) -> Option<HashMap<Key, (u8, &'b [u8])>> {
        if bytes.len() > 2 * MOST_BYTES {
            return None;
        }
        let (stamp, payload) = bytes.strip_prefix(MAGIC)?.split_at_checked(context.0.len())?;
        if stamp != Memory::stamp(context, payload).0 {
            return None;
        }
        let list: Vec<Written<'b>> = postcard::from_bytes(payload).ok()?;
        Some(list.into_iter().map(|record| (record.key, (record.unused, record.body))).collect())
    }

    /// Tells a memory that is whole and of this context from any other.
    fn stamp(context: Key, payload: &[u8]) -> Key {
        Key::of("memory", [&context.0[..], payload])
    }

    /// What is to be written; `None`: nothing was learnt, or it is too much.
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        if !self.grown {
            return None;
        }
        let kept = |body: &&Cow<'b, [u8]>| !body.is_empty();
        let used = self.used.iter().filter(|(_, body)| kept(body)).map(|(key, body)| Written { key: *key, unused: 0, body });
        let mut records: Vec<Written<'_>> = used.collect();
        let mut size: usize = records.iter().map(|record| record.body.len()).sum();
        if size > MOST_BYTES {
            return None;
        }
        let mut rest: Vec<Written<'_>> = self
            .old
            .iter()
            .filter(|(key, (unused, _))| *unused < MOST_UNUSED && !self.used.contains_key(key))
            .map(|(key, (unused, body))| Written { key: *key, unused: unused + 1, body })
            .collect();
        rest.sort_by_key(|record| (record.unused, record.key));
        for record in rest {
            size += record.body.len();
            if size > MOST_BYTES {
                break;
            }
            records.push(record);
        }
        let payload = postcard::to_extend(&records, Vec::new()).ok()?;
        Some([MAGIC, &Memory::stamp(self.context, &payload).0[..], &payload].concat())
    }

    /// What was found in a text.
    pub(super) fn file(&self, key: Key, source: &Arc<Source>) -> Option<OfFile> {
        record::file_of(self.old.get(&key)?.1, source)
    }

    /// What was found among texts that are loaded together.
    pub fn group(&mut self, key: Key, members: &[&Arc<Source>]) -> Option<Vec<Diagnostic>> {
        let body = self.old.get(&key)?.1;
        let found = record::group_of(body, members)?;
        self.used.insert(key, Cow::Borrowed(body));
        Some(found)
    }

    /// Remembers what was found among texts that are loaded together.
    pub fn learn_group(&mut self, key: Key, members: &[&Arc<Source>], found: &[Diagnostic]) {
        self.learn(key, record::of_group(found, members));
    }

    /// Remembers what was found in a text; `None`: it is to be looked at anew.
    pub(super) fn learn(&mut self, key: Key, body: Option<Vec<u8>>) {
        // What cannot be kept is no news, unless something was kept.
        self.grown |= body.is_some() || self.old.contains_key(&key);
        self.used.insert(key, Cow::Owned(body.unwrap_or_default()));
    }

    /// A record was of use.
    pub(super) fn keep(&mut self, key: Key) {
        if let Some((_, body)) = self.old.get(&key) {
            self.used.insert(key, Cow::Borrowed(*body));
        }
    }
}

/// What is to be remembered of a text; `None`: nothing.
pub(super) fn body_of(summary: &Summary, found: &[Diagnostic], allows: &Allows) -> Option<Vec<u8>> {
    record::of_file(summary, found, allows)
}
