//! The body of a relayed answer: each piece is handed out as it comes, and asked for only when the client has room.

use std::collections::VecDeque;
use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::task::JoinHandle;
use tokio::time::{Instant, Sleep, sleep_until};

use super::super::capture::Capture;
use super::super::finish::{BODY_TIMEOUT, Finish, UPSTREAM_CUT};
use super::super::recorder::Outcome;
use super::super::transmit::{Carrier, Cutter};
use super::Stage;
use super::unpack::{STEP, Unpack};
use crate::engine::Close;
use crate::wire::count::{Counter, Division};

/// What a relayed body is made of.
pub(super) struct Incoming {
    pub first: Option<Bytes>,
    pub rest: hyper::body::Incoming,
    /// The longest silence.
    pub pause: Duration,
    /// Reads the bytes, where they are compressed.
    pub unpack: Option<Box<Unpack>>,
    /// The client gets plain bytes, whatever the upstream sends.
    pub plain: bool,
    pub stages: Vec<Stage>,
    pub division: Division,
    pub capture: Option<Capture>,
    pub carrier: Carrier,
    pub finish: Finish,
}

/// A relayed body. Dropped before its end, it closes the connection to the upstream.
pub(super) struct Relayed {
    source: Source,
    unpack: Option<Box<Unpack>>,
    plain: bool,
    stages: Vec<Stage>,
    counter: Counter,
    /// Until the answer is recorded, or is known not to be.
    capture: Option<Capture>,
    cutter: Cutter,
    finish: Finish,
    state: State,
}

/// Where the bytes come from.
struct Source {
    upstream: Option<hyper::body::Incoming>,
    waiting: VecDeque<Bytes>,
    /// The most that is handed out at once.
    most: usize,
    pause: Duration,
    /// Runs while nothing comes.
    silence: Option<Pin<Box<Sleep>>>,
    /// It ended as it should not; told once all that came before is handed out.
    broken: Option<&'static str>,
}

/// What the source has next.
enum Next {
    Piece(Bytes),
    End,
    Broken(&'static str),
}

enum State {
    Flowing,
    /// The upstream is done. The last bytes wait for the recording, so that whoever has read them finds it.
    Recording(JoinHandle<Outcome>, Bytes),
    Cut,
    Over,
}

impl Relayed {
    pub(super) fn new(incoming: Incoming) -> Relayed {
        let Incoming { first, rest, pause, unpack, plain, stages, division, capture, carrier, finish } = incoming;
        let most = if unpack.is_some() { STEP } else { usize::MAX };
        Relayed {
            source: Source { upstream: Some(rest), waiting: first.into_iter().collect(), most, pause, silence: None, broken: None },
            unpack,
            plain,
            stages,
            counter: Counter::new(division),
            capture,
            cutter: Cutter::new(carrier),
            finish,
            state: State::Flowing,
        }
    }

    /// A piece as the client gets it, and the events in it.
    fn pass(&mut self, piece: Bytes) -> std::io::Result<(Bytes, u32)> {
        let plain = match &mut self.unpack {
            Some(unpack) => unpack.feed(&piece)?,
            None => piece.clone(),
        };
        self.keep(&plain);
        let events = self.counter.feed(&plain);
        let mut out = if self.plain { plain } else { piece };
        for stage in &mut self.stages {
            out = stage(Some(out));
        }
        Ok((out, events))
    }

    /// What is left when the upstream has ended.
    fn pass_end(&mut self) -> std::io::Result<(Bytes, u32)> {
        let plain = self.unpack.take().map_or_else(|| Ok(Bytes::new()), |unpack| unpack.finish())?;
        self.keep(&plain);
        let events = self.counter.feed(&plain) + self.counter.finish();
        let mut out = if self.plain { plain } else { Bytes::new() };
        for stage in &mut self.stages {
            let through = if out.is_empty() { Bytes::new() } else { stage(Some(out)) };
            let held = stage(None);
            out = if through.is_empty() { held } else { [through, held].concat().into() };
        }
        Ok((out, events))
    }

    fn keep(&mut self, plain: &[u8]) {
        if let Some(capture) = &mut self.capture {
            capture.take(plain);
        }
    }

    fn cut(&mut self, reason: &'static str) {
        self.source.upstream = None;
        self.capture = None;
        self.finish.interrupted(reason);
        self.state = State::Cut;
    }

    /// The upstream is done. Gives back the last bytes, unless they have to wait for the recording.
    fn end(&mut self, last: Bytes) -> Option<Bytes> {
        let Some(capture) = self.capture.take() else {
            self.complete();
            return Some(last);
        };
        self.state = State::Recording(tokio::task::spawn_blocking(|| capture.finish()), last);
        None
    }

    /// Before the last bytes are out, so that whoever has read them finds the journal complete.
    fn complete(&mut self) {
        self.finish.complete();
        self.state = State::Over;
    }

