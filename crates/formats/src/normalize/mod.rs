//! Takes out of recordings what differs from run to run, so that recording again changes little, nothing leaks, and the
//! fixtures still answer the same requests.
//!
//! A pass is one file with its summary, reason and examples, which are its tests and its docs. The scrubbing passes look
//! at single values and run together in one walk over the tree, each value to its own fixed point; the shaping passes
//! change the tree and run one after another. All of it is repeated until nothing changes. Edits are byte ranges:
//! comments, quotes, indentation and line ends outside of them stay. Text in, text out: nothing here reads or writes a
//! file, and nothing is numbered, so that files which were not given never need to change.

mod allowed;
mod arrange;
mod identity;
mod leaves;
mod page;
mod passes;
mod role;
mod run;
mod scalar;
mod select;
mod tree;

#[cfg(test)]
mod tests;

use crate::document::Node;

pub use arrange::{By, Merged, Piece, Stays, merge, split};
pub use page::page;
pub use passes::ALL;
pub use run::{Options, Outcome, run, run_parsed};
pub use select::{PassError, default_passes, knows, resolve};
pub use tree::{Tree, TreeEdits};

/// What a pass is for, and whether it runs unasked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Takes out what differs from run to run. Runs by default.
    Scrubbing,
    /// The same for values that may well be meant. Runs when it is named.
    Careful,
    /// Changes how things are written. Runs when it is named.
    Shaping,
}

impl Group {
    /// The name by which all of its passes can be selected.
    pub fn name(self) -> &'static str {
        match self {
            Group::Scrubbing => "scrubbing",
            Group::Careful => "careful",
            Group::Shaping => "shaping",
        }
    }
}

/// A fixture file (JSONC, or YAML if it does not begin with a brace) before and after this pass alone.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    pub before: &'static str,
    pub after: &'static str,
    /// The transforms in force, by name.
    pub transforms: &'static [&'static str],
}

/// How a pass does its work.
#[derive(Clone, Copy, Debug)]
pub enum Work {
    /// What the built-in transform of the same name recognises in responses gets its frozen form.
    BuiltIn,
    /// The numbers of `recordedTimings`: each that changes, with the whole number of milliseconds that it becomes.
    Timings(for<'n, 's> fn(&'n Node<'s>) -> Vec<(&'n Node<'s>, u64)>),
    /// Texts of match keys go through the transforms in force.
    MatchKeys,
    /// Looks at the whole file.
    Tree(fn(&Tree<'_>, &mut TreeEdits)),
}

/// One kind of change.
#[derive(Debug)]
pub struct Pass {
    /// Kebab-case; the name of what is changed.
    pub name: &'static str,
    pub group: Group,
    /// One line without a full stop.
    pub summary: &'static str,
    /// Why, and what is left alone, in a few sentences.
    pub why: &'static str,
    /// Whether the fixtures answer exactly the same requests with exactly the same answers afterwards.
    pub keeps_answers: bool,
    pub examples: &'static [Example],
    pub work: Work,
}

/// The pass of this name.
pub fn pass(name: &str) -> Option<&'static Pass> {
    ALL.iter().copied().find(|pass| pass.name == name)
}
