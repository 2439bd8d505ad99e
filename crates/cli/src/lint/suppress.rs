//! Findings that their authors have allowed.
//!
//! An allow without a reason, an allow of an unknown rule and an allow that allows nothing are findings themselves.

use std::cell::Cell;

use super::{FileContext, Findings};
use crate::diagnostic::Diagnostic;
use crate::fixture::{self, Allow};

/// All allows of a file, and which were of use.
#[derive(Debug, Default)]
pub(super) struct Allows {
    list: fixture::Allows,
    used: Vec<Cell<bool>>,
}

impl Allows {
    /// Finds the allows of a file.
    pub(super) fn of(file: &FileContext<'_>) -> Allows {
        let list = fixture::allows(file.source.text(), file.parsed);
        let used = list.all().iter().map(|_| Cell::new(false)).collect();
        Allows { list, used }
    }

    /// The allows of a file that were found before, none of use yet.
    pub(super) fn from_list(list: Vec<Allow>) -> Allows {
        let used = list.iter().map(|_| Cell::new(false)).collect();
        Allows { list: list.into(), used }
    }

    /// All of them, in order of what they cover.
    pub(super) fn all(&self) -> &[Allow] {
        self.list.all()
    }

    /// Whether a finding is allowed; remembers which allow was of use.
    pub(super) fn allow(&self, finding: &Diagnostic) -> bool {
        let mut allowed = false;
        for (index, _) in self.list.at(finding.primary.span.start).filter(|(_, allow)| allow.rule == finding.rule) {
            if let Some(used) = self.used.get(index) {
                used.set(true);
            }
            allowed = true;
        }
        allowed
    }

    /// Allows of rules that do not exist.
    pub(super) fn unknown(&self, file: &FileContext<'_>, findings: &mut Findings) {
        let passes = crate::normalize::ALL.iter().map(|pass| pass.name);
        let known: Vec<&'static str> = super::rule_names().chain(passes).collect();
        for allow in self.list.all().iter().filter(|allow| !known.contains(&allow.rule.as_str())) {
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
        for allow in self.list.all().iter().filter(|allow| !allow.has_reason) {
            let finding =
                findings.report(file.label(allow.span), format!("{} is allowed without a reason", crate::shape::code(&allow.rule)));
            finding.identity.clone_from(&allow.rule);
        }
    }

    /// Allows that were of no use, among rules that ran.
    pub(super) fn unused(&self, ran: impl Fn(&str) -> bool) -> impl Iterator<Item = &Allow> {
        let all = self.list.all().iter().zip(&self.used);
        all.filter(move |(allow, used)| !used.get() && ran(&allow.rule)).map(|(allow, _)| allow)
    }
}
