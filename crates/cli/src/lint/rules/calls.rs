//! The tool calls that fixtures make.

use crate::exchange::{Block, Reply};
use crate::fixture::Fixture;

/// The ids that a fixture's tool calls have by its author's word, in all of its answers.
pub(super) fn pinned_ids(fixture: &Fixture) -> impl Iterator<Item = &str> {
    let turns = fixture.answers.iter().filter_map(|answer| match &answer.reply {
        Reply::Turn(turn) => Some(turn),
        Reply::Audio(audio) => audio.companion.as_deref(),
        _ => None,
    });
    turns.flat_map(|turn| &turn.blocks).filter_map(|block| match block {
        Block::ToolCall { id, .. } => id.as_deref(),
        Block::Text(_) => None,
    })
}
