//! `aimock serve`: the replay server, until a signal ends it.
//!
//! Settings come together here and only here: flag over environment over configuration over default.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;

use super::command::{self, Environment};
use super::conclusion::{Ending, conclude};
use super::reload::{self, Reloader, Seen};
use super::report::counted;
use super::sources::{self, Config, Sources};
use super::upstream::Misses;
use super::{GlobalArgs, LogFormat, LogLevel, ServeArgs, Status, Terminal, logging};
use crate::config::{LogFormatWord, LogLevelWord, ServeShape};
use crate::diagnostic::{Diagnostic, Severity, Source, SourceId};
use crate::document::Format;
use crate::engine::{DEFAULT_TEST_IDS, ServerPolicy};
use crate::files::{self, Watching};
use crate::fixture::{Fixture, LoadOptions, LoadedFile, Pace, check_together, into_library};
use crate::provider::ReasoningModels;
use crate::server::{self, ApiKeys, App, Ended, JournalLimits, Level, Limits, OnMiss, Settings, Stage, World};

/// The port of the peer, so that clients need no change.
const DEFAULT_PORT: u16 = 4010;
const DEFAULT_HOST: &str = "127.0.0.1";
const DEFAULT_CHUNK_SIZE: usize = 20;

/// Findings that are printed before they are only counted.
const MOST_PROBLEMS: usize = 20;

/// Runs the command. With a COMMAND behind `--`, whatever keeps it from starting ends with a status of its own.
pub(super) fn run(args: &ServeArgs, global: &GlobalArgs, terminal: &mut Terminal<'_>) -> anyhow::Result<Status> {
    let outcome = serve(args, global, terminal);
    match outcome {
        Err(error) if !args.command.is_empty() => {
            terminal.error(&error);
            Ok(Status::Passed(command::NOT_STARTED))
        }
        outcome => outcome,
    }
}

fn serve(args: &ServeArgs, global: &GlobalArgs, terminal: &mut Terminal<'_>) -> anyhow::Result<Status> {
    let config = Config::load(global, terminal)?;
    let all = Everything::resolve(args, &config)?;
    // Before anything starts a thread.
    server::make_room(all.settings.limits.connections);
    for warning in &all.warnings {
        terminal.warn(warning);
    }
    let paths: Vec<PathBuf> = args.paths.iter().chain(&args.fixtures).cloned().collect();
    let paths = served_paths(&paths, &config, &all.settings.on_miss, all.watching.is_some())?;
    let files = load(&paths, &config, &all, terminal)?;
    let texts = files.files.iter().map(|file| file.plain_texts).sum();
    if let Some(finding) = config.unstated_matching(args.matching, texts) {
        let place = finding.position();
        terminal.warn(format_args!("{}:{}:{}: {}; {}", config.name(), place.line, place.column, finding.message, finding.help));
    }
    if let Some(status) = judge(&files, &all, terminal)? {
        return Ok(if args.command.is_empty() { status } else { Status::Passed(command::NOT_STARTED) });
    }
    // They point into the texts, which go with them.
    drop(files.problems);
    let (library, seen) = (into_library(files.files), files.seen);
    let count = library.fixtures.len();
    let load = all.load.clone();
    let uploads = load.clone();
    let rewrites = config.transforms.names();
    logging::start(all.log_level, all.log_format);
    let mut world = World::new(Box::new(move |text| parse_upload(text, &uploads)), Box::new(logging::log));
    world.least = logging::least(all.log_level);
    let app = Arc::new(App::new(all.settings.clone(), library, world));
    let reloader = Reloader { paths, config, load, app: app.clone(), seen };
    let _watcher = watch(all.watching, reloader)?;
    let mut status = None;
    let work = async {
        server::outlive_size_limits();
        let listener = listen(&all.host, all.port).await?;
        let address = listener.local_addr().context("cannot tell the address of the socket")?;
        let mut ready = format!("serving {} on http://{address} (seed {})", counted(count, "fixture"), all.seed);
        if !rewrites.is_empty() {
            let _ = write!(ready, "\nrequests are rewritten before they are matched: {}", rewrites.join(", "));
        }
        let ended = if args.command.is_empty() {
            let stage = server::stop_signals().context("cannot follow signals")?;
            writeln!(terminal.stdout(), "http://{address}")?;
            terminal.flush()?;
            all.announce(&app, &ready, terminal);
            until_stopped(server::serve(listener, app.clone(), stage).await, terminal);
            None
        } else {
            all.announce(&app, &ready, terminal);
            let environment = Environment::new(&format!("http://{address}"), all.first_key.as_deref(), |name| std::env::var(name).ok());
            match around(&args.command, &environment, listener, &app, terminal).await? {
                Ok(status) => Some(status),
                Err(status) => return Ok(status),
            }
        };
        conclude(&all.ending, &app, ended, all.log_level, terminal)
    };
    server::run(pin!(async { status = Some(work.await) })).context("cannot start the runtime")?;
    status.context("the runtime ended before its work")?
}

