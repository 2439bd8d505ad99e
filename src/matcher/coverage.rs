//! Whether one pattern, or one `match`, takes everything that another one takes.

/// An answer that can be "cannot tell": lint speaks only on `Yes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// A proof.
    Yes,
    /// A request could be named that the other one takes and this one does not.
    No,
    /// Neither was proved.
    Unknown,
}
