//! `json`: one document with everything, by a schema of its own (`aimock schema diff`). Keys are only added within a
//! version.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::view::View;
use crate::diff::journal::{JournalDiff, Single};
use crate::diff::{Change, Lone, Pair, Side, Topic, Verdict};

/// Version of the document.
const VERSION: u32 = 1;

/// What differs between two sets of fixtures, or two journals.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "aimock diff")]
struct Document<'a> {
    /// Version of this format.
    #[schemars(extend("const" = VERSION))]
    version: u32,
    /// Version of the program that wrote it.
    aimock: &'static str,
    /// The worst that happened; added, removed and rerouted count as breaking.
    verdict: Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    fixtures: Option<Fixtures<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    journal: Option<Journal<'a>>,
}

/// What became of the fixtures.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Fixtures<'a> {
    summary: Summary,
    /// Pairs with a change, the worst first, then in the old side's order.
    pairs: Vec<PairShape<'a>>,
    added: Vec<LoneShape>,
    removed: Vec<LoneShape>,
    rerouted: Vec<ReroutedShape<'a>>,
}

/// Counts of pairs by verdict, and of what has no partner.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Summary {
    old: usize,
    new: usize,
    identical: usize,
    timing: usize,
    rechunked: usize,
    reworded: usize,
    breaking: usize,
    added: usize,
    removed: usize,
    rerouted: usize,
    /// Values that differ as every recording makes them differ.
    volatile_values: usize,
}

/// A fixture and where it stands.
#[derive(Serialize, JsonSchema)]
struct FixtureShape {
    /// Its id, else file and pointer.
    handle: String,
    file: String,
    /// JSON pointer in the file.
    pointer: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct PairShape<'a> {
    old: FixtureShape,
    new: FixtureShape,
    verdict: Verdict,
    volatile_values: usize,
    changes: Vec<ChangeShape<'a>>,
}

/// One difference. A value that is not there is left out.
#[derive(Serialize, JsonSchema)]
struct ChangeShape<'a> {
    /// JSON pointer from the fixture, or from the journal's entry.
    pointer: &'a str,
    topic: Topic,
    verdict: Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new: Option<&'a Value>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct LoneShape {
    fixture: FixtureShape,
    /// The fixture of the other side that answers its plainest request.
    answered_by: Option<FixtureShape>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ReroutedShape<'a> {
    /// The fixture whose own request it is.
    fixture: FixtureShape,
    /// Who answered; null: nobody.
    before: Option<FixtureShape>,
    /// Who answers now; null: nobody.
    after: Option<FixtureShape>,
    /// How many fixtures have the same match, position and fate.
    fixtures: usize,
    /// The request, as `aimock match` reads it.
    witness: &'a Value,
}

/// What became of the requests of a run.
#[derive(Serialize, JsonSchema)]
struct Journal<'a> {
    /// Requests with the same answer.
    same: usize,
    changed: Vec<ExchangeShape<'a>>,
    added: Vec<SingleShape<'a>>,
    removed: Vec<SingleShape<'a>>,
    /// Fixtures that answered another number of times.
    counts: Vec<CountShape<'a>>,
}

#[derive(Serialize, JsonSchema)]
struct ExchangeShape<'a> {
    /// Positions in the journals, from 0.
    old: usize,
    new: usize,
    request: &'a str,
    verdict: Verdict,
    changes: Vec<ChangeShape<'a>>,
}

#[derive(Serialize, JsonSchema)]
struct SingleShape<'a> {
    /// Position in its journal, from 0.
    position: usize,
    request: &'a str,
}

#[derive(Serialize, JsonSchema)]
struct CountShape<'a> {
    /// Its handle; null: no fixture.
    fixture: Option<&'a str>,
    old: usize,
    new: usize,
}

/// The schema of the document.
pub fn schema() -> Value {
    crate::fixture::generate::<Document<'_>>("aimock diff")
}

