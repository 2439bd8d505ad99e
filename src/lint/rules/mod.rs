//! The registry of lint rules: two lines here and one file each.

mod allow_without_reason;
mod answered_by_another;
mod calls;
mod catch_all_not_last;
mod dead_end;
pub(super) mod dialogue;
mod duplicate_match;
mod duplicate_sequence_slot;
mod empty_match;
mod follow_up_after_first_leg;
mod lost_turn;
mod pair;
mod pinned_id_reused;
mod position_only_match;
pub(super) mod reach;
mod sequence_behind_plain;
mod sequences;
mod served_by_accident;
mod shadowed_fixture;
mod tool_loop;
mod turn_and_plain_twins;
mod turn_gap;
mod turn_never_reached;
mod unknown_allow;
mod unproduced_tool_call_id;
mod unreachable_sequence_slot;
mod unused_allow;
mod weak_match;
pub(super) mod witness;

use super::Rule;

/// Every rule, by name.
pub static ALL: &[&Rule] = &[
    &allow_without_reason::RULE,
    &answered_by_another::RULE,
    &catch_all_not_last::RULE,
    &dead_end::RULE,
    &duplicate_match::RULE,
    &duplicate_sequence_slot::RULE,
    &empty_match::RULE,
    &follow_up_after_first_leg::RULE,
    &lost_turn::RULE,
    &pinned_id_reused::RULE,
    &position_only_match::RULE,
    &sequence_behind_plain::RULE,
    &served_by_accident::RULE,
    &shadowed_fixture::RULE,
    &tool_loop::RULE,
    &turn_and_plain_twins::RULE,
    &turn_gap::RULE,
    &turn_never_reached::RULE,
    &unknown_allow::RULE,
    &unproduced_tool_call_id::RULE,
    &unreachable_sequence_slot::RULE,
    &unused_allow::RULE,
    &weak_match::RULE,
];
