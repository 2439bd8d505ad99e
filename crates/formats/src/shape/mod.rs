//! Typed reading of document trees: one definition gives the Rust type, the JSON Schema and a reader that reports
//! every problem instead of stopping at the first.
//!
//! A `shape!` lists its keys once. Whatever cannot be read is reported at its place and left out; its neighbours are
//! read all the same. Loader and schema cannot drift apart for what a shape covers.

mod leaf;
pub(crate) mod macros;

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

pub use leaf::{AnyJson, Count, Fields, Millis, NonEmpty, NonNegative, OneOrMany, Percent, PositiveCount, Rate, Speed, Whole};
pub(crate) use macros::{keyword, shape, wrong_word};

use crate::diagnostic::{Diagnostic, Edit, Fix, Label, Safety, Severity, Source, Span};
use crate::document::{Member, Node, Value};
use crate::matcher::Matching;
use crate::transform::Transforms;

/// A type that reads itself from a node.
pub trait Read: Sized {
    /// The value, or `None` when it is wrong; what is wrong has then been reported.
    fn read(node: &Node<'_>, reader: &mut Reader<'_, '_>) -> Option<Self>;
}

/// What becomes of keys that a shape does not know. Keys that begin with `_` or `$` are always free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// An error; the schema forbids them.
    Error,
    /// A warning; the schema allows them.
    Warning,
}

/// Collects problems of one file while its tree is read.
#[derive(Debug)]
pub struct Reader<'r, 's> {
    source: &'r Arc<Source>,
    root: &'r Node<'s>,
    /// Where the root is an item of a list of its file: the list, and the item's place in it.
    item_of: Option<(&'static str, usize)>,
    rule: &'static str,
    matching: Matching,
    transforms: Transforms,
    plain_texts: usize,
    problems: Vec<Diagnostic>,
    errors: usize,
}

impl<'r, 's> Reader<'r, 's> {
    /// A reader over a whole file's tree.
    pub fn new(source: &'r Arc<Source>, root: &'r Node<'s>) -> Reader<'r, 's> {
        let (matching, transforms) = Default::default();
        Reader { source, root, item_of: None, rule: WRONG_TYPE, matching, transforms, plain_texts: 0, problems: Vec::new(), errors: 0 }
    }

    /// Takes the root for an item of a list, which is a member of the file.
    #[must_use]
    pub fn item_of(mut self, list: &'static str, index: usize) -> Self {
        self.item_of = Some((list, index));
        self
    }

    /// The pointer to the innermost node of the file around a span.
    fn pointer_to(&self, span: Span) -> String {
        let below = pointer_to(self.root, span);
        match self.item_of {
            Some((list, index)) => format!("/{list}/{index}{below}"),
            None => below,
        }
    }

    /// Reads plain texts of match keys under this mode.
    #[must_use]
    pub fn matching(mut self, matching: Matching) -> Self {
        self.matching = matching;
        self
    }

    /// How plain texts of match keys compare.
    pub fn plain_matching(&self) -> Matching {
        self.matching
    }

    /// Rewrites literal texts of match keys as requests are rewritten.
    #[must_use]
    pub fn transforms(mut self, transforms: Transforms) -> Self {
        self.transforms = transforms;
        self
    }

    /// The rewrites of requests, which texts of match keys go through as well.
    pub fn transforms_in_force(&self) -> &Transforms {
        &self.transforms
    }

    /// Counts a plain string whose meaning the matching mode decides.
    pub fn count_plain_text(&mut self) {
        self.plain_texts += 1;
    }

    /// How many plain strings the matching mode decided about.
    pub fn plain_texts(&self) -> usize {
        self.plain_texts
    }

    /// All problems found so far, in order of reading.
    pub fn into_problems(self) -> Vec<Diagnostic> {
        self.problems
    }

    /// How many errors were found so far.
    pub fn errors(&self) -> usize {
        self.errors
    }

    /// Runs `read` with the rule name under which wrong values are reported.
    pub fn under<T>(&mut self, rule: &'static str, read: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.rule, rule);
        let result = read(self);
        self.rule = outer;
        result
    }

    /// Like [`Reader::under`]; without a rule the one in force stays.
    pub fn under_maybe<T>(&mut self, rule: Option<&'static str>, read: impl FnOnce(&mut Self) -> T) -> T {
        self.under(rule.unwrap_or(self.rule), read)
    }

    /// Reports a problem at a span; the returned finding can be amended.
    pub fn report(&mut self, severity: Severity, rule: &'static str, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        let label = Label { source: Arc::clone(self.source), span, pointer: self.pointer_to(span), note: Cow::Borrowed("") };
        self.push(Diagnostic::new(rule, severity, message, label))
    }

