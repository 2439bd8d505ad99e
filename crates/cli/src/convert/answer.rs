//! What a recorded answer becomes: a reply in no vendor's words where that says the same, else its events or bytes.

use std::collections::BTreeSet;

use super::Notes;
use super::request::{Codec, Prepared};
use crate::diagnostic::Severity;
use crate::exchange::{Captured, RawEvent, Reply, Request};
use crate::fixture;
use crate::secrets::is_credential_header;
use crate::wire::sse;

/// No event of a recording is longer.
const LONGEST_EVENT: usize = 64 << 20;

/// Header fields that the server writes itself, or that are true of one transfer only.
const OF_THE_TRANSFER: [&str; 10] = [
    "alt-svc",
    "connection",
    "content-encoding",
    "content-length",
    "date",
    "keep-alive",
    "server",
    "strict-transport-security",
    "transfer-encoding",
    "vary",
];

impl Prepared {
    /// Reads the answer.
    pub(super) fn answer(&mut self, notes: &mut Notes, left_out: &mut BTreeSet<String>, headers: &mut BTreeSet<String>) {
        let none = Request::default();
        let request = self.exchange.as_ref().map_or(&none, |exchange| &exchange.request);
        let reply = match self.codec.map(|Codec(codec)| codec.collapse(request, &self.captured)) {
            Some(Ok(collapsed)) => {
                left_out.extend(collapsed.left_out);
                headers.extend(self.captured.headers.iter().map(|(name, _)| name.to_owned()).filter(|name| is_news(name)));
                without_the_made_up(collapsed.reply, request, left_out)
            }
            Some(Err(reason)) => {
                notes.push("kept-raw", Severity::Info, self.span, format!("the answer is kept as it is: {reason}"));
                raw(&self.captured)
            }
            None => raw(&self.captured),
        };
        // Every kind that is made here is one that fixtures write.
        self.response = fixture::response(&reply).unwrap_or_default();
    }
}

/// Whether leaving out a header should be said.
fn is_news(name: &str) -> bool {
    let sent_anyway = ["content-type", "retry-after", "cache-control"].contains(&name);
    !(sent_anyway || is_of_the_transfer(name) || is_credential_header(name))
}

fn is_of_the_transfer(name: &str) -> bool {
    OF_THE_TRANSFER.contains(&name) || name.starts_with(':') || name.starts_with("access-control-")
}

/// Ids, times and the model are made up by the server again; what it would make up alike need not stand in the file.
fn without_the_made_up(mut reply: Reply, request: &Request, left_out: &mut BTreeSet<String>) -> Reply {
    if let Reply::Turn(turn) = &mut reply {
        let given = &mut turn.overrides;
        left_out.extend(given.id.take().map(|_| "id".to_owned()));
        left_out.extend(given.created.take().map(|_| "created".to_owned()));
        given.model = given.model.take().filter(|model| Some(model) != request.model.as_ref());
    }
    reply
}

/// The answer as it is: its events where writing them gives the same bytes, else the body.
fn raw(captured: &Captured) -> Reply {
    let body = captured.body();
    if captured.status == 200
        && captured.is_event_stream()
        && let Some(events) = events(&body)
    {
        return Reply::Events(events);
    }
    let keep = |name: &str| !is_of_the_transfer(name) && !is_credential_header(name);
    let headers = captured.headers.iter().filter(|(name, _)| keep(name)).map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Reply::Http { status: captured.status, headers, body }
}

fn events(body: &[u8]) -> Option<Vec<RawEvent>> {
    let mut decoder = sse::Decoder::new(LONGEST_EVENT);
    let events = decoder.feed(body).ok()?;
    let written: Vec<u8> = events.iter().flat_map(sse::encode).collect();
    let same = written == body && events.iter().all(|event| event.retry.is_none());
    let raw = |event: sse::Event| RawEvent { event: event.event, data: event.data, id: event.id, comment: event.comment, delay_ms: None };
    same.then(|| events.into_iter().map(raw).collect())
}
