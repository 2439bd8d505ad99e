//! Finds, reads and atomically writes files: the only user of the file system.
//!
//! What is not a regular file is never opened, what is too large is never read, and every path that is left out is named with the
//! reason ([`Problem`]). This module knows suffixes, never what a fixture is; nothing here prints.
#![expect(clippy::disallowed_methods, reason = "this is the one place that touches the disk")]

mod discover;
mod exclude;
mod keep;
mod place;
mod problem;
mod read;
mod watch;
mod write;

#[cfg(test)]
mod tests;

pub use discover::{Discovery, Found, discover, discover_each, discover_ending};
pub use exclude::{BadGlob, Exclude};
pub use keep::{forget, keep, kept, leads_below, stamp};
pub use place::{exists, find_upward, is_directory, whole, working_directory};
pub use problem::{Problem, display_name};
pub use read::{
    DEFAULT_MAX_FILE_SIZE, FileText, copy, list, read, read_beside, read_bytes, read_path, read_short, stdin, stdin_bytes, stream,
};
pub use watch::{WatchError, Watcher, Watching, watch};
pub use write::{Version, WriteError, amend, make_folder, remove, settle, update, write_atomically};
