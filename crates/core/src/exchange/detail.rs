//! What the server adds to an error about itself.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

/// The member `aimock` of an error's envelope.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Detail {
    /// Nothing matched. The journal keeps the same.
    #[serde(serialize_with = "shared")]
    Missed(Arc<Missed>),
    Other(Value),
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
            Detail::Missed(missed) => serde_json::to_value(missed.as_ref()).unwrap_or_default(),
            Detail::Other(value) => value.clone(),
        }
    }
}

fn shared<S: serde::Serializer>(missed: &Arc<Missed>, serializer: S) -> Result<S::Ok, S::Error> {
    missed.as_ref().serialize(serializer)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_none(count: &usize) -> bool {
    *count == 0
}
