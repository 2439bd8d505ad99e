//! Whether an earlier row leaves a later one nothing to answer.
//!
//! Turns are read relaxed (the default): `turnIndex` prefers, it does not forbid. Nothing is assumed about what was
//! served before. An earlier row can only be in the way if it is always open (no sequence slot, no limit) and takes
//! every request the later one could get, at every endpoint. Then turns decide:
//!
//! | earlier | later | why the later one is never chosen |
//! | --- | --- | --- |
//! | none | none | the first row without a turn is the fallback |
//! | t | t | of equal turns the first wins, be they reached or ahead |
//! | 0 | none | turn 0 is always reached, so the fallback is not asked; see below |
//!
//! The last line has a hole: if a row *behind both* stands exactly at the conversation's turn, a fallback before that
//! row is preferred to it, and the later row may be that fallback. Two rows alone cannot tell; [`Table::shadows`] looks
//! for such a row and says `Unknown` if there may be one.

use super::choice::choose;
use super::{Compatibility, Coverage, Match, Pattern, Row, Selection, Served, Setting, Strictness, Table};
use crate::exchange::{Endpoint, Exchange};

impl Row {
    /// Whether `later` can never be selected when this row stands before it, these two being the only rows. `No`: a
    /// request was made, tried on the two, and `later` answered.
    pub fn shadows(&self, later: &Row) -> Coverage {
        if later.dead {
            return Coverage::Unknown;
        }
        Coverage::of(self.surely_shadows(later), || self.lets_through(later).is_some())
    }

    /// Whether [`Row::shadows`] would be `Yes`, without looking for examples: the cheap half.
    pub fn surely_shadows(&self, later: &Row) -> bool {
        self.turn_bars(later) && self.surely_takes_all_of(later)
    }

    /// Whether this row, whatever was served, takes every request that `later` could get. Turns are left aside.
    pub fn surely_takes_all_of(&self, later: &Row) -> bool {
        !later.dead && self.is_always_open() && self.matches.surely_covers(&later.matches) && self.is_admitted_wherever(later)
    }

    /// A request that `later` answers though this row stands before it, if one comes to mind.
    pub fn lets_through(&self, later: &Row) -> Option<Exchange> {
        let served = self.used_up(later)?;
        let turn = later.position.turn.unwrap_or(0);
        let mut turns = vec![turn, turn.saturating_add(1), 0];
        turns.extend(self.position.turn.and_then(|turn| turn.checked_sub(1)));
        let settings = turns.into_iter().filter(|turn| *turn <= MOST_TURNS).map(Some).chain([None]);
        let examples = settings.flat_map(|assistants| {
            let plain = later.matches.plainest_in(Setting { assistants, ..Setting::default() });
            plain.into_iter().chain(self.matches.counterexample_in(&later.matches, assistants))
        });
        examples.into_iter().find(|exchange| answers(self, later, exchange, &served))
    }

    /// Whether nothing that was served can close it.
    pub fn is_always_open(&self) -> bool {
        !self.dead && self.position.sequence.is_none() && self.limit.is_none()
    }

    /// Whether, both taking a request, this row is preferred by turn or place.
    fn turn_bars(&self, later: &Row) -> bool {
        self.position.turn == later.position.turn || self.bars_fallbacks(later)
    }

    /// The case with the hole.
    fn bars_fallbacks(&self, later: &Row) -> bool {
        self.position.turn == Some(0) && later.position.turn.is_none()
    }

    /// Whether this row's reply may go wherever the later one's may, and where a request for the later one can come from.
    fn is_admitted_wherever(&self, later: &Row) -> bool {
        let endpoints = Endpoint::ALL.into_iter().map(Some).chain([None]);
        let mut places = endpoints
            .flat_map(|endpoint| Compatibility::PROVIDERS.map(|provider| Compatibility { endpoint, provider }))
            .filter(|place| may_come_from(&later.matches, *place) && later.admits(*place));
        places.all(|place| self.admits(place))
    }

    /// What was served when this row has let go of its requests and the later one is still in its slot. `None` when
    /// that cannot be told from two rows.
    fn used_up(&self, later: &Row) -> Option<Served> {
        let sequenced = self.position.sequence.is_some();
        if later.position.sequence.is_some_and(|slot| slot > 0 || sequenced) || later.limit == Some(0) {
            return None;
        }
        let count = match (self.position.sequence, self.limit) {
            (Some(slot), _) => u64::from(slot == 0),
            (None, limit) => limit.unwrap_or(0),
        };
        Some(Served::from_iter([(0, count)]))
    }
}

/// Conversations longer than this are not made up.
const MOST_TURNS: u64 = 64;

fn answers(earlier: &Row, later: &Row, exchange: &Exchange, served: &Served) -> bool {
    let to = Compatibility::of(&exchange.request);
    let rows = [(0, earlier), (1, later)];
    let candidates = rows.into_iter().filter(|(_, row)| row.admits(to) && row.matches.accepts(exchange));
    let selection: Selection = choose(candidates, exchange.request.assistant_count(), served, Strictness::default());
    selection.row() == Some(1)
}

/// Whether a match leaves open that its request is for this endpoint and provider.
fn may_come_from(matches: &Match, place: Compatibility<'_>) -> bool {
    let accepts = |key: &str, name: Option<&str>| match matches.clause(key).map(|clause| &clause.pattern) {
        Some(Pattern::Text(pattern)) => name.is_some_and(|name| pattern.accepts(name)),
        Some(_) | None => true,
    };
    // The empty name stands for every provider that is like the rest.
    accepts("endpoint", place.endpoint.map(Endpoint::name)) && (place.provider.is_empty() || accepts("provider", Some(place.provider)))
}

impl Table {
    /// Whether row `later` can never be selected because of row `earlier`, whatever else the table holds and whatever
    /// was served. `No` speaks of the two rows alone: another row may still be in the way.
    pub fn shadows(&self, earlier: usize, later: usize) -> Coverage {
        let (Some(first), Some(second)) = (self.rows().get(earlier), self.rows().get(later)) else { return Coverage::Unknown };
        if earlier >= later {
            return Coverage::Unknown;
        }
        match first.shadows(second) {
            Coverage::Yes if first.bars_fallbacks(second) && self.may_be_revived(later) => Coverage::Unknown,
            coverage => coverage,
        }
    }

    /// Whether [`Table::shadows`] would be `Yes`: the cheap half.
    pub fn surely_shadows(&self, earlier: usize, later: usize) -> bool {
        let (Some(first), Some(second)) = (self.rows().get(earlier), self.rows().get(later)) else { return false };
        earlier < later && first.surely_shadows(second) && !(first.bars_fallbacks(second) && self.may_be_revived(later))
    }

    /// Whether a row behind `number` may stand exactly at a turn above 0 and share a request with it.
    fn may_be_revived(&self, number: usize) -> bool {
        let Some(row) = self.rows().get(number) else { return false };
        let excludes = |other: &Row| other.matches.surely_excludes(&row.matches);
        self.scripted().with(&row.matches).into_iter().any(|scripted| {
            let behind = scripted.iter().rev().take_while(|other| **other > number);
            behind.filter_map(|other| self.rows().get(*other)).any(|other| !excludes(other))
        })
    }
}