fn until_stopped(ended: Ended, terminal: &mut Terminal<'_>) {
    match ended {
        Ended::Drained => {}
        Ended::Aborted => terminal.warn("some answers were cut short"),
    }
}

/// Runs COMMAND while serving, and stops serving when it ends. `Err` is the status when it did not start.
async fn around(
    command: &[OsString],
    environment: &Environment,
    listener: tokio::net::TcpListener,
    app: &Arc<App>,
    terminal: &mut Terminal<'_>,
) -> anyhow::Result<Result<Status, Status>> {
    for warning in &environment.warnings {
        terminal.warn(warning);
    }
    let mut signals = server::PassedSignals::new().context("cannot follow signals")?;
    let (tell, stage) = tokio::sync::watch::channel(Stage::Serve);
    let serving = tokio::spawn(server::serve(listener, app.clone(), stage));
    let mut child = match command::start(command, environment) {
        Ok(child) => child,
        Err((status, error)) => {
            terminal.error(&error);
            return Ok(Err(Status::Passed(status)));
        }
    };
    let id = child.id();
    let mut waiting = tokio::task::spawn_blocking(move || child.wait());
    let ended = loop {
        tokio::select! {
            biased;
            ended = &mut waiting => break ended.context("lost the command")?.context("lost the command")?,
            signal = signals.next() => command::pass_on(id, signal),
        }
    };
    tell.send_replace(Stage::Drain);
    until_stopped(serving.await.context("the server ended in disorder")?, terminal);
    Ok(Ok(command::status_of(ended)))
}

/// Follows changes of the sources, if that was asked for, as long as the result lives.
fn watch(how: Option<Watching>, mut reloader: Reloader) -> anyhow::Result<Option<files::Watcher>> {
    let Some(how) = how else { return Ok(None) };
    let paths = reloader.paths.clone();
    let watcher = files::watch(&paths, how, move || reloader.reload());
    watcher.map(Some).context("--watch needs the system to tell about changes; --watch-poll 500 looks for them itself")
}

/// Every setting, resolved.
struct Everything {
    settings: Settings,
    host: String,
    port: u16,
    seed: u64,
    load: LoadOptions<'static>,
    log_level: LogLevel,
    log_format: LogFormat,
    validate_on_load: bool,
    watching: Option<Watching>,
    ending: Ending,
    warnings: Vec<String>,
    /// A key that opens the server, for a command that is run against it.
    first_key: Option<String>,
}

impl Everything {
    /// Whether a problem is no more than a folder without files, which recordings will fill.
    fn may_be_empty(&self, problem: &Diagnostic) -> bool {
        self.settings.on_miss.folder().is_some() && problem.rule == "no-files"
    }

    /// Says that the server listens.
    fn announce(&self, app: &App, ready: &str, terminal: &mut Terminal<'_>) {
        match self.log_format {
            _ if self.log_level < LogLevel::Info => {}
            LogFormat::Text => terminal.say(ready),
            LogFormat::Json => app.log(Level::Info, ready),
        }
    }

