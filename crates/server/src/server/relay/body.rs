//! The body of a relayed answer: each piece is handed out as it comes, and asked for only when the client has room.

use std::collections::VecDeque;
use std::future::{Future as _, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::task::JoinHandle;
use tokio::time::{Instant, Sleep, sleep_until};

use super::super::capture::Capture;
use super::super::finish::{Finish, UPSTREAM_CUT};
use super::super::journal::{self, Entry};
use super::super::recorder::Outcome;
use super::super::transmit::{Carrier, Cutter};
use super::super::upstream::Inflow;
use super::source::{Next, Source};
use super::unpack::{STEP, Unpack};
use super::upset::Upset;
use crate::engine::{Close, Piece};
use crate::wire::Framing;
use crate::wire::count::Counter;

/// What has come together leaves together, up to this many bytes: fewer writes, bounded copies.
const JOINED_BYTES: usize = 64 * 1024;

/// What a relayed body is made of.
pub(super) struct Incoming {
    pub first: Option<Bytes>,
    pub rest: Inflow,
    /// The longest silence.
    pub pause: Duration,
    /// Reads the bytes, where they are compressed.
    pub unpack: Option<Box<Unpack>>,
    /// The client gets plain bytes, whatever the upstream sends.
    pub plain: bool,
    /// Changes what the client gets, never what is captured. Then `plain` holds wherever there is something to unpack.
    pub upset: Option<Upset>,
    pub framing: Framing,
    pub capture: Option<Capture>,
    pub carrier: Carrier,
    pub finish: Finish,
}

/// A relayed body. Dropped before its end, it closes the connection to the upstream.
pub(super) struct Relayed {
    source: Source,
    unpack: Option<Box<Unpack>>,
    plain: bool,
    upset: Option<Upset>,
    counter: Counter,
    /// Until the answer is recorded, or is known not to be.
    capture: Option<Capture>,
    /// What the client gets next.
    queue: VecDeque<Due>,
    timer: Option<Pin<Box<Sleep>>>,
    cutter: Cutter,
    finish: Finish,
    state: State,
}

/// What is due to the client.
enum Due {
    Send(Parcel),
    Pause(Duration),
    /// An end that is none; why, for the journal.
    Cut(&'static str),
    /// A proper end, whatever the upstream still says.
    End,
}

/// Bytes for the client that leave in one piece.
#[derive(Default)]
struct Parcel {
    bytes: Vec<Bytes>,
    /// What they mean, where they do not say it themselves.
    plain: Option<Vec<Bytes>>,
    /// Bytes of both.
    length: usize,
    /// So many events are complete with them.
    events: u32,
}

enum State {
    Flowing,
    /// The upstream is done. What is queued waits for the recording, so that whoever has read it finds that.
    Recording(JoinHandle<Outcome>),
    /// Only what is queued is left.
    Last,
    Cut,
    Over,
}

impl Relayed {
    pub(super) fn new(incoming: Incoming) -> Relayed {
        let Incoming { first, rest, pause, unpack, plain, upset, framing, capture, carrier, finish } = incoming;
        let most = if unpack.is_some() { STEP } else { usize::MAX };
        Relayed {
            source: Source::new(first, rest, most, pause),
            unpack,
            plain,
            upset,
            counter: Counter::new(framing),
            capture,
            queue: VecDeque::new(),
            timer: None,
            cutter: Cutter::new(carrier),
            finish,
            state: State::Flowing,
        }
    }

    /// Queues a piece as the client gets it.
    fn pass(&mut self, piece: Bytes) -> std::io::Result<()> {
        match &mut self.unpack {
            None => self.hand_on(piece, None),
            Some(unpack) => {
                let plain = unpack.feed(&piece)?;
                if self.plain { self.hand_on(plain, None) } else { self.hand_on(piece, Some(plain)) }
            }
        }
        Ok(())
    }

    /// Queues what is left when the upstream has ended.
    fn pass_end(&mut self) -> std::io::Result<()> {
        if let Some(unpack) = self.unpack.take() {
            let plain = unpack.finish()?;
            if self.plain { self.hand_on(plain, None) } else { self.hand_on(Bytes::new(), Some(plain)) }
        }
        let events = self.counter.finish();
        if events > 0 {
            self.send(Bytes::new(), None, events);
        }
        Ok(())
    }

    /// Queues bytes that mean `plain`, or themselves.
    fn hand_on(&mut self, bytes: Bytes, plain: Option<Bytes>) {
        let meaning = plain.as_ref().unwrap_or(&bytes);
        if let Some(capture) = &mut self.capture {
            capture.take(meaning);
        }
        let Some(upset) = &mut self.upset else {
            let events = self.counter.feed(meaning);
            return self.send(bytes, plain, events);
        };
        let reason = upset.reason();
        for piece in upset.feed(&bytes, &self.finish) {
            self.queue.push_back(match piece {
                Piece::Send(bytes) => {
                    let events = self.counter.feed(&bytes);
                    Due::Send(Parcel::of(bytes, None, events))
                }
                Piece::Pause(pause) => Due::Pause(pause),
                Piece::Cut => Due::Cut(reason),
                Piece::End => Due::End,
            });
        }
    }

    /// Queues bytes behind those that wait already, to leave with them.
    fn send(&mut self, bytes: Bytes, plain: Option<Bytes>, events: u32) {
        match self.queue.back_mut() {
            Some(Due::Send(parcel)) => parcel.add(bytes, plain, events),
            _ => self.queue.push_back(Due::Send(Parcel::of(bytes, plain, events))),
        }
    }

    /// Whether what comes next may leave together with what is queued. With chaos each piece is dealt with by itself.
    fn has_room(&self) -> bool {
        match self.queue.back() {
            None => true,
            Some(Due::Send(parcel)) => self.upset.is_none() && parcel.length < JOINED_BYTES,
            Some(_) => false,
        }
    }

    fn cut(&mut self, reason: &'static str) {
        self.finish.interrupted(reason);
        self.state = State::Cut;
    }

    /// The upstream's answer broke off, or makes no sense: the client is cut behind what came before.
    fn broken(&mut self, reason: &'static str) {
        self.source.close();
        self.capture = None;
        self.settle();
        self.queue.push_back(Due::Cut(reason));
        self.state = State::Last;
    }

    /// The upstream is done: what is queued leaves once the answer is recorded.
    fn ended(&mut self) {
        self.settle();
        self.state = match self.capture.take() {
            Some(capture) => State::Recording(tokio::task::spawn_blocking(|| capture.finish())),
            None => State::Last,
        };
    }

    /// Says what has become of chaos, now that nothing more comes from the upstream.
    fn settle(&mut self) {
        if let Some(upset) = self.upset.take() {
            upset.settle(&self.finish);
        }
    }

    /// Reads the rest of the answer for its recording, while the client has its end already.
    fn drain(&mut self) {
        let Some(mut capture) = self.capture.take() else { return self.source.close() };
        let mut unpack = self.unpack.take();
        let mut source = self.source.taken();
        let entry = self.finish.entry();
        tokio::spawn(async move {
            while !capture.has_given_up() {
                let passed = match poll_fn(|cx| source.poll_next(cx)).await {
                    Next::Piece(piece) => match &mut unpack {
                        Some(unpack) => unpack.feed(&piece),
                        None => Ok(piece),
                    },
                    Next::End => {
                        let Ok(plain) = unpack.take().map_or_else(|| Ok(Bytes::new()), |unpack| unpack.finish()) else { return };
                        capture.take(&plain);
                        note_late(entry, || capture.finish());
                        return;
                    }
                    Next::Broken(_) => return,
                };
                match passed {
                    Ok(plain) => capture.take(&plain),
                    Err(_) => return,
                }
            }
        });
    }

    /// Says in the journal what became of the recording; gives back what failed.
    fn recorded(&mut self, outcome: Outcome) -> Option<String> {
        let failure = if let Outcome::Failed(cause) = &outcome { Some(cause.clone()) } else { None };
        self.finish.amend(|entry| note(entry, outcome));
        failure
    }

    /// Where the whole answer is here already, records it before its head leaves; gives back what failed.
    pub(super) async fn record_at_once(&mut self) -> Option<String> {
        if self.unpack.is_some() {
            return None;
        }
        let pieces: Vec<Bytes> = self.source.whole()?.cloned().collect();
        let mut capture = self.capture.take()?;
        for piece in &pieces {
            capture.take(piece);
        }
        let outcome = tokio::task::spawn_blocking(|| capture.finish()).await.unwrap_or(Outcome::Passed);
        self.recorded(outcome)
    }

    /// Asks the upstream for more.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let (passed, ended) = match ready!(self.source.poll_next(cx)) {
            Next::Piece(piece) => (self.pass(piece), false),
            Next::End => (self.pass_end(), true),
            Next::Broken(reason) => {
                self.broken(reason);
                return Poll::Ready(());
            }
        };
        if passed.is_err() {
            self.broken(UPSTREAM_CUT);
        } else if ended {
            self.ended();
        } else if self.unpack.is_none() && !self.has_room() && self.source.has_ended(cx) {
            // The last bytes are known to be the last before they leave.
            let _ = self.pass_end();
            self.ended();
        }
        Poll::Ready(())
    }

    /// Hands out the next of what is queued; `None` where it was no bytes.
    fn poll_due(&mut self, due: Due, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        match due {
            Due::Send(parcel) => {
                let (bytes, plain, events) = parcel.joined();
                self.finish.sent(bytes.len(), events);
                if !plain.is_empty() {
                    self.finish.saw_part(&plain);
                }
                if self.queue.is_empty() && matches!(self.state, State::Last) {
                    self.complete();
                }
                Poll::Ready((!bytes.is_empty()).then_some(bytes))
            }
            Due::Pause(pause) => {
                let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + pause)));
                if timer.as_mut().poll(cx).is_pending() {
                    self.queue.push_front(Due::Pause(pause));
                    return Poll::Pending;
                }
                self.timer = None;
                Poll::Ready(None)
            }
            Due::Cut(reason) => {
                self.drain();
                self.cut(reason);
                Poll::Ready(None)
            }
            Due::End => {
                self.drain();
                self.complete();
                Poll::Ready(None)
            }
        }
    }

    /// Before the last bytes are out, so that whoever has read them finds the journal complete.
    fn complete(&mut self) {
        self.finish.complete();
        self.state = State::Over;
    }
}

