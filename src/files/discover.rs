//! From arguments to the files that are loaded, in load order.
//!
//! In each directory the files come first, sorted by UTF-16 code unit as JavaScript sorts, then the subdirectories, at
//! any depth. `.git` and `node_modules` are passed over; `.gitignore` is not consulted: what is linted is what is served.

use std::cmp::Ordering;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobSet};
use walkdir::{DirEntry, WalkDir};

use super::{PathTrouble, display_name};

/// Suffixes of files that are picked up in directories.
const SUFFIXES: [&str; 4] = ["json", "jsonc", "yaml", "yml"];

/// Directories that are never entered unless named.
const PASSED_OVER: [&str; 2] = [".git", "node_modules"];

/// A file to load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub path: PathBuf,
    /// The path as the user would type it.
    pub name: String,
    /// Whether it was named itself, not found in a directory or by a glob.
    pub named: bool,
}

/// What is passed over.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Files and directories whose name matches are passed over in directories.
    pub exclude: GlobSet,
}

/// Files in load order, and what could not be looked at.
#[derive(Clone, Debug, Default)]
pub struct Discovery {
    pub files: Vec<Found>,
    pub troubles: Vec<PathTrouble>,
}

/// Expands arguments in their order: files, directories, and globs where no such path exists. A file that several
/// arguments lead to is loaded at its first place.
pub fn discover(arguments: &[PathBuf], options: &Options) -> Discovery {
    let mut discovery = Discovery::default();
    for argument in arguments {
        match std::fs::metadata(argument) {
            Ok(metadata) if metadata.is_dir() => walk(argument, options, &mut discovery),
            Ok(_) => discovery.files.push(Found { path: argument.clone(), name: display_name(argument), named: true }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !is_broken_link(argument) => {
                expand(argument, options, &mut discovery)
            }
            Err(error) => discovery.troubles.push(unreadable(argument, &error)),
        }
    }
    let mut seen = std::collections::HashSet::new();
    discovery.files.retain(|found| seen.insert(found.path.clone()));
    discovery
}

fn is_broken_link(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink())
}

fn unreadable(path: &Path, error: &std::io::Error) -> PathTrouble {
    let message =
        if is_broken_link(path) { "is a link that leads nowhere".to_owned() } else { format!("cannot be read: {}", reason(error)) };
    PathTrouble { rule: "unreadable-file", name: display_name(path), message, help: "check its permissions, or exclude it".to_owned() }
}

/// The system's reason without its number.
pub(super) fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}

fn walk(root: &Path, options: &Options, discovery: &mut Discovery) {
    let entries = WalkDir::new(root).follow_links(true).sort_by(files_first).into_iter();
    for entry in entries.filter_entry(|entry| entry.depth() == 0 || !is_passed_over(entry, root, options)) {
        match entry {
            Ok(entry) => take(&entry, discovery),
            Err(error) => discovery.troubles.push(walk_trouble(root, &error)),
        }
    }
}

fn take(entry: &DirEntry, discovery: &mut Discovery) {
    let path = entry.path();
    if entry.file_type().is_dir() || !has_suffix(path) {
        return;
    }
    if entry.file_type().is_file() {
        discovery.files.push(Found { path: path.to_owned(), name: display_name(path), named: false });
        return;
    }
    discovery.troubles.push(PathTrouble {
        rule: "not-a-regular-file",
        name: display_name(path),
        message: format!("is {}, not a regular file; it was not opened", super::read::kind(entry.file_type())),
        help: "remove it, or exclude it".to_owned(),
    });
}

fn walk_trouble(root: &Path, error: &walkdir::Error) -> PathTrouble {
    let path = error.path().unwrap_or(root);
    if let Some(ancestor) = error.loop_ancestor() {
        return PathTrouble {
            rule: "cyclic-link",
            name: display_name(path),
            message: format!("is a link back to {}; it was not followed", display_name(ancestor)),
            help: "remove the link, or exclude it".to_owned(),
        };
    }
    match error.io_error() {
        Some(io) => unreadable(path, io),
        None => unreadable(path, &std::io::Error::other(error.to_string())),
    }
}

fn has_suffix(path: &Path) -> bool {
    path.extension().and_then(OsStr::to_str).is_some_and(|suffix| SUFFIXES.contains(&suffix))
}

fn is_passed_over(entry: &DirEntry, root: &Path, options: &Options) -> bool {
    let name = entry.file_name().to_str().unwrap_or_default();
    if entry.file_type().is_dir() && PASSED_OVER.contains(&name) {
        return true;
    }
    let below = entry.path().strip_prefix(root).unwrap_or(entry.path());
    options.exclude.is_match(entry.path()) || options.exclude.is_match(below)
}

/// Files before directories; among equals by UTF-16 code unit.
fn files_first(a: &DirEntry, b: &DirEntry) -> Ordering {
    let units = |entry: &DirEntry| entry.file_name().to_string_lossy().encode_utf16().collect::<Vec<u16>>();
    a.file_type().is_dir().cmp(&b.file_type().is_dir()).then_with(|| units(a).cmp(&units(b)))
}

/// A glob: everything below its fixed beginning that it matches.
fn expand(argument: &Path, options: &Options, discovery: &mut Discovery) {
    let text = argument.to_string_lossy();
    let is_glob = text.contains(['*', '?', '[', '{']);
    let matcher = is_glob.then(|| GlobBuilder::new(text.trim_start_matches("./")).literal_separator(true).build().ok()).flatten();
    let Some(matcher) = matcher.map(|glob| glob.compile_matcher()) else {
        discovery.troubles.push(not_found(argument));
        return;
    };
    let fixed: PathBuf =
        argument.components().take_while(|part| !part.as_os_str().to_string_lossy().contains(['*', '?', '[', '{'])).collect();
    let base = if fixed.as_os_str().is_empty() { PathBuf::from(".") } else { fixed };
    let mut inner = Discovery::default();
    if base.is_dir() {
        walk(&base, options, &mut inner);
    }
    inner.files.retain(|found| matcher.is_match(&found.name));
    if inner.files.is_empty() {
        discovery.troubles.push(PathTrouble {
            rule: "path-not-found",
            name: display_name(argument),
            message: "matches no JSON or YAML file".to_owned(),
            help: "quote globs so that the shell leaves them alone; `**` crosses directories".to_owned(),
        });
    }
    discovery.files.append(&mut inner.files);
    discovery.troubles.append(&mut inner.troubles);
}

fn not_found(path: &Path) -> PathTrouble {
    let parent = path.ancestors().skip(1).find(|parent| parent.as_os_str().is_empty() || parent.is_dir());
    let folder = parent.filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let missing = path.strip_prefix(parent.unwrap_or(folder)).unwrap_or(path);
    let wanted = missing.components().next().map(|part| part.as_os_str().to_string_lossy().into_owned()).unwrap_or_default();
    let names: Vec<String> = std::fs::read_dir(folder)
        .map(|entries| entries.filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned())).collect())
        .unwrap_or_default();
    let near = names
        .iter()
        .map(|name| (strsim::damerau_levenshtein(name, &wanted), name))
        .filter(|(slips, _)| *slips <= 3 && *slips * 2 < wanted.len())
        .min();
    let help = match near {
        Some((_, name)) => format!("did you mean {}?", display_name(&folder.join(name))),
        None => format!("{} exists and holds no `{wanted}`", display_name(folder)),
    };
    PathTrouble { rule: "path-not-found", name: display_name(path), message: "there is no such file or directory".to_owned(), help }
}