    fn resolve(args: &ServeArgs, config: &Config) -> anyhow::Result<Everything> {
        // A new flag stops the build here until it is handled.
        let ServeArgs {
            paths,
            fixtures,
            port,
            host,
            strict,
            strict_turn_index,
            matching,
            validate_on_load,
            latency,
            chunk_size,
            replay_speed,
            seed,
            chaos,
            metrics,
            journal_max,
            fixture_counts_max,
            max_body_bytes,
            journal_body_bytes,
            journal_bytes,
            api_keys,
            log_level,
            record,
            upstream,
            recording,
            log_format,
            watch,
            watch_poll,
            // The end is seen to by `Ending`.
            fail_under: _,
            fail_unused: _,
            coverage: _,
            coverage_file: _,
            command,
        } = args;
        let file = config.shape.serve.clone().unwrap_or_default();
        let peer = config.shape.llm.clone().unwrap_or_default();
        let small = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        let seed = seed.or(file.seed.map(|seed| seed.0)).unwrap_or_else(random_seed);
        let pace = Pace {
            latency: Some(latency.or(file.latency.or(peer.latency).map(|millis| millis.0)).unwrap_or(0.0)),
            chunk_size: Some(chunk_size.or(file.chunk_size.or(peer.chunk_size).map(|count| small(count.0))).unwrap_or(DEFAULT_CHUNK_SIZE)),
            replay_speed: replay_speed.or(file.replay_speed.or(peer.replay_speed).map(|speed| speed.0)),
            ..Pace::default()
        };
        let (chaos, chaos_streams) = chaos.resolve(&config.shape);
        let runs_command = !command.is_empty();
        let keys = listed_keys(api_keys.as_deref(), config);
        let auth = accepted(keys.as_deref())?;
        let first = paths.iter().chain(fixtures).next();
        let misses = Misses { upstream, recording, record: *record, config, first, has_keys: auth.is_required() };
        let (on_miss, warnings) = misses.resolve()?;
        let records = on_miss.folder().is_some();
        let journal = JournalLimits::default();
        // What is judged at the end must be there at the end.
        let kept = if runs_command { 0 } else { journal.entries };
        let limits = Limits::default();
        let settings = Settings {
            policy: ServerPolicy {
                strict: *strict || file.strict.or(config.shape.strict).unwrap_or(false),
                // A recording of one turn must not answer another, or the other is never recorded.
                strict_turns: records || *strict_turn_index || file.strict_turns.unwrap_or(false),
            },
            on_miss,
            transforms: config.transforms.clone(),
            pace,
            chaos,
            chaos_streams,
            metrics: *metrics || file.metrics.or(config.shape.metrics).unwrap_or(false),
            seed,
            auth,
            limits: Limits {
                body_bytes: max_body_bytes.or(file.max_body_bytes.map(|bytes| small(bytes.0))).unwrap_or(limits.body_bytes),
                ..limits
            },
            journal: JournalLimits {
                entries: journal_max.or(file.journal_max.map(|count| small(count.0))).unwrap_or(kept),
                bytes: journal_bytes.or(file.journal_bytes.map(|bytes| small(bytes.0))).unwrap_or(journal.bytes),
                body: journal_body_bytes.or(file.journal_body_bytes.map(|bytes| small(bytes.0))).unwrap_or(journal.body),
            },
            reasoning: ReasoningModels::new(&variable("AIMOCK_REASONING_MODELS"), &variable("AIMOCK_NONREASONING_MODELS")),
            most_test_ids: fixture_counts_max.or(file.fixture_counts_max.map(|count| small(count.0))).unwrap_or(DEFAULT_TEST_IDS),
        };
        Ok(Everything {
            settings,
            host: host.clone().or_else(|| host_of(&file, config)).unwrap_or_else(|| DEFAULT_HOST.to_owned()),
            port: match (port, runs_command) {
                (Some(port), _) => *port,
                (None, true) => 0,
                (None, false) => file.port.or(config.shape.port).map_or(DEFAULT_PORT, |port| port.0),
            },
            seed,
            load: config.load_options(*matching),
            log_level: log_level.or(file.log_level.or(peer.log_level).map(level)).unwrap_or_default(),
            log_format: log_format.or(file.log_format.map(format)).unwrap_or_default(),
            validate_on_load: *validate_on_load || file.validate_on_load.unwrap_or(false),
            watching: watching(*watch, *watch_poll, &file),
            ending: Ending::resolve(args, &file, config)?,
            warnings,
            first_key: keys.and_then(|keys| keys.into_iter().next()),
        })
    }
}

