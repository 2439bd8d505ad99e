//! Secrets on the way out: every key that is known by its form, every random value under a name that keeps secrets, and
//! every value that is a credential elsewhere in the file becomes a constant for its kind. Never a hash, never a part of it.

mod finder;
mod matches;
mod pieces;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::reading::{Found, Interaction};
use crate::diagnostic::Severity;
use crate::secrets::{is_credential_header, is_credential_name, looks_random};
use finder::{Finder, credentials, gunzip, gzip, unescaped};
use pieces::Piece;

/// Takes secrets out of what is handed over.
#[derive(Debug, Default)]
pub(super) struct Scrubber {
    finder: Finder,
}

/// What was done to a fixture.
#[derive(Debug, Default)]
pub(super) struct Scrubbed {
    /// How many secrets it held.
    pub(super) secrets: usize,
    /// What else is to be said.
    pub(super) remarks: Vec<(&'static str, Severity, &'static str)>,
}

/// How many header fields of an interaction carry credentials: they are not carried.
pub(super) fn credential_headers(interaction: &Interaction) -> usize {
    let (asked, answered) = (&interaction.request.headers, &interaction.captured.headers);
    asked.iter().chain(answered.iter()).filter(|(name, _)| is_credential_header(name)).count()
}

impl Scrubber {
    /// A scrubber for everything that is made of these.
    pub(super) fn of(found: &[Found]) -> Scrubber {
        let mut values = BTreeSet::new();
        for one in found {
            if let Found::Interaction(interaction) = one {
                gather(interaction, &mut values);
            }
        }
        Scrubber { finder: Finder::knowing(&values) }
    }

    /// A text for people.
    pub(super) fn text(&self, text: String) -> String {
        match self.finder.clean("", &text) {
            (_, 0) => text,
            (clean, _) => clean.into_owned(),
        }
    }

    /// Replaces what is secret in a fixture.
    pub(super) fn entry(&self, entry: &mut Value) -> Scrubbed {
        let mut done = Scrubbed::default();
        if let Some(keys) = entry.get_mut("match").and_then(Value::as_object_mut) {
            done.secrets += matches::clean(&self.finder, keys);
        }
        if let Some(response) = entry.get_mut("response") {
            self.response(response, &mut done);
        }
        for item in entry.get_mut("responses").and_then(Value::as_array_mut).into_iter().flatten() {
            match item.get_mut("response") {
                Some(response) => self.response(response, &mut done),
                None => self.response(item, &mut done),
            }
        }
        done.secrets += self.value("", entry);
        done
    }

    /// What has to be read in another way than string by string: streams, and bodies that are bytes.
    fn response(&self, response: &mut Value, done: &mut Scrubbed) {
        for key in ["events", "blocks"] {
            if let Some(items) = response.get_mut(key).and_then(Value::as_array_mut) {
                done.secrets += self.pieces(items);
            }
        }
        let Some(http) = response.get_mut("http").and_then(Value::as_object_mut) else { return };
        if let Some(Value::String(body)) = http.get_mut("body")
            && let Some((clean, secrets)) = pieces::clean_text(&self.finder, body)
        {
            *body = clean;
            done.secrets += secrets;
        }
        if let Some(Value::String(encoded)) = http.get_mut("base64") {
            self.bytes(encoded, done);
        }
    }

    /// Items of `events` or `blocks`.
    fn pieces(&self, items: &mut [Value]) -> usize {
        let data = |item: &Value| item.as_str().or_else(|| item.get("data")?.as_str()).map(str::to_owned);
        let sent: Vec<Option<String>> = items.iter().map(data).collect();
        let piece = |(item, sent): (&Value, &Option<String>)| match sent {
            Some(text) => Piece::of(text),
            None => Piece { value: item.clone(), touched: false },
        };
        let mut pieces: Vec<Piece> = items.iter().zip(&sent).map(piece).collect();
        let secrets = pieces::clean(&self.finder, &mut pieces);
        for ((item, was), piece) in items.iter_mut().zip(sent).zip(pieces).filter(|(_, piece)| piece.touched) {
            match (was, item) {
                (Some(was), Value::Object(members)) => drop(members.insert("data".to_owned(), piece.text(&was).into())),
                (Some(was), item) => *item = piece.text(&was).into(),
                (None, item) => *item = piece.value,
            }
        }
        secrets
    }