impl Parcel {
    fn of(bytes: Bytes, plain: Option<Bytes>, events: u32) -> Parcel {
        let mut parcel = Parcel::default();
        parcel.add(bytes, plain, events);
        parcel
    }

    fn add(&mut self, bytes: Bytes, plain: Option<Bytes>, events: u32) {
        self.length += bytes.len() + plain.as_ref().map_or(0, Bytes::len);
        self.events += events;
        if !bytes.is_empty() {
            self.bytes.push(bytes);
        }
        if let Some(plain) = plain {
            self.plain.get_or_insert_default().push(plain);
        }
    }

    /// The bytes, what they mean, and the events in them.
    fn joined(self) -> (Bytes, Bytes, u32) {
        let bytes = join(self.bytes);
        let plain = self.plain.map_or_else(|| bytes.clone(), join);
        (bytes, plain, self.events)
    }
}

/// One piece of many; a single one is not copied.
fn join(mut pieces: Vec<Bytes>) -> Bytes {
    match pieces.len() {
        0 | 1 => pieces.pop().unwrap_or_default(),
        _ => pieces.concat().into(),
    }
}

/// The client left, or the server stops.
impl Drop for Relayed {
    fn drop(&mut self) {
        if let (Some(capture), Ok(runtime)) = (self.capture.take(), tokio::runtime::Handle::try_current()) {
            let _guard = runtime.enter();
            note_late(self.finish.entry(), || capture.abandon());
        }
    }
}

