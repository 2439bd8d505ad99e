//! Turns of an assistant: text and tool calls in their order, however they are written.

use serde_json::Value;

use super::compare::Notes;
use super::digest::same;
use super::meaning::plain;
use super::topic::Topic;
use super::volatile::differ_by_recording;

/// A piece of a turn; neighbouring texts are one.
#[derive(Clone, Debug)]
enum Piece {
    Text(String),
    Call { name: Value, arguments: Value, id: Option<String> },
}

/// The pieces of a turn, how many texts they were written as, and whether they were written as `blocks`.
struct Turn {
    pieces: Vec<Piece>,
    texts: usize,
    blocks: bool,
}

impl Turn {
    fn of(response: &Value) -> Turn {
        let mut turn = Turn { pieces: Vec::new(), texts: 0, blocks: false };
        let list = |key: &str| response.get(key).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let blocks = list("blocks");
        if !blocks.is_empty() {
            turn.blocks = true;
            for block in blocks {
                match block.get("text").filter(|_| block.get("name").is_none()) {
                    Some(text) => turn.say(&plain(text)),
                    None => turn.call(block),
                }
            }
            return turn;
        }
        if let Some(content) = response.get("content") {
            turn.say(&plain(content));
        }
        for call in list("toolCalls") {
            turn.call(call);
        }
        turn
    }

    fn say(&mut self, text: &str) {
        self.texts += 1;
        match self.pieces.last_mut() {
            Some(Piece::Text(before)) => before.push_str(text),
            _ => self.pieces.push(Piece::Text(text.to_owned())),
        }
    }

    fn call(&mut self, call: &Value) {
        let member = |key: &str| call.get(key).cloned().unwrap_or_default();
        let id = call.get("id").and_then(Value::as_str).map(str::to_owned);
        self.pieces.push(Piece::Call { name: member("name"), arguments: member("arguments"), id });
    }

    fn text(&self) -> Option<String> {
        let mut texts = self.pieces.iter().filter_map(|piece| if let Piece::Text(text) = piece { Some(text.as_str()) } else { None });
        let first = texts.next()?;
        Some(texts.fold(first.to_owned(), |all, text| all + text))
    }

    fn calls(&self) -> Vec<&Piece> {
        self.pieces.iter().filter(|piece| matches!(piece, Piece::Call { .. })).collect()
    }

    /// Which pieces are texts.
    fn pattern(&self) -> Vec<bool> {
        self.pieces.iter().map(|piece| matches!(piece, Piece::Text(_))).collect()
    }
}

/// Compares text, calls and their order; `at` leads to the response.
pub(super) fn compare(old: &Value, new: &Value, at: &str, notes: &mut Notes<'_>) {
    let (old, new) = (Turn::of(old), Turn::of(new));
    let blocks = old.blocks && new.blocks;
    if old.pattern() == new.pattern() {
        let mut calls = 0;
        for (index, pair) in old.pieces.iter().zip(&new.pieces).enumerate() {
            let place = |list: &str, nth: usize| if blocks { format!("{at}/blocks/{index}") } else { format!("{at}/{list}/{nth}") };
            match pair {
                (Piece::Text(old), Piece::Text(new)) if old != new => {
                    let at = if blocks { format!("{at}/blocks/{index}/text") } else { format!("{at}/content") };
                    notes.tell(Topic::Text, &at, Some(&old.as_str().into()), Some(&new.as_str().into()));
                }
                (Piece::Call { .. }, Piece::Call { .. }) => {
                    call(pair.0, pair.1, &place("toolCalls", calls), notes);
                    calls += 1;
                }
                _ => {}
            }
        }
        if old.texts != new.texts {
            let pieces = |turn: &Turn| Value::from(format!("text in {} pieces", turn.texts));
            notes.tell(Topic::Chunking, &format!("{at}/blocks"), Some(&pieces(&old)), Some(&pieces(&new)));
        }
        return;
    }
    let (old_text, new_text) = (old.text(), new.text());
    if old_text != new_text {
        let topic = if old_text.is_some() && new_text.is_some() { Topic::Text } else { Topic::Response };
        notes.tell(topic, &format!("{at}/content"), old_text.map(Value::from).as_ref(), new_text.map(Value::from).as_ref());
    }
    let (old_calls, new_calls) = (old.calls(), new.calls());
    for index in 0..old_calls.len().max(new_calls.len()) {
        let at = format!("{at}/toolCalls/{index}");
        match (old_calls.get(index), new_calls.get(index)) {
            (Some(old), Some(new)) => call(old, new, &at, notes),
            (old, new) => notes.tell(Topic::ToolCall, &at, old.map(|call| shown(call)).as_ref(), new.map(|call| shown(call)).as_ref()),
        }
    }
    if old_calls.len() == new_calls.len() && old.text().is_some() == new.text().is_some() {
        notes.tell(Topic::Response, at, Some(&order(&old).into()), Some(&order(&new).into()));
    }
}

fn call(old: &Piece, new: &Piece, at: &str, notes: &mut Notes<'_>) {
    let (
        Piece::Call { name: old_name, arguments: old_arguments, id: old_id },
        Piece::Call { name: new_name, arguments: new_arguments, id: new_id },
    ) = (old, new)
    else {
        return;
    };
    if !same(old_name, new_name) {
        notes.tell(Topic::ToolCall, &format!("{at}/name"), Some(old_name), Some(new_name));
    }
    notes.all(Topic::ToolCall, &format!("{at}/arguments"), Some(old_arguments), Some(new_arguments));
    if old_id != new_id {
        if let (Some(old), Some(new)) = (old_id, new_id)
            && differ_by_recording(old, new)
        {
            notes.compared.renames.push((old.clone(), new.clone()));
        }
        let value = |id: &Option<String>| id.clone().map(Value::from);
        notes.tell(Topic::ToolCall, &format!("{at}/id"), value(old_id).as_ref(), value(new_id).as_ref());
    }
}

fn shown(call: &Piece) -> Value {
    match call {
        Piece::Text(text) => text.as_str().into(),
        Piece::Call { name, arguments, id: _ } => format!("{}({arguments})", plain(name)).into(),
    }
}

/// `text, call, text`.
fn order(turn: &Turn) -> String {
    turn.pattern().into_iter().map(|is_text| if is_text { "text" } else { "call" }).collect::<Vec<_>>().join(", ")
}
