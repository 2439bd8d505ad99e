//! `aimock match`: which fixture would answer this request, and why; for a miss, the nearest ones.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context as _;

use super::last_miss;
use super::report::escape;
use super::rewritten::Rewritten;
use super::sources::{self, Config, Sources};
use super::{GlobalArgs, MatchArgs, MatchFormat, Status, StubFormat, Terminal};
use crate::diagnostic::{Severity, Source};
use crate::document;
use crate::exchange::{Exchange, Headers, RawRequest, Reply, Request};
use crate::files;
use crate::fixture::{Library, LoadedFile, into_library};
use crate::matcher::{CRITERIA, Miss, Near, Selection, Served, Strictness, Verdict};
use crate::provider::route::{Lookup, guess, lookup, lookup_request};
use crate::provider::socket::METHOD;

/// How many near misses are shown.
const NEAREST: usize = 3;

/// Runs the command.
pub(super) fn run(args: &MatchArgs, global: &GlobalArgs, terminal: &mut Terminal<'_>) -> anyhow::Result<Status> {
    let MatchArgs { request, last, url, api_key, fixtures, path, headers, matching, format, stub } = args;
    let config = Config::load(global, terminal)?;
    let (name, text) = match request {
        Some(request) if !last => read_text(request)?,
        Some(_) | None => match last_miss::find(url, api_key.as_deref())? {
            None => {
                terminal.say(format_args!("every request to {url} found its answer"));
                return Ok(Status::Clean);
            }
            Some(entry) if fixtures.is_empty() && stub.is_none() => {
                last_miss::show(&entry, *format, terminal.stdout())?;
                return Ok(Status::Findings);
            }
            Some(entry) => ("of the journal".to_owned(), entry.to_string()),
        },
    };
    let rewritten = Rewritten::new(&config.transforms, read_request(&name, &text, path.as_deref(), headers)?)?;
    let exchange = &rewritten.exchange;
    if let Some(language) = stub {
        terminal.stdout().write_all(stub_text(exchange, *language).as_bytes())?;
        return Ok(Status::Clean);
    }
    let sources = Sources::read(&config.paths(fixtures)?, &config, files::DEFAULT_MAX_FILE_SIZE, "<stdin>")?;
    for trouble in &sources.troubles {
        terminal.warn(&trouble.message);
    }
    let files = sources::load(sources.inputs, &config.load_options(*matching), terminal);
    warn_of_errors(&files, terminal);
    anyhow::ensure!(files.iter().any(|file| !file.entries.is_empty()), "there is no fixture to match: {}", nothing(&files));
    let texts: Vec<std::sync::Arc<Source>> = files.iter().map(|file| std::sync::Arc::clone(&file.source)).collect();
    let library = into_library(files);
    let served = Served::default();
    let (exchange, passed) = failover(&library, exchange, &served);
    let answer = Answer { library: &library, texts: &texts, exchange: &exchange, served: &served };
    let selection = library.table.select(&exchange, &served, Strictness::default());
    match format {
        MatchFormat::Text => {
            let tried: String = passed.iter().map(|passed| passed.line(&library)).collect();
            write!(terminal.stdout(), "{tried}{}", answer.text(selection, &rewritten.text()))?;
        }
        MatchFormat::Json => {
            let mut answer = answer.json(selection);
            rewritten.add_to(&mut answer);
            if !passed.is_empty() {
                answer["passed"] = passed.iter().map(|passed| passed.json(&library)).collect();
            }
            writeln!(terminal.stdout(), "{answer:#}")?;
        }
    }
    Ok(if selection.row().is_some() { Status::Clean } else { Status::Findings })
}

/// A model that gave way to the next one.
struct Passed {
    model: String,
    /// The fixture, and the status of its error; `None`: nothing matched.
    failed: Option<(usize, u16)>,
}

impl Passed {
    fn line(&self, library: &Library) -> String {
        let model = escape(&self.model);
        match self.failed {
            Some((row, status)) => format!("{model} gives way: {} answers with an error ({status})\n", escape(&library.handle(row))),
            None => format!("{model} gives way: no fixture matches\n"),
        }
    }

    fn json(&self, library: &Library) -> serde_json::Value {
        serde_json::json!({
            "model": self.model,
            "fixture": self.failed.map(|(row, _)| library.handle(row)),
            "error": self.failed.map(|(_, status)| status),
        })
    }
}

