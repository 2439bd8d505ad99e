//! One walk over a tree for all scrubbing passes.

use std::collections::{BTreeMap, HashSet};

use super::allowed::Allowed;
use super::identity::{Known, REFERRED, hash};
use super::role::{Leaf, Role, walk};
use super::scalar::{Replacement, renumber, replaced, rewrite};
use super::{Pass, Work};
use crate::diagnostic::{Edit, Span};
use crate::document::{Format, Node, Parsed, Value};
use crate::secrets;
use crate::shape::code;
use crate::transform::{BuiltIn, Found, Kind, Scanner, Strictness, Transforms, builtin};

/// A rewritten value can show something new to recognise; this often it is read again.
const MOST_ROUNDS: usize = 8;

type Timings = for<'n, 's> fn(&'n Node<'s>) -> Vec<(&'n Node<'s>, u64)>;

/// The scrubbing passes that run, ready to use.
#[derive(Debug)]
pub(super) struct Scrub {
    passes: Vec<&'static Pass>,
    builtins: Vec<&'static BuiltIn>,
    scanner: Scanner,
    secrets: Option<Scanner>,
    timings: Option<(&'static Pass, Timings)>,
    match_keys: Option<&'static Pass>,
    transforms: Transforms,
}

/// A place that changes, for reports.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) pass: &'static Pass,
    pub(super) span: Span,
    /// What becomes of what, in words. Never a secret's own text.
    pub(super) message: String,
    pub(super) hide: bool,
}

/// What one file asks for.
#[derive(Debug, Default)]
pub(super) struct Scrubbed {
    /// Sorted, without overlaps, when [`Scrubbed::settle`] is done.
    pub(super) edits: Vec<Edit>,
    /// What makes the text another one, whatever else is edited: the edits are not kept then.
    pub(super) differs: bool,
    /// Every changed place; empty unless asked for.
    pub(super) changes: Vec<Change>,
    /// How many places each pass changes.
    pub(super) counts: Vec<(&'static Pass, usize)>,
    /// Values that responses lose, as hashes.
    pub(super) lost: HashSet<u64>,
    /// Ids that responses make and clients send back, as hashes.
    pub(super) made: HashSet<u64>,
    /// Values that match keys name and that stay there, unless responses make them.
    pub(super) named: Vec<Named>,
    /// Ids of tool calls that stay, unless something refers to them.
    pub(super) kept: Vec<Kept>,
    /// Places that are left, and why.
    pub(super) notes: Vec<(Span, String)>,
    /// Values that are left because a file holds them that was not given, with that file.
    pub(super) held: BTreeMap<String, String>,
    /// Names of built-ins that would find something in match keys, once a key.
    pub(super) left_in_keys: Vec<&'static str>,
}

/// A text of a match key with ids in it.
#[derive(Debug)]
pub(super) struct Named {
    span: Span,
    text: String,
    /// What is found in it: the value, the replacement, and the pass.
    found: Vec<(String, Replacement, &'static Pass)>,
    /// The whole text is the id of a tool call.
    is_id: bool,
}

impl Named {
    /// What it names, as hashes.
    pub(super) fn hashes(&self) -> impl Iterator<Item = u64> {
        self.is_id.then(|| hash(&self.text)).into_iter().chain(self.found.iter().map(|(value, _, _)| hash(value)))
    }

