//! Folders for tests, all below one, and what is kept of a run beside files: logs, journals, what programs printed.
//!
//! Usually a folder goes away with its test. Under `AIMOCK_TESTS_KEEP` all of it stays, so that a chore can search it for
//! planted keys. What a test itself writes as input is kept a second time, elsewhere: only a file that is byte for byte such
//! an input may hold a key.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "helpers of tests: what is missing should fail the test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use tempfile::TempDir;

use crate::planted;

/// A folder that goes away with the test.
pub(crate) struct Sandbox(TempDir);

impl Sandbox {
    /// A new, empty folder.
    pub(crate) fn new() -> Sandbox {
        let mut folder = tempfile::Builder::new().prefix("test-").tempdir_in(place("sandboxes")).unwrap();
        folder.disable_cleanup(keeps());
        Sandbox(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file as input, with planted keys or without; the folders around it are made.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes.as_ref()).unwrap();
        if keeps() && !planted::found_in(bytes.as_ref()).is_empty() {
            let copy = place("planted-inputs").join(self.path().file_name().unwrap()).join(name);
            fs::create_dir_all(copy.parent().unwrap()).unwrap();
            fs::write(copy, bytes.as_ref()).unwrap();
        }
    }
}

/// Keeps a text that a program said, or that a server showed: what a file would be if somebody saved it.
pub(crate) fn keep(kind: &str, text: &str) {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    if keeps() {
        let name = format!("{kind}-{}-{}.txt", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        fs::write(place("sandboxes").join(name), text).unwrap();
    }
}

fn keeps() -> bool {
    static KEEPS: OnceLock<bool> = OnceLock::new();
    *KEEPS.get_or_init(|| std::env::var_os("AIMOCK_TESTS_KEEP").is_some())
}

/// A folder below the build's.
fn place(name: &str) -> PathBuf {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    // The search for a configuration ends at the root of a repository: that of this one must not be found.
    fs::create_dir_all(place.join(".git")).unwrap();
    place
}
