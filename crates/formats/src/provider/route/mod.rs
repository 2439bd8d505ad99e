//! Which codec owns a URL: the route table over the registry.
//!
//! Paths are matched as they are first, then as compatible servers spell them: a leading `/openai` is dropped, and
//! below any prefix but `/v1/` and `/v2/` a path that ends like one of OpenAI's is that one. Trailing slashes count.
//! What the peer serves and we do not yet is known by name, so that the answer can say so.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::sync::LazyLock;

use percent_encoding::percent_decode_str;
use rapidhash::RapidHashMap;

use super::socket::METHOD;
use super::{ALL, Params, Provider, Route, StoredRoute};
use crate::exchange::{RawRequest, RequestHead};

/// What a method and path lead to.
pub enum Lookup<'a> {
    /// A codec answers.
    Found {
        codec: &'static dyn Provider,
        route: &'static Route,
        params: Params,
        /// The path that matched: as sent, or without its compatibility prefix.
        path_used: Cow<'a, str>,
    },
    /// A codec answers about what it answered before.
    Stored { codec: &'static dyn Provider, route: &'static StoredRoute, params: Params },
    /// A codec answers turns on a WebSocket: of a `GET`, and of a turn itself.
    Socket { codec: &'static dyn Provider, route: &'static Route, params: Params },
    /// The path is known, the method is not: 405 with these in `Allow`.
    WrongMethod { allow: Vec<&'static str> },
    /// The peer serves it and we do not yet: 501 with this name.
    NotBuilt { name: &'static str },
    /// Nobody's path: 404 with the nearest patterns, best first.
    Unknown { nearest: Vec<&'static str> },
}

impl Lookup<'_> {
    /// The same without borrowing the path.
    fn into_owned(self) -> Lookup<'static> {
        match self {
            Lookup::Found { codec, route, params, path_used } => {
                Lookup::Found { codec, route, params, path_used: Cow::Owned(path_used.into_owned()) }
            }
            Lookup::Stored { codec, route, params } => Lookup::Stored { codec, route, params },
            Lookup::Socket { codec, route, params } => Lookup::Socket { codec, route, params },
            Lookup::WrongMethod { allow } => Lookup::WrongMethod { allow },
            Lookup::NotBuilt { name } => Lookup::NotBuilt { name },
            Lookup::Unknown { nearest } => Lookup::Unknown { nearest },
        }
    }
}

impl std::fmt::Debug for Lookup<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Lookup::Found { codec, route, params, path_used } => {
                write!(f, "Found({} {} {:?} {path_used})", codec.name(), route.path, params.0)
            }
            Lookup::Stored { codec, route, params } => write!(f, "Stored({} {} {} {:?})", codec.name(), route.method, route.path, params.0),
            Lookup::Socket { codec, route, params } => write!(f, "Socket({} {} {:?})", codec.name(), route.path, params.0),
            Lookup::WrongMethod { allow } => write!(f, "WrongMethod({})", allow.join(", ")),
            Lookup::NotBuilt { name } => write!(f, "NotBuilt({name})"),
            Lookup::Unknown { nearest } => write!(f, "Unknown({})", nearest.join(", ")),
        }
    }
}

/// A codec, and its route.
type Owner = (&'static dyn Provider, &'static Route);

/// A route that is known by name only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotBuilt {
    /// `*` for any.
    pub method: &'static str,
    /// As [`Route::path`]; `{*rest}` at the end takes everything.
    pub path: &'static str,
    pub name: &'static str,
}

const fn later(method: &'static str, path: &'static str, name: &'static str) -> NotBuilt {
    NotBuilt { method, path, name }
}

