//! Codec conformance: every codec of the registry, over its samples in `tests/wire/`, and laws that hold for all.
//!
//! A sample is a request with the names of the replies to encode for it; what comes out stands beside it as a
//! snapshot. A codec without samples for each of its routes, streaming and not, fails.
#![expect(clippy::disallowed_methods, reason = "reads the samples and the sources of the codecs")]
#![expect(clippy::unwrap_used, reason = "helpers of tests: to fail here is to fail the test")]

mod collapse;
mod hostile;
mod laws;
mod protocol;
mod refusals;
mod replies;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use aimock::exchange::{Body, Emission, Endpoint, ErrorReply, FrameKind, Headers, RawRequest, Reply, Request};
use aimock::provider::route::{Lookup, lookup};
use aimock::provider::socket::METHOD;
use aimock::provider::{ALL, Context, Ids, Moment, Provider, ReasoningModels, Route};
use aimock::wire::{Decoder, Framing, event_stream};
use base64::Engine as _;
use serde_json::Value;

const MOMENT: Moment<'static> = Moment { request_id: "req_0000", now: 1_700_000_000, framing: Framing::Sse, events: 3 };

/// Ids that count.
#[derive(Debug, Default)]
struct Counted(u32);

impl Ids for Counted {
    fn next(&mut self, prefix: &str) -> String {
        self.0 += 1;
        format!("{prefix}{:04}", self.0)
    }
}

/// A request that found its codec and was decoded.
struct Asked {
    codec: &'static dyn Provider,
    route: &'static Route,
    raw: RawRequest,
    decoded: Result<Request, Box<ErrorReply>>,
}

fn ask(path: &str, body: impl Into<Vec<u8>>) -> Asked {
    ask_with(path, Headers::new(), body)
}

fn ask_with(path: &str, headers: Headers, body: impl Into<Vec<u8>>) -> Asked {
    let mut raw = RawRequest::new("POST", path, headers, body.into());
    let (codec, route, params) = match lookup("POST", &raw.path) {
        Lookup::Found { codec, route, params, path_used: _ } => (codec, route, params),
        // A turn of a socket.
        _ => match lookup(METHOD, &raw.path) {
            Lookup::Socket { codec, route, params } => (codec, route, params),
            other => panic!("nobody owns {path}: {other:?}"),
        },
    };
    if !codec.routes().contains(route) {
        raw.method = METHOD.into();
    }
    let decoded = codec.decode(&raw, route, &params);
    Asked { codec, route, raw, decoded }
}

impl Asked {
    fn request(&self) -> &Request {
        self.decoded.as_ref().unwrap()
    }

    fn with_context<T>(&self, chunk_size: usize, strict: bool, run: impl FnOnce(&mut Context<'_>) -> T) -> T {
        run(&mut Context {
            raw: &self.raw,
            request: self.request(),
            chunk_size,
            created: MOMENT.now,
            request_id: MOMENT.request_id,
            framing: self.codec.framing(&self.raw),
            processing: false,
            ids: &mut Counted::default(),
            strict,
            reasoning: &ReasoningModels::default(),
        })
    }

    fn answer(&self, reply: &Reply, chunk_size: usize) -> Emission {
        self.with_context(chunk_size, false, |context| self.codec.encode(context, reply))
    }
}

/// A sample file.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Sample {
    path: String,
    #[serde(default)]
    strict: bool,
    /// The members of `body` are sent as the parts of a form; one of the form `{"file": NAME}` is a file.
    #[serde(default)]
    form: bool,
    #[serde(default)]
    headers: std::collections::BTreeMap<String, String>,
    body: Value,
    replies: Vec<String>,
}

impl Sample {
    fn ask(&self) -> Asked {
        self.ask_for(&self.body)
    }

    /// The request with another body.
    fn ask_for(&self, body: &Value) -> Asked {
        let mut headers: Headers = self.headers.iter().collect();
        if !self.form {
            return ask_with(&self.path, headers, body.to_string());
        }
        headers.push("content-type", "multipart/form-data; boundary=next");
        ask_with(&self.path, headers, form(body))
    }
}