    /// The values that stay, given the ids that responses make.
    pub(super) fn stays<'a>(&'a self, made: &'a HashSet<u64>) -> impl Iterator<Item = &'a str> {
        let whole = self.is_id && made.contains(&hash(&self.text));
        self.found.iter().map(|(value, _, _)| value.as_str()).filter(move |value| !whole && !made.contains(&hash(value)))
    }
}

/// The id of a tool call that no recorder is known to have written.
#[derive(Debug)]
pub(super) struct Kept {
    span: Span,
    text: String,
    /// What is found in it, with the hash of the value.
    found: Vec<(u64, Replacement, &'static Pass)>,
}

impl Kept {
    /// The id and what is found in it, as hashes.
    pub(super) fn hashes(&self) -> impl Iterator<Item = u64> {
        std::iter::once(hash(&self.text)).chain(self.found.iter().map(|(hash, _, _)| *hash))
    }
}

impl Scrub {
    /// The scrubbing ones among these passes.
    pub(super) fn new(passes: &[&'static Pass], transforms: &Transforms) -> Scrub {
        let named: Vec<_> = passes
            .iter()
            .filter(|pass| matches!(pass.work, Work::BuiltIn))
            .filter_map(|pass| builtin(pass.name).map(|builtin| (*pass, builtin)))
            .collect();
        let builtins: Vec<_> = named.iter().map(|(_, builtin)| *builtin).collect();
        let secrets = builtin("secrets").filter(|_| named.iter().any(|(pass, _)| pass.name == "secrets"));
        Scrub {
            passes: named.into_iter().map(|(pass, _)| pass).collect(),
            scanner: Scanner::new(&builtins, Strictness::Drawn),
            builtins,
            secrets: secrets.map(|secrets| Scanner::new(&[secrets], Strictness::Drawn)),
            timings: passes.iter().find_map(|pass| if let Work::Timings(round) = pass.work { Some((*pass, round)) } else { None }),
            match_keys: passes.iter().copied().find(|pass| matches!(pass.work, Work::MatchKeys)),
            transforms: transforms.clone(),
        }
    }

    /// Whether there is nothing to do.
    pub(super) fn is_empty(&self) -> bool {
        self.passes.is_empty() && self.timings.is_none() && self.match_keys.is_none()
    }

    /// What has to change in a file.
    pub(super) fn file(&self, text: &str, format: Format, parsed: &Parsed<'_>, known: &Known, detail: bool) -> Scrubbed {
        let (allowed, last) = (Allowed::of(text, parsed), vec![None; self.passes.len()]);
        let mut work = Walk { scrub: self, text, format, known, detail, allowed, last, out: Scrubbed::default() };
        walk(&parsed.root, &mut |leaf| work.leaf(&leaf));
        for comment in &parsed.comments {
            work.comment(*comment);
        }
        work.out
    }
}

/// The walk over one file.
struct Walk<'a> {
    scrub: &'a Scrub,
    text: &'a str,
    format: Format,
    known: &'a Known,
    detail: bool,
    allowed: Allowed,
    /// What each pass found last, and what it made of it.
    last: Vec<Option<(Kind, String, String)>>,
    out: Scrubbed,
}

impl Walk<'_> {
    fn leaf(&mut self, leaf: &Leaf<'_, '_>) {
        match (&leaf.node.value, leaf.role) {
            (Value::String(text), Role::Response | Role::Raw | Role::CallId | Role::KeptCallId) => {
                self.response(leaf.node, text, leaf.role);
            }
            (Value::String(text), Role::MatchText(key)) => self.match_text(leaf.node, text, key),
            (Value::String(text), Role::MatchId) => self.match_text(leaf.node, text, "toolCallId"),
            (Value::String(text), Role::Free) => self.secrets(leaf.node, text),
            (Value::String(text), Role::Original) => self.only_report_secrets(leaf.node, text),
            (_, Role::Timings) => self.timings(leaf.node),
            (Value::Number(text), Role::Number(key)) => self.number(leaf.node, text, key),
            _ => {}
        }
    }

    /// Everything found in a text of a response gets its frozen form, until nothing more is found.
    fn response(&mut self, node: &Node<'_>, text: &str, role: Role<'_>) {
        let first = self.freeze(node, text, role);
        if first.is_empty() {
            return;
        }
        if matches!(role, Role::CallId | Role::KeptCallId) {
            self.out.made.insert(hash(text));
        }
        if role == Role::KeptCallId {
            let kept = |(replacement, pass): &(Replacement, &'static Pass)| {
                let value = text.get(replacement.range.clone()).filter(|_| REFERRED.contains(&pass.name))?;
                Some((hash(value), replacement.clone(), *pass))
            };
            if let Some(found) = first.iter().map(kept).collect() {
                self.out.kept.push(Kept { span: node.span, text: text.to_owned(), found });
                return;
            }
        }
        let mut now = replaced(text, first.iter().map(|(replacement, _)| replacement));
        let mut all = None;
        for _ in 1..MOST_ROUNDS {
            let again = self.freeze(node, &now, role);
            if again.is_empty() {
                break;
            }
            now = replaced(&now, again.iter().map(|(replacement, _)| replacement));
            all = Some(difference(text, &now));
        }
        let is_rewritten = match &all {
            Some(difference) => self.rewrite(node.span, text, std::iter::once(difference)),
            None => self.rewrite(node.span, text, first.iter().map(|(replacement, _)| replacement)),
        };
        if is_rewritten {
            self.tell(node.span, text, &first);
        }
    }

