//! Recording: a captured answer becomes an entry of a fixture file and, at once, a fixture that is served.
//!
//! Whatever goes wrong here never reaches the client: its answer is relayed, the log names each cause once, and the
//! journal's entry says what became of the recording.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

use super::App;
use super::app::Level;
use super::credential::{KEY_HEADERS, bare};
use super::jobs::{Elsewhere, Settled};
use super::relay::Stamped;
use super::shelves::{Refused, Shelves};
use crate::engine::{DEFAULT_TEST_ID, is_credential};
use crate::exchange::{Captured, Exchange};
use crate::files;
use crate::fixture::Fixture;
use crate::provider::Provider;
use crate::record::{self, Form, NameBy, Naming, OnEqual, Recording};
use crate::secrets::{Redacted, Redactor};

/// When an upstream is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RecordWhen {
    /// When no fixture answers.
    #[default]
    Missing,
    /// Always; a recording of the same `match` is replaced.
    Always,
    /// When no fixture answers, or only recordings of at least this age.
    OlderThan(Duration),
}

/// How answers are recorded.
#[derive(Clone, Debug)]
pub struct RecordSettings {
    /// Where the files go.
    pub folder: PathBuf,
    pub when: RecordWhen,
    pub name_by: NameBy,
    /// Keep the bytes as they came, in place of what they say.
    pub exact: bool,
    /// Record answers that say more about the moment than about the request: 408, 409, 429 and 5xx.
    pub errors: bool,
    /// A recording is for the model as the request names it, with its date.
    pub full_model: bool,
    /// Longer answers are relayed and not recorded, in bytes of their plain body.
    pub most_bytes: usize,
    /// The same for the pieces in which they come.
    pub most_pieces: usize,
}

impl RecordSettings {
    /// Recordings of what is missing, in this folder; 64 MiB and 5,000,000 pieces at most.
    pub fn new(folder: impl Into<PathBuf>) -> RecordSettings {
        RecordSettings {
            folder: folder.into(),
            when: RecordWhen::default(),
            name_by: NameBy::default(),
            exact: false,
            errors: false,
            full_model: false,
            most_bytes: 64 << 20,
            most_pieces: 5_000_000,
        }
    }
}

/// Writes answers down.
#[derive(Debug)]
pub struct Recorder {
    settings: RecordSettings,
    shelves: Shelves,
    /// Causes that the log has named.
    told: Mutex<HashSet<String>>,
    /// Why recordings could not be written since the last that could, and how many.
    failing: Mutex<(HashSet<String>, usize)>,
}

/// What an answer is of what is recorded.
#[derive(Debug)]
pub(super) enum Part {
    Whole,
    /// The end of the job of this id.
    Settles(String),
    /// The bytes of a job whose end is recorded already.
    Content(Settled),
}

/// An answer that came to its end.
pub(super) struct Answered {
    pub app: Arc<App>,
    pub exchange: Exchange,
    pub stamped: Stamped,
    pub part: Part,
    pub codec: Option<&'static dyn Provider>,
    /// As `match.provider` names it.
    pub provider: String,
    pub test_id: String,
    pub request_id: String,
    pub captured: Captured,
    /// See [`record::Arrivals`].
    pub arrivals: Vec<(Duration, usize)>,
}

impl Answered {
    /// Whether all of it was there, by what it says.
    pub(super) fn is_complete(&self) -> bool {
        self.codec.is_some_and(|codec| codec.collapse(&self.exchange.request, &self.captured).is_ok())
    }

    /// The job of which it tells and which is not done: its end is what is recorded.
    fn unfinished(&self) -> Option<String> {
        let jobs = self.codec?.jobs().filter(|_| self.captured.status < 400)?;
        jobs.unfinished(&self.captured)
    }
}

/// What became of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The handle of the fixture.
    Recorded(String),
    /// It is not recorded, and that is as it should be.
    Passed,
    /// Why there is no file, for people.
    Failed(String),
}

