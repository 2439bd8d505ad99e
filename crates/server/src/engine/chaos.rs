//! Random faults: decided once a request, after matching, and carried out on its plan.
//!
//! The dice are those of the server's seed, the request and how often it came before, so the same seed gives the same
//! faults to the same requests, in whatever order they come in.

use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;

use super::alteration::{WholeChange, is_json, malformed_body};
use super::faults::{ErrorEvent, cut_after, stall_after};
use super::mutation::{broken, count};
use super::pace::millis;
use super::{Alteration, Change, Close, Cut, Dice, Fields, Mutation, Plan, Step};
use crate::exchange::{ErrorOrigin, ErrorReply, Exchange};
use crate::fixture::{Chaos, ChaosAction, ChaosField};
use crate::wire::Framing;

/// Keeps the dice of chaos apart from those of timing and ids.
const SALT: u64 = 0x6368_616f_735f_6d6f;
/// The pause of `stallRate` where `stallMs` is not set.
const DEFAULT_STALL: f64 = 10_000.0;
/// The status of `statusRate` where `status` is not set.
const DEFAULT_STATUS: u16 = 500;
/// How far into a relayed stream a change is placed at most: its length is not known, and most streams are longer.
const DEPTH: u64 = 4;

/// Why a fault that was decided on could not be carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bypass {
    EmptyStream,
    EmptyBody,
    /// No event holds a JSON object that could be broken.
    NoJson,
    /// A fault inside a stream was decided on, and the answer is one body.
    NotAStream,
    /// The upstream gave no answer that could be changed.
    NoAnswer,
    /// The API has no error event.
    NoErrorEvent,
    /// The stream ended before the chosen event.
    StreamEnded,
    /// The client left first.
    ClientGone,
    /// `--chaos-streams bypass` leaves streams alone.
    SseStreamed,
    NdjsonStreamed,
    JsonArrayStreamed,
    BinaryStreamed,
}

impl Bypass {
    /// As journal and metrics write it.
    pub fn name(self) -> &'static str {
        match self {
            Bypass::EmptyStream => "empty_stream",
            Bypass::EmptyBody => "empty_body",
            Bypass::NoJson => "no_json",
            Bypass::NotAStream => "not_a_stream",
            Bypass::NoAnswer => "no_answer",
            Bypass::NoErrorEvent => "no_error_event",
            Bypass::StreamEnded => "stream_ended",
            Bypass::ClientGone => "client_gone",
            Bypass::SseStreamed => "sse_streamed",
            Bypass::NdjsonStreamed => "ndjson_streamed",
            Bypass::JsonArrayStreamed => "json_array_streamed",
            Bypass::BinaryStreamed => "binary_streamed",
        }
    }
}

/// What becomes of streams that a fault would change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChaosStreams {
    /// They are changed in flight.
    #[default]
    Mutate,
    /// They are left alone, and counted.
    Bypass,
}

/// What the dice say about one request.
#[derive(Clone, Debug)]
pub struct Rolled {
    /// Every level merged.
    pub chaos: Chaos,
    pub action: Option<ChaosAction>,
    pub seed: u64,
    pub identity: u64,
    /// How often the same request came before under its test id.
    pub occurrence: u64,
    dice: Dice,
}

/// A request as chaos knows it: URL, endpoint, test id and meaning, whatever its headers. Two APIs that are asked the same
/// do not share their luck, or which of them comes first would decide who is met.
pub fn identity(exchange: &Exchange, test_id: &str) -> u64 {
    #[derive(Serialize)]
    struct Identity<'a>(
        Option<crate::exchange::Endpoint>,
        &'a str,
        &'a Option<String>,
        &'a [String],
        &'a [crate::exchange::Message],
        &'a [crate::exchange::ToolOffer],
        &'a Option<String>,
        &'a [crate::exchange::EmbeddingInput],
        bool,
    );
    let request = &exchange.request;
    let meaning = Identity(
        request.endpoint,
        test_id,
        &request.model,
        &request.fallback_models,
        &request.messages,
        &request.tools,
        &request.response_format,
        &request.embedding_inputs,
        request.stream,
    );
    let mut bytes = serde_json::to_vec(&meaning).unwrap_or_default();
    bytes.extend_from_slice(exchange.raw.path.as_bytes());
    if request.endpoint.is_none() {
        // Nobody knows what it means: then it is what it says.
        for part in [exchange.raw.method.as_bytes(), &exchange.raw.body] {
            bytes.extend_from_slice(part);
            bytes.push(0);
        }
    }
    rapidhash::v3::rapidhash_v3(&bytes)
}

