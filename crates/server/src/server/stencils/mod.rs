//! Answers of fixtures from stencils: what depends on the fixture alone is encoded once.

use std::sync::Arc;

use super::decide::Speaker;
use crate::engine::{Claim, Delivery, Dice, Edition, Fields, Filling, Likeness, Marks, Plan, Stencil, plan_at_once, plan_told};
use crate::exchange::{Emission, Exchange, Message, Reply, Request, Role, Turn};
use crate::fixture::Answer;
use crate::provider::{Ids, Provider, SeededIds, estimated, estimated_input};

/// Marks that no text has by chance. That they are holes is checked against the codec's own encoding.
const MODEL: &str = "aimock-stencil-model";
const CREATED: u64 = 4_081_679_423;
/// Characters of the marked prompt: 8,191 tokens.
const PROMPT: usize = 8_191 * 4;

/// An answer of a fixture that is to be encoded.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub codec: &'static dyn Provider,
    pub edition: &'a Edition,
    pub claim: &'a Claim,
    pub answer: &'a Answer,
    pub exchange: &'a Exchange,
    /// Decides ids.
    pub word: u64,
    /// Unix seconds.
    pub created: u64,
    /// How it is delivered; `None` where chaos may change it, event by event.
    pub delivery: Option<&'a Delivery<'a>>,
}

/// How an answer was had.
#[derive(Debug, PartialEq)]
pub(super) enum Encoded {
    /// To be timed.
    Emission(Emission),
    /// It waits for nothing and nothing goes wrong with it.
    Plan(Plan),
}

/// Hands out marks in place of ids.
#[derive(Debug, Default)]
struct MarkedIds(Vec<(String, String)>);

impl Ids for MarkedIds {
    fn next(&mut self, prefix: &str) -> String {
        let id = format!("{prefix}aimock-id-{:06}", self.0.len());
        self.0.push((prefix.to_owned(), id.clone()));
        id
    }
}

impl Speaker<'_> {
    /// The answer in the codec's words.
    pub(super) fn encoded(self, wanted: &Wanted<'_>, dice: &mut Dice) -> Encoded {
        let direct = || self.encode(wanted, &wanted.exchange.request, wanted.created, &mut SeededIds::new(wanted.word));
        let Some((likeness, turn)) = self.likeness(wanted) else { return Encoded::Emission(direct()) };
        match wanted.edition.stencil(wanted.claim.row, likeness) {
            Some(Some(stencil)) => self.filled(wanted, &stencil, dice),
            Some(None) => Encoded::Emission(direct()),
            None => {
                let encoded = direct();
                let stencil = self.cut(wanted, turn).filter(|stencil| emission_of(wanted, stencil) == encoded);
                wanted.edition.keep_stencil(wanted.claim.row, likeness, stencil);
                Encoded::Emission(encoded)
            }
        }
    }

    fn encode(self, wanted: &Wanted<'_>, request: &Request, created: u64, ids: &mut dyn Ids) -> Emission {
        let mut context = self.context(wanted.exchange, &wanted.answer.pace, ids);
        context.request = request;
        context.created = created;
        wanted.codec.encode(&mut context, &wanted.answer.reply)
    }

    fn filled(self, wanted: &Wanted<'_>, stencil: &Arc<Stencil>, dice: &mut Dice) -> Encoded {
        let plan = match wanted.delivery {
            Some(delivery) if delivery.is_at_once() => {
                let made = stencil.made(self.occasion(wanted.claim.by.name()));
                let fields = made.map(|made| Fields::made(made.clone(), self.call.request_id.clone()));
                Some(plan_at_once(stencil, filling(wanted, stencil), delivery, fields))
            }
            // A socket has its own way to send, and what can be asked for again is kept whole.
            Some(delivery) if !self.call.socket && wanted.codec.stored_routes().is_empty() => {
                plan_told(stencil, filling(wanted, stencil), delivery, dice)
            }
            Some(_) | None => None,
        };
        plan.map_or_else(|| Encoded::Emission(emission_of(wanted, stencil)), Encoded::Plan)
    }

    /// What the answer has in common with others; `None` where it is encoded each time.
    fn likeness<'a>(self, wanted: &Wanted<'a>) -> Option<(Likeness, &'a Turn)> {
        let Reply::Turn(turn) = &wanted.answer.reply else { return None };
        let request = &wanted.exchange.request;
        if self.call.policy.strict || request.model.is_none() {
            return None;
        }
        let fixture = wanted.edition.library.fixtures.get(wanted.claim.row)?;
        let answer = fixture.answers.iter().position(|answer| std::ptr::eq(answer, wanted.answer))?;
        let request = wanted.codec.likeness(request)?;
        Some((Likeness { codec: wanted.codec.name(), answer, request }, turn))
    }

    /// A stencil from a marked encoding.
    fn cut(self, wanted: &Wanted<'_>, turn: &Turn) -> Option<Stencil> {
        let request = Request {
            model: Some(MODEL.to_owned()),
            messages: vec![Message::text(Role::User, "a".repeat(PROMPT))],
            text_units: None,
            ..wanted.exchange.request.clone()
        };
        let mut ids = MarkedIds::default();
        let marked = self.encode(wanted, &request, CREATED, &mut ids);
        let (input, total) = estimated(&request, turn);
        Stencil::cut(marked, &Marks { ids: ids.0, created: CREATED, model: MODEL, input, total })
    }
}

fn emission_of(wanted: &Wanted<'_>, stencil: &Stencil) -> Emission {
    stencil.emission(&filling(wanted, stencil))
}

/// What goes into a stencil.
fn filling(wanted: &Wanted<'_>, stencil: &Stencil) -> Filling {
    let mut seeded = SeededIds::new(wanted.word);
    let ids = stencil.prefixes.iter().map(|prefix| seeded.next(prefix));
    let request = &wanted.exchange.request;
    let model = request.model.as_deref().unwrap_or_default();
    Filling::new(ids, wanted.created, model, estimated_input(request))
}

#[cfg(test)]
mod tests;