    /// Says in the journal what became of the recording; gives back what failed.
    fn recorded(&mut self, outcome: Outcome) -> Option<String> {
        match outcome {
            Outcome::Passed => None,
            Outcome::Recorded(handle) => {
                self.finish.amend(|entry| entry.recorded = Some(handle));
                None
            }
            Outcome::Failed(cause) => {
                self.finish.amend(|entry| entry.error = Some(format!("the answer is not recorded: {cause}")));
                Some(cause)
            }
        }
    }

    /// Where the whole answer is here already, records it before its head leaves; gives back what failed.
    pub(super) async fn record_at_once(&mut self) -> Option<String> {
        if self.unpack.is_some() || !self.stages.is_empty() || !self.source.is_whole() {
            return None;
        }
        let mut capture = self.capture.take()?;
        self.source.waiting.iter().for_each(|piece| capture.take(piece));
        let outcome = tokio::task::spawn_blocking(|| capture.finish()).await.unwrap_or(Outcome::Passed);
        self.recorded(outcome)
    }

    /// The next bytes for the client; none at the end.
    fn poll_out(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        loop {
            let next = ready!(self.source.poll_next(cx));
            let ended = matches!(next, Next::End);
            let passed = match next {
                Next::Piece(piece) => self.pass(piece),
                Next::End => self.pass_end(),
                Next::Broken(reason) => {
                    self.cut(reason);
                    return Poll::Ready(None);
                }
            };
            let Ok((mut out, events)) = passed else {
                self.cut(UPSTREAM_CUT);
                return Poll::Ready(None);
            };
            self.finish.sent(out.len(), events);
            if ended || (self.unpack.is_none() && self.stages.is_empty() && self.source.has_ended(cx)) {
                match self.end(out) {
                    Some(last) => out = last,
                    None => return Poll::Ready(None),
                }
            }
            if !matches!(self.state, State::Flowing) || !out.is_empty() {
                return Poll::Ready((!out.is_empty()).then_some(out));
            }
        }
    }

    fn poll_recording(&mut self, cx: &mut Context<'_>) -> Poll<Bytes> {
        let State::Recording(task, last) = &mut self.state else { return Poll::Ready(Bytes::new()) };
        let outcome = ready!(Pin::new(task).poll(cx)).unwrap_or(Outcome::Passed);
        let last = std::mem::take(last);
        self.recorded(outcome);
        self.complete();
        Poll::Ready(last)
    }
}

/// The client left, or the server stops.
impl Drop for Relayed {
    fn drop(&mut self) {
        if let (Some(capture), Ok(runtime)) = (self.capture.take(), tokio::runtime::Handle::try_current()) {
            runtime.spawn_blocking(|| capture.abandon());
        }
    }
}

impl Source {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Next> {
        loop {
            if let Some(mut piece) = self.waiting.pop_front() {
                if piece.len() > self.most {
                    self.waiting.push_front(piece.split_off(self.most));
                }
                return Poll::Ready(Next::Piece(piece));
            }
            if let Some(reason) = self.broken {
                return Poll::Ready(Next::Broken(reason));
            }
            let Some(upstream) = &mut self.upstream else { return Poll::Ready(Next::End) };
            match Pin::new(upstream).poll_frame(cx) {
                Poll::Ready(frame) => {
                    self.silence = None;
                    match frame {
                        Some(Ok(frame)) => self.waiting.extend(frame.into_data().ok().filter(|data| !data.is_empty())),
                        Some(Err(_)) => return Poll::Ready(Next::Broken(UPSTREAM_CUT)),
                        None => self.upstream = None,
                    }
                }
                Poll::Pending => {
                    let pause = self.pause;
                    let silence = self.silence.get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + pause)));
                    ready!(silence.as_mut().poll(cx));
                    return Poll::Ready(Next::Broken(BODY_TIMEOUT));
                }
            }
        }
    }

    /// Whether all of the body is waiting.
    fn is_whole(&self) -> bool {
        self.upstream.as_ref().is_none_or(Body::is_end_stream)
    }

    /// Whether it is known by now that nothing more comes.
    fn has_ended(&mut self, cx: &mut Context<'_>) -> bool {
        if !self.waiting.is_empty() {
            return false;
        }
        match self.poll_next(cx) {
            Poll::Ready(Next::Piece(piece)) => {
                self.waiting.push_front(piece);
                false
            }
            Poll::Ready(Next::End) => true,
            Poll::Ready(Next::Broken(reason)) => {
                self.broken = Some(reason);
                false
            }
            Poll::Pending => false,
        }
    }
}

impl Body for Relayed {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = &mut *self;
        if matches!(this.state, State::Flowing)
            && let Some(out) = ready!(this.poll_out(cx))
        {
            return Poll::Ready(Some(Ok(Frame::data(out))));
        }
        if matches!(this.state, State::Recording(..)) {
            let last = ready!(this.poll_recording(cx));
            if !last.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(last))));
            }
        }
        match this.state {
            State::Flowing | State::Recording(..) | State::Over => Poll::Ready(None),
            State::Cut => this.cutter.poll_cut(Close::Fin, cx).map(|severed| Some(Err(severed.into()))),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.state, State::Over)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
