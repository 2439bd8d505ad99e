//! What the server adds to an error about itself.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// The member `aimock` of an error's envelope.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Detail {
    /// Nothing matched.
    Missed(MissedText),
    Other(Value),
}

/// What came nearest, written once for whatever envelope it stands in, and for the journal.
#[derive(Clone, Debug)]
pub struct MissedText {
    pub missed: Arc<Missed>,
    text: Arc<RawValue>,
}

/// What came nearest to a request that nothing matched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Missed {
    /// Best first.
    pub nearest: Vec<NearMiss>,
    /// What rewrote the request before it was matched.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub transforms: Vec<String>,
}

/// A fixture that nearly answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NearMiss {
    /// The handle of the fixture.
    pub fixture: String,
    /// One line: why it did not answer.
    pub reason: String,
    /// The first clause that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<Failed>,
    /// How many more clauses failed.
    #[serde(skip_serializing_if = "is_none")]
    pub more_failed: usize,
}

/// A clause that failed: its key, what it wants and what the request has, both in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failed {
    pub key: &'static str,
    pub expected: String,
    pub actual: String,
}

impl Detail {
    /// As JSON, for envelopes that are built member by member.
    pub fn to_json(&self) -> Value {
        match self {
            // Texts and lists always can be written.
            Detail::Missed(text) => serde_json::to_value(text.missed.as_ref()).unwrap_or_default(),
            Detail::Other(value) => value.clone(),
        }
    }
}

impl MissedText {
    /// Writes it.
    pub fn new(missed: Missed) -> MissedText {
        // Texts and lists always can be written.
        let text = serde_json::value::to_raw_value(&missed).unwrap_or_default();
        MissedText { missed: Arc::new(missed), text: text.into() }
    }

    /// The JSON text of [`Missed`]: one piece of memory, where what it was written from has a dozen.
    pub fn text(&self) -> Arc<RawValue> {
        Arc::clone(&self.text)
    }
}

impl PartialEq for MissedText {
    fn eq(&self, other: &MissedText) -> bool {
        self.missed == other.missed
    }
}

impl Serialize for MissedText {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.text.serialize(serializer)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_none(count: &usize) -> bool {
    *count == 0
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_written_at_once_is_what_is_built_member_by_member() {
        let failed = Failed { key: "model", expected: "is `a`".to_owned(), actual: "\"b\n\u{1}\"".to_owned() };
        let near = |failed, more_failed| NearMiss { fixture: "f".to_owned(), reason: "r".to_owned(), failed, more_failed };
        for (missed, written) in [
            (Missed::default(), json!({ "nearest": [] })),
            (
                Missed { nearest: vec![near(None, 0), near(Some(failed), 2)], transforms: vec!["ids".to_owned()] },
                json!({
                    "nearest": [
                        { "fixture": "f", "reason": "r" },
                        { "fixture": "f", "reason": "r", "failed": { "key": "model", "expected": "is `a`", "actual": "\"b\n\u{1}\"" }, "moreFailed": 2 },
                    ],
                    "transforms": ["ids"],
                }),
            ),
        ] {
            let detail = Detail::Missed(MissedText::new(missed));
            assert_eq!(detail.to_json(), written);
            assert_eq!(serde_json::to_string(&detail).unwrap(), written.to_string());
            assert_eq!(serde_json::to_value(&detail).unwrap(), written);
        }
    }
}
