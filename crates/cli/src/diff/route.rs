//! Requests that would now meet another fixture, though the one they are written for did not change.

use std::collections::BTreeSet;

use rayon::iter::{IntoParallelIterator, ParallelIterator};
use serde_json::{Value, json};

use super::compare::are_equivalent;
use super::pair::Pairing;
use super::{Side, digest};
use crate::exchange::Exchange;
use crate::matcher::{Served, Setting, Strictness};

/// Conversations longer than this are not made up.
const LONGEST: u64 = 256;

/// A request that is answered by another fixture than before.
#[derive(Clone, Debug, PartialEq)]
pub struct Rerouted {
    /// The fixture whose own plainest request it is, on both sides.
    pub owner: (usize, usize),
    /// Who answered; `None`: nobody.
    pub before: Option<usize>,
    /// Who answers now.
    pub after: Option<usize>,
    /// How many fixtures have this same match, position and fate.
    pub fixtures: usize,
    /// The request, as `aimock match` reads it.
    pub witness: Value,
}

/// Who answers the plainest request of a fixture that is on one side only.
#[derive(Clone, Debug, PartialEq)]
pub struct Lone {
    pub row: usize,
    /// The fixture of the other side that answers that request; `None`: nobody, or no such request was found.
    pub other: Option<usize>,
}

/// Asks both sides the plainest request of every fixture that both have with the same match.
pub(super) fn rerouted(old: &Side<'_>, new: &Side<'_>, pairing: &Pairing) -> Vec<Rerouted> {
    if in_same_order(pairing) && old.library.table.rows() == new.library.table.rows() {
        // Both tables choose alike whatever they are asked.
        return Vec::new();
    }
    let asked: Vec<Option<Rerouted>> = (0..old.len()).into_par_iter().map(|row| ask(old, new, pairing, row)).collect();
    let mut told: Vec<Rerouted> = Vec::new();
    let mut known: rapidhash::RapidHashMap<_, usize> = rapidhash::RapidHashMap::default();
    for rerouted in asked.into_iter().flatten() {
        let fate = (digest::of_value(&rerouted.witness), rerouted.before, rerouted.after);
        if let Some(first) = known.get(&fate).and_then(|nth| told.get_mut(*nth)) {
            first.fixtures += 1;
        } else {
            known.insert(fate, told.len());
            told.push(rerouted);
        }
    }
    told
}

/// Whether each fixture has the one at its own place for a partner.
fn in_same_order(pairing: &Pairing) -> bool {
    let ordered = pairing.of_old.iter().enumerate().all(|(row, partner)| *partner == Some(row));
    ordered && pairing.of_old.len() == pairing.of_new.len()
}

fn ask(old: &Side<'_>, new: &Side<'_>, pairing: &Pairing, row: usize) -> Option<Rerouted> {
    let partner = pairing.of_old.get(row).copied().flatten()?;
    let (mine, theirs) = (old.fixture(row)?, new.fixture(partner)?);
    if mine.dead || theirs.dead || mine.position != theirs.position || !are_equivalent(&mine.matches, &theirs.matches) {
        return None;
    }
    let exchange = plainest(old, row)?;
    let before = answers(old, &exchange, &old.library.table.served_before(row));
    let after = answers(new, &exchange, &new.library.table.served_before(partner));
    let stays = match (before, after) {
        (None, None) => true,
        // Twins that change places change no answer.
        (Some(before), Some(after)) => {
            pairing.of_old.get(before).copied().flatten() == Some(after) || old.answer_print(before) == new.answer_print(after)
        }
        _ => false,
    };
    (!stays).then(|| Rerouted { owner: (row, partner), before, after, fixtures: 1, witness: witness(&exchange) })
}

/// Who on the other side answers the requests of a fixture that only this side has.
pub(super) fn lone(rows: &[usize], side: &Side<'_>, other: &Side<'_>) -> Vec<Lone> {
    let of = |row: usize| {
        let exchange = if side.fixture(row)?.dead { None } else { plainest(side, row) }?;
        answers(other, &exchange, &Served::default())
    };
    rows.into_par_iter().map(|row| Lone { row: *row, other: of(*row) }).collect()
}

/// The plainest request of a fixture at its own turn.
fn plainest(side: &Side<'_>, row: usize) -> Option<Exchange> {
    let fixture = side.fixture(row)?;
    let turn = fixture.position.turn;
    if turn.is_some_and(|turn| turn > LONGEST) {
        return None;
    }
    fixture.matches.plainest_in(Setting { assistants: turn, ..Setting::default() })
}

fn answers(side: &Side<'_>, exchange: &Exchange, served: &Served) -> Option<usize> {
    side.library.table.select(exchange, served, Strictness::default()).row()
}

/// A request as `aimock match` reads it. What a `match` can ask of the raw request stands beside it.
pub(super) fn witness(exchange: &Exchange) -> Value {
    let mut request = json!(exchange.request);
    trim(&mut request);
    let mut witness = json!({ "request": request });
    let raw = &exchange.raw;
    let names: BTreeSet<&str> = raw.headers.iter().map(|(name, _)| name).collect();
    if !names.is_empty() {
        witness["headers"] = raw.headers.iter().map(|(name, value)| (name.to_owned(), Value::from(value))).collect();
    }
    if raw.path != "/" {
        witness["path"] = raw.path.as_str().into();
    }
    if raw.method != "POST" {
        witness["method"] = raw.method.as_ref().into();
    }
    if let Ok(body) = serde_json::from_slice::<Value>(&raw.body) {
        witness["body"] = body;
    }
    witness
}

/// Takes out what says nothing: `null`, `false`, empty lists.
fn trim(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, value| !(value.is_null() || *value == false || value.as_array().is_some_and(Vec::is_empty)));
            members.values_mut().for_each(trim);
        }
        Value::Array(items) => items.iter_mut().for_each(trim),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
