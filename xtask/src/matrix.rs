//! Who shows what: for each of the vendors' clients, whether a case that passed showed text, streams, tools and so on.
//!
//! `tests/clients/clients.json` lists the clients, the codecs that each exercises, and what a client has not, with the
//! reason. A case only claims; what it claims counts where the server's journal bears it out: the client's own
//! `user-agent`, and a request and an answer of that kind. A hole is a failure, and so is a claim that nothing bears out.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use aimock::exchange::{Headers, RawRequest};
use aimock::provider::route::{Lookup, lookup_request};
use serde_json::{Map, Value};

/// Whether an exchange bears out an ability.
type Witness = fn(&Exchange<'_>) -> bool;

/// What every client shows or is excused from, and what the journal then holds of it.
const ABILITIES: [(&str, Witness); 11] = [
    ("text", |exchange| exchange.says_text() && !exchange.streamed()),
    ("stream", |exchange| exchange.status == 200 && exchange.entry["stream"]["terminated"] == true),
    ("tools", |exchange| exchange.status == 200 && exchange.reply()["toolCalls"].as_array().is_some_and(|calls| calls.len() > 1)),
    ("structured", |exchange| exchange.status == 200 && exchange.says_object()),
    ("usage", |exchange| exchange.status == 200 && exchange.reply()["usage"].is_object()),
    ("error", |exchange| exchange.status >= 400 && exchange.reply()["error"].is_object()),
    ("retry", |exchange| exchange.status == 429 || exchange.status >= 500),
    ("cut", |exchange| exchange.entry["response"]["interrupted"] == true),
    ("embeddings", |exchange| exchange.succeeds_at(&["embedding"])),
    ("images", |exchange| exchange.paints() || exchange.succeeds_at(&["image", "fal"])),
    ("audio", |exchange| {
        exchange.speaks() || exchange.succeeds_at(&["speech", "transcription", "translation", "elevenlabs-tts", "audio-gen"])
    }),
];

/// One request and its answer, as the journal tells them.
struct Exchange<'a> {
    entry: &'a Value,
    /// The fixture that answered; null where none did.
    fixture: &'a Value,
    status: u64,
    /// Who owns the path: codec and endpoint.
    owner: Option<(&'static str, &'static str)>,
}

impl<'a> Exchange<'a> {
    fn new(entry: &'a Value, fixtures: &'a BTreeMap<String, Value>) -> Exchange<'a> {
        let origin = &entry["response"]["fixture"];
        let index = origin["index"].as_u64().and_then(|index| usize::try_from(index).ok());
        let file = fixtures.get(origin["file"].as_str().unwrap_or_default());
        let fixture = file.zip(index).map_or(&Value::Null, |(file, index)| &file["fixtures"][index]);
        Exchange { entry, fixture, status: entry["response"]["status"].as_u64().unwrap_or_default(), owner: owner(entry) }
    }

    fn reply(&self) -> &'a Value {
        &self.fixture["response"]
    }

    fn streamed(&self) -> bool {
        !self.entry["stream"].is_null()
    }

    fn says_text(&self) -> bool {
        self.status == 200 && self.reply()["content"].as_str().is_some_and(|text| !text.is_empty())
    }

    /// An object as text, or as the arguments of the one tool that clients force where they have no better way.
    fn says_object(&self) -> bool {
        let content = &self.reply()["content"];
        let in_text = content.as_str().and_then(|text| serde_json::from_str(text).ok()).is_some_and(|value: Value| value.is_object());
        let forced = self.reply()["toolCalls"].as_array().is_some_and(|calls| calls.len() == 1 && calls[0]["arguments"].is_object());
        content.is_object() || in_text || forced
    }

    /// Sound beside or in place of words, as chats and sockets give it.
    fn speaks(&self) -> bool {
        self.status == 200 && !self.reply()["audio"].is_null()
    }

    /// Pictures in place of words, as chats of image models give them.
    fn paints(&self) -> bool {
        self.status == 200 && ["image", "images"].iter().any(|key| !self.reply()[*key].is_null())
    }

    /// By its route, or by its fixture where one route serves several endpoints.
    fn succeeds_at(&self, endpoints: &[&str]) -> bool {
        let by_fixture = self.fixture["match"]["endpoint"].as_str().is_some_and(|endpoint| endpoints.contains(&endpoint));
        self.status == 200 && (by_fixture || self.owner.is_some_and(|(_, endpoint)| endpoints.contains(&endpoint)))
    }

    /// Whether a client that calls itself by one of these names asked.
    fn asked_by(&self, agents: &[&str]) -> bool {
        let agent = self.entry["headers"]["user-agent"].as_str().unwrap_or_default();
        agents.iter().any(|name| agent.contains(name))
    }
}

