//! Every codec is sampled, documented and asked by one of the vendors' clients; and every client has cases for all that
//! it can do.
//!
//! Reads `tests/clients` as text and needs none of the clients. That a case does what it claims is held against the
//! server's journal by `cargo xtask clients`, which also finds codecs that a client is said to ask and does not.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use aimock::provider::ALL;
use serde_json::{Map, Value, json};

use crate::repository::{self, read, root, skip};

/// A codec, and all that the repository has for it.
#[derive(Clone, Debug, Default)]
struct Codec {
    name: String,
    /// Its routes, as the documentation writes them.
    paths: Vec<String>,
    /// Answers on routes; what has sockets alone gives no answer whole.
    whole: bool,
    /// Has a grammar of streams.
    streams: bool,
    /// What was decoded and encoded of each sample.
    snapshots: Vec<String>,
}

/// What the cases claim, and of whom.
#[derive(Debug, Default)]
struct Claims {
    clients: BTreeSet<String>,
    abilities: BTreeSet<(String, String)>,
}

fn table() -> Value {
    serde_json::from_str(&read("tests/clients/clients.json")).expect("JSON")
}

fn codecs() -> Vec<Codec> {
    let mut snapshots: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (path, text) in repository::texts("tests/wire", &["snap"]) {
        let folder = path.iter().next().expect("in a codec's folder").to_string_lossy().into_owned();
        snapshots.entry(folder).or_default().push(text);
    }
    let codec = |codec: &&dyn aimock::provider::Provider| Codec {
        name: codec.name().to_owned(),
        paths: codec.routes().iter().map(|route| route.path.to_owned()).collect(),
        whole: !codec.routes().is_empty(),
        streams: codec.grammar().is_some(),
        snapshots: snapshots.remove(codec.name()).unwrap_or_default(),
    };
    ALL.iter().map(codec).collect()
}

fn claims() -> Claims {
    let mut claims = Claims::default();
    for (language, text) in repository::texts("tests/clients", &["py", "mjs"]) {
        let language = language.iter().next().expect("in a language's folder").to_string_lossy().into_owned();
        claims.read(&language, &text);
    }
    claims
}

impl Claims {
    /// Reads a file of cases: `case = by("CLIENT")` or `suite("FILE", "CLIENT")`, then a case's `@case.shows("ABILITY", …)`
    /// or `test("NAME", ["ABILITY", …], …)`.
    fn read(&mut self, language: &str, text: &str) {
        let mut client = None;
        for line in text.lines().map(str::trim_start) {
            let suite = line.starts_with("const test = suite(").then(|| line.split_once(", ")).flatten().map(|(_, rest)| rest);
            if let Some(name) = line.strip_prefix("case = by(").or(suite).and_then(|rest| quoted(rest).next()) {
                client = Some(format!("{language}/{name}"));
                self.clients.extend(client.clone());
            }
            let is_test = ["test(", "both("].iter().any(|start| line.starts_with(start));
            let list = is_test.then(|| line.split_once(", [")).flatten().and_then(|(_, rest)| rest.split(']').next());
            for ability in line.strip_prefix("@case.shows(").or(list).into_iter().flat_map(quoted) {
                self.abilities.extend(client.clone().map(|client| (client, ability.to_owned())));
            }
        }
    }
}

/// The texts between quotation marks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('"').skip(1).step_by(2)
}

