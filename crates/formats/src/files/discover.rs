//! From what the user typed to a list of files, in load order.
//!
//! In a directory the files come first, by UTF-16 code unit of their names (as JavaScript sorts them), then its
//! subdirectories, at any depth. `.gitignore` is not consulted: what is checked is what is served.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use globset::GlobMatcher;
use rapidhash::RapidHashSet;
use walkdir::{DirEntry, WalkDir};

use super::exclude::{self, Exclude};
use super::problem::{Problem, display_name, io_problem};
use crate::diagnostic::Severity;

/// Files of directories are taken if their names end so; letter case counts.
const SUFFIXES: [&str; 4] = ["json", "jsonc", "yaml", "yml"];

/// A file to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What to open.
    pub path: PathBuf,
    /// The path as the user would type it.
    pub name: String,
    /// The source root: the directory it was found in, of a named file its own directory.
    pub root: PathBuf,
    /// The user typed this very file.
    pub named: bool,
}

/// What was found, and what was not.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Discovery {
    /// In load order, each file once.
    pub files: Vec<Found>,
    /// What was left out, in the order it was met.
    pub problems: Vec<Problem>,
}

/// Expands files, directories and globs, in the order given. A glob is expanded only if no such path exists.
pub fn discover<P: AsRef<Path>>(paths: &[P], exclude: &Exclude) -> Discovery {
    discover_ending(paths, exclude, &SUFFIXES)
}

/// Like [`discover`]; `met` is told of each file and its place among them as soon as it is found, so that it can be read while
/// others are looked for. Whether it was named may be known only later.
pub fn discover_each<P: AsRef<Path>>(paths: &[P], exclude: &Exclude, met: &mut dyn FnMut(usize, &Found)) -> Discovery {
    search(paths, exclude, &SUFFIXES, met)
}

/// Like [`discover`], with files of directories taken if their names end in one of these suffixes (without the dot).
pub fn discover_ending<P: AsRef<Path>>(paths: &[P], exclude: &Exclude, suffixes: &[&str]) -> Discovery {
    search(paths, exclude, suffixes, &mut |_, _| {})
}

fn search<P: AsRef<Path>>(paths: &[P], exclude: &Exclude, suffixes: &[&str], met: &mut dyn FnMut(usize, &Found)) -> Discovery {
    // What one argument leads to is met once.
    let seen = (paths.len() > 1).then(|| Seen { here: std::env::current_dir().unwrap_or_default(), paths: RapidHashSet::default() });
    let mut search = Search { exclude, suffixes, seen, met, found: Discovery::default() };
    for path in paths {
        search.add(path.as_ref());
    }
    search.found
}

struct Search<'e> {
    exclude: &'e Exclude,
    suffixes: &'e [&'e str],
    /// What several arguments may lead to.
    seen: Option<Seen>,
    met: &'e mut dyn FnMut(usize, &Found),
    found: Discovery,
}

/// The files that were met.
struct Seen {
    /// The working directory, asked for once.
    here: PathBuf,
    /// Absolute paths without idle steps, so that each has one spelling.
    paths: RapidHashSet<OsString>,
}

impl Seen {
    /// Whether a file is met for the first time.
    fn is_new(&mut self, path: &Path) -> bool {
        let path = self.absolute(path);
        self.paths.insert(path.into_os_string())
    }

    /// Whether a file of this directory was met.
    fn is_below(&self, base: &Path) -> bool {
        let base = self.absolute(base);
        self.paths.iter().any(|path| Path::new(path).starts_with(&base))
    }

    fn absolute(&self, path: &Path) -> PathBuf {
        let path = self.here.join(path);
        std::path::absolute(&path).unwrap_or(path)
    }
}

