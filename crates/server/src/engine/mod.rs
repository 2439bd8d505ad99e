//! Decides, as data: which fixture answers, what the client will see and when. Nothing here sleeps, writes or rolls
//! real dice; `server` carries a [`Plan`] out.

mod alteration;
mod changes;
mod chaos;
mod describe;
mod dice;
mod edition;
mod editions;
mod faults;
mod fields;
mod kept;
mod miss;
mod mutation;
mod pace;
mod plan;
mod policy;
mod session;
mod sessions;
mod stencil;
#[cfg(test)]
mod tests;
mod told;
mod verdict;

pub use crate::fixture::Close;
pub use alteration::Alteration;
pub use changes::Changes;
pub use chaos::{Bypass, ChaosStreams, Rolled, identity, reason};
pub use describe::{describe_match, is_credential};
pub use dice::Dice;
pub use edition::{Edition, Likeness, View};
pub use editions::{Editions, Reading};
pub use faults::{ErrorEvent, Scripted, error_at_once, replaced, script};
pub use fields::{Field, FieldValue, Fields, Made, Occasion, Speech, write_fields};
pub use miss::{miss_reply, near_misses};
pub use mutation::{Change, MALFORMED, Mutation, Piece};
pub use pace::{Beat, Delivery, plan_at_once, plan_emission, plan_events, plan_http, plan_told};
pub use plan::{Cut, Plan, Step};
pub use policy::{DEFAULT_TEST_ID, Policy, ServerPolicy};
pub use sessions::{DEFAULT_TEST_IDS, Sessions};
pub use stencil::{Filling, Marks, Stencil};
pub use told::{Steps, Telling, Told};
pub use verdict::{Attempt, Claim, Decision, MatchedBy, Verdict};
