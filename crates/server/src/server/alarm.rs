//! Waiting for the moments of a stream that carries itself on: over HTTP/2, HTTP/1.0 and a WebSocket, and before the first
//! byte of any.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;
use tokio::time::{Instant, Sleep, sleep_until};

use super::pacer::Pacer;
use super::wheel::Key;

/// What the pacer rings.
#[derive(Debug, Default)]
pub(super) struct Bell(AtomicWaker);

impl Bell {
    pub(super) fn ring(&self) {
        self.0.wake();
    }
}

/// Waits for one moment after the other.
#[derive(Debug)]
pub(super) enum Alarm {
    /// With all other streams of a core.
    Paced { pacer: Arc<Pacer>, bell: Arc<Bell>, set: Option<(Instant, Key)> },
    /// Where nobody paces: with a timer of its own.
    Alone(Option<Pin<Box<Sleep>>>),
}

impl Alarm {
    pub(super) fn new(pacer: Option<Arc<Pacer>>) -> Alarm {
        match pacer {
            Some(pacer) => Alarm::Paced { pacer, bell: Arc::default(), set: None },
            None => Alarm::Alone(None),
        }
    }

    /// Waits for a moment; not at all where it has passed.
    pub(super) async fn until(&mut self, at: Instant) {
        poll_fn(|cx| self.poll_until(at, cx)).await;
    }

    /// The same for whoever polls.
    pub(super) fn poll_until(&mut self, at: Instant, cx: &mut Context<'_>) -> Poll<()> {
        if Instant::now() >= at {
            return Poll::Ready(());
        }
        match self {
            Alarm::Paced { pacer, bell, set } => {
                bell.0.register(cx.waker());
                if set.is_none_or(|(known, _)| known != at) {
                    if let Some((_, key)) = set.take() {
                        pacer.silence(key, bell);
                    }
                    *set = Some((at, pacer.ring(at, bell)));
                }
                // It may have rung before anybody listened.
                if Instant::now() >= at { Poll::Ready(()) } else { Poll::Pending }
            }
            Alarm::Alone(timer) => {
                let timer = timer.get_or_insert_with(|| Box::pin(sleep_until(at)));
                if timer.deadline() != at {
                    timer.as_mut().reset(at);
                }
                timer.as_mut().poll(cx)
            }
        }
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        if let Alarm::Paced { pacer, bell, set: Some((_, key)) } = self {
            pacer.silence(*key, bell);
        }
    }
}
