//! Recordings of other tools become fixtures: one file a foreign format, foreign text in, fixtures and notes out.
//!
//! A format only reads: which request got which answer, where each stands, what cannot be read. What a request means is
//! told by the codec that owns its URL, the `match` is stamped by the criteria that will match it, and what an answer says
//! by the codec's `collapse`; so that converting cannot disagree with serving. Nothing is dropped silently: every
//! interaction ends in the output or in a note, and the output is loaded and asked for each of its requests before it is
//! handed out. Pure: no files, no clock. To add a format: a file, `mod x;`, and a line in [`ALL`].

mod answer;
mod body;
mod cassetter;
mod check;
mod date;
mod distinguish;
mod go_vcr;
mod har;
mod jsonl;
mod opened;
pub mod pair;
mod polly;
mod reading;
mod request;
mod ruby_vcr;
mod scrub;
mod txtar;
mod vcrpy;
mod vidaimock;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::diagnostic::{Diagnostic, Label, Severity, Source, Span};
use crate::fixture::Recording;
use distinguish::Group;
use opened::Opened;
use reading::{Found, Reading};
use scrub::Scrubber;

/// A format of another tool.
#[derive(Debug)]
pub struct Format {
    /// The value of `--from`.
    pub name: &'static str,
    /// With an article: `a vcrpy cassette`.
    pub title: &'static str,
    /// One line: what is read.
    pub summary: &'static str,
    /// How names of such files end, without the dot.
    pub suffixes: &'static [&'static str],
    /// What the tool does once equal requests have used up what was recorded: the value of `onExhausted`; `None` is the
    /// default.
    exhausted: Option<&'static str>,
    /// Words that stand in every such text: without them it is not opened to see what it is.
    marks: &'static [&'static str],
    detect: fn(&Opened<'_>) -> bool,
    read: fn(&Opened<'_>, &mut Reading),
}

/// Every format; of two that know a file the first one reads it.
pub static ALL: &[&Format] = &[
    &cassetter::FORMAT,
    &vcrpy::FORMAT,
    &go_vcr::FORMAT,
    &ruby_vcr::FORMAT,
    &polly::FORMAT,
    &har::FORMAT,
    &txtar::FORMAT,
    &vidaimock::FORMAT,
    &pair::FORMAT,
    &jsonl::FORMAT,
];

/// The format of this name.
pub fn format(name: &str) -> Option<&'static Format> {
    ALL.iter().find(|format| format.name == name).copied()
}

/// The format of a text, told by its content. The name of the source helps only to tell JSON, YAML and TOML apart.
pub fn detect(input: &Input) -> Option<&'static Format> {
    let opened = Opened::new(&input.source, input.answer.as_ref()).ok()?;
    ALL.iter().find(|format| (format.detect)(&opened)).copied()
}

/// What a file is that holds recordings of another tool, for those that load fixtures; halves of pairs are not known.
pub fn recording(source: &Arc<Source>) -> Option<Recording<'_>> {
    let text = source.text();
    if !ALL.iter().any(|format| format.marks.iter().all(|mark| memchr::memmem::find(text.as_bytes(), mark.as_bytes()).is_some())) {
        return None;
    }
    let opened = Opened::new(source, None).ok()?;
    let format = ALL.iter().find(|format| (format.detect)(&opened))?;
    Some(Recording { title: format.title, parsed: opened.into_parsed() })
}

/// A text to convert.
#[derive(Clone, Debug)]
pub struct Input {
    pub source: Arc<Source>,
    /// The answer that stands in a file of its own, if `source` is a request alone.
    pub answer: Option<Arc<Source>>,
}

/// What became of a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Conversion {
    pub format: &'static Format,
    /// The fixture file.
    pub file: Value,
    /// What is to be said about it, in the order of the source. An error is an interaction that was lost.
    pub notes: Vec<Diagnostic>,
    /// How many interactions were read, lost ones included.
    pub interactions: usize,
    /// How many of them are in no fixture.
    pub lost: usize,
    pub fixtures: usize,
    /// Match keys that were stamped, and on how many fixtures.
    pub stamped: BTreeMap<String, usize>,
    /// How many secrets were replaced or left out.
    pub secrets: usize,
}

impl PartialEq for Format {
    fn eq(&self, other: &Format) -> bool {
        self.name == other.name
    }
}

/// Why a text is not converted.
#[derive(Debug, thiserror::Error)]
pub enum ConvertError {
    /// Nothing knows it.
    #[error("its format is not recognised")]
    Unknown,
    /// It cannot be read as what it is: the reasons.
    #[error("it cannot be read")]
    Unreadable(Vec<Diagnostic>),
}

/// Converts a text, by the format that is asked for or else the one that it is recognised as.
///
/// # Errors
/// It cannot be read at all, or nothing recognises it.
pub fn convert(input: &Input, from: Option<&'static Format>) -> Result<Conversion, ConvertError> {
    let opened = Opened::new(&input.source, input.answer.as_ref()).map_err(unreadable)?;
    let format = from.or_else(|| ALL.iter().find(|format| (format.detect)(&opened)).copied()).ok_or(ConvertError::Unknown)?;
    let mut reading = Reading::new(&opened);
    (format.read)(&opened, &mut reading);
    Ok(Work::of(format, &input.source, reading).finish())
}

