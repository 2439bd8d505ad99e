//! From a complete request to a plan and what the journal will say: no waiting, no socket.

use std::fmt::Write as _;
use std::time::Duration;

use hyper::header::HeaderName;
use serde_json::Value;

use super::App;
use super::app::Level;
use super::journal::{Answerer, Outcome, Source, Tried, retry_after};
use super::relay::{RELAYED, Relay};
use super::stencils::{Encoded, Wanted};
use super::{errors, head};
use crate::engine::{
    Beat, Claim, Decision, Delivery, Dice, Edition, FieldValue, Made, Occasion, Plan, Policy, Speech, Verdict, miss_reply, near_misses,
    plan_emission, plan_events, plan_http,
};
use crate::exchange::{
    Emission, ErrorOrigin, ErrorReply, Exchange, Frame, FrameKind, Missed, MissedText, RawEvent, RawRequest, Reply, Request,
};
use crate::fixture::{Answer, Pace};
use crate::matcher::{Miss, Served};
use crate::provider::route::Lookup;
use crate::provider::{Context, Ids, Moment, Params, Provider, Route, SeededIds};
use crate::wire::{Framing, sse};

/// Characters of text in a chunk where nobody says otherwise.
const CHUNK_SIZE: usize = 20;

/// Of a body so many bytes at either end decide random numbers.
const HASHED: usize = 64 * 1024;

/// What is done about a request, and its record.
#[derive(Debug)]
pub(super) struct Decided {
    pub action: Action,
    pub outcome: Outcome,
}

/// What is done about a request.
#[derive(Debug)]
pub(super) enum Action {
    Answer(Plan),
    /// An upstream is asked; what it says is not known yet.
    Relay(Box<Relay>),
}

/// One request on its way to an answer.
pub(super) struct Call<'a> {
    pub app: &'a App,
    pub policy: &'a Policy,
    pub request_id: &'a FieldValue,
    /// When the request came, since the Unix epoch.
    pub arrived: Duration,
    /// How the answer is divided, if it streams.
    pub framing: Framing,
    /// It is a turn of a WebSocket.
    pub socket: bool,
    /// What it belongs to is spoken with an upstream: no fixture is looked for.
    pub relayed: bool,
}

/// A request as it came, which answers are made for, and as matching saw it.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub exchange: &'a Exchange,
    pub seen: &'a Exchange,
    /// Chaos may change the answer, event by event.
    pub disturbed: bool,
}

/// Who answers, and in whose words: a codec, or plain JSON where none owns the URL.
#[derive(Clone, Copy)]
pub(super) struct Speaker<'a> {
    pub codec: Option<&'static dyn Provider>,
    pub call: &'a Call<'a>,
}