    /// Reports a problem of a whole object at its opening brace (in a YAML block: at its first letter).
    pub fn report_object(
        &mut self,
        severity: Severity,
        rule: &'static str,
        node: &Node<'_>,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        let span = Span::new(node.span.start, (node.span.start + 1).min(node.span.end));
        let label = Label { source: Arc::clone(self.source), span, pointer: self.pointer_to(node.span), note: Cow::Borrowed("") };
        self.push(Diagnostic::new(rule, severity, message, label))
    }

    fn push(&mut self, finding: Diagnostic) -> &mut Diagnostic {
        self.errors += usize::from(finding.severity == Severity::Error);
        let index = self.problems.len();
        self.problems.push(finding);
        &mut self.problems[index]
    }

    /// What was found from the problem with this number on.
    pub fn since(&self, count: usize) -> &[Diagnostic] {
        self.problems.get(count..).unwrap_or_default()
    }

    /// How many problems were found so far, for [`Reader::since`].
    pub fn count(&self) -> usize {
        self.problems.len()
    }

    /// Takes back what an earlier look said about a place under a rule, for a reader that knows more.
    pub fn retract(&mut self, rule: &str, span: Span) {
        self.problems.retain(|problem| problem.rule != rule || problem.primary.span != span);
        self.errors = self.problems.iter().filter(|problem| problem.severity == Severity::Error).count();
    }

    /// Reports a value of the wrong kind under the rule in force, and gives `None` for the caller to return.
    pub fn wrong<T>(&mut self, node: &Node<'_>, expected: &str) -> Option<T> {
        let found = match &node.value {
            Value::Number(text) => format!("`{}`", shorten(text)),
            Value::String(text) => format!("the string {}", quoted(text)),
            Value::Bool(value) => format!("`{value}`"),
            Value::Null => "`null`".to_owned(),
            Value::Array(_) | Value::Object(_) => node.kind().to_owned(),
        };
        let subject = self.subject(node.span);
        self.report(Severity::Error, self.rule, node.span, format!("{subject} must be {expected}, found {found}"));
        None
    }

    /// The finding reported last, to be amended.
    pub fn last(&mut self) -> Option<&mut Diagnostic> {
        self.problems.last_mut()
    }

    /// Says what to do about the finding reported last.
    pub fn advise_last(&mut self, help: impl Into<Cow<'static, str>>) {
        if let Some(finding) = self.problems.last_mut() {
            finding.help = help.into();
        }
    }

    /// A second place in the same file, for [`Diagnostic::also`].
    pub fn label(&self, span: Span, note: impl Into<Cow<'static, str>>) -> Label {
        Label { source: Arc::clone(self.source), span, pointer: self.pointer_to(span), note: note.into() }
    }

    /// Reports a key that nobody reads, with the nearest known one.
    pub fn unknown_key(&mut self, member: &Member<'_>, known: &[&'static str], policy: Unknown) {
        if is_free_key(&member.key) {
            return;
        }
        let near = nearest(&member.key, known);
        let (severity, rule) = match policy {
            Unknown::Error => (Severity::Error, UNKNOWN_KEY_ERROR),
            Unknown::Warning => (Severity::Warning, UNKNOWN_KEY),
        };
        let key_text = quote_like(self.source.text().get(member.key_span.start..member.key_span.end).unwrap_or(""), near.unwrap_or(""));
        let finding = self.report(severity, rule, member.key_span, format!("unknown key {}", code(&member.key)));
        finding.identity = member.key.clone().into_owned();
        if let Some(near) = near {
            finding.help = Cow::Owned(format!("did you mean `{near}`?"));
            finding.fix = Some(Fix {
                safety: Safety::Unsafe,
                title: Cow::Owned(format!("rename the key to `{near}`")),
                edits: vec![Edit { span: member.key_span, text: key_text }],
            });
        } else {
            let listed = if known.len() <= MOST_LISTED { known.join(", ") } else { "see `aimock schema`".to_owned() };
            finding.help = Cow::Owned(format!("known here: {listed}; a key that begins with `_` or `$` is free for notes"));
        }
    }

    /// Reports that a required key is absent, at the object's opening brace.
    pub fn missing(&mut self, node: &Node<'_>, key: &'static str) {
        let subject = self.subject(node.span);
        self.report_object(Severity::Error, MISSING_KEY, node, format!("{subject} has no `{key}`"));
    }

    /// How messages call the node at this span: its own key, or its place in a list.
    pub fn subject(&self, span: Span) -> String {
        let pointer = self.pointer_to(span);
        let mut parts = pointer.rsplit('/');
        let last = parts.next().unwrap_or("");
        if last.is_empty() {
            return "the file".to_owned();
        }
        let last = last.replace("~1", "/").replace("~0", "~");
        if last.bytes().all(|byte| byte.is_ascii_digit()) {
            let owner = parts.next().unwrap_or("").replace("~1", "/").replace("~0", "~");
            return format!("`{owner}[{last}]`");
        }
        code(&last)
    }
}

