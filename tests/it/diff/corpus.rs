//! Real fixture files (../shared/corpora, not part of this repository) against shuffled and edited copies of themselves.
//! Without them: skipped, and said so.
#![expect(clippy::disallowed_methods, reason = "the corpus is read from disk")]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use aimock::diff::{Diff, Verdict};
use aimock::files::{Exclude, discover};
use aimock::fixture::Input;
use aimock::matcher::{Setting, Strictness, Table};
use aimock::normalize::{Options, run};
use serde_json::{Map, Value, json};

use super::{check_identical, diff, inputs, side};

/// Name and tree of each file below a part of the corpus, in load order.
fn files(parts: &[&str]) -> Option<Vec<(String, Value)>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora/showcase");
    if !root.is_dir() {
        crate::repository::skip("../shared/corpora is not here");
        return None;
    }
    let folders: Vec<_> = parts.iter().map(|part| root.join(part)).collect();
    let found = discover(&folders, &Exclude::default());
    let read = |path: &Path| serde_json::from_str(&std::fs::read_to_string(path).expect("readable")).expect("JSON");
    let name = |path: &Path| path.strip_prefix(&root).unwrap_or(path).to_string_lossy().into_owned();
    Some(found.files.iter().map(|file| (name(&file.path), read(&file.path))).collect())
}

fn texts(files: &[(String, Value)]) -> Vec<Input> {
    inputs(&files.iter().map(|(name, file)| (name.clone(), file.to_string())).collect::<Vec<_>>())
}

/// A small seeded generator, so that every run plants the same edits.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % bound.max(1)
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

/// The same value with the members of every object in another order.
fn shuffled(value: &Value, dice: &mut Dice) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<(String, Value)> = members.iter().map(|(key, value)| (key.clone(), shuffled(value, dice))).collect();
            dice.shuffle(&mut members);
            members.into_iter().collect::<Map<_, _>>().into()
        }
        Value::Array(items) => items.iter().map(|item| shuffled(item, dice)).collect(),
        other => other.clone(),
    }
}

/// A copy with other file names, files cut in two and joined, every second one in YAML, and shuffled keys. Load order is
/// kept, since it decides who answers.
fn refiled(files: &[(String, Value)]) -> Vec<Input> {
    let mut dice = Dice(7);
    let mut entries: Vec<Value> = Vec::new();
    for (_, file) in files {
        entries.extend(file["fixtures"].as_array().expect("a list").iter().map(|entry| shuffled(entry, &mut dice)));
    }
    let mut copies = Vec::new();
    while !entries.is_empty() {
        let rest = entries.split_off(entries.len().min(1 + dice.below(40)));
        let file = json!({ "fixtures": std::mem::replace(&mut entries, rest) });
        let nth = copies.len();
        copies.push(if nth % 2 == 0 {
            (format!("moved/{nth:04}.yaml"), serde_yaml::to_string(&file).expect("plain data"))
        } else {
            (format!("moved/{nth:04}.json"), format!("{file:#}"))
        });
    }
    inputs(&copies)
}

#[test]
fn a_shuffled_copy_of_the_corpus_is_identical() {
    for parts in [&["d4", "d6", "shared"][..], &["shared", "d4"], &["shared", "d6"]] {
        let Some(files) = files(parts) else { return };
        let (old, new) = (texts(&files), refiled(&files));
        let found = diff(&old, &new);
        check_identical(&found, "the corpus");
        assert!(found.pairs.len() > 500 && found.pairs.iter().all(|pair| pair.changes.is_empty()));
    }
}