/// The request as the model asks it that answers in the end, where several are named, and those that give way to it.
fn failover(library: &Library, exchange: &Exchange, served: &Served) -> (Exchange, Vec<Passed>) {
    let mut probe = exchange.clone();
    let (mut passed, mut last) = (Vec::new(), None);
    let models = exchange.request.model.iter().chain(&exchange.request.fallback_models);
    for model in models.filter(|_| !exchange.request.fallback_models.is_empty()) {
        probe.request.model = Some(model.clone());
        let row = library.table.select(&probe, served, Strictness::default()).row();
        let answer = row.and_then(|row| library.fixtures.get(row)?.answer_at(0));
        let failed = match (row, answer.map(|answer| &answer.reply)) {
            (Some(row), Some(Reply::Error(error))) if !error.ends_failover => Some((row, error.status)),
            (Some(_), _) => return (probe, passed),
            (None, _) => None,
        };
        last = failed.map(|_| passed.len()).or(last);
        passed.push(Passed { model: model.clone(), failed });
    }
    // Where all fail the last error counts.
    if let Some(last) = last {
        probe.request.model = Some(passed.remove(last).model);
        return (probe, passed);
    }
    (exchange.clone(), passed)
}

/// A fixture file that answers this request and says so. The keys are stamped by the criteria that match them.
fn stub_text(exchange: &Exchange, language: StubFormat) -> String {
    let stamped = CRITERIA.iter().filter_map(|criterion| {
        let value = criterion.stamp(&(criterion.read)(exchange))?;
        Some((criterion.key.to_owned(), value))
    });
    let matches: serde_json::Map<String, serde_json::Value> = stamped.collect();
    let response = match exchange.request.endpoint {
        Some(crate::exchange::Endpoint::Embedding) => serde_json::json!({ "embedding": [0.0] }),
        _ => serde_json::json!({ "content": "Write the answer here." }),
    };
    let file = serde_json::json!({ "fixtures": [{ "match": matches, "response": response }] });
    match language {
        StubFormat::Json => format!("{file:#}\n"),
        StubFormat::Yaml => document::to_yaml(&file),
    }
}

fn nothing(files: &[LoadedFile]) -> String {
    let reasons = files.iter().filter_map(|file| Some(format!("{}: {}", file.source.name(), file.skipped.as_ref()?)));
    let listed = reasons.take(3).collect::<Vec<_>>().join("; ");
    if listed.is_empty() { "no file with fixtures was found; name one with `-f`".to_owned() } else { listed }
}

/// Fixtures with errors do not match; that is said before the answer.
fn warn_of_errors(files: &[LoadedFile], terminal: &mut Terminal<'_>) {
    for file in files {
        let errors = file.problems.iter().filter(|problem| problem.severity == Severity::Error).count();
        if errors > 0 {
            let name = file.source.name();
            terminal.warn(format_args!("{name} has {}; `aimock validate {name}` shows them", super::report::counted(errors, "error")));
        }
    }
}

/// A file's name and text; `-` is standard input.
fn read_text(path: &Path) -> anyhow::Result<(String, String)> {
    if path.as_os_str() == "-" {
        let text = files::stdin(files::DEFAULT_MAX_FILE_SIZE).map_err(|problem| anyhow::anyhow!("{problem}"))?.text;
        return Ok(("standard input".to_owned(), text));
    }
    let name = files::display_name(path);
    let text = files::read_path(path, files::DEFAULT_MAX_FILE_SIZE).with_context(|| format!("cannot read the request {name}"))?.text;
    Ok((name, text))
}

/// The request: a provider's body, an entry of the journal, or a finding's witness.
fn read_request(name: &str, text: &str, url_path: Option<&str>, headers: &[String]) -> anyhow::Result<Exchange> {
    let value: serde_json::Value = serde_json::from_str(text).with_context(|| format!("the request {name} is no JSON"))?;
    let mut fields = Headers::new();
    for header in headers {
        let (key, value) = header.split_once(':').with_context(|| format!("`{header}` is no header: write NAME: VALUE"))?;
        fields.push(key.trim(), value.trim());
    }
    if let Some(neutral) = value.get("request").or_else(|| value.get("endpoint").map(|_| &value)) {
        let request = Request::from_neutral(neutral).map_err(|reason| anyhow::anyhow!("{name}: {reason}"))?;
        push_headers(&mut fields, &value);
        let text = |key: &str| value.get(key).and_then(serde_json::Value::as_str);
        let body = value.get("body").map(ToString::to_string).unwrap_or_default();
        let target = url_path.or(text("path")).unwrap_or("/");
        return Ok(Exchange { raw: RawRequest::new(text("method").unwrap_or("POST").to_owned(), target, fields, body), request });
    }
    let is_entry = value.get("method").is_some() && value.get("body").is_some();
    let body = if is_entry { value.get("body").unwrap_or(&value) } else { &value };
    push_headers(&mut fields, if is_entry { &value } else { &serde_json::Value::Null });
    let method = value.get("method").and_then(serde_json::Value::as_str).filter(|_| is_entry).unwrap_or("POST");
    let recorded = value.get("path").and_then(serde_json::Value::as_str).filter(|_| is_entry);
    let target = url_path.or(recorded).unwrap_or_else(|| guess(body, None));
    decode(RawRequest::new(method.to_owned(), target, fields, body.to_string()), name)
}