impl Recorder {
    pub fn new(settings: RecordSettings) -> Recorder {
        Recorder { settings, shelves: Shelves::default(), told: Mutex::default(), failing: Mutex::default() }
    }

    pub(super) fn settings(&self) -> &RecordSettings {
        &self.settings
    }

    /// Says why answers are not recorded: each cause once, as it concerns all that follow.
    pub(super) fn complain(&self, app: &App, level: Level, cause: &str) {
        if self.told.lock().unwrap_or_else(PoisonError::into_inner).insert(cause.to_owned()) {
            app.log(level, cause);
        }
    }

    /// Records an answer. Waits for the disk.
    pub(super) fn record(self: &Arc<Self>, answered: &Answered) -> Outcome {
        let app = &answered.app;
        if record::is_transient(answered.captured.status) && !self.settings.errors {
            let status = answered.captured.status;
            self.complain(app, Level::Info, &format!("answers with status {status} are not recorded; --record-errors keeps them"));
            return Outcome::Passed;
        }
        let settled = if let Part::Content(settled) = &answered.part { Some(settled) } else { None };
        if settled.is_some() && (answered.captured.status != 200 || self.settings.exact) {
            return Outcome::Passed;
        }
        if let (None, Some(id)) = (settled, answered.unfinished()) {
            if let (false, Some(codec)) = (id.is_empty(), answered.codec) {
                let (exchange, stamped) = (answered.exchange.clone(), answered.stamped.clone());
                app.jobs.began_elsewhere(&answered.test_id, Elsewhere { id, codec, exchange, stamped, settled: None });
            }
            return Outcome::Passed;
        }
        let content = settled.map(|_| answered.captured.body());
        let redactor = redactor(answered);
        let now = u64::try_from(app.now().as_millis()).unwrap_or(u64::MAX);
        let recording = Recording {
            exchange: &answered.exchange,
            stamped: answered.stamped.exchange.as_deref().unwrap_or(&answered.exchange),
            transforms: &answered.stamped.transforms,
            warning: answered.stamped.warning.as_deref(),
            codec: answered.codec,
            captured: settled.map_or(&answered.captured, |settled| &settled.captured),
            content: content.as_deref(),
            arrivals: if settled.is_some() { &[] } else { &answered.arrivals },
            now,
            redactor: &redactor,
            full_model: self.settings.full_model,
        };
        let Some((entry, fixture)) = self.entry(app, &recording) else {
            let path = &answered.exchange.raw.path;
            self.complain(
                app,
                Level::Warning,
                &format!("answers of {path} are relayed and not recorded: the request's body is no JSON, or holds a key"),
            );
            return Outcome::Passed;
        };
        let path = settled.map_or_else(|| self.path(answered, &entry, &redactor, now), |settled| settled.path.clone());
        let name = files::display_name(&path);
        let keeps = self.settings.when == RecordWhen::Missing && settled.is_none();
        let equal = if keeps { OnEqual::Keep } else { OnEqual::Replace };
        let put = self.shelves.put(&path, entry, equal);
        if let Some(fixture) = fixture {
            match &put {
                Ok(index) if settled.is_some() => app.editions.supersede(&name, *index, fixture),
                Ok(index) => app.editions.adopt(&name, *index, fixture),
                Err(_) => app.editions.adopt_unsaved(&name, fixture),
            }
        }
        match put {
            Ok(index) => {
                self.recovered(app);
                if let Part::Settles(id) = &answered.part {
                    let settled = Settled { captured: answered.captured.clone(), path: path.clone() };
                    app.jobs.settled(&answered.test_id, id, &settled);
                }
                self.settle(app, path);
                app.log(Level::Info, &format!("recorded: {name}#/fixtures/{index}"));
                Outcome::Recorded(format!("{name}#/fixtures/{index}"))
            }
            Err(Refused::ByFile(cause)) => {
                self.complain(app, Level::Error, &format!("answers cannot be recorded: {cause}"));
                Outcome::Failed(cause)
            }
            Err(Refused::ByWorld(cause)) => {
                self.failed(app, &cause);
                Outcome::Failed(cause)
            }
        }
    }