    /// What stands for what is found. Values that must stay are left out; those that go are remembered.
    fn freeze(&mut self, node: &Node<'_>, text: &str, role: Role<'_>) -> Vec<(Replacement, &'static Pass)> {
        let mut list = Vec::new();
        for (index, found) in self.scrub.scanner.scan(text) {
            let Some((replacement, value, pass)) = self.remembered(index, &found, text) else { continue };
            if self.allowed.holds(pass, node.span.start) {
                continue;
            }
            if pass.name != "secrets" {
                if self.known.stays(value) {
                    let holder = self.known.holder(value).map(|file| (value.to_owned(), file.to_owned()));
                    self.out.held.extend(holder);
                    continue;
                }
                let hash = hash(value);
                if matches!(role, Role::CallId | Role::KeptCallId | Role::Raw) {
                    self.out.made.insert(hash);
                }
                if role != Role::KeptCallId {
                    self.out.lost.insert(hash);
                }
            }
            list.push((replacement, pass));
        }
        list
    }

    /// As [`Scrub::replacement`]: the events of one stream all bear the same id, so what each pass made last is kept.
    fn remembered<'t>(&mut self, index: usize, found: &Found, text: &'t str) -> Option<(Replacement, &'t str, &'static Pass)> {
        let value = text.get(found.range.clone())?;
        if let Some((kind, old, new)) = self.last.get(index)?
            && (*kind, old.as_str()) == (found.kind, value)
        {
            return Some((Replacement { range: found.range.clone(), text: new.clone() }, value, self.scrub.passes.get(index)?));
        }
        let made = self.scrub.replacement(index, found, text)?;
        if let Some(last) = self.last.get_mut(index) {
            *last = Some((found.kind, value.to_owned(), made.0.text.clone()));
        }
        Some(made)
    }

    /// A number of a response is read together with its key, which says whether it is a time.
    fn number(&mut self, node: &Node<'_>, number: &str, key: &str) {
        if number.len() < 10 || !number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
            return;
        }
        let text = format!("\"{key}\":{number}");
        let start = text.len() - number.len();
        for (index, found) in self.scrub.scanner.scan(&text) {
            if found.range.start != start || self.known.stays(number) {
                continue;
            }
            let Some((replacement, _, pass)) = self.scrub.replacement(index, &found, &text) else { continue };
            if self.allowed.holds(pass, node.span.start) {
                continue;
            }
            let new = replaced(&text, std::slice::from_ref(&replacement));
            let Some(new) = new.get(start..).filter(|new| new.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')) else { continue };
            self.out.edits.push(Edit { span: node.span, text: new.to_owned() });
            self.out.lost.insert(hash(number));
            self.change(pass, node.span, || format!("`{number}` becomes `{new}`"));
        }
    }

    fn timings(&mut self, timings: &Node<'_>) {
        let Some((pass, round)) = self.scrub.timings else { return };
        if self.allowed.holds(pass, timings.span.start) {
            return;
        }
        let rounded = round(timings);
        if let Some((node, new)) = rounded.first() {
            let others = rounded.len() - 1;
            let old = self.text.get(node.span.start..node.span.end).unwrap_or("");
            self.change(pass, node.span, || match others {
                0 => format!("`{old}` becomes `{new}`"),
                _ => format!("`{old}` becomes `{new}`, and {others} more"),
            });
        }
        let rounded = rounded.into_iter().map(|(node, number)| (node.span, number));
        match self.format {
            Format::Json | Format::Jsonc => self.out.edits.extend(renumber(self.text, rounded)),
            // Aliases lead to numbers elsewhere.
            Format::Yaml => self.out.edits.extend(rounded.map(|(span, number)| Edit { span, text: number.to_string() })),
        }
    }

    /// A text that is compared with the rewritten request: it goes through the same transforms. What a pass would still
    /// find in it stays, since the request says it; ids that responses make are looked at when all files are known.
    fn match_text(&mut self, node: &Node<'_>, text: &str, key: &str) {
        if let Some(pass) = self.scrub.match_keys
            && !self.scrub.transforms.is_empty()
        {
            match self.scrub.transforms.text(key, text) {
                Ok(new) if new != text => {
                    if self.rewrite(node.span, text, std::iter::once(&difference(text, &new))) {
                        let hide = secrets::holds_known_key(text);
                        let message = if hide { "a secret goes".to_owned() } else { format!("{} becomes {}", code(text), code(&new)) };
                        self.change_hiding(pass, node.span, hide, || message);
                    }
                    return;
                }
                Ok(_) => {}
                Err(error) => {
                    self.out.notes.push((node.span, format!("`match.{key}` is left: {error}")));
                    return;
                }
            }
        }
        let all = self.scrub.scanner.scan(text);
        if all.is_empty() {
            return;
        }
        let is_id = key == "toolCallId";
        let mut named = Named { span: node.span, text: text.to_owned(), found: Vec::new(), is_id };
        for (index, found) in all {
            let Some((replacement, value, pass)) = self.scrub.replacement(index, &found, text) else { continue };
            if self.scrub.builtins.get(index).is_some_and(|builtin| builtin.keys.contains(&key)) && !is_id {
                self.out.left_in_keys.push(pass.name);
            }
            if pass.name != "secrets" {
                named.found.push((value.to_owned(), replacement, pass));
            }
        }
        if !named.found.is_empty() {
            self.out.left_in_keys.dedup();
            self.out.named.push(named);
        }
    }

