//! Finds, reads and atomically writes files: the only user of the file system.
//!
//! Paths come from users and from hostile trees: pipes and devices are never opened, links that lead back up are not
//! followed twice, and nothing is read beyond a limit. Trouble comes back as data, so that one bad file hides no other.
#![expect(clippy::disallowed_methods, reason = "this is the module that the ban on file access points to")]

mod discover;
mod read;
#[cfg(test)]
mod tests;

use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

pub use discover::{Discovery, Found, Options, discover};
pub use read::{ReadTrouble, read};

/// Larger files are refused unless told otherwise, in bytes.
pub const DEFAULT_MAX_FILE_SIZE: u64 = 256 << 20;

/// Why something was not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathTrouble {
    /// Kebab-case name of the rule.
    pub rule: &'static str,
    /// The path as the user would type it.
    pub name: String,
    pub message: String,
    pub help: String,
}

/// The path as the user would type it: `/` on every system, without `./`.
pub fn display_name(path: &Path) -> String {
    let text = path.to_string_lossy().replace('\\', "/");
    let trimmed = text.trim_start_matches("./");
    if trimmed.is_empty() { text } else { trimmed.to_owned() }
}

/// Reads a small text file whole: schemas, baselines, requests.
///
/// # Errors
/// It cannot be read, is no regular file, is larger than the default limit, or is not UTF-8.
pub fn read_text(path: &Path) -> io::Result<String> {
    let found = Found { path: path.to_owned(), name: display_name(path), named: true };
    read(&found, DEFAULT_MAX_FILE_SIZE).map_err(|trouble| io::Error::other(trouble.to_string()))
}

/// Reads standard input to its end.
///
/// # Errors
/// It cannot be read, holds more than `limit` bytes, or is not UTF-8.
pub fn read_stdin(limit: u64) -> Result<String, ReadTrouble> {
    let mut bytes = Vec::new();
    io::stdin().lock().take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| ReadTrouble::Unreadable(error.to_string()))?;
    read::text_of(bytes, limit)
}

/// Whether a path exists, links followed.
pub fn exists(path: &Path) -> bool {
    path.exists()
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

/// The working directory.
///
/// # Errors
/// It is gone or may not be read.
pub fn working_directory() -> io::Result<PathBuf> {
    std::env::current_dir()
}

/// Replaces a file's text in one step: readers see the old text or the new one, never a part. Links are followed, mode
/// bits kept.
///
/// # Errors
/// The folder cannot be written to, the disk is full.
pub fn write_atomically(path: &Path, text: &[u8]) -> io::Result<()> {
    let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
    temporary.write_all(text)?;
    if let Ok(metadata) = std::fs::metadata(&target) {
        temporary.as_file().set_permissions(metadata.permissions())?;
    }
    temporary.as_file().sync_all()?;
    temporary.persist(&target).map_err(|error| error.error)?;
    Ok(())
}
