//! Answers that leave together. A client that sleeps is woken once for many of them, and waking it costs more than an answer:
//! so an answer that is ready waits until what came in with its request was decided as well, and all that wait go out one behind
//! the other. Nothing waits for the network or a clock. Whether more has come in meanwhile is looked at only where there was
//! time for that: a look costs as much as a tenth of an answer.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

/// What waits on one thread for its first to go on.
#[derive(Default)]
struct Group {
    /// The first waits for whatever the thread has to do.
    is_open: bool,
    /// The others wait for the first.
    others: Vec<Waker>,
}

type Shared = Arc<Mutex<Group>>;

thread_local! {
    static GROUP: Shared = Shared::default();
}

/// How long an answer took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Took {
    /// Hardly anything can have come in.
    #[default]
    Little,
    /// So long that others may have asked.
    Long,
}

/// Waits until all that came in at the same time was decided, and after an answer that took long what came in meanwhile.
pub(super) async fn together(took: Took) {
    if let Some(first) = join().await {
        match took {
            Took::Little => others_first().await,
            Took::Long => tokio::task::yield_now().await,
        }
        drop(first);
    }
}

/// Goes on behind all that can go on now. `yield_now` looks at the network in between.
async fn others_first() {
    let mut has_waited = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut has_waited, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// The first comes back at once, the others when it goes on.
async fn join() -> Option<First> {
    let mut has_joined = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut has_joined, true) {
            return Poll::Ready(None);
        }
        GROUP.with(|shared| {
            let mut group = held(shared);
            if group.is_open {
                group.others.push(cx.waker().clone());
                return Poll::Pending;
            }
            group.is_open = true;
            Poll::Ready(Some(First(Arc::clone(shared))))
        })
    })
    .await
}

/// The first of a group. When it goes on, or its connection ends before, the others go on.
struct First(Shared);

impl Drop for First {
    fn drop(&mut self) {
        let mut others = {
            let mut group = held(&self.0);
            group.is_open = false;
            std::mem::take(&mut group.others)
        };
        // Not while the group is held: with the last waker of a task the task may go, and with it the first of the next group.
        for other in others.drain(..) {
            other.wake();
        }
        let mut group = held(&self.0);
        if group.others.is_empty() {
            // Its memory serves the next.
            group.others = others;
        }
    }
}

fn held(shared: &Shared) -> MutexGuard<'_, Group> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::task::{Context, Wake};

    use tokio::task::{LocalSet, spawn_local};

    use super::*;

    /// What tasks say, in order.
    type Said = Rc<RefCell<Vec<String>>>;

    async fn answers(said: Said, name: u32) {
        said.borrow_mut().push(format!("{name} decided"));
        together(Took::Little).await;
        said.borrow_mut().push(format!("{name} sent"));
    }

    #[tokio::test]
    async fn nothing_is_sent_before_all_is_decided_that_came_in_with_it() {
        let said = Said::default();
        let local = LocalSet::new();
        local
            .run_until(async {
                let tasks: Vec<_> = (0..4).map(|name| spawn_local(answers(Rc::clone(&said), name))).collect();
                for task in tasks {
                    task.await.unwrap();
                }
            })
            .await;
        let said = said.borrow();
        let sent = said.iter().position(|line| line.ends_with("sent")).unwrap();
        assert_eq!((sent, said.len()), (4, 8), "{said:?}");
    }

    #[tokio::test]
    async fn one_by_one_as_well_and_again() {
        for took in [Took::Little, Took::Long, Took::Little] {
            together(took).await;
        }
        let said = Said::default();
        answers(Rc::clone(&said), 0).await;
        assert_eq!(*said.borrow(), ["0 decided", "0 sent"]);
    }

    #[derive(Default)]
    struct Woken(AtomicBool);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    #[test]
    fn where_the_first_goes_away_the_others_go_on() {
        let (mut first, mut other) = (Box::pin(together(Took::Little)), Box::pin(together(Took::Long)));
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        assert!(first.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        assert!(other.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        assert!(!woken.0.load(Ordering::Relaxed));
        drop(first);
        assert!(woken.0.load(Ordering::Relaxed));
        assert!(other.as_mut().poll(&mut Context::from_waker(&waker)).is_ready());
    }
}
