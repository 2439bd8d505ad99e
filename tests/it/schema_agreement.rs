//! The published schema and the loader agree, over every fixture file at hand and over thousands of damaged copies.
//!
//! What the schema refuses, the loader reports as an error at an overlapping place. What the loader reports as an error, the
//! schema refuses too, but for the listed rules that no schema can express. Entries that the loader passes over (AG-UI
//! recordings) count for neither.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write;
use std::sync::Arc;

use aimock::diagnostic::{Diagnostic, Severity, Source, SourceId};
use aimock::document::Format;
use aimock::fixture::{LOADER_ONLY, LOADER_RULES, LoadOptions, fixture_schema};
use aimock::schema::{SchemaCheck, SchemaChecks, published};
use serde_json::{Map, Value, json};

use crate::repository::texts;
use crate::samples::{PUBLISHED, loaded_with, samples};

/// Damaged copies of each file.
const COPIES: u64 = 40;

/// What is wrong between the two about one text, in words; nothing if they agree.
fn disagreement(name: &str, text: &str) -> Option<String> {
    let source = Arc::new(Source::new(SourceId(0), name, text));
    let Ok(parsed) = aimock::document::parse(source.text(), Format::from_path(name), &aimock::document::Limits::default()) else {
        return None;
    };
    let (file, findings) = loaded_with(name, text, &PUBLISHED);
    if file.skipped.is_some() || findings.iter().any(|finding| finding.rule == "foreign-entry") {
        return None;
    }
    // The schema's word is shown where the loader is silent: then the loader missed something.
    if let Some(missed) = findings.iter().find(|finding| finding.rule == "schema") {
        return Some(format!("the loader misses: {} {}", missed.primary.pointer, missed.message));
    }
    let errors = || findings.iter().filter(|finding| finding.severity == Severity::Error);
    let holds = PUBLISHED.0.iter().all(|schema| schema.holds(&parsed.root));
    let seen: Vec<&Diagnostic> = errors().filter(|finding| !LOADER_ONLY.contains(&finding.rule)).collect();
    match (holds, seen.first()) {
        (true, Some(finding)) => Some(format!("the schema misses: {} {} {}", finding.rule, finding.primary.pointer, finding.message)),
        (false, None) if errors().next().is_none() => Some("the schema refuses it, and the loader reports no error".to_owned()),
        _ => None,
    }
}

#[track_caller]
fn check(texts: impl IntoIterator<Item = (String, String)>) -> usize {
    let mut wrong = String::new();
    let mut count = 0;
    for (name, text) in texts {
        count += 1;
        if let Some(reason) = disagreement(&name, &text)
            && wrong.len() < 20_000
        {
            let shown: String = text.chars().take(600).collect();
            let _ = writeln!(wrong, "{name}: {reason}\n{shown}\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    count
}

/// The fixture files of this repository.
fn ours() -> Vec<(String, String)> {
    let folders = ["fixtures", "tests/corpus/valid", "tests/corpus/invalid", "tests/clients/fixtures", "docs"];
    let files = folders.into_iter().flat_map(|folder| texts(folder, &["json", "jsonc", "yaml"]));
    files.map(|(path, text)| (path.to_string_lossy().into_owned(), text)).collect()
}

/// Real files beside the repository; none on a bare clone.
fn shared() -> Vec<(String, String)> {
    let found = crate::repository::root().join("../shared/corpora");
    if !found.is_dir() {
        crate::repository::skip("../shared/corpora is not here");
        return Vec::new();
    }
    texts("../shared/corpora", &["json"]).into_iter().map(|(path, text)| (path.to_string_lossy().into_owned(), text)).collect()
}

#[test]
fn over_the_files_at_hand() {
    assert!(check(ours()) > 500);
}

#[test]
fn over_real_files() {
    check(shared());
}

/// Numbers that look random and are the same in every run (the generator of `SplitMix64`).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % below.max(1) as u64).expect("below a usize")
    }
}

/// Values that are wrong in most places and right in some.
fn odd_values() -> [Value; 22] {
    [
        Value::Null,
        json!(true),
        json!(false),
        json!(0),
        json!(1),
        json!(-1),
        json!(1.5),
        json!(2.0),
        json!(99),
        json!(1e300),
        json!(9_007_199_254_740_992_u64),
        json!(""),
        json!("x"),
        json!("5"),
        json!([]),
        json!([1]),
        json!(["x"]),
        json!([null]),
        json!({}),
        json!({ "x": 1 }),
        json!({ "contains": "x" }),
        json!([[]]),
    ]
}

/// Pointers of all values below one, itself left out.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    let mut child = |key: &str, inner: &Value| {
        let pointer = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
        found.push(pointer.clone());
        places(inner, &pointer, found);
    };
    match value {
        Value::Object(members) => members.iter().for_each(|(key, inner)| child(key, inner)),
        Value::Array(items) => items.iter().enumerate().for_each(|(index, inner)| child(&index.to_string(), inner)),
        _ => {}
    }
}