fn push_headers(fields: &mut Headers, value: &serde_json::Value) {
    for (name, value) in value.get("headers").and_then(serde_json::Value::as_object).into_iter().flatten() {
        if let Some(value) = value.as_str() {
            fields.push(name, value);
        }
    }
}

fn decode(raw: RawRequest, name: &str) -> anyhow::Result<Exchange> {
    let looked = match lookup_request(&raw) {
        // The body may be a turn of a socket, as the journal has it.
        wrong @ Lookup::WrongMethod { .. } => match lookup(METHOD, &raw.path) {
            turn @ Lookup::Socket { .. } => turn,
            _ => wrong,
        },
        other => other,
    };
    let mut request = match looked {
        Lookup::Found { codec, route, params, path_used: _ } | Lookup::Socket { codec, route, params } => codec
            .decode(&raw, route, &params)
            .map_err(|error| anyhow::anyhow!("{name} is no request for {}: {}\n`--path` names another route", raw.path, error.message))?,
        Lookup::NotBuilt { name: route } => anyhow::bail!("{route} ({}) is not built yet", raw.path),
        Lookup::WrongMethod { allow } => anyhow::bail!("{} takes {}, not {}", raw.path, allow.join(", "), raw.method),
        // A URL that no codec owns, or where one answers from what it answered before: fixtures with `path` may still answer.
        Lookup::Stored { .. } | Lookup::Unknown { .. } => Request::default(),
    };
    request.context = raw.headers.first("x-aimock-context").map(str::to_owned);
    Ok(Exchange { raw, request })
}

/// What is said about one request.
struct Answer<'a> {
    library: &'a Library,
    texts: &'a [std::sync::Arc<Source>],
    exchange: &'a Exchange,
    served: &'a Served,
}

