//! Fixture text as a tree with places: one form for JSON, JSONC and YAML.
//!
//! Every node knows its byte span, so that every finding can point at what it means. Duplicate keys stay visible
//! (all members are kept; the last one wins), numbers keep their text. Hostile input ends in a [`Trouble`]: depth,
//! node count and alias expansion are bounded before anything recurses.
//!
//! `.json` is read as leniently as `.jsonc` (comments and trailing commas; nothing else), and [`Parsed`] remembers
//! what was lenient, so that a rule can say so. This module knows JSON and YAML, never what a fixture is.

pub mod duplicate;
pub mod edit;
mod json;
mod node;
mod number;
pub mod pointer;
mod render;
mod trouble;
mod yaml;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;

pub use node::{Member, Node, Value};
pub use number::{as_f64, as_i64, as_u64};
pub use render::{printable, to_json, to_number, to_text, to_yaml};
pub use trouble::Trouble;

use crate::diagnostic::Span;
use trouble::Findings;

/// How a text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    Json,
    Jsonc,
    Yaml,
}

impl Format {
    /// The format a file name promises: YAML for `.yaml` and `.yml`, JSONC for `.jsonc`, JSON for everything else.
    /// Letter case does not count.
    pub fn from_path(path: impl AsRef<std::path::Path>) -> Format {
        let suffix = path.as_ref().extension().and_then(std::ffi::OsStr::to_str).unwrap_or_default();
        match suffix.to_ascii_lowercase().as_str() {
            "yaml" | "yml" => Format::Yaml,
            "jsonc" => Format::Jsonc,
            _ => Format::Json,
        }
    }
}

/// What a text may cost. A text that asks for more is refused with a [`Trouble`] that names the limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Arrays and objects inside each other. Everything that walks a tree may recurse this deep.
    pub depth: usize,
    /// Values, comments and trailing commas; some 50 to 90 bytes of memory each.
    pub nodes: usize,
    /// Nodes that YAML anchors and aliases may copy, long texts counted as several.
    pub alias_nodes: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { depth: 128, nodes: 16_000_000, alias_nodes: 250_000 }
    }
}

/// A text that could be read.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed<'s> {
    pub root: Node<'s>,
    /// Problems that did not end the file: the tree holds a stand-in where each of them is.
    pub findings: Vec<Trouble>,
    /// The text starts with a byte-order mark. Spans count it.
    pub had_bom: bool,
    /// Every comment, its marks included, without the line end.
    pub comments: Vec<Span>,
    /// Every comma before a closing bracket; empty for YAML.
    pub trailing_commas: Vec<Span>,
    /// Every `!!binary` scalar of a text that [`parse_foreign`] read: its string is base64 as it was written, blanks included.
    pub binaries: Vec<Span>,
}

impl Parsed<'_> {
    /// What `JSON.parse` and other strict readers would refuse in a `.json` file: every comment (`comment-in-json`) and every comma
    /// before a closing bracket (`trailing-comma`), in order of place. Whether to say so, and how loudly, is the caller's choice.
    pub fn deviations(&self) -> Vec<Trouble> {
        let comment = |span: &Span| {
            Trouble::new("comment-in-json", "a comment stands in a .json file", *span)
                .advise("rename the file to .jsonc, or use a key like `_comment`")
        };
        let comma = |span: &Span| Trouble::new("trailing-comma", "a comma stands before the closing bracket", *span).advise("remove it");
        let mut troubles: Vec<Trouble> = self.comments.iter().map(comment).chain(self.trailing_commas.iter().map(comma)).collect();
        troubles.sort_by_key(|trouble| trouble.span.start);
        troubles.into_iter().map(|trouble| trouble.because("other tools that read this file as JSON refuse it")).collect()
    }
}

/// Reads a text.
///
/// # Errors
/// What made the text unreadable as the last item, after the findings met before it.
pub fn parse<'s>(text: &'s str, format: Format, limits: &Limits) -> Result<Parsed<'s>, Vec<Trouble>> {
    match format {
        Format::Json | Format::Jsonc => json::parse(text, limits),
        Format::Yaml => yaml::parse(text, limits, Tags::Core),
    }
}

/// Bytes that are read at once of a stream.
const WINDOW: usize = 256 << 10;

/// A text, or what it is read from.
pub enum Input<'t> {
    Whole(&'t str),
    /// Read as it is needed and forgotten behind it.
    Stream(&'t mut dyn std::io::Read),
}

/// Reads a JSON text as [`parse`] does, but hands each item of the list under `key` of the root object to `each` as soon as it
/// is read, and lets go of it; in the tree that list is empty. So neither the tree nor, of a stream, the text need ever be there
/// as a whole.
///
/// `None`: `each` said `false`, there is no such list, the stream breaks off or is no text, or something about the text has to
/// be told (see [`Parsed::findings`] and [`Parsed::deviations`]). Then only reading it as a whole says more.
pub fn parse_items(
    input: Input<'_>,
    format: Format,
    limits: &Limits,
    key: &str,
    each: &mut dyn FnMut(usize, Node<'_>) -> bool,
) -> Option<Node<'static>> {
    match format {
        Format::Json | Format::Jsonc => json::parse_items(input, WINDOW, limits, key, format == Format::Json, each),
        Format::Yaml => None,
    }
}

/// Reads a text of another tool: as [`parse`], but in YAML the tags by which Python and Ruby mark bytes and text are taken
/// for what they say (`!!binary`, `!binary`, `!!python/unicode`, `!!python/str`). Nothing else is: no tag makes an object.
///
/// # Errors
/// As [`parse`].
pub fn parse_foreign<'s>(text: &'s str, format: Format, limits: &Limits) -> Result<Parsed<'s>, Vec<Trouble>> {
    match format {
        Format::Json | Format::Jsonc => json::parse(text, limits),
        Format::Yaml => yaml::parse(text, limits, Tags::Foreign),
    }
}

/// Which YAML tags are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tags {
    /// Those of the core schema.
    Core,
    /// Also those of [`parse_foreign`].
    Foreign,
}

/// Bytes of a byte-order mark at the start of a text: 0 or 3.
fn bom_length(text: &str) -> usize {
    if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 }
}
