//! Writing and removing: a reader sees the old contents or the new ones, never half of them.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::problem::{Problem, display_name};
use super::read::{DEFAULT_MAX_FILE_SIZE, read_path};

/// A file that could not be written; it is as it was before.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error("`{name}` is not a regular file, and is not replaced")]
    NotRegular { name: String },
    #[error("`{name}` is read-only")]
    ReadOnly { name: String },
    #[error("`{name}` cannot be written: {source}")]
    Io { name: String, source: io::Error },
    #[error("{0}")]
    Unreadable(Box<Problem>),
}

/// Which contents of a file were seen last: equal as long as nobody has written it since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    length: u64,
    modified: Option<SystemTime>,
    /// Device and number: another file of this name is another version.
    #[cfg(unix)]
    node: (u64, u64),
}

impl Version {
    fn of(meta: &fs::Metadata) -> Version {
        Version {
            length: meta.len(),
            modified: meta.modified().ok(),
            #[cfg(unix)]
            node: {
                use std::os::unix::fs::MetadataExt as _;
                (meta.dev(), meta.ino())
            },
        }
    }
}

/// Changes a file's text, or makes the file and the folders above it. Reading and writing are one step to all processes
/// that change files of this folder so, and a reader sees the old text or the new one. `change` gets the old text, if there is
/// a file, and gives the new one, or none to leave the file as it is. Also says which version the file is of then, where
/// there is one. Does not wait until the disk has it: [`settle`] does.
///
/// # Errors
/// The file or folder cannot be read, locked or written. What `change` says is handed out as it is.
pub fn update<T, E>(
    path: &Path,
    change: impl FnOnce(Option<&str>) -> Result<(Option<String>, T), E>,
) -> Result<Result<(T, Option<Version>), E>, WriteError> {
    let folder = folder_of(path);
    make_folder(folder)?;
    let _lock = lock(folder).map_err(|source| WriteError::Io { name: display_name(folder), source })?;
    let old = match read_path(path, DEFAULT_MAX_FILE_SIZE) {
        Ok(old) => Some(old.text),
        Err(problem) if problem.rule == "path-not-found" => None,
        Err(problem) => return Err(WriteError::Unreadable(problem)),
    };
    let (new, result) = match change(old.as_deref()) {
        Ok(changed) => changed,
        Err(error) => return Ok(Err(error)),
    };
    let version = match new {
        Some(new) => Some(replace(path, Wait::No, |file| file.write_all(new.as_bytes()))?),
        None => fs::metadata(path).ok().map(|meta| Version::of(&meta)),
    };
    Ok(Ok((result, version)))
}

/// Keeps the first `kept` bytes of a file and puts others in place of the rest, if the file is still of a version; one step
/// as with [`update`], and nothing is read. `None`: it is of another version, and as it was.
///
/// # Errors
/// The file cannot be opened, locked or written.
pub fn amend(path: &Path, known: &Version, kept: u64, rest: &[u8]) -> Result<Option<Version>, WriteError> {
    let fail = |source| WriteError::Io { name: display_name(path), source };
    let folder = folder_of(path);
    let Ok(_lock) = lock(folder) else { return Ok(None) };
    let Ok(old) = File::open(path) else { return Ok(None) };
    let version = Version::of(&old.metadata().map_err(fail)?);
    if version != *known || kept > known.length {
        return Ok(None);
    }
    if rest.is_empty() && kept == known.length {
        return Ok(Some(version));
    }
    let whole = |file: &mut File| {
        // Copied by the system where it can.
        let copied = io::copy(&mut (&old).take(kept), file)?;
        if copied < kept { Err(io::ErrorKind::UnexpectedEof.into()) } else { file.write_all(rest) }
    };
    replace(path, Wait::No, whole).map(Some)
}

