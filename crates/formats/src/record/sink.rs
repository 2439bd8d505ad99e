//! Where in a file a recording goes: the text of the file in, its new text out.

use std::fmt::Write as _;

use rapidhash::RapidHashMap;
use serde_json::{Map, Value, json};

use crate::secrets::Redacted;

/// What happens when the file holds an entry with the same `match`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnEqual {
    /// It stays, and nothing is written: somebody else recorded the same.
    Keep,
    /// The recording takes its place.
    Replace,
}

/// Where recordings stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inserted {
    /// The file's new text; `None`: as it was.
    pub text: Option<String>,
    /// The recordings' places in `fixtures`.
    pub indexes: Vec<usize>,
    /// What the file holds now, where more can be put behind it without reading it again.
    pub sheet: Option<Sheet>,
}

/// What a file of recordings holds, as far as it takes to add to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    /// Entries by a hash of their `match`.
    places: RapidHashMap<u64, usize>,
    count: usize,
    /// The byte behind the last entry.
    tail: u64,
}

/// What is to be done to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addition {
    /// Bytes of the file that stay.
    pub kept: u64,
    /// What comes behind them.
    pub rest: Vec<u8>,
    /// The recordings' places in `fixtures`.
    pub indexes: Vec<usize>,
    /// What comes to the file's sheet with it; see [`Sheet::follow`].
    pub sheet: Sheet,
}

/// A file that recordings cannot be added to. It is left as it is.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    #[error("it is no JSON ({0}); move it away, or choose another folder")]
    NotJson(String),
    #[error("it has no `fixtures` list; move it away, or choose another folder")]
    NotFixtures,
}

/// What stands behind the last entry of a file as it is written here, from its last line on.
const ENDING: &str = "\n  ]\n}\n";

/// Adds recordings to the text of a file, or starts one.
///
/// # Errors
/// The text is no fixture file.
pub fn insert(old: Option<&str>, recordings: &[&Redacted<Value>], equal: OnEqual) -> Result<Inserted, SinkError> {
    let text = old.map(|text| text.trim_start_matches('\u{feff}')).filter(|text| !text.trim().is_empty());
    let mut file: Map<String, Value> = match text {
        None => Map::from_iter([("fixtures".to_owned(), json!([]))]),
        Some(text) => serde_json::from_str(text).map_err(|error| SinkError::NotJson(error.to_string()))?,
    };
    let Some(Value::Array(fixtures)) = file.get_mut("fixtures") else { return Err(SinkError::NotFixtures) };
    let mut places = RapidHashMap::default();
    for (index, entry) in fixtures.iter().enumerate() {
        places.entry(digest(entry.get("match"))).or_insert(index);
    }
    let mut changed = false;
    let mut indexes = Vec::with_capacity(recordings.len());
    for recording in recordings.iter().map(|recording| recording.get()) {
        let index = *places.entry(digest(recording.get("match"))).or_insert(fixtures.len());
        match fixtures.get_mut(index) {
            Some(_) if equal == OnEqual::Keep => {}
            Some(entry) => (*entry, changed) = (recording.clone(), true),
            None => {
                fixtures.push(recording.clone());
                changed = true;
            }
        }
        indexes.push(index);
    }
    let count = fixtures.len();
    let is_last = count > 0 && file.keys().next_back().is_some_and(|key| key == "fixtures");
    let new = changed.then(|| format!("{:#}\n", Value::Object(file)));
    let now = new.as_deref().or(old).unwrap_or_default();
    // Only where the end is known to be that of the list.
    let front = now.strip_suffix(ENDING).filter(|front| is_last && front.ends_with("\n    }"));
    let sheet = front.map(|front| Sheet { places, count, tail: front.len() as u64 });
    Ok(Inserted { text: new, indexes, sheet })
}

impl Sheet {
    /// How recordings are added at the end; `None` where one takes the place of another.
    pub fn add(&self, recordings: &[&Redacted<Value>], equal: OnEqual) -> Option<Addition> {
        // What is new is found first, so that nothing is copied where nothing is.
        let mut sheet = Sheet { places: RapidHashMap::default(), ..*self };
        let mut text = String::new();
        let mut indexes = Vec::with_capacity(recordings.len());
        for recording in recordings.iter().map(|recording| recording.get()) {
            let digest = digest(recording.get("match"));
            let index = match self.places.get(&digest).or_else(|| sheet.places.get(&digest)) {
                Some(_) if equal == OnEqual::Replace => return None,
                Some(index) => *index,
                None => {
                    sheet.places.insert(digest, sheet.count);
                    text.push_str(",\n    ");
                    // A line break in pretty JSON stands between values, never in a text.
                    text.push_str(&format!("{recording:#}").replace('\n', "\n    "));
                    sheet.count += 1;
                    sheet.count - 1
                }
            };
            indexes.push(index);
        }
        if text.is_empty() {
            return Some(Addition { kept: self.tail + ENDING.len() as u64, rest: Vec::new(), indexes, sheet });
        }
        sheet.tail += text.len() as u64;
        let rest = [text.as_bytes(), ENDING.as_bytes()].concat();
        Some(Addition { kept: self.tail, rest, indexes, sheet })
    }

    /// Takes over what [`Sheet::add`] has prepared, once it is written.
    pub fn follow(&mut self, added: Sheet) {
        self.places.extend(added.places);
        (self.count, self.tail) = (added.count, added.tail);
    }
}

/// A hash of a `match`; the order of its members does not count.
fn digest(matches: Option<&Value>) -> u64 {
    let mut text = String::new();
    if let Some(matches) = matches {
        write_sorted(matches, &mut text);
    }
    rapidhash::v3::rapidhash_v3(text.as_bytes())
}

fn write_sorted(value: &Value, text: &mut String) {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by_key(|(key, _)| *key);
            text.push('{');
            for (key, member) in members {
                let _ = write!(text, "{}:", Value::from(key.as_str()));
                write_sorted(member, text);
                text.push(',');
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for item in items {
                write_sorted(item, text);
                text.push(',');
            }
            text.push(']');
        }
        Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Null => {
            let _ = write!(text, "{value}");
        }
    }
}
