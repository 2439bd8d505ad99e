//! `aimock.yaml`: what it may say, and what the commands make of it.
//!
//! Unknown keys are errors with a suggestion. The peer's `aimock.json` is read as it is; keys of it that nothing here
//! acts on get a warning that says so. Nothing here touches the disk: text in, settings and findings out.

mod peer;

use std::borrow::Cow;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::diagnostic::{Diagnostic, Severity, Source};
use crate::document::{Format, Limits, Node, Value};
use crate::shape::{AnyJson, Count, Fields, Millis, NonEmpty, OneOrMany, Percent, PositiveCount, Read, Reader, Speed, keyword, shape};
use crate::transform::{Spec, Transforms};

pub use peer::{PeerLlmShape, PeerRecordShape};

/// File names that are looked for, in this order, from the working directory up to the repository root.
pub const FILE_NAMES: [&str; 5] = ["aimock.yaml", "aimock.yml", "aimock.jsonc", "aimock.json", ".aimock.yaml"];

shape! {
    /// Settings of aimock. Paths and globs are relative to this file.
    pub struct ConfigShape {
        /// Address of this schema, for editors.
        "$schema" schema: String;
        /// Fixture files, directories and globs that commands take when none are named.
        "include" include: OneOrMany<NonEmpty>;
        /// Globs that are passed over in directories.
        "exclude" exclude: OneOrMany<NonEmpty>;
        /// Named sets of globs that are loaded together, in the order written.
        "scopes" scopes: Fields<OneOrMany<NonEmpty>>;
        /// Rewrites of what differs from run to run, in this order: on requests before matching, on recordings before
        /// their key is made, on the texts of match keys. Plain texts of match keys are then exact, unless `matching`
        /// says otherwise; regular expressions see the rewritten text; `headers` and `body` see the original.
        "transforms" transforms: Vec<TransformShape>;
        /// How plain texts of match keys compare. Default: `exact` when there are transforms, else `contains`.
        "matching" matching: MatchingWord;
        /// Which rules run, and where.
        "lint" lint: LintShape;
        /// Which passes run.
        "normalize" normalize: NormalizeShape;
        /// What comparisons leave out.
        "diff" diff: DiffShape;
        /// Settings of the server; the names are those of its flags.
        "serve" serve: ServeShape;
        /// Settings of `aimock verify`; the names are those of its flags.
        "verify" verify: VerifyShape;
        /// Random faults of the server.
        "chaos" chaos: crate::fixture::ChaosShape;
        /// Settings of the recorder.
        "record" record: RecordShape;
        /// Base URL of each provider's upstream.
        "providers" providers: Fields<NonEmpty>;
        /// Keys that requests must carry.
        "auth" auth: AuthShape;
        /// The peer's section for its LLM server.
        "llm" llm: PeerLlmShape;
        /// The peer's port.
        "port" port: Port;
        /// The peer's host.
        "host" host: NonEmpty;
        /// The peer's strict mode.
        "strict" strict: bool;
        /// The peer's switch for metrics.
        "metrics" metrics: bool;
        /// The peer's MCP mock; not acted on.
        "mcp" mcp: AnyJson;
        /// The peer's A2A mock; not acted on.
        "a2a" a2a: AnyJson;
        /// The peer's AG-UI mock; not acted on.
        "agui" agui: AnyJson;
        /// The peer's vector mock; not acted on.
        "vector" vector: AnyJson;
        /// The peer's service switches; not acted on.
        "services" services: AnyJson;
        unknown: Error
    }
}

keyword! {
    /// How plain texts of match keys compare.
    pub enum MatchingWord {
        /// The text contains the key's text.
        Contains = "contains",
        /// The text is the key's text.
        Exact = "exact",
    }
}

keyword! {
    /// How bad a finding is.
    pub enum SeverityWord {
        Error = "error",
        Warning = "warning",
        Info = "info",
        Off = "off",
    }
}

shape! {
    /// Which lint rules run, and where.
    pub struct LintShape {
        /// Rules and tiers that run.
        "select" select: Vec<NonEmpty>;
        /// Rules that do not run.
        "ignore" ignore: Vec<NonEmpty>;
        /// Severity of single rules.
        "severity" severity: Fields<SeverityWord>;
        /// Rules that do not run on files that a glob names.
        "perFile" per_file: Fields<Vec<NonEmpty>>;
        /// File of findings that are known.
        "baseline" baseline: NonEmpty;
        /// Folder for what is kept between runs, below the folder of this file. Default: the user's own cache.
        "cacheDir" cache_dir: NonEmpty;
        /// Options of single rules.
        "options" options: Fields<AnyJson>;
        unknown: Error
    }
}

