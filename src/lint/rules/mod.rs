//! The registry of lint rules: two lines here and one file each.

mod allow_without_reason;
pub(super) mod dialogue;
mod duplicate_match;
mod lost_turn;
mod pair;
pub(super) mod reach;
mod sequence_behind_plain;
mod served_by_accident;
mod shadowed_fixture;
mod tool_loop;
mod unknown_allow;
mod unused_allow;
pub(super) mod witness;

use super::Rule;

/// Every rule, by name.
pub static ALL: &[&Rule] = &[
    &allow_without_reason::RULE,
    &duplicate_match::RULE,
    &lost_turn::RULE,
    &sequence_behind_plain::RULE,
    &served_by_accident::RULE,
    &shadowed_fixture::RULE,
    &tool_loop::RULE,
    &unknown_allow::RULE,
    &unused_allow::RULE,
];
