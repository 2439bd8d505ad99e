//! Files that are written by program and kept under version control: schemas, tables in the README.
//!
//! A target is a path, whose whole text is generated, or `PATH#NAME`, the lines between the markers
//! `<!-- generated: NAME -->` and `<!-- /generated -->` in that file.

use std::path::Path;
use std::process::ExitCode;

use crate::ci::Verdict;

/// Every target with its text. Paths are relative to the repository.
fn targets() -> Vec<(String, String)> {
    aimock::reference::files()
}

/// Whether every target has the text it should have.
pub(crate) fn check(root: &Path) -> Verdict {
    let mut trouble = Vec::new();
    for (target, text) in targets() {
        match wanted(root, &target, &text) {
            Ok((_, old, new)) if old == new => {}
            Ok(_) => trouble.push(format!("{target} is stale: run `cargo xtask gen`")),
            Err(reason) => trouble.push(reason),
        }
    }
    if trouble.is_empty() { Verdict::Fine } else { Verdict::Broken(trouble.join("\n")) }
}

/// Writes the targets that differ and says which.
pub(crate) fn write(root: &Path) -> ExitCode {
    let mut status = ExitCode::SUCCESS;
    for (target, text) in targets() {
        let done = wanted(root, &target, &text).and_then(|(path, old, new)| {
            if old == new {
                return Ok(false);
            }
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
            }
            std::fs::write(&path, new).map(|()| true).map_err(|error| format!("{}: {error}", path.display()))
        });
        match done {
            Ok(true) => println!("wrote {target}"),
            Ok(false) => {}
            Err(reason) => {
                eprintln!("{reason}");
                status = ExitCode::FAILURE;
            }
        }
    }
    status
}

/// The file of a target, its text on disk, and the text that it should have.
fn wanted(root: &Path, target: &str, text: &str) -> Result<(std::path::PathBuf, String, String), String> {
    let (file, block) = target.split_once('#').map_or((target, None), |(file, block)| (file, Some(block)));
    let path = root.join(file);
    let old = match std::fs::read_to_string(&path) {
        Ok(old) => old,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && block.is_none() => String::new(),
        Err(error) => return Err(format!("{file}: {error}")),
    };
    let new = match block {
        None => text.to_owned(),
        Some(block) => splice(&old, block, text).ok_or_else(|| format!("{file} has no markers for `{block}`"))?,
    };
    Ok((path, old, new))
}

/// `document` with the lines between the markers of `block` replaced. `None`: a marker is missing.
fn splice(document: &str, block: &str, text: &str) -> Option<String> {
    let opening = format!("<!-- generated: {block} -->\n");
    let start = document.find(&opening)? + opening.len();
    let (inside, after) = (document.get(..start)?, document.get(start..)?);
    let end = after.find("<!-- /generated -->")?;
    Some(format!("{inside}{}\n{}", text.trim_end(), after.get(end..)?))
}

#[cfg(test)]
mod tests {
    use super::splice;

    const PAGE: &str = "# Page\n\n<!-- generated: keys -->\nold\nrows\n<!-- /generated -->\n\nrest\n";

    #[test]
    fn only_the_marked_lines_change() {
        let expected = "# Page\n\n<!-- generated: keys -->\nnew\n<!-- /generated -->\n\nrest\n";
        assert_eq!(splice(PAGE, "keys", "new\n").as_deref(), Some(expected));
    }

    #[test]
    fn doing_it_twice_changes_nothing() {
        let once = splice(PAGE, "keys", "| a |\n| b |\n").unwrap_or_default();
        assert_eq!(splice(&once, "keys", "| a |\n| b |\n"), Some(once));
    }

    #[test]
    fn an_unknown_block_is_an_error() {
        assert_eq!(splice(PAGE, "rules", "x"), None);
        assert_eq!(splice("<!-- generated: keys -->\nno end", "keys", "x"), None);
    }
}
