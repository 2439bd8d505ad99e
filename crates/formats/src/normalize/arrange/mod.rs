//! Which file a fixture stands in: one file becomes several, several become one.
//!
//! Only whole entries move, as they are written, with the comments before them; what stands around the list goes along.
//! The order of loading stays, so that the same requests meet the same answers. The result is read again and compared
//! before anybody may write it.

mod merge;
mod parts;
mod split;

pub use merge::{Merged, merge};
pub use split::{By, Piece, split};

/// Why files stay as they are, after their name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Stays(pub String);
