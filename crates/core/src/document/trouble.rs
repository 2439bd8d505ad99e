//! What is wrong with a text, before anybody knows which file it is.

use std::borrow::Cow;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Label, Severity, Source, Span};

/// So many problems of one text are listed; a text with more is not being edited by hand.
const MOST_FINDINGS: usize = 1_000;

/// A problem and its place: becomes a [`Diagnostic`] once the source is known.
#[derive(Clone, Debug, PartialEq)]
pub struct Trouble {
    /// Kebab-case name (`syntax-error`).
    pub rule: &'static str,
    /// What was found, and what would be right.
    pub message: String,
    /// Why it matters; may be empty.
    pub why: Cow<'static, str>,
    /// What to do; may be empty.
    pub help: Cow<'static, str>,
    pub span: Span,
    /// A second place and what stands there (`the object starts here`).
    pub related: Option<(Span, Cow<'static, str>)>,
}

impl Trouble {
    /// A problem at a place.
    pub fn new(rule: &'static str, message: impl Into<String>, span: Span) -> Trouble {
        Trouble { rule, message: message.into(), why: Cow::Borrowed(""), help: Cow::Borrowed(""), span, related: None }
    }

    /// Says why it matters.
    #[must_use]
    pub fn because(mut self, why: impl Into<Cow<'static, str>>) -> Trouble {
        self.why = why.into();
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn advise(mut self, help: impl Into<Cow<'static, str>>) -> Trouble {
        self.help = help.into();
        self
    }

    /// Adds a second place.
    #[must_use]
    pub fn also(mut self, span: Span, note: impl Into<Cow<'static, str>>) -> Trouble {
        self.related = Some((span, note.into()));
        self
    }

    /// Half of a surrogate pair; `escape` is how it is written.
    pub(super) fn lone_surrogate(escape: &str, span: Span) -> Trouble {
        Trouble::new("lone-surrogate", format!("`{escape}` is half of a surrogate pair, and its other half does not stand beside it"), span)
            .because("no text can hold half a pair: it is read as U+FFFD, the replacement character")
            .advise("write the whole pair (`\\ud83d\\ude00`), the character itself, or `\\ufffd`")
    }

    /// The finding about a file: always an error, without a pointer (a text that cannot be read has none).
    pub fn into_diagnostic(self, source: &Arc<Source>) -> Diagnostic {
        let label = |span, note| Label { source: Arc::clone(source), span, pointer: String::new(), note };
        let mut finding = Diagnostic::new(self.rule, Severity::Error, self.message, label(self.span, Cow::Borrowed("")));
        finding.why = self.why;
        finding.help = self.help;
        finding.related.extend(self.related.map(|(span, note)| label(span, note)));
        finding
    }
}

/// The problems met so far, in bounded memory.
#[derive(Debug, Default)]
pub(super) struct Findings(Vec<Trouble>);

impl Findings {
    /// Keeps a problem, or says once that there are more than are listed.
    pub(super) fn push(&mut self, trouble: Trouble) {
        if self.0.len() < MOST_FINDINGS {
            self.0.push(trouble);
        } else if self.0.len() == MOST_FINDINGS {
            let message = format!("this file has more than {MOST_FINDINGS} problems of its text; the rest is not listed");
            self.0.push(Trouble::new("too-many-problems", message, trouble.span).advise("mend the ones above first"));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn into_vec(self) -> Vec<Trouble> {
        self.0
    }

    /// The findings, and after them what ended the file.
    pub(super) fn ended_by(mut self, fatal: Trouble) -> Vec<Trouble> {
        self.0.push(fatal);
        self.0
    }
}
