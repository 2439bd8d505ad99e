//! `aimock serve`: the replay server, until a signal ends it.
//!
//! Settings come together here and only here: flag over environment over configuration over default.

use std::net::{SocketAddr, ToSocketAddrs as _};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;

use super::report::counted;
use super::sources::{self, Config, Sources};
use super::upstream::Misses;
use super::{GlobalArgs, LogLevel, ServeArgs, Status, Terminal};
use crate::config::{LogLevelWord, ServeShape};
use crate::diagnostic::{Diagnostic, Severity, Source, SourceId};
use crate::document::Format;
use crate::engine::{DEFAULT_TEST_IDS, ServerPolicy};
use crate::files;
use crate::fixture::{Fixture, LoadOptions, LoadedFile, Pace, check_together, into_library};
use crate::matcher::Matching;
use crate::provider::ReasoningModels;
use crate::server::{self, ApiKeys, App, Ended, JournalLimits, Level, Limits, OnMiss, Settings, World};

/// The port of the peer, so that clients need no change.
const DEFAULT_PORT: u16 = 4010;
const DEFAULT_HOST: &str = "127.0.0.1";
const DEFAULT_CHUNK_SIZE: usize = 20;

/// Findings that are printed before they are only counted.
const MOST_PROBLEMS: usize = 20;

/// Runs the command.
pub(super) fn run(args: &ServeArgs, global: &GlobalArgs, terminal: &mut Terminal<'_>) -> anyhow::Result<Status> {
    let config = Config::load(global, terminal)?;
    let all = Everything::resolve(args, &config)?;
    for warning in &all.warnings {
        terminal.warn(warning);
    }
    let paths: Vec<PathBuf> = args.paths.iter().chain(&args.fixtures).cloned().collect();
    let files = load(&served_paths(&paths, &config, &all.settings.on_miss)?, &config, all.matching, terminal)?;
    if let Some(status) = judge(&files, &all, terminal)? {
        return Ok(status);
    }
    let library = into_library(files.files);
    let count = library.fixtures.len();
    let log_level = all.log_level;
    let matching = all.matching;
    let world = World::new(
        Box::new(move |text| parse_upload(text, matching)),
        Box::new(move |level, line| {
            if is_shown(level, log_level) {
                log_line(level, line);
            }
        }),
    );
    let app = Arc::new(App::new(all.settings, library, world));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start the runtime")?;
    runtime.block_on(async {
        let listener = listen(&all.host, all.port).await?;
        let address = listener.local_addr().context("cannot tell the address of the socket")?;
        let stage = server::stop_signals().context("cannot follow signals")?;
        writeln!(terminal.stdout(), "http://{address}")?;
        terminal.flush()?;
        if log_level >= LogLevel::Info {
            terminal.say(format_args!("serving {} on http://{address} (seed {})", counted(count, "fixture"), all.seed));
        }
        Ok(match server::serve(listener, app, stage).await {
            Ended::Drained => Status::Clean,
            Ended::Aborted => {
                terminal.warn("some answers were cut short");
                Status::Clean
            }
        })
    })
}

/// Every setting, resolved.
struct Everything {
    settings: Settings,
    host: String,
    port: u16,
    seed: u64,
    matching: Matching,
    log_level: LogLevel,
    validate_on_load: bool,
    warnings: Vec<String>,
}

impl Everything {
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
            journal_max,
            fixture_counts_max,
            max_body_bytes,
            api_keys,
            log_level,
            record,
            upstream,
            recording,
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
        let auth = keys(api_keys.as_deref(), config)?;
        let first = paths.iter().chain(fixtures).next();
        let misses = Misses { upstream, recording, record: *record, config, first, has_keys: auth.is_required() };
        let (on_miss, warnings) = misses.resolve()?;
        let records = on_miss.folder().is_some();
        let journal = JournalLimits::default();
        let limits = Limits::default();
        let settings = Settings {
            policy: ServerPolicy {
                strict: *strict || file.strict.or(config.shape.strict).unwrap_or(false),
                // A recording of one turn must not answer another, or the other is never recorded.
                strict_turns: records || *strict_turn_index || file.strict_turns.unwrap_or(false),
            },
            on_miss,
            pace,
            seed,
            auth,
            limits: Limits {
                body_bytes: max_body_bytes.or(file.max_body_bytes.map(|bytes| small(bytes.0))).unwrap_or(limits.body_bytes),
                ..limits
            },
            journal: JournalLimits {
                entries: journal_max.or(file.journal_max.map(|count| small(count.0))).unwrap_or(journal.entries),
                ..journal
            },
            reasoning: ReasoningModels::new(&variable("AIMOCK_REASONING_MODELS"), &variable("AIMOCK_NONREASONING_MODELS")),
            most_test_ids: fixture_counts_max.or(file.fixture_counts_max.map(|count| small(count.0))).unwrap_or(DEFAULT_TEST_IDS),
        };
        Ok(Everything {
            settings,
            host: host.clone().or_else(|| host_of(&file, config)).unwrap_or_else(|| DEFAULT_HOST.to_owned()),
            port: port.or(file.port.or(config.shape.port).map(|port| port.0)).unwrap_or(DEFAULT_PORT),
            seed,
            matching: config.matching(*matching),
            log_level: log_level.or(file.log_level.or(peer.log_level).map(level)).unwrap_or_default(),
            validate_on_load: *validate_on_load || file.validate_on_load.unwrap_or(false),
            warnings,
        })
    }
}

