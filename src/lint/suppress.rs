//! Findings that their authors have allowed: `"$lint": { "allow": [ … ], "reason": … }` on an entry or a file, and
//! `aimock-allow: rule: reason` in comments of JSONC and YAML.
//!
//! An allow without a reason, an allow of an unknown rule and an allow that allows nothing are findings themselves.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ops::Range;

use super::{FileContext, Findings};
use crate::diagnostic::{Diagnostic, Span};
use crate::document::{Node, Value};

/// The word that starts an allow in a comment.
const MARK: &str = "aimock-allow:";

/// One rule allowed somewhere in a file.
#[derive(Debug)]
pub(super) struct Allow {
    pub(super) rule: String,
    /// Where the allow itself stands.
    pub(super) span: Span,
    /// The same as a pointer; of a comment, what it covers.
    pub(super) pointer: String,
    /// Findings that start in this range are allowed.
    covers: Range<usize>,
    has_reason: bool,
    used: Cell<bool>,
}

/// All allows of a file, by rule.
#[derive(Debug, Default)]
pub(super) struct Allows(BTreeMap<String, Vec<Allow>>);

impl Allows {
    /// Finds the allows of a file.
    pub(super) fn of(file: &FileContext<'_>) -> Allows {
        let mut allows = Vec::new();
        let root = &file.parsed.root;
        let whole = 0..file.source.text().len() + 1;
        read_member(file, root, whole, &mut allows);
        for item in root.get("fixtures").map_or(&[][..], Node::items) {
            read_member(file, item, item.span.start..item.span.end, &mut allows);
        }
        read_comments(file, &mut allows);
        let mut by_rule: BTreeMap<String, Vec<Allow>> = BTreeMap::new();
        for allow in allows {
            by_rule.entry(allow.rule.clone()).or_default().push(allow);
        }
        for allows in by_rule.values_mut() {
            allows.sort_by_key(|allow| allow.covers.start);
        }
        Allows(by_rule)
    }

    /// Whether a finding is allowed; remembers which allow was of use.
    pub(super) fn allow(&self, finding: &Diagnostic) -> bool {
        let Some(allows) = self.0.get(finding.rule) else { return false };
        let at = finding.primary.span.start;
        // Entries do not overlap, so of the allows that begin before this place those of the whole file and the last
        // ones can cover it.
        let begun = allows.get(..allows.partition_point(|allow| allow.covers.start <= at)).unwrap_or_default();
        let whole = begun.iter().take_while(|allow| allow.covers.start == 0);
        let last = begun.last().map_or(0, |allow| allow.covers.start);
        let near = begun.iter().rev().take_while(|allow| allow.covers.start == last && last > 0);
        let mut allowed = false;
        for allow in whole.chain(near).filter(|allow| allow.covers.contains(&at)) {
            allow.used.set(true);
            allowed = true;
        }
        allowed
    }

    /// Allows of rules that do not exist.
    pub(super) fn unknown(&self, file: &FileContext<'_>, findings: &mut Findings) {
        let known: Vec<&'static str> = super::rule_names().collect();
        for allow in self.all().filter(|allow| !known.contains(&allow.rule.as_str())) {
            let finding = findings.report(file.label(allow.span), format!("{} is no lint rule", crate::shape::code(&allow.rule)));
            finding.help = match crate::shape::nearest(&allow.rule, &known) {
                Some(near) => format!("did you mean `{near}`?").into(),
                None => "`aimock explain` lists all rules".into(),
            };
            finding.identity.clone_from(&allow.rule);
        }
    }

    /// Allows that do not say why.
    pub(super) fn without_reason(&self, file: &FileContext<'_>, findings: &mut Findings) {
        for allow in self.all().filter(|allow| !allow.has_reason) {
            let finding =
                findings.report(file.label(allow.span), format!("{} is allowed without a reason", crate::shape::code(&allow.rule)));
            finding.identity.clone_from(&allow.rule);
        }
    }

    /// Allows that were of no use, among rules that ran.
    pub(super) fn unused(&self, ran: impl Fn(&str) -> bool) -> impl Iterator<Item = &Allow> {
        self.all().filter(move |allow| !allow.used.get() && ran(&allow.rule))
    }

    fn all(&self) -> impl Iterator<Item = &Allow> {
        self.0.values().flatten()
    }
}

fn read_member(file: &FileContext<'_>, owner: &Node<'_>, covers: Range<usize>, allows: &mut Vec<Allow>) {
    let Some(lint) = owner.get("$lint") else { return };
    let has_reason = lint.get("reason").and_then(Node::as_str).is_some_and(|reason| !reason.trim().is_empty());
    let Some(names) = lint.get("allow") else { return };
    let items = if let Value::String(_) = names.value { std::slice::from_ref(names) } else { names.items() };
    for item in items {
        if let Some(rule) = item.as_str() {
            let pointer = file.label(item.span).pointer;
            let (rule, covers) = (rule.to_owned(), covers.clone());
            allows.push(Allow { rule, span: item.span, pointer, covers, has_reason, used: Cell::new(false) });
        }
    }
}

/// Comments cover the entry that they stand in, else the next one; before the document, the whole file.
fn read_comments(file: &FileContext<'_>, allows: &mut Vec<Allow>) {
    let text = file.source.text();
    for comment in &file.parsed.comments {
        let Some((before, body)) = text.get(comment.start..comment.end).and_then(|comment| comment.split_once(MARK)) else { continue };
        let body = body.trim_end().trim_end_matches("*/").trim();
        let (rule, reason) = body.split_once(':').unwrap_or((body, ""));
        let (pointer, covers) = covered_by(&file.parsed.root, comment.start, text.len());
        allows.push(Allow {
            rule: rule.trim().to_owned(),
            span: Span::new(comment.start + before.len(), comment.end),
            pointer,
            covers,
            has_reason: !reason.trim().is_empty(),
            used: Cell::new(false),
        });
    }
}

fn covered_by(root: &Node<'_>, at: usize, end: usize) -> (String, Range<usize>) {
    let whole = (String::new(), 0..end + 1);
    if at < root.span.start {
        return whole;
    }
    let entries = root.get("fixtures").map_or(&[][..], Node::items);
    let next = entries.partition_point(|entry| entry.span.end <= at);
    entries.get(next).map_or(whole, |entry| (format!("/fixtures/{next}"), entry.span.start..entry.span.end))
}