/// Whose path an entry's request asked for; some vendors' paths are told apart by who asks.
fn owner(entry: &Value) -> Option<(&'static str, &'static str)> {
    let text = |name: &str| entry[name].as_str().unwrap_or_default();
    let mut headers = Headers::new();
    for (name, value) in entry["headers"].as_object().into_iter().flatten() {
        headers.push(name, value.as_str().unwrap_or_default());
    }
    match lookup_request(&RawRequest::new(text("method").to_owned(), text("path"), headers, Vec::new())) {
        Lookup::Found { codec, route, .. } | Lookup::Socket { codec, route, .. } => Some((codec.name(), route.endpoint.name())),
        Lookup::Stored { codec, .. } => Some((codec.name(), "")),
        _ => None,
    }
}

/// A row of the table.
struct Client<'a> {
    package: &'a str,
    /// Parts of its `user-agent`; the libraries that it sends through call themselves by their own.
    agents: Vec<&'a str>,
    codecs: Vec<&'a str>,
    lacks: BTreeSet<&'a str>,
}

impl<'a> Client<'a> {
    fn new(row: &'a Value) -> Client<'a> {
        let lacks = row["lacks"].as_object().into_iter().flat_map(Map::values).flat_map(texts).collect();
        Client { package: row["package"].as_str().unwrap_or_default(), agents: texts(&row["agents"]), codecs: texts(&row["codecs"]), lacks }
    }
}

/// What all cases together have shown.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Matrix {
    /// The table, to be printed.
    pub(crate) text: String,
    /// One line for each hole and each claim that nothing bears out.
    pub(crate) failures: Vec<String>,
    /// One line for each client that is not installed.
    pub(crate) skips: Vec<String>,
}

/// A case that passed and says what it showed.
struct Claim<'a> {
    case: &'a str,
    client: &'a str,
    shown: Vec<&'a str>,
}

/// Draws the table from all that the cases printed (`shows CASE CLIENT ABILITY…`, `absent CLIENT`), the entries of the
/// journals, and the fixtures by file. `absent` says which languages have no clients here, with the reason.
pub(crate) fn draw(
    table: &Value,
    output: &str,
    journal: &[Value],
    fixtures: &BTreeMap<String, Value>,
    absent: &[(&str, String)],
) -> Matrix {
    let mut matrix = Matrix::default();
    let rows: BTreeMap<&str, Client<'_>> =
        table["clients"].as_object().into_iter().flatten().map(|(name, row)| (name.as_str(), Client::new(row))).collect();
    let exchanges: Vec<Exchange<'_>> = journal.iter().map(|entry| Exchange::new(entry, fixtures)).collect();
    let mut of_case: BTreeMap<&str, Vec<&Exchange<'_>>> = BTreeMap::new();
    for exchange in &exchanges {
        let id = exchange.entry["testId"].as_str().unwrap_or_default();
        of_case.entry(id.split('#').next().unwrap_or_default()).or_default().push(exchange);
    }
    let mut shown: BTreeSet<(&str, &str)> = BTreeSet::new();
    let mut codecs: BTreeSet<(&str, &str)> = BTreeSet::new();
    for claim in claims(output) {
        let Some(client) = rows.get(claim.client) else {
            matrix.failures.push(format!("{}: `{}` is no row of tests/clients/clients.json", claim.case, claim.client));
            continue;
        };
        let asked = of_case.get(claim.case).into_iter().flatten();
        let own: Vec<&Exchange<'_>> = asked.copied().filter(|exchange| exchange.asked_by(&client.agents)).collect();
        let answered = own.iter().filter(|exchange| exchange.status == 200).filter_map(|exchange| exchange.owner);
        codecs.extend(answered.map(|(codec, _)| (claim.client, codec)));
        for ability in claim.shown {
            let witness = ABILITIES.iter().find(|(name, _)| *name == ability).map(|(_, witness)| witness);
            if witness.is_some_and(|witness| own.iter().any(|exchange| witness(exchange))) {
                shown.insert((claim.client, ability));
            } else {
                let asked = own.len();
                matrix
                    .failures
                    .push(format!("{}: claims `{ability}` of {}, which none of its {asked} requests bears out", claim.case, claim.client));
            }
        }
    }
    let gone: BTreeSet<&str> = output.lines().filter_map(|line| line.strip_prefix("absent ")).collect();
    head(&mut matrix.text);
    for (name, client) in &rows {
        let language = absent.iter().find(|(language, _)| name.split('/').next() == Some(language));
        if language.is_some() || gone.contains(name) {
            let reason = language.map_or("its package cannot be imported", |(_, reason)| reason.as_str());
            matrix.skips.push(format!("{name}: {} is not installed: {reason}", client.package));
            let _ = writeln!(matrix.text, "{name:<30}not installed");
            continue;
        }
        row(&mut matrix, name, client, &shown);
        for codec in client.codecs.iter().filter(|codec| !codecs.contains(&(*name, **codec))) {
            matrix.failures.push(format!("{name}: no case that passed had an answer of `{codec}`, which clients.json promises"));
        }
    }
    matrix.text.push_str("-  the client has no such thing, for the reason in tests/clients/clients.json\n");
    matrix
}

