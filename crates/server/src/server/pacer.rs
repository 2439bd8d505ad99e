//! The server's clock for paced streams: one task for each core that wakes when something is due, and sees to all of it: it
//! plays the streams that were handed over, and rings for those that carry themselves on.
//!
//! What is due in the same millisecond costs one wake-up of one timer, not one of each stream. The schedule is absolute: an
//! event that was late delays none behind it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::alarm::Bell;
use super::track::Track;
use super::wheel::{Key, Wheel};

/// After so many events at once others get their turn.
const AT_ONCE: usize = 32;

/// Plays the streams that were handed to it, and rings bells.
#[derive(Debug)]
pub(super) struct Pacer {
    origin: Instant,
    plan: Mutex<Plan>,
    /// Something is due before the moment that is waited for.
    sooner: Notify,
}

#[derive(Debug)]
struct Plan {
    wheel: Wheel<Turn>,
    /// What the task waits for; `None`: for anything.
    awaited: Option<Duration>,
}

/// What is done when it is due.
#[derive(Debug)]
enum Turn {
    Play(Arc<Track>),
    Ring(Arc<Bell>),
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
        self.plan().wheel.take_back(track.key(), |turn| matches!(turn, Turn::Play(other) if Arc::ptr_eq(other, track)));
    }

    /// Rings a bell at a moment.
    pub(super) fn ring(&self, at: Instant, bell: &Arc<Bell>) -> Key {
        let (mut plan, due) = (self.plan(), self.due(at));
        let key = plan.wheel.put(due, Turn::Ring(bell.clone()));
        self.wake_for(due, plan);
        key
    }

    /// Does not ring a bell that was to be rung.
    pub(super) fn silence(&self, key: Key, bell: &Arc<Bell>) {
        self.plan().wheel.take_back(key, |turn| matches!(turn, Turn::Ring(other) if Arc::ptr_eq(other, bell)));
    }

    fn put(&self, at: Instant, track: &Arc<Track>) {
        let (mut plan, due) = (self.plan(), self.due(at));
        let key = plan.wheel.put(due, Turn::Play(track.clone()));
        track.put_at(key);
        self.wake_for(due, plan);
        if track.is_over() {
            // Its body went meanwhile and did not find it.
            self.forget(track);
        }
    }

    fn due(&self, at: Instant) -> Duration {
        at.saturating_duration_since(self.origin)
    }

    /// Sees to it that the task does not sleep longer than this.
    fn wake_for(&self, due: Duration, plan: MutexGuard<'_, Plan>) {
        let is_sooner = plan.awaited.is_none_or(|awaited| due < awaited);
        drop(plan);
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
            self.plan().wheel.take_due(self.due(now), &mut due);
            for (index, (_, turn)) in due.drain(..).enumerate() {
                if index % AT_ONCE == AT_ONCE - 1 {
                    tokio::task::yield_now().await;
                    now = Instant::now();
                }
                match turn {
                    Turn::Ring(bell) => bell.ring(),
                    Turn::Play(track) => {
                        if let Some(next) = track.play(now, &mut scratch) {
                            self.put(next, &track);
                        }
                    }
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::{Instant, timeout};

    use super::Pacers;
    use crate::server::alarm::Alarm;

    #[tokio::test(start_paused = true)]
    async fn alarms_ring_at_their_time_one_after_the_other() {
        let pacers = Pacers::start();
        let start = Instant::now();
        let waiting = (0..200_u64).map(|number| {
            let mut alarm = Alarm::new(pacers.pick());
            tokio::spawn(async move {
                // The second moment may be before the first, and has passed then.
                for millis in [number * 7 % 50, number * 13 % 2000] {
                    let at = start + Duration::from_millis(millis);
                    let due = at.max(Instant::now());
                    alarm.until(at).await;
                    assert!((due..due + Duration::from_millis(3)).contains(&Instant::now()), "due {:?}", due - start);
                }
            })
        });
        for waiting in waiting.collect::<Vec<_>>() {
            timeout(Duration::from_secs(10), waiting).await.unwrap().unwrap();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_alarm_that_nobody_waits_for_any_more_is_forgotten() {
        let pacers = Pacers::start();
        let pacer = pacers.pick().unwrap();
        let mut alarm = Alarm::new(Some(pacer.clone()));
        let far = Instant::now() + Duration::from_secs(3600);
        timeout(Duration::from_millis(5), alarm.until(far)).await.unwrap_err();
        timeout(Duration::from_millis(5), alarm.until(far + Duration::from_secs(1))).await.unwrap_err();
        assert_eq!(pacer.plan().wheel.next(), Some(Duration::from_secs(3601)), "one moment at a time");
        drop(alarm);
        assert_eq!(pacer.plan().wheel.next(), None);
    }
}
