//! Writing and removing: a reader sees the old contents or the new ones, never half of them.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::problem::display_name;

/// A file that could not be written; it is as it was before.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error("`{name}` is not a regular file, and is not replaced")]
    NotRegular { name: String },
    #[error("`{name}` is read-only")]
    ReadOnly { name: String },
    #[error("`{name}` cannot be written: {source}")]
    Io { name: String, source: io::Error },
}

/// Replaces a file's contents, or creates it, by way of a temporary file in the same folder. Keeps the permissions of the old file and
/// follows a link to its target. The folder must exist.
///
/// # Errors
/// The target is something else than a file, read-only, or the folder refuses the write.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
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
    let folder = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = temporary().tempfile_in(folder).map_err(fail)?;
    file.write_all(bytes).map_err(fail)?;
    if let Some(old) = old {
        file.as_file().set_permissions(old).map_err(fail)?;
    }
    file.as_file().sync_all().map_err(fail)?;
    file.persist(&target).map_err(|error| fail(error.error))?;
    Ok(())
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