impl Search<'_> {
    fn add(&mut self, path: &Path) {
        match fs::metadata(path) {
            Ok(meta) if meta.is_dir() => self.walk(path, None),
            Ok(meta) if meta.is_file() => self.take(path.to_owned(), path.parent().unwrap_or(Path::new("")), true),
            Ok(_) => self.problem(not_regular(Severity::Error, path)),
            Err(error) => match fs::symlink_metadata(path) {
                Ok(_) => self.problem(broken_link(Severity::Error, path, &error)),
                Err(_) => self.add_missing(path, &error),
            },
        }
    }

    /// A path that does not exist: a glob, or a mistake.
    fn add_missing(&mut self, path: &Path, error: &std::io::Error) {
        let name = display_name(path);
        if !name.contains(['*', '?', '[', '{']) {
            let problem = io_problem(Severity::Error, &name, error);
            let help = if problem.rule == "path-not-found" { nearest(path) } else { problem.help.clone() };
            self.problem(problem.advise(help));
            return;
        }
        // Everything up to the first component with a wildcard is a plain directory.
        let text = path.to_string_lossy();
        let wild = text.find(['*', '?', '[', '{']).unwrap_or(text.len());
        let split = text.get(..wild).and_then(|plain| plain.rfind('/')).map_or(0, |slash| slash + 1);
        let (base, pattern) = text.split_at(split);
        match exclude::compile(pattern) {
            Ok(_) if !base.is_empty() && !Path::new(base).exists() => {
                self.problem(nothing_found(Path::new(base), Some(pattern), None, self.suffixes));
            }
            Ok(glob) => self.walk(Path::new(base), Some((&glob, pattern))),
            Err(bad) => self.problem(Problem::new("bad-glob", Severity::Error, name, format!("it is not a glob: {}", bad.reason))),
        }
    }

    /// Everything below a directory that has a suffix of ours, or that a glob matches.
    fn walk(&mut self, base: &Path, glob: Option<(&GlobMatcher, &str)>) {
        let before = self.found.files.len() + self.found.problems.len();
        let mut capitals = None;
        let is_typed = !base.as_os_str().is_empty();
        let start = if is_typed { base } else { Path::new(".") };
        let exclude = self.exclude;
        let keep = |entry: &DirEntry| entry.depth() == 0 || !exclude.covers(entry.path());
        // A glob that names a suffix of its own (`*.txt`) means it.
        let own_suffix = glob.and_then(|(_, pattern)| Path::new(pattern).extension()).is_some_and(|suffix| !has_wildcard(suffix));
        let mut walk = WalkDir::new(start).follow_links(true).sort_by(load_order).into_iter().filter_entry(keep);
        while let Some(entry) = walk.next() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    self.walk_problem(&error);
                    continue;
                }
            };
            let relative = || entry.path().strip_prefix(start).unwrap_or(entry.path());
            let wanted = match glob {
                Some((glob, _)) => glob.is_match(relative()) && (own_suffix || has_suffix(entry.path(), self.suffixes)),
                None => has_suffix(entry.path(), self.suffixes),
            };
            // As the user would go on from what was typed, which may be nothing.
            let path = || if is_typed { entry.path().to_owned() } else { base.join(relative()) };
            if entry.file_type().is_dir() {
                if let Some(ancestor) = cycle(&entry, start) {
                    self.problem(cyclic(entry.path(), &ancestor));
                    walk.skip_current_dir();
                }
            } else if !wanted {
                capitals = capitals.or_else(|| has_capital_suffix(entry.path(), self.suffixes).then(path));
            } else if entry.file_type().is_file() {
                self.take(path(), base, false);
            } else {
                self.problem(not_regular(Severity::Warning, &path()));
            }
        }
        if self.found.files.len() + self.found.problems.len() == before && !self.seen_below(base, glob.is_some()) {
            self.problem(nothing_found(base, glob.map(|(_, pattern)| pattern), capitals.as_deref(), self.suffixes));
        }
    }

    /// Whether an earlier argument already gave files of this directory, however it was spelled.
    fn seen_below(&self, base: &Path, is_glob: bool) -> bool {
        !is_glob && self.seen.as_ref().is_some_and(|seen| seen.is_below(base))
    }

    fn take(&mut self, path: PathBuf, root: &Path, named: bool) {
        let name = display_name(&path);
        if self.seen.as_mut().is_none_or(|seen| seen.is_new(&path)) {
            let found = Found { path, name, root: root.to_owned(), named };
            (self.met)(self.found.files.len(), &found);
            self.found.files.push(found);
        } else if named && let Some(file) = self.found.files.iter_mut().find(|file| file.name == name) {
            file.named = true;
        }
    }

    fn problem(&mut self, problem: Problem) {
        self.found.problems.push(problem);
    }

    fn walk_problem(&mut self, error: &walkdir::Error) {
        let path = error.path().unwrap_or(Path::new("."));
        let name = display_name(path);
        // What is not ours cannot be missed.
        let ours = error.depth() == 0 || has_suffix(path, self.suffixes) || error.loop_ancestor().is_some();
        let problem = match (error.loop_ancestor(), error.io_error()) {
            (Some(ancestor), _) => cyclic(path, ancestor),
            (None, Some(error)) if error.kind() == std::io::ErrorKind::NotFound => {
                if !ours {
                    return;
                }
                broken_link(Severity::Warning, path, error)
            }
            (None, Some(error)) if is_link_loop(path) => broken_link(Severity::Warning, path, error),
            (None, Some(error)) => io_problem(Severity::Error, &name, error),
            (None, None) => Problem::new("unreadable-file", Severity::Error, name, "it cannot be read"),
        };
        self.problem(problem);
    }
}