impl Rolled {
    /// Rolls for one request. Each rate has a draw of its own, in the order of [`ChaosAction::ALL`]; the first hit wins.
    pub fn roll(chaos: Chaos, seed: u64, identity: u64, occurrence: u64) -> Rolled {
        let mut dice = Dice::of(seed, identity ^ SALT, occurrence);
        // All are drawn, so that one rate does not shift the luck of the others.
        let draws = ChaosAction::ALL.map(|action| (action, dice.unit()));
        let hit = |(action, draw): &(ChaosAction, f64)| chaos.get(action.rate()).is_some_and(|rate| *draw < rate);
        let action = draws.iter().find(|draw| hit(draw)).map(|(action, _)| *action);
        Rolled { chaos, action, seed, identity, occurrence, dice }
    }

    /// The delay before the answer, or before an upstream is asked.
    pub fn latency(&self) -> Duration {
        millis(self.chaos.get(ChaosField::LatencyMs).unwrap_or(0.0))
    }

    /// The error that stands in for an answer, or inside a stream; `None` where the action sends none.
    pub fn error(&self) -> Option<ErrorReply> {
        let (status, message, code) = match self.action? {
            ChaosAction::Drop => (500, "Chaos: request dropped".to_owned(), "chaos_drop"),
            ChaosAction::RateLimit => (429, "Chaos: rate limit exceeded".to_owned(), "chaos_ratelimit"),
            ChaosAction::Status => (self.status(), format!("Chaos: status {}", self.status()), "chaos_status"),
            ChaosAction::ErrorEvent => (500, "Chaos: error event".to_owned(), "chaos_error_event"),
            ChaosAction::Malformed | ChaosAction::Disconnect | ChaosAction::Truncate | ChaosAction::Stall => return None,
        };
        Some(ErrorReply { code: Some(code.to_owned()), ..ErrorReply::new(ErrorOrigin::Chaos, status, message) })
    }

    /// The plan of an action that needs no answer to work on and sends none: a cut without a byte.
    pub fn disconnect(close: Close) -> Plan {
        let cut = Cut { close, reason: reason(ChaosAction::Disconnect) };
        Plan { status: 0, headers: Fields::default(), streamed: false, steps: vec![Step::HangUp(cut)], told: None, telling: None }
    }

    /// Changes a plan whose every event is a step of its own. Returns how many events have left once it has happened.
    /// `error` is the event of an `errorEvent`.
    ///
    /// # Errors
    /// Why it cannot be done; the plan is as it was.
    pub fn mutate(&mut self, plan: &mut Plan, how: ChaosStreams, close: Close, error: Option<ErrorEvent>) -> Result<u64, Bypass> {
        let Some(action) = self.action else { return Ok(0) };
        let asked = if plan.streamed { Framing::JsonArray } else { Framing::Whole };
        let framing = Framing::of_answer(plan.header("content-type"), asked);
        if let (ChaosStreams::Bypass, Some(reason)) = (how, bypassed(framing)) {
            return Err(reason);
        }
        let cut = Cut { close, reason: reason(action) };
        match action {
            ChaosAction::Malformed => self.malform(plan, framing),
            ChaosAction::Truncate if plan.streamed => {
                let after = self.place(plan)? + 1;
                cut_after(plan, after, Duration::ZERO, cut);
                Ok(after)
            }
            ChaosAction::Truncate => self.split(plan, Step::HangUp(cut)),
            ChaosAction::Stall if plan.streamed => {
                let after = self.place(plan)?;
                let first = if let Some(Step::Until(due)) = plan.steps.first() { *due } else { Duration::ZERO };
                stall_after(plan, after, first, self.stall());
                Ok(after)
            }
            ChaosAction::Stall => {
                let end = plan.steps.iter().rev().find_map(|step| if let Step::Until(due) = step { Some(*due) } else { None });
                self.split(plan, Step::Until(end.unwrap_or_default() + self.stall()))
            }
            ChaosAction::ErrorEvent if plan.streamed => {
                let after = self.place(plan)? + 1;
                let bytes = error.ok_or(Bypass::NoErrorEvent)?(after);
                cut_after(plan, after, Duration::ZERO, cut);
                plan.steps.pop();
                plan.steps.push(Step::Send { bytes, events: 1 });
                Ok(after + 1)
            }
            ChaosAction::ErrorEvent => Err(Bypass::NotAStream),
            ChaosAction::Drop | ChaosAction::RateLimit | ChaosAction::Disconnect | ChaosAction::Status => Ok(0),
        }
    }

