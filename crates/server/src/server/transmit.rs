//! Carries a plan out: the only place that sleeps, writes or hangs up.
//!
//! Until the first `Send` nothing leaves, not even the status. The schedule is absolute, so a late wake-up is made up for by
//! the next step and streams do not drift. Where the wire is the stream's alone (HTTP/1.1) the server's pacer carries it from
//! event to event (see `track`); elsewhere it rings for each (see `alarm`).

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::net::tcp::OwnedWriteHalf;
use tokio::time::{Instant, Sleep, sleep_until};

use super::alarm::Alarm;
use super::finish::Finish;
use super::head;
use super::line::{InFlight, Link};
use super::track::{Score, Track};
use crate::engine::{Close, Fields, Plan, Step, Steps};

/// On HTTP/2 a reset overtakes data that waits in the connection's queue; this long the queue gets to empty itself.
const SETTLE: Duration = Duration::from_millis(20);

/// In the extensions of a response: send nothing, end the connection (HTTP/1) or the stream (HTTP/2).
#[derive(Clone, Copy, Debug)]
pub(super) struct Abandon(pub Close);

/// How an answer travels.
#[derive(Debug)]
pub(super) struct Carrier {
    link: Arc<Link>,
    http2: bool,
    /// Keeps the connection from counting as idle.
    in_flight: InFlight,
}

impl Carrier {
    pub(super) fn new(link: Arc<Link>, http2: bool) -> Carrier {
        Carrier { in_flight: link.request(), link, http2 }
    }

    /// Where the answer may be written without the connection's help.
    fn track(&self) -> Option<Weak<OwnedWriteHalf>> {
        self.link.track().filter(|_| !self.http2)
    }
}

/// An answer on its way: all of it, its head with a body that carries out the rest, or what waits for the time of its first
/// byte.
pub(super) enum Sending {
    Whole(Whole),
    Begun(Response),
    Later(Pin<Box<dyn Future<Output = Response> + Send>>),
}

/// An answer of one piece, all of which is there.
#[derive(Debug)]
pub(super) struct Whole {
    pub status: u16,
    pub fields: Fields,
    /// A stream that is due at once; else the length of the body is announced.
    pub streamed: bool,
    pub body: Bytes,
}

impl Whole {
    /// As hyper has it.
    pub(super) fn response(self) -> Response {
        let body = if self.streamed { Body::new(Flow(Some(self.body))) } else { Body::from(self.body) };
        head::response(self.status, self.fields, body)
    }
}

/// A body whose length is not announced.
#[derive(Debug)]
struct Flow(Option<Bytes>);

impl HttpBody for Flow {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }
}

impl Sending {
    /// The answer, when its first byte is due.
    pub(super) async fn response(self) -> Response {
        match self {
            Sending::Whole(whole) => whole.response(),
            Sending::Begun(response) => response,
            Sending::Later(response) => response.await,
        }
    }
}

/// Starts a plan.
pub(super) fn send(mut plan: Plan, carrier: Carrier, mut finish: Finish) -> Sending {
    if let ([Step::Send { bytes, events }], None) = (plan.steps.as_slice(), &plan.told)
        && !(plan.streamed && bytes.is_empty())
    {
        let events = if plan.streamed { *events } else { 0 };
        let ended = finish.answered((bytes, events), plan.telling.as_ref());
        carrier.in_flight.ended(ended);
        return Sending::Whole(Whole { status: plan.status, streamed: plan.streamed, body: bytes.clone(), fields: plan.headers });
    }
    let start = Instant::now();
    let mut steps = Steps::of(&mut plan);
    let waits = matches!(steps.front(), Some(Step::Until(_)));
    if !waits {
        return Sending::Begun(begin(plan, steps, start, carrier, finish));
    }
    Sending::Later(Box::pin(async move {
        let mut alarm = carrier.link.alarm();
        while let Some(Step::Until(due)) = steps.front() {
            alarm.until(start + *due).await;
            steps.pop_front();
        }
        drop(alarm);
        begin(plan, steps, start, carrier, finish)
    }))
}

/// Starts a plan: waits until its first byte is due, and returns the head with a body that carries out the rest.
pub(super) async fn transmit(plan: Plan, carrier: Carrier, finish: Finish) -> Response {
    send(plan, carrier, finish).response().await
}

/// The answer from its first byte on.
fn begin(plan: Plan, mut steps: Steps, start: Instant, carrier: Carrier, mut finish: Finish) -> Response {
    if let Some(Step::HangUp(cut)) = steps.front() {
        finish.nothing_sent();
        finish.interrupted(cut.reason);
        return abandon(cut.close);
    }
    let body = if let Some(bytes) = steps.only().filter(|_| !plan.streamed) {
        finish.answered((bytes, 0), steps.telling().map(|(telling, _)| telling));
        Body::from(bytes.clone())
    } else {
        finish.head_sent();
        if steps.is_empty() {
            // An empty body is never asked for its end.
            finish.complete();
        }
        let score = Some(Box::new(Score { steps, start, finish }));
        Body::new(Carried { score, track: None, alarm: None, cutter: Cutter::new(carrier) })
    };
    head::response(plan.status, plan.headers, body)
}

/// Waits before there is a plan to carry out.
pub(super) async fn pause(length: Duration) {
    sleep_until(Instant::now() + length).await;
}

/// For a client that is not there any more.
pub(super) fn abandoned() -> Response {
    abandon(Close::Fin)
}

fn abandon(close: Close) -> Response {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(Abandon(close));
    response
}

/// The end of a stream on HTTP/2 that is no end: hyper resets the stream.
#[derive(Debug, thiserror::Error)]
#[error("cut on purpose")]
pub(super) struct Severed;

