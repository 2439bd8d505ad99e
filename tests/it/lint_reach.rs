//! What lint says about reachability, held against the matcher: over the fixtures of ../shared/corpora (skipped, and said
//! so, where they are not) and over made-up tables.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, OnceLock};

use aimock::diagnostic::{Diagnostic, Source, SourceId};
use aimock::exchange::{Endpoint, Exchange, Headers, Message, RawRequest, Request, Role, ToolCall, ToolOffer};
use aimock::files::{DEFAULT_MAX_FILE_SIZE, Exclude, discover, read};
use aimock::fixture::{Fixture, Input, Library, LoadOptions, into_library, load_all};
use aimock::lint::{LintInput, Selection, run};
use aimock::matcher::{Row, Served, Strictness};
use rayon::iter::{IntoParallelIterator, ParallelIterator};

/// Rules whose findings say: this fixture is never selected.
const NEVER: [&str; 3] = ["duplicate-match", "sequence-behind-plain", "shadowed-fixture"];

/// Folders of the corpus that are loaded together; unreachable but by accident or not at all, lost turns, tool loops.
const SCOPES: [(&[&str], [usize; 3]); 3] =
    [(&[""], [416, 153, 246]), (&["shared", "d4"], [7, 0, 35]), (&["shared", "d6"], [307, 109, 218])];

/// A scope of the corpus with what lint says about it.
struct Scope {
    name: String,
    library: Library,
    findings: Vec<Diagnostic>,
    counts: [usize; 3],
}

/// The scopes, read once; none on a bare clone.
fn scopes() -> &'static [Scope] {
    static READ: OnceLock<Vec<Scope>> = OnceLock::new();
    let scopes = READ.get_or_init(read_scopes);
    if scopes.is_empty() {
        crate::repository::skip("../shared/corpora is not here");
    }
    scopes
}

fn read_scopes() -> Vec<Scope> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora/showcase");
    if !root.is_dir() {
        return Vec::new();
    }
    SCOPES.into_iter().map(|(folders, counts)| scope(&root, folders, counts)).collect()
}

/// All findings of the rules about reachability and conversation; the texts are one scope.
fn lint(inputs: Vec<Input>) -> Vec<Diagnostic> {
    let chosen = Selection { select: ["reachability", "conversation"].map(str::to_owned).into(), ..Selection::default() };
    let members = (0..inputs.len()).collect();
    let outcome = run(LintInput {
        inputs,
        scopes: vec![(String::new(), members)],
        shown: None,
        chosen: &chosen.resolve().expect("two categories"),
        options: &serde_json::Map::new(),
        load: LoadOptions::default(),
        parsed: None,
    });
    outcome.findings
}

fn scope(root: &Path, folders: &[&str], counts: [usize; 3]) -> Scope {
    let paths: Vec<_> = folders.iter().map(|folder| root.join(folder)).collect();
    let found = discover(&paths, &Exclude::default());
    let input = |(index, file): (usize, &aimock::files::Found)| {
        let text = read(file, DEFAULT_MAX_FILE_SIZE).unwrap_or_else(|problem| panic!("{problem}")).text;
        let id = SourceId(u32::try_from(index).expect("few files"));
        Input { source: Arc::new(Source::new(id, file.name.clone(), text)), format: aimock::document::Format::from_path(&file.name) }
    };
    let inputs: Vec<Input> = found.files.iter().enumerate().map(input).collect();
    let findings = lint(inputs.clone());
    let library = into_library(load_all(inputs, &LoadOptions::default()));
    Scope { name: folders.join(" + "), library, findings, counts }
}

impl Scope {
    fn rows(&self) -> &[Row] {
        self.library.table.rows()
    }

    /// The row that a finding of one of these rules is about.
    fn found<'s>(&'s self, rules: &'s [&str]) -> impl Iterator<Item = (usize, &'s Diagnostic)> {
        let place = |fixture: &Fixture| (fixture.origin.source, fixture.origin.match_span.start);
        let rows: BTreeMap<_, usize> = self.library.fixtures.iter().enumerate().map(|(row, fixture)| (place(fixture), row)).collect();
        let own = self.findings.iter().filter(|finding| rules.contains(&finding.rule));
        own.map(move |finding| (rows[&(finding.primary.source.id(), finding.primary.span.start)], finding))
    }

    fn rows_of(&self, rules: &[&str]) -> BTreeSet<usize> {
        self.found(rules).map(|(row, _)| row).collect()
    }
}