/// A body of parts; what is in a file is what would end a careless parser's part.
pub(crate) fn form(body: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, value) in body.as_object().into_iter().flatten() {
        let file = value.get("file").and_then(Value::as_str);
        let of_file = file.map_or(String::new(), |file| format!("; filename=\"{file}\"\r\ncontent-type: application/octet-stream"));
        bytes.extend(format!("--next\r\ncontent-disposition: form-data; name=\"{name}\"{of_file}\r\n\r\n").bytes());
        match (file, value) {
            (Some(_), _) => bytes.extend(b"\xff\x00\r\n--nex\r\n\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\n\xfe"),
            (None, Value::String(text)) => bytes.extend(text.bytes()),
            (None, value) => bytes.extend(value.to_string().bytes()),
        }
        bytes.extend(b"\r\n");
    }
    bytes.extend(b"--next--\r\n");
    bytes
}

fn wire() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/wire")
}

/// The samples of a codec by name, in order.
fn samples(codec: &str) -> Vec<(String, Sample)> {
    let folder = wire().join(codec);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let files: BTreeSet<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    let samples = files.into_iter().filter(|file| file.extension().is_some_and(|extension| extension == "json"));
    samples
        .map(|file| {
            let text = std::fs::read_to_string(&file).unwrap();
            let sample = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            (file.file_stem().unwrap().to_str().unwrap().to_owned(), sample)
        })
        .collect()
}

/// A frame as a person reads it; of a binary message, its headers and its payload, what is in base64 unpacked.
fn show_frame(binary: bool, bytes: &[u8]) -> String {
    if !binary {
        return std::str::from_utf8(bytes).unwrap().trim_end().replace('\n', "\n         ");
    }
    let [message] = &event_stream::Decoder::new(1 << 24).feed(bytes).unwrap()[..] else { panic!("a frame is one message") };
    let headers: Vec<String> = message.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let payload: Value = serde_json::from_slice(&message.payload).unwrap();
    let said = match payload["bytes"].as_str() {
        Some(inner) => {
            assert_eq!(payload.as_object().unwrap().len(), 1);
            let inner = base64::engine::general_purpose::STANDARD.decode(inner).unwrap();
            format!("bytes of {}", String::from_utf8(inner).unwrap())
        }
        None => payload.to_string(),
    };
    format!("{}\n         {said}", headers.join(" "))
}

/// An emission as a person reads it.
fn show(emission: &Emission) -> String {
    let mut text = format!("{}\n", emission.status);
    for (name, value) in &emission.headers {
        writeln!(text, "{name}: {value}").unwrap();
    }
    text.push('\n');
    match &emission.body {
        Body::Whole(bytes) => match (serde_json::from_slice::<Value>(bytes), std::str::from_utf8(bytes)) {
            (Ok(body), _) => writeln!(text, "{body:#}").unwrap(),
            (Err(_), Ok(plain)) => text.push_str(plain),
            (Err(_), Err(_)) => writeln!(text, "bytes {bytes:?}").unwrap(),
        },
        Body::Stream(frames) => {
            let binary = emission.headers.iter().any(|(_, value)| value == "application/vnd.amazon.eventstream");
            for frame in frames {
                writeln!(text, "{:<8} {}", format!("{:?}", frame.kind), show_frame(binary, &frame.bytes)).unwrap();
            }
        }
    }
    text
}

#[test]
fn samples_are_decoded_and_answered_as_the_snapshots_say() {
    for codec in ALL {
        for (name, sample) in samples(codec.name()) {
            let asked = sample.ask();
            assert_eq!(asked.codec.name(), codec.name(), "{name} is another codec's");
            let mut text = format!("=== request\n{:#}\n", serde_json::to_value(asked.request()).unwrap());
            for reply in &sample.replies {
                let emission = asked.with_context(20, sample.strict, |context| replies::encode(asked.codec, context, reply));
                write!(text, "\n=== {reply}\n{}", show(&emission)).unwrap();
            }
            let mut settings = insta::Settings::clone_current();
            settings.set_snapshot_path(wire().join(codec.name()));
            settings.set_prepend_module_to_snapshot(false);
            settings.set_omit_expression(true);
            settings.bind(|| insta::assert_snapshot!(name, text));
        }
    }
}