/// One damage: a key or item goes, a value changes its type, a key is misspelt, doubled under another name, or moved in from elsewhere.
fn damage(value: &mut Value, dice: &mut Dice) {
    let mut all = Vec::new();
    places(value, "", &mut all);
    if all.is_empty() {
        return;
    }
    let pointer = all[dice.roll(all.len())].clone();
    let donor = value.pointer(&all[dice.roll(all.len())]).cloned().unwrap_or_default();
    let (parent, last) = pointer.rsplit_once('/').expect("a pointer has a slash");
    let last = last.replace("~1", "/").replace("~0", "~");
    let way = dice.roll(8);
    let odd = odd_values()[dice.roll(22)].clone();
    match value.pointer_mut(parent) {
        Some(Value::Object(members)) => match way {
            0 => drop(members.shift_remove(&last)),
            1 => rename(members, &last, &misspelt(&last, dice)),
            2 => drop(members.insert(misspelt(&last, dice), odd)),
            3 => drop(members.insert(last, donor)),
            _ => drop(members.insert(last, odd)),
        },
        Some(Value::Array(items)) => match (way, last.parse::<usize>()) {
            (0, Ok(index)) => drop(items.remove(index)),
            (1, _) => items.clear(),
            (2, Ok(index)) => items[index] = donor,
            (_, Ok(index)) => items[index] = odd,
            (_, Err(_)) => {}
        },
        _ => {}
    }
}

fn rename(members: &mut Map<String, Value>, from: &str, to: &str) {
    *members = std::mem::take(members).into_iter().map(|(key, value)| (if key == from { to.to_owned() } else { key }, value)).collect();
}

fn misspelt(key: &str, dice: &mut Dice) -> String {
    match dice.roll(4) {
        0 => format!("{key}s"),
        1 => key.chars().skip(1).collect(),
        2 => key.to_lowercase(),
        _ => key.chars().rev().collect(),
    }
}

/// Damaged copies of the files that hold fixtures, as JSON.
fn damaged(files: Vec<(String, String)>, copies: u64) -> impl Iterator<Item = (String, String)> {
    let limits = aimock::document::Limits::default();
    let whole = files.into_iter().filter_map(move |(name, text)| {
        let parsed = aimock::document::parse(&text, Format::from_path(&name), &limits).ok()?;
        let mut value = aimock::document::to_json(&parsed.root);
        // A few entries are enough, and every copy is read twice.
        value.get_mut("fixtures")?.as_array_mut()?.truncate(40);
        Some((name, value))
    });
    whole.enumerate().flat_map(move |(number, (name, value))| {
        (0..copies).map(move |copy| {
            let mut dice = Dice(number as u64 * 1_000 + copy);
            let mut value = value.clone();
            for _ in 0..=dice.roll(3) {
                damage(&mut value, &mut dice);
            }
            (format!("{name} damaged {copy}.json"), format!("{value:#}"))
        })
    })
}

#[test]
fn over_damaged_copies() {
    let valid: Vec<(String, String)> = samples("valid").into_iter().filter(|(name, _)| Format::from_path(name) == Format::Json).collect();
    let fixtures =
        texts("fixtures", &["json", "jsonc", "yaml"]).into_iter().map(|(path, text)| (path.to_string_lossy().into_owned(), text));
    let count = check(damaged(valid, COPIES * 8).chain(damaged(fixtures.collect(), COPIES)));
    assert!(count > 3_000, "{count}");
}

#[test]
fn over_damaged_real_files() {
    let some = shared().into_iter().step_by(5).collect();
    check(damaged(some, COPIES / 4));
}

#[test]
fn every_rule_is_in_the_table_with_its_severity() {
    for pair in LOADER_RULES.windows(2) {
        assert!(pair[0].name < pair[1].name, "{} must stand behind {}", pair[0].name, pair[1].name);
    }
    let severity = |name: &str| LOADER_RULES.iter().find(|rule| rule.name == name).map(|rule| rule.severity);
    for rule in LOADER_ONLY {
        assert!(severity(rule) == Some(Severity::Error), "{rule} is no error of the loader");
    }
    for (name, text) in ours().into_iter().chain(damaged(samples("valid"), 2)) {
        for finding in loaded_with(&name, &text, &PUBLISHED).1 {
            assert_eq!(severity(finding.rule), Some(finding.severity), "{name}: {} {}", finding.rule, finding.message);
        }
    }
}

#[test]
fn a_team_may_want_more_than_we_do() {
    let schema = json!({ "properties": { "fixtures": { "items": { "required": ["description"], "properties": { "match": { "required": ["model"] } } } } } });
    let own = SchemaChecks(vec![SchemaCheck::published(), SchemaCheck::own("team.json", &schema).expect("a schema")]);
    let text = r#"{"fixtures": [{"match": {"userMessage": "a"}, "latency": -1, "response": {"content": ""}}]}"#;
    let (_, findings) = loaded_with("a.json", text, &own);
    let rules: BTreeSet<&str> = findings.iter().map(|finding| finding.rule).collect();
    assert_eq!(rules, BTreeSet::from(["empty-content", "invalid-latency", "schema"]));
    let missing: Vec<&str> = findings.iter().filter(|finding| finding.rule == "schema").map(|finding| finding.message.as_str()).collect();
    assert_eq!(missing, ["the key `description` is missing", "the key `model` is missing"]);
}

#[test]
fn the_schema_is_a_schema() {
    jsonschema::meta::validate(&fixture_schema()).expect("valid against its own meta-schema");
    jsonschema::meta::validate(&aimock::config::schema()).expect("valid against its own meta-schema");
    assert!(LoadOptions::default().schemas.is_none(), "schemas are asked for");
}

#[test]
fn what_is_published_is_what_our_types_say() {
    let generated: HashMap<String, String> = aimock::reference::files().into_iter().collect();
    for (name, text) in [
        ("fixture", published::FIXTURE),
        ("config", published::CONFIG),
        ("expectations", published::EXPECTATIONS),
        ("report", published::REPORT),
        ("diff", published::DIFF),
    ] {
        let path = format!("schemas/{name}.schema.json");
        assert!(generated[&path] == published::pretty(text), "{path} is of other types: cargo xtask gen");
    }
}
