//! What is asked, by which fixtures it is answered, and what the answer is the n-th time.

use serde_json::{Value, json};

/// How often each question is asked.
pub(super) const TIMES: usize = 50;
/// Answers of the script that all four ways share; the last of them repeats.
pub(super) const SHARED: usize = 150;

/// What a question's fixture does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// The same answer every time.
    Plain,
    /// Twenty answers; the last repeats.
    List,
    /// Seven answers, again and again.
    Cycle,
    /// Thirty answers, then an error.
    Finite,
    /// Thirty answers, then the next fixture.
    Falls,
    /// Ten fixtures with a `sequenceIndex`, then one without.
    Slots,
    /// A script for all four ways, in order of arrival.
    Shared,
    /// No fixture.
    Unknown,
}

/// Each kind with the number of its fixtures.
const KINDS: [(Kind, usize); 8] = [
    (Kind::Plain, 30),
    (Kind::List, 20),
    (Kind::Cycle, 10),
    (Kind::Finite, 10),
    (Kind::Falls, 10),
    (Kind::Slots, 10),
    (Kind::Shared, 5),
    (Kind::Unknown, 5),
];

/// One question of one API, streaming or not: all its requests are the same to the byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Question {
    pub(super) kind: Kind,
    pub(super) number: usize,
    pub(super) anthropic: bool,
    pub(super) stream: bool,
}

/// What the server says when chaos leaves it alone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Answer {
    Text(String),
    Status(u16),
}

impl Question {
    /// All of them: four hundred.
    pub(super) fn all() -> Vec<Question> {
        let mut all = Vec::new();
        for (kind, count) in KINDS {
            for number in 0..count {
                for way in 0..4 {
                    all.push(Question { kind, number, anthropic: way / 2 == 1, stream: way % 2 == 1 });
                }
            }
        }
        all
    }

    /// What the user says. Only the shared ones are the same for several ways.
    pub(super) fn text(self) -> String {
        let Question { kind, number, anthropic, stream } = self;
        match kind {
            Kind::Shared => format!("Shared {number}"),
            _ => format!("{kind:?} {number} {} {}", if anthropic { "messages" } else { "chat" }, if stream { "stream" } else { "whole" }),
        }
    }

    pub(super) fn path(self) -> &'static str {
        if self.anthropic { "/v1/messages" } else { "/v1/chat/completions" }
    }

    pub(super) fn body(self) -> Value {
        let model = if self.anthropic { "claude-sonnet-4-5" } else { "gpt-4o" };
        let mut body =
            json!({ "model": model, "max_tokens": 100, "stream": self.stream, "messages": [{ "role": "user", "content": self.text() }] });
        if self.stream && !self.anthropic {
            body["stream_options"] = json!({ "include_usage": true });
        }
        body
    }

    /// Headers beside the usual: some questions belong to a test of their own, some bring chaos of their own.
    pub(super) fn headers(self) -> Vec<(&'static str, String)> {
        let mut headers = Vec::new();
        if self.number % 5 == 3 && self.kind != Kind::Shared {
            headers.push(("x-test-id", format!("test-{}", self.number % 3)));
        }
        if self.number % 5 == 4 && self.kind != Kind::Shared {
            headers.push(("x-aimock-chaos-malformed", "0.3".to_owned()));
        }
        headers
    }

    /// The answer when it is asked for the n-th time, from 0; of a shared one it depends on the others.
    pub(super) fn answer(self, nth: usize) -> Option<Answer> {
        let slot = |slot: usize| Some(Answer::Text(slot_text(&self.text(), slot)));
        match self.kind {
            Kind::Plain => slot(0),
            Kind::List => slot(nth.min(19)),
            Kind::Cycle => slot(nth % 7),
            Kind::Finite if nth >= 30 => Some(Answer::Status(500)),
            Kind::Falls if nth >= 30 => slot(999),
            Kind::Slots if nth >= 10 => slot(999),
            Kind::Finite | Kind::Falls | Kind::Slots => slot(nth),
            Kind::Unknown => Some(Answer::Status(404)),
            Kind::Shared => None,
        }
    }
}

/// Of one length, and long enough for several pieces.
pub(super) fn slot_text(question: &str, slot: usize) -> String {
    format!("The answer to «{question}» is number {slot:03}.")
}

/// A file with the fixtures of all questions.
pub(super) fn fixtures() -> Value {
    let mut fixtures = Vec::new();
    let mut texts: Vec<(Kind, String)> = Question::all().into_iter().map(|question| (question.kind, question.text())).collect();
    texts.dedup();
    for (kind, text) in texts {
        let answer = |slot: usize| json!({ "content": slot_text(&text, slot) });
        let of = |more: Value| {
            let mut fixture = json!({ "match": { "userMessage": { "equals": text } }, "chunkSize": 16 });
            fixture.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            fixture
        };
        let list = |count: usize| (0..count).map(answer).collect::<Vec<Value>>();
        match kind {
            Kind::Plain => fixtures.push(of(json!({ "response": answer(0), "chaos": { "truncateRate": 0.2, "latencyMs": 1 } }))),
            Kind::List => fixtures.push(of(json!({ "responses": list(20) }))),
            Kind::Cycle => fixtures.push(of(json!({ "responses": list(7), "onExhausted": "cycle" }))),
            Kind::Finite => fixtures.push(of(json!({ "responses": list(30), "onExhausted": "error" }))),
            Kind::Falls => {
                fixtures.push(of(json!({ "responses": list(30), "onExhausted": "fallThrough" })));
                fixtures.push(of(json!({ "response": answer(999) })));
            }
            Kind::Slots => {
                for slot in 0..10 {
                    let mut fixture = of(json!({ "response": answer(slot) }));
                    fixture["match"]["sequenceIndex"] = json!(slot);
                    fixtures.push(fixture);
                }
                fixtures.push(of(json!({ "response": answer(999) })));
            }
            // Which of the ways gets which answer is a matter of arrival; chaos would hide some of them.
            Kind::Shared => fixtures.push(of(json!({ "responses": list(SHARED), "chaos": no_chaos() }))),
            Kind::Unknown => {}
        }
    }
    json!({ "fixtures": fixtures })
}

/// Every rate switched off.
fn no_chaos() -> Value {
    let rates = ["drop", "malformed", "rateLimit", "disconnect", "status", "truncate", "stall", "errorEvent"];
    rates.iter().map(|rate| (format!("{rate}Rate"), json!(0))).collect::<serde_json::Map<String, Value>>().into()
}
