//! Readers that follow the journal: each gets every entry that ends from now on, through a bounded queue of its own. What
//! a slow reader has no room for is left out, and a line tells it how much; nobody waits for it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::{Entry, Filter};

/// Entries that wait for a reader.
const QUEUE: usize = 256;
/// More readers than this are refused.
const MOST_READERS: usize = 64;

/// Everyone who follows.
#[derive(Debug, Default)]
pub(super) struct Tails {
    open: Mutex<Open>,
    /// Whether there may be a reader, to be asked without a lock.
    is_read: AtomicBool,
}

#[derive(Debug, Default)]
struct Open {
    readers: Vec<Reader>,
    /// The server stops: no reader is taken any more.
    closed: bool,
}

#[derive(Debug)]
struct Reader {
    filter: Filter,
    sender: Sender<Arc<Entry>>,
    left_out: Arc<AtomicU64>,
}

/// What a reader holds.
#[derive(Debug)]
pub(in crate::server) struct Tail {
    receiver: Receiver<Arc<Entry>>,
    left_out: Arc<AtomicU64>,
}

/// The next thing that a reader is told.
#[derive(Debug)]
pub(in crate::server) enum Told {
    Entry(Arc<Entry>),
    /// So many entries were left out before the next one.
    LeftOut(u64),
}

impl Tails {
    /// A new reader; `None` when there are too many, or when the server stops.
    pub(super) fn follow(&self, filter: Filter) -> Option<Tail> {
        let mut open = self.open();
        open.readers.retain(|reader| !reader.sender.is_closed());
        if open.closed || open.readers.len() >= MOST_READERS {
            return None;
        }
        let (sender, receiver) = channel(QUEUE);
        let left_out = Arc::<AtomicU64>::default();
        self.is_read.store(true, Ordering::Release);
        open.readers.push(Reader { filter, sender, left_out: left_out.clone() });
        Some(Tail { receiver, left_out })
    }

    /// Hands an entry out that has ended.
    pub(super) fn tell(&self, entry: &Arc<Entry>) {
        if !self.is_read.load(Ordering::Acquire) {
            return;
        }
        let mut open = self.open();
        open.readers.retain(|reader| {
            if !reader.filter.accepts(entry) {
                return true;
            }
            match reader.sender.try_send(entry.clone()) {
                Ok(()) => true,
                Err(TrySendError::Full(_)) => {
                    reader.left_out.fetch_add(1, Ordering::Relaxed);
                    true
                }
                Err(TrySendError::Closed(_)) => false,
            }
        });
        self.is_read.store(!open.readers.is_empty(), Ordering::Release);
    }

    /// Ends all readers, after what waits for them.
    pub(super) fn close(&self) {
        *self.open() = Open { readers: Vec::new(), closed: true };
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tail {
    /// The next entry, or how many were left out; `None`: there is no more.
    pub(in crate::server) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Told>> {
        let left_out = self.left_out.swap(0, Ordering::Relaxed);
        if left_out > 0 {
            return Poll::Ready(Some(Told::LeftOut(left_out)));
        }
        self.receiver.poll_recv(context).map(|entry| entry.map(Told::Entry))
    }
}
