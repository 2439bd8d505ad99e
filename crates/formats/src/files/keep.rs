//! A folder of what can be worked out again: a cache.
//!
//! It is nobody's text, so trouble with it is no trouble of the run: what cannot be read counts as absent. No link in
//! it is followed, neither to read nor to write, and it stays small: what is old goes, and so does what is too much.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::problem::display_name;
use super::write::{WriteError, temporary_named};

/// What files of a cache end in. Nothing else in the folder is touched.
const SUFFIX: &str = "lint";

/// What the temporary file of a write begins with.
const TEMPORARY: &str = ".aimock-kept-";

/// Files that were not written for this long are removed.
const OLDEST: Duration = Duration::from_secs(30 * 24 * 3600);

/// The newest files of a cache that stay.
const MOST_FILES: usize = 100;

/// Bytes of all files of a cache.
const MOST_BYTES: u64 = 512 << 20;

/// The tag by which backups know that a folder need not be kept (<https://bford.info/cachedir/>).
const TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55\n# What aimock keeps between runs; all of it can be removed.\n";

/// What is kept under a name; empty when there is nothing, or nothing that can be used.
pub fn kept(folder: &Path, name: &str, max: u64) -> Vec<u8> {
    read(&folder.join(name).with_extension(SUFFIX), max).unwrap_or_default()
}

fn read(path: &Path, max: u64) -> io::Result<Vec<u8>> {
    let mut file = open(path)?;
    let meta = file.metadata()?;
    if !meta.is_file() || meta.len() > max {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(meta.len()).unwrap_or(0));
    (&mut file).take(max).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOFOLLOW).open(path)
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    if fs::symlink_metadata(path)?.is_file() { File::open(path) } else { Err(io::ErrorKind::InvalidData.into()) }
}

/// Keeps bytes under a name, in place of what was kept so; a reader sees one or the other. Makes the folder, for this
/// user alone and with the tag of caches and a `.gitignore` in it, and lets go of what is old.
///
/// # Errors
/// The folder cannot be made, or refuses the write.
pub fn keep(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), WriteError> {
    let fail = |source| WriteError::Io { name: display_name(folder), source };
    make(folder).map_err(fail)?;
    let mut new = temporary_named(TEMPORARY).tempfile_in(folder).map_err(fail)?;
    new.write_all(bytes).map_err(fail)?;
    new.persist(folder.join(name).with_extension(SUFFIX)).map_err(|error| fail(error.error))?;
    prune(folder, SystemTime::now());
    Ok(())
}

/// Makes the folder of a cache. One that is there already is used as it is.
fn make(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)?;
    fs::write(folder.join("CACHEDIR.TAG"), TAG)?;
    fs::write(folder.join(".gitignore"), "*\n")
}

/// What is kept in a folder, newest first; temporary files of runs that were ended are among them.
fn listed(folder: &Path) -> Vec<(SystemTime, u64, PathBuf)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let ours = entries.filter(|entry| {
        let name = entry.file_name();
        Path::new(&name).extension().is_some_and(|suffix| suffix == SUFFIX) || name.to_string_lossy().starts_with(TEMPORARY)
    });
    let mut files: Vec<(SystemTime, u64, PathBuf)> = ours
        .filter_map(|entry| {
            let meta = entry.metadata().ok().filter(|meta| !meta.is_dir())?;
            Some((meta.modified().ok()?, meta.len(), entry.path()))
        })
        .collect();
    files.sort_by(|a, b| b.cmp(a));
    files
}

/// Lets go of what is old or too much. What another process writes at this moment is new.
fn prune(folder: &Path, now: SystemTime) {
    let mut size = 0;
    for (index, (written, length, path)) in listed(folder).into_iter().enumerate() {
        size += length;
        let age = now.duration_since(written).unwrap_or_default();
        if age > OLDEST || index >= MOST_FILES || size > MOST_BYTES {
            let _gone_already = fs::remove_file(path);
        }
    }
}

/// Removes all that is kept in a folder, and says how many files that were. The folder and what else is in it stay.
///
/// # Errors
/// A file cannot be removed.
pub fn forget(folder: &Path) -> Result<usize, WriteError> {
    let files = listed(folder);
    for (_, _, path) in &files {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(WriteError::Io { name: display_name(path), source: error });
            }
            _ => {}
        }
    }
    Ok(files.len())
}

/// Tells a file from others that stood or will stand under its name: its length and when it was written.
pub fn stamp(path: &Path) -> Option<String> {
    let meta = fs::metadata(path).ok()?;
    let written = meta.modified().ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(format!("{} {}", meta.len(), written.as_nanos()))
}

/// Whether a path leads to a place below a folder, links followed as far as there is anything.
pub fn leads_below(path: &Path, folder: &Path) -> bool {
    let whole = super::place::whole(path);
    let Ok(folder) = folder.canonicalize() else { return false };
    let exists = |path: &&Path| fs::symlink_metadata(path).is_ok();
    let Some(there) = whole.ancestors().find(exists) else { return false };
    there.canonicalize().is_ok_and(|there| there.starts_with(&folder))
}
