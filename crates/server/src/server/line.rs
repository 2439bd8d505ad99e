//! The wire under a connection, with a way to cut it: hyper cannot end a connection without ending the message first,
//! and a handler cannot end it without a byte.
//!
//! A [`Link`] is shared between the wire and the bodies that run over it. A body that must be cut asks for it and goes
//! silent; hyper then writes out what it holds and flushes, and that flush is where the wire ends. So everything sent
//! before the cut reaches the client, however slowly it reads. A paced stream is handed to the pacer in the same way: from the
//! flush on it writes to the wire by itself, until its body takes it back (see `track`).

use std::io;
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::Instant;

use super::alarm::Alarm;
use super::pacer::Pacer;
use super::track::Track;
use crate::engine::Close;

/// Up to so many bytes, what is written in several pieces is joined first.
const SMALL: usize = 8 * 1024;
const OPEN: u8 = 0;
const CUT_FIN: u8 = 1;
const CUT_RST: u8 = 2;

/// What a connection and the requests on it know of each other.
#[derive(Debug)]
pub(super) struct Link {
    cut: AtomicU8,
    /// The socket took no more bytes when it was last written to.
    blocked: AtomicBool,
    in_flight: AtomicUsize,
    opened: Instant,
    /// Nanoseconds from `opened` to the last sign of life.
    alive: AtomicU64,
    /// Nanoseconds from `opened` to the first bytes of a head that is not complete yet, plus 1; 0: there is none.
    head: AtomicU64,
    /// Who plays paced streams; `None`: their bodies do.
    pacer: Option<Arc<Pacer>>,
    /// Whether the client knows no chunks (HTTP/1.0).
    is_old: AtomicBool,
    /// Where they are played.
    wire: OnceLock<Weak<OwnedWriteHalf>>,
    /// Whether a stream waits to be played.
    has_handed: AtomicBool,
    handed: Mutex<Option<Arc<Track>>>,
}

impl Link {
    pub(super) fn new(pacer: Option<Arc<Pacer>>) -> Link {
        Link {
            cut: AtomicU8::new(OPEN),
            blocked: AtomicBool::new(false),
            in_flight: AtomicUsize::new(0),
            opened: Instant::now(),
            alive: AtomicU64::new(0),
            head: AtomicU64::new(0),
            pacer,
            is_old: AtomicBool::new(false),
            wire: OnceLock::new(),
            has_handed: AtomicBool::new(false),
            handed: Mutex::new(None),
        }
    }

    /// The client speaks HTTP/1.0, which knows no chunks.
    pub(super) fn mark_old(&self) {
        self.is_old.store(true, Ordering::Release);
    }

    /// Waits for the moments of a stream that carries itself on.
    pub(super) fn alarm(&self) -> Alarm {
        Alarm::new(self.pacer.clone())
    }

    /// The wire for a stream that is played by the pacer, where there is one.
    pub(super) fn track(&self) -> Option<Weak<OwnedWriteHalf>> {
        self.pacer.as_ref().filter(|_| !self.is_old.load(Ordering::Acquire))?;
        self.wire.get().cloned()
    }

    /// Has the pacer play a stream once all that was written is flushed.
    pub(super) fn hand(&self, track: Arc<Track>) {
        *self.handed.lock().unwrap_or_else(PoisonError::into_inner) = Some(track);
        self.has_handed.store(true, Ordering::Release);
    }

    /// Everything is flushed.
    fn flushed(&self) {
        if !self.has_handed.load(Ordering::Acquire) {
            return;
        }
        self.has_handed.store(false, Ordering::Release);
        let track = self.handed.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((track, pacer)) = track.zip(self.pacer.as_ref()) {
            pacer.start(&track);
        }
    }

    /// A stream is played no longer.
    pub(super) fn take_from_pacer(&self, track: &Arc<Track>) {
        track.give_up();
        *self.handed.lock().unwrap_or_else(PoisonError::into_inner) = None;
        if let Some(pacer) = &self.pacer {
            pacer.forget(track);
        }
    }

    /// Asks for the end of the connection once all that was written is flushed.
    pub(super) fn cut(&self, close: Close) {
        let how = match close {
            Close::Fin => CUT_FIN,
            Close::Rst => CUT_RST,
        };
        self.cut.store(how, Ordering::Release);
    }