/// The rows for which some earlier row has a relation to them, tried pair by pair.
fn brute_force(rows: &[Row], relation: impl Fn(usize, usize) -> bool + Sync) -> BTreeSet<usize> {
    (0..rows.len()).into_par_iter().filter(|later| (0..*later).any(|earlier| relation(earlier, *later))).collect()
}

#[test]
fn what_brute_force_finds_is_found() {
    for scope in scopes() {
        let (rows, table) = (scope.rows(), &scope.library.table);
        let dead = brute_force(rows, |earlier, later| table.surely_shadows(earlier, later));
        assert_eq!(scope.rows_of(&NEVER), dead, "{}", scope.name);
        let barred = brute_force(rows, |earlier, later| rows[earlier].surely_shadows(&rows[later]));
        let by_accident: BTreeSet<usize> = barred.difference(&dead).copied().collect();
        assert_eq!(scope.rows_of(&["served-by-accident"]), by_accident, "{}", scope.name);
        let takes_turn = |earlier: &Row, later: &Row| {
            earlier.position.turn.is_none() && later.position.turn.is_some() && earlier.surely_takes_all_of(later)
        };
        let lost = brute_force(rows, |earlier, later| takes_turn(&rows[earlier], &rows[later]));
        assert_eq!(scope.rows_of(&["lost-turn"]), lost.difference(&dead).copied().collect(), "{}", scope.name);
        let counts = [barred.len(), scope.rows_of(&["lost-turn"]).len(), scope.rows_of(&["tool-loop"]).len()];
        assert_eq!(counts, scope.counts, "{}", scope.name);
    }
}

#[test]
fn every_finding_has_a_request_that_shows_it() {
    for scope in scopes() {
        let table = &scope.library.table;
        let rules = ["served-by-accident", "lost-turn"].into_iter().chain(NEVER).collect::<Vec<_>>();
        for (row, finding) in scope.found(&rules) {
            let (exchange, answered_by) = witness(finding);
            assert!(scope.rows()[row].matches.accepts(&exchange), "{}: {finding:#?}", scope.name);
            let winner = table.select(&exchange, &table.served_before(row), Strictness::default()).row();
            assert!(winner.is_some_and(|winner| winner != row), "{}: {finding:#?}", scope.name);
            assert_eq!(winner.map(|winner| handle(scope, winner)), answered_by, "{}: {finding:#?}", scope.name);
        }
        for (row, finding) in scope.found(&["tool-loop"]) {
            let (exchange, answered_by) = witness(finding);
            assert!(exchange.request.has_tool_result(), "{}: {finding:#?}", scope.name);
            assert_eq!(answered_by, Some(handle(scope, row)), "{}: {finding:#?}", scope.name);
            let winner = table.select(&exchange, &table.served_before(row), Strictness::default()).row();
            assert_eq!(winner, Some(row), "{}: {finding:#?}", scope.name);
        }
    }
}

/// The request of a finding, read back from its report, and who is said to answer it.
fn witness(finding: &Diagnostic) -> (Exchange, Option<String>) {
    let json = finding.witness.as_ref().unwrap_or_else(|| panic!("no witness: {finding:#?}"));
    let request = Request::from_neutral(&json["request"]).unwrap_or_else(|error| panic!("{error}: {finding:#?}"));
    let headers: Headers =
        json["headers"].as_object().into_iter().flatten().map(|(name, value)| (name, value.as_str().unwrap_or(""))).collect();
    let exchange = Exchange { raw: RawRequest::new("POST", "/", headers, ""), request };
    (exchange, json["answeredBy"].as_str().map(str::to_owned))
}

/// A fixture as lint names it.
fn handle(scope: &Scope, row: usize) -> String {
    let fixture = &scope.library.fixtures[row];
    let file = &scope.library.sources[fixture.origin.source.0 as usize].name;
    fixture.id.clone().unwrap_or_else(|| format!("{file}#{}", fixture.origin.index))
}

/// How many requests are made up for each scope.
const REQUESTS: u64 = 20_000;

/// Trying every row takes long; one request in so many is held against it.
const PLAINLY: u64 = 8;

