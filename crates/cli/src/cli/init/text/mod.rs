//! What `aimock init` writes and prints: the configuration, the hook, the editor's settings.
//!
//! Texts only. The configuration is a template, since its comments are the first documentation that people read.

use std::fmt::Write as _;
use std::path::Path;

use super::Layout;
use crate::cli::lint::DEFAULT_BASELINE;
use crate::files;

/// The folder of the schemas, beside the configuration.
pub(super) const SCHEMAS: &str = ".aimock";

/// Suffixes of fixture files, as a regular expression.
const SUFFIXES: &str = r"\.(jsonc?|ya?ml)$";

/// Where the configuration stands, seen from the repository's root: where hooks run and editors are opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// Empty at the root, else it ends in `/`.
    prefix: String,
    /// A configuration of hooks is there already.
    has_hooks: bool,
}

impl Place {
    /// The place of a folder; one outside of any repository is its own root.
    pub(super) fn of(folder: &Path) -> Place {
        let folder = files::whole(folder);
        let root = folder.ancestors().find(|above| files::exists(&above.join(".git"))).unwrap_or(&folder);
        let inside = folder.strip_prefix(root).map(files::display_name).unwrap_or_default();
        let prefix = if inside.is_empty() { inside } else { format!("{inside}/") };
        Place { prefix, has_hooks: files::exists(&root.join(".pre-commit-config.yaml")) }
    }
}

/// The text of `aimock.yaml`.
pub(super) fn config(layout: &Layout, has_baseline: bool) -> String {
    let mut text = format!(
        "# yaml-language-server: $schema={SCHEMAS}/config.schema.json\n\
         # Settings of aimock. Paths and globs are relative to this file; `aimock schema config` lists every key.\n\n\
         # Fixture files, directories and globs that commands take when none are named, in load order.\n\
         include:\n"
    );
    for path in &layout.include {
        let _ = writeln!(text, "  - {}", scalar(path));
    }
    text.push_str(
        "\n# What is passed over in directories; .git and node_modules always are.\n\
         # exclude: [drafts, \"**/*.request.json\"]\n\n\
         # What is loaded together, in the order written: each scope is linted as the one server that loads it.\n",
    );
    text.push_str(&scopes(layout));
    text.push_str(
        "\n# How plain texts of match keys compare: `contains`, or `exact`.\n\
         matching: contains\n\n\
         lint:\n  \
         # Tiers (default, strict, pedantic), categories or rules that run; `aimock explain` lists them.\n  \
         select: [default]\n  \
         # Rules that do not run, everywhere or in some files.\n  \
         # ignore: [short-substring]\n  \
         # perFile: { \"legacy/**\": [shadowed-fixture] }\n  \
         # Known findings, which stay silent; `aimock lint --write-baseline` writes them.\n",
    );
    let comment = if has_baseline { "" } else { "# " };
    let _ = writeln!(text, "  {comment}baseline: {DEFAULT_BASELINE}");
    text
}

/// The scopes, or an example of some behind comment signs.
fn scopes(layout: &Layout) -> String {
    if layout.scopes.is_empty() {
        let folder = layout.include.first().map_or("fixtures", String::as_str);
        let folder = if folder == "." { String::new() } else { format!("{folder}/") };
        let list = scalar(&format!("{folder}shared/**"));
        return format!("# scopes:\n#   chat: [{list}, {}]\n", scalar(&format!("{folder}chat/**")));
    }
    let mut text = String::from("scopes:\n");
    for (name, paths) in &layout.scopes {
        let paths: Vec<String> = paths.iter().map(|path| scalar(path)).collect();
        let _ = writeln!(text, "  {}: [{}]", scalar(name), paths.join(", "));
    }
    text
}

/// What people paste elsewhere.
pub(super) fn to_paste(layout: &Layout, place: &Place) -> String {
    let Place { prefix, has_hooks } = place;
    let config = if prefix.is_empty() { String::new() } else { format!(" --config {prefix}aimock.yaml") };
    let (title, indent) =
        if *has_hooks { ("add to `repos` in .pre-commit-config.yaml", "") } else { (".pre-commit-config.yaml", "repos:\n") };
    let entry = scalar(&format!("aimock lint{config}"));
    let hook = format!(
        "# {title}\n{indent}  - repo: local\n    hooks:\n      - id: aimock-lint\n        name: aimock lint\n        entry: {entry}\n        \
         language: system\n        require_serial: true\n        types: [text]\n        files: {}\n",
        scalar(&pattern(layout, prefix))
    );
    let schema = format!("./{prefix}{SCHEMAS}/fixture.schema.json");
    let settings = serde_json::json!({
        "json.schemas": [{ "fileMatch": globs(layout, prefix, &["json", "jsonc"]), "url": schema }],
        "yaml.schemas": { schema.as_str(): globs(layout, prefix, &["yaml", "yml"]) },
    });
    format!("\n{hook}\n// .vscode/settings.json\n{settings:#}\n")
}

/// A regular expression for the paths of fixture files, from the repository's root.
fn pattern(layout: &Layout, prefix: &str) -> String {
    let alternatives: Vec<String> = layout.include.iter().map(|path| regex::escape(&at(path, prefix))).collect();
    match alternatives.as_slice() {
        [one] if one.is_empty() => SUFFIXES.to_owned(),
        [one] => format!("^{one}.*{SUFFIXES}"),
        several => format!("^({}).*{SUFFIXES}", several.join("|")),
    }
}

/// Globs for fixture files with one of these suffixes.
fn globs(layout: &Layout, prefix: &str, suffixes: &[&str]) -> Vec<String> {
    let mut globs = Vec::new();
    for path in layout.include.iter().map(|path| at(path, prefix)) {
        if path.is_empty() || path.ends_with('/') {
            globs.extend(suffixes.iter().map(|suffix| format!("{path}**/*.{suffix}")));
        } else if suffixes.iter().any(|suffix| Path::new(&path).extension().is_some_and(|own| own == *suffix)) {
            globs.push(path);
        }
    }
    globs
}

/// A path of the layout from the repository's root; a folder ends in `/`.
fn at(path: &str, prefix: &str) -> String {
    let is_file = [".json", ".jsonc", ".yaml", ".yml"].iter().any(|suffix| path.ends_with(suffix));
    match path {
        "." => prefix.to_owned(),
        file if is_file => format!("{prefix}{file}"),
        folder => format!("{prefix}{folder}/"),
    }
}

/// A text as a YAML value that fits on one line, in a list too.
fn scalar(text: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-^$\\()?| ".contains(letter) || letter == '*';
    let starts_plainly = text.starts_with(|first: char| first.is_ascii_alphabetic() || "./^\\".contains(first));
    let word =
        text.trim() == text && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(&text.to_lowercase().as_str());
    if starts_plainly && word && text.chars().all(is_plain) && text.parse::<f64>().is_err() {
        return text.to_owned();
    }
    // JSON strings are YAML strings.
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests;