/// What is loaded: as for every command, and the folder of recordings. With upstreams, none of it need exist.
fn served_paths(named: &[PathBuf], config: &Config, on_miss: &OnMiss, watches: bool) -> anyhow::Result<Vec<PathBuf>> {
    let mut paths = match config.paths(named) {
        Err(_) if !matches!(on_miss, OnMiss::Reject) => Vec::new(),
        paths => paths?,
    };
    if let Some(folder) = on_miss.folder().filter(|_| watches) {
        // Only what exists can be watched; where it cannot be made, the first recording says so.
        let _ = files::make_folder(folder);
    }
    if let Some(folder) = on_miss.folder().filter(|folder| files::is_directory(folder)) {
        let whole = files::whole(folder);
        if !paths.iter().any(|path| whole.starts_with(files::whole(path))) {
            paths.push(folder.to_owned());
        }
    }
    Ok(paths)
}

fn host_of(file: &ServeShape, config: &Config) -> Option<String> {
    file.host.as_ref().or(config.shape.host.as_ref()).map(|host| host.0.clone())
}

fn level(word: LogLevelWord) -> LogLevel {
    match word {
        LogLevelWord::Silent => LogLevel::Silent,
        LogLevelWord::Warn => LogLevel::Warn,
        LogLevelWord::Info => LogLevel::Info,
        LogLevelWord::Debug => LogLevel::Debug,
    }
}

fn format(word: LogFormatWord) -> LogFormat {
    match word {
        LogFormatWord::Text => LogFormat::Text,
        LogFormatWord::Json => LogFormat::Json,
    }
}

/// Whether and how changes of the sources are followed.
fn watching(flag: bool, poll: Option<usize>, file: &ServeShape) -> Option<Watching> {
    match poll.map(|millis| millis as u64).or(file.watch_poll.map(|millis| millis.0)) {
        Some(millis) => Some(Watching::Poll(Duration::from_millis(millis))),
        None => (flag || file.watch.unwrap_or(false)).then_some(Watching::Events),
    }
}

/// Keys of the flag or its variable, else of the configuration; `None`: none is asked for.
fn listed_keys(flag: Option<&[String]>, config: &Config) -> Option<Vec<String>> {
    let configured = config.shape.auth.iter().flat_map(|auth| &auth.api_keys).flatten().map(|key| key.0.clone());
    let listed: Vec<String> = flag.map_or_else(|| configured.collect(), <[String]>::to_vec);
    (flag.is_some() || !listed.is_empty()).then_some(listed)
}

