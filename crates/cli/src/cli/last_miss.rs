//! `aimock match --last`: the last request that a running server had no fixture for, as its journal explains it.

use std::io::{self, Write};

use anyhow::Context as _;
use serde_json::Value;

use super::report::escape;
use super::{MatchFormat, client};
use crate::expect::Seen;

/// The entry of the last miss; `None`: there was none.
///
/// # Errors
/// The server cannot be asked.
pub(super) fn find(url: &str, key: Option<&str>) -> anyhow::Result<Option<Value>> {
    let text = client::journal(url, key)?.text;
    let entries: Vec<Value> = serde_json::from_str(&text).with_context(|| format!("the journal of {url} is no JSON array"))?;
    Ok(entries.into_iter().rev().find(|entry| Seen::from_json(entry).is_ok_and(|seen| seen.missed)))
}

/// Writes what the journal says of a miss.
pub(super) fn show(entry: &Value, format: MatchFormat, out: &mut dyn Write) -> io::Result<()> {
    let text = |value: &Value, pointer: &str| escape(value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()).to_string();
    if format == MatchFormat::Json {
        return writeln!(out, "{entry:#}");
    }
    let status = entry.pointer("/response/status").and_then(Value::as_u64).unwrap_or(0);
    writeln!(out, "{} {}: no fixture matches ({status}, {})", text(entry, "/method"), text(entry, "/path"), text(entry, "/id"))?;
    let nearest = entry.get("nearest").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if nearest.is_empty() {
        let error = text(entry, "/response/error");
        return writeln!(out, "  {}", if error.is_empty() { "no fixture comes near" } else { &error });
    }
    for (rank, near) in nearest.iter().enumerate() {
        writeln!(out, "\n{}. {}", rank + 1, text(near, "/fixture"))?;
        match near.get("failed") {
            None => writeln!(out, "   {}", text(near, "/reason"))?,
            Some(failed) => {
                writeln!(
                    out,
                    "   {}\n     wanted  {}\n     found   {}",
                    text(failed, "/key"),
                    text(failed, "/expected"),
                    text(failed, "/actual")
                )?;
            }
        }
        if let Some(more) = near.get("moreFailed").and_then(Value::as_u64) {
            writeln!(out, "   and {more} more")?;
        }
    }
    Ok(())
}
