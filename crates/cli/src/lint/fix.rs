//! Applies the fixes that findings carry: byte ranges replaced, everything else of the text kept as it is.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Edit, Safety, Source, Span};

/// A file whose text would change.
#[derive(Debug)]
pub struct FixedFile {
    pub source: Arc<Source>,
    pub text: String,
    /// How many findings were cured.
    pub fixes: usize,
}

/// Applies all fixes up to a safety. Of fixes that overlap or touch at a point of insertion the first one is applied;
/// the others wait for the next run.
pub fn apply_fixes(findings: &[Diagnostic], most: Safety) -> Vec<FixedFile> {
    let mut by_source: BTreeMap<_, Vec<&Diagnostic>> = BTreeMap::new();
    for finding in findings.iter().filter(|finding| finding.fix.as_ref().is_some_and(|fix| fix.safety <= most)) {
        by_source.entry(finding.primary.source.id()).or_default().push(finding);
    }
    by_source.into_values().filter_map(|list| fix_file(&list)).collect()
}

fn fix_file(findings: &[&Diagnostic]) -> Option<FixedFile> {
    let source = &findings.first()?.primary.source;
    let mut taken = Taken::default();
    let mut fixes = 0;
    for finding in findings {
        let Some(fix) = &finding.fix else { continue };
        // A fix is applied whole or not at all.
        if fix.edits.iter().all(|edit| taken.leaves_free(edit.span)) {
            taken.0.extend(fix.edits.iter().map(|edit| ((edit.span.start, edit.span.end), edit)));
            fixes += 1;
        }
    }
    let old = source.text();
    let mut text = String::with_capacity(old.len());
    let mut at = 0;
    for edit in taken.0.into_values() {
        text.push_str(old.get(at..edit.span.start)?);
        text.push_str(&edit.text);
        at = edit.span.end;
    }
    text.push_str(old.get(at..)?);
    (text != old).then(|| FixedFile { source: Arc::clone(source), text, fixes })
}

/// Edits that are to be made, by place; none overlaps another.
#[derive(Default)]
struct Taken<'f>(BTreeMap<(usize, usize), &'f Edit>);

impl Taken<'_> {
    /// Whether an edit here has nothing to do with the others. What is inserted must not touch anything: two members
    /// added to the same empty object would lack the comma between them.
    fn leaves_free(&self, span: Span) -> bool {
        let apart = |other: &Edit| {
            let inserted = span.start == span.end || other.span.start == other.span.end;
            let (left, right) = if other.span <= span { (other.span, span) } else { (span, other.span) };
            if inserted { left.end < right.start } else { left.end <= right.start }
        };
        let before = self.0.range(..=(span.start, span.end)).next_back();
        let after = self.0.range((span.start, span.end)..).next();
        before.into_iter().chain(after).all(|(_, other)| apart(other))
    }
}
