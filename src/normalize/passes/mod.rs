//! The passes, one file each, in the order in which they run. The order is part of what is promised.

mod ids;
mod match_keys;
mod secrets;
mod timestamps;
mod timings;
mod uuids;

use super::{Example, Group, Pass, Work};

/// Every pass, in the order in which they run.
pub static ALL: &[&Pass] =
    &[&secrets::PASS, &timestamps::PASS, &uuids::PASS, &ids::PASS, &timings::PASS, &match_keys::PASS];
