//! Findings made ready for writing: in order, with their places counted and their fingerprints.

use crate::diagnostic::{Diagnostic, Label, LineColumn, Span, fingerprints};

use super::Report;

/// A finding with what every machine format wants to know.
pub(super) struct Entry<'a> {
    pub finding: &'a Diagnostic,
    pub region: Region<'a>,
    pub fingerprint: String,
}

/// A label as people count: lines and columns from 1, the end exclusive.
#[derive(Clone, Copy)]
pub(super) struct Region<'a> {
    pub file: &'a str,
    pub start: LineColumn,
    pub end: LineColumn,
}

impl<'a> Region<'a> {
    /// The region of a label.
    pub(super) fn of(label: &'a Label) -> Region<'a> {
        Region::within(label, label.span)
    }

    /// The region of some other span of a label's source.
    pub(super) fn within(label: &'a Label, span: Span) -> Region<'a> {
        let Label { source, .. } = label;
        Region { file: source.name(), start: source.position(span.start), end: source.position(span.end.max(span.start)) }
    }
}

impl<'a> Report<'a> {
    /// The findings in the order in which every format shows them.
    pub(super) fn ordered(&self) -> Vec<&'a Diagnostic> {
        let mut findings: Vec<&Diagnostic> = self.findings.iter().collect();
        findings.sort_by(|a, b| a.order(b));
        findings
    }

    /// The ordered findings with their regions and fingerprints.
    pub(super) fn entries(&self) -> Vec<Entry<'a>> {
        let findings = self.ordered();
        let prints = fingerprints(findings.iter().copied());
        let entry = |(finding, fingerprint)| Entry { finding, region: Region::of(&finding.primary), fingerprint };
        findings.into_iter().zip(prints).map(entry).collect()
    }
}