    /// Whether the client does not read as fast as it is written to.
    pub(super) fn is_blocked(&self) -> bool {
        self.blocked.load(Ordering::Acquire)
    }

    /// Counts a request until the guard is dropped.
    pub(super) fn request(self: &Arc<Link>) -> InFlight {
        self.in_flight.fetch_add(1, Ordering::AcqRel);
        self.head.store(0, Ordering::Relaxed);
        InFlight { link: self.clone(), ended: None }
    }

    /// The last sign of life: where bytes have just come, when they came.
    pub(super) fn alive_at(&self) -> Instant {
        self.opened + Duration::from_nanos(self.alive.load(Ordering::Relaxed))
    }

    /// When the connection is given up unless something comes: it has been without a request for too long, or, where that is
    /// limited, with a part of its head.
    pub(super) fn over_at(&self, idle: Duration, head: Option<Duration>) -> Instant {
        let idle_at = self.idle_at(idle);
        match self.head.load(Ordering::Relaxed).checked_sub(1).zip(head) {
            Some((since, head)) => idle_at.min(self.opened + Duration::from_nanos(since) + head),
            None => idle_at,
        }
    }

    /// When the connection has been without a request for this long, unless something comes.
    pub(super) fn idle_at(&self, limit: Duration) -> Instant {
        let since = if self.in_flight.load(Ordering::Acquire) > 0 { Instant::now() } else { self.alive_at() };
        since + limit
    }

    /// The socket was written to. A client that takes what it is sent is alive, however long that takes; where it did not have
    /// to be waited for, its request says so.
    fn wrote(&self, written: &Poll<io::Result<usize>>) {
        let is_blocked = written.is_pending();
        if self.is_blocked() != is_blocked {
            self.blocked.store(is_blocked, Ordering::Release);
            self.touch();
        }
    }

    /// Bytes have come. Those that come without a request begin one.
    fn read(&self) {
        let now = self.touch();
        if self.in_flight.load(Ordering::Relaxed) == 0 && self.head.load(Ordering::Relaxed) == 0 {
            self.head.store(now.saturating_add(1), Ordering::Relaxed);
        }
    }

    fn touch(&self) -> u64 {
        self.touch_at(Instant::now())
    }

    fn touch_at(&self, now: Instant) -> u64 {
        let now = u64::try_from(now.saturating_duration_since(self.opened).as_nanos()).unwrap_or(u64::MAX);
        self.alive.store(now, Ordering::Relaxed);
        now
    }
}

/// A request that is being answered.
#[derive(Debug)]
pub(super) struct InFlight {
    link: Arc<Link>,
    /// When it ended, if that is known: asking the clock is not free.
    ended: Option<Instant>,
}