/// Routes of the peer that no codec serves yet.
pub static NOT_BUILT: &[NotBuilt] = &[
    later("GET", "/v1/files", "OpenAI files"),
    later("POST", "/v1/files", "OpenAI files"),
    later("GET", "/v1/batches", "OpenAI batches"),
    later("POST", "/v1/batches", "OpenAI batches"),
    later("POST", "/v1/fine_tuning/jobs", "OpenAI fine-tuning"),
    later("POST", "/v1/live/sessions", "OpenAI live sessions"),
    later("POST", "/v1/text-to-voice/design", "ElevenLabs voice design"),
];

/// Whose service a path is that no codec owns, told by how it begins; as the flags of upstreams name providers.
const SERVICES: [(&str, &str); 23] = [
    ("/mistral/", "mistral"),
    ("/v1/responses", "openai"),
    ("/v1/images/", "openai"),
    ("/v1/audio/", "openai"),
    ("/v1/moderations", "openai"),
    ("/v1/videos", "openai"),
    ("/v1beta/", "gemini"),
    ("/model/", "bedrock"),
    ("/api/v1/", "openrouter"),
    ("/api/", "ollama"),
    ("/v2/", "cohere"),
    ("/v1/sound-generation", "elevenlabs"),
    ("/v1/music", "elevenlabs"),
    ("/v1/text-to-speech/", "elevenlabs"),
    ("/fal/", "fal"),
    ("/fal-ai/", "fal"),
    ("/search", "tavily"),
    ("/openai/", "openai"),
    ("/v1/files", "openai"),
    ("/v1/batches", "openai"),
    ("/v1/fine_tuning/", "openai"),
    ("/v1/live/", "openai"),
    ("/v1/text-to-voice/", "elevenlabs"),
];

/// The provider whose upstream answers a path that only has a name here.
pub fn service(path: &str) -> Option<&'static str> {
    SERVICES.into_iter().find(|(start, _)| path.starts_with(start)).map(|(_, provider)| provider)
}

/// Ends that are OpenAI's whatever stands before them.
const OPENAI_SUFFIXES: [&str; 9] = [
    "/chat/completions",
    "/embeddings",
    "/responses",
    "/audio/speech",
    "/audio/transcriptions",
    "/audio/translations",
    "/images/generations",
    "/images/edits",
    "/realtime",
];

/// Before the ids of answers that OpenAI keeps, whatever stands before that.
const KEPT: &str = "/responses/";

/// How many patterns a 404 names.
const NEAREST: usize = 3;
/// Longer paths are compared by their beginning: nobody mistypes that much.
const COMPARED: usize = 200;

/// Finds who answers a request, told apart from others by more than its path (see [`address`]).
pub fn lookup_request(raw: &RawRequest) -> Lookup<'static> {
    lookup(&raw.method, &address(raw)).into_owned()
}

/// Finds who answers a request. `path` is as sent, without the query.
pub fn lookup<'a>(method: &str, path: &'a str) -> Lookup<'a> {
    let compatible = normalise(path);
    let spellings = [Some(Cow::Borrowed(path)), (compatible != path).then_some(compatible)];
    let mut allow = Vec::new();
    for spelling in spellings.into_iter().flatten() {
        if let Some((codec, route, params)) = owner(method, &spelling, &mut allow) {
            return Lookup::Found { codec, route, params, path_used: spelling };
        }
        if let Some((codec, route, params)) = keeper(method, &spelling, &mut allow) {
            return Lookup::Stored { codec, route, params };
        }
        if let Some((codec, route, params)) = listener(method, &spelling, &mut allow) {
            return Lookup::Socket { codec, route, params };
        }
        if let Some(route) = not_built(method, &spelling, &mut allow) {
            return Lookup::NotBuilt { name: route.name };
        }
    }
    if allow.is_empty() {
        return Lookup::Unknown { nearest: nearest(path) };
    }
    allow.sort_unstable();
    allow.dedup();
    Lookup::WrongMethod { allow }
}