#[test]
fn the_corpus_and_its_normalized_copy_are_identical() {
    let Some(mut files) = files(&["shared", "d6"]) else { return };
    // Ids are rewritten where a file shows that a recorder wrote it, which the keepers of these took out.
    for entry in files.iter_mut().filter_map(|(_, file)| file["fixtures"].as_array_mut()).flatten() {
        if entry["_comment"].as_str().is_some_and(|comment| comment.starts_with("Recorded")) {
            entry["recordedAt"] = "2026-05-15".into();
        }
    }
    let before = texts(&files);
    let outcomes = run(&before, &Options::default());
    let changed = outcomes.iter().filter(|outcome| outcome.text.is_some()).count();
    assert!(changed > 0, "there is something to normalize");
    let after: Vec<(String, String)> = before
        .iter()
        .zip(outcomes)
        .map(|(input, outcome)| (input.source.name().to_owned(), outcome.text.unwrap_or_else(|| input.source.text().to_owned())))
        .collect();
    check_identical(&diff(&before, &inputs(&after)), "the corpus, normalized");
}

#[test]
fn another_load_order_is_told_by_its_witnesses() {
    let Some(files) = files(&["shared", "d4"]) else { return };
    let mut turned = files.clone();
    turned.reverse();
    let found = diff(&texts(&files), &texts(&turned));
    assert!(found.pairs.iter().all(|pair| pair.verdict == Verdict::Identical) && found.added.is_empty() && found.removed.is_empty());
    assert!(!found.rerouted.is_empty(), "in the opposite order some catch-all comes first");
}

/// What is planted, and the verdict it must get.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Edit {
    Latency,
    ChunkSize,
    Words,
    Usage,
    Finish,
    Call,
    Kind,
    Match,
    Remove,
    Add,
    Shadow,
}

const PLAN: [(Edit, usize, Option<Verdict>); 11] = [
    (Edit::Latency, 4, Some(Verdict::Timing)),
    (Edit::ChunkSize, 4, Some(Verdict::Rechunked)),
    (Edit::Words, 4, Some(Verdict::Reworded)),
    (Edit::Usage, 2, Some(Verdict::Reworded)),
    (Edit::Finish, 3, Some(Verdict::Breaking)),
    (Edit::Call, 3, Some(Verdict::Breaking)),
    (Edit::Kind, 2, Some(Verdict::Breaking)),
    (Edit::Match, 3, Some(Verdict::Breaking)),
    (Edit::Remove, 2, None),
    (Edit::Add, 2, None),
    (Edit::Shadow, 1, None),
];

#[test]
fn thirty_planted_edits_are_found_with_their_verdicts() {
    let Some(files) = files(&["shared", "d4"]) else { return };
    let old = texts(&files);
    let before = side(&old);
    let free = on_their_own(&before.library.table);
    let mut rows: Vec<(usize, usize)> = Vec::new();
    for (nth, (_, file)) in files.iter().enumerate() {
        rows.extend((0..file["fixtures"].as_array().map_or(0, Vec::len)).map(|index| (nth, index)));
    }
    assert_eq!(rows.len(), before.library.fixtures.len());
    let mut edited = files.clone();
    let mut planted: BTreeMap<usize, Edit> = BTreeMap::new();
    let mut dice = Dice(30);
    for (edit, count, _) in PLAN {
        let mut left = count;
        while left > 0 {
            let row = dice.below(rows.len());
            let (file, index) = rows[row];
            if free.contains(&row) && !planted.contains_key(&row) && plant(edit, &mut edited[file].1["fixtures"][index]) {
                planted.insert(row, edit);
                left -= 1;
            }
        }
    }
    assert_eq!(planted.len(), 30);
    let added = rearrange(&mut edited, &rows, &planted);
    let found = diff(&old, &texts(&edited));
    let expected: BTreeMap<usize, Verdict> =
        planted.iter().filter_map(|(row, edit)| Some((*row, PLAN.iter().find(|(planned, _, _)| planned == edit)?.2?))).collect();
    let told: BTreeMap<usize, Verdict> =
        found.pairs.iter().filter(|pair| !pair.changes.is_empty()).map(|pair| (pair.old, pair.verdict)).collect();
    assert_eq!(told, expected);
    check_moves(&found, &planted, added);
}

