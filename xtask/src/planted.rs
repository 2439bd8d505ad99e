//! Whether anything that the tests have written holds a key that they have planted: files, names of files, logs, journals, and
//! what programs printed.
//!
//! Only a file that is byte for byte one that a test wrote as input may hold one; of those there is a copy elsewhere. First a
//! key is put where the tests write, and must be found, or the search says nothing.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::ci::Verdict;

#[path = "../../tests/it/planted.rs"]
mod keys;

/// Fewer files than this mean that the tests did not keep what they wrote.
const LEAST: usize = 500;

/// Where the tests keep what they write, when told to by [`KEEP`].
const WRITTEN: &str = "target/tmp/sandboxes";
/// Where they keep a second time what they wrote as input.
const INPUTS: &str = "target/tmp/planted-inputs";
/// The variable that has tests keep what they write.
pub(crate) const KEEP: &str = "AIMOCK_TESTS_KEEP";

/// Removes what earlier runs left.
pub(crate) fn clear(root: &Path) {
    for folder in [WRITTEN, INPUTS] {
        let _ = fs::remove_dir_all(root.join(folder));
    }
}

/// Searches what the last run of the tests has written.
pub(crate) fn search(root: &Path) -> Verdict {
    let verdict = match searched(&root.join(WRITTEN), &root.join(INPUTS)) {
        Ok(trouble) if trouble.is_empty() => Verdict::Fine,
        Ok(trouble) => Verdict::Broken(trouble),
        Err(error) => Verdict::Broken(format!("{WRITTEN} cannot be searched: {error}")),
    };
    clear(root);
    verdict
}

/// What is wrong, a line for each file.
fn searched(written: &Path, inputs: &Path) -> std::io::Result<String> {
    let mut trouble = String::new();
    let control = written.join("control.json");
    let name = written.join(format!("control-{}.txt", keys::code_host()));
    fs::write(&control, format!("{{\"key\":\"{}\"}}", keys::openai()))?;
    fs::write(&name, "")?;
    let files = files(written)?;
    let mut found = 0;
    for path in &files {
        let relative = path.strip_prefix(written).unwrap_or(path);
        let bytes = fs::read(path)?;
        let mut held = keys::found_in(relative.to_string_lossy().as_bytes());
        let is_input = || fs::read(inputs.join(relative)).is_ok_and(|input| input == bytes);
        let inside = keys::found_in(&bytes);
        if !inside.is_empty() && !is_input() {
            held.extend(inside);
        }
        if [&control, &name].contains(&path) {
            found += usize::from(!held.is_empty());
        } else if !held.is_empty() {
            let _ = writeln!(trouble, "{} holds planted key {}", relative.display(), held[0]);
        }
    }
    if found != 2 {
        let _ = writeln!(trouble, "only {found} of 2 keys that were put there for a trial were found: the search finds nothing");
    }
    if files.len() < LEAST {
        let _ = writeln!(trouble, "the tests kept {} files only: did they run with {KEEP}?", files.len());
    }
    Ok(trouble)
}

/// All files below a folder, links not followed.
fn files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}
