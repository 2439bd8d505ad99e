//! The fast path of HTTP/1.1: plain requests from the socket through the pipeline and back, without hyper between.
//!
//! Most requests are small and plain, and most answers are there at once and of one piece (see `plain`). Those are read from a
//! buffer of the thread and written as one piece: a connection that waits keeps no buffer. The first thing that is not so goes
//! to hyper with the whole connection: a request with what was read of it, an answer that takes time with its request.

use std::cell::RefCell;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use hyper::rt::{Read as _, ReadBuf, Write as _};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::app::App;
use super::line::{Line, Link};
use super::listen::{Stage, Turn, header_bytes, request_id, turn};
use super::pipeline::{self, Arrived, When};
use super::plain::{self, Bounds, Framed, Look, MOST_FIELDS, Plain};
use super::seldom::Seldom;
use super::together::{Took, together};
use super::transmit::{Carrier, Sending};
use super::{control, head};
use crate::engine::{FieldValue, write_fields};
use crate::exchange::{Headers, RawRequest};

/// Bytes that are read at once.
const READ: usize = 64 * 1024;
/// Bytes of a body that is waited for here. Larger ones are hyper's, which reads them without a copy.
const LARGEST_BODY: usize = 64 * 1024;
/// Bytes of a stream that is written as one chunk, which is as much as leaves together anywhere.
const LARGEST_STREAM: usize = 64 * 1024;
/// Answers leave together up to so many bytes, and bodies up to so many are copied behind their heads.
const TOGETHER: usize = 8 * 1024;
/// How long the rest of a request is waited for. Slower clients are hyper's: it has the limits for them.
const PATIENCE: Duration = Duration::from_millis(100);

/// Room for the head of an answer, which grows if need be.
const HEAD: usize = 1024;

thread_local! {
    static SCRATCH: RefCell<Vec<MaybeUninit<u8>>> = const { RefCell::new(Vec::new()) };
}

/// What is left to hyper.
#[derive(Default)]
pub(super) struct Rest {
    /// Read, but not answered.
    pub bytes: Bytes,
    /// What the first request in them is answered with, if that is decided.
    pub decided: Option<Box<Decided>>,
    /// Whether it is a request with a large body.
    pub is_large: bool,
}

/// A request that was taken in, with an answer that takes time.
pub(super) struct Decided {
    pub sending: Sending,
    pub request_id: FieldValue,
}

/// Serves plain requests; `None`: the connection has ended.
pub(super) async fn serve(wire: &mut Line, app: &Arc<App>, link: &Arc<Link>, stage: &watch::Receiver<Stage>) -> Option<Rest> {
    let limits = &app.settings.limits;
    let mut path = FastPath::new(app, link);
    let mut seen = stage.clone();
    let mut outside = Seldom::new(turn(&mut seen, link, limits.idle, Some(limits.header_time)));
    // Until when the rest of a request is waited for.
    let mut patience = None;
    loop {
        let is_amid = !path.held.is_empty();
        let until = is_amid.then(|| *patience.get_or_insert_with(|| Instant::now() + PATIENCE.min(limits.body_pause)));
        let come = std::future::poll_fn(|cx| match path.poll(wire, cx) {
            Poll::Pending => Pin::new(&mut outside).poll(cx).map(Come::Turn),
            next @ Poll::Ready(_) => next.map(Come::Next),
        });
        let come = match until {
            Some(until) => timeout_at(until, come).await.ok(),
            None => Some(come.await),
        };
        let (decided, is_large) = match come {
            Some(Come::Next(Next::More)) => continue,
            Some(Come::Next(Next::Answered)) => {
                path.send(wire, stage).await?;
                patience = None;
                continue;
            }
            Some(Come::Next(Next::Last)) => {
                path.send(wire, stage).await?;
                let _ = std::future::poll_fn(|cx| Pin::new(&mut *wire).poll_shutdown(cx)).await;
                return None;
            }
            Some(Come::Next(Next::Foreign(decided))) => (decided, false),
            Some(Come::Next(Next::Large)) => (None, true),
            Some(Come::Turn(Turn::Drain)) | None if is_amid => (None, false),
            Some(Come::Next(Next::Over) | Come::Turn(_)) | None => return None,
        };
        path.send(wire, stage).await?;
        return Some(Rest { bytes: path.held.into(), decided, is_large });
    }
}