shape! {
    /// Which passes of normalize run.
    pub struct NormalizeShape {
        /// Names of passes.
        "passes" passes: Vec<NonEmpty>;
        unknown: Error
    }
}

shape! {
    /// What comparisons leave out.
    pub struct DiffShape {
        /// JSON pointers from the fixture, `*` for any one step.
        "ignore" ignore: OneOrMany<NonEmpty>;
        unknown: Error
    }
}

shape! {
    /// Settings of the server; the names are those of its flags.
    pub struct ServeShape {
        /// Port to listen on; 0 picks one.
        "port" port: Port;
        /// Address to listen on.
        "host" host: NonEmpty;
        /// Fixture files and directories.
        "fixtures" fixtures: OneOrMany<NonEmpty>;
        /// Delay before every chunk of a stream, in milliseconds.
        "latency" latency: Millis;
        /// Longest slice of text in a stream, in characters.
        "chunkSize" chunk_size: PositiveCount;
        /// Divides every delay.
        "replaySpeed" replay_speed: Speed;
        /// Whether a miss answers 503 in place of 404.
        "strict" strict: bool;
        /// Whether `turnIndex` is a gate in place of a preference.
        "strictTurns" strict_turns: bool;
        /// Whether a finding in a fixture file keeps the server from starting.
        "validateOnLoad" validate_on_load: bool;
        /// Requests that the journal keeps; 0: all.
        "journalMax" journal_max: Count;
        /// Bytes that the journal keeps in all; 0: all.
        "journalBytes" journal_bytes: Count;
        /// Test ids whose counts are kept; 0: all.
        "fixtureCountsMax" fixture_counts_max: Count;
        /// Largest request body, in bytes.
        "maxBodyBytes" max_body_bytes: PositiveCount;
        /// What becomes of streams that chaos would change.
        "chaosStreams" chaos_streams: ChaosStreamsWord;
        /// Whether `GET /metrics` answers.
        "metrics" metrics: bool;
        /// Seed of everything random.
        "seed" seed: Count;
        /// Whether upstreams are asked for what no fixture answers, and recorded.
        "record" record: bool;
        /// Whether upstreams are asked for what no fixture answers, and nothing is written.
        "proxyOnly" proxy_only: bool;
        /// Longest wait for the first byte of an upstream's answer, in milliseconds.
        "upstreamTimeoutMs" upstream_timeout_ms: PositiveCount;
        /// Longest silence within an upstream's answer, in milliseconds.
        "bodyTimeoutMs" body_timeout_ms: PositiveCount;
        /// PEM file of certificates to trust beside the system's.
        "upstreamCa" upstream_ca: NonEmpty;
        /// Longer answers are relayed and not recorded, in bytes.
        "maxProxyBufferBytes" max_proxy_buffer_bytes: PositiveCount;
        /// The same in pieces as they come from the network.
        "maxProxyBufferFrames" max_proxy_buffer_frames: PositiveCount;
        /// How much the server says: `silent`, `warn`, `info` or `debug`.
        "logLevel" log_level: LogLevelWord;
        /// How lines of the log are written.
        "logFormat" log_format: LogFormatWord;
        /// Bytes of a request body that the journal keeps; larger ones are marked.
        "journalBodyBytes" journal_body_bytes: Count;
        /// Whether files are served anew when they change.
        "watch" watch: bool;
        /// Milliseconds between looks for changes, where the file system tells nothing; implies `watch`.
        "watchPoll" watch_poll: PositiveCount;
        /// The exit status is 1 when fewer fixtures than this were used, in percent.
        "failUnder" fail_under: Percent;
        /// Whether the exit status is 1 when a fixture was of no use.
        "failUnused" fail_unused: bool;
        /// Whether and how it is shown at the end which fixtures were used.
        "coverage" coverage: CoverageWord;
        /// File that the coverage is written to.
        "coverageFile" coverage_file: NonEmpty;
        unknown: Error
    }
}

shape! {
    /// Settings of `aimock verify`; the names are those of its flags.
    pub struct VerifyShape {
        /// File of expectations.
        "expectations" expectations: NonEmpty;
        /// Running server whose journal is checked.
        "url" url: NonEmpty;
        /// Fixtures whose `expect` blocks are checked too.
        "fixtures" fixtures: OneOrMany<NonEmpty>;
        /// Only requests of this test count.
        "testId" test_id: NonEmpty;
        unknown: Error
    }
}

