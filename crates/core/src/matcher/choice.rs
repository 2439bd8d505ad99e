//! Which of the rows that take a request answers it: sequence slots, used-up rows and turns.
//!
//! It is not "first match wins". A row with a sequence slot answers only in its slot; among the rest, a scripted turn
//! that the conversation has reached beats an unscripted row, unless the unscripted one stands first and the script is
//! exactly at this turn. The rules are the incumbent's, tier by tier.

use super::{Miss, Position, Row, Selection, Served, Strictness};

/// The standing of the contest after some candidates.
#[derive(Default)]
struct Contest {
    /// The first row without a turn.
    fallback: Option<usize>,
    /// The highest turn that the conversation has reached; the first row of those.
    reached: Option<(u64, usize)>,
    /// How many rows stand exactly at the conversation's turn.
    exact: usize,
    /// The lowest turn still ahead; the first row of those.
    ahead: Option<(u64, usize)>,
    skipped: usize,
}

/// Chooses among candidates that come in row order. `turn` is the number of assistant messages so far.
pub(super) fn choose<'r>(
    candidates: impl Iterator<Item = (usize, &'r Row)>,
    turn: u64,
    served: &Served,
    strictness: Strictness,
) -> Selection {
    let mut contest = Contest::default();
    for (number, row) in candidates {
        if is_open(number, row, turn, served, strictness) {
            contest.enter(number, row.position, turn);
        } else {
            contest.skipped += 1;
        }
    }
    contest.winner(turn)
}

/// Whether a row's position lets it answer now.
pub(super) fn is_open(number: usize, row: &Row, turn: u64, served: &Served, strictness: Strictness) -> bool {
    let count = served.count(number);
    row.position.sequence.is_none_or(|slot| slot == count)
        && row.limit.is_none_or(|limit| count < limit)
        && !(strictness.turns && row.position.turn.is_some_and(|scripted| scripted != turn))
}

impl Contest {
    fn enter(&mut self, number: usize, position: Position, turn: u64) {
        match position.turn {
            None => self.fallback = self.fallback.or(Some(number)),
            Some(scripted) if scripted <= turn => {
                self.exact += usize::from(scripted == turn);
                if self.reached.is_none_or(|(best, _)| scripted > best) {
                    self.reached = Some((scripted, number));
                }
            }
            Some(scripted) => {
                if self.ahead.is_none_or(|(lowest, _)| scripted < lowest) {
                    self.ahead = Some((scripted, number));
                }
            }
        }
    }

    fn winner(self, turn: u64) -> Selection {
        match (self.reached, self.fallback, self.ahead) {
            (Some((scripted, row)), Some(fallback), _) if scripted == turn && fallback < row => Selection::plain(fallback),
            (Some((scripted, row)), _, _) => {
                Selection::Hit { row, by_turn: scripted == turn && self.exact == 1, turn_relaxed: scripted != turn }
            }
            (None, Some(fallback), _) => Selection::plain(fallback),
            (None, None, Some((_, row))) => Selection::Hit { row, by_turn: false, turn_relaxed: true },
            (None, None, None) => Selection::Miss(Miss { skipped_by_position: self.skipped }),
        }
    }
}