/// What a connection waits for.
enum Come {
    Next(Next),
    Turn(Turn),
}

/// What became of bytes that came.
enum Next {
    /// They are not a whole request yet.
    More,
    /// Answers wait to be sent.
    Answered,
    /// The same, and with them the connection ends.
    Last,
    /// What is held is not for us.
    Foreign(Option<Box<Decided>>),
    /// The same, as its body is too large.
    Large,
    /// The connection has ended.
    Over,
}

struct FastPath<'a> {
    app: &'a Arc<App>,
    link: &'a Arc<Link>,
    bounds: Bounds,
    /// What has come and is not answered.
    held: Vec<u8>,
    /// Whether there may be whole requests in it.
    is_behind: bool,
    /// Answers, of which so many bytes are sent.
    out: Vec<u8>,
    sent: usize,
    /// The body of the last one where it is large.
    body: Bytes,
    /// How long they took.
    took: Took,
}

impl<'a> FastPath<'a> {
    fn new(app: &'a Arc<App>, link: &'a Arc<Link>) -> FastPath<'a> {
        let limits = &app.settings.limits;
        let bounds = Bounds { head: header_bytes(limits), body: limits.body_bytes.min(LARGEST_BODY) };
        let (held, out, body) = (Vec::new(), Vec::new(), Bytes::new());
        FastPath { app, link, bounds, held, is_behind: false, out, sent: 0, body, took: Took::Little }
    }

    /// Reads what has come and answers what is whole of it.
    fn poll(&mut self, line: &mut Line, cx: &mut Context<'_>) -> Poll<Next> {
        if std::mem::take(&mut self.is_behind) {
            return Poll::Ready(self.take_held());
        }
        SCRATCH.with_borrow_mut(|scratch| {
            scratch.resize_with(READ, MaybeUninit::uninit);
            let mut buffer = ReadBuf::uninit(scratch);
            let read = ready!(Pin::new(line).poll_read(cx, buffer.unfilled()));
            let come = buffer.filled();
            if read.is_err() || come.is_empty() {
                return Poll::Ready(if read.is_err() || self.held.is_empty() { Next::Over } else { Next::Foreign(None) });
            }
            if !self.held.is_empty() {
                self.held.extend_from_slice(come);
                return Poll::Ready(self.take_held());
            }
            let (used, next) = self.take(come);
            self.held.extend_from_slice(come.get(used..).unwrap_or_default());
            Poll::Ready(next)
        })
    }

    fn take_held(&mut self) -> Next {
        let mut held = std::mem::take(&mut self.held);
        let (used, next) = self.take(&held);
        held.drain(..used);
        if !held.is_empty() {
            self.held = held;
        }
        next
    }

    /// Answers the requests at the beginning of what has come. Returns of how many bytes they were.
    fn take(&mut self, come: &[u8]) -> (usize, Next) {
        let mut used = 0;
        let next = loop {
            let rest = come.get(used..).unwrap_or_default();
            if rest.is_empty() {
                break Next::Answered;
            }
            let mut room = [const { MaybeUninit::uninit() }; MOST_FIELDS];
            match plain::look(rest, &mut room, self.bounds) {
                Look::More if used == 0 => break Next::More,
                Look::More => break Next::Answered,
                Look::Plain(request) if control::is_pipelines(request.path()) => {
                    if let Some(decided) = self.answer(&request) {
                        break Next::Foreign(Some(Box::new(decided)));
                    }
                    used += request.length;
                    if request.is_last {
                        break Next::Last;
                    }
                    if self.out.len() >= TOGETHER || !self.body.is_empty() {
                        self.is_behind = used < come.len();
                        break Next::Answered;
                    }
                }
                Look::Large => break Next::Large,
                Look::Plain(_) | Look::Other => break Next::Foreign(None),
            }
        };
        (used, next)
    }

    /// Answers a request, unless that takes time or more than one piece.
    fn answer(&mut self, request: &Plain<'_, '_>) -> Option<Decided> {
        let fields = || request.fields.iter().map(|field| (field.name, field.value));
        let raw = RawRequest::new(request.method, request.target, Headers::of_bytes(fields, 1), Bytes::new());
        let request_id: FieldValue = request_id(self.app, request.request_id).into();
        // Its bytes are the last sign of life.
        let when = When { started: self.link.alive_at(), arrived: self.app.now() };
        let carrier = Carrier::new(self.link.clone(), false);
        let arrived = Arrived::new(self.app.clone(), carrier, (request_id.clone(), when), raw);
        let sending = arrived.decided(Ok(Bytes::copy_from_slice(request.body)), pipeline::by_all_means);
        let whole = match sending {
            Sending::Whole(whole) if !(whole.streamed && whole.body.len() > LARGEST_STREAM) => whole,
            sending => return Some(Decided { sending, request_id }),
        };
        let is_copied = whole.streamed || whole.body.len() <= TOGETHER;
        self.out.reserve(HEAD + if is_copied { whole.body.len() } else { 0 });
        let length = (!whole.streamed).then_some(whole.body.len());
        let framed = Framed { status: head::status(whole.status), length, is_last: request.is_last, date: when.arrived };
        let is_plain = plain::write_head(framed, &mut self.out, |out| {
            whole.fields.write(out) || {
                let mut fields = head::put_together(whole.fields.clone());
                head::finish(&mut fields, &request_id);
                write_fields(&fields, out)
            }
        });
        if !is_plain {
            return Some(Decided { sending: Sending::Whole(whole), request_id });
        }
        if !framed.status.is_success() {
            // What came nearest to a request takes as long to find as two answers.
            self.took = Took::Long;
        }
        match (whole.streamed, is_copied) {
            (true, _) => plain::write_chunk(&whole.body, &mut self.out),
            (false, true) => self.out.extend_from_slice(&whole.body),
            (false, false) => self.body = whole.body,
        }
        None
    }

    /// Sends what was answered; `None`: the connection has ended.
    async fn send(&mut self, line: &mut Line, stage: &watch::Receiver<Stage>) -> Option<()> {
        if self.out.is_empty() {
            return Some(());
        }
        together(std::mem::take(&mut self.took)).await;
        let mut outside = None;
        let sent = std::future::poll_fn(|cx| match self.poll_send(line, cx) {
            Poll::Pending => {
                let outside = outside.get_or_insert_with(|| Seldom::new(over(stage.clone(), self.link, self.app.settings.limits.idle)));
                Pin::new(outside).poll(cx).map(|()| None)
            }
            sent @ Poll::Ready(_) => sent.map(Result::ok),
        })
        .await;
        (self.out, self.sent) = (Vec::new(), 0);
        sent
    }

    fn poll_send(&mut self, line: &mut Line, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let rest = self.out.get(self.sent..).unwrap_or_default();
            let pieces = [io::IoSlice::new(rest), io::IoSlice::new(&self.body)];
            let line = Pin::new(&mut *line);
            let written = match (rest.is_empty(), self.body.is_empty()) {
                (true, true) => return Poll::Ready(Ok(())),
                (false, true) => ready!(line.poll_write(cx, rest))?,
                (true, false) => ready!(line.poll_write(cx, &self.body))?,
                (false, false) => ready!(line.poll_write_vectored(cx, &pieces))?,
            };
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            let of_out = written.min(rest.len());
            self.sent += of_out;
            self.body.advance(written - of_out);
        }
    }
}

/// Waits until a connection that finishes what it has begun is given up.
async fn over(mut stage: watch::Receiver<Stage>, link: &Link, idle: Duration) {
    while turn(&mut stage, link, idle, None).await == Turn::Drain {}
}
