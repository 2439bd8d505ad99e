//! Reading embeddings back (OpenAI's API reference, "Create embeddings"), as floats and as base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::chat_collapse::without_defaults;
use super::collapse::{LeftOut, error, json_body, only, unsayable};
use crate::exchange::{Captured, Collapsed, Reply, Unsayable};

/// What an embeddings answer says. Equal vectors are said once, for every input.
pub(in crate::provider) fn collapse(captured: &Captured) -> Result<Collapsed, Unsayable> {
    let mut left_out = LeftOut::default();
    if captured.status >= 400 {
        let reply = Reply::Error(without_defaults(error(captured, &mut left_out)?));
        return Ok(left_out.with(reply));
    }
    let body = json_body(captured)?;
    left_out.others(&body, &["object", "data"]);
    let items = body.get("data").and_then(Value::as_array).filter(|items| !items.is_empty());
    let mut vectors = Vec::new();
    for item in items.ok_or_else(|| unsayable("the body holds no embeddings"))? {
        only(item, &["object", "index", "embedding"], "an item")?;
        if item.get("index").and_then(Value::as_u64).is_some_and(|index| index != vectors.len() as u64) {
            return Err(unsayable("the embeddings are not in order"));
        }
        let vector = item.get("embedding").and_then(vector).filter(|vector| !vector.is_empty());
        vectors.push(vector.ok_or_else(|| unsayable("an embedding is neither numbers nor base64"))?);
    }
    let reply = match vectors.first() {
        Some(first) if vectors.iter().all(|vector| vector == first) => Reply::Embedding(first.clone()),
        _ => Reply::Embeddings(vectors),
    };
    Ok(left_out.with(reply))
}

fn vector(value: &Value) -> Option<Vec<f64>> {
    match value {
        Value::Array(numbers) => numbers.iter().map(Value::as_f64).collect(),
        Value::String(packed) => unpacked(packed),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    }
}

/// Four bytes a number, little-endian; each becomes the shortest decimal that is packed the same way.
pub(in crate::provider) fn unpacked(text: &str) -> Option<Vec<f64>> {
    let bytes = STANDARD.decode(text).ok()?;
    let (numbers, rest) = bytes.as_chunks::<4>();
    let shortest = |bytes: &[u8; 4]| f32::from_le_bytes(*bytes).to_string().parse().ok().filter(|number: &f64| number.is_finite());
    if rest.is_empty() { numbers.iter().map(shortest).collect() } else { None }
}
