//! A paced stream that goes by itself: HTTP/1.1's body between two events.
//!
//! A stream that waits most of the time needs neither its connection's state machine nor a timer of its own for each event. So
//! its body hands the rest of the plan over to a `Track`; once all that was said before is on the wire, the server's pacer
//! writes each event there as a chunk (RFC 9112, section 7.1) when it is due. The body takes the rest back for what ends the
//! message: the last event, or a cut. Meanwhile the connection sends nothing, and goes on listening for the client's leaving.
//!
//! Bytes that the client does not take are the body's business as well: it waits for room, as ever.

use std::io;
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker, ready};

use bytes::{Buf as _, Bytes};
use tokio::net::tcp::OwnedWriteHalf;
use tokio::time::Instant;

use super::finish::Finish;
use super::wheel::Key;
use crate::engine::{Step, Steps};

/// What is late leaves together, up to about this many bytes at a time.
const JOINED_BYTES: usize = 64 * 1024;
/// Room for the length of a chunk: as many digits as a 64-bit number has, and the end of the line.
pub(super) const CHUNK_HEAD: usize = 18;

/// A client that has gone is an error, never a signal.
#[cfg(target_os = "linux")]
const NO_SIGNAL: i32 = libc::MSG_NOSIGNAL;
/// Rust's runtime ignores the signal.
#[cfg(not(target_os = "linux"))]
const NO_SIGNAL: i32 = 0;

/// A plan that is being carried out.
#[derive(Debug)]
pub(super) struct Score {
    pub steps: Steps,
    pub start: Instant,
    pub finish: Finish,
}

/// A stream that was handed over.
#[derive(Debug)]
pub(super) struct Track {
    held: Mutex<Held>,
    wire: Weak<OwnedWriteHalf>,
    /// Where the pacer has put it.
    key: AtomicU64,
    /// Whether the body has gone.
    is_over: AtomicBool,
}

#[derive(Debug)]
struct Held {
    /// `None` while the body has it, and when the body is gone.
    score: Option<Box<Score>>,
    state: State,
    body: Waker,
}

#[derive(Debug)]
enum State {
    /// It is the pacer's.
    Paced,
    /// It is the body's, once these bytes are out.
    Back(Bytes),
    /// The connection is of no use any more.
    Broken(io::ErrorKind),
}

impl Track {
    /// A stream on a wire.
    pub(super) fn new(wire: Weak<OwnedWriteHalf>, score: Box<Score>, body: &Waker) -> Track {
        let held = Held { score: Some(score), state: State::Paced, body: body.clone() };
        Track { held: Mutex::new(held), wire, key: AtomicU64::new(0), is_over: AtomicBool::new(false) }
    }

    /// Gives the rest of the plan to the pacer again.
    pub(super) fn hand_over(&self, score: Box<Score>) {
        let mut held = self.held();
        held.score = Some(score);
        held.state = State::Paced;
    }

    /// When the next event is due; `None`: nothing is to be paced.
    pub(super) fn due(&self) -> Option<Instant> {
        let mut held = self.held();
        let score = held.score.as_mut()?;
        let wait = score.steps.wait(score.start.elapsed());
        Some(wait.map_or(score.start, |due| score.start + due))
    }

    /// Waits for the stream to come back, with all that it has sent on the wire.
    pub(super) fn poll_back(&self, cx: &mut Context<'_>) -> Poll<io::Result<Option<Box<Score>>>> {
        let mut held = self.held();
        let Held { score, state, body } = &mut *held;
        body.clone_from(cx.waker());
        match state {
            State::Paced => Poll::Pending,
            State::Broken(kind) => Poll::Ready(Err((*kind).into())),
            State::Back(rest) => {
                while !rest.is_empty() {
                    let wire = self.wire.upgrade().ok_or(io::ErrorKind::NotConnected)?;
                    let tcp = (*wire).as_ref();
                    ready!(tcp.poll_write_ready(cx))?;
                    match tcp.try_write(rest) {
                        Ok(written) => rest.advance(written),
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                        Err(error) => return Poll::Ready(Err(error)),
                    }
                }
                Poll::Ready(Ok(score.take()))
            }
        }
    }