impl Call<'_> {
    /// What answers the request, whose body is complete; its meaning is filled in on the way.
    pub(super) fn decide(&self, exchange: &mut Exchange, lookup: &Lookup<'_>) -> Decided {
        match lookup {
            Lookup::Found { codec, route, params, .. } => {
                match codec.jobs().and_then(|jobs| jobs.follow_up(&exchange.raw, route, params)) {
                    Some(follow_up) => self.follow(*codec, route, params, &follow_up, exchange),
                    None => self.owned(*codec, route, params, exchange),
                }
            }
            Lookup::Stored { codec, route, params } => self.recalled(*codec, route, params, exchange),
            Lookup::Socket { codec, route, params } if self.socket => self.owned(*codec, route, params, exchange),
            Lookup::Socket { codec, .. } => self.not_a_socket(*codec, exchange),
            Lookup::WrongMethod { .. } | Lookup::NotBuilt { .. } | Lookup::Unknown { .. } => self.unowned(exchange, lookup),
        }
    }

    /// An error in the words of whoever owns the URL.
    pub(super) fn refuse(&self, lookup: &Lookup<'_>, error: &ErrorReply) -> Decided {
        let codec = match lookup {
            Lookup::Found { codec, .. } | Lookup::Stored { codec, .. } | Lookup::Socket { codec, .. } => Some(*codec),
            Lookup::WrongMethod { .. } | Lookup::NotBuilt { .. } | Lookup::Unknown { .. } => None,
        };
        Speaker { codec, call: self }.error(error, Outcome::default())
    }

    /// An error in a codec's words, after the decision to ask an upstream.
    pub(super) fn failed(&self, codec: Option<&'static dyn Provider>, error: &ErrorReply) -> Plan {
        let outcome = Outcome { matched: Some(RELAYED), ..Outcome::default() };
        let speaker = Speaker { codec, call: self };
        let mut plan = unpaced(speaker.encode_error(error));
        speaker.sign(&mut plan, &outcome);
        plan
    }

    /// The same answer whatever was asked.
    pub(super) fn fixed(&self, emission: Emission, body: &Value) -> Decided {
        let message = body.pointer("/error/message").and_then(Value::as_str).map(str::to_owned);
        Speaker { codec: None, call: self }.emission(emission, Outcome::default().with_error(message))
    }

    fn owned(&self, codec: &'static dyn Provider, route: &Route, params: &Params, exchange: &mut Exchange) -> Decided {
        let speaker = Speaker { codec: Some(codec), call: self };
        match self.read(codec, route, params, &exchange.raw) {
            Ok(request) => exchange.request = request,
            Err(error) => return speaker.error(&error, Outcome::default()),
        }
        let seen = self.app.settings.transforms.exchange(exchange);
        if (self.relayed || self.app.settings.on_miss.replaces_fixtures())
            && let Some(relayed) = speaker.unmatched(exchange, seen.as_deref())
        {
            return relayed;
        }
        self.app.retire_recordings();
        let seen = match seen {
            Ok(seen) => seen,
            Err(error) => return speaker.transform_failed(exchange, &error),
        };
        let (decision, rolled) = self.claim(&seen);
        let disturbed = rolled.is_some();
        if decision.attempts.is_empty() {
            return speaker.decided(Asked { exchange, seen: &seen, disturbed }, decision, rolled);
        }
        let attempts = tried(&decision, &exchange.request);
        let mut exchange = exchange.clone();
        if let Some(model) = attempts.get(decision.chosen).and_then(|attempt| attempt.model.clone()) {
            exchange.request.model = Some(model);
        }
        let mut decided = speaker.decided(Asked { exchange: &exchange, seen: &seen, disturbed }, decision, rolled);
        decided.outcome.seldom_mut().attempts = attempts;
        decided
    }

    /// What the request means, or why its vendor would refuse it.
    fn read(&self, codec: &dyn Provider, route: &Route, params: &Params, raw: &RawRequest) -> Result<Request, Box<ErrorReply>> {
        if let Some(error) = errors::encoded_body(raw) {
            return Err(Box::new(error));
        }
        let mut request = codec.decode(raw, route, params)?;
        request.context.clone_from(&self.policy.context);
        let violation = if self.policy.strict { codec.audit(raw, &request).into_iter().next() } else { None };
        match violation {
            Some(message) => Err(Box::new(ErrorReply::new(ErrorOrigin::Request, 400, message))),
            None => Ok(request),
        }
    }

    /// A URL that no codec owns: only a fixture with a `path` key answers it.
    fn unowned(&self, exchange: &mut Exchange, lookup: &Lookup<'_>) -> Decided {
        let speaker = Speaker { codec: None, call: self };
        if let Some(decided) = self.by_path(exchange) {
            return decided;
        }
        if matches!(lookup, Lookup::NotBuilt { .. })
            && !self.policy.strict
            && let Some(relayed) = speaker.unmatched(exchange, Ok(exchange))
        {
            return relayed;
        }
        let (emission, message) = errors::no_route(lookup, &exchange.raw);
        speaker.emission(emission, Outcome::default().with_error(Some(message)))
    }

    /// A plain request where sockets are opened: only a fixture with a `path` key answers it.
    fn not_a_socket(&self, codec: &'static dyn Provider, exchange: &mut Exchange) -> Decided {
        if let Some(decided) = self.by_path(exchange) {
            return decided;
        }
        let mut decided = Speaker { codec: Some(codec), call: self }.error(&errors::not_a_socket(&exchange.raw), Outcome::default());
        if let Action::Answer(plan) = &mut decided.action {
            plan.set_header("upgrade", "websocket");
        }
        decided
    }

    /// The fixture that names the path of a URL for which no other is looked for.
    pub(super) fn by_path(&self, exchange: &mut Exchange) -> Option<Decided> {
        let speaker = Speaker { codec: None, call: self };
        exchange.request = Request { context: self.policy.context.clone(), ..Request::default() };
        if !self.app.editions.current().answers_any_url {
            return None;
        }
        let seen = match self.app.settings.transforms.exchange(exchange) {
            Ok(seen) => seen,
            Err(error) => return Some(speaker.transform_failed(exchange, &error)),
        };
        let (decision, rolled) = self.claim(&seen);
        let is_hit = !matches!(decision.verdict, Verdict::Miss(..));
        is_hit.then(|| speaker.decided(Asked { exchange, seen: &seen, disturbed: rolled.is_some() }, decision, rolled))
    }

    /// Random numbers of this request: the same for the same seed, body and turn. Bodies that are told apart by their middles alone
    /// share them.
    fn dice(&self, exchange: &Exchange, occurrence: u64) -> Dice {
        let hash = rapidhash::v3::rapidhash_v3;
        let body: &[u8] = &exchange.raw.body;
        // Of a long conversation it is the end that is new: the middle of a large body is not worth a look at all of it.
        let begin = body.get(..HASHED).unwrap_or(body);
        let end = body.len().checked_sub(HASHED).and_then(|from| body.get(from.max(HASHED)..)).unwrap_or_default();
        let texts = [self.policy.test_id.as_bytes(), exchange.raw.path.as_bytes(), begin, end].map(hash);
        let [test, path, begin, end] = texts;
        let parts = [test, path, begin, end, body.len() as u64];
        Dice::of(self.app.settings.seed, hash(parts.map(u64::to_le_bytes).as_flattened()), occurrence)
    }

    pub(super) fn chunk_size(&self, pace: &Pace) -> usize {
        pace.chunk_size.or(self.app.settings.pace.chunk_size).unwrap_or(CHUNK_SIZE).max(1)
    }
}