fn head(text: &mut String) {
    let _ = write!(text, "{:<30}", "client");
    for (ability, _) in ABILITIES {
        let _ = write!(text, "{ability:<11}");
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
}

/// The line of a client, and its holes.
fn row(matrix: &mut Matrix, name: &str, client: &Client<'_>, shown: &BTreeSet<(&str, &str)>) {
    let _ = write!(matrix.text, "{name:<30}");
    for (ability, _) in ABILITIES {
        let cell = match (shown.contains(&(name, ability)), client.lacks.contains(ability)) {
            (true, false) => "yes",
            (false, true) => "-",
            (true, true) => {
                matrix.failures.push(format!("{name}: a case shows `{ability}`, which clients.json says it lacks"));
                "BOTH"
            }
            (false, false) => {
                matrix.failures.push(format!("{name}: no case that passed shows `{ability}`, and clients.json gives no reason why"));
                "MISSING"
            }
        };
        let _ = write!(matrix.text, "{cell:<11}");
    }
    matrix.text.truncate(matrix.text.trim_end().len());
    matrix.text.push('\n');
}

/// The claims of the cases that passed.
fn claims(output: &str) -> Vec<Claim<'_>> {
    let passed: BTreeSet<&str> = output.lines().filter_map(|line| line.strip_prefix("ok ")).collect();
    let words = output.lines().filter_map(|line| line.strip_prefix("shows ")).map(|line| line.split(' '));
    let all = words.filter_map(|mut words| Some(Claim { case: words.next()?, client: words.next()?, shown: words.collect() }));
    all.filter(|claim| passed.contains(claim.case)).collect()
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The table of the clients.
///
/// # Errors
/// It cannot be read; the text names it.
pub(crate) fn table(root: &Path) -> Result<Value, String> {
    json(&root.join("tests/clients/clients.json"))
}

/// The fixtures that the cases are answered by, by the name that the journal gives the file.
///
/// # Errors
/// A file cannot be read; the text names it.
pub(crate) fn fixtures(root: &Path) -> Result<BTreeMap<String, Value>, String> {
    let folder = root.join("tests/clients/fixtures");
    let entries = std::fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let files = entries.flatten().map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.map(|path| Ok((format!("tests/clients/fixtures/{}", path.file_name().unwrap_or_default().display()), json(&path)?))).collect()
}

fn json(path: &Path) -> Result<Value, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_table_says_what_each_ability_is() {
        let text = include_str!("../../tests/clients/clients.json");
        let table: Value = serde_json::from_str(text).expect("JSON");
        let named: BTreeSet<&str> = table["abilities"].as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
        assert_eq!(named, ABILITIES.iter().map(|(name, _)| *name).collect());
    }

    /// A client that shows nothing but text, and lacks the rest.
    fn one_client() -> Value {
        let rest: Vec<&str> = ABILITIES.iter().map(|(ability, _)| *ability).filter(|ability| *ability != "text").collect();
        json!({"clients": {"python/openai": {"package": "openai", "agents": ["OpenAI/Python"], "codecs": ["openai_chat"], "lacks": {"small": rest}}}})
    }

    fn entry(agent: &str, path: &str) -> Value {
        json!({"method": "POST", "path": path, "testId": "python/a/text#1", "headers": {"user-agent": agent},
            "response": {"status": 200, "fixture": {"file": "f.json", "index": 0}}})
    }

    #[track_caller]
    fn check(table: &Value, output: &str, journal: &[Value], expected: &[&str]) {
        let fixtures = BTreeMap::from([("f.json".to_owned(), json!({"fixtures": [{"response": {"content": "hello"}}]}))]);
        let failures = draw(table, output, journal, &fixtures, &[]).failures;
        assert_eq!(failures.len(), expected.len(), "{failures:#?}");
        for (failure, part) in failures.iter().zip(expected) {
            assert!(failure.contains(part), "{failure} does not say {part}");
        }
    }

    const PASSED: &str = "shows python/a/text python/openai text\nok python/a/text\nend 1\n";
    const HOLES: [&str; 2] = ["no case that passed shows `text`", "had an answer of `openai_chat`"];

    #[test]
    fn a_claim_that_the_journal_bears_out_counts() {
        check(&one_client(), PASSED, &[entry("OpenAI/Python 3", "/v1/chat/completions")], &[]);
    }

    #[test]
    fn a_claim_without_its_request_is_a_lie() {
        let claims = "claims `text` of python/openai, which none of its 0 requests bears out";
        check(&one_client(), PASSED, &[], &[claims, HOLES[0], HOLES[1]]);
        check(&one_client(), PASSED, &[entry("curl/8", "/v1/chat/completions")], &[claims, HOLES[0], HOLES[1]]);
    }

    #[test]
    fn a_case_that_failed_or_vanished_shows_nothing() {
        let journal = [entry("OpenAI/Python 3", "/v1/chat/completions")];
        check(&one_client(), "shows python/a/text python/openai text\nFAIL python/a/text x\nend 1\n", &journal, &HOLES);
        check(&one_client(), "end 0\n", &journal, &HOLES);
    }

    #[test]
    fn another_codec_than_promised_is_noticed() {
        check(&one_client(), PASSED, &[entry("OpenAI/Python 3", "/v1/responses")], &HOLES[1..]);
    }

    #[test]
    fn sockets_and_paths_of_several_vendors_have_their_own_codecs() {
        let codec_of = |method: &str, agent: &str, path: &str| {
            let mut entry = entry(agent, path);
            entry["method"] = json!(method);
            owner(&entry).map(|(codec, _)| codec)
        };
        assert_eq!(codec_of("WS", "OpenAI/Python 3", "/v1/realtime?model=gpt-realtime"), Some("openai_realtime"));
        assert_eq!(codec_of("WS", "OpenAI/Python 3", "/v1/responses"), Some("openai_responses"));
        assert_eq!(codec_of("POST", "mistral-client-python/3", "/v1/chat/completions"), Some("mistral_chat"));
        assert_eq!(codec_of("POST", "OpenAI/Python 3", "/v1/chat/completions"), Some("openai_chat"));
        assert_eq!(codec_of("POST", "curl/8", "/nowhere"), None);
    }

    #[test]
    fn what_is_lacked_is_not_shown() {
        let mut table = one_client();
        table["clients"]["python/openai"]["lacks"]["wrong"] = json!(["text"]);
        check(&table, PASSED, &[entry("OpenAI/Python 3", "/v1/chat/completions")], &["which clients.json says it lacks"]);
    }

    #[test]
    fn an_unknown_client_or_ability_is_noticed() {
        let journal = [entry("OpenAI/Python 3", "/v1/chat/completions")];
        let output = format!("{PASSED}shows python/b/x python/nobody text\nok python/b/x\n");
        check(&one_client(), &output, &journal, &["`python/nobody` is no row"]);
        let output = PASSED.replace(" text\n", " text flying\n");
        check(&one_client(), &output, &journal, &["claims `flying`"]);
    }

    #[test]
    fn a_client_that_is_not_installed_is_skipped_by_name() {
        let fixtures = BTreeMap::new();
        let gone = draw(&one_client(), "absent python/openai\nskip python/a No module\nend 1\n", &[], &fixtures, &[]);
        assert_eq!((gone.failures, gone.skips.len()), (Vec::new(), 1));
        let none = draw(&one_client(), "", &[], &fixtures, &[("python", "no python3".to_owned())]);
        assert_eq!(none.skips, ["python/openai: openai is not installed: no python3"]);
        assert_eq!(none.failures, Vec::<String>::new());
        assert!(none.text.contains("not installed"), "{}", none.text);
    }
}