    /// The body is gone, and with it the answer.
    pub(super) fn give_up(&self) {
        self.is_over.store(true, Ordering::Release);
        // Not under the lock: what ends with it writes to the journal.
        let score = self.held().score.take();
        drop(score);
    }

    /// Whether the body has gone.
    pub(super) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Acquire)
    }

    /// Sends what is due by now, and says when to come again; `None`: no more. `scratch` is room for bytes.
    pub(super) fn play(&self, now: Instant, scratch: &mut Vec<u8>) -> Option<Instant> {
        let mut held = self.held();
        let Held { score, state, body } = &mut *held;
        let Score { steps, start, finish } = &mut **score.as_mut().filter(|_| matches!(state, State::Paced))?;
        scratch.clear();
        let mut skipped = 0;
        let elapsed = now.saturating_duration_since(*start);
        let next = loop {
            if let Some(due) = steps.wait(elapsed) {
                break Some(*start + due);
            }
            if scratch.len() >= JOINED_BYTES || !play_one(steps, finish, scratch, &mut skipped) {
                break None;
            }
        };
        let bytes = scratch.get(skipped..).unwrap_or_default();
        match (self.write(bytes), next) {
            (Ok(written), Some(next)) if written == bytes.len() => return Some(next),
            (Ok(written), _) => *state = State::Back(Bytes::copy_from_slice(bytes.get(written..).unwrap_or_default())),
            (Err(error), _) => *state = State::Broken(error.kind()),
        }
        body.wake_by_ref();
        None
    }

    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        let wire = self.wire.upgrade().ok_or(io::ErrorKind::NotConnected)?;
        // Asked directly: what the runtime knows of the socket's readiness is of use only where there is no room.
        match socket2::SockRef::from((*wire).as_ref()).send_with_flags(bytes, NO_SIGNAL) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
            written => written,
        }
    }

    /// Notes where the pacer has put it.
    pub(super) fn put_at(&self, key: Key) {
        self.key.store(key, Ordering::Release);
    }

    /// Where the pacer has put it.
    pub(super) fn key(&self) -> Key {
        self.key.load(Ordering::Acquire)
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Adds the next step as a chunk; not if it is the body's: the end of the message, and what leaves with it. The first chunk does
/// not fill the room for its length: `skipped` bytes before it are left out.
fn play_one(steps: &mut Steps, finish: &mut Finish, out: &mut Vec<u8>, skipped: &mut usize) -> bool {
    let from = out.len();
    out.extend_from_slice(&[0; CHUNK_HEAD]);
    let start = from + CHUNK_HEAD;
    let Some(events) = steps.tell(out) else {
        out.truncate(from);
        return false;
    };
    let bytes = out.get(start..).unwrap_or_default();
    if steps.is_empty() {
        let bytes = Bytes::copy_from_slice(bytes);
        out.truncate(from);
        steps.push_front(Step::Send { bytes, events });
        return false;
    }
    if let Some((_, frames)) = steps.telling() {
        finish.played(bytes.len(), events, frames);
    } else {
        finish.sent(bytes.len(), events);
        finish.saw_part(bytes);
    }
    if bytes.is_empty() {
        // A chunk without bytes would end the message.
        out.truncate(from);
        return true;
    }
    let mut head = [0; CHUNK_HEAD];
    let head = chunk_head(bytes.len(), &mut head);
    let place = start - head.len();
    if let Some(room) = out.get_mut(place..start) {
        room.copy_from_slice(head);
    }
    if from == 0 {
        *skipped = place;
    } else {
        out.drain(from..place);
    }
    out.extend_from_slice(b"\r\n");
    true
}

/// The line before the bytes of a chunk, as hyper writes it.
pub(super) fn chunk_head(length: usize, room: &mut [u8; CHUNK_HEAD]) -> &[u8] {
    let mut space = room.as_mut_slice();
    // Sixteen digits and two more bytes fill it at most.
    let _ = write!(space, "{length:X}\r\n");
    let used = CHUNK_HEAD - space.len();
    room.get(..used).unwrap_or_default()
}