/// Files before directories, each by UTF-16 code unit.
fn load_order(a: &DirEntry, b: &DirEntry) -> std::cmp::Ordering {
    let is_dir = |entry: &DirEntry| if entry.path_is_symlink() { entry.path().is_dir() } else { entry.file_type().is_dir() };
    is_dir(a).cmp(&is_dir(b)).then_with(|| {
        // They stand in one directory, so that their paths compare as their names do. Where the first bytes that differ are
        // ASCII, they are what differs: no character that came before goes on behind them.
        let (whole, other) = (a.path().as_os_str().as_encoded_bytes(), b.path().as_os_str().as_encoded_bytes());
        if let Some((one, another)) = first_difference(whole, other)
            && one.is_ascii()
            && another.is_ascii()
        {
            return one.cmp(&another);
        }
        let (a, b) = (a.file_name(), b.file_name());
        a.to_string_lossy().encode_utf16().cmp(b.to_string_lossy().encode_utf16())
    })
}

/// The first bytes in which two texts differ, unless one begins with the other.
fn first_difference(one: &[u8], another: &[u8]) -> Option<(u8, u8)> {
    const AT_ONCE: usize = 16;
    let blocks = one.chunks_exact(AT_ONCE).zip(another.chunks_exact(AT_ONCE));
    let same = blocks.take_while(|(one, another)| one == another).count() * AT_ONCE;
    one.get(same..)?.iter().zip(another.get(same..)?).find(|(one, another)| one != another).map(|(one, another)| (*one, *another))
}

/// The directory above this one that it is, by way of a link. (The walk itself compares links only, so that a link out of
/// the tree and down again would give every file twice.)
fn cycle(entry: &DirEntry, start: &Path) -> Option<PathBuf> {
    let real = fs::canonicalize(entry.path()).ok()?;
    let relative = entry.path().strip_prefix(start).ok()?;
    if entry.depth() == 0 || fs::canonicalize(start).ok()?.join(relative) == real {
        return None;
    }
    let above = entry.path().ancestors().skip(1).take(entry.depth());
    above.into_iter().find(|ancestor| fs::canonicalize(ancestor).is_ok_and(|ancestor| ancestor == real)).map(Path::to_owned)
}

fn cyclic(path: &Path, ancestor: &Path) -> Problem {
    let message = format!("it leads back to `{}`, which it is part of; it is not followed", display_name(ancestor));
    Problem::new("cyclic-link", Severity::Warning, display_name(path), message).advise("remove the link, or exclude it")
}

fn has_suffix(path: &Path, suffixes: &[&str]) -> bool {
    path.extension().is_some_and(|suffix| suffixes.iter().any(|ours| suffix == *ours))
}

fn has_capital_suffix(path: &Path, suffixes: &[&str]) -> bool {
    path.extension().is_some_and(|suffix| suffixes.iter().any(|ours| suffix.eq_ignore_ascii_case(ours) && suffix != *ours))
}