    /// A body that is no text, in base64.
    fn bytes(&self, encoded: &mut String, done: &mut Scrubbed) {
        let Ok(bytes) = STANDARD.decode(encoded.as_str()) else { return };
        let inflated = if bytes.starts_with(&[0x1f, 0x8b]) { gunzip(&bytes) } else { None };
        let packed = inflated.is_some();
        let body = inflated.unwrap_or(bytes);
        let is_text = std::str::from_utf8(&body).is_ok();
        // Every byte is a letter, so that whatever stands between them keys are found, and every letter a byte again.
        let letters: String =
            if is_text { String::from_utf8_lossy(&body).into_owned() } else { body.iter().copied().map(char::from).collect() };
        let (in_stream, mut secrets) = pieces::clean_text(&self.finder, &letters).unwrap_or((letters, 0));
        let (clean, more) = self.finder.clean("", &in_stream);
        secrets += more;
        if !is_text {
            done.remarks.push((
                "searched-as-bytes",
                Severity::Info,
                "this answer is no text: secrets are found in it where they stand in one piece and plainly, not inside of its own format",
            ));
        }
        if secrets == 0 {
            return;
        }
        done.secrets += secrets;
        let clean = if is_text {
            clean.into_owned().into_bytes()
        } else {
            done.remarks.push((
                "changed-bytes",
                Severity::Warning,
                "a secret was replaced inside an answer that is no text: its own lengths and checksums no longer fit",
            ));
            clean.chars().map(|letter| u8::try_from(letter).unwrap_or(b'?')).collect()
        };
        *encoded = STANDARD.encode(if packed { gzip(&clean) } else { clean });
    }

    /// Every string and every name.
    fn value(&self, name: &str, value: &mut Value) -> usize {
        match value {
            Value::String(text) => {
                let (clean, secrets) = self.finder.clean(name, text);
                if secrets > 0 {
                    *text = clean.into_owned();
                }
                secrets
            }
            Value::Array(items) => items.iter_mut().map(|item| self.value(name, item)).sum(),
            Value::Object(members) => {
                self.names(members)
                    + members
                        .iter_mut()
                        .filter(|(key, _)| !(name == "http" && *key == "base64"))
                        .map(|(key, value)| self.value(key, value))
                        .sum::<usize>()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        }
    }

    fn names(&self, members: &mut Map<String, Value>) -> usize {
        if members.keys().all(|key| self.finder.cuts("", key).is_empty()) {
            return 0;
        }
        let mut secrets = 0;
        for (key, value) in std::mem::take(members) {
            let (clean, found) = self.finder.clean("", &key);
            secrets += found;
            let mut name = clean.into_owned();
            let mut count = 1;
            while found > 0 && members.contains_key(&name) {
                count += 1;
                name = format!("{} {count}", self.finder.clean("", &key).0);
            }
            members.insert(name, value);
        }
        secrets
    }
}

/// The credentials of an interaction: whatever echoes them must not carry them out.
fn gather(interaction: &Interaction, values: &mut BTreeSet<String>) {
    let Interaction { request, captured, .. } = interaction;
    let mut take = |text: &str| values.extend(credentials(text).filter_map(|range| text.get(range)).map(str::to_owned));
    for (name, value) in request.headers.iter().chain(captured.headers.iter()) {
        if is_credential_header(name) || is_credential_name(name) {
            take(value);
        }
    }
    let mut fields = |form: &str| {
        for (name, value) in form.split('&').filter_map(|field| field.split_once('=')) {
            let (name, value) = (unescaped(name), unescaped(value));
            if is_credential_name(&name) || is_credential_header(&name) || ["key", "token"].contains(&name.to_ascii_lowercase().as_str()) {
                take(&value);
            }
        }
    };
    fields(&request.query);
    for body in [&request.body, &captured.body()] {
        if let Ok(value) = serde_json::from_slice(body) {
            under_names("", &value, values);
        }
    }
}

/// Random values of JSON under names that keep secrets.
fn under_names(name: &str, value: &Value, values: &mut BTreeSet<String>) {
    match value {
        Value::String(text) if is_credential_name(name) && looks_random(text) => drop(values.insert(text.clone())),
        Value::Array(items) => items.iter().for_each(|item| under_names(name, item, values)),
        Value::Object(members) => members.iter().for_each(|(key, member)| under_names(key, member, values)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