#[test]
fn no_request_selects_a_fixture_called_unreachable() {
    for scope in scopes() {
        let dead = scope.rows_of(&NEVER);
        let words = Words::of(scope);
        let winners: Vec<Option<usize>> = (0..REQUESTS)
            .into_par_iter()
            .map(|seed| {
                let mut dice = Dice(seed);
                let exchange = words.exchange(&mut dice);
                let served = words.served(&mut dice);
                let table = &scope.library.table;
                if seed % PLAINLY == 0 {
                    let found: Vec<usize> = table.candidates(&exchange).map(|(row, _)| row).collect();
                    let plainly: Vec<usize> = table.candidates_plainly(&exchange).map(|(row, _)| row).collect();
                    assert_eq!(found, plainly, "{}: {:#?}", scope.name, exchange.request);
                }
                let winner = table.select(&exchange, &served, Strictness::default()).row();
                assert!(!winner.is_some_and(|winner| dead.contains(&winner)), "{}: {winner:?} {:#?}", scope.name, exchange.request);
                winner
            })
            .collect();
        // Requests that nothing answers would prove nothing.
        let distinct: BTreeSet<usize> = winners.iter().copied().flatten().collect();
        let answered = winners.iter().flatten().count() as u64;
        assert!(answered > REQUESTS / 2, "{}: {answered} answered", scope.name);
        assert!(distinct.len() > scope.rows().len() / 3, "{}: {} fixtures answered", scope.name, distinct.len());
    }
}

/// Small steps of a well-known generator (`SplitMix64`): the same requests in every run.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, count: usize) -> usize {
        usize::try_from(self.next() % count.max(1) as u64).expect("below a usize")
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }
}

/// The scope's fixtures as a quarry of words.
struct Words<'s> {
    scope: &'s Scope,
    /// Fixtures by what they have in common with a neighbour.
    of_context: BTreeMap<Option<String>, Vec<usize>>,
    sequenced: Vec<usize>,
}

impl Words<'_> {
    fn of(scope: &Scope) -> Words<'_> {
        let mut words = Words { scope, of_context: BTreeMap::new(), sequenced: Vec::new() };
        for (row, fixture) in scope.library.fixtures.iter().enumerate() {
            let plainest = fixture.matches.plainest().unwrap_or_else(|| panic!("no request for {}", handle(scope, row)));
            words.of_context.entry(plainest.request.context).or_default().push(row);
            if fixture.position.sequence.is_some() {
                words.sequenced.push(row);
            }
        }
        words
    }

    /// A request that one fixture wants, mixed with the texts of up to two others, most often of the same context.
    fn exchange(&self, dice: &mut Dice) -> Exchange {
        let rows = self.scope.rows().len();
        let first = dice.below(rows);
        let mut exchange = self.plainest(first);
        for _ in 0..dice.below(3) {
            let family = &self.of_context[&exchange.request.context];
            let other = if dice.one_in(4) { dice.below(rows) } else { family[dice.below(family.len())] };
            let other = self.plainest(other).request;
            Self::mix(&mut exchange.request, other, dice);
        }
        converse(&mut exchange.request, dice);
        if dice.one_in(12) {
            exchange.request.context = self.plainest(dice.below(rows)).request.context;
        }
        exchange.request.endpoint = match dice.below(20) {
            0 => Some(Endpoint::Embedding),
            1 => Some(Endpoint::Image),
            2 => Some(Endpoint::Realtime),
            _ => exchange.request.endpoint,
        };
        exchange
    }

    fn plainest(&self, row: usize) -> Exchange {
        self.scope.rows()[row].matches.plainest().expect("made before")
    }

    fn mix(request: &mut Request, other: Request, dice: &mut Dice) {
        for message in other.messages {
            let Some(mine) = request.messages.iter_mut().find(|mine| mine.role == message.role) else {
                if message.role != Role::Tool || dice.one_in(2) {
                    request.messages.push(message);
                }
                continue;
            };
            if let Some(text) = message.text {
                let mine = mine.text.get_or_insert_default();
                *mine = if dice.one_in(2) { format!("{mine} {text}") } else { format!("{text}\n{mine}") };
            }
            if dice.one_in(2) && message.tool_call_id.is_some() {
                mine.tool_call_id = message.tool_call_id;
            }
        }
        request.tools.extend(other.tools);
        request.model = request.model.take().or(other.model);
    }

    /// Counts as they may stand in the middle of a run, for sequences above all.
    fn served(&self, dice: &mut Dice) -> Served {
        let mut served = Served::default();
        for row in &self.sequenced {
            served.set(*row, dice.below(3) as u64);
        }
        served.set(dice.below(self.scope.rows().len()), dice.below(4) as u64);
        served
    }
}

