//! What the programs of `cargo xtask bench` share: one reads answers and times their events, one reads the machine.
//!
//! The programs are measuring instruments: they talk to 127.0.0.1 only, and nothing of theirs is in the shipped binary.

pub mod answer;
pub mod figures;
pub mod machine;
