//! Where the bytes of a relayed answer come from: the upstream's connection, asked only when somebody wants more.

use std::collections::VecDeque;
use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::Body as _;
use tokio::time::{Instant, Sleep, sleep_until};

use super::super::finish::{BODY_TIMEOUT, UPSTREAM_CUT};
use super::super::upstream::Inflow;

/// The body of an upstream's answer. Dropped before its end, it closes the connection.
pub(super) struct Source {
    upstream: Option<Inflow>,
    waiting: VecDeque<Bytes>,
    /// The most that is handed out at once.
    most: usize,
    /// The longest silence.
    pause: Duration,
    /// Runs while nothing comes.
    silence: Option<Pin<Box<Sleep>>>,
    /// It ended as it should not; told once all that came before is handed out.
    broken: Option<&'static str>,
}

/// What the source has next.
pub(super) enum Next {
    Piece(Bytes),
    End,
    /// It ended as it should not; why.
    Broken(&'static str),
}

impl Source {
    pub(super) fn new(first: Option<Bytes>, rest: Inflow, most: usize, pause: Duration) -> Source {
        Source { upstream: Some(rest), waiting: first.into_iter().collect(), most, pause, silence: None, broken: None }
    }

    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Next> {
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

    /// What is here of a body that is here as a whole; `None` where more may come.
    pub(super) fn whole(&self) -> Option<impl Iterator<Item = &Bytes>> {
        self.upstream.as_ref().is_none_or(Inflow::is_end_stream).then(|| self.waiting.iter())
    }

    /// Whether it is known by now that nothing more comes.
    pub(super) fn has_ended(&mut self, cx: &mut Context<'_>) -> bool {
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

    /// Closes the connection.
    pub(super) fn close(&mut self) {
        drop(self.taken());
    }

    /// Hands over what is to come; nothing is left here.
    pub(super) fn taken(&mut self) -> Source {
        let rest = Source { upstream: None, waiting: VecDeque::new(), most: self.most, pause: self.pause, silence: None, broken: None };
        std::mem::replace(self, rest)
    }
}