/// Where a body belongs whose URL nobody wrote down, told by its shape and by the answer it got, if that is at hand.
pub fn guess(body: &serde_json::Value, answer: Option<&str>) -> &'static str {
    use serde_json::Value;
    let is_claude = body.get("model").and_then(Value::as_str).is_some_and(|model| model.starts_with("claude"));
    let begin: String = answer.unwrap_or_default().chars().take(COMPARED * 10).filter(|letter| !letter.is_whitespace()).collect();
    if body.get("messages").is_some() {
        let speaks_so =
            begin.starts_with("event:message_start") || begin.contains(r#""type":"message""#) || begin.starts_with(r#"{"type":"error""#);
        // What answers decides: models are also served in other vendors' formats.
        let is_chat = begin.contains(r#""object":"chat.completion"#);
        let is_messages = speaks_so || body.get("system").is_some() || body.get("anthropic_version").is_some() || is_claude;
        return if is_messages && !is_chat { "/v1/messages" } else { "/v1/chat/completions" };
    }
    let speaks_so = begin.contains(r#""object":"response""#) || begin.starts_with("event:response.");
    let asks_so = ["stream", "tools", "instructions", "previous_response_id", "reasoning", "max_output_tokens"];
    if body.get("input").is_none() {
        "/v1/chat/completions"
    } else if speaks_so || asks_so.iter().any(|key| body.get(*key).is_some()) {
        "/v1/responses"
    } else {
        "/v1/embeddings"
    }
}

fn owner(method: &str, path: &str, allow: &mut Vec<&'static str>) -> Option<(&'static dyn Provider, &'static Route, Params)> {
    /// Routes without parameters, by their paths: what [`search`] finds for them.
    static PLAIN: LazyLock<RapidHashMap<&str, Vec<Owner>>> = LazyLock::new(|| {
        let mut plain: RapidHashMap<&str, Vec<_>> = RapidHashMap::default();
        for route in ALL.iter().flat_map(|codec| codec.routes()).filter(|route| !route.path.contains('{')) {
            if let Some((codec, found, _)) = search(route.method, route.path, &mut Vec::new()).filter(|found| found.2.0.is_empty()) {
                plain.entry(route.path).or_default().push((codec, found));
            }
        }
        plain
    });
    let known = PLAIN.get(path).and_then(|routes| routes.iter().find(|(_, route)| route.method == method));
    known.map(|(codec, route)| (*codec, *route, Params::default())).or_else(|| search(method, path, allow))
}

/// Goes through all routes in order.
fn search(method: &str, path: &str, allow: &mut Vec<&'static str>) -> Option<(&'static dyn Provider, &'static Route, Params)> {
    for codec in ALL {
        for route in codec.routes() {
            let Some(params) = captures(route.path, path) else { continue };
            if route.method == method {
                return Some((*codec, route, params));
            }
            allow.push(route.method);
        }
    }
    None
}

/// Who takes a WebSocket there. Node's client of Google's API puts a slash too many before the path.
fn listener(method: &str, path: &str, allow: &mut Vec<&'static str>) -> Option<(&'static dyn Provider, &'static Route, Params)> {
    let path = path.strip_prefix('/').filter(|rest| rest.starts_with('/')).unwrap_or(path);
    for codec in ALL {
        for route in codec.sockets() {
            let Some(params) = captures(route.path, path) else { continue };
            if route.method == method || method == METHOD {
                return Some((*codec, route, params));
            }
            allow.push(route.method);
        }
    }
    None
}

/// Whose answers are asked for again.
fn keeper(method: &str, path: &str, allow: &mut Vec<&'static str>) -> Option<(&'static dyn Provider, &'static StoredRoute, Params)> {
    for codec in ALL {
        for route in codec.stored_routes() {
            let Some(params) = captures(route.path, path) else { continue };
            if route.method == method {
                return Some((*codec, route, params));
            }
            allow.push(route.method);
        }
    }
    None
}

fn not_built(method: &str, path: &str, allow: &mut Vec<&'static str>) -> Option<&'static NotBuilt> {
    for route in NOT_BUILT {
        if captures(route.path, path).is_some() {
            if route.method == method || route.method == "*" {
                return Some(route);
            }
            allow.push(route.method);
        }
    }
    None
}

/// How Mistral's own clients begin their `User-Agent`.
const MISTRAL_CLIENT: &str = "mistral-client-";
/// What stands before Mistral's paths here, as OpenAI's are the same.
const MISTRAL: &str = "/mistral";

/// The path under which a request's codec is looked up: as sent, but where Mistral's own client asks for one of Mistral's, which
/// are OpenAI's by name.
pub fn address(raw: &RequestHead) -> Cow<'_, str> {
    let is_mistral = raw.path.starts_with("/v1/") && raw.headers.first("user-agent").is_some_and(|agent| agent.starts_with(MISTRAL_CLIENT));
    if is_mistral {
        let own = format!("{MISTRAL}{}", raw.path);
        let mut allow = Vec::new();
        if owner("", &own, &mut allow).is_some() || keeper("", &own, &mut allow).is_some() || !allow.is_empty() {
            return Cow::Owned(own);
        }
    }
    Cow::Borrowed(&raw.path)
}

/// The path as the vendor has it: without what only stands there to tell it from another vendor's.
pub fn vendor_path(path: &str) -> &str {
    path.strip_prefix(MISTRAL).filter(|rest| rest.starts_with("/v1/")).unwrap_or(path)
}

/// The path as OpenAI spells it.
fn normalise(path: &str) -> Cow<'_, str> {
    let rest = path.strip_prefix("/openai").filter(|rest| rest.starts_with('/')).unwrap_or(path);
    if rest.starts_with("/v1/") || rest.starts_with("/v2/") {
        return Cow::Borrowed(rest);
    }
    let suffix = OPENAI_SUFFIXES.into_iter().find(|suffix| rest.ends_with(suffix));
    let suffix = suffix.or_else(|| rest.rfind(KEPT).and_then(|at| rest.get(at..)));
    suffix.map_or(Cow::Borrowed(rest), |suffix| Cow::Owned(format!("/v1{suffix}")))
}

/// The parameters of a pattern in a path, percent-decoded; `None` when the path does not match.
fn captures(pattern: &'static str, path: &str) -> Option<Params> {
    let mut params = Params::default();
    let (mut pattern, mut path) = (pattern, path);
    while let Some((literal, rest)) = pattern.split_once('{') {
        let (name, behind) = rest.split_once('}')?;
        path = path.strip_prefix(literal)?;
        let length = if name.starts_with('*') { path.len() } else { taken(path, behind)? };
        let (value, left) = path.split_at_checked(length).filter(|(value, _)| !value.is_empty())?;
        params.0.push((name, percent_decode_str(value).decode_utf8_lossy().into_owned()));
        (pattern, path) = (behind, left);
    }
    (pattern == path).then_some(params)
}

/// How much of the segment a parameter takes: up to the last place where the literal behind it stands.
fn taken(path: &str, behind: &str) -> Option<usize> {
    let segment = path.find('/').unwrap_or(path.len());
    let literal = behind.split(['{', '/']).next().unwrap_or_default();
    path.get(..segment)?.strip_suffix(literal).map(str::len)
}

/// The patterns most like a path, both kinds, without repeats.
fn nearest(path: &str) -> Vec<&'static str> {
    let path: String = path.chars().take(COMPARED).collect();
    let stored = ALL.iter().flat_map(|codec| codec.stored_routes()).map(|route| route.path);
    let built = ALL.iter().flat_map(|codec| codec.routes().iter().chain(codec.sockets())).map(|route| route.path).chain(stored);
    let mut ranked: Vec<(&'static str, f64)> = built.map(|pattern| (pattern, strsim::jaro_winkler(pattern, &path))).collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    ranked.dedup_by(|a, b| a.0 == b.0);
    ranked.into_iter().take(NEAREST).map(|(pattern, _)| pattern).collect()
}
