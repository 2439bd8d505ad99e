//! Entries at rest. An entry under way is a dozen pieces of memory, and a journal is a thousand entries: more than the caches
//! near the processor hold, so that every request would write to memory that is far away, and free some. Once its answer has
//! ended, what nobody reads is put into one piece, and the entry is made from it anew when someone asks.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::entry::{Kept, Said};
use super::sealed::Sealed;
use super::texts::{Spare, Texts};
use super::witness::Still;
use super::{Arrival, Entry, Outcome};
use crate::engine::DEFAULT_TEST_ID;
use crate::secrets::Redactor;
use crate::server::credential::Credential;
use crate::server::id::Id;

/// Larger bodies stay as they are.
const SMALL_BODY: usize = 4 * 1024;

/// An entry whose answer has ended.
#[derive(Clone, Debug)]
pub(super) struct Resting {
    id: Id,
    arrived: Duration,
    credential: Option<Arc<Credential>>,
    outcome: Outcome,
    witness: Still,
    /// The body, if it is not among the texts.
    body: Option<Box<Kept>>,
    texts: Texts,
}

impl Resting {
    /// Puts an entry to rest that nobody else reads: what it holds is taken out.
    pub(super) fn of(entry: &Entry, spare: &mut Spare) -> Resting {
        let mut outcome = std::mem::take(&mut *entry.outcome());
        let witness = std::mem::take(&mut *entry.witness());
        let request_id = entry.request_id.as_str();
        let test_id = if entry.test_id == DEFAULT_TEST_ID { "" } else { entry.test_id.as_ref() };
        let (small, body) = match &entry.body {
            Kept::Bytes(bytes) if bytes.len() <= SMALL_BODY => (bytes.as_ref(), None),
            other => (&[][..], Some(Box::new(other.clone()))),
        };
        let (more, said) = witness.size();
        let (fields, head) = entry.head.size();
        let mut texts = spare.take(3 + more + fields, request_id.len() + test_id.len() + small.len() + said + head);
        for text in [request_id.as_bytes(), test_id.as_bytes(), small] {
            texts.put(text);
        }
        // Its own account of what it reads is the one that counts.
        outcome.speech = witness.speech();
        let witness = witness.still(&mut texts);
        entry.head.put(&mut texts);
        Resting { id: entry.id, arrived: entry.arrived, credential: entry.credential.clone(), outcome, witness, body, texts }
    }

    /// The entry as it was, which has this number.
    pub(super) fn wake(self, number: u64, redactor: Arc<Redactor>) -> Entry {
        let mut texts = self.texts.reader();
        let request_id = texts.text().to_owned().into();
        let test_id = match texts.text() {
            "" => Cow::Borrowed(DEFAULT_TEST_ID),
            id => Cow::Owned(id.to_owned()),
        };
        let small = texts.next().unwrap_or_default();
        let body = self.body.map_or_else(|| Kept::Bytes(Bytes::copy_from_slice(small)), |body| *body);
        let witness = self.witness.wake(self.outcome.speech, &mut texts);
        let head = Sealed::read(texts);
        let arrival = Arrival { id: self.id, arrived: self.arrived, request_id, test_id };
        let said = Said { number, arrival, head, body, credential: self.credential };
        Entry::new(said, self.outcome, witness, redactor)
    }

