//! Answers of fixtures from stencils: what depends on the fixture alone is encoded once.

use super::decide::Speaker;
use crate::engine::{Claim, Delivery, Edition, Filling, Likeness, Marks, Plan, Stencil, plan_at_once};
use crate::exchange::{Emission, Exchange, Message, Reply, Request, Role, Turn};
use crate::fixture::Answer;
use crate::provider::{Ids, Provider, SeededIds, estimated};

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
    /// Set where the answer may leave in one piece.
    pub at_once: Option<&'a Delivery<'a>>,
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
    pub(super) fn encoded(self, wanted: &Wanted<'_>) -> Encoded {
        let direct = || self.encode(wanted, &wanted.exchange.request, wanted.created, &mut SeededIds::new(wanted.word));
        let Some((likeness, turn)) = self.likeness(wanted) else { return Encoded::Emission(direct()) };
        match wanted.edition.stencil(wanted.claim.row, likeness) {
            Some(Some(stencil)) => filled(wanted, turn, &stencil),
            Some(None) => Encoded::Emission(direct()),
            None => {
                let encoded = direct();
                let stencil = self.cut(wanted, turn).filter(|stencil| emission_of(wanted, turn, stencil) == encoded);
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
            ..wanted.exchange.request.clone()
        };
        let mut ids = MarkedIds::default();
        let marked = self.encode(wanted, &request, CREATED, &mut ids);
        let (input, total) = estimated(&request, turn);
        Stencil::cut(marked, &Marks { ids: ids.0, created: CREATED, model: MODEL, input, total })
    }
}

fn filled(wanted: &Wanted<'_>, turn: &Turn, stencil: &Stencil) -> Encoded {
    match wanted.at_once {
        Some(delivery) => {
            let bytes = filling(wanted, turn, stencil, |filling| stencil.bytes(filling));
            Encoded::Plan(plan_at_once(stencil, bytes, delivery))
        }
        None => Encoded::Emission(emission_of(wanted, turn, stencil)),
    }
}

fn emission_of(wanted: &Wanted<'_>, turn: &Turn, stencil: &Stencil) -> Emission {
    filling(wanted, turn, stencil, |filling| stencil.emission(filling))
}