/// Writes the differences of two sets.
pub(super) fn write(view: &View<'_>, out: &mut dyn Write) -> io::Result<()> {
    let (diff, old, new) = (view.diff, view.old, view.new);
    let fixtures = Fixtures {
        summary: Summary {
            old: old.len(),
            new: new.len(),
            identical: diff.count(Verdict::Identical),
            timing: diff.count(Verdict::Timing),
            rechunked: diff.count(Verdict::Rechunked),
            reworded: diff.count(Verdict::Reworded),
            breaking: diff.count(Verdict::Breaking),
            added: diff.added.len(),
            removed: diff.removed.len(),
            rerouted: diff.rerouted.len(),
            volatile_values: diff.pairs.iter().map(Pair::volatile).sum(),
        },
        pairs: view.told(true).into_iter().map(|pair| pair_shape(view, pair)).collect(),
        added: diff.added.iter().map(|lone| lone_shape(lone, new, old)).collect(),
        removed: diff.removed.iter().map(|lone| lone_shape(lone, old, new)).collect(),
        rerouted: diff
            .rerouted
            .iter()
            .map(|rerouted| ReroutedShape {
                fixture: fixture(new, rerouted.owner.1),
                before: rerouted.before.map(|row| fixture(old, row)),
                after: rerouted.after.map(|row| fixture(new, row)),
                fixtures: rerouted.fixtures,
                witness: &rerouted.witness,
            })
            .collect(),
    };
    document(diff.verdict(), Some(fixtures), None, out)
}

/// Writes the differences of two journals.
pub(super) fn write_journals(diff: &JournalDiff, out: &mut dyn Write) -> io::Result<()> {
    let journal = Journal {
        same: diff.same,
        changed: diff
            .changed
            .iter()
            .map(|exchange| ExchangeShape {
                old: exchange.old,
                new: exchange.new,
                request: &exchange.request,
                verdict: exchange.verdict(),
                changes: exchange.changes.iter().map(change).collect(),
            })
            .collect(),
        added: diff.added.iter().map(single).collect(),
        removed: diff.removed.iter().map(single).collect(),
        counts: diff
            .counts
            .iter()
            .map(|count| CountShape {
                fixture: Some(count.fixture.as_str()).filter(|name| !name.is_empty()),
                old: count.old,
                new: count.new,
            })
            .collect(),
    };
    document(diff.verdict(), None, Some(journal), out)
}

fn document(verdict: Verdict, fixtures: Option<Fixtures<'_>>, journal: Option<Journal<'_>>, out: &mut dyn Write) -> io::Result<()> {
    let document = Document { version: VERSION, aimock: env!("CARGO_PKG_VERSION"), verdict, fixtures, journal };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

fn pair_shape<'a>(view: &View<'_>, pair: &'a Pair) -> PairShape<'a> {
    PairShape {
        old: fixture(view.old, pair.old),
        new: fixture(view.new, pair.new),
        verdict: pair.verdict,
        volatile_values: pair.volatile(),
        changes: pair.changes.iter().map(change).collect(),
    }
}

fn change(change: &Change) -> ChangeShape<'_> {
    ChangeShape {
        pointer: &change.pointer,
        topic: change.topic,
        verdict: change.verdict(),
        old: change.old.as_ref(),
        new: change.new.as_ref(),
    }
}

fn single(single: &Single) -> SingleShape<'_> {
    SingleShape { position: single.position, request: &single.request }
}

fn lone_shape(lone: &Lone, side: &Side<'_>, other: &Side<'_>) -> LoneShape {
    LoneShape { fixture: fixture(side, lone.row), answered_by: lone.other.map(|row| fixture(other, row)) }
}

fn fixture(side: &Side<'_>, row: usize) -> FixtureShape {
    let origin = side.library.fixtures.get(row).map(|fixture| &fixture.origin);
    let source = origin.and_then(|origin| side.library.sources.get(origin.source.0 as usize));
    FixtureShape {
        handle: side.handle(row),
        file: source.map(|source| source.name.clone()).unwrap_or_default(),
        pointer: origin.map(|origin| format!("/fixtures/{}", origin.index)).unwrap_or_default(),
    }
}