impl InFlight {
    /// It has ended just then.
    pub(super) fn ended(mut self, at: Instant) {
        self.ended = Some(at);
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.link.touch_at(self.ended.unwrap_or_else(Instant::now));
        self.link.in_flight.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A TCP connection that can be cut.
#[derive(Debug)]
pub(super) struct Line {
    reads: TokioIo<OwnedReadHalf>,
    /// Read already, and not by whom it is for.
    unread: Bytes,
    /// `None` once it has ended.
    writes: Option<Arc<OwnedWriteHalf>>,
    link: Arc<Link>,
}

impl Line {
    pub(super) fn new(tcp: TcpStream, link: Arc<Link>) -> Line {
        let (reads, writes) = tcp.into_split();
        let writes = Arc::new(writes);
        // A link has one line.
        let _ = link.wire.set(Arc::downgrade(&writes));
        Line { reads: TokioIo::new(reads), unread: Bytes::new(), writes: Some(writes), link }
    }

    /// Has bytes read again, before what comes.
    pub(super) fn unread(&mut self, bytes: Bytes) {
        self.unread = bytes;
    }

    fn tcp(&self) -> &TcpStream {
        self.reads.inner().as_ref()
    }

    /// Writes once there is room.
    fn poll_room(&self, cx: &mut Context<'_>, write: impl Fn(&TcpStream) -> io::Result<usize>) -> Poll<io::Result<usize>> {
        let Some(writes) = &self.writes else { return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())) };
        let tcp = (**writes).as_ref();
        let written = loop {
            match tcp.poll_write_ready(cx) {
                Poll::Pending => break Poll::Pending,
                Poll::Ready(Err(error)) => break Poll::Ready(Err(error)),
                Poll::Ready(Ok(())) => {}
            }
            match write(tcp) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                written => break Poll::Ready(written),
            }
        };
        self.link.wrote(&written);
        written
    }

    /// Says that nothing more comes.
    fn end(&mut self) -> io::Result<()> {
        if self.writes.is_some() {
            match socket2::SockRef::from(self.tcp()).shutdown(Shutdown::Write) {
                // The client was faster.
                Err(error) if error.kind() == io::ErrorKind::NotConnected => {}
                ended => ended?,
            }
            self.let_go();
        }
        Ok(())
    }

    /// Drops the half that writes without a word to the client.
    fn let_go(&mut self) {
        if let Some(half) = self.writes.take().and_then(Arc::into_inner) {
            half.forget();
        }
    }

    /// Ends the connection. Called after a flush, when nothing that was written is left with us.
    fn sever(&mut self, cut: u8, cx: &mut Context<'_>) -> io::Result<()> {
        if cut == CUT_RST {
            // Without linger the close behind this error resets the connection.
            socket2::SockRef::from(self.tcp()).set_linger(Some(Duration::ZERO))?;
            self.let_go();
        } else {
            self.end()?;
            self.drain(cx);
        }
        Err(io::Error::new(io::ErrorKind::ConnectionAborted, "cut on purpose"))
    }

    /// Takes what the client has sent meanwhile: closing a socket with unread bytes resets it, and a reset can cost the
    /// client what it has not read yet.
    fn drain(&mut self, cx: &mut Context<'_>) {
        let mut scratch = [0_u8; 4096];
        for _ in 0..16 {
            let mut buffer = ReadBuf::new(&mut scratch);
            match Pin::new(&mut self.reads).poll_read(cx, buffer.unfilled()) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {}
                Poll::Ready(_) | Poll::Pending => return,
            }
        }
    }
}

/// Writes few bytes as one piece, which costs the system less than several, by more than the copy; `None`: they are many, or
/// one piece already.
pub(super) fn as_one<T>(pieces: &[io::IoSlice<'_>], write: impl FnOnce(&[u8]) -> T) -> Option<T> {
    if pieces.len() < 2 || pieces.iter().map(|piece| piece.len()).sum::<usize>() > SMALL {
        return None;
    }
    let mut space = [MaybeUninit::<u8>::uninit(); SMALL];
    let mut joined = ReadBuf::uninit(&mut space);
    for piece in pieces {
        joined.unfilled().put_slice(piece);
    }
    Some(write(joined.filled()))
}

impl Read for Line {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, mut buffer: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        if !self.unread.is_empty() {
            let length = self.unread.len().min(buffer.remaining());
            buffer.put_slice(&self.unread.split_to(length));
            self.link.read();
            return Poll::Ready(Ok(()));
        }
        let read = Pin::new(&mut self.reads).poll_read(cx, buffer);
        if read.is_ready() {
            self.link.read();
        }
        read
    }
}

impl Write for Line {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_room(cx, |tcp| tcp.try_write(bytes))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_write_vectored(self: Pin<&mut Self>, cx: &mut Context<'_>, pieces: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        as_one(pieces, |bytes| self.poll_room(cx, |tcp| tcp.try_write(bytes)))
            .unwrap_or_else(|| self.poll_room(cx, |tcp| tcp.try_write_vectored(pieces)))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.link.cut.load(Ordering::Acquire) {
            OPEN => {
                self.link.flushed();
                Poll::Ready(Ok(()))
            }
            cut => Poll::Ready(self.sever(cut, cx)),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_head_is_waited_for_less_long_than_a_request_and_only_where_that_is_limited() {
        let link = Arc::new(Link::new(None));
        let (idle, head) = (Duration::from_secs(75), Duration::from_secs(30));
        assert_eq!(link.over_at(idle, Some(head)), link.opened + idle);
        link.read();
        assert_eq!(link.over_at(idle, Some(head)), link.opened + head);
        assert_eq!(link.over_at(idle, None), link.opened + idle);
        drop(link.request());
        assert_eq!(link.over_at(idle, Some(head)), link.opened + idle);
    }
}
