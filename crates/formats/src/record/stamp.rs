//! The `match` of a recording: what each criterion reads of the request, written so that it accepts the same again.

use serde_json::{Map, Value, json};

use crate::exchange::{Endpoint, Exchange};
use crate::matcher::{CRITERIA, Plain, Shape};
use crate::secrets::Redactor;

/// The `match` that takes this request.
///
/// A text with a credential in it is written as the pieces around the credential, all of which must be contained: so the
/// recording still takes its own request, and the credential stays out of the file.
pub fn stamp(exchange: &Exchange, redactor: &Redactor) -> Map<String, Value> {
    let mut matches = Map::new();
    for criterion in CRITERIA {
        let Some(value) = criterion.stamp(&(criterion.read)(exchange)) else { continue };
        let value = match &value {
            Value::String(text) if !redactor.find(text).is_empty() => around(text, criterion.shape, redactor),
            _ => Some(value),
        };
        if let Some(value) = value {
            matches.insert(criterion.key.to_owned(), value);
        }
    }
    if exchange.request.endpoint == Some(Endpoint::Chat) {
        matches.insert("turnIndex".to_owned(), json!(exchange.request.assistant_count()));
    }
    matches
}

/// The pieces of a text around its credentials; `None` where pieces cannot be asked for, or none is left.
fn around(text: &str, shape: Shape, redactor: &Redactor) -> Option<Value> {
    let Shape::Text { plain: Plain::Contains | Plain::AlwaysContains, .. } = shape else { return None };
    let mut pieces = Vec::new();
    let mut from = 0;
    for range in redactor.find(text) {
        pieces.push(text.get(from..range.start).unwrap_or_default());
        from = range.end;
    }
    pieces.push(text.get(from..).unwrap_or_default());
    pieces.retain(|piece| !piece.trim().is_empty());
    (!pieces.is_empty()).then(|| json!({ "contains": pieces }))
}
