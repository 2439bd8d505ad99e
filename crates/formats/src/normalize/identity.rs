//! Values that must stay as they are, because something that is not rewritten holds them too: files of the scope that
//! were not given, and texts of match keys that the request itself says.

use std::collections::{BTreeMap, HashSet};

use crate::document::Format;
use crate::fixture::Input;
use crate::transform::{BuiltIn, Scanner, Strictness, builtin};

/// Built-ins whose frozen form keeps identity, so that other places may refer to what they find.
pub(super) const REFERRED: [&str; 3] = ["ids", "uuids", "request-ids"];

/// A value as it is compared.
pub(super) fn hash(value: &str) -> u64 {
    rapidhash::v3::rapidhash_v3(value.as_bytes())
}

/// Values that stay.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    values: HashSet<u64>,
    /// Value and file: mentioned by files that were not given.
    elsewhere: BTreeMap<String, String>,
}

impl Known {
    /// Whether this value must stay.
    pub(super) fn stays(&self, value: &str) -> bool {
        !self.values.is_empty() && self.values.contains(&hash(value))
    }

    /// Everything that files name which are loaded too but must not be written.
    pub(super) fn of_others(others: &[Input]) -> Known {
        let mut known = Known::default();
        let builtins: Vec<&'static BuiltIn> = REFERRED.iter().filter_map(|name| builtin(name)).collect();
        let scanner = Scanner::new(&builtins, Strictness::Drawn);
        for input in others {
            let text = readable(input);
            for (_, found) in scanner.scan(&text) {
                let Some(value) = text.get(found.range.clone()) else { continue };
                if known.values.insert(hash(value)) {
                    known.elsewhere.insert(value.to_owned(), input.source.name().to_owned());
                }
            }
        }
        known
    }

    /// Adds values; gives those that were not known.
    pub(super) fn add<'v>(&mut self, values: impl Iterator<Item = &'v str>) -> HashSet<u64> {
        values.map(hash).filter(|hash| self.values.insert(*hash)).collect()
    }

    /// The file that was not given and mentions this value.
    pub(super) fn holder(&self, value: &str) -> Option<&str> {
        self.elsewhere.get(value).map(String::as_str)
    }
}

/// A file's text for recognisers. Escapes of JSON could hide the start of a word.
fn readable(input: &Input) -> std::borrow::Cow<'_, str> {
    let text = input.source.text();
    if input.format == Format::Yaml || !text.contains('\\') {
        return text.into();
    }
    text.replace("\\n", " \n").replace("\\t", " \t").replace("\\r", " \r").replace("\\\"", " \"").into()
}