impl Answer<'_> {
    /// The answer; `after` says what the transforms did.
    fn text(&self, selection: Selection, after: &str) -> String {
        match selection {
            Selection::Hit { row, by_turn, turn_relaxed } => {
                let mut text = format!("{} answers\n  at {}\n", escape(&self.library.handle(row)), self.place(row));
                text.push_str(&self.verdicts(row));
                let _ = writeln!(text, "  why: {}", self.reason(row, by_turn, turn_relaxed));
                text + after
            }
            Selection::Miss(miss) => self.miss_text(miss, after),
        }
    }

    fn miss_text(&self, miss: Miss, after: &str) -> String {
        let mut text = format!("no fixture matches\n{after}");
        if miss.skipped_by_position > 0 {
            let skipped = super::report::counted(miss.skipped_by_position, "fixture");
            let _ = writeln!(text, "  {skipped} would match, but for the sequence slot or the turn");
        }
        let nears = self.library.table.nearest(self.exchange, self.served, NEAREST);
        for (rank, near) in nears.iter().enumerate() {
            let _ = writeln!(text, "\n{}. {}\n   at {}", rank + 1, escape(&self.library.handle(near.row)), self.place(near.row));
            for verdict in self.failed(near) {
                let _ = write!(
                    text,
                    "   {}\n     wanted  {}\n     found   {}\n",
                    verdict.criterion.key,
                    escape(&verdict.wanted()),
                    escape(&verdict.found())
                );
            }
            if near.position_failed {
                let _ = writeln!(text, "   {}", self.position(near.row));
            }
            if near.incompatible {
                text.push_str("   its response is of a kind that this endpoint cannot answer with\n");
            }
        }
        text
    }

    fn json(&self, selection: Selection) -> serde_json::Value {
        match selection {
            Selection::Hit { row, by_turn, turn_relaxed } => serde_json::json!({
                "version": 1,
                "matched": true,
                "fixture": self.fixture_json(row),
                "why": self.reason(row, by_turn, turn_relaxed),
                "byTurn": by_turn,
                "turnRelaxed": turn_relaxed,
                "clauses": self.all(row).iter().map(verdict_json).collect::<Vec<_>>(),
            }),
            Selection::Miss(miss) => {
                let nears = self.library.table.nearest(self.exchange, self.served, NEAREST);
                let near = |near: &Near<'_>| {
                    serde_json::json!({
                        "fixture": self.fixture_json(near.row),
                        "failed": self.failed(near).iter().map(verdict_json).collect::<Vec<_>>(),
                        "positionFailed": near.position_failed,
                        "incompatible": near.incompatible,
                    })
                };
                serde_json::json!({
                    "version": 1,
                    "matched": false,
                    "skippedByPosition": miss.skipped_by_position,
                    "nearest": nears.iter().map(near).collect::<Vec<_>>(),
                })
            }
        }
    }

    fn fixture_json(&self, row: usize) -> serde_json::Value {
        let Some(fixture) = self.library.fixtures.get(row) else { return serde_json::Value::Null };
        let place = self.texts.get(fixture.origin.source.0 as usize).map(|source| source.position(fixture.origin.span.start));
        serde_json::json!({
            "handle": self.library.handle(row),
            "id": fixture.id,
            "file": self.library.sources.get(fixture.origin.source.0 as usize).map(|source| source.name.clone()),
            "pointer": format!("/fixtures/{}", fixture.origin.index),
            "line": place.map(|place| place.line),
            "column": place.map(|place| place.column),
        })
    }

    fn place(&self, row: usize) -> String {
        let Some(fixture) = self.library.fixtures.get(row) else { return String::new() };
        let Some(source) = self.texts.get(fixture.origin.source.0 as usize) else { return String::new() };
        let place = source.position(fixture.origin.span.start);
        format!("{}:{}:{}", escape(source.name()), place.line, place.column)
    }

    fn all(&self, row: usize) -> Vec<Verdict<'_>> {
        self.library.fixtures.get(row).map(|fixture| fixture.matches.explain(self.exchange)).unwrap_or_default()
    }

    fn failed(&self, near: &Near<'_>) -> Vec<Verdict<'_>> {
        self.all(near.row).into_iter().filter(|verdict| !verdict.holds).collect()
    }

    fn verdicts(&self, row: usize) -> String {
        let verdicts = self.all(row);
        let width = verdicts.iter().map(|verdict| verdict.criterion.key.len()).max().unwrap_or(0);
        let mut text = String::new();
        for verdict in &verdicts {
            let (wanted, found) = (verdict.wanted(), verdict.found());
            let _ = writeln!(text, "  {:width$}  {}; found {}", verdict.criterion.key, escape(&wanted), escape(&found));
        }
        text
    }

    fn reason(&self, row: usize, by_turn: bool, turn_relaxed: bool) -> String {
        let turn = self.library.fixtures.get(row).and_then(|fixture| fixture.position.turn).unwrap_or(0);
        let now = self.exchange.request.assistant_count();
        if by_turn {
            return format!("its turnIndex {turn} is the conversation's turn, and no earlier fallback stands in the way");
        }
        if turn_relaxed {
            return format!("of the scripted turns its turnIndex {turn} is nearest to turn {now}; `--strict-turn-index` would refuse it");
        }
        let others = self.library.table.candidates(self.exchange).filter(|(other, _)| *other != row).count();
        match others {
            0 => "no other fixture matches".to_owned(),
            others => format!("first in load order of {} that match", super::report::counted(others + 1, "fixture")),
        }
    }

    fn position(&self, row: usize) -> String {
        let Some(fixture) = self.library.fixtures.get(row) else { return String::new() };
        match (fixture.position.sequence, fixture.position.turn) {
            (Some(slot), _) if slot != self.served.count(row) => {
                format!("sequenceIndex {slot}: it was served {} times", self.served.count(row))
            }
            (_, Some(turn)) => format!("turnIndex {turn}: the conversation is at turn {}", self.exchange.request.assistant_count()),
            _ => "its list of responses is used up".to_owned(),
        }
    }
}

fn verdict_json(verdict: &Verdict<'_>) -> serde_json::Value {
    serde_json::json!({
        "key": verdict.criterion.key,
        "holds": verdict.holds,
        "wanted": verdict.wanted(),
        "found": verdict.found(),
    })
}
