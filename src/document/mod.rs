//! Fixture text as a tree with places: one form for JSON, JSONC and YAML.
//!
//! Every node knows its byte span, so that every finding can point at what it means. Duplicate keys stay visible
//! (all members are kept; the last one wins), numbers keep their text. Hostile input ends in a [`Trouble`]: depth,
//! node count and alias expansion are bounded before anything recurses.

mod node;

pub use node::{Member, Node, Value};
