//! What became of an expectation.

use serde_json::{Value, json};

use super::{Claim, Run, Subject};

/// One expectation, judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Which of the claims it belongs to.
    pub claim: usize,
    pub subject: Subject,
    /// The key of the expectation (`requests`).
    pub key: &'static str,
    /// Where the key stands, below the object that the claim's places know.
    pub pointer: String,
    pub holds: bool,
    pub expected: String,
    pub seen: String,
}

impl Outcome {
    /// `hello: requests: expected 2, seen 1`.
    pub fn line(&self) -> String {
        format!("{}: {}: expected {}, seen {}", self.subject.name(), self.key, self.expected, self.seen)
    }

    /// As JSON; with the place, if the claim has one.
    pub fn to_json(&self, claims: &[Claim<'_>]) -> Value {
        let mut object = serde_json::Map::new();
        let subject = match &self.subject {
            Subject::Run => None,
            Subject::File(name) => Some(("file", name)),
            Subject::Fixture(name) => Some(("fixture", name)),
        };
        if let Some((key, name)) = subject {
            object.insert(key.to_owned(), json!(name));
        }
        object.insert("key".to_owned(), json!(self.key));
        object.insert("holds".to_owned(), json!(self.holds));
        object.insert("expected".to_owned(), json!(self.expected));
        object.insert("seen".to_owned(), json!(self.seen));
        if let Some(places) = claims.get(self.claim).and_then(|claim| claim.places) {
            object.insert("at".to_owned(), json!({ "file": places.file(), "line": places.line(&self.pointer) }));
        }
        Value::Object(object)
    }
}

/// All outcomes as one JSON object.
pub fn report(claims: &[Claim<'_>], outcomes: &[Outcome], run: &Run) -> Value {
    let broken = outcomes.iter().filter(|outcome| !outcome.holds).count();
    json!({
        "version": 1,
        "holds": broken == 0,
        "judged": outcomes.len(),
        "broken": broken,
        "requests": run.entries.len() as u64 + run.forgotten,
        "forgotten": run.forgotten,
        "pending": run.entries.iter().filter(|entry| entry.duration.is_none()).count(),
        "outcomes": outcomes.iter().map(|outcome| outcome.to_json(claims)).collect::<Vec<_>>(),
    })
}