/// Removed, added and rerouted: exactly what was planted.
#[track_caller]
fn check_moves(found: &Diff, planted: &BTreeMap<usize, Edit>, added: usize) {
    let rows = |wanted: Edit| planted.iter().filter(|(_, edit)| **edit == wanted).map(|(row, _)| *row).collect::<BTreeSet<usize>>();
    assert_eq!(found.removed.iter().map(|lone| lone.row).collect::<BTreeSet<usize>>(), rows(Edit::Remove));
    assert_eq!(found.added.len(), added);
    assert_eq!(found.rerouted.iter().map(|one| one.owner.0).collect::<BTreeSet<usize>>(), rows(Edit::Shadow));
}

/// Rows that answer their own plainest request and nobody else's, and share their match with nobody.
fn on_their_own(table: &Table) -> BTreeSet<usize> {
    let mut answers: HashMap<usize, Vec<usize>> = HashMap::new();
    let mut alike: HashMap<u64, usize> = HashMap::new();
    for (number, row) in table.rows().iter().enumerate() {
        *alike.entry(row.matches.digest()).or_default() += 1;
        let Some(exchange) = row.matches.plainest_in(Setting { assistants: row.position.turn, ..Setting::default() }) else { continue };
        if let Some(by) = table.select(&exchange, &table.served_before(number), Strictness::default()).row() {
            answers.entry(by).or_default().push(number);
        }
    }
    let own = |number: &usize| answers.get(number).is_some_and(|asked| asked == &[*number]);
    let alone = |number: &usize| table.rows().get(*number).is_some_and(|row| alike[&row.matches.digest()] == 1);
    (0..table.rows().len()).filter(own).filter(alone).collect()
}

/// Edits an entry in place; `false`: this entry has nothing to edit in this way.
fn plant(edit: Edit, entry: &mut Value) -> bool {
    let is_text = entry["response"]["content"].as_str().is_some_and(|text| text.len() > 20) && entry["response"]["toolCalls"].is_null();
    let has_call = entry["response"]["toolCalls"][0]["name"].is_string();
    match edit {
        Edit::Latency => entry["latency"] = json!(17),
        Edit::ChunkSize => entry["chunkSize"] = json!(3),
        Edit::Words if is_text => {
            let text = entry["response"]["content"].as_str().unwrap_or_default().replacen(' ', " quite ", 1);
            entry["response"]["content"] = text.into();
        }
        Edit::Usage if is_text => entry["response"]["usage"] = json!({ "prompt_tokens": 4, "completion_tokens": 5, "total_tokens": 9 }),
        Edit::Finish if is_text => entry["response"]["finishReason"] = "length".into(),
        Edit::Call if has_call => entry["response"]["toolCalls"][0]["name"] = "planted_tool".into(),
        Edit::Kind if is_text => entry["response"] = json!({ "error": { "message": "planted" }, "status": 503 }),
        Edit::Match if entry["match"]["userMessage"].is_string() => {
            entry["match"]["userMessage"] = format!("{} planted", entry["match"]["userMessage"].as_str().unwrap_or_default()).into();
        }
        Edit::Remove | Edit::Add => {}
        Edit::Shadow if entry["match"]["turnIndex"].is_null() && entry["match"]["sequenceIndex"].is_null() => {}
        _ => return false,
    }
    true
}

/// Takes out, adds and puts in front what was planted so, last entries first; gives how many were added.
fn rearrange(files: &mut [(String, Value)], rows: &[(usize, usize)], planted: &BTreeMap<usize, Edit>) -> usize {
    let mut added = 0;
    for (row, edit) in planted.iter().rev() {
        let (file, index) = rows[*row];
        let list = files[file].1["fixtures"].as_array_mut().expect("a list");
        match edit {
            Edit::Remove => drop(list.remove(index)),
            Edit::Add => {
                let request = format!("a request that nobody sent before {row}");
                list.insert(index, json!({ "match": { "userMessage": request }, "response": { "content": format!("planted {row}") } }));
                added += 1;
            }
            Edit::Shadow => {
                let matches = list[index]["match"].clone();
                list.insert(index, json!({ "id": "shadow", "match": matches, "response": { "content": "planted in front" } }));
                added += 1;
            }
            _ => {}
        }
    }
    added
}
