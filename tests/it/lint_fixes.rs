//! Laws of fixes: a second round changes nothing, files stay valid, and a safe fix changes the answer of no request
//! but those that it says. Tried on the examples of every rule, on mutants of them and on real files.
#![expect(clippy::unwrap_used, reason = "helpers of tests: what is missing should fail the test")]

use std::fmt::Write as _;
use std::sync::Arc;

use aimock::diagnostic::{Diagnostic, Safety, Severity, Source, SourceId};
use aimock::document::Format;
use aimock::exchange::{Endpoint, Exchange, Message, Request, Role};
use aimock::fixture::{Input, LoadOptions, LoadedFile};
use aimock::lint::{ALL, Chosen, LintInput, Outcome, Selection, apply_fixes, example_name, example_options, run};
use aimock::matcher::{Served, Strictness, Table};

/// Rules whose safe fix makes an answer of what was none, or another one: their titles say so.
const SAYS_SO: [&str; 1] = ["response-key-slip"];

fn all() -> Chosen {
    Selection { select: vec!["all".to_owned()], ..Selection::default() }.resolve().unwrap()
}

fn lint(files: &[(String, String)], chosen: &Chosen) -> Outcome {
    let options = ALL.iter().flat_map(|rule| example_options(rule.name)).collect();
    let inputs: Vec<Input> = (0u32..)
        .zip(files)
        .map(|(id, (name, text))| Input {
            format: Format::from_path(name),
            source: Arc::new(Source::new(SourceId(id), name.as_str(), text.as_str())),
        })
        .collect();
    let scopes = vec![(String::new(), (0..inputs.len()).collect())];
    run(LintInput { inputs, scopes, shown: None, chosen, options: &options, load: LoadOptions::default(), parsed: None })
}

/// The texts after a round of fixes.
fn fixed(files: &[(String, String)], findings: &[Diagnostic], most: Safety) -> Vec<(String, String)> {
    let mut files = files.to_vec();
    for file in apply_fixes(findings, most) {
        files[file.source.id().0 as usize].1 = file.text;
    }
    files
}

/// Errors of the loader, by rule: what makes a file invalid.
fn errors(findings: &[Diagnostic]) -> usize {
    let is_loaders = |finding: &&Diagnostic| finding.severity == Severity::Error && aimock::lint::rule(finding.rule).is_none();
    findings.iter().filter(is_loaders).count()
}

fn table(files: &[LoadedFile]) -> Table {
    Table::new(files.iter().flat_map(|file| &file.entries).map(|entry| entry.fixture.row()).collect())
}

/// A small generator of numbers, so that a failure can be repeated.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit.max(1)
    }
}

/// Requests out of the fixtures' own texts: some plainest ones, changed in turn, tools and endpoint.
fn requests(files: &[LoadedFile], count: usize, dice: &mut Dice) -> Vec<Exchange> {
    let plain: Vec<Exchange> = files.iter().flat_map(|file| &file.entries).filter_map(|entry| entry.fixture.matches.plainest()).collect();
    let mut made: Vec<Exchange> = plain.iter().take(count).cloned().collect();
    for _ in 0..count {
        let Some(start) = plain.get(dice.below(plain.len())) else { break };
        let mut exchange = start.clone();
        let other = &plain[dice.below(plain.len())].request;
        change(&mut exchange.request, other, dice);
        made.push(exchange);
    }
    made
}

fn change(request: &mut Request, other: &Request, dice: &mut Dice) {
    for _ in 0..dice.below(3) {
        let turn = Message { role: Role::Assistant, text: Some("Well.".to_owned()), tool_calls: Vec::new(), tool_call_id: None };
        let at = request.messages.len().saturating_sub(1);
        request.messages.insert(at, turn);
    }
    if let (Some(message), Some(text)) = (request.messages.last_mut(), other.user_text()) {
        let text = text.to_owned();
        message.text = match dice.below(4) {
            0 => Some(text),
            1 => message.text.take().map(|mine| format!("{mine} {text}")),
            2 => message.text.take().map(|mine| format!("{mine}\n")),
            _ => message.text.take(),
        };
    }
    match dice.below(4) {
        0 => request.endpoint = Some(Endpoint::ALL[dice.below(Endpoint::ALL.len())]),
        1 => request.model.clone_from(&other.model),
        _ => {}
    }
}