/// Ends the connection (HTTP/1) or the stream (HTTP/2) under a body, once all that was given out before is on its way.
#[derive(Debug)]
pub(super) struct Cutter {
    carrier: Carrier,
    timer: Option<Pin<Box<Sleep>>>,
    severing: bool,
}

impl Cutter {
    pub(super) fn new(carrier: Carrier) -> Cutter {
        Cutter { carrier, timer: None, severing: false }
    }

    /// Never ready on HTTP/1, where the connection ends; an error that resets the stream on HTTP/2.
    pub(super) fn poll_cut(&mut self, close: Close, cx: &mut Context<'_>) -> Poll<Severed> {
        if self.carrier.http2 {
            return self.poll_reset(cx);
        }
        if !self.severing {
            self.severing = true;
            self.carrier.link.cut(close);
            // The wire is cut at the next flush: have the connection run through one.
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }

    fn poll_reset(&mut self, cx: &mut Context<'_>) -> Poll<Severed> {
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + SETTLE)));
        loop {
            ready!(timer.as_mut().poll(cx));
            if !self.carrier.link.is_blocked() {
                return Poll::Ready(Severed);
            }
            timer.as_mut().reset(Instant::now() + SETTLE);
        }
    }
}

/// The rest of a plan as a body.
#[derive(Debug)]
struct Carried {
    /// `None` while the pacer has it.
    score: Option<Box<Score>>,
    track: Option<Arc<Track>>,
    /// Where it does without the pacer's playing.
    alarm: Option<Box<Alarm>>,
    cutter: Cutter,
}

impl Carried {
    /// Has the pacer carry the stream on from a wait. It comes back for its end.
    fn hand_over(&mut self, score: Box<Score>, wire: Weak<OwnedWriteHalf>, cx: &mut Context<'_>) {
        let track = match &self.track {
            Some(track) => {
                track.hand_over(score);
                track.clone()
            }
            None => self.track.insert(Arc::new(Track::new(wire, score, cx.waker()))).clone(),
        };
        self.cutter.carrier.link.hand(track);
        // It starts at the next flush: have the connection run through one.
        cx.waker().wake_by_ref();
    }

    /// Takes the bytes of a `Send`. On HTTP/2 the last byte before a cut goes by itself: hyper asks for the frame
    /// behind it only when the client's window has room for all that came before.
    fn take(&self, score: &mut Score, mut bytes: Bytes, events: u32) -> Bytes {
        let cut_follows = self.cutter.carrier.http2 && matches!(score.steps.front(), Some(Step::HangUp(_)));
        if cut_follows && bytes.len() > 1 {
            let last = bytes.split_off(bytes.len() - 1);
            score.steps.push_front(Step::Send { bytes: last, events: 0 });
        }
        score.finish.sent(bytes.len(), events);
        match score.steps.telling() {
            Some((telling, frames)) => score.finish.told(telling, frames),
            None => score.finish.saw(&bytes),
        }
        if score.steps.is_empty() {
            // Before the bytes are out, so that whoever has read them finds the journal complete.
            score.finish.complete();
        }
        bytes
    }

    /// The plan, where the body has it.
    fn poll_score(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<Box<Score>>>> {
        match (self.score.take(), &self.track) {
            (None, Some(track)) => track.poll_back(cx),
            (score, _) => Poll::Ready(Ok(score)),
        }
    }

    /// Carries the plan out up to what the connection is to do next.
    fn poll_next(&mut self, mut score: Box<Score>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Severed>>> {
        let next = loop {
            match score.steps.pop_front() {
                None => {
                    score.finish.complete();
                    break Poll::Ready(None);
                }
                Some(Step::Until(due)) => {
                    let at = score.start + due;
                    if Instant::now() >= at {
                        continue;
                    }
                    score.steps.push_front(Step::Until(due));
                    if let Some(wire) = self.cutter.carrier.track() {
                        self.hand_over(score, wire, cx);
                        return Poll::Pending;
                    }
                    let alarm = self.alarm.get_or_insert_with(|| Box::new(self.cutter.carrier.link.alarm()));
                    if alarm.poll_until(at, cx).is_pending() {
                        break Poll::Pending;
                    }
                }
                Some(Step::Send { bytes, events }) if bytes.is_empty() => score.finish.sent(0, events),
                Some(Step::Send { bytes, events }) => break Poll::Ready(Some(Ok(self.take(&mut score, bytes, events)))),
                Some(Step::HangUp(cut)) => {
                    score.finish.interrupted(cut.reason);
                    let severed = self.cutter.poll_cut(cut.close, cx);
                    score.steps.push_front(Step::HangUp(cut));
                    break severed.map(|severed| Some(Err(severed)));
                }
            }
        };
        self.score = Some(score);
        next
    }
}

impl HttpBody for Carried {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = &mut *self;
        match ready!(this.poll_score(cx)) {
            Ok(Some(score)) => this.poll_next(score, cx).map(|next| next.map(|next| next.map(Frame::data).map_err(Into::into))),
            Ok(None) => Poll::Ready(None),
            Err(error) => Poll::Ready(Some(Err(error.into()))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.score.as_ref().is_some_and(|score| score.steps.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

impl Drop for Carried {
    fn drop(&mut self) {
        if let Some(track) = &self.track {
            self.cutter.carrier.link.take_from_pacer(track);
        }
    }
}

/// Never resolves: what an abandoned request on HTTP/1 does while its connection is cut under it.
pub(super) async fn forever() -> Infallible {
    tokio::task::yield_now().await;
    std::future::pending().await
}