fn texts(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn members(object: &Value) -> impl Iterator<Item = (&str, &Value)> {
    object.as_object().into_iter().flat_map(Map::iter).map(|(name, value)| (name.as_str(), value))
}

/// What a codec lacks, one line each.
fn gaps_of_codecs(codecs: &[Codec], table: &Value, claims: &Claims, docs: &str) -> Vec<String> {
    let mut gaps = Vec::new();
    let asks = |client: &Value, codec: &str| texts(&client["codecs"]).any(|name| name == codec);
    for Codec { name, paths, whole, streams, snapshots } in codecs {
        let is_streamed = |text: &&String| ["\nToken ", "\nTerminal ", "\nClosing "].iter().any(|frame| text.contains(frame));
        if *whole && snapshots.iter().all(|text| is_streamed(&text)) {
            gaps.push(format!("{name}: no sample of a whole answer in tests/wire/{name}"));
        }
        if *streams && !snapshots.iter().any(|text| is_streamed(&text)) {
            gaps.push(format!("{name}: no sample of a stream in tests/wire/{name}"));
        }
        for path in paths.iter().filter(|path| !docs.contains(&format!("`{path}`"))) {
            gaps.push(format!("{name}: docs/providers.md does not name {path}"));
        }
        let by = members(&table["clients"]).filter(|(client, row)| asks(row, name) && claims.clients.contains(*client)).count();
        match (by, table["codecsWithoutClient"][name].as_str()) {
            (0, None) => gaps.push(format!("{name}: no client in tests/clients/clients.json asks it, and no reason is given")),
            (1.., Some(_)) => gaps.push(format!("{name}: a client asks it, and clients.json says that none can")),
            _ => {}
        }
    }
    let known = |name: &str| codecs.iter().any(|codec| codec.name == name);
    let named = members(&table["clients"])
        .flat_map(|(_, row)| texts(&row["codecs"]))
        .chain(members(&table["codecsWithoutClient"]).map(|(name, _)| name));
    gaps.extend(named.filter(|name| !known(name)).map(|name| format!("{name}: clients.json names it, and there is no such codec")));
    gaps
}

/// What a client lacks, one line each.
fn gaps_of_clients(table: &Value, claims: &Claims) -> Vec<String> {
    let mut gaps = Vec::new();
    for (client, row) in members(&table["clients"]) {
        let lacks: BTreeSet<&str> = members(&row["lacks"]).flat_map(|(_, abilities)| texts(abilities)).collect();
        for (ability, _) in members(&table["abilities"]) {
            let shown = claims.abilities.contains(&(client.to_owned(), ability.to_owned()));
            if shown == lacks.contains(ability) {
                let trouble = if shown {
                    "a case claims it, and clients.json says that it lacks it"
                } else {
                    "no case claims it, and clients.json gives no reason"
                };
                gaps.push(format!("{client}, {ability}: {trouble}"));
            }
        }
    }
    let unknown = claims.clients.iter().filter(|client| table["clients"][client.as_str()].is_null());
    gaps.extend(unknown.map(|client| format!("{client}: has cases, and no row in clients.json")));
    let unknown = claims.abilities.iter().filter(|(_, ability)| table["abilities"][ability.as_str()].is_null());
    gaps.extend(unknown.map(|(client, ability)| format!("{client}, {ability}: is no ability")));
    gaps
}

#[test]
fn every_codec_has_samples_docs_and_a_client() {
    let gaps = gaps_of_codecs(&codecs(), &table(), &claims(), &read("docs/providers.md"));
    assert!(gaps.is_empty(), "{gaps:#?}");
}

#[test]
fn every_client_has_a_case_for_all_that_it_can() {
    let gaps = gaps_of_clients(&table(), &claims());
    assert!(gaps.is_empty(), "{gaps:#?}");
}

#[test]
fn every_client_is_pinned() {
    let python = read("tests/clients/python/requirements.txt");
    let node: Value = serde_json::from_str(&read("tests/clients/node/package.json")).expect("JSON");
    for (client, row) in members(&table()["clients"]) {
        let package = row["package"].as_str().expect("a package");
        let pinned = match client.split_once('/') {
            Some(("python", _)) => python.lines().any(|line| line.starts_with(&format!("{package}=="))),
            _ => node["dependencies"][package].is_string(),
        };
        assert!(pinned, "{client}: `{package}` is not pinned");
    }
}

#[test]
fn what_a_new_codec_lacks_would_be_noticed() {
    let codec = |edit: fn(&mut Codec)| {
        let mut codec = Codec {
            name: "brand_new".to_owned(),
            paths: vec!["/v9/new".to_owned()],
            whole: true,
            streams: true,
            snapshots: vec!["=== text\n200\n".to_owned(), "=== text\n200\nToken    data: {}\n".to_owned()],
        };
        edit(&mut codec);
        codec
    };
    let docs = "| POST | `/v9/new` | chat |";
    let complete = json!({ "clients": { "python/new": { "codecs": ["brand_new"] } } });
    let claims = Claims { clients: BTreeSet::from(["python/new".to_owned()]), ..Claims::default() };
    let check = |codec: Codec, table: &Value, claims: &Claims, docs: &str, expected: &[&str]| {
        let gaps = gaps_of_codecs(&[codec], table, claims, docs);
        assert_eq!(gaps.len(), expected.len(), "{gaps:?}");
        assert!(gaps.iter().zip(expected).all(|(gap, part)| gap.contains(part)), "{gaps:?} does not say {expected:?}");
    };
    check(codec(|_| {}), &complete, &claims, docs, &[]);
    check(codec(|codec| codec.snapshots.clear()), &complete, &claims, docs, &["sample of a whole", "sample of a stream"]);
    check(codec(|codec| (codec.whole, codec.snapshots) = (false, codec.snapshots.split_off(1))), &complete, &claims, docs, &[]);
    check(codec(|codec| codec.snapshots.truncate(1)), &complete, &claims, docs, &["sample of a stream"]);
    check(codec(|_| {}), &complete, &claims, "", &["does not name /v9/new"]);
    check(codec(|_| {}), &json!({}), &claims, docs, &["no client"]);
    check(codec(|_| {}), &complete, &Claims::default(), docs, &["no client"]);
    check(codec(|_| {}), &json!({ "codecsWithoutClient": { "brand_new": "it speaks gRPC" } }), &claims, docs, &[]);
    check(codec(|codec| codec.name = "other".to_owned()), &complete, &claims, docs, &["no client", "no such codec"]);
}

#[test]
fn what_a_client_lacks_would_be_noticed() {
    let table = |row: Value| json!({ "abilities": { "text": "", "cut": "" }, "clients": { "python/new": row } });
    let mut claims = Claims::default();
    claims.read("python", "case = by(\"new\")\n\n@case.shows(\"text\")\ndef text(test_id):\n");
    let check = |row: Value, claims: &Claims, expected: &[&str]| assert_eq!(gaps_of_clients(&table(row), claims), expected);
    check(json!({}), &claims, &["python/new, cut: no case claims it, and clients.json gives no reason"]);
    check(json!({ "lacks": { "it never streams": ["cut"] } }), &claims, &[]);
    check(
        json!({ "lacks": { "it never streams": ["cut", "text"] } }),
        &claims,
        &["python/new, text: a case claims it, and clients.json says that it lacks it"],
    );
    let mut node = Claims::default();
    node.read("node", "const test = suite(\"file\", \"new\");\ntest(\"a\", [\"text\", \"cut\"], async (id) => {});\n");
    let expected = [("node/new".to_owned(), "cut".to_owned()), ("node/new".to_owned(), "text".to_owned())];
    assert_eq!(node.abilities.into_iter().collect::<Vec<_>>(), expected);
}

/// What the cases of a language print that are run without any client; nothing where the language is missing.
#[track_caller]
fn check_without_clients(program: &str, arguments: &[&str], expected: [&str; 2]) {
    let folder = root().join("tests/clients").join(if program == "node" { "node" } else { "python" });
    let mut script = Command::new(program);
    let Ok(output) = script.args(arguments).current_dir(folder).env("AIMOCK_NODE_MODULES", std::env::temp_dir().join("none")).output()
    else {
        return skip(&format!("there is no {program}"));
    };
    let text = String::from_utf8_lossy(&output.stdout);
    let [absent, skipped] = expected;
    let lines: Vec<&str> = text.lines().collect();
    assert!(
        matches!(lines[..], [one, two, "end 1"] if one == absent && two.starts_with(skipped)),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn a_client_that_is_not_installed_is_skipped_by_name() {
    // `-S` leaves out what else may be installed here.
    let script = "import sys; sys.path.insert(0, '.'); import harness; harness.include('langchain_claude'); harness.run()";
    let expected = ["absent python/langchain-anthropic", "skip python/langchain_claude No module named"];
    check_without_clients("python3", &["-S", "-B", "-c", script], expected);
    let script = "import { include, run } from './harness.mjs'; await include(new URL('ai_anthropic.mjs', `file://${process.cwd()}/`)); await run();";
    let expected = ["absent node/ai-sdk-anthropic", "skip node/ai_anthropic Cannot find module"];
    check_without_clients("node", &["--input-type=module", "-e", script], expected);
}