keyword! {
    /// How lines of the log are written.
    pub enum LogFormatWord {
        /// For people.
        Text = "text",
        /// One JSON object a line.
        Json = "json",
    }
}

keyword! {
    /// How coverage is written.
    pub enum CoverageWord {
        /// The share, and the fixtures of no use.
        Text = "text",
        /// Every fixture with its count.
        Json = "json",
    }
}

keyword! {
    /// What becomes of streams that chaos would change.
    pub enum ChaosStreamsWord {
        /// They are changed in flight.
        Mutate = "mutate",
        /// They are left alone, and counted.
        Bypass = "bypass",
    }
}

keyword! {
    /// How much the server says.
    pub enum LogLevelWord {
        Silent = "silent",
        Warn = "warn",
        Info = "info",
        Debug = "debug",
    }
}

shape! {
    /// Settings of the recorder.
    pub struct RecordShape {
        /// Directory of recordings.
        "output" output: NonEmpty;
        /// When an upstream is asked.
        "mode" mode: RecordModeWord;
        /// How files are named.
        "nameBy" name_by: NameByWord;
        /// Age at which recordings are made anew in mode `expired`, as `30d` or `12h`.
        "maxAge" max_age: NonEmpty;
        /// Whether answers are kept byte for byte in place of what they say.
        "exactStream" exact_stream: bool;
        /// Whether answers with status 408, 409, 429 and 5xx are recorded.
        "errors" errors: bool;
        /// Whether a recording is for the model as the request names it, date and all.
        "fullModelVersion" full_model_version: bool;
        unknown: Error
    }
}

keyword! {
    /// When an upstream is asked: on a miss, always, never, or when the recording is old.
    pub enum RecordModeWord {
        Missing = "missing",
        All = "all",
        None = "none",
        Expired = "expired",
    }
}

keyword! {
    /// How recordings are named.
    pub enum NameByWord {
        Test = "test",
        Hash = "hash",
        Time = "time",
    }
}

shape! {
    /// Keys that requests must carry.
    pub struct AuthShape {
        /// Accepted keys.
        "apiKeys" api_keys: Vec<NonEmpty>;
        unknown: Error
    }
}

shape! {
    /// A rewrite of one's own: `replace` and `with`, or `drop`.
    pub struct TransformFields {
        /// A name for reports.
        "name" name: NonEmpty;
        /// Regular expression (Rust `regex` syntax) of what is replaced.
        "replace" replace: NonEmpty;
        /// What it is replaced with; `$1` and `${name}` are what groups found.
        "with" with: String;
        /// Match keys whose texts are rewritten. Default: `userMessage`, `systemMessage`, `inputText` and
        /// `toolResultContains`.
        "in" within: Vec<NonEmpty>;
        /// JSON pointer of what is removed from the provider-neutral request; `*` is any item.
        "drop" drop: String;
        unknown: Error
    }
}

/// The rule of items of `transforms` that cannot be used.
const INVALID: &str = "invalid-transform";

impl TransformFields {
    /// Which of the keys do not go together.
    fn trouble(&self) -> Option<&'static str> {
        match (&self.replace, &self.with, &self.drop) {
            (Some(_), Some(_), None) => None,
            (None, None, Some(_)) if self.within.is_none() => None,
            (Some(_), None, None) => Some("`replace` without `with`"),
            (None, Some(_), None) => Some("`with` without `replace`"),
            (None, None, None) => Some("this transform does nothing"),
            (None, None, Some(_)) => Some("`drop` takes no `in`"),
            (_, _, Some(_)) => Some("`drop` stands beside `replace` or `with`"),
        }
    }
}

/// A built-in transform by name, or one of one's own.
#[derive(Clone, Debug, PartialEq)]
pub enum TransformShape {
    Named(String),
    Own(TransformFields),
}

impl Read for TransformShape {
    fn read(node: &Node<'_>, reader: &mut Reader<'_, '_>) -> Option<TransformShape> {
        match &node.value {
            Value::String(name) => Some(TransformShape::Named(name.clone().into_owned())),
            Value::Object(_) => {
                let fields = TransformFields::read(node, reader)?;
                match fields.trouble() {
                    None => Some(TransformShape::Own(fields)),
                    Some(trouble) => {
                        reader.report_object(Severity::Error, INVALID, node, trouble).help = "write `replace` and `with`, or `drop`".into();
                        None
                    }
                }
            }
            _ => reader.wrong(node, "the name of a transform, or an object with `replace` or `drop`"),
        }
    }
}

