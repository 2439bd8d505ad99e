//! The registry of lint rules: two lines here and one file each.

mod allow_without_reason;
pub(super) mod reach;
mod unknown_allow;
mod unused_allow;

use super::Rule;

/// Every rule, by name.
pub static ALL: &[&Rule] = &[&allow_without_reason::RULE, &unknown_allow::RULE, &unused_allow::RULE];
