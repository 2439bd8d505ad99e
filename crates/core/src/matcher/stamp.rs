//! What a recorder writes down for a facet, so that a recording matches its own request.

use serde_json::Value;

pub use crate::exchange::model_family as family;

use super::{Criterion, Facet, Stamp};

impl Criterion {
    /// The value that records this facet in a fixture's `match`; `None` when there is nothing to record.
    ///
    /// Written to a file and loaded again, it accepts the facet it was made from.
    pub fn stamp(&self, facet: &Facet<'_>) -> Option<Value> {
        match (self.stamp, facet) {
            (Stamp::Plain, Facet::Text(text)) => Some(Value::from(text.as_ref())),
            (Stamp::ModelFamily, Facet::Text(model)) => Some(Value::from(family(model))),
            (Stamp::Flag, Facet::Flag(flag)) => Some(Value::from(*flag)),
            _ => None,
        }
    }
}
