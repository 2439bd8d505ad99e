//! The wire under a connection, with a way to cut it: hyper cannot end a connection without ending the message first,
//! and a handler cannot end it without a byte.
//!
//! A [`Link`] is shared between the wire and the bodies that run over it. A body that must be cut asks for it and goes
//! silent; hyper then writes out what it holds and flushes, and that flush is where the wire ends. So everything sent
//! before the cut reaches the client, however slowly it reads.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::Instant;

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
    /// Milliseconds from `opened` to the last sign of life.
    alive: AtomicU64,
}

impl Link {
    pub(super) fn new() -> Link {
        Link {
            cut: AtomicU8::new(OPEN),
            blocked: AtomicBool::new(false),
            in_flight: AtomicUsize::new(0),
            opened: Instant::now(),
            alive: AtomicU64::new(0),
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
        InFlight(self.clone())
    }

    /// When the connection has been without a request for this long, unless something comes.
    pub(super) fn idle_at(&self, limit: Duration) -> Instant {
        let since = if self.in_flight.load(Ordering::Acquire) > 0 {
            Instant::now()
        } else {
            self.opened + Duration::from_millis(self.alive.load(Ordering::Relaxed))
        };
        since + limit
    }

    /// The socket was written to. A client that takes what it is sent is alive, however long that takes.
    fn wrote(&self, written: &Poll<io::Result<usize>>) {
        self.blocked.store(written.is_pending(), Ordering::Release);
        if written.is_ready() {
            self.touch();
        }
    }

    fn touch(&self) {
        let since = u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.alive.store(since, Ordering::Relaxed);
    }
}

/// A request that is being answered.
#[derive(Debug)]
pub(super) struct InFlight(Arc<Link>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.touch();
        self.0.in_flight.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A TCP connection that can be cut.
#[derive(Debug)]
pub(super) struct Line {
    tcp: TokioIo<TcpStream>,
    link: Arc<Link>,
}

impl Line {
    pub(super) fn new(tcp: TcpStream, link: Arc<Link>) -> Line {
        Line { tcp: TokioIo::new(tcp), link }
    }

    /// Ends the connection. Called after a flush, when nothing that was written is left with us.
    fn sever(&mut self, cut: u8, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if cut == CUT_RST {
            // Without linger the close behind this error resets the connection.
            socket2::SockRef::from(self.tcp.inner()).set_linger(Some(Duration::ZERO))?;
        } else {
            std::task::ready!(Pin::new(&mut self.tcp).poll_shutdown(cx))?;
            self.drain(cx);
        }
        Poll::Ready(Err(io::Error::new(io::ErrorKind::ConnectionAborted, "cut on purpose")))
    }

    /// Takes what the client has sent meanwhile: closing a socket with unread bytes resets it, and a reset can cost the
    /// client what it has not read yet.
    fn drain(&mut self, cx: &mut Context<'_>) {
        let mut scratch = [0_u8; 4096];
        for _ in 0..16 {
            let mut buffer = ReadBuf::new(&mut scratch);
            match Pin::new(&mut self.tcp).poll_read(cx, buffer.unfilled()) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {}
                Poll::Ready(_) | Poll::Pending => return,
            }
        }
    }
}

impl Read for Line {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.tcp).poll_read(cx, buffer);
        if read.is_ready() {
            self.link.touch();
        }
        read
    }
}

impl Write for Line {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.tcp).poll_write(cx, bytes);
        self.link.wrote(&written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, pieces: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let small = pieces.len() > 1 && pieces.iter().map(|piece| piece.len()).sum::<usize>() <= SMALL;
        let written = if small {
            // One piece costs the system less than several, by more than the copy.
            let mut space = [MaybeUninit::<u8>::uninit(); SMALL];
            let mut joined = ReadBuf::uninit(&mut space);
            for piece in pieces {
                joined.unfilled().put_slice(piece);
            }
            Pin::new(&mut self.tcp).poll_write(cx, joined.filled())
        } else {
            Pin::new(&mut self.tcp).poll_write_vectored(cx, pieces)
        };
        self.link.wrote(&written);
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        std::task::ready!(Pin::new(&mut self.tcp).poll_flush(cx))?;
        match self.link.cut.load(Ordering::Acquire) {
            OPEN => Poll::Ready(Ok(())),
            cut => self.sever(cut, cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}