impl JsonSchema for TransformShape {
    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("Transform")
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let own = generator.subschema_for::<TransformFields>();
        let names: Vec<Schema> =
            crate::transform::ALL.iter().map(|builtin| json_schema!({ "const": builtin.name, "description": builtin.summary })).collect();
        json_schema!({ "anyOf": [{ "type": "string", "oneOf": names }, own] })
    }
}

/// A TCP port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Port(pub u16);

impl Read for Port {
    fn read(node: &Node<'_>, reader: &mut Reader<'_, '_>) -> Option<Port> {
        let number = if let Value::Number(text) = &node.value { text.parse::<u16>().ok() } else { None };
        number.map(Port).or_else(|| reader.wrong(node, "a port, from 0 to 65535"))
    }
}

impl JsonSchema for Port {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("Port")
    }

    fn json_schema(_generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 0, "maximum": 65535 })
    }
}

/// The schema of configuration files.
pub fn schema() -> serde_json::Value {
    crate::fixture::generate::<ConfigShape>("aimock configuration")
}

/// Sections of the peer's configuration that nothing here acts on.
const PEER_ONLY: [&str; 5] = ["mcp", "a2a", "agui", "vector", "services"];

/// Reads a configuration file's text.
///
/// # Errors
/// All findings of severity error, with the others among them.
pub fn parse(source: &Arc<Source>, format: Format) -> Result<(ConfigShape, Vec<Diagnostic>), Vec<Diagnostic>> {
    let limits = Limits::default();
    let parsed = match crate::document::parse(source.text(), format, &limits) {
        Ok(parsed) => parsed,
        Err(troubles) => return Err(troubles.into_iter().map(|trouble| crate::fixture::diagnose(source, None, trouble)).collect()),
    };
    let root = &parsed.root;
    let mut problems: Vec<Diagnostic> =
        parsed.findings.iter().cloned().map(|trouble| crate::fixture::diagnose(source, Some(root), trouble)).collect();
    let mut reader = Reader::new(source, root);
    // An empty file is an empty configuration.
    let shape = if let Value::Null = root.value { Some(ConfigShape::default()) } else { ConfigShape::read(root, &mut reader) };
    for member in root.members().iter().filter(|member| PEER_ONLY.contains(&member.key.as_ref())) {
        reader.report(Severity::Info, "not-acted-on", member.key_span, format!("`{}` is accepted and has no effect", member.key));
    }
    if let Some(shape) = shape.as_ref().filter(|_| reader.errors() == 0) {
        check_transforms(shape, root, &mut reader);
    }
    problems.extend(reader.into_problems());
    match shape {
        Some(shape) if problems.iter().all(|problem| problem.severity != Severity::Error) => Ok((shape, problems)),
        _ => Err(problems),
    }
}

/// Says at its place what is wrong with an item of `transforms`.
fn check_transforms(shape: &ConfigShape, root: &Node<'_>, reader: &mut Reader<'_, '_>) {
    let Err(errors) = Transforms::compile(&transforms(shape)) else { return };
    let items = root.get("transforms").map(Node::items).unwrap_or_default();
    for error in errors {
        let Some(item) = items.get(error.index) else { continue };
        let place = item.get(error.field).unwrap_or(item);
        reader.report(Severity::Error, INVALID, place.span, error.message).help = error.help.into();
    }
}

/// The list of transforms as it is written.
pub fn transforms(shape: &ConfigShape) -> Vec<Spec> {
    shape.transforms.iter().flatten().map(spec).collect()
}

fn spec(shape: &TransformShape) -> Spec {
    let fields = match shape {
        TransformShape::Named(name) => return Spec::BuiltIn { name: name.clone(), label: None },
        TransformShape::Own(fields) => fields,
    };
    let label = fields.name.as_ref().map(|name| name.0.clone());
    match &fields.drop {
        Some(pointer) => Spec::Drop { pointer: pointer.clone(), label },
        None => Spec::Replace {
            pattern: fields.replace.as_ref().map(|pattern| pattern.0.clone()).unwrap_or_default(),
            with: fields.with.clone().unwrap_or_default(),
            within: fields.within.iter().flatten().map(|key| key.0.clone()).collect(),
            label,
        },
    }
}
