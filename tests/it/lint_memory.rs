//! What lint remembers between runs never changes what it finds: over the corpora, and over any sequence of edits, renames
//! and other scopes.
#![expect(clippy::unwrap_used, reason = "helpers of tests: what is missing should fail the test")]

use std::sync::Arc;

use aimock::diagnostic::{Diagnostic, Source, SourceId};
use aimock::document::Format;
use aimock::fixture::{Input, LoadOptions};
use aimock::lint::{Brief, Chosen, Key, LintInput, Memory, Selection, run, run_remembering};
use proptest::prelude::*;

use crate::repository;

/// Files by name, the scopes that they belong to, and those whose findings are shown.
#[derive(Clone, Debug)]
struct World {
    files: Vec<(String, String)>,
    scopes: Vec<Vec<usize>>,
    shown: Option<Vec<usize>>,
}

impl World {
    fn of(files: Vec<(String, String)>) -> World {
        World { scopes: vec![(0..files.len()).collect()], files, shown: None }
    }

    fn inputs(&self) -> Vec<Input> {
        let input = |(id, (name, text)): (u32, &(String, String))| Input {
            format: Format::from_path(name),
            source: Arc::new(Source::new(SourceId(id), name.clone(), text.clone())),
        };
        (0..).zip(&self.files).map(input).collect()
    }

    fn input<'a>(&self, chosen: &'a Chosen, options: &'a serde_json::Map<String, serde_json::Value>) -> LintInput<'a, 'a> {
        let scopes = self.scopes.iter().enumerate().map(|(number, members)| (number.to_string(), members.clone())).collect();
        LintInput { inputs: self.inputs(), scopes, shown: self.shown.clone(), chosen, options, load: LoadOptions::default(), parsed: None }
    }

    /// What is found without a memory: by the run that keeps all fixtures, which knows of none.
    fn plainly(&self, chosen: &Chosen) -> (Vec<Diagnostic>, usize) {
        let outcome = run(self.input(chosen, &serde_json::Map::new()));
        (outcome.findings, outcome.allowed)
    }

    /// What is found with what these bytes remember, and the bytes for the next run.
    fn remembering(&self, chosen: &Chosen, bytes: Vec<u8>) -> (Brief, Vec<u8>) {
        let (brief, new) = {
            let mut memory = Memory::read(Key::default(), &bytes);
            (run_remembering(self.input(chosen, &serde_json::Map::new()), Some(&mut memory)), memory.to_bytes())
        };
        (brief, new.unwrap_or(bytes))
    }
}

fn everything() -> Chosen {
    Selection { select: vec!["all".to_owned()], ..Selection::default() }.resolve().unwrap()
}

#[test]
fn the_corpora_are_found_again_and_nothing_is_read() {
    for folder in ["fixtures", "tests/corpus/valid", "tests/corpus/invalid"] {
        let files = repository::texts(folder, &["json", "jsonc", "yaml"]);
        let world = World::of(files.into_iter().map(|(path, text)| (path.to_string_lossy().into_owned(), text)).collect());
        let chosen = everything();
        let plain = world.plainly(&chosen);
        assert!(plain.0.len() > 10, "{folder} has findings");
        let (cold, bytes) = world.remembering(&chosen, Vec::new());
        assert_eq!((cold.findings, cold.allowed), plain, "{folder}, at first");
        let (warm, _) = world.remembering(&chosen, bytes);
        assert_eq!((warm.findings, warm.allowed), plain, "{folder}, remembered");
        assert!(warm.read * 10 < cold.read, "{folder}: {} of {} files are read again", warm.read, cold.read);
    }
}

/// Texts that find fault with each other: shadows, equal ids, follow-ups, allows, broken ones.
const TEXTS: [&str; 8] = [
    "fixtures: [{ match: { userMessage: weather }, response: { content: Sunny. } }]",
    "fixtures: [{ id: one, match: { userMessage: weather in Oslo }, response: { text: Snow. } }]",
    "fixtures: [{ id: one, match: {}, response: { content: Yes. } }, { match: { userMessage: news }, response: { content: No. } }]",
    "# aimock-allow: shadowed-fixture: meant\nfixtures: [{ match: { userMessage: weather today }, response: { content: Rain. } }]",
    "# aimock-allow: shadowed-fixture: of no use\nfixtures: [{ match: { userMessage: rare }, response: { content: Rare. } }]",
    "fixtures: [{ match: { userMessage: call }, response: { toolCalls: [{ name: f, arguments: '{}' }] } }]",
    "fixtures: [",
    "{ log: { entries: [] } }",
];

/// Some files, each a text under a name; scopes and shown files as bits of positions.
fn worlds() -> impl Strategy<Value = World> {
    let file = (0..6_usize, 0..TEXTS.len()).prop_map(|(name, text)| (format!("{name}.yaml"), TEXTS[text].to_owned()));
    let files = prop::collection::vec(file, 1..5).prop_map(|mut files| {
        files.sort();
        files.dedup_by(|a, b| a.0 == b.0);
        files
    });
    (files, prop::collection::vec(0..32_usize, 1..3), prop::option::of(0..32_usize)).prop_map(|(files, scopes, shown)| {
        let members = |bits: usize| (0..files.len()).filter(|index| bits >> index & 1 == 1).collect();
        World { scopes: scopes.into_iter().map(members).collect(), shown: shown.map(members), files }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_history_leaves_findings_as_they_are(history in prop::collection::vec(worlds(), 1..12)) {
        let chosen = everything();
        let mut bytes = Vec::new();
        for world in history {
            let (brief, next) = world.remembering(&chosen, bytes);
            prop_assert_eq!((brief.findings, brief.allowed), world.plainly(&chosen));
            bytes = next;
        }
    }
}
