//! Questions about places: where we are, what is there, what stands further up.

use std::io;
use std::path::{Path, PathBuf};

/// Whether a path exists, links followed.
pub fn exists(path: &Path) -> bool {
    path.exists()
}

/// The working directory.
///
/// # Errors
/// It is gone or may not be read.
pub fn working_directory() -> io::Result<PathBuf> {
    std::env::current_dir()
}

/// The nearest file with one of these names, from `start` up to the root of its repository (a folder with `.git`).
pub fn find_upward(start: &Path, names: &[&str]) -> Option<PathBuf> {
    for folder in start.ancestors() {
        if let Some(found) = names.iter().map(|name| folder.join(name)).find(|path| path.is_file()) {
            return Some(found);
        }
        if folder.join(".git").exists() {
            return None;
        }
    }
    None
}
