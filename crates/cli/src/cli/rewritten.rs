//! A request as `aimock match` shows it after the transforms of the configuration.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::report::escape;
use crate::exchange::Exchange;
use crate::matcher::{CRITERIA, Facet};
use crate::transform::Transforms;

/// What matching sees of a request, and what came of it.
#[derive(Debug)]
pub(super) struct Rewritten {
    pub(super) exchange: Exchange,
    transforms: Vec<String>,
    changes: Vec<Change>,
}

/// A match key that reads something else than before.
#[derive(Debug)]
struct Change {
    key: &'static str,
    /// What it reads now, in words for people.
    shown: String,
    whole: String,
}

impl Rewritten {
    /// Rewrites a request as the server would.
    ///
    /// # Errors
    /// A transform fails: the server would answer 500.
    pub(super) fn new(transforms: &Transforms, original: Exchange) -> anyhow::Result<Rewritten> {
        let seen = transforms.exchange(&original).map_err(|error| {
            anyhow::anyhow!(
                "transform `{}` cannot rewrite this request: {}\nthe server answers it with 500 `transform_failed`",
                error.transform,
                error.reason
            )
        })?;
        let Cow::Owned(exchange) = seen else {
            return Ok(Rewritten { exchange: original, transforms: Vec::new(), changes: Vec::new() });
        };
        let mut changes = Vec::new();
        for criterion in CRITERIA {
            let (before, now) = ((criterion.read)(&original), (criterion.read)(&exchange));
            if before != now {
                let whole = if let Facet::Text(text) = &now { text.clone().into_owned() } else { now.to_string() };
                changes.push(Change { key: criterion.key, shown: now.to_string(), whole });
            }
        }
        Ok(Rewritten { exchange, transforms: transforms.names(), changes })
    }

    /// The lines that say so; none when there are no transforms.
    pub(super) fn text(&self) -> String {
        if self.transforms.is_empty() {
            return String::new();
        }
        let nothing = if self.changes.is_empty() { " (they change nothing here)" } else { "" };
        let mut text = format!("  after transforms: {}{nothing}\n", escape(&self.transforms.join(", ")));
        let width = self.changes.iter().map(|change| change.key.len()).max().unwrap_or(0);
        for Change { key, shown, whole: _ } in &self.changes {
            let _ = writeln!(text, "    {key:width$}  {}", escape(shown));
        }
        text
    }

    /// Adds the same to an answer in JSON.
    pub(super) fn add_to(&self, answer: &mut serde_json::Value) {
        if let (Some(answer), false) = (answer.as_object_mut(), self.transforms.is_empty()) {
            let changes: serde_json::Map<String, serde_json::Value> =
                self.changes.iter().map(|change| (change.key.to_owned(), change.whole.as_str().into())).collect();
            answer.insert("transforms".to_owned(), serde_json::json!(self.transforms));
            answer.insert("rewritten".to_owned(), changes.into());
        }
    }
}