fn has_wildcard(text: &OsStr) -> bool {
    text.to_string_lossy().contains(['*', '?', '[', '{'])
}

/// A link that the system cannot resolve for another reason than a missing target.
fn is_link_loop(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|meta| meta.is_symlink())
}

fn not_regular(severity: Severity, path: &Path) -> Problem {
    let message = format!("it is {}, not a regular file; it is not opened", kind_of(path));
    Problem::new("not-a-regular-file", severity, display_name(path), message).advise("pass its contents on standard input, as `-`")
}

/// The kind of a path that is neither file nor directory.
#[cfg(unix)]
pub(super) fn kind_of(path: &Path) -> &'static str {
    use std::os::unix::fs::FileTypeExt as _;
    match fs::metadata(path).map(|meta| meta.file_type()) {
        Ok(kind) if kind.is_fifo() => "a named pipe",
        Ok(kind) if kind.is_socket() => "a socket",
        Ok(kind) if kind.is_char_device() || kind.is_block_device() => "a device",
        Ok(kind) if kind.is_dir() => "a directory",
        _ => "something else",
    }
}

/// The kind of a path that is neither file nor directory.
#[cfg(not(unix))]
pub(super) fn kind_of(path: &Path) -> &'static str {
    if path.is_dir() { "a directory" } else { "something else" }
}

fn broken_link(severity: Severity, path: &Path, error: &std::io::Error) -> Problem {
    let target = fs::read_link(path).map(|target| display_name(&target)).unwrap_or_default();
    if error.kind() == std::io::ErrorKind::PermissionDenied {
        return io_problem(severity, &display_name(path), error);
    }
    let (rule, message) = if error.kind() == std::io::ErrorKind::NotFound {
        ("broken-link", format!("the link leads to `{target}`, which does not exist"))
    } else {
        ("cyclic-link", format!("the link to `{target}` leads nowhere: {error}"))
    };
    Problem::new(rule, severity, display_name(path), message).advise("mend or remove the link")
}

fn nothing_found(base: &Path, pattern: Option<&str>, capitals: Option<&Path>, suffixes: &[&str]) -> Problem {
    let name = display_name(&pattern.map_or_else(|| base.to_owned(), |pattern| base.join(pattern)));
    let message = match (pattern, suffixes) {
        (Some(_), _) => "no file matches this glob".to_owned(),
        (None, [before @ .., last]) => format!("no file here ends in .{} or .{last}", before.join(", .")),
        (None, []) => "no file here is looked for".to_owned(),
    };
    let help = match capitals {
        Some(path) => format!("letter case counts: rename `{}`, or name the file itself", display_name(path)),
        None => "name a directory that holds fixtures, or the files themselves".to_owned(),
    };
    Problem::new("no-files", Severity::Error, if name.is_empty() { ".".to_owned() } else { name }, message).advise(help)
}

/// What the user may have meant: a like name in the nearest directory that exists.
fn nearest(path: &Path) -> String {
    let missing_below =
        |parent: &Path| path.strip_prefix(parent).ok().and_then(|rest| rest.components().next()).map(|c| c.as_os_str().to_owned());
    let parents = path.ancestors().skip(1);
    let Some(parent) =
        parents.map(|parent| if parent.as_os_str().is_empty() { Path::new(".") } else { parent }).find(|parent| parent.is_dir())
    else {
        return String::new();
    };
    let prefix = if parent == Path::new(".") { Path::new("") } else { parent };
    let Some(missing) = missing_below(prefix) else { return String::new() };
    let missing = missing.to_string_lossy();
    let names =
        fs::read_dir(parent).into_iter().flatten().take(2_000).flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut best: Vec<(f64, String)> =
        names.map(|name| (strsim::jaro_winkler(&missing, &name), name)).filter(|(score, _)| *score > 0.8).collect();
    best.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    match best.first() {
        Some((_, name)) => format!("did you mean `{}`?", display_name(&prefix.join(name))),
        None => format!("the directory `{}` exists, but holds no `{missing}`", display_name(parent)),
    }
}
