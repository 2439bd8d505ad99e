//! Secrets in every place a file can hide them, none in real text; volatile texts and text hygiene, case by case.
#![expect(clippy::unwrap_used, reason = "helpers of tests: what is missing should fail the test")]

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use aimock::diagnostic::{Diagnostic, Source, SourceId};
use aimock::document::Format;
use aimock::fixture::{Input, LoadOptions};
use aimock::lint::{ALL, Category, LintInput, Selection, Tier, example_options, run};
use base64::Engine as _;

fn lint_files(files: Vec<(String, String)>, select: &[&str], options: &serde_json::Map<String, serde_json::Value>) -> Vec<Diagnostic> {
    let chosen = Selection { select: select.iter().map(|name| (*name).to_owned()).collect(), ..Selection::default() }.resolve().unwrap();
    let inputs: Vec<Input> = (0u32..)
        .zip(files)
        .map(|(id, (name, text))| Input { format: Format::from_path(&name), source: Arc::new(Source::new(SourceId(id), name, text)) })
        .collect();
    let scopes = vec![(String::new(), (0..inputs.len()).collect())];
    run(LintInput { inputs, scopes, shown: None, chosen: &chosen, options, load: LoadOptions::default(), parsed: None }).findings
}

fn lint(name: &str, text: &str, rule: &str) -> Vec<Diagnostic> {
    let mut found = lint_files(vec![(name.to_owned(), text.to_owned())], &[rule], &example_options(rule));
    found.retain(|finding| finding.rule == rule);
    found
}

/// Characters of an alphabet, drawn by a small generator, so that no key stands in this file.
fn drawn(alphabet: &str, length: usize, seed: u64) -> String {
    let letters: Vec<char> = alphabet.chars().collect();
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..length)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            letters[usize::try_from(state >> 33).unwrap() % letters.len()]
        })
        .collect()
}

const ALNUM: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const HEX: &str = "0123456789abcdef";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Rule, prefix, alphabet and length of what follows.
const KEYS: &[(&str, &str, &str, usize)] = &[
    ("provider-api-key", "sk-", ALNUM, 48),
    ("provider-api-key", "sk-proj-", ALNUM, 120),
    ("provider-api-key", "sk-svcacct-", ALNUM, 60),
    ("provider-api-key", "sk-ant-api03-", ALNUM, 95),
    ("provider-api-key", "sk-or-v1-", HEX, 64),
    ("provider-api-key", "AIza", ALNUM, 35),
    ("provider-api-key", "gsk_", ALNUM, 52),
    ("provider-api-key", "xai-", ALNUM, 80),
    ("provider-api-key", "hf_", ALNUM, 34),
    ("provider-api-key", "pplx-", ALNUM, 48),
    ("provider-api-key", "r8_", ALNUM, 37),
    ("provider-api-key", "sk_", HEX, 48),
    ("provider-api-key", "csk-", ALNUM, 48),
    ("provider-api-key", "nvapi-", ALNUM, 64),
    ("cloud-key", "AKIA", UPPER, 16),
    ("cloud-key", "ASIA", UPPER, 16),
    ("cloud-key", "ghp_", ALNUM, 36),
    ("cloud-key", "github_pat_", ALNUM, 82),
    ("cloud-key", "glpat-", ALNUM, 20),
    ("cloud-key", "xoxb-", ALNUM, 48),
    ("cloud-key", "sk_live_", ALNUM, 24),
    ("cloud-key", "npm_", ALNUM, 36),
    ("cloud-key", "dop_v1_", HEX, 64),
    ("cloud-key", "shpat_", HEX, 32),
];

fn json(text: &str) -> String {
    serde_json::Value::String(text.to_owned()).to_string()
}

