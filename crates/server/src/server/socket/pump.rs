//! Two sockets that are read and written at once: what one says is taken only when the other has room, so that neither side
//! can fill the memory, and none of them waits for the other to read.

use std::future::poll_fn;
use std::task::{Context, Poll};

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::error::Error;

use super::super::upstream::Socket;

/// What comes from a socket; `None` where it is closed.
pub(super) type Said = Option<Result<Message, Error>>;

/// Who spoke.
#[derive(Debug)]
pub(super) enum Event {
    Client(Said),
    Upstream(Said),
}

/// The upstream's end of a conversation.
pub(super) struct Far {
    pub(super) socket: Box<Socket>,
    /// When it spoke last, or was asked something.
    pub(super) heard: Instant,
    /// Since when the client takes nothing.
    pub(super) blocked: Option<Instant>,
}

impl Far {
    pub(super) fn new(socket: Box<Socket>) -> Far {
        Far { socket, heard: Instant::now(), blocked: None }
    }

    /// Hands a message over; it leaves while the conversation goes on. A broken socket shows when it is read.
    pub(super) fn tell(&mut self, message: Message) {
        let _ = self.socket.start_send_unpin(message);
    }

    /// What is said next; the client is listened to only where `listens`.
    pub(super) async fn next(&mut self, client: &mut Socket, listens: bool) -> Event {
        poll_fn(|cx| self.poll(client, listens, cx)).await
    }

    fn poll(&mut self, client: &mut Socket, listens: bool, cx: &mut Context<'_>) -> Poll<Event> {
        let takes = match leaves(client, cx) {
            Ok(takes) => takes,
            Err(error) => return Poll::Ready(Event::Client(Some(Err(error)))),
        };
        let far_takes = match leaves(&mut self.socket, cx) {
            Ok(takes) => takes,
            Err(error) => return Poll::Ready(Event::Upstream(Some(Err(error)))),
        };
        if takes {
            self.blocked = None;
        } else {
            self.blocked.get_or_insert_with(Instant::now);
        }
        if listens
            && far_takes
            && let Poll::Ready(said) = client.poll_next_unpin(cx)
        {
            return Poll::Ready(Event::Client(said));
        }
        if takes && let Poll::Ready(said) = self.socket.poll_next_unpin(cx) {
            return Poll::Ready(Event::Upstream(said));
        }
        Poll::Pending
    }
}

/// Sends what waits; whether there is room for more.
fn leaves(socket: &mut Socket, cx: &mut Context<'_>) -> Result<bool, Error> {
    let ready = match socket.poll_ready_unpin(cx) {
        Poll::Pending => return Ok(false),
        Poll::Ready(ready) => ready,
    };
    let flushed = match ready {
        Ok(()) => match socket.poll_flush_unpin(cx) {
            Poll::Pending => Ok(()),
            Poll::Ready(flushed) => flushed,
        },
        failed => failed,
    };
    match flushed {
        // Reading tells how it was closed.
        Ok(()) | Err(Error::ConnectionClosed | Error::AlreadyClosed) => Ok(true),
        Err(error) => Err(error),
    }
}