/// Gives what goes into a stencil.
fn filling<T>(wanted: &Wanted<'_>, turn: &Turn, stencil: &Stencil, fill: impl FnOnce(&Filling<'_>) -> T) -> T {
    let mut seeded = SeededIds::new(wanted.word);
    let ids: Vec<String> = stencil.prefixes.iter().map(|prefix| seeded.next(prefix)).collect();
    let request = &wanted.exchange.request;
    let model = request.model.as_deref().unwrap_or_default();
    fill(&Filling { ids: &ids, created: wanted.created, model, input: estimated(request, turn).0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{SourceId, Span};
    use crate::engine::{Dice, MatchedBy, Policy, ServerPolicy, plan_emission};
    use crate::exchange::{Block, Headers, Overrides, RawRequest, Usage};
    use crate::fixture::{Chaos, Faults, Fixture, Library, OnExhausted, Origin, Pace};
    use crate::matcher::{Match, Position};
    use crate::provider::route::{Lookup, lookup};
    use crate::server::decide::Call;
    use crate::server::{App, Settings, World};

    fn turns() -> Vec<Turn> {
        let text = |text: &str| Turn { blocks: vec![Block::Text(text.to_owned())], has_text: true, ..Turn::default() };
        let call = |id: Option<&str>| Block::ToolCall {
            name: "f".to_owned(),
            arguments: r#"{"city":"Malmö"}"#.to_owned(),
            id: id.map(str::to_owned),
        };
        let overrides = Overrides {
            id: Some("given".to_owned()),
            created: Some(1.0),
            model: Some("given-model".to_owned()),
            usage: Some(Usage { input_tokens: Some(41.0), output_tokens: Some(1.0), total_tokens: None, ..Usage::default() }),
            ..Overrides::default()
        };
        vec![
            text("a plain answer, long enough for more than one chunk"),
            text("\"quoted\", 😀 and\nlines \u{1}"),
            text(""),
            Turn { blocks: vec![call(None), call(Some("mine")), call(None)], ..text("x") },
            Turn { reasoning: Some("because".to_owned()), redacted_thinking: vec!["secret".to_owned()], ..text("so") },
            Turn { overrides, ..text("given") },
            // What looks like a mark is none.
            text("8191 tokens of \"aimock-stencil-model\" at 4081679423 by chatcmpl-aimock-id-000000"),
            text("8192"),
        ]
    }

    fn library(turn: &Turn) -> Library {
        let answer = Answer {
            reply: Reply::Turn(turn.clone()),
            pace: Pace::default(),
            truncate_after_chunks: None,
            disconnect_after_ms: None,
            faults: Faults::default(),
            chaos: Chaos::default(),
            polls: 0,
            headers: vec![("x-own".to_owned(), "1".to_owned())],
        };
        let fixture = Fixture {
            id: None,
            origin: Origin { source: SourceId(0), index: 0, span: Span::default(), match_span: Span::default() },
            matches: Match::default(),
            position: Position::default(),
            answers: vec![answer],
            on_exhausted: OnExhausted::RepeatLast,
            recorded_at: None,
            dead: false,
            expect: None,
        };
        Library::new(vec![fixture], Vec::new())
    }

    /// Every request of a list, asked twice in turn, so that the first ones cut stencils and the others use them: each answer
    /// must be what the codec says. Returns whether stencils were kept.
    fn check(path: &'static str, bodies: &[String], turn: &Turn) -> Vec<bool> {
        let quiet = World::new(Box::new(|_| Ok(Vec::new())), Box::new(|_, _| {}));
        let app = App::new(Settings::default(), library(turn), quiet);
        let edition = app.editions.current();
        let claim = Claim { row: 0, times: 0, by: MatchedBy::Content, turn_relaxed: false };
        let Lookup::Found { codec, route, params, .. } = lookup("POST", path) else { panic!("{path} has no codec") };
        let answer = edition.library.fixtures[0].answer_at(0).unwrap();
        let delivery = Delivery::of(answer, &app.settings.pace);
        let mut kept = Vec::new();
        for (index, body) in bodies.iter().chain(bodies).enumerate() {
            let raw = RawRequest::new("POST", path, Headers::new(), body.clone());
            let policy = Policy::resolve(&raw, ServerPolicy::default());
            let request = codec.decode(&raw, route, &params).unwrap();
            let exchange = Exchange { raw, request };
            let framing = codec.framing(&exchange.raw);
            let call = Call { app: &app, policy: &policy, request_id: "req-1", framing, socket: false };
            let speaker = Speaker { codec: Some(codec), call: &call };
            let (word, created) = (index as u64, 1_700_000_000 + index as u64);
            let timed = Wanted { codec, edition: &edition, claim: &claim, answer, exchange: &exchange, word, created, at_once: None };
            let direct = speaker.encode(&timed, &exchange.request, created, &mut SeededIds::new(word));
            assert_eq!(speaker.encoded(&timed), Encoded::Emission(direct.clone()), "{path} {body}");
            let whole = plan_emission(direct, &delivery, &mut Dice::seeded(0)).joined();
            if let Encoded::Plan(plan) = speaker.encoded(&Wanted { at_once: Some(&delivery), ..timed }) {
                assert_eq!(plan, whole, "{path} {body}");
            }
            if index >= bodies.len() {
                let (likeness, _) = speaker.likeness(&timed).unwrap();
                kept.push(edition.stencil(0, likeness).unwrap().is_some());
            }
        }
        kept
    }

    fn bodies(extra: &str) -> Vec<String> {
        let body = |model: &str, prompt: &str, extra: &str| {
            let (model, prompt) = (serde_json::json!(model), serde_json::json!(prompt));
            format!(r#"{{"model":{model},"max_tokens":9,"messages":[{{"role":"user","content":{prompt}}}]{extra}}}"#)
        };
        vec![body("m", "hi", extra), body("other \"model\"", &"long ".repeat(99), extra), body("", "", extra)]
    }

    #[test]
    fn a_stencil_says_what_the_codec_says() {
        for (index, turn) in turns().iter().enumerate() {
            for (path, extra) in [
                ("/v1/chat/completions", ""),
                ("/v1/chat/completions", r#","stream":true"#),
                ("/v1/chat/completions", r#","stream":true,"stream_options":{"include_usage":true}"#),
                ("/v1/messages", ""),
                ("/v1/messages", r#","stream":true"#),
            ] {
                let kept = check(path, &bodies(extra), turn);
                // Only a text that holds a mark cannot be cut.
                let is_marked = index >= 6;
                assert!(is_marked || kept.iter().all(|kept| *kept), "{path} {extra} of turn {index}: {kept:?}");
            }
        }
    }
}
