//! What a running server holds: settings, fixtures, counts, journal, and how it reaches the world.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::auth::ApiKeys;
use super::chaos::ChaosBook;
use super::id::Ids;
use super::jobs::JobBook;
use super::journal::{Journal, JournalLimits};
use super::metrics::Metrics;
use super::recorder::{RecordWhen, Recorder};
use super::shelf::Shelf;
use super::upstream::Upstreams;
use crate::engine::{Changes, ChaosStreams, DEFAULT_TEST_IDS, Editions, ServerPolicy, Sessions};
use crate::fixture::{Chaos, Draft, Fixture, Library, Pace};
use crate::provider::ReasoningModels;
use crate::provider::route::{self, Lookup};
use crate::record::date;
use crate::secrets::{Redacted, Redactor};
use crate::transform::Transforms;

/// Bounds that keep a client from taking all of the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A larger request body gets 413.
    pub body_bytes: usize,
    /// Larger request heads get 431.
    pub header_bytes: usize,
    /// Further connections wait until one ends.
    pub connections: usize,
    /// A connection without a request for this long is closed.
    pub idle: Duration,
    /// A request head must be complete within this time, or half as long again.
    pub header_time: Duration,
    /// A request body must not stand still for longer.
    pub body_pause: Duration,
    /// After the signal to stop, answers under way get this long.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            body_bytes: 100 * 1024 * 1024,
            header_bytes: 64 * 1024,
            connections: 10_000,
            idle: Duration::from_secs(75),
            header_time: Duration::from_secs(30),
            body_pause: Duration::from_secs(30),
            drain: Duration::from_secs(10),
        }
    }
}

/// What becomes of a request that no fixture answers. In strict mode it is always refused.
#[derive(Clone, Debug, Default)]
pub enum OnMiss {
    /// It gets an error.
    #[default]
    Reject,
    /// The provider's upstream answers.
    Proxy(Arc<Upstreams>),
    /// The same, and the answer becomes a fixture.
    Record(Arc<Upstreams>, Arc<Recorder>),
}

impl OnMiss {
    /// The folder of recordings, where there are any to be made.
    pub fn folder(&self) -> Option<&Path> {
        self.recorder().map(|recorder| recorder.settings().folder.as_path())
    }

    /// Whom to ask.
    pub(super) fn upstreams(&self) -> Option<&Arc<Upstreams>> {
        match self {
            OnMiss::Reject => None,
            OnMiss::Proxy(upstreams) | OnMiss::Record(upstreams, _) => Some(upstreams),
        }
    }

    /// Who writes answers down.
    pub(super) fn recorder(&self) -> Option<&Arc<Recorder>> {
        match self {
            OnMiss::Reject | OnMiss::Proxy(_) => None,
            OnMiss::Record(_, recorder) => Some(recorder),
        }
    }

    /// Whether fixtures are not looked at, because everything is recorded anew.
    pub(super) fn replaces_fixtures(&self) -> bool {
        self.recorder().is_some_and(|recorder| recorder.settings().when == RecordWhen::Always)
    }
}

/// The server's own settings, every flag resolved.
#[derive(Clone, Debug)]
pub struct Settings {
    pub policy: ServerPolicy,
    pub on_miss: OnMiss,
    /// How requests are rewritten before they are matched. Fixtures must be loaded under the same list.
    pub transforms: Transforms,
    /// Timing for fixtures that set none.
    pub pace: Pace,
    /// Random faults of every answer, where nobody says otherwise.
    pub chaos: Chaos,
    /// What becomes of streams that a random fault would change.
    pub chaos_streams: ChaosStreams,
    /// Whether `GET /metrics` answers.
    pub metrics: bool,
    /// Decides jitter, ids and chaos: the same seed and requests give the same bytes.
    pub seed: u64,
    /// Empty: anyone may ask.
    pub auth: ApiKeys,
    pub limits: Limits,
    pub journal: JournalLimits,
    pub reasoning: ReasoningModels,
    /// Test ids whose counts are kept; 0 means all.
    pub most_test_ids: usize,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            policy: ServerPolicy::default(),
            on_miss: OnMiss::default(),
            transforms: Transforms::default(),
            pace: Pace::default(),
            chaos: Chaos::default(),
            chaos_streams: ChaosStreams::default(),
            metrics: false,
            seed: 0,
            auth: ApiKeys::default(),
            limits: Limits::default(),
            journal: JournalLimits::default(),
            reasoning: ReasoningModels::default(),
            most_test_ids: DEFAULT_TEST_IDS,
        }
    }
}