/// More known keys than this are not listed in a message.
const MOST_LISTED: usize = 20;

/// Default rule for a value of the wrong type.
pub const WRONG_TYPE: &str = "wrong-type";
/// An unknown key where unknown keys are ignored.
pub const UNKNOWN_KEY: &str = "unknown-key";
/// An unknown key in a closed object.
pub const UNKNOWN_KEY_ERROR: &str = "unknown-option";
/// A required key is absent.
pub const MISSING_KEY: &str = "missing-key";

/// Whether authors may use this key for notes.
pub fn is_free_key(key: &str) -> bool {
    key.starts_with(['_', '$'])
}

/// The known word that was probably meant: equal but for case, `_` and `-`, or at most two slips away.
pub fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let plain = |text: &str| text.chars().filter(|c| !matches!(c, '_' | '-')).flat_map(char::to_lowercase).collect::<String>();
    let wanted = plain(word);
    let length = wanted.chars().count();
    let most = match length {
        0..=2 => 0,
        3..=5 => 1,
        _ => 2,
    };
    let mut best: Option<(usize, &'k str)> = None;
    for candidate in known {
        let text = plain(candidate);
        // Slips change the length by one each at most; counting them costs far more than this.
        if text.chars().count().abs_diff(length) > most {
            continue;
        }
        let slips = if text == wanted { 0 } else { strsim::damerau_levenshtein(&wanted, &text) };
        if slips <= most && best.is_none_or(|(least, _)| slips < least) {
            best = Some((slips, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// RFC 6901 pointer of the innermost node that has this span (or, for a key's span, of the member).
pub fn pointer_to(root: &Node<'_>, span: Span) -> String {
    let mut pointer = String::new();
    let mut node = root;
    'down: loop {
        if node.span == span {
            return pointer;
        }
        // Children stand in order, so the one around a place is found by halving: files can have 100,000 entries and as many findings.
        let members = node.members();
        if let Some(member) = before(members, |member| member.key_span.start <= span.start) {
            if contains(member.key_span, span) {
                push_key(&mut pointer, &member.key);
                return pointer;
            }
            if contains(member.value.span, span) {
                push_key(&mut pointer, &member.key);
                node = &member.value;
                continue 'down;
            }
        }
        let items = node.items();
        let index = items.partition_point(|item| item.span.start <= span.start);
        if let Some(item) = index.checked_sub(1).and_then(|index| items.get(index)).filter(|item| contains(item.span, span)) {
            pointer.push('/');
            pointer.push_str(&(index - 1).to_string());
            node = item;
            continue 'down;
        }
        return pointer;
    }
}

/// The last of those that a predicate holds for; it holds for a first part of them.
fn before<T>(all: &[T], holds: impl FnMut(&T) -> bool) -> Option<&T> {
    all.partition_point(holds).checked_sub(1).and_then(|index| all.get(index))
}

/// The members that count: of several with one key the last. The loader reports the others.
pub fn lasting<'a, 's>(members: &'a [Member<'s>]) -> impl Iterator<Item = &'a Member<'s>> {
    let mut seen = HashSet::new();
    let mut hidden = HashSet::new();
    if members.len() > FEW {
        hidden.extend(members.iter().enumerate().rev().filter(|(_, member)| !seen.insert(member.key.as_ref())).map(|(at, _)| at));
    }
    let counts = move |at: usize, member: &Member<'s>| match members.len() {
        // Comparing all pairs beats hashing in objects of the usual size.
        0..=FEW => !members.iter().skip(at + 1).any(|later| later.key == member.key),
        _ => !hidden.contains(&at),
    };
    members.iter().enumerate().filter(move |(at, member)| counts(*at, member)).map(|(_, member)| member)
}

/// Objects up to this size are searched by comparing all pairs.
const FEW: usize = 16;

fn contains(outer: Span, inner: Span) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

fn push_key(pointer: &mut String, key: &str) {
    pointer.push('/');
    pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
}

/// A word from a file between backticks, shortened.
pub fn code(text: &str) -> String {
    format!("`{}`", shorten(text))
}

/// A string from a file as JSON would write it, shortened, for messages.
pub fn quoted(text: &str) -> String {
    serde_json::Value::String(shorten(text).into_owned()).to_string()
}

fn shorten(text: &str) -> Cow<'_, str> {
    const MOST: usize = 60;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

/// `replacement` with the quotes that the written key had.
fn quote_like(written: &str, replacement: &str) -> String {
    match written.chars().next() {
        Some(quote @ ('"' | '\'')) => format!("{quote}{replacement}{quote}"),
        _ => replacement.to_owned(),
    }
}