impl Speaker<'_> {
    /// A fixture's answer, or the error that stands in for it.
    pub(super) fn served(self, edition: &Edition, asked: Asked<'_>, verdict: Verdict) -> Decided {
        let outcome = Outcome { source: Source::Fixture, ..Outcome::default() };
        match verdict {
            Verdict::Injected(error) => {
                let outcome = Outcome { answerer: Some(Answerer::Injected), matched: Some("injected"), ..outcome };
                self.error(&error, outcome)
            }
            Verdict::Exhausted(claim) => self.error(&errors::exhausted(edition, claim.row), hit(edition, &claim, outcome)),
            Verdict::Serve(claim) => {
                self.warn_of_relaxed_turn(edition, asked.seen, &claim);
                let outcome = hit(edition, &claim, outcome);
                let answer = edition.library.fixtures.get(claim.row).and_then(|fixture| fixture.answer_at(claim.times));
                match answer {
                    Some(answer) => self.answer(edition, asked, &claim, answer, outcome),
                    None => self.error(&errors::exhausted(edition, claim.row), outcome),
                }
            }
            Verdict::Miss(miss, served) => self.missed(edition, asked, miss, &served),
        }
    }

    fn answer(self, edition: &Edition, asked: Asked<'_>, claim: &Claim, answer: &Answer, outcome: Outcome) -> Decided {
        let exchange = asked.exchange;
        let settings = &self.call.app.settings;
        let delivery = Delivery::of(answer, &settings.pace);
        let mut dice = self.call.dice(exchange, claim.times.wrapping_shl(32) ^ claim.row as u64);
        let plan = match (&answer.reply, self.codec) {
            (Reply::Events(events), _) => plan_events(events.iter().map(beat), &delivery, &mut dice),
            (Reply::Http { status, headers, body }, _) => plan_http(*status, headers, body, &delivery),
            (reply, Some(codec)) => {
                let word = dice.tag();
                let job = codec.jobs().and_then(|jobs| {
                    let mut ids = SeededIds::new(word);
                    let mut context = self.context(exchange, &answer.pace, &mut ids);
                    let job = jobs.begin(&mut context, reply)?;
                    Some(self.submitted(codec, jobs, &mut context, job, answer))
                });
                let encoded = job.map_or_else(
                    || {
                        let undisturbed = (!asked.disturbed).then_some(&delivery);
                        let wanted = Wanted {
                            codec,
                            edition,
                            claim,
                            answer,
                            exchange,
                            word,
                            created: self.call.arrived.as_secs(),
                            delivery: undisturbed,
                        };
                        self.encoded(&wanted, &mut dice)
                    },
                    Encoded::Emission,
                );
                match encoded {
                    Encoded::Plan(plan) => plan,
                    Encoded::Emission(emission) => plan_emission(emission, &delivery, &mut dice),
                }
            }
            (Reply::Json { value, status }, None) => plan_emission(errors::json(status.unwrap_or(200), value), &delivery, &mut dice),
            (Reply::Error(error), None) => plan_emission(errors::plain(error), &delivery, &mut dice),
            (_, None) => return self.error(&errors::no_wire_format(edition, claim.row, &exchange.raw), outcome),
        };
        self.shelve(&exchange.raw, &plan);
        let (plan, scripted) = self.scripted(plan, &delivery);
        let mut outcome = outcome;
        if !scripted.is_empty() {
            outcome.seldom_mut().scripted = scripted;
        }
        self.headed(plan, outcome)
    }

    /// Nothing matched: the endpoint's own answer if it has one, else the miss with what came nearest.
    fn missed(self, edition: &Edition, asked: Asked<'_>, miss: Miss, served: &Served) -> Decided {
        let Asked { exchange, seen, disturbed: _ } = asked;
        let (call, outcome) = (self.call, Outcome { source: Source::Proxy, ..Outcome::default() });
        if !call.policy.strict
            && let Some(relayed) = self.relay(exchange, Ok(seen))
        {
            return relayed;
        }
        if let (Some(codec), false) = (self.codec, call.policy.strict) {
            let mut ids = SeededIds::new(call.dice(exchange, 0).tag());
            if let Some(emission) = codec.fallback(&mut self.context(exchange, &Pace::default(), &mut ids)) {
                return self.emission(emission, Outcome { source: Source::Internal, matched: Some("fallback"), ..outcome });
            }
        }
        let nearest = near_misses(edition, seen, served);
        let missed = MissedText::new(Missed { nearest, transforms: call.app.settings.transforms.names() });
        let reply = miss_reply(miss, call.policy.strict, missed.clone());
        self.log_miss(exchange, &reply, &missed.missed);
        let mut decided = self.error(&reply, Outcome { matched: Some("miss"), missed: Some(missed.text()), ..outcome });
        if decided.outcome.speech == Speech::Json {
            // It states no tokens: the journal need not keep it.
            decided.outcome.speech = Speech::Other;
        }
        decided
    }

    pub(super) fn context<'c>(self, exchange: &'c Exchange, pace: &Pace, ids: &'c mut dyn Ids) -> Context<'c>
    where
        Self: 'c,
    {
        let settings = &self.call.app.settings;
        Context {
            raw: &exchange.raw,
            request: &exchange.request,
            chunk_size: self.call.chunk_size(pace),
            created: self.call.arrived.as_secs(),
            request_id: self.call.request_id.as_str(),
            framing: self.call.framing,
            processing: pace.processing,
            ids,
            strict: self.call.policy.strict,
            reasoning: &settings.reasoning,
        }
    }

    pub(super) fn moment(&self) -> Moment<'_> {
        Moment { request_id: self.call.request_id.as_str(), now: self.call.arrived.as_secs(), framing: self.call.framing, events: 0 }
    }

    /// An error in the words of whoever owns the URL.
    pub(super) fn encode_error(self, error: &ErrorReply) -> Emission {
        self.codec.map_or_else(|| errors::plain(error), |codec| codec.encode_error(error, self.moment()))
    }

    pub(super) fn error(self, error: &ErrorReply, outcome: Outcome) -> Decided {
        let said = (error.origin != ErrorOrigin::Fixture && outcome.seldom().error.is_none()).then(|| error.message.clone());
        self.emission(self.encode_error(error), outcome.with_error(said))
    }

    /// An answer that no fixture paces.
    pub(super) fn emission(self, emission: Emission, outcome: Outcome) -> Decided {
        self.headed(unpaced(emission), outcome)
    }

    pub(super) fn headed(self, mut plan: Plan, outcome: Outcome) -> Decided {
        let mut outcome = Outcome { status: plan.status, streamed: plan.streamed, ..outcome };
        outcome.overrides(self.call.policy.strict_override);
        if let Some(made) = plan.headers.as_made() {
            outcome.speech = made.speech;
            return Decided { action: Action::Answer(plan), outcome };
        }
        let ids = self.sign(&mut plan, &outcome);
        outcome.speech = Speech::of(plan.header("content-type"), self.framing(&plan), self.codec.map(Provider::name));
        let pause = retry_after(|| self.call.arrived, |name| plan.header(name));
        outcome.asks_to_wait(pause);
        if let (Some(telling), None, None) = (&plan.telling, pause, &plan.told) {
            telling.stencil.keep_made(|| self.made(&plan, ids, &outcome));
        }
        Decided { action: Action::Answer(plan), outcome }
    }

    /// The fields of an answer for those after it; `None` where the fixture has an id of its own for all of them.
    fn made(self, plan: &Plan, ids: [Option<&'static str>; 2], outcome: &Outcome) -> Option<Made> {
        let ids = ids.into_iter().flatten().map(|name| HeaderName::from_bytes(name.as_bytes()));
        let ids = ids.collect::<Result<Vec<_>, _>>().ok()?;
        let fields = head::put_together(plan.headers.clone());
        let occasion = self.occasion(outcome.matched.unwrap_or_default());
        ids.contains(&head::REQUEST_ID).then(|| Made::new(occasion, fields, ids, outcome.speech))
    }

    /// What decides about the fields of a fixture's answer, beside the fixture.
    pub(super) fn occasion(self, matched: &'static str) -> Occasion {
        Occasion { matched, framing: self.call.framing }
    }

    fn framing(self, plan: &Plan) -> Framing {
        Framing::of_answer(plan.header("content-type"), if plan.streamed { self.call.framing } else { Framing::Whole })
    }

    /// Adds what every answer says about itself; the fields that have the id of the request then.
    fn sign(self, plan: &mut Plan, outcome: &Outcome) -> [Option<&'static str>; 2] {
        if let Some(Answerer::Fixture(view)) = &outcome.answerer {
            plan.set_header(head::FIXTURE, view.header.clone());
        }
        plan.set_header(head::MATCH, outcome.matched.unwrap_or("none"));
        let own = self.codec.map(Provider::request_id_header).filter(|name| *name != "x-request-id");
        let ids = [own, Some("x-request-id")].map(|name| name.filter(|name| plan.header(name).is_none()));
        let fields = ids.iter().flatten().map(|name| ((*name).into(), self.call.request_id.clone()));
        plan.headers.listed().extend(fields);
        ids
    }

    fn log_miss(self, exchange: &Exchange, reply: &ErrorReply, missed: &Missed) {
        let strict = if self.call.policy.strict { "STRICT: " } else { "" };
        let what = if reply.message.contains("skipped") { reply.message.as_str() } else { "No fixture matched" };
        let mut line = String::with_capacity(512);
        let _ = write!(line, "{strict}{what} for {} {}", exchange.raw.method, exchange.raw.path);
        if !missed.transforms.is_empty() {
            let _ = write!(line, " (after transforms: {})", missed.transforms.join(", "));
        }
        for near in &missed.nearest {
            let _ = write!(line, "\n  near: {}: {}", near.fixture, near.reason);
        }
        self.call.app.log(if self.call.policy.strict { Level::Error } else { Level::Warning }, &line);
    }

    fn warn_of_relaxed_turn(self, edition: &Edition, exchange: &Exchange, claim: &Claim) {
        let turn = edition.library.fixtures.get(claim.row).and_then(|fixture| fixture.position.turn);
        let Some(turn) = turn.filter(|_| claim.turn_relaxed && edition.warn_once(claim.row)) else { return };
        let line = format!(
            "turnIndex relaxed: {} is written for turn {turn} and answered turn {}; set AIMOCK_STRICT_TURN_INDEX=1 to make turns a condition",
            edition.library.handle(claim.row),
            exchange.request.assistant_count(),
        );
        self.call.app.log(Level::Warning, &line);
    }
}

