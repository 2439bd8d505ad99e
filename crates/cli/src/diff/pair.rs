//! Which old fixture is which new one.
//!
//! Ever weaker signs, each only among those that are still alone: the author's id; equal in everything; equal match and
//! position, in the same file and then anywhere; the same but for ids and times that a recording drew; likeness of
//! words; the same place; equal answers in the same file. Every step takes its candidates from buckets in load order, so that
//! all of them together are linear in the number of fixtures, and exchanging the sides exchanges the pairs.

use std::hash::Hash;

use rapidhash::RapidHashMap;
use serde_json::Value;

use super::meaning::plain;
use super::{Side, digest, likeness};
use crate::document;
use crate::matcher::Pattern;

/// Who belongs to whom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Pairing {
    /// The new partner of each old fixture.
    pub(super) of_old: Vec<Option<usize>>,
    /// The old partner of each new fixture.
    pub(super) of_new: Vec<Option<usize>>,
}

impl Pairing {
    pub(super) fn join(&mut self, old: usize, new: usize) {
        if let (Some(mine @ None), Some(theirs @ None)) = (self.of_old.get_mut(old), self.of_new.get_mut(new)) {
            (*mine, *theirs) = (Some(new), Some(old));
        }
    }

    /// The old fixtures without partner, in order.
    pub(super) fn alone_old(&self) -> Vec<usize> {
        alone(&self.of_old)
    }

    /// The new ones.
    pub(super) fn alone_new(&self) -> Vec<usize> {
        alone(&self.of_new)
    }
}

fn alone(partners: &[Option<usize>]) -> Vec<usize> {
    partners.iter().enumerate().filter(|(_, partner)| partner.is_none()).map(|(row, _)| row).collect()
}

/// Pairs the fixtures of two sides.
pub(super) fn pair(old: &Side<'_>, new: &Side<'_>) -> Pairing {
    let mut pairing = Pairing { of_old: vec![None; old.len()], of_new: vec![None; new.len()] };
    by(&mut pairing, old, new, |side, row| side.fixture(row)?.id.clone());
    let anonymous = |side: &Side<'_>, row: usize| Some((side.entry_print(row), side.place(row).0.to_owned()));
    by(&mut pairing, old, new, anonymous);
    by(&mut pairing, old, new, |side, row| Some(side.entry_print(row)));
    by(&mut pairing, old, new, |side, row| Some((match_key(side, row)?, side.answer_print(row))));
    by(&mut pairing, old, new, |side, row| Some((match_key(side, row)?, side.place(row).0.to_owned())));
    by(&mut pairing, old, new, match_key);
    by(&mut pairing, old, new, |side, row| Some((lasting_key(side, row)?, side.place(row).0.to_owned())));
    by(&mut pairing, old, new, lasting_key);
    likeness::pair(&mut pairing, old, new);
    by(&mut pairing, old, new, |side, row| Some((side.answer_print(row), side.place(row).0.to_owned())));
    pairing
}

/// Pairs those that share a key, the first with the first.
fn by<K: Hash + Eq>(pairing: &mut Pairing, old: &Side<'_>, new: &Side<'_>, key: impl Fn(&Side<'_>, usize) -> Option<K>) {
    let alone = pairing.alone_old();
    if alone.is_empty() {
        return;
    }
    let mut waiting: RapidHashMap<K, std::collections::VecDeque<usize>> = RapidHashMap::default();
    for row in pairing.alone_new() {
        if let Some(key) = key(new, row) {
            waiting.entry(key).or_default().push_back(row);
        }
    }
    for row in alone {
        if let Some(partner) = key(old, row).and_then(|key| waiting.get_mut(&key)?.pop_front()) {
            pairing.join(row, partner);
        }
    }
}

/// Equal for fixtures whose match and position are written alike.
fn match_key(side: &Side<'_>, row: usize) -> Option<(u64, u64)> {
    let fixture = side.fixture(row)?;
    if fixture.dead {
        return Some((0, digest::of_node(side.node(row)?.get("match")?)));
    }
    // Members of a body have no order, so the matcher's digest leaves them out.
    let body = match fixture.matches.clause("body").map(|clause| &clause.pattern) {
        Some(Pattern::Subset(body)) => digest::of_value(body),
        _ => 0,
    };
    Some((fixture.matches.digest(), digest::of((fixture.position, body))))
}

/// The same, with what a recording draws anew left out; `None` where there is nothing of that kind.
fn lasting_key(side: &Side<'_>, row: usize) -> Option<u64> {
    let mut matches = document::to_json(side.node(row)?.get("match")?);
    let mut found = false;
    lasting(&mut matches, &mut found);
    found.then(|| digest::of_value(&matches))
}

fn lasting(value: &mut Value, found: &mut bool) {
    match value {
        Value::String(_) => {
            if let Some(replaced) = super::volatile::volatile(&plain(value)) {
                *found = true;
                *value = replaced.into();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| lasting(item, found)),
        Value::Object(members) => members.values_mut().for_each(|member| lasting(member, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