#[test]
fn every_route_has_samples_of_each_kind() {
    for codec in ALL {
        let samples = samples(codec.name());
        for route in codec.sockets().iter().filter(|route| !codec.routes().iter().any(|other| other.path == route.path)) {
            let found = samples.iter().any(|(_, sample)| sample.ask().route == route);
            // The same messages, opened with another kind of key.
            let twin = route.path.ends_with("Constrained");
            assert!(found || twin, "{}: no sample for {}", codec.name(), route.path);
        }
        // What follows up a job is asked over sockets, where there are jobs.
        for route in codec.routes().iter().filter(|route| route.method == "POST") {
            let asked: Vec<Asked> = samples.iter().map(|(_, sample)| sample.ask()).collect();
            let here = || asked.iter().filter(|asked| asked.route == route).map(Asked::request);
            assert!(here().next().is_some(), "{}: no sample for {}", codec.name(), route.path);
            // Some routes always stream, some never; where the body decides, there are samples of both.
            for wanted in [true, false] {
                let sayable = samples.iter().filter(|(_, sample)| sample.ask().route == route).any(|(_, sample)| {
                    let mut body = sample.body.clone();
                    body["stream"] = wanted.into();
                    sample.ask_for(&body).request().stream == wanted
                });
                let needed = sayable && (!wanted || route.endpoint == Endpoint::Chat);
                let found = here().any(|request| request.stream == wanted);
                assert!(!needed || found, "{}: no sample for {} with stream {wanted}", codec.name(), route.path);
            }
        }
    }
}

#[test]
fn every_folder_belongs_to_a_codec_and_every_snapshot_to_a_sample() {
    let names: BTreeSet<&str> = ALL.iter().map(|codec| codec.name()).collect();
    assert_eq!(names.len(), ALL.len(), "two codecs of one name");
    for entry in std::fs::read_dir(wire()).unwrap() {
        let folder = entry.unwrap().file_name();
        assert!(names.contains(folder.to_str().unwrap()), "tests/wire/{} is nobody's", folder.display());
    }
    for codec in ALL {
        let samples: BTreeSet<String> = samples(codec.name()).into_iter().map(|(name, _)| name).collect();
        for entry in std::fs::read_dir(wire().join(codec.name())).unwrap() {
            let file = entry.unwrap().path();
            let stem = file.file_stem().unwrap().to_str().unwrap();
            assert!(samples.contains(stem), "{} has no sample", file.display());
        }
    }
}

#[test]
fn every_codec_file_is_registered_and_imports_no_sibling() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("crates/formats/src/provider");
    let files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    let codecs: BTreeSet<&str> = files
        .iter()
        .filter(|file| file.is_file() && file.file_stem().is_some_and(|stem| stem != "mod"))
        .map(|file| file.file_stem().unwrap().to_str().unwrap())
        .collect();
    assert_eq!(codecs, ALL.iter().map(|codec| codec.name()).collect());
    for file in files.iter().filter(|file| file.is_file() && !file.ends_with("mod.rs")) {
        let text = std::fs::read_to_string(file).unwrap();
        for sibling in codecs.iter().filter(|sibling| file.file_stem().unwrap() != **sibling) {
            let imports = text.contains(&format!("{sibling}::")) || text.contains(&format!("::{sibling}"));
            assert!(!imports, "{} imports {sibling}", file.display());
        }
    }
}

#[test]
fn errors_inside_a_stream_are_one_event_that_parses() {
    for codec in ALL {
        let Some(frame) = codec.encode_error_event(&replies::error(529), MOMENT) else { continue };
        assert_eq!(frame.kind, FrameKind::Closing);
        let framing = codec.framing(&RawRequest::default());
        let events = Decoder::new(framing, 1 << 24).feed(&frame.bytes).unwrap();
        assert_eq!(events.len(), 1, "{}", codec.name());
        let body: Value = serde_json::from_str(events[0].data.as_deref().unwrap()).unwrap();
        let message = match codec.provider() {
            "bedrock" => &body["message"],
            "ollama" => &body["error"],
            "cohere" => &body["delta"]["error"],
            _ => &body["error"]["message"],
        };
        assert_eq!(message, "Something broke", "{}", codec.name());
        assert!(body.get("sequence_number").is_none_or(|number| *number == MOMENT.events), "{}", codec.name());
        let names_it = codec.name().contains("anthropic") || matches!(codec.name(), "openai_responses" | "gemini_interactions");
        let named = match codec.provider() {
            "bedrock" => Some("serviceUnavailableException"),
            "cohere" => Some("message-end"),
            _ => names_it.then_some("error"),
        };
        assert_eq!((events[0].name.as_deref(), events[0].exception), (named, framing == Framing::EventStream));
    }
}