/// What is loaded: as for every command, and the folder of recordings. With upstreams, none of it need exist.
fn served_paths(named: &[PathBuf], config: &Config, on_miss: &OnMiss) -> anyhow::Result<Vec<PathBuf>> {
    let mut paths = match config.paths(named) {
        Err(_) if !matches!(on_miss, OnMiss::Reject) => Vec::new(),
        paths => paths?,
    };
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

/// Keys of the flag or its variable, else of the configuration. Set but empty is a mistake, not an open door.
fn keys(flag: Option<&[String]>, config: &Config) -> anyhow::Result<ApiKeys> {
    let configured = config.shape.auth.iter().flat_map(|auth| &auth.api_keys).flatten().map(|key| key.0.clone());
    let listed: Vec<String> = flag.map_or_else(|| configured.collect(), <[String]>::to_vec);
    if flag.is_none() && listed.is_empty() {
        return Ok(ApiKeys::default());
    }
    ApiKeys::new(listed).context("the API keys (--api-keys, AIMOCK_API_KEYS or `auth.apiKeys`) cannot be used")
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
}

fn load(paths: &[PathBuf], config: &Config, matching: Matching, terminal: &mut Terminal<'_>) -> anyhow::Result<Loaded> {
    let sources = Sources::read(paths, config, files::DEFAULT_MAX_FILE_SIZE, "<stdin>")?;
    if sources.asked.missing && sources.inputs.is_empty() {
        let reasons: Vec<String> =
            sources.troubles.iter().map(|trouble| format!("{}: {}", trouble.primary.source.name(), trouble.message)).collect();
        anyhow::bail!("nothing to serve: {}", reasons.join("; "));
    }
    let options = LoadOptions { matching, ..LoadOptions::default() };
    let mut files = sources::load(sources.inputs, &options, terminal);
    let mut problems = sources.troubles;
    problems.extend(files.iter_mut().flat_map(|file| std::mem::take(&mut file.problems)));
    problems.extend(check_together(&files));
    Ok(Loaded { files, problems })
}

/// Says what is wrong with the fixtures. A status: the server does not start.
fn judge(loaded: &Loaded, all: &Everything, terminal: &mut Terminal<'_>) -> anyhow::Result<Option<Status>> {
    for file in loaded.files.iter().filter_map(|file| Some((file.source.name(), file.skipped.as_ref()?))) {
        terminal.note(format_args!("skipped {}: {}", file.0, file.1));
    }
    let mut errors: Vec<&Diagnostic> = loaded.problems.iter().filter(|problem| problem.severity == Severity::Error).collect();
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
fn parse_upload(text: &str, matching: Matching) -> Result<Vec<Fixture>, Vec<String>> {
    let source = Arc::new(Source::new(SourceId(u32::MAX), "<control API>", text));
    let options = LoadOptions { matching, ..LoadOptions::default() };
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

fn is_shown(level: Level, log_level: LogLevel) -> bool {
    match level {
        Level::Info => log_level >= LogLevel::Info,
        Level::Warning | Level::Error => log_level >= LogLevel::Warn,
    }
}

/// One line on stderr, written whole: lines come from many threads.
fn log_line(level: Level, line: &str) {
    let word = match level {
        Level::Info => "info",
        Level::Warning => "warning",
        Level::Error => "error",
    };
    let lines: Vec<String> = line.lines().map(|line| super::report::escape(line).to_string()).collect();
    let line = format!("{word}: {}\n", lines.join("\n"));
    // A reader that is gone is no reason to stop serving.
    let _ = std::io::Write::write_all(&mut std::io::stderr().lock(), line.as_bytes());
}
