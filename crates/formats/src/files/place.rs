//! Questions about places: where we are, what is there, what stands further up.

use std::io;
use std::path::{Component, Path, PathBuf};

/// Whether a path exists, links followed.
pub fn exists(path: &Path) -> bool {
    path.exists()
}

/// Whether a path is a directory, links followed.
pub fn is_directory(path: &Path) -> bool {
    path.is_dir()
}

/// The working directory.
///
/// # Errors
/// It is gone or may not be read.
pub fn working_directory() -> io::Result<PathBuf> {
    std::env::current_dir()
}

/// The path from the root on, without `.` and `..` steps: what the text says, links not followed.
pub fn whole(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut plain = PathBuf::new();
    for component in absolute.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            _ => plain.push(component),
        }
    }
    plain
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