/// The models that were tried, as the journal shows them.
fn tried(decision: &Decision, request: &Request) -> Vec<Tried> {
    let models = std::iter::once(request.model.clone()).chain(request.fallback_models.iter().cloned().map(Some));
    let tried = decision.attempts.iter().zip(models).map(|(attempt, model)| Tried {
        model,
        fixture: attempt.row.and_then(|row| decision.edition.view(row)),
        error: attempt.error,
    });
    tried.collect()
}

/// An answer at once, as it is.
fn unpaced(emission: Emission) -> Plan {
    plan_emission(emission, &Delivery::default(), &mut Dice::seeded(0))
}

/// What the journal says of a claimed fixture.
pub(super) fn hit(edition: &Edition, claim: &Claim, outcome: Outcome) -> Outcome {
    let answerer = edition.view(claim.row).map(Answerer::Fixture);
    Outcome { answerer, matched: Some(claim.by.name()), ..outcome }
}

/// A raw event as a frame in time.
fn beat(event: &RawEvent) -> Beat {
    let comment = event.event.is_none() && event.data.is_none() && event.id.is_none();
    let framed = sse::Event {
        event: event.event.clone(),
        data: event.data.clone(),
        id: event.id.clone(),
        retry: None,
        comment: event.comment.clone(),
    };
    Beat { frame: Frame { bytes: sse::encode(&framed), kind: FrameKind::Token }, delay: event.delay_ms, comment }
}
