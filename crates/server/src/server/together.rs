//! Answers that leave together. A client that sleeps is woken once for many of them, and waking it costs more than an answer:
//! so an answer that is ready waits until what has come in meanwhile was decided as well, and all that wait go out one behind
//! the other. Nothing waits for the network or a clock.

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

/// Waits until all that came in meanwhile was decided.
pub(super) async fn together() {
    if let Some(first) = join().await {
        tokio::task::yield_now().await;
        drop(first);
    }
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

    use tokio::task::{LocalSet, spawn_local, yield_now};

    use super::*;

    /// What tasks say, in order.
    type Said = Rc<RefCell<Vec<String>>>;

    async fn answers(said: Said, name: u32) {
        said.borrow_mut().push(format!("{name} decided"));
        together().await;
        said.borrow_mut().push(format!("{name} sent"));
    }

    #[tokio::test]
    async fn nothing_is_sent_before_all_is_decided_that_came_in_meanwhile() {
        let said = Said::default();
        let local = LocalSet::new();
        local
            .run_until(async {
                let mut tasks: Vec<_> = (0..3).map(|name| spawn_local(answers(Rc::clone(&said), name))).collect();
                let late = Rc::clone(&said);
                tasks.push(spawn_local(async move {
                    // It comes in while the first waits.
                    let begun = spawn_local(answers(late, 3));
                    begun.await.unwrap();
                }));
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
        for _ in 0..3 {
            together().await;
        }
        let said = Said::default();
        answers(Rc::clone(&said), 0).await;
        assert_eq!(*said.borrow(), ["0 decided", "0 sent"]);
    }

    #[tokio::test]
    async fn where_the_first_goes_away_the_others_go_on() {
        let local = LocalSet::new();
        local
            .run_until(async {
                let first = spawn_local(together());
                let other = spawn_local(together());
                // Both have begun, and the first has not gone on.
                while held(&GROUP.with(Arc::clone)).others.is_empty() {
                    yield_now().await;
                }
                first.abort();
                other.await.unwrap();
            })
            .await;
    }
}
