//! One record: findings as they are written, and back.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::OfFile;
use crate::diagnostic::{Diagnostic, Edit, Fix, Label, Safety, Severity, Source, Span};
use crate::fixture::{Allow, Handle, LOADER_RULES, Summary};
use crate::lint::suppress::Allows;
use crate::normalize;
use crate::secrets::{self, Class};

/// Longer texts of a fix are pieces of a fixture, which are not kept.
const LONGEST_EDIT: usize = 1 << 10;

#[derive(Serialize, Deserialize)]
struct FileRecord<'r> {
    fixtures: usize,
    plain_texts: usize,
    #[serde(borrow)]
    skipped: Option<&'r str>,
    #[serde(borrow)]
    ids: Vec<(&'r str, usize, Place)>,
    #[serde(borrow)]
    allows: Vec<AllowRecord<'r>>,
    #[serde(borrow)]
    found: Vec<Finding<'r>>,
}

#[derive(Serialize, Deserialize)]
struct AllowRecord<'r> {
    rule: &'r str,
    place: Place,
    pointer: &'r str,
    covers: Place,
    has_reason: bool,
}

#[derive(Serialize, Deserialize)]
struct Finding<'r> {
    rule: &'r str,
    severity: u8,
    message: &'r str,
    /// `None`: what the rule always says.
    why: Option<&'r str>,
    help: &'r str,
    primary: Mark<'r>,
    #[serde(borrow)]
    related: Vec<Mark<'r>>,
    #[serde(borrow)]
    fix: Option<Cure<'r>>,
    identity: &'r str,
    /// As JSON.
    #[serde(borrow)]
    witness: Option<Cow<'r, str>>,
    hide_source: bool,
}

/// Start and end.
type Place = (usize, usize);

#[derive(Serialize, Deserialize)]
struct Mark<'r> {
    /// Position among the texts that were looked at together.
    member: usize,
    place: Place,
    pointer: &'r str,
    note: &'r str,
}

#[derive(Serialize, Deserialize)]
struct Cure<'r> {
    is_safe: bool,
    title: &'r str,
    #[serde(borrow)]
    edits: Vec<(Place, &'r str)>,
}

/// What is written of a text; `None`: something in it is not to be kept.
pub(super) fn of_file(summary: &Summary, found: &[Diagnostic], allows: &Allows) -> Option<Vec<u8>> {
    let members = [&summary.source];
    let allow = |allow: &'_ Allow| (allow.rule.clone(), (allow.span, allow.pointer.clone(), allow.covers.clone(), allow.has_reason));
    let listed: Vec<_> = allows.all().iter().map(allow).collect();
    let record = FileRecord {
        fixtures: summary.fixtures,
        plain_texts: summary.plain_texts,
        skipped: summary.skipped.as_deref(),
        ids: summary.ids.iter().map(|handle| (handle.id.as_str(), handle.index, place(handle.span))).collect(),
        allows: listed
            .iter()
            .map(|(rule, (span, pointer, covers, has_reason))| AllowRecord {
                rule,
                place: place(*span),
                pointer,
                covers: (covers.start, covers.end),
                has_reason: *has_reason,
            })
            .collect(),
        found: found.iter().map(|finding| written(finding, &members)).collect::<Option<_>>()?,
    };
    let mut said = Said::default();
    record.ids.iter().for_each(|(id, ..)| said.text(id));
    record.allows.iter().for_each(|allow| said.texts(&[allow.rule, allow.pointer]));
    said.text(record.skipped.unwrap_or_default());
    said.findings(&record.found);
    if said.is_secret() { None } else { postcard::to_extend(&record, Vec::new()).ok() }
}

/// What is written of texts that are loaded together; `None`: something in it is not to be kept.
pub(super) fn of_group(found: &[Diagnostic], members: &[&Arc<Source>]) -> Option<Vec<u8>> {
    let found: Vec<Finding<'_>> = found.iter().map(|finding| written(finding, members)).collect::<Option<_>>()?;
    let mut said = Said::default();
    said.findings(&found);
    if said.is_secret() { None } else { postcard::to_extend(&found, Vec::new()).ok() }
}

/// What a record says of a text.
pub(super) fn file_of(body: &[u8], source: &Arc<Source>) -> Option<OfFile> {
    let record: FileRecord<'_> = postcard::from_bytes(body).ok()?;
    let handle = |(id, index, at): &(&str, usize, Place)| Some(Handle { id: (*id).to_owned(), index: *index, span: span(*at, source)? });
    let allow = |allow: &AllowRecord<'_>| {
        // The whole file is covered to one past its end.
        let (start, end) = allow.covers;
        (start <= end && end <= source.text().len() + 1).then_some(())?;
        let span = span(allow.place, source)?;
        let (rule, pointer) = (allow.rule.to_owned(), allow.pointer.to_owned());
        Some(Allow { rule, span, pointer, covers: start..end, has_reason: allow.has_reason })
    };
    let summary = Summary {
        source: Arc::clone(source),
        fixtures: record.fixtures,
        skipped: record.skipped.map(str::to_owned),
        plain_texts: record.plain_texts,
        ids: record.ids.iter().map(handle).collect::<Option<_>>()?,
    };
    let allows = Allows::from_list(record.allows.iter().map(allow).collect::<Option<_>>()?);
    Some(OfFile { summary, allows, found: read_all(record.found, &[source])? })
}

/// What a record says of texts that are loaded together.
pub(super) fn group_of(body: &[u8], members: &[&Arc<Source>]) -> Option<Vec<Diagnostic>> {
    read_all(postcard::from_bytes(body).ok()?, members)
}