    /// The change to an answer that is relayed, for a relay to carry out; `None` when the action changes no answer. `error`
    /// is the event of an `errorEvent`; what is not `readable` is in an encoding that nothing here undoes.
    ///
    /// # Errors
    /// Why it cannot be done.
    pub fn alteration(
        &mut self,
        framing: Framing,
        content_type: Option<&str>,
        readable: bool,
        how: ChaosStreams,
        error: Option<ErrorEvent>,
    ) -> Result<Option<Alteration>, Bypass> {
        let Some(action) = self.action.filter(|action| !action.preempts()) else { return Ok(None) };
        if let (ChaosStreams::Bypass, Some(reason)) = (how, bypassed(framing)) {
            return Err(reason);
        }
        let roll = self.dice.word();
        if framing == Framing::Whole {
            let change = match action {
                ChaosAction::Malformed if is_json(content_type) => WholeChange::Replace,
                ChaosAction::Malformed => WholeChange::Invert,
                ChaosAction::Truncate => WholeChange::Cut(roll),
                ChaosAction::Stall => WholeChange::Pause(roll, self.stall()),
                ChaosAction::ErrorEvent => return Err(Bypass::NotAStream),
                ChaosAction::Drop | ChaosAction::RateLimit | ChaosAction::Disconnect | ChaosAction::Status => return Ok(None),
            };
            return Ok(Some(Alteration::of_whole(change)));
        }
        if !readable {
            return Err(Bypass::BinaryStreamed);
        }
        let place = roll % DEPTH;
        let change = match action {
            ChaosAction::Malformed => Change::Break(place),
            ChaosAction::Truncate => Change::Cut(place + 1),
            ChaosAction::Stall => Change::Pause(place, self.stall()),
            ChaosAction::ErrorEvent => Change::Error(place + 1, error.ok_or(Bypass::NoErrorEvent)?(place + 1)),
            ChaosAction::Drop | ChaosAction::RateLimit | ChaosAction::Disconnect | ChaosAction::Status => return Ok(None),
        };
        Ok(Some(Alteration::of_stream(Mutation::new(framing, change))))
    }

