//! A future beside a busy one: polled when it was woken itself, and not each time its task runs.
//!
//! A connection's task runs several times a request. What it waits for besides (the server's end, its own idleness) comes once
//! in its life, and asking after it each time costs more than what answers the request.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::task::AtomicWaker;

/// Wakes the task, and knows that it did.
#[derive(Debug)]
struct Gate {
    woken: AtomicBool,
    task: AtomicWaker,
}

impl Wake for Gate {
    fn wake(self: Arc<Gate>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Gate>) {
        self.woken.store(true, Ordering::Release);
        self.task.wake();
    }
}

/// A future that is asked only when it has something to say.
#[derive(Debug)]
pub(super) struct Seldom<F> {
    future: Pin<Box<F>>,
    gate: Arc<Gate>,
}

impl<F: Future> Seldom<F> {
    /// Asked once at first.
    pub(super) fn new(future: F) -> Seldom<F> {
        Seldom { future: Box::pin(future), gate: Arc::new(Gate { woken: AtomicBool::new(true), task: AtomicWaker::new() }) }
    }
}

impl<F: Future> Future for Seldom<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        // Before the look at the flag: what wakes it in between wakes the task.
        self.gate.task.register(cx.waker());
        if !self.gate.woken.load(Ordering::Acquire) {
            return Poll::Pending;
        }
        self.gate.woken.store(false, Ordering::Release);
        let waker = Waker::from(self.gate.clone());
        self.future.as_mut().poll(&mut Context::from_waker(&waker))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::time::Duration;

    use super::*;
    use crate::server::transmit::pause;

    /// Counts how often a future is asked.
    struct Counted<'a, F>(Pin<Box<F>>, &'a AtomicUsize);

    impl<F: Future> Future for Counted<'_, F> {
        type Output = F::Output;

        fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
            self.1.fetch_add(1, Ordering::Relaxed);
            self.0.as_mut().poll(cx)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_asked_when_it_begins_and_when_it_is_woken() {
        let asked = AtomicUsize::new(0);
        let mut seldom = Seldom::new(Counted(Box::pin(pause(Duration::from_secs(5))), &asked));
        let busy = async {
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            biased;
            () = busy => unreachable!("it never ends"),
            () = &mut seldom => {}
        }
        assert_eq!(asked.load(Ordering::Relaxed), 2);
    }
}
