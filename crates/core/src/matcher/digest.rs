//! Equal matches have equal digests, so that rows written alike are found without comparing each with each.

use std::hash::{Hash, Hasher};

use rapidhash::fast::RapidHasher;

use super::{Clause, Match, Pattern, TextPattern};

impl Match {
    /// A number that equal matches share; that unequal ones may share it too has to be looked at by the caller.
    pub fn digest(&self) -> u64 {
        let mut hasher = RapidHasher::default();
        self.clauses.iter().for_each(|clause| digest_clause(clause, &mut hasher));
        hasher.finish()
    }
}

fn digest_clause(clause: &Clause, hasher: &mut impl Hasher) {
    clause.criterion.key.hash(hasher);
    match &clause.pattern {
        Pattern::Text(pattern) => digest_text(pattern, hasher),
        Pattern::Flag(flag) => flag.hash(hasher),
        Pattern::Headers(fields) => {
            for (name, wanted) in fields {
                name.hash(hasher);
                if let Some(wanted) = wanted {
                    digest_text(wanted, hasher);
                }
            }
        }
        // Members have no order and numbers several spellings: equal values need not be written alike.
        Pattern::Subset(_) => {}
    }
}

fn digest_text(pattern: &TextPattern, hasher: &mut impl Hasher) {
    std::mem::discriminant(pattern).hash(hasher);
    match pattern {
        TextPattern::Contains { needle: text, ignore_case }
        | TextPattern::Equals { text, ignore_case }
        | TextPattern::StartsWith { prefix: text, ignore_case }
        | TextPattern::EndsWith { suffix: text, ignore_case }
        | TextPattern::Glob { source: text, ignore_case }
        | TextPattern::Regex { source: text, ignore_case, .. } => (text, ignore_case).hash(hasher),
        TextPattern::ContainsAll { needles, ignore_case } => (needles, ignore_case).hash(hasher),
        TextPattern::Model(model) => model.hash(hasher),
        TextPattern::Not(inner) => digest_text(inner, hasher),
        TextPattern::AnyOf(arms) | TextPattern::AllOf(arms) => {
            arms.len().hash(hasher);
            for arm in arms {
                digest_text(arm, hasher);
            }
        }
    }
}