/// All laws for these files; gives how many fixes were made.
fn check(files: &[(String, String)], chosen: &Chosen, requests_a_round: usize, dice: &mut Dice) -> usize {
    let told = |files: &[(String, String)]| {
        files.iter().fold(String::new(), |mut text, (name, file)| {
            write!(text, "\n--- {name}\n{file}").unwrap();
            text
        })
    };
    let (mut files, mut cures) = (files.to_vec(), 0);
    let mut outcome = lint(&files, chosen);
    for round in 0.. {
        let safe = |finding: &&Diagnostic| finding.fix.as_ref().is_some_and(|fix| fix.safety == Safety::Safe);
        cures += outcome.findings.iter().filter(safe).count();
        let next = fixed(&files, &outcome.findings, Safety::Safe);
        if next == files {
            break;
        }
        assert!(round < 10, "fixes never come to an end:{}", told(&files));
        let after = lint(&next, chosen);
        assert!(errors(&after.findings) <= errors(&outcome.findings), "a fix broke something:{}\nbecame{}", told(&files), told(&next));
        if !outcome.findings.iter().filter(safe).any(|finding| SAYS_SO.contains(&finding.rule)) {
            let (old, new) = (table(&outcome.files), table(&after.files));
            for exchange in requests(&outcome.files, requests_a_round, dice) {
                let answer = |table: &Table| table.select(&exchange, &Served::default(), Strictness::default()).row();
                assert_eq!(
                    answer(&old),
                    answer(&new),
                    "{:?} is answered by another:{}\nbecame{}",
                    exchange.request,
                    told(&files),
                    told(&next)
                );
            }
        }
        (files, outcome) = (next, after);
    }
    cures
}

fn examples() -> impl Iterator<Item = &'static str> {
    ALL.iter().flat_map(|rule| rule.examples).flat_map(|example| [example.bad, example.good])
}

/// The text in other writings: line ends, spacing, a mark, no last line end, comments.
fn mutants(text: &str) -> Vec<(String, String)> {
    let name = example_name(text);
    let jsonc = name.replace(".json", ".jsonc");
    let is_json = Format::from_path(name) == Format::Json;
    let mut mutants = vec![
        text.to_owned(),
        text.replace('\n', "\r\n"),
        text.trim_end().to_owned(),
        format!("{}\n\n", text.trim_end()),
        format!("\u{feff}{}", text.trim_start_matches('\u{feff}')),
    ];
    if is_json {
        mutants.extend([
            text.replace(", ", ","),
            text.replace(", ", " ,\n\t"),
            text.replace(", \"", ",\r\n  \""),
            text.replace(" }", "\n}"),
        ]);
    }
    let mut files: Vec<(String, String)> = mutants.into_iter().map(|text| (name.to_owned(), text)).collect();
    if is_json {
        files.extend(
            [text.replace(", \"", ", // why\n \""), text.replace("{ ", "{ /* a, b */ "), text.replace(" }", ", }")]
                .map(|text| (jsonc.clone(), text)),
        );
    }
    files
}

#[test]
fn examples_and_their_mutants() {
    let chosen = all();
    let mut dice = Dice(7);
    let fixes: usize = examples().flat_map(mutants).map(|file| check(&[file], &chosen, 12, &mut dice)).sum();
    assert!(fixes > 500, "only {fixes} fixes were tried");
}

#[test]
fn examples_side_by_side() {
    let chosen = all();
    let mut dice = Dice(11);
    let texts: Vec<&str> = examples().collect();
    for start in 0..texts.len() {
        let several = [0, 7, 31].map(|step| texts[(start + step) % texts.len()]);
        let files: Vec<(String, String)> =
            several.iter().enumerate().map(|(at, text)| (format!("{at}/{}", example_name(text)), (*text).to_owned())).collect();
        check(&files, &chosen, 40, &mut dice);
    }
}

#[test]
fn all_fixes_at_once_come_to_an_end() {
    let chosen = all();
    for text in examples().flat_map(mutants) {
        let mut files = vec![text];
        let mut ended = false;
        for _ in 0..10 {
            let next = fixed(&files, &lint(&files, &chosen).findings, Safety::Unsafe);
            ended = next == files;
            if ended {
                break;
            }
            files = next;
        }
        assert!(ended, "fixes never come to an end: {}", files[0].1);
    }
}

#[test]
fn what_ends_without_a_line_end_keeps_its_texts() {
    let chosen = all();
    let mut dice = Dice(3);
    for text in [
        "fixtures:\n  - response: { content: Sun. }\n    match:\n      userMessage: |\n        weather",
        "fixtures:\n  - response: { content: Sun. }\n    match:\n      userMessage: |+\n        weather",
        "fixtures:\n  - response: { content: Sun. }\n    match:\n      userMessage: >\n        weather\n        today",
        "fixtures:\n  - response: { content: Sun. }\n    match:\n      userMessage: weather",
    ] {
        let files = [("a.yaml".to_owned(), text.to_owned())];
        check(&files, &chosen, 20, &mut dice);
    }
}

#[test]
fn real_files() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/corpora/showcase");
    let walk = walkdir::WalkDir::new(root).sort_by_file_name().into_iter().filter_map(Result::ok);
    let paths = walk.filter(|entry| entry.path().extension().is_some_and(|end| end == "json")).map(walkdir::DirEntry::into_path);
    #[expect(clippy::disallowed_methods, reason = "a test reads its corpus")]
    let files: Vec<(String, String)> =
        paths.map(|path| (path.to_string_lossy().into_owned(), std::fs::read_to_string(path).unwrap())).collect();
    if files.is_empty() {
        crate::repository::skip("../shared/corpora is not here");
        return;
    }
    let cures = check(&files, &all(), 500, &mut Dice(1));
    assert!(cures > 100, "only {cures} fixes were tried");
}
