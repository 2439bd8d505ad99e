//! Applies the fixes that findings carry: byte ranges replaced, everything else of the text kept as it is.

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Edit, Safety, Source};

/// A file whose text would change.
#[derive(Debug)]
pub struct FixedFile {
    pub source: Arc<Source>,
    pub text: String,
    /// How many findings were cured.
    pub fixes: usize,
}

/// Applies all fixes up to a safety. Of fixes that overlap the first one is applied; the others wait for the next run.
pub fn apply_fixes(findings: &[Diagnostic], most: Safety) -> Vec<FixedFile> {
    let mut by_source: Vec<(Arc<Source>, Vec<&Diagnostic>)> = Vec::new();
    for finding in findings.iter().filter(|finding| finding.fix.as_ref().is_some_and(|fix| fix.safety <= most)) {
        let source = &finding.primary.source;
        match by_source.iter_mut().find(|(known, _)| known.id() == source.id()) {
            Some((_, list)) => list.push(finding),
            None => by_source.push((Arc::clone(source), vec![finding])),
        }
    }
    by_source.into_iter().filter_map(|(source, list)| fix_file(source, &list)).collect()
}

fn fix_file(source: Arc<Source>, findings: &[&Diagnostic]) -> Option<FixedFile> {
    let mut taken: Vec<&Edit> = Vec::new();
    let mut fixes = 0;
    for finding in findings {
        let Some(fix) = &finding.fix else { continue };
        // A fix is applied whole or not at all.
        let free = |edit: &Edit| taken.iter().all(|other| edit.span.end <= other.span.start || other.span.end <= edit.span.start);
        if fix.edits.iter().all(free) {
            taken.extend(&fix.edits);
            fixes += 1;
        }
    }
    taken.sort_by_key(|edit| (edit.span.start, edit.span.end));
    let old = source.text();
    let mut text = String::with_capacity(old.len());
    let mut at = 0;
    for edit in taken {
        text.push_str(old.get(at..edit.span.start)?);
        text.push_str(&edit.text);
        at = edit.span.end;
    }
    text.push_str(old.get(at..)?);
    (text != old).then_some(FixedFile { source, text, fixes })
}
