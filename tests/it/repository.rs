//! The files of this repository, as the house rules read them.

#![expect(clippy::disallowed_methods, reason = "tests read the repository")]

use std::fs;
use std::path::{Path, PathBuf};

/// Folders that are not ours: what is built, what is installed, what the version control keeps.
const FOREIGN: &[&str] = &["target", ".git", "node_modules"];

/// The repository's folder.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below a folder with one of these extensions, sorted, with paths relative to that folder and with the text.
pub(crate) fn texts(below: &str, extensions: &[&str]) -> Vec<(PathBuf, String)> {
    let root = root().join(below);
    let mut folders = vec![root.clone()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the repository is readable") {
            let path = entry.expect("a folder of the repository is readable").path();
            if path.is_dir() {
                let foreign = FOREIGN.iter().any(|name| path.ends_with(name));
                folders.extend((!foreign).then_some(path));
            } else if path.extension().is_some_and(|extension| extensions.iter().any(|wanted| extension == *wanted)) {
                let text = fs::read(&path).expect("a file of the repository is readable");
                let relative = path.strip_prefix(&root).expect("below the folder").to_path_buf();
                found.push((relative, String::from_utf8_lossy(&text).into_owned()));
            }
        }
    }
    found.sort();
    found
}

/// The folders of our packages' sources, lowest first.
const SOURCES: [&str; 5] = ["crates/core/src", "crates/formats/src", "crates/server/src", "crates/cli/src", "src"];

/// Every Rust source of the program, with paths relative to the `src` of its package.
pub(crate) fn sources() -> Vec<(PathBuf, String)> {
    let found: Vec<_> = SOURCES.iter().flat_map(|folder| texts(folder, &["rs"])).collect();
    assert!(found.len() > SOURCES.len(), "no sources");
    found
}

/// Where a file or folder of [`sources`] stands, from the repository's folder.
pub(crate) fn home(path: &Path) -> PathBuf {
    let places = SOURCES.iter().map(|folder| Path::new(folder).join(path));
    places.into_iter().find(|place| root().join(place).exists()).unwrap_or_else(|| path.to_path_buf())
}

/// The text of one file.
pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Says that the running test cannot run here, so that it is counted as skipped and not as passed. Written past the
/// capture of test output, once a test.
pub(crate) fn skip(reason: &str) {
    use std::cell::Cell;
    use std::io::Write as _;
    thread_local!(static SAID: Cell<bool> = const { Cell::new(false) });
    if !SAID.replace(true) {
        let thread = std::thread::current();
        let _ = writeln!(std::io::stderr(), "SKIP {}: {reason}", thread.name().unwrap_or("a test"));
    }
}