/// Puts earlier answers and tool results around what is asked.
fn converse(request: &mut Request, dice: &mut Dice) {
    let mut earlier = Vec::new();
    for _ in 0..dice.below(7) {
        earlier.push(Message::text(Role::User, "hello"));
        earlier.push(Message::text(Role::Assistant, ""));
    }
    if dice.one_in(4) {
        // A tool result that belongs to an earlier question.
        let call = ToolCall { id: Some("call_earlier".to_owned()), name: "earlier".to_owned(), arguments: "{}".to_owned() };
        earlier.push(Message { tool_calls: vec![call], ..Message::text(Role::Assistant, "") });
        earlier.push(Message::tool_result("call_earlier", "done"));
    }
    request.messages.splice(0..0, earlier);
    match dice.below(6) {
        0 => request.messages.push(Message::tool_result("call_unknown", "done")),
        1 => request.tools.push(ToolOffer { name: "search".to_owned(), ..ToolOffer::default() }),
        2 => request.messages.push(Message::text(Role::Assistant, "one more")),
        _ => {}
    }
}

/// Which fixtures of a file a rule speaks about. Entries are written `match => response`, both without their braces.
#[track_caller]
fn check(rule: &str, entries: &[&str], expected: &[usize]) {
    let entry = |text: &&str| {
        let (matches, response) = text.split_once("=>").unwrap_or((text, r#""content": "x""#));
        format!(r#"{{ "match": {{ {matches} }}, "response": {{ {response} }} }}"#)
    };
    let text = format!("{{ \"fixtures\": [{}] }}", entries.iter().map(entry).collect::<Vec<_>>().join(",\n"));
    let source = Arc::new(Source::new(SourceId(0), "a.json", text));
    let findings = lint(vec![Input { source, format: aimock::document::Format::Json }]);
    let index = |finding: &Diagnostic| finding.primary.pointer.split('/').nth(2).and_then(|index| index.parse::<usize>().ok());
    let found: Vec<usize> = findings.iter().filter(|finding| finding.rule == rule).filter_map(index).collect();
    assert_eq!(found, expected, "{rule}: {findings:#?}");
}

const CALL: &str = r#""userMessage": "weather" => "toolCalls": [{ "id": "call_1", "name": "f", "arguments": {} }]"#;
const CALL_ONCE: &str =
    r#""userMessage": "weather", "hasToolResult": false => "toolCalls": [{ "id": "call_1", "name": "f", "arguments": {} }]"#;

#[test]
fn each_fixture_that_is_never_served_has_one_finding() {
    let same = [r#""userMessage": "a""#, r#""userMessage": "a""#, r#""userMessage": "ab""#, r#""userMessage": "a", "sequenceIndex": 0"#];
    check("duplicate-match", &same, &[1]);
    check("shadowed-fixture", &same, &[2]);
    check("sequence-behind-plain", &same, &[3]);
    check("answered-by-another", &same, &[]);
    check("catch-all-not-last", &["", r#""userMessage": "a""#, r#""inputText": "a" => "embedding": [1]"#], &[0]);
    check("catch-all-not-last", &["", r#""inputText": "a" => "embedding": [1]"#], &[]);
}

#[test]
fn sequences_are_counted_from_0_without_gaps() {
    let slots = |slots: &[u64]| slots.iter().map(|slot| format!(r#""userMessage": "a", "sequenceIndex": {slot}"#)).collect::<Vec<_>>();
    let check =
        |rule, given: &[u64], expected: &[usize]| check(rule, &slots(given).iter().map(String::as_str).collect::<Vec<_>>(), expected);
    check("unreachable-sequence-slot", &[2, 1, 0], &[]);
    check("unreachable-sequence-slot", &[0, 2, 3], &[1, 2]);
    check("unreachable-sequence-slot", &[1, 2], &[0, 1]);
    check("unreachable-sequence-slot", &[0, 0, 1], &[]);
    check("duplicate-sequence-slot", &[0, 0, 1, 1, 1], &[1, 3, 4]);
    check("duplicate-sequence-slot", &[0, 1], &[]);
    // A sequence ends and leaves its requests to the fixture behind it.
    self::check("answered-by-another", &[r#""userMessage": "a", "sequenceIndex": 0"#, r#""userMessage": "a""#], &[]);
}

#[test]
fn sequences_of_other_matches_are_others() {
    check("unreachable-sequence-slot", &[r#""userMessage": "a", "sequenceIndex": 0"#, r#""userMessage": "b", "sequenceIndex": 1"#], &[1]);
    let turns = [r#""userMessage": "a", "turnIndex": 0, "sequenceIndex": 0"#, r#""userMessage": "a", "turnIndex": 1, "sequenceIndex": 1"#];
    check("unreachable-sequence-slot", &turns, &[1]);
    check("duplicate-sequence-slot", &[r#""userMessage": "a", "sequenceIndex": 0"#, r#""userMessage": "b", "sequenceIndex": 0"#], &[]);
}

#[test]
fn scripts_of_turns() {
    let at = |turn: u64| format!(r#""userMessage": "a", "turnIndex": {turn}"#);
    let check = |rule, turns: &[u64], rest: &[&str], expected: &[usize]| {
        let turns: Vec<String> = turns.iter().map(|turn| at(*turn)).collect();
        check(rule, &turns.iter().map(String::as_str).chain(rest.iter().copied()).collect::<Vec<_>>(), expected);
    };
    check("turn-gap", &[0, 1, 2], &[], &[]);
    check("turn-gap", &[0, 2, 5], &[], &[1, 2]);
    check("turn-gap", &[0, 9_007_199_254_740_991], &[], &[1]);
    // The missing turn has another `match`.
    check("turn-gap", &[0, 2], &[r#""userMessage": "a", "hasToolResult": false, "turnIndex": 1"#], &[]);
    check("turn-never-reached", &[], &[r#""toolCallId": "x", "turnIndex": 0"#, r#""toolCallId": "x", "turnIndex": 1"#], &[0]);
    check("turn-and-plain-twins", &[1], &[r#""userMessage": "a""#], &[]);
    self::check("turn-and-plain-twins", &[r#""userMessage": "ab""#, r#""userMessage": "a", "turnIndex": 1"#], &[1]);
    // Reported as lost-turn.
    self::check("turn-and-plain-twins", &[r#""userMessage": "a""#, r#""userMessage": "a", "turnIndex": 1"#], &[]);
}

#[test]
fn weak_matches_are_those_before_exact_ones() {
    let (weak, exact) = (r#""model": "m", "hasToolResult": false"#, r#""userMessage": "a""#);
    check("weak-match", &[weak, exact], &[0]);
    check("weak-match", &[exact, weak], &[]);
    check("weak-match", &[weak, r#""userMessage": "a", "hasToolResult": true"#], &[]);
    check("weak-match", &[weak, r#""inputText": "a" => "embedding": [1]"#], &[]);
    check("weak-match", &["", exact], &[]);
    check("position-only-match", &[r#""turnIndex": 0"#, r#""sequenceIndex": 0"#, "", exact], &[0, 1]);
    check("empty-match", &[exact, r#""turnIndex": 0"#, ""], &[2]);
}

#[test]
fn what_follows_a_tool_call() {
    let (by_id, by_result) = (r#""toolCallId": "call_1""#, r#""userMessage": "weather", "hasToolResult": true"#);
    check("tool-loop", &[CALL], &[0]);
    check("tool-loop", &[CALL, by_id], &[0]);
    check("tool-loop", &[by_id, CALL], &[]);
    check("tool-loop", &[CALL_ONCE], &[]);
    check("dead-end", &[CALL], &[]);
    check("dead-end", &[CALL_ONCE], &[0]);
    check("dead-end", &[CALL_ONCE, by_id], &[]);
    check("dead-end", &[CALL_ONCE, by_result], &[]);
    check("follow-up-after-first-leg", &[CALL, by_id], &[1]);
    check("follow-up-after-first-leg", &[by_id, CALL], &[]);
    check("follow-up-after-first-leg", &[CALL_ONCE, by_id], &[]);
    // Never served at all, and reported as that.
    check("follow-up-after-first-leg", &[CALL, r#""userMessage": "weather", "toolCallId": "call_1""#], &[]);
    check("unproduced-tool-call-id", &[CALL, by_id, r#""toolCallId": "call_2""#], &[2]);
}

#[test]
fn ids_are_compared_within_a_conversation() {
    let call = |text: &str, rest: &str| {
        format!(r#""userMessage": "{text}"{rest} => "toolCalls": [{{ "id": "call_1", "name": "f", "arguments": {{}} }}]"#)
    };
    let check = |entries: &[(&str, &str)], expected: &[usize]| {
        let entries: Vec<String> = entries.iter().map(|(text, rest)| call(text, rest)).collect();
        check("pinned-id-reused", &entries.iter().map(String::as_str).collect::<Vec<_>>(), expected);
    };
    let (here, there) = (r#", "context": "a""#, r#", "context": "b""#);
    check(&[("Oslo", ""), ("Rome", "")], &[1]);
    check(&[("Oslo", here), ("Rome", there)], &[]);
    check(&[("Oslo", here), ("Rome", there), ("Bonn", here)], &[2]);
    check(&[("Oslo", ""), ("Rome", there)], &[1]);
    // One question with several answers is met once.
    check(&[("Oslo", r#", "toolName": "f""#), ("Oslo", r#", "toolName": "g""#)], &[]);
}