    fn secrets(&mut self, node: &Node<'_>, text: &str) {
        let list = self.found_secrets(node.span, text);
        if !list.is_empty() && self.rewrite(node.span, text, list.iter().map(|(replacement, _)| replacement)) {
            self.tell(node.span, text, &list);
        }
    }

    fn found_secrets(&self, span: Span, text: &str) -> Vec<(Replacement, &'static Pass)> {
        let Some(scanner) = self.scrub.secrets.as_ref().filter(|_| text.len() >= LEAST_SECRET) else { return Vec::new() };
        let index = self.scrub.passes.iter().position(|pass| pass.name == "secrets").unwrap_or(0);
        let replacement = |(_, found): (usize, Found)| self.scrub.replacement(index, &found, text).map(|(new, _, pass)| (new, pass));
        let is_allowed = |(_, pass): &(Replacement, &'static Pass)| self.allowed.holds(pass, span.start);
        scanner.scan(text).into_iter().filter_map(replacement).filter(|found| !is_allowed(found)).collect()
    }

    fn only_report_secrets(&mut self, node: &Node<'_>, text: &str) {
        if !self.found_secrets(node.span, text).is_empty() {
            self.out.notes.push((node.span, "a secret is left where requests are compared with it; take it out by hand".to_owned()));
        }
    }

    fn comment(&mut self, span: Span) {
        let Some(text) = self.text.get(span.start..span.end) else { return };
        let list = self.found_secrets(span, text);
        for (replacement, _) in &list {
            let at = Span::new(span.start + replacement.range.start, span.start + replacement.range.end);
            self.out.edits.push(Edit { span: at, text: replacement.text.clone() });
        }
        self.tell(span, text, &list);
    }

    /// `false`: the value cannot be rewritten where it stands.
    fn rewrite<'r>(&mut self, span: Span, value: &str, replacements: impl Iterator<Item = &'r Replacement> + Clone) -> bool {
        let edits = rewrite(self.text, self.format, span, value, replacements);
        let rewritten = edits.is_some();
        self.out.edits.extend(edits.into_iter().flatten());
        rewritten
    }

    /// One change a pass, at the first of its places.
    fn tell(&mut self, span: Span, text: &str, list: &[(Replacement, &'static Pass)]) {
        for (index, (replacement, pass)) in list.iter().enumerate() {
            if list.iter().take(index).any(|(_, told)| told.name == pass.name) {
                continue;
            }
            if !self.detail {
                self.change_hiding(pass, span, pass.name == "secrets", String::new);
                continue;
            }
            let others = list.iter().filter(|(_, other)| other.name == pass.name).count() - 1;
            let more = if others > 0 { format!(", and {others} more") } else { String::new() };
            let old = text.get(replacement.range.clone()).unwrap_or("");
            if pass.name == "secrets" {
                self.change_hiding(pass, span, true, || format!("a secret becomes {}{more}", code(&replacement.text)));
                continue;
            }
            self.change(pass, place(self.text, span, old), || format!("{} becomes {}{more}", code(old), code(&replacement.text)));
        }
    }

    fn change(&mut self, pass: &'static Pass, span: Span, message: impl FnOnce() -> String) {
        self.change_hiding(pass, span, false, message);
    }

    fn change_hiding(&mut self, pass: &'static Pass, span: Span, hide: bool, message: impl FnOnce() -> String) {
        self.out.change(pass, self.detail, || Change { pass, span, message: message(), hide });
    }
}

/// No key is shorter.
const LEAST_SECRET: usize = 16;

impl Scrub {
    /// What stands for a find, the value itself, and the pass. `None`: it has no frozen form, or has it already.
    fn replacement<'t>(&self, index: usize, found: &Found, text: &'t str) -> Option<(Replacement, &'t str, &'static Pass)> {
        let pass = self.passes.get(index)?;
        let value = text.get(found.range.clone())?;
        let new = found.frozen(text)?;
        (new != value).then(|| (Replacement { range: found.range.clone(), text: new }, value, *pass))
    }
}

impl Scrubbed {
    /// Counts a changed place, and keeps it where places are listed.
    fn change(&mut self, pass: &'static Pass, detail: bool, change: impl FnOnce() -> Change) {
        match self.counts.iter_mut().find(|(counted, _)| std::ptr::eq(*counted, pass)) {
            Some((_, count)) => *count += 1,
            None => self.counts.push((pass, 1)),
        }
        if detail {
            self.changes.push(change());
        }
    }

