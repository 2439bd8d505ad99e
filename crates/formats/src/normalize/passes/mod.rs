//! The passes, one file each, in the order in which they run. The order is part of what is promised.

mod arguments;
mod boundaries;
mod decode;
mod dedupe;
mod digests;
mod durations;
mod emails;
mod ids;
mod ips;
mod key_order;
mod match_keys;
mod merge_text;
mod model_alias;
mod paths;
mod ports;
mod request_ids;
mod secrets;
mod shape;
mod timestamps;
mod timings;
mod uuids;

pub(crate) use shape::is_bare;

use super::{Example, Group, Pass, Work};

/// Every pass, in the order in which they run. Of scrubbing passes that find the same, the first one has it.
pub static ALL: &[&Pass] = &[
    &secrets::PASS,
    &timestamps::PASS,
    &uuids::PASS,
    &ids::PASS,
    &request_ids::PASS,
    &emails::PASS,
    &ips::PASS,
    &ports::PASS,
    &paths::PASS,
    &durations::PASS,
    &digests::PASS,
    &boundaries::PASS,
    &timings::PASS,
    &match_keys::PASS,
    &shape::PASS,
    &decode::PASS,
    &arguments::PASS,
    &merge_text::PASS,
    &model_alias::PASS,
    &dedupe::PASS,
    &key_order::PASS,
];
