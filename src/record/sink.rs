//! Where in a file a recording goes: the text of the file in, its new text out.

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

/// Where a recording stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inserted {
    /// The file's new text; `None`: as it was.
    pub text: Option<String>,
    /// The recording's place in `fixtures`.
    pub index: usize,
}

/// A file that recordings cannot be added to. It is left as it is.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    #[error("it is no JSON ({0}); move it away, or choose another folder")]
    NotJson(String),
    #[error("it has no `fixtures` list; move it away, or choose another folder")]
    NotFixtures,
}

/// Adds a recording to the text of a file, or starts one.
///
/// # Errors
/// The text is no fixture file.
pub fn insert(old: Option<&str>, recording: &Redacted<Value>, equal: OnEqual) -> Result<Inserted, SinkError> {
    let recording = recording.get();
    let old = old.map(|text| text.trim_start_matches('\u{feff}')).filter(|text| !text.trim().is_empty());
    let mut file: Map<String, Value> = match old {
        None => Map::from_iter([("fixtures".to_owned(), json!([]))]),
        Some(text) => serde_json::from_str(text).map_err(|error| SinkError::NotJson(error.to_string()))?,
    };
    let Some(Value::Array(fixtures)) = file.get_mut("fixtures") else { return Err(SinkError::NotFixtures) };
    let same = fixtures.iter().position(|entry| entry.get("match") == recording.get("match"));
    let index = match same {
        Some(index) if equal == OnEqual::Keep => return Ok(Inserted { text: None, index }),
        Some(index) => {
            if let Some(entry) = fixtures.get_mut(index) {
                *entry = recording.clone();
            }
            index
        }
        None => {
            fixtures.push(recording.clone());
            fixtures.len() - 1
        }
    };
    let text = format!("{:#}\n", Value::Object(file));
    Ok(Inserted { text: Some(text), index })
}