/// How loud a line of the log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Each request.
    Debug,
    Info,
    Warning,
    Error,
}

/// Reads the text of a fixture file that came through the control API.
pub type Loader = dyn Fn(&str) -> Result<Vec<Fixture>, Vec<String>> + Send + Sync;
/// Takes lines for people, which hold no credentials.
pub type Log = dyn Fn(Level, &Redacted<String>) + Send + Sync;

/// How a server reaches the world; tests bring their own.
pub struct World {
    pub lookup: for<'a> fn(&str, &'a str) -> Lookup<'a>,
    pub load: Box<Loader>,
    pub log: Box<Log>,
    pub now: fn() -> SystemTime,
    /// Lines below this are not made.
    pub least: Level,
}

impl World {
    /// The codecs of the registry and the system's clock.
    pub fn new(load: Box<Loader>, log: Box<Log>) -> World {
        World { lookup: route::lookup, load, log, now: SystemTime::now, least: Level::Info }
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("World")
    }
}

/// A server without its socket.
#[derive(Debug)]
pub struct App {
    pub(super) settings: Settings,
    pub(super) editions: Editions,
    pub(super) sessions: Sessions,
    pub(super) journal: Journal,
    pub(super) chaos: ChaosBook,
    pub(super) shelf: Shelf,
    pub(super) jobs: JobBook,
    /// Where they are wanted.
    pub(super) metrics: Option<Metrics>,
    pub(super) world: World,
    /// Knows the keys of the upstreams.
    redactor: Arc<Redactor>,
    pub(super) ids: Ids,
    /// Sockets that were opened so far.
    sockets: AtomicU64,
    stopped: AtomicBool,
}

impl App {
    /// A server for these fixtures.
    pub fn new(settings: Settings, library: Library, world: World) -> App {
        use std::hash::BuildHasher;
        let upstreams = settings.on_miss.upstreams();
        let redactor = Arc::new(Redactor::knowing(upstreams.iter().flat_map(|upstreams| upstreams.keys())));
        App {
            journal: Journal::new(settings.journal, redactor.clone()),
            redactor,
            chaos: ChaosBook::default(),
            shelf: Shelf::default(),
            jobs: JobBook::default(),
            metrics: settings.metrics.then(Metrics::new),
            editions: Editions::new(library),
            sessions: Sessions::keeping(settings.most_test_ids),
            ids: Ids::new(std::hash::RandomState::new().hash_one(0_u8)),
            sockets: AtomicU64::new(0),
            stopped: AtomicBool::new(false),
            settings,
            world,
        }
    }

    /// Serves another library from now on, as after a change of files. Counts start again.
    pub fn replace(&self, library: Library) {
        self.editions.replace(library);
    }

    /// Takes recordings out of service that are too old, where old ones are to be made anew.
    pub(super) fn retire_recordings(&self) {
        let Some(recorder) = self.settings.on_miss.recorder() else { return };
        if let RecordWhen::OlderThan(age) = recorder.settings().when {
            let oldest = self.now().saturating_sub(age).as_secs();
            self.editions.retire(|recorded_at| date::seconds(recorded_at).is_some_and(|recorded| recorded < oldest));
        }
    }

    /// Serves what was read anew from the same sources; `read` is given what was loaded from them before. Journal, posted
    /// fixtures and the counts of fixtures that are as before stay.
    pub fn reload(&self, read: impl FnOnce(&Library) -> Draft) -> Changes {
        self.sessions.reload(&self.editions, read)
    }

    /// Seeds the ids of a WebSocket's session: the same for the same seed and as many sockets before.
    pub(super) fn socket_seed(&self) -> u64 {
        let count = self.sockets.fetch_add(1, Ordering::Relaxed);
        rapidhash::v3::rapidhash_v3(&[self.settings.seed.to_le_bytes(), count.to_le_bytes()].concat())
    }

    /// The time since the Unix epoch.
    pub(super) fn now(&self) -> Duration {
        (self.world.now)().duration_since(UNIX_EPOCH).unwrap_or_default()
    }

    /// Says something to people, without the credentials in it.
    pub fn log(&self, level: Level, line: &str) {
        if self.hears(level) {
            (self.world.log)(level, &self.redactor.text(line));
        }
    }

    /// Whether lines of this level are wanted.
    pub(super) fn hears(&self, level: Level) -> bool {
        level >= self.world.least
    }

    /// Removes the keys of the upstreams, and whatever has the form of a key.
    pub(super) fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// From now on, answers that end early were stopped by the server.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }
}
