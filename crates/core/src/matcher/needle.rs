//! Literal texts of which a pattern surely needs one: by them the index files it.

use std::borrow::Cow;

use super::TextPattern;
use super::fold::fold;
use super::outline::outlines;

/// A pattern with more alternatives than this is not filed.
const MOST: usize = 64;

/// Texts of which whatever a pattern accepts contains at least one.
#[derive(Clone, Debug)]
pub(super) struct Needles<'p> {
    /// None is empty.
    pub(super) any: Vec<Cow<'p, str>>,
    /// They are folded, and are to be looked for in folded text.
    pub(super) folded: bool,
}

impl<'p> Needles<'p> {
    /// The needles of a pattern; `None` when there are none to be relied on.
    pub(super) fn of(pattern: &'p TextPattern) -> Option<Needles<'p>> {
        match pattern {
            TextPattern::Contains { needle: text, ignore_case }
            | TextPattern::Equals { text, ignore_case }
            | TextPattern::StartsWith { prefix: text, ignore_case }
            | TextPattern::EndsWith { suffix: text, ignore_case } => Needles::one(text, *ignore_case),
            TextPattern::ContainsAll { needles, ignore_case } => {
                Needles::one(needles.iter().max_by_key(|needle| needle.len())?, *ignore_case)
            }
            TextPattern::Model(model) => Needles::one(model, false),
            TextPattern::Glob { .. } | TextPattern::Regex { .. } => Needles::together(outlines(pattern).iter().map(|outline| {
                let literal = outline.longest_literal()?;
                let text = if outline.ignore_case() { fold(literal) } else { Cow::Borrowed(literal) };
                Some(Needles { any: vec![Cow::Owned(text.into_owned())], folded: outline.ignore_case() })
            })),
            TextPattern::AnyOf(arms) => Needles::together(arms.iter().map(Needles::of)),
            TextPattern::AllOf(arms) => arms.iter().filter_map(Needles::of).max_by_key(Needles::shortest),
            TextPattern::Not(_) => None,
        }
    }

    fn one(text: &'p str, ignore_case: bool) -> Option<Needles<'p>> {
        let text = if ignore_case { fold(text) } else { Cow::Borrowed(text) };
        (!text.is_empty()).then(|| Needles { any: vec![text], folded: ignore_case })
    }

    /// The needles of alternatives; if one of them minds no case, none of them does.
    fn together(arms: impl Iterator<Item = Option<Needles<'p>>>) -> Option<Needles<'p>> {
        let arms: Vec<Needles<'p>> = arms.collect::<Option<_>>()?;
        let folded = arms.iter().any(|arm| arm.folded);
        let needles = arms.into_iter().flat_map(|arm| arm.any);
        let mut any: Vec<Cow<'p, str>> = needles.map(|text| if folded { Cow::Owned(fold(&text).into_owned()) } else { text }).collect();
        any.sort_unstable();
        any.dedup();
        (!any.is_empty() && any.len() <= MOST).then_some(Needles { any, folded })
    }

    /// Length of the shortest one, in bytes: the longer it is, the fewer texts have it.
    pub(super) fn shortest(&self) -> usize {
        self.any.iter().map(|text| text.len()).min().unwrap_or(0)
    }
}