/// Says in the journal what became of a recording.
pub(in crate::server) fn note(entry: &mut journal::Outcome, outcome: Outcome) {
    match outcome {
        Outcome::Passed => {}
        Outcome::Recorded(handle) => entry.seldom_mut().recorded = Some(handle),
        Outcome::Failed(cause) => entry.seldom_mut().error = Some(format!("the answer is not recorded: {cause}")),
    }
}

/// The same where the client's answer has ended before the recording is made.
pub(in crate::server) fn note_late(entry: Option<Arc<Entry>>, record: impl FnOnce() -> Outcome + Send + 'static) {
    tokio::task::spawn_blocking(move || {
        let outcome = record();
        if let Some(entry) = entry {
            note(&mut entry.outcome(), outcome);
        }
    });
}

impl Body for Relayed {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = &mut *self;
        loop {
            match &mut this.state {
                State::Over => return Poll::Ready(None),
                State::Cut => return this.cutter.poll_cut(Close::Fin, cx).map(|severed| Some(Err(severed.into()))),
                State::Recording(task) => {
                    let outcome = ready!(Pin::new(task).poll(cx)).unwrap_or(Outcome::Passed);
                    this.recorded(outcome);
                    this.state = State::Last;
                    continue;
                }
                State::Flowing | State::Last => {}
            }
            let flows = matches!(this.state, State::Flowing);
            if flows && this.has_room() && this.poll_fill(cx).is_ready() {
                continue;
            }
            match this.queue.pop_front() {
                Some(due) => {
                    if let Some(bytes) = ready!(this.poll_due(due, cx)) {
                        return Poll::Ready(Some(Ok(Frame::data(bytes))));
                    }
                }
                None if flows => return Poll::Pending,
                None => this.complete(),
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.state, State::Over)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