fn base64(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn fixture(matches: &str, response: &str) -> String {
    format!("{{ \"fixtures\": [{{ \"match\": {matches}, \"response\": {response} }}] }}")
}

/// The same secret in every place: what the place is, the file's name, its text.
fn places(key: &str) -> Vec<(&'static str, &'static str, String)> {
    let any = r#"{ "userMessage": "log in" }"#;
    let text = |content: &str| fixture(any, &format!("{{ \"content\": {} }}", json(content)));
    let events: String = key.as_bytes().chunks(7).fold(String::new(), |mut list, piece| {
        let piece = std::str::from_utf8(piece).unwrap();
        let data = format!("{{\"choices\":[{{\"delta\":{{\"content\":\"{piece}\"}}}}]}}");
        let comma = if list.is_empty() { "" } else { ", " };
        write!(list, "{comma}{}", json(&data)).unwrap();
        list
    });
    let arguments = json(&format!("{{\"note\":\"first\\nKEY={key}\"}}"));
    vec![
        (
            "prompt",
            "a.json",
            fixture(&format!("{{ \"userMessage\": {} }}", json(&format!("use {key}, please"))), r#"{ "content": "Done." }"#),
        ),
        (
            "header",
            "a.json",
            fixture(any, &format!("{{ \"http\": {{ \"headers\": {{ \"x-note\": {} }}, \"body\": \"ok\" }} }}", json(key))),
        ),
        ("URL", "a.json", text(&format!("https://api.acme.io/v1?x={key}&y=1"))),
        ("arguments", "a.json", fixture(any, &format!("{{ \"toolCalls\": [{{ \"name\": \"run\", \"arguments\": {arguments} }}] }}"))),
        ("newline in nested JSON", "a.json", text(&format!("{{\"a\":\"x\\n{key}\"}}"))),
        ("base64", "a.json", text(&format!("see {} there", base64(format!("token is {key} indeed").as_bytes())))),
        ("gzip", "a.json", text(&base64(&gzip(&format!("token is {key} indeed, and some more text"))))),
        ("deltas", "a.json", fixture(any, &format!("{{ \"events\": [{events}] }}"))),
        (
            "YAML",
            "a.yaml",
            format!(
                "fixtures:\n  - match: {{ userMessage: log in }}\n    response:\n      content: |\n        first line\n        use {key}\n"
            ),
        ),
        ("comment", "a.jsonc", format!("// from {key}\n{}", text("Done."))),
        (
            "YAML comment",
            "a.yml",
            format!("# from {key}\nfixtures:\n  - match: {{ userMessage: log in }}\n    response: {{ content: Done. }}\n"),
        ),
        ("object key", "a.json", fixture(any, &format!("{{ \"json\": {{ {}: 1 }} }}", json(key)))),
        ("escape", "a.json", text(key).replacen(key, &key.replace('-', "\\u002d").replace('_', "\\u005f"), 1)),
    ]
}

#[test]
fn keys_are_found_wherever_they_stand() {
    let mut missed = Vec::new();
    for (seed, (rule, prefix, alphabet, length)) in (1u64..).zip(KEYS) {
        let key = format!("{prefix}{}", drawn(alphabet, *length, seed * 7919));
        for (place, name, text) in places(&key) {
            let found = lint(name, &text, rule);
            if found.len() != 1 {
                missed.push(format!("{rule} {prefix} in {place}: {} findings", found.len()));
            }
            for finding in found {
                let body = &key[prefix.len()..prefix.len() + 6];
                let said = format!("{} {} {} {:?}", finding.message, finding.help, finding.identity, finding.related);
                assert!(finding.hide_source && !said.contains(body), "{rule} {prefix} in {place}: {said}");
            }
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn no_rule_quotes_a_key() {
    let key = format!("sk-{}", drawn(ALNUM, 40, 5));
    let file = fixture(&format!("{{ \"userMessage\": {} }}", json(&format!("{key} "))), r#"{ "content": "Done." }"#);
    let found = lint("a.json", &file, "whitespace-in-key");
    assert_eq!(found.len(), 1);
    assert!(!found[0].message.contains(&key[3..20]) && found[0].message.contains('…'), "{}", found[0].message);
}

#[test]
fn placeholders_are_let_through() {
    let texts = [
        "sk-test-1234567890abcdef1234567890abcdef",
        "sk-your-api-key-here",
        "sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "AKIAIOSFODNN7EXAMPLE",
        "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789",
        "sk-ant-<your key>",
        "ghp_000000000000000000000000000000000000",
        "Bearer mock-key",
        "task-management-system-for-small-teams-2",
        "sk-proj-this-is-not-a-key-but-a-sentence-with-hyphens",
        "sk_live_...",
        "-----BEGIN PRIVATE KEY-----",
        "hf_hub_download_and_cache_the_whole_model",
        "risk-assessment-of-the-second-quarter-2024",
        "eyJhbGciOiJub25lIn0",
    ];
    for text in texts {
        for rule in ALL.iter().filter(|rule| rule.category == Category::Secrets && rule.tier == Tier::Default) {
            let file = fixture(r#"{ "userMessage": "log in" }"#, &format!("{{ \"content\": {} }}", json(text)));
            assert!(lint("a.json", &file, rule.name).is_empty(), "{text} is taken for {}", rule.name);
        }
    }
}

/// The rule's findings in a fixture with this `userMessage`.
#[track_caller]
fn check_key(rule: &str, text: &str, expected: usize) {
    let file = fixture(&format!("{{ \"userMessage\": {} }}", json(text)), r#"{ "content": "Done." }"#);
    assert_eq!(lint("a.json", &file, rule).len(), expected, "{rule}: {text}");
}

#[test]
fn times_in_keys() {
    let check = |text, expected| check_key("timestamp-in-match", text, expected);
    check("at 2026-03-14T09:26:53Z", 1);
    check("at 2026-03-14 09:26:53.589+02:00", 1);
    check("at 2026-03-14T09:00:00.125Z", 1);
    check("stamp 1741944413250", 1);
    check("created: 1741944413", 1);
    check("book 2026-03-14T09:00:00Z", 0);
    check("book 2026-03-14", 0);
    check("at 09:26:53", 0);
    check("call 4917412345", 0);
    check("gpt-4o-2024-08-06", 0);
    check("order 1741944413", 0);
}

#[test]
fn ids_in_keys() {
    check_key("uuid-in-match", "see 7c9e6679-7425-40de-944b-e07fc1f90ae7", 1);
    check_key("uuid-in-match", "see 01JQZ8W4T0X5N3K7RBD2VYM6HC", 1);
    check_key("uuid-in-match", "see 00000000-0000-4000-8000-000000000001", 0);
    check_key("uuid-in-match", "see 123e4567-e89b-12d3-a456-426614174000", 0);
    check_key("request-id-in-match", "see chatcmpl-9XyZ4kQm7Zt2Xv9Lr4Kd8", 1);
    check_key("request-id-in-match", "see req_011CQm7Zt2Xv9Lr4Kd8Wp3N", 1);
    check_key("request-id-in-match", "see call_get_weather_1", 0);
    check_key("request-id-in-match", "msg_welcomeeverybodyhere", 0);
    check_key("path-in-match", "read /home/builder7/shop/cart.ts", 1);
    check_key("path-in-match", r"read C:\Users\builder7\cart.ts", 1);
    check_key("path-in-match", "read /tmp/tmp.a8Xk29Qz/in", 1);
    check_key("path-in-match", "read /home/user/cart.ts", 0);
    check_key("path-in-match", "read /tmp/report.txt", 0);
    check_key("path-in-match", "GET /users/list/", 0);
    check_key("port-in-match", "open http://localhost:54321/", 1);
    check_key("port-in-match", "open http://localhost:8080/", 0);
}

#[test]
fn expressions_in_keys() {
    let check = |text, expected| check_key("regex-like-substring", text, expected);
    check("weather.*tomorrow", 1);
    check("^weather", 1);
    check(r"order \d+", 1);
    check("/weather|rain.*/i", 1);
    check("what is 3*4+2?", 0);
    check("list *.* and src/.*", 0);
    check(r"open C:\data\work", 0);
    check("/home/user/s", 0);
    check("it costs 5$", 0);
    check("a/b/i", 0);
    check("What?.. Why", 0);
}

#[test]
fn personal_data() {
    let check = |rule: &str, text: &str, expected: usize| {
        let file = fixture(r#"{ "userMessage": "log in" }"#, &format!("{{ \"content\": {} }}", json(text)));
        assert_eq!(lint("a.json", &file, rule).len(), expected, "{rule}: {text}");
    };
    check("email-address", "write to billing.desk@acme.io now", 1);
    check("email-address", "write to desk@example.com", 0);
    check("email-address", "npm i @scope/pkg@1.2.3, git@github.com:a/b", 0);
    check("phone-number", "call +46 70 174 06 38", 1);
    check("phone-number", "call +1 202 555 0143", 0);
    check("phone-number", "x +12 and +34", 0);
    check("payment-card", &["4539", "5787", "6362", "1486"].join(" "), 1);
    check("payment-card", &["4539", "5787", "6362", "1487"].join(" "), 0);
    check("payment-card", "4242 4242 4242 4242", 0);
    check("payment-card", &["id 4539", "5787", "6362", "1486"].concat(), 0);
    check("ip-address", "from 87.54.121.33", 1);
    check("ip-address", "from 192.168.1.7, 192.0.2.9, 8.8.8.8, v87.54.121.33, 2.5.4.29, 11.2.0.7", 0);
}

#[test]
fn yaml_scalars() {
    let check = |scalar: &str, expected: usize| {
        let file = format!("fixtures:\n  - match: {{ userMessage: weather }}\n    response: {{ content: {scalar} }}\n");
        assert_eq!(lint("a.yaml", &file, "yaml-ambiguous-scalar").len(), expected, "{scalar}");
    };
    for scalar in ["no", "On", "YES", "1_000", "12:30", "2024-05-01"] {
        check(scalar, 1);
    }
    for scalar in ["\"no\"", "'on'", "nothing", "12:75", "1.5", "plain text", "true", "a_b"] {
        check(scalar, 0);
    }
}

#[test]
fn a_corpus_of_real_text_has_no_default_finding() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora/showcase");
    if !corpus.is_dir() {
        crate::repository::skip("../shared/corpora is not here");
        return;
    }
    let mut files: Vec<(String, String)> = walkdir::WalkDir::new(&corpus)
        .sort_by_file_name()
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.path().extension().is_some_and(|end| end == "json"))
        .map(|entry| (entry.path().to_string_lossy().into_owned(), String::from_utf8(fs(entry.path())).unwrap()))
        .collect();
    files.sort();
    let mine = [Category::Secrets, Category::Nondeterminism, Category::Text, Category::Size];
    let rules = ALL.iter().filter(|rule| mine.contains(&rule.category) && rule.tier == Tier::Default);
    let names: Vec<&str> = rules.map(|rule| rule.name).collect();
    let said: Vec<String> = lint_files(files, &names, &serde_json::Map::new())
        .iter()
        .filter(|finding| names.contains(&finding.rule))
        .map(|finding| format!("{} {}:{} {}", finding.rule, finding.primary.source.name(), finding.position().line, finding.message))
        .collect();
    assert!(said.is_empty(), "{said:#?}");
}

fn fs(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut std::fs::OpenOptions::new().read(true).open(path).unwrap(), &mut bytes).unwrap();
    bytes
}