    fn status(&self) -> u16 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole and from 100 to 599")]
        self.chaos.get(ChaosField::Status).map_or(DEFAULT_STATUS, |status| status as u16)
    }

    fn stall(&self) -> Duration {
        millis(self.chaos.get(ChaosField::StallMs).unwrap_or(DEFAULT_STALL))
    }

    /// One of the events of a plan.
    fn place(&mut self, plan: &Plan) -> Result<u64, Bypass> {
        let events = plan.events();
        self.dice.word().checked_rem(events).ok_or(Bypass::EmptyStream)
    }

    fn malform(&mut self, plan: &mut Plan, framing: Framing) -> Result<u64, Bypass> {
        if !plan.streamed {
            return self.malform_whole(plan, framing);
        }
        if plan.events() == 0 {
            return Err(Bypass::EmptyStream);
        }
        let mut found = Vec::new();
        let mut events = 0;
        for (index, step) in plan.steps.iter().enumerate() {
            let Step::Send { bytes, events: more } = step else { continue };
            events += u64::from(*more);
            if let Some(bytes) = (*more > 0).then(|| broken(framing, bytes, 0)).flatten() {
                found.push((index, events, bytes));
            }
        }
        let chosen = self.dice.word().checked_rem(found.len() as u64).ok_or(Bypass::NoJson)?;
        let (index, at, broken) = found.swap_remove(usize::try_from(chosen).unwrap_or(0));
        if let Some(Step::Send { bytes, .. }) = plan.steps.get_mut(index) {
            *bytes = broken;
        }
        Ok(at)
    }

    fn malform_whole(&mut self, plan: &mut Plan, framing: Framing) -> Result<u64, Bypass> {
        let kind = plan.header("content-type").map(str::to_owned);
        let body = body(plan).ok_or(Bypass::EmptyBody)?;
        if framing.is_stream() {
            // A stream as one body, byte for byte as its author wrote it.
            let place = self.dice.word().checked_rem(count(framing, body)).ok_or(Bypass::EmptyStream)?;
            *body = broken(framing, body, place).or_else(|| broken(framing, body, 0)).ok_or(Bypass::NoJson)?;
            return Ok(0);
        }
        let (changed, content_type) = malformed_body(kind.as_deref(), body);
        *body = changed;
        if let Some(content_type) = content_type {
            plan.set_header("content-type", content_type);
            plan.headers.listed().retain(|(name, _)| !name.eq_ignore_ascii_case("content-encoding"));
        }
        Ok(0)
    }

    /// Puts a step somewhere into a body. The head still announces all of it.
    fn split(&mut self, plan: &mut Plan, between: Step) -> Result<u64, Bypass> {
        let at = plan.steps.iter().position(|step| matches!(step, Step::Send { bytes, .. } if !bytes.is_empty()));
        let Some(Step::Send { bytes, .. }) = at.and_then(|at| plan.steps.get(at)) else { return Err(Bypass::EmptyBody) };
        let mut rest = bytes.clone();
        let length = rest.len();
        let place = usize::try_from(self.dice.word() % length as u64).unwrap_or(0);
        let before = rest.split_to(place);
        plan.steps.truncate(at.unwrap_or(0));
        plan.steps.push(Step::Send { bytes: before, events: 0 });
        let goes_on = matches!(between, Step::Until(_));
        plan.steps.push(between);
        if goes_on {
            plan.steps.push(Step::Send { bytes: rest, events: 0 });
        }
        plan.set_header("content-length", length.to_string());
        Ok(0)
    }
}

/// Why a stream of this framing was left alone, where it is one.
fn bypassed(framing: Framing) -> Option<Bypass> {
    match framing {
        Framing::Sse => Some(Bypass::SseStreamed),
        Framing::Ndjson => Some(Bypass::NdjsonStreamed),
        Framing::JsonArray => Some(Bypass::JsonArrayStreamed),
        Framing::EventStream => Some(Bypass::BinaryStreamed),
        Framing::Whole => None,
    }
}

/// Why the journal says that a stream was cut.
pub fn reason(action: ChaosAction) -> &'static str {
    match action {
        ChaosAction::Disconnect => "chaos disconnect",
        ChaosAction::Truncate => "chaos truncate",
        ChaosAction::Drop
        | ChaosAction::Malformed
        | ChaosAction::RateLimit
        | ChaosAction::Status
        | ChaosAction::Stall
        | ChaosAction::ErrorEvent => "chaos",
    }
}

/// The bytes of a plan that is one body.
fn body(plan: &mut Plan) -> Option<&mut Bytes> {
    plan.steps.iter_mut().find_map(|step| match step {
        Step::Send { bytes, .. } if !bytes.is_empty() => Some(bytes),
        Step::Send { .. } | Step::Until(_) | Step::HangUp(_) => None,
    })
}
