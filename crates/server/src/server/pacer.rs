//! The server's clock for paced streams: one task for each core that wakes when something is due, and plays all of it.
//!
//! What is due in the same millisecond costs one wake-up of one timer, not one of each stream. The schedule is absolute: an
//! event that was late delays none behind it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::track::Track;
use super::wheel::Wheel;

/// After so many events at once others get their turn.
const AT_ONCE: usize = 32;

/// Plays the streams that were handed to it.
#[derive(Debug)]
pub(super) struct Pacer {
    origin: Instant,
    plan: Mutex<Plan>,
    /// Something is due before the moment that is waited for.
    sooner: Notify,
}

#[derive(Debug)]
struct Plan {
    wheel: Wheel<Arc<Track>>,
    /// What the task waits for; `None`: for anything.
    awaited: Option<Duration>,
}

impl Pacer {
    fn new() -> Pacer {
        let plan = Plan { wheel: Wheel::new(), awaited: None };
        Pacer { origin: Instant::now(), plan: Mutex::new(plan), sooner: Notify::new() }
    }

    /// Takes a stream on.
    pub(super) fn start(&self, track: &Arc<Track>) {
        if let Some(due) = track.due() {
            self.put(due, track);
        }
    }

    /// Forgets a stream.
    pub(super) fn forget(&self, track: &Arc<Track>) {
        self.plan().wheel.take_back(track.key(), |other| Arc::ptr_eq(other, track));
    }

    fn put(&self, due: Instant, track: &Arc<Track>) {
        let mut plan = self.plan();
        let due = due.saturating_duration_since(self.origin);
        let key = plan.wheel.put(due, track.clone());
        track.put_at(key);
        let is_sooner = plan.awaited.is_none_or(|awaited| due < awaited);
        drop(plan);
        if track.is_over() {
            // Its body went meanwhile and did not find it.
            self.forget(track);
        }
        if is_sooner {
            self.sooner.notify_one();
        }
    }

    /// What to wait for.
    fn next(&self) -> Option<Instant> {
        let mut plan = self.plan();
        plan.awaited = plan.wheel.next();
        plan.awaited.map(|due| self.origin + due)
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Plays, without end.
    async fn run(self: Arc<Pacer>) {
        let mut timer = std::pin::pin!(sleep_until(self.origin));
        let (mut due, mut scratch) = (Vec::new(), Vec::new());
        loop {
            let Some(next) = self.next() else {
                self.sooner.notified().await;
                continue;
            };
            timer.as_mut().reset(next);
            tokio::select! {
                biased;
                () = timer.as_mut() => {}
                () = self.sooner.notified() => continue,
            }
            let mut now = Instant::now();
            self.plan().wheel.take_due(now.saturating_duration_since(self.origin), &mut due);
            for (index, (_, track)) in due.drain(..).enumerate() {
                if index % AT_ONCE == AT_ONCE - 1 {
                    tokio::task::yield_now().await;
                    now = Instant::now();
                }
                if let Some(next) = track.play(now, &mut scratch) {
                    self.put(next, &track);
                }
            }
        }
    }
}

/// The pacers of a server; they end with it.
#[derive(Debug)]
pub(super) struct Pacers {
    all: Vec<Arc<Pacer>>,
    next: AtomicUsize,
    _running: JoinSet<()>,
}

impl Pacers {
    /// One for each worker of the runtime.
    pub(super) fn start() -> Pacers {
        let workers = tokio::runtime::Handle::current().metrics().num_workers();
        let all: Vec<_> = std::iter::repeat_with(|| Arc::new(Pacer::new())).take(workers.max(1)).collect();
        let running = all.iter().map(|pacer| pacer.clone().run()).collect();
        Pacers { all, next: AtomicUsize::new(0), _running: running }
    }

    /// The pacer of the next connection.
    pub(super) fn pick(&self) -> Option<Arc<Pacer>> {
        let next = self.next.fetch_add(1, Ordering::Relaxed);
        self.all.get(next % self.all.len().max(1)).cloned()
    }
}
