//! Decides, as data: which fixture answers, what the client will see and when. Nothing here sleeps, writes or rolls
//! real dice; `server` carries a [`Plan`] out.

mod describe;
mod dice;
mod miss;
mod pace;
mod plan;
mod policy;
mod raw;
mod session;
mod shelf;
#[cfg(test)]
mod tests;

pub use describe::{describe_match, is_credential, shortened};
pub use dice::Dice;
pub use miss::{NearMiss, miss_reply, near_misses};
pub use pace::{Delivery, plan_emission, plan_events, plan_http};
pub use plan::{Close, Cut, Plan, Step};
pub use policy::{DEFAULT_TEST_ID, Policy, ServerPolicy};
pub use raw::frame_event;
pub use session::{Claim, Decision, MatchedBy, Sessions, Verdict};
pub use shelf::{Shelf, Shelves};
