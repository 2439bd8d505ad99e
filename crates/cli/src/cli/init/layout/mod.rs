//! Where a repository keeps its fixtures, and which of them belong together: from file names alone.
//!
//! Proposes only what is plain. A wrong scope hides findings and makes up others, so without a clear sign there is none.

use std::collections::BTreeMap;

/// Names of a folder that all its siblings are loaded with.
const SHARED: [&str; 3] = ["shared", "common", "base"];

/// Fixture files beside other files that are listed one by one; more of them, and their folder is listed.
const MOST_LISTED: usize = 8;

/// What is proposed when nothing was found; also where commands look without a configuration.
const DEFAULT: &str = "fixtures";

/// A JSON or YAML file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// The names on the way from the folder that is set up.
    pub(super) parts: Vec<String>,
    /// Fixtures that it holds; 0: it is something else.
    pub(super) fixtures: usize,
}

/// What the configuration will say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Layout {
    /// Folders and files, relative, in load order.
    pub(super) include: Vec<String>,
    /// Name and folders of each scope.
    pub(super) scopes: Vec<(String, Vec<String>)>,
    /// How many files hold fixtures, and how many those are.
    pub(super) files: usize,
    pub(super) fixtures: usize,
}

impl Layout {
    /// The layout of these files.
    pub(super) fn of(seen: &[Seen]) -> Layout {
        let mut root = Folder::default();
        for file in seen {
            root.add(&file.parts, file.fixtures > 0);
        }
        let mut include = Vec::new();
        let mut scopes = Vec::new();
        root.collect("", &mut include);
        if let [(path, folder)] = include.as_slice() {
            scopes = folder.map(|folder| folder.scopes(path)).unwrap_or_default();
        }
        let mut include: Vec<String> = include.into_iter().map(|(path, _)| path).collect();
        if include.is_empty() {
            include.push(DEFAULT.to_owned());
        }
        let files = seen.iter().filter(|file| file.fixtures > 0).count();
        Layout { include, scopes, files, fixtures: seen.iter().map(|file| file.fixtures).sum() }
    }
}

/// A folder with what is in it.
#[derive(Debug, Default)]
struct Folder {
    /// Names of files that hold fixtures, here.
    files: Vec<String>,
    /// Files that hold fixtures, here and below.
    ours: usize,
    /// All files, here and below.
    all: usize,
    folders: BTreeMap<String, Folder>,
}

impl Folder {
    fn add(&mut self, parts: &[String], is_ours: bool) {
        self.all += 1;
        self.ours += usize::from(is_ours);
        match parts {
            [name] if is_ours => self.files.push(name.clone()),
            [] | [_] => {}
            [folder, rest @ ..] => self.folders.entry(folder.clone()).or_default().add(rest, is_ours),
        }
    }

    /// The highest folders that are mostly fixtures, and single files elsewhere.
    fn collect<'f>(&'f self, path: &str, include: &mut Vec<(String, Option<&'f Folder>)>) {
        let mut below = self.folders.iter().filter(|(_, folder)| folder.ours > 0);
        match (below.next(), below.next()) {
            (None, _) if self.ours == 0 => {}
            // A folder that only leads to another one.
            (Some((name, folder)), None) if self.files.is_empty() => folder.collect(&join(path, name), include),
            _ if self.is_home(path) => include.push((join(path, ""), Some(self))),
            _ => {
                include.extend(self.files.iter().map(|name| (join(path, name), None)));
                for (name, folder) in &self.folders {
                    folder.collect(&join(path, name), include);
                }
            }
        }
    }

    /// Whether this folder as a whole is a place for fixtures.
    fn is_home(&self, path: &str) -> bool {
        let mostly = !path.is_empty() && !self.files.is_empty() && self.ours * 2 >= self.all;
        self.ours == self.all || mostly || self.files.len() > MOST_LISTED
    }

    /// Bundles beside a shared folder: each of them is loaded with it.
    fn scopes(&self, path: &str) -> Vec<(String, Vec<String>)> {
        let with_fixtures = || self.folders.iter().filter(|(_, folder)| folder.ours > 0).map(|(name, _)| name.as_str());
        let mut shared = with_fixtures().filter(|name| SHARED.contains(name));
        let (Some(shared), None) = (shared.next(), shared.next()) else { return Vec::new() };
        if !self.files.is_empty() {
            return Vec::new();
        }
        let path = if path == "." { "" } else { path };
        let bundles = with_fixtures().filter(|name| *name != shared);
        bundles.map(|name| (name.to_owned(), vec![join(path, shared), join(path, name)])).collect()
    }
}

/// A path below another one; `.` is the start itself.
fn join(path: &str, name: &str) -> String {
    match (path, name) {
        ("", "") => ".".to_owned(),
        ("", only) | (only, "") => only.to_owned(),
        (path, name) => format!("{path}/{name}"),
    }
}

#[cfg(test)]
mod tests;
