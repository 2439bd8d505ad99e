//! The registry of lint rules: two lines here and one file each.

mod allow_without_reason;
mod dialogue;
mod lost_turn;
pub(super) mod reach;
mod shadowed_fixture;
mod tool_loop;
mod unknown_allow;
mod unused_allow;
mod witness;

use super::Rule;

/// Every rule, by name.
pub static ALL: &[&Rule] = &[
    &allow_without_reason::RULE,
    &lost_turn::RULE,
    &shadowed_fixture::RULE,
    &tool_loop::RULE,
    &unknown_allow::RULE,
    &unused_allow::RULE,
];
