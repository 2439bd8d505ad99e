//! Paths that walks leave out.

use std::path::{Component, Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

/// Never walked: they hold other people's files.
const ALWAYS: [&str; 2] = [".git", "node_modules"];

/// A glob that is not one.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("`{glob}` is not a glob: {reason}")]
pub struct BadGlob {
    pub glob: String,
    pub reason: String,
}

/// Globs of files and directories to leave out, relative to one directory. A glob without `/` matches a name at any depth;
/// what it says of a directory holds for everything below.
#[derive(Clone, Debug, Default)]
pub struct Exclude {
    base: PathBuf,
    globs: Vec<(GlobMatcher, bool)>,
}

impl Exclude {
    /// Globs relative to `base` (the folder of the configuration file; empty for the working directory).
    ///
    /// # Errors
    /// The first glob that cannot be read.
    pub fn new<S: AsRef<str>>(base: impl Into<PathBuf>, globs: &[S]) -> Result<Exclude, BadGlob> {
        let parse = |glob: &S| {
            let text = glob.as_ref().trim_start_matches("./").trim_end_matches('/');
            Ok((compile(text)?, !text.contains('/')))
        };
        Ok(Exclude { base: plain(&base.into()), globs: globs.iter().map(parse).collect::<Result<_, _>>()? })
    }

    /// Whether a walk leaves out this path, which it reached by its parent.
    pub(super) fn covers(&self, path: &Path) -> bool {
        let Some(name) = path.file_name() else { return false };
        if ALWAYS.iter().any(|always| name == *always) {
            return true;
        }
        if self.globs.is_empty() {
            return false;
        }
        let path = plain(path);
        let relative = path.strip_prefix(&self.base).unwrap_or(&path);
        self.globs.iter().any(|(glob, by_name)| if *by_name { glob.is_match(name) } else { glob.is_match(relative) })
    }
}

/// A glob in which `*` and `?` stay within one name and `**` crosses directories.
pub(super) fn compile(glob: &str) -> Result<GlobMatcher, BadGlob> {
    let built = GlobBuilder::new(glob).literal_separator(true).build();
    built.map(|glob| glob.compile_matcher()).map_err(|error| BadGlob { glob: glob.to_owned(), reason: error.kind().to_string() })
}

/// The path from the root on, without `.` steps.
fn plain(path: &Path) -> PathBuf {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    whole.components().filter(|component| *component != Component::CurDir).collect()
}