    /// Its texts, whose memory is used again.
    pub(super) fn into_texts(self) -> Texts {
        self.texts
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::engine::{Filling, Marks, Speech, Stencil, Telling, View};
    use crate::exchange::{Body, Emission, Frame, FrameKind, Headers, Missed, MissedText, RawRequest};
    use crate::server::id::Ids;
    use crate::server::journal::{Answerer, Journal, JournalLimits};
    use crate::wire::Framing;

    fn headers(fields: &[(&str, &str)]) -> Headers {
        fields.iter().copied().collect()
    }

    fn requests() -> Vec<RawRequest> {
        let many: Vec<(String, String)> = (0..60).map(|n| (format!("x-{n}"), "v".repeat(n * 9))).collect();
        vec![
            RawRequest::new("GET", "/v1/models", Headers::new(), ""),
            RawRequest::new(
                "POST",
                "/v1/chat/completions?a=1&key=fake-key-1",
                headers(&[("authorization", "Bearer fake-key-2")]),
                r#"{"a":"fake-key-2"}"#,
            ),
            RawRequest::new("POST", "/v1/messages", many.into_iter().collect(), "no JSON \u{e4}"),
            RawRequest::new("PUT", "/x", headers(&[("x-request-id", "mine"), ("a", "1"), ("a", ""), ("b", "\u{fffd}")]), vec![0xff, 0]),
            RawRequest::new("POST", "/", Headers::new(), json!({ "text": "y".repeat(SMALL_BODY) }).to_string()),
            RawRequest::new("POST", "/", Headers::new(), vec![b' '; 70_000]),
        ]
    }

    fn telling(streamed: bool) -> Arc<Telling> {
        let marks =
            Marks { ids: vec![("chatcmpl-".to_owned(), "chatcmpl-mark".to_owned())], created: 123, model: "m", input: 77, total: 99 };
        let frames = vec![
            Frame {
                bytes:
                    "data: {\"id\":\"chatcmpl-mark\",\"created\":123,\"model\":\"m\",\"choices\":[{\"delta\":{\"content\":\"hello\"}}]}\n\n"
                        .into(),
                kind: FrameKind::Token,
            },
            Frame { bytes: "data: [DONE]\n\n".into(), kind: FrameKind::Terminal },
        ];
        let whole =
            "{\"id\":\"chatcmpl-mark\",\"model\":\"m\",\"usage\":{\"prompt_tokens\":77,\"completion_tokens\":22,\"total_tokens\":99}}";
        let body = if streamed { Body::Stream(frames) } else { Body::Whole(whole.into()) };
        let marked = Emission { status: 200, headers: Vec::new(), body };
        let stencil = Arc::new(Stencil::cut(marked, &marks).unwrap());
        let filling = Filling::new(["chatcmpl-1".to_owned()].into_iter(), 1_700_000_000, "gpt-\"x\"", 5);
        Arc::new(Telling { stencil, filling })
    }

    /// Both entries of one request: one is held all the time, the other rests.
    fn check(raw: &RawRequest, outcome: &Outcome, answer: impl Fn(&Entry)) {
        let journal = Journal::new(JournalLimits::default(), Arc::default());
        let ids = Ids::new(1);
        for held in [true, false] {
            for test_id in [Cow::Borrowed(DEFAULT_TEST_ID), Cow::Owned("mine".to_owned())] {
                let arrival =
                    Arrival { id: ids.draw(), arrived: Duration::new(1_700_000_000, 123_456_789), request_id: "req-1".into(), test_id };
                let entry = journal.add(arrival, raw, outcome.clone());
                answer(&entry);
                entry.outcome().duration = Some(Duration::from_nanos(98_765_432));
                let hold = held.then(|| entry.clone());
                journal.ended(&entry);
                drop((entry, hold));
            }
        }
        let shown: Vec<Value> = journal.entries().iter().map(|entry| entry.to_json().into_inner()).collect();
        let without_id = |mut entry: Value| {
            entry.as_object_mut().unwrap().remove("id").unwrap();
            entry
        };
        let [one, two, three, four] = <[Value; 4]>::try_from(shown).unwrap().map(without_id);
        assert_eq!((one, two), (three, four));
        let again: Vec<_> = journal.entries().iter().map(|entry| entry.to_json().into_inner()).map(without_id).collect();
        assert_eq!(again[0], again[2], "an entry can be woken more than once");
    }

    #[test]
    fn an_entry_that_was_woken_is_what_it_was() {
        let view = View {
            handle: "a.json#/fixtures/0".to_owned(),
            header: "a".into(),
            id: None,
            file: "a.json".to_owned(),
            index: 0,
            matches: json!({}),
        };
        let hit = Outcome {
            status: 200,
            answerer: Some(Answerer::Fixture(Arc::new(view))),
            matched: Some("content"),
            route: "/v1/x",
            ..Outcome::default()
        };
        let events = Outcome { streamed: true, events: 1, speech: Speech::Events(Framing::Sse, Some("openai")), ..hit.clone() };
        let miss =
            Outcome { status: 404, missed: Some(MissedText::new(Missed::default()).text()), speech: Speech::Json, ..Outcome::default() }
                .with_error(Some("nothing matched".to_owned()));
        for raw in requests() {
            check(&raw, &hit, |_| {});
            check(&raw, &Outcome { speech: Speech::Json, ..hit.clone() }, |entry| entry.told(&telling(false), 1));
            check(&raw, &miss, |entry| entry.saw(&r#"{"usage":{"prompt_tokens":1,"completion_tokens":2}}"#.into()));
            for frames in 0..=2 {
                check(&raw, &events, |entry| entry.told(&telling(true), frames));
                check(&raw, &events, |entry| {
                    entry.told(&telling(true), 0);
                    entry.played(10, 1, frames);
                });
            }
            for pieces in [0, 1, 3, 40] {
                let piece = Bytes::from_static(b"data: {\"choices\":[{\"delta\":{\"content\":\"ab\"}}]}\n\n");
                check(&raw, &events, |entry| (0..pieces).for_each(|_| entry.saw(&piece)));
                check(&raw, &events, |entry| {
                    entry.saw(&piece);
                    entry.told(&telling(true), 2);
                });
                check(&raw, &Outcome { speech: Speech::Json, ..hit.clone() }, |entry| (0..pieces).for_each(|_| entry.saw(&"[1, ".into())));
            }
            check(&raw, &events, |entry| {
                entry.saw(&"data: {}\n\n".into());
                assert!(entry.usage().is_none());
            });
        }
    }
}