/// Waits until the disk has what a file holds; one that is gone holds nothing.
///
/// # Errors
/// The disk refuses it after all, as some network file systems only say then.
pub fn settle(path: &Path) -> Result<(), WriteError> {
    match File::open(path).and_then(|file| file.sync_all()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        synced => synced.map_err(|source| WriteError::Io { name: display_name(path), source }),
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Waits for the folder's lock and holds it until dropped; it ends with the process, however that ends. On Unix the folder
/// itself is locked, so that nothing is left in it.
fn lock(folder: &Path) -> io::Result<File> {
    #[cfg(unix)]
    let file = OpenOptions::new().read(true).open(folder)?;
    #[cfg(not(unix))]
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(folder.join(".aimock-lock"))?;
    match file.lock() {
        // Where a file system has no locks, two processes may overwrite each other's additions, but no file is broken.
        Err(error) if error.kind() == io::ErrorKind::Unsupported => Ok(file),
        locked => locked.map(|()| file),
    }
}

/// Replaces a file's contents, or creates it, by way of a temporary file in the same folder. Keeps the permissions of the old file and
/// follows a link to its target. The folder must exist.
///
/// # Errors
/// The target is something else than a file, read-only, or the folder refuses the write.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    replace(path, Wait::Yes, |file| file.write_all(bytes)).map(drop)
}

/// Whether the disk must have the contents before the old ones are gone: then they survive a crash of the machine too.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    Yes,
    No,
}

/// Puts a file that `fill` writes in place of another. Until then the old one stands, and what is half written goes away
/// when anything fails.
pub(super) fn replace(path: &Path, wait: Wait, fill: impl FnOnce(&mut File) -> io::Result<()>) -> Result<Version, WriteError> {
    let name = display_name(path);
    let fail = |source| WriteError::Io { name: name.clone(), source };
    let target = resolve(path).map_err(fail)?;
    let old = match fs::metadata(&target) {
        Ok(meta) if !meta.is_file() => return Err(WriteError::NotRegular { name }),
        Ok(meta) if meta.permissions().readonly() => return Err(WriteError::ReadOnly { name }),
        Ok(meta) => Some(meta.permissions()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(fail(error)),
    };
    let folder = folder_of(&target);
    let mut new = temporary().tempfile_in(folder).map_err(fail)?;
    fill(new.as_file_mut()).map_err(fail)?;
    if let Some(old) = old {
        new.as_file().set_permissions(old).map_err(fail)?;
    }
    if wait == Wait::Yes {
        new.as_file().sync_all().map_err(fail)?;
    }
    let version = Version::of(&new.as_file().metadata().map_err(fail)?);
    new.persist(&target).map_err(|error| fail(error.error))?;
    Ok(version)
}

/// Removes a file; of a link, the link.
///
/// # Errors
/// It is something else, or the folder refuses it.
pub fn remove(path: &Path) -> Result<(), WriteError> {
    fs::remove_file(path).map_err(|source| WriteError::Io { name: display_name(path), source })
}

/// Makes a folder and those above it, as far as they do not exist.
///
/// # Errors
/// Something else has the name, or a folder above refuses it.
pub fn make_folder(path: &Path) -> Result<(), WriteError> {
    fs::create_dir_all(path).map_err(|source| WriteError::Io { name: display_name(path), source })
}

/// The file behind a link; a link to nothing leads to where its target would be.
fn resolve(path: &Path) -> io::Result<PathBuf> {
    match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_symlink() => match fs::canonicalize(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let target = fs::read_link(path)?;
                Ok(path.parent().unwrap_or(Path::new("")).join(target))
            }
            resolved => resolved,
        },
        _ => Ok(path.to_owned()),
    }
}

/// A file for this user alone, gone with the process unless it is put somewhere.
pub(super) fn temporary_named(prefix: &str) -> tempfile::Builder<'_, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(prefix);
    builder
}

/// A file gets what it would get without us; the process' mask still applies.
fn temporary() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".aimock-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder
}