    /// Drops the edits where nobody wants the new text and it is known to be another one. They stand inside of scalars and
    /// do not overlap, so that a sum of lengths which changes is a scalar that changes.
    pub(super) fn forget_edits(&mut self) {
        let (added, removed) =
            self.edits.iter().fold((0, 0), |(added, removed), edit| (added + edit.text.len(), removed + (edit.span.end - edit.span.start)));
        if added != removed {
            self.differs = true;
            self.edits = Vec::new();
        }
    }

    /// Decides about what match keys name, now that it is known which ids responses make, and about the ids of tool calls,
    /// now that it is known which of them something refers to; puts the edits in order.
    pub(super) fn settle(&mut self, text: &str, format: Format, all: &Together, detail: bool) {
        let Together { made, referred } = all;
        for kept in std::mem::take(&mut self.kept) {
            if !kept.hashes().any(|hash| referred.contains(&hash)) {
                continue;
            }
            let replacements = kept.found.iter().map(|(_, replacement, _)| replacement);
            let (Some((_, replacement, pass)), Some(edits)) =
                (kept.found.first(), rewrite(text, format, kept.span, &kept.text, replacements))
            else {
                continue;
            };
            self.edits.extend(edits);
            let old = kept.text.get(replacement.range.clone()).unwrap_or("");
            self.change(pass, detail, || {
                let message = format!("{} becomes {}", code(old), code(&replacement.text));
                Change { pass, span: place(text, kept.span, old), message, hide: false }
            });
        }
        for named in std::mem::take(&mut self.named) {
            let whole = named.is_id && made.contains(&hash(&named.text));
            let goes: Vec<_> = named.found.iter().filter(|(value, _, _)| whole || made.contains(&hash(value))).collect();
            let Some((value, replacement, pass)) = goes.first() else { continue };
            let replacements = goes.iter().map(|(_, replacement, _)| replacement);
            let Some(edits) = rewrite(text, format, named.span, &named.text, replacements) else { continue };
            self.edits.extend(edits);
            self.change(pass, detail, || {
                let message = format!("{} becomes {}, as in the response", code(value), code(&replacement.text));
                Change { pass, span: named.span, message, hide: false }
            });
        }
        self.edits.sort_by_key(|edit| (edit.span.start, edit.span.end));
        // What YAML aliases repeat is written once.
        let mut end = 0;
        self.edits.retain(|edit| {
            let free = edit.span.start >= end;
            end = end.max(edit.span.end);
            free
        });
    }
}

/// What all files say together, as hashes.
#[derive(Debug, Default)]
pub(super) struct Together {
    /// Ids that responses make and clients send back.
    pub(super) made: HashSet<u64>,
    /// Of the ids of tool calls that may stay those that something else holds: a match key, or a value that goes.
    pub(super) referred: HashSet<u64>,
}

impl Together {
    /// Of all files.
    pub(super) fn of(work: &[Option<Scrubbed>]) -> Together {
        let work = || work.iter().flatten();
        let kept: HashSet<u64> = work().flat_map(|work| &work.kept).flat_map(Kept::hashes).collect();
        let named = work().flat_map(|work| &work.named).flat_map(Named::hashes).filter(|hash| kept.contains(hash));
        let lost = work().filter(|_| !kept.is_empty()).flat_map(|work| &work.lost).copied().filter(|hash| kept.contains(hash));
        Together { made: work().flat_map(|work| work.made.iter().copied()).collect(), referred: named.chain(lost).collect() }
    }
}

/// The place of a text inside a scalar, where it stands there as it is meant.
fn place(file: &str, span: Span, old: &str) -> Span {
    let at = file.get(span.start..span.end).and_then(|written| written.find(old));
    at.map_or(span, |at| Span::new(span.start + at, span.start + at + old.len()))
}

/// The one stretch in which two texts differ.
fn difference(old: &str, new: &str) -> Replacement {
    let head: usize = old.chars().zip(new.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum();
    let (old_rest, new_rest) = (old.get(head..).unwrap_or(""), new.get(head..).unwrap_or(""));
    let tail: usize = old_rest.chars().rev().zip(new_rest.chars().rev()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum();
    let text = new_rest.get(..new_rest.len() - tail).unwrap_or("").to_owned();
    Replacement { range: head..old.len() - tail, text }
}