/// Reasons quote what they are about.
fn unreadable(mut reasons: Vec<Diagnostic>) -> ConvertError {
    for reason in &mut reasons {
        reason.message = Scrubber::default().text(std::mem::take(&mut reason.message));
        reason.hide_source = true;
    }
    ConvertError::Unreadable(reasons)
}

/// A conversion under way.
struct Work {
    format: &'static Format,
    source: Arc<Source>,
    notes: Notes,
    scrubber: Scrubber,
    groups: Vec<Group>,
    interactions: usize,
    lost: usize,
    secrets: usize,
    /// Housekeeping members of answers, and their headers, that no fixture holds.
    left_out: BTreeSet<String>,
    headers: BTreeSet<String>,
}

impl Work {
    fn of(format: &'static Format, source: &Arc<Source>, reading: Reading) -> Work {
        let Reading { found, notes, .. } = reading;
        let mut work = Work {
            format,
            source: Arc::clone(source),
            notes,
            scrubber: Scrubber::of(&found),
            groups: Vec::new(),
            interactions: found.len(),
            lost: 0,
            secrets: 0,
            left_out: BTreeSet::new(),
            headers: BTreeSet::new(),
        };
        let mut prepared = Vec::new();
        for found in found {
            match found {
                Found::Interaction(interaction) => {
                    work.secrets += scrub::credential_headers(&interaction);
                    prepared.push(request::prepare(*interaction, &mut work.notes));
                }
                Found::Ready(ready) => prepared.push(ready.into()),
                Found::Lost { span, reason } => {
                    work.lost += 1;
                    work.notes.push("interaction-lost", Severity::Error, span, reason);
                }
            }
        }
        work.groups = distinguish::groups(prepared, &mut work.notes);
        work
    }

    fn finish(mut self) -> Conversion {
        for group in &mut self.groups {
            for prepared in &mut group.members {
                prepared.answer(&mut self.notes, &mut self.left_out, &mut self.headers);
            }
        }
        check::narrow(&mut self.groups, self.format.exhausted);
        let mut entries = entries(&self.groups, self.format.exhausted);
        for (entry, group) in entries.iter_mut().zip(&self.groups) {
            let done = self.scrubber.entry(entry);
            if done.secrets > 0 {
                self.secrets += done.secrets;
                let message = "secrets were replaced by a constant for their kind".to_owned();
                self.notes.push("secret-scrubbed", Severity::Info, group.span(), message);
            }
            for (rule, severity, message) in done.remarks {
                self.notes.push(rule, severity, group.span(), message);
            }
        }
        check::ask(&self.groups, &entries, &mut self.notes);
        self.say_left_out();
        let stamped = stamped(&entries);
        let notes = self.notes.into_diagnostics(&self.source, &self.scrubber);
        Conversion {
            format: self.format,
            fixtures: entries.len(),
            file: json!({ "fixtures": entries }),
            notes,
            interactions: self.interactions,
            lost: self.lost,
            stamped,
            secrets: self.secrets,
        }
    }

    fn say_left_out(&mut self) {
        let list = |names: &BTreeSet<String>| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        if !self.left_out.is_empty() {
            let message = format!("answers in no vendor's words have no place for {}", list(&self.left_out));
            self.notes.push("not-carried", Severity::Info, Span::at(0), message);
        }
        if !self.headers.is_empty() {
            let message = format!("headers of answers that are not carried: {}", list(&self.headers));
            self.notes.push("not-carried", Severity::Info, Span::at(0), message);
        }
    }
}

/// The entries of the fixture file, one a group.
fn entries(groups: &[Group], exhausted: Option<&str>) -> Vec<Value> {
    groups.iter().map(|group| Value::Object(group.entry(exhausted))).collect()
}

fn stamped(entries: &[Value]) -> BTreeMap<String, usize> {
    let mut stamped = BTreeMap::new();
    for key in entries.iter().filter_map(|entry| entry.get("match")?.as_object()).flat_map(Map::keys) {
        *stamped.entry(key.clone()).or_default() += 1;
    }
    stamped
}

/// What is to be said, before it is known how places are shown.
#[derive(Debug, Default)]
struct Notes(Vec<(&'static str, Severity, Span, String)>);

impl Notes {
    fn push(&mut self, rule: &'static str, severity: Severity, span: Span, message: impl Into<String>) {
        self.0.push((rule, severity, span, message.into()));
    }

    fn into_diagnostics(self, source: &Arc<Source>, scrubber: &Scrubber) -> Vec<Diagnostic> {
        let diagnostic = |(rule, severity, span, message)| {
            let label = Label { source: Arc::clone(source), span, pointer: String::new(), note: "".into() };
            // Recordings are full of keys: no line of theirs is shown.
            Diagnostic::new(rule, severity, scrubber.text(message), label).hiding_source()
        };
        let mut notes: Vec<Diagnostic> = self.0.into_iter().map(diagnostic).collect();
        Diagnostic::sort(&mut notes);
        notes
    }
}