/// Set but empty is a mistake, not an open door.
fn accepted(keys: Option<&[String]>) -> anyhow::Result<ApiKeys> {
    let Some(keys) = keys else { return Ok(ApiKeys::default()) };
    ApiKeys::new(keys).context("the API keys (--api-keys, AIMOCK_API_KEYS or `auth.apiKeys`) cannot be used")
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

fn random_seed() -> u64 {
    use std::hash::BuildHasher as _;
    // Short enough to be typed again.
    std::hash::RandomState::new().hash_one(std::process::id()) % 1_000_000_000
}

/// Files and everything that is wrong with them.
struct Loaded {
    files: Vec<LoadedFile>,
    problems: Vec<Diagnostic>,
    /// Nothing where they are not read again.
    seen: Seen,
}

fn load(paths: &[PathBuf], config: &Config, all: &Everything, terminal: &mut Terminal<'_>) -> anyhow::Result<Loaded> {
    let mut sources = Sources::read_lean(paths, config, files::DEFAULT_MAX_FILE_SIZE, "<stdin>")?;
    let in_the_way = sources.troubles.iter().any(|trouble| !all.may_be_empty(trouble));
    if sources.asked.missing && sources.inputs.is_empty() && in_the_way {
        let reasons: Vec<String> =
            sources.troubles.iter().map(|trouble| format!("{}: {}", trouble.primary.source.name(), trouble.message)).collect();
        anyhow::bail!("nothing to serve: {}", reasons.join("; "));
    }
    let is_watched = all.watching.is_some();
    let digests = if is_watched { sources.digests(reload::digest) } else { Vec::new() };
    let mut files = sources.load_lean(&all.load, terminal);
    let mut seen = Seen::default();
    files.iter().zip(digests).for_each(|(file, digest)| seen.add(file, digest, &sources.beside));
    let (mut problems, together) = (sources.troubles, check_together(&files));
    if is_watched {
        seen.add_errors(problems.iter().chain(&together));
    }
    problems.extend(files.iter_mut().flat_map(|file| std::mem::take(&mut file.problems)));
    problems.extend(together);
    Ok(Loaded { files, problems, seen })
}

/// Says what is wrong with the fixtures. A status: the server does not start.
fn judge(loaded: &Loaded, all: &Everything, terminal: &mut Terminal<'_>) -> anyhow::Result<Option<Status>> {
    for file in loaded.files.iter().filter_map(|file| Some((file.source.name(), file.skipped.as_ref()?))) {
        terminal.note(format_args!("skipped {}: {}", file.0, file.1));
    }
    let is_error = |problem: &&Diagnostic| problem.severity == Severity::Error && !all.may_be_empty(problem);
    let mut errors: Vec<&Diagnostic> = loaded.problems.iter().filter(is_error).collect();
    errors.sort_by(|a, b| a.order(b));
    for problem in errors.iter().take(MOST_PROBLEMS) {
        let place = problem.position();
        terminal.warn(format_args!("{}:{}:{}: {}", problem.primary.source.name(), place.line, place.column, problem.message));
    }
    if errors.len() > MOST_PROBLEMS {
        terminal.warn(format_args!("… and {} more; `aimock validate` shows them all", errors.len() - MOST_PROBLEMS));
    }
    for key in crate::fixture::not_acted_on(&loaded.files) {
        terminal.warn(format_args!("`{key}` is accepted and has no effect in this version"));
    }
    if all.validate_on_load && !errors.is_empty() {
        terminal.warn(format_args!("{}: not started (--validate-on-load)", counted(errors.len(), "error")));
        return Ok(Some(Status::Findings));
    }
    let none = loaded.files.iter().all(|file| file.entries.is_empty());
    anyhow::ensure!(!(none && (all.validate_on_load || all.settings.policy.strict)), "there is no fixture to serve");
    if none && matches!(all.settings.on_miss, OnMiss::Reject) {
        terminal.warn("there is no fixture to serve: every request will be a miss");
    }
    Ok(None)
}

/// Fixtures that come through the control API.
fn parse_upload(text: &str, options: &LoadOptions<'_>) -> Result<Vec<Fixture>, Vec<String>> {
    let source = Arc::new(Source::new(SourceId(u32::MAX), "<control API>", text));
    // Files of this machine are not for whoever can reach the control API.
    let nowhere = sources::Beside::default();
    let options = LoadOptions { bodies: Some(&nowhere), ..options.clone() };
    let loaded = crate::fixture::load(&source, Format::Json, &options);
    let errors: Vec<String> = loaded
        .problems
        .iter()
        .filter(|problem| problem.severity == Severity::Error)
        .map(|problem| format!("{}: {}", problem.primary.pointer, problem.message))
        .collect();
    match (errors.is_empty(), loaded.skipped) {
        (true, None) => Ok(loaded.entries.into_iter().map(|entry| entry.fixture).collect()),
        (true, Some(reason)) => Err(vec![reason]),
        (false, _) => Err(errors),
    }
}

async fn listen(host: &str, port: u16) -> anyhow::Result<tokio::net::TcpListener> {
    let addresses: Vec<SocketAddr> =
        (host, port).to_socket_addrs().with_context(|| format!("`{host}` is no address to listen on"))?.collect();
    tokio::net::TcpListener::bind(addresses.as_slice())
        .await
        .with_context(|| format!("cannot listen on {host}:{port}; `-p 0` picks a free port"))
}
