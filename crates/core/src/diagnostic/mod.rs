//! What we say about files: findings with a place, a reason and a way out. Imports nothing of ours, prints nothing.

mod fingerprint;
mod source;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::sync::Arc;

pub use fingerprint::{fingerprints, fingerprints_by};
pub use source::{LineColumn, Source, SourceId, Span};

/// How bad it is. Findings count (exit status 1) from `warning` up unless told otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Info,
    Warning,
    Error,
}

impl Severity {
    /// `error`, `warning` or `info`.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// A place in a source, with words of its own when it is not the main one.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    pub source: Arc<Source>,
    /// Byte range; empty ranges mark a position.
    pub span: Span,
    /// RFC 6901 pointer of the node (`/fixtures/3/match/model`); empty for the whole file.
    pub pointer: String,
    /// What stands there (`the earlier fixture`); empty on the main label.
    pub note: Cow<'static, str>,
}

/// One replacement of a byte range by text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    pub span: Span,
    pub text: String,
}

/// Whether a fix may be applied without asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Safety {
    /// No request is answered differently, but for what the fix says.
    Safe,
    /// Needs a look.
    Unsafe,
}

/// Edits of the finding's own file that cure it.
#[derive(Clone, Debug, PartialEq)]
pub struct Fix {
    pub safety: Safety,
    /// What it does, in the imperative (`rename the key to userMessage`).
    pub title: Cow<'static, str>,
    pub edits: Vec<Edit>,
}

/// A finding: what, where, why, and what to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnostic {
    /// Kebab-case name of the rule (`unknown-key`).
    pub rule: &'static str,
    pub severity: Severity,
    /// What is wrong, one line, with the value in backticks.
    pub message: String,
    /// Why it matters; may be empty.
    pub why: Cow<'static, str>,
    /// What to do; may be empty.
    pub help: Cow<'static, str>,
    pub primary: Label,
    pub related: Vec<Label>,
    pub fix: Option<Fix>,
    /// What identifies the finding beside rule and file when lines move (a fixture's identity, a key). Never a position.
    pub identity: String,
    /// Set by rules that prove something by an example, for instance a request that meets the wrong fixture.
    pub witness: Option<serde_json::Value>,
    /// The text at its places may be a secret: no report shows a line of them, for this finding or another.
    pub hide_source: bool,
}

impl Diagnostic {
    /// A finding at a place.
    pub fn new(rule: &'static str, severity: Severity, message: impl Into<String>, primary: Label) -> Diagnostic {
        Diagnostic {
            rule,
            severity,
            message: message.into(),
            why: Cow::Borrowed(""),
            help: Cow::Borrowed(""),
            primary,
            related: Vec::new(),
            fix: None,
            identity: String::new(),
            witness: None,
            hide_source: false,
        }
    }

    /// Says why it matters.
    #[must_use]
    pub fn because(mut self, why: impl Into<Cow<'static, str>>) -> Diagnostic {
        self.why = why.into();
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn advise(mut self, help: impl Into<Cow<'static, str>>) -> Diagnostic {
        self.help = help.into();
        self
    }

    /// Adds a second place.
    #[must_use]
    pub fn also(mut self, label: Label) -> Diagnostic {
        self.related.push(label);
        self
    }

    /// Adds a cure.
    #[must_use]
    pub fn fixed_by(mut self, fix: Fix) -> Diagnostic {
        self.fix = Some(fix);
        self
    }

    /// Keeps the lines it points at out of every report.
    #[must_use]
    pub fn hiding_source(mut self) -> Diagnostic {
        self.hide_source = true;
        self
    }

    /// Line and column of the main place, both from 1, columns in characters.
    pub fn position(&self) -> LineColumn {
        self.primary.source.position(self.primary.span.start)
    }

    /// The order in which findings are shown: file, place, rule, message. Files that could not be read have no place in
    /// load order; they go by name.
    pub fn order(&self, other: &Diagnostic) -> std::cmp::Ordering {
        let (mine, theirs) = (&self.primary.source, &other.primary.source);
        let same = Arc::ptr_eq(mine, theirs);
        let file = if same { std::cmp::Ordering::Equal } else { (mine.id(), mine.name()).cmp(&(theirs.id(), theirs.name())) };
        let place = |d: &Diagnostic| (d.primary.span.start, d.primary.span.end);
        file.then_with(|| place(self).cmp(&place(other)))
            .then_with(|| self.rule.cmp(other.rule))
            .then_with(|| self.message.cmp(&other.message))
    }

    /// Sorts findings as they are shown.
    pub fn sort(findings: &mut [Diagnostic]) {
        findings.sort_by(Diagnostic::order);
    }
}