    /// Says why a recording cannot be written, each cause once until one can.
    fn failed(&self, app: &App, cause: &str) {
        let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        failing.1 += 1;
        if failing.0.insert(cause.to_owned()) {
            app.log(
                Level::Error,
                &format!(
                    "answers cannot be recorded: {cause}; they are relayed, and served again until this server ends \
                     (make room, or choose another folder with --output)"
                ),
            );
        }
    }

    /// Says that recordings can be written again, if they could not.
    fn recovered(&self, app: &App) {
        let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, lost) = std::mem::take(&mut *failing);
        if lost > 0 {
            app.log(Level::Warning, &format!("answers are recorded again; {lost} before are not: ask for them anew to record them"));
        }
    }

    /// Sees to it that the disk has what was written, without letting the client wait for that.
    fn settle(self: &Arc<Self>, app: &Arc<App>, path: PathBuf) {
        if self.shelves.unsettled(path) {
            let (recorder, app) = (self.clone(), app.clone());
            let settle = move || recorder.shelves.settle(|error| recorder.failed(&app, &error.to_string()));
            match tokio::runtime::Handle::try_current() {
                Ok(runtime) => drop(runtime.spawn_blocking(settle)),
                Err(_) => settle(),
            }
        }
    }

    /// The answer in no vendor's words where that is wanted, possible and loads again; else as it came.
    fn entry(&self, app: &App, recording: &Recording<'_>) -> Option<(Redacted<Value>, Option<Fixture>)> {
        if !self.settings.exact && recording.codec.is_some() {
            if let Some(entry) = recording.entry(Form::Neutral)
                && let Some(fixture) = load(app, &entry)
            {
                return Some((entry, Some(fixture)));
            }
            let reason = recording.obstacle().unwrap_or_else(|| "a fixture cannot say it".to_owned());
            app.log(Level::Info, &format!("this answer is kept as it came: {reason}"));
        }
        let entry = recording.entry(Form::Exact).or_else(|| {
            app.log(Level::Warning, "this answer is kept in no vendor's words: a credential is spread over its events");
            recording.entry(Form::Neutral)
        })?;
        let fixture = load(app, &entry);
        Some((entry, fixture))
    }

    fn path(&self, answered: &Answered, entry: &Redacted<Value>, redactor: &Redactor, now: u64) -> PathBuf {
        let matches = entry.get().get("match").and_then(Value::as_object).cloned().unwrap_or_default();
        let plain = |text: &str| redactor.text(text).into_inner();
        let test_id = (answered.test_id != DEFAULT_TEST_ID).then(|| plain(&answered.test_id));
        let context = answered.exchange.request.context.as_deref().map(plain);
        let name = record::file_name(&Naming {
            by: self.settings.name_by,
            provider: &answered.provider,
            test_id: test_id.as_deref(),
            context: context.as_deref(),
            matches: &matches,
            now,
            nonce: &answered.request_id,
        });
        self.settings.folder.join(name)
    }
}

/// The fixture of an entry, as a file with it would be loaded.
fn load(app: &App, entry: &Redacted<Value>) -> Option<Fixture> {
    let text = json!({ "fixtures": [entry.get()] }).to_string();
    (app.world.load)(&text).ok()?.pop()
}

/// Knows the credentials of this request and of the upstreams.
fn redactor(answered: &Answered) -> Redactor {
    let raw = &answered.exchange.raw;
    let fields = raw.headers.iter().filter(|(name, _)| is_credential(name) || KEY_HEADERS.contains(name)).map(|(_, value)| bare(value));
    let query = raw.query_value("key");
    answered.app.redactor().and(fields.chain(query.as_deref()))
}