fn read_all(found: Vec<Finding<'_>>, members: &[&Arc<Source>]) -> Option<Vec<Diagnostic>> {
    found.into_iter().map(|finding| read(finding, members)).collect()
}

fn written<'r>(finding: &'r Diagnostic, members: &[&Arc<Source>]) -> Option<Finding<'r>> {
    let (name, why) = known(finding.rule)?;
    let fix = finding.fix.as_ref().map(|fix| Cure {
        is_safe: fix.safety == Safety::Safe,
        title: &fix.title,
        edits: fix.edits.iter().map(|edit| (place(edit.span), edit.text.as_str())).collect(),
    });
    // Numbers are read back as they were written, or not kept.
    let witness = match &finding.witness {
        Some(value) => Some(serde_json::to_string(value).ok().filter(|text| serde_json::from_str(text).ok().as_ref() == Some(value))?),
        None => None,
    };
    Some(Finding {
        rule: name,
        severity: finding.severity as u8,
        message: &finding.message,
        why: (finding.why != why).then_some(&finding.why),
        help: &finding.help,
        primary: mark(&finding.primary, members)?,
        related: finding.related.iter().map(|label| mark(label, members)).collect::<Option<_>>()?,
        fix,
        identity: &finding.identity,
        witness: witness.map(Cow::Owned),
        hide_source: finding.hide_source,
    })
}

fn read(finding: Finding<'_>, members: &[&Arc<Source>]) -> Option<Diagnostic> {
    let (rule, why) = known(finding.rule)?;
    let primary = label(&finding.primary, members)?;
    let edit = |(at, text): (Place, &str)| Some(Edit { span: span(at, &primary.source)?, text: text.to_owned() });
    let fix = match finding.fix {
        Some(cure) => Some(Fix {
            safety: if cure.is_safe { Safety::Safe } else { Safety::Unsafe },
            title: cure.title.to_owned().into(),
            edits: cure.edits.into_iter().map(edit).collect::<Option<_>>()?,
        }),
        None => None,
    };
    let witness = match finding.witness {
        Some(text) => Some(serde_json::from_str(&text).ok()?),
        None => None,
    };
    Some(Diagnostic {
        rule,
        severity: [Severity::Info, Severity::Warning, Severity::Error].into_iter().find(|severity| *severity as u8 == finding.severity)?,
        message: finding.message.to_owned(),
        why: finding.why.map_or(Cow::Borrowed(why), |why| Cow::Owned(why.to_owned())),
        help: finding.help.to_owned().into(),
        primary,
        related: finding.related.iter().map(|mark| label(mark, members)).collect::<Option<_>>()?,
        fix,
        identity: finding.identity.to_owned(),
        witness,
        hide_source: finding.hide_source,
    })
}

/// A rule or pass by name, and what it says why.
fn known(name: &str) -> Option<(&'static str, &'static str)> {
    let loader = || LOADER_RULES.iter().find(|rule| rule.name == name).map(|rule| (rule.name, ""));
    let pass = || normalize::ALL.iter().find(|pass| pass.name == name).map(|pass| (pass.name, pass.summary));
    crate::lint::rule(name).map(|rule| (rule.name, rule.why)).or_else(loader).or_else(pass)
}

fn mark<'r>(label: &'r Label, members: &[&Arc<Source>]) -> Option<Mark<'r>> {
    // Members stand in load order as a rule, and then their numbers ascend.
    let id = label.source.id();
    let member = members.binary_search_by_key(&id, |source| source.id()).ok();
    let member = member.or_else(|| members.iter().position(|source| source.id() == id))?;
    Some(Mark { member, place: place(label.span), pointer: &label.pointer, note: &label.note })
}

fn label(mark: &Mark<'_>, members: &[&Arc<Source>]) -> Option<Label> {
    let source = Arc::clone(members.get(mark.member)?);
    let span = span(mark.place, &source)?;
    Some(Label { source, span, pointer: mark.pointer.to_owned(), note: Cow::Owned(mark.note.to_owned()) })
}

fn place(span: Span) -> Place {
    (span.start, span.end)
}

/// A place that is in the text.
fn span((start, end): Place, source: &Source) -> Option<Span> {
    source.text().get(start..end).map(|_| Span::new(start, end))
}

/// What is said, in one text.
#[derive(Default)]
struct Said {
    all: String,
    too_much: bool,
}

impl Said {
    fn text(&mut self, text: &str) {
        if !text.is_empty() {
            self.all.push_str(text);
            self.all.push('\n');
        }
    }

    fn texts(&mut self, texts: &[&str]) {
        for text in texts {
            self.text(text);
        }
    }

    fn findings(&mut self, found: &[Finding<'_>]) {
        for finding in found {
            self.texts(&[finding.message, finding.help, finding.identity, finding.why.unwrap_or_default()]);
            self.text(finding.witness.as_deref().unwrap_or_default());
            for mark in std::iter::once(&finding.primary).chain(&finding.related) {
                self.texts(&[mark.pointer, mark.note]);
            }
            for (_, text) in finding.fix.iter().flat_map(|cure| &cure.edits) {
                self.too_much |= text.len() > LONGEST_EDIT;
                self.text(text);
            }
        }
    }

    /// Whether the rules about secrets and personal data would speak of it.
    fn is_secret(&self) -> bool {
        let holds = |text: &str| {
            let classes = Class::CREDENTIALS.iter().chain(&Class::PERSONAL);
            classes.into_iter().any(|class| secrets::may_hold(*class, text) && !secrets::scan(*class, text).is_empty())
        };
        let inside = || secrets::may_be_encoded(&self.all) && secrets::decoded(&self.all).any(|(_, _, inner)| holds(&inner));
        self.too_much || holds(&self.all) || inside()
    }
}
