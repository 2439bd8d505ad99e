//! Decides, as data: which fixture answers, what the client will see and when. Nothing here sleeps, writes or rolls
//! real dice; `server` carries a [`Plan`] out.

mod plan;

pub use plan::{Close, Cut, Plan, Step};
