//! Runs the commands in README.md and docs, so that what they show is what happens.
//!
//! A fenced block marked `console` holds commands, each after `$ `, and below each one what it prints (stdout, then
//! stderr). There, a line `...` stands for any lines, `[..]` for anything within a line, and `? 1` for that exit status.
//! `aimock` and `cargo run --release --` both mean the development build. `serve` is started on a free port and lives
//! to the end of its page or to the next `serve`, and the `curl` commands after it talk to that port; `serve … -- COMMAND`
//! runs to its end like every other command. Blocks of other kinds are not run.

use std::path::Path;
use std::time::Duration;

use crate::ci::Verdict;
use crate::clients::binary;
use crate::process::{Server, command, finish};
use crate::tally::{Counted, Tally};

/// For one command.
const LIMIT: Duration = Duration::from_mins(1);
/// The address that the pages show.
const SHOWN: &str = "http://127.0.0.1:4010";
/// Commands that other steps run, or that would run this one.
const ELSEWHERE: [&str; 2] = ["cargo xtask ci", "cargo install --path . --locked"];

/// One command with what the page says it does.
#[derive(Debug, Default, PartialEq, Eq)]
struct Shown {
    line: usize,
    command: String,
    output: Vec<String>,
    status: i32,
}

/// Runs every command of every page.
pub(crate) fn run(root: &Path) -> Verdict {
    let aimock = match binary(root) {
        Ok(aimock) => aimock,
        Err(output) => return Verdict::Broken(output),
    };
    let mut counted = Counted::default();
    let mut failures = Vec::new();
    for page in pages(root) {
        let text = match std::fs::read_to_string(root.join(&page)) {
            Ok(text) => text,
            Err(error) => return Verdict::Broken(format!("{page}: {error}")),
        };
        let mut server = None;
        for block in blocks(&text) {
            for shown in block.into_iter().filter(|shown| !ELSEWHERE.contains(&shown.command.as_str())) {
                match perform(root, &aimock, &shown, &mut server) {
                    Ok(true) => counted.tally.passed += 1,
                    Ok(false) => {
                        counted.tally.skipped += 1;
                        counted.skips.push(format!("{page}:{} curl is not installed", shown.line));
                    }
                    Err(reason) => {
                        counted.tally.failed += 1;
                        failures.push(format!("{page}:{} $ {}\n{reason}", shown.line, shown.command));
                    }
                }
            }
        }
    }
    if counted.tally == Tally::default() {
        return Verdict::Broken("README.md and docs show no command".to_owned());
    }
    Verdict::Counted { counted, output: failures.join("\n\n") }
}

/// README.md and the pages under docs, in order.
fn pages(root: &Path) -> Vec<String> {
    let mut docs: Vec<String> = std::fs::read_dir(root.join("docs"))
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| Path::new(name).extension().is_some_and(|extension| extension == "md"))
        .map(|name| format!("docs/{name}"))
        .collect();
    docs.sort();
    docs.insert(0, "README.md".to_owned());
    docs
}

/// The commands of each `console` block.
fn blocks(page: &str) -> Vec<Vec<Shown>> {
    let mut blocks = Vec::new();
    let mut inside: Option<Vec<Shown>> = None;
    for (number, line) in page.lines().enumerate() {
        let Some(block) = &mut inside else {
            inside = (line.trim() == "```console").then(Vec::new);
            continue;
        };
        if line.trim() == "```" {
            blocks.extend(inside.take());
        } else if let Some(text) = line.strip_prefix("$ ") {
            block.push(Shown { line: number + 1, command: text.to_owned(), ..Shown::default() });
        } else if let Some(shown) = block.last_mut() {
            if shown.command.ends_with('\\') {
                shown.command.pop();
                shown.command.push_str(line.trim());
            } else if let Some(status) = line.strip_prefix("? ") {
                shown.status = status.trim().parse().unwrap_or(0);
            } else {
                shown.output.push(line.to_owned());
            }
        }
    }
    blocks
}

/// Runs one command and compares. `false`: a program that it needs is not here.
fn perform(root: &Path, aimock: &Path, shown: &Shown, server: &mut Option<Server>) -> Result<bool, String> {
    let words = words(&shown.command);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (program, arguments) = match words.as_slice() {
        ["cargo", "run", "--release", "--", rest @ ..] | ["aimock", rest @ ..] => (aimock, rest.to_vec()),
        ["curl", rest @ ..] => (Path::new("curl"), rest.to_vec()),
        _ => return Err("no check knows how to run this command".to_owned()),
    };
    // With a command of its own it ends by itself.
    if arguments.first() == Some(&"serve") && !arguments.contains(&"--") {
        let arguments = [&arguments[..], &["-p", "0"]].concat();
        *server = Some(Server::start(command(program, &arguments, root), &root.join("target/readme-server.log"))?);
        return same(&shown.output, SHOWN).map(|()| true);
    }
    if words.first() == Some(&"curl") && server.is_none() {
        return Err("no server runs on this page".to_owned());
    }
    let url = server.as_ref().map_or(SHOWN, |server| server.url.as_str());
    let arguments: Vec<String> = arguments.iter().map(|argument| argument.replace(SHOWN, url)).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut command = command(program, &arguments, root);
    command.env("NO_COLOR", "1").env("COLUMNS", "100");
    if words.first() == Some(&"curl") && finish(crate::process::command("curl", &["--version"], root), LIMIT).is_err() {
        return Ok(false);
    }
    let outcome = finish(command, LIMIT)?;
    same(&shown.output, &outcome.output().replace(url, SHOWN))?;
    if outcome.status == Some(shown.status) {
        return Ok(true);
    }
    Err(format!("ends with status {:?}, the page says {}", outcome.status, shown.status))
}

/// Splits as a shell does: single and double quotes, no variables.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for letter in line.chars() {
        match (quote, letter) {
            (Some(open), close) if open == close => quote = None,
            (None, '\'' | '"') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None, ' ') => words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

/// Compares what the page shows with what happened.
fn same(expected: &[String], actual: &str) -> Result<(), String> {
    let expected: Vec<&str> = expected.iter().map(|line| line.trim_end()).collect();
    let actual: Vec<&str> = actual.trim_end().lines().map(str::trim_end).collect();
    let shown = expected.iter().rposition(|line| !line.is_empty()).map_or(0, |last| last + 1);
    if lines_match(expected.get(..shown).unwrap_or_default(), &actual) {
        return Ok(());
    }
    Err(format!("prints\n{}\nthe page says\n{}", actual.join("\n"), expected.join("\n")))
}

/// Whether the lines fit, with `...` for any number of them.
fn lines_match(expected: &[&str], actual: &[&str]) -> bool {
    match expected {
        [] => actual.is_empty(),
        ["...", rest @ ..] => (0..=actual.len()).any(|skipped| lines_match(rest, actual.get(skipped..).unwrap_or_default())),
        [first, rest @ ..] => match actual {
            [line, others @ ..] => line_matches(first, line) && lines_match(rest, others),
            [] => false,
        },
    }
}

/// Whether one line fits, with `[..]` for anything.
fn line_matches(expected: &str, actual: &str) -> bool {
    match expected.split_once("[..]") {
        None => expected == actual,
        Some((start, rest)) => actual
            .strip_prefix(start)
            .is_some_and(|after| after.char_indices().map(|(at, _)| at).chain([after.len()]).any(|at| line_matches(rest, &after[at..]))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_read() {
        let page = "text\n```console\n$ aimock validate x\nbad\n? 1\n\n$ curl \\\n  -s u\n```\n```sh\n$ rm\n```\n";
        let block = blocks(page).remove(0);
        let first = Shown { line: 3, command: "aimock validate x".into(), output: vec!["bad".into(), String::new()], status: 1 };
        let second = Shown { line: 7, command: "curl -s u".into(), output: Vec::new(), status: 0 };
        assert_eq!(block, [first, second]);
        assert_eq!(blocks(page).len(), 1);
    }

    #[test]
    fn words_are_split_as_a_shell_does() {
        assert_eq!(words(r#"curl -d '{"a": "b c"}' "x y"  z ''"#), ["curl", "-d", r#"{"a": "b c"}"#, "x y", "z", ""]);
    }

    #[track_caller]
    fn check(expected: &[&str], actual: &str, fits: bool) {
        let expected: Vec<String> = expected.iter().map(ToString::to_string).collect();
        assert_eq!(same(&expected, actual).is_ok(), fits, "{expected:?} / {actual}");
    }

    #[test]
    fn output_is_compared_exactly_but_for_the_wildcards() {
        check(&["a", "b"], "a\nb\n", true);
        check(&["a", ""], "a\n", true);
        check(&["a"], "a\nb\n", false);
        check(&["a", "b"], "a\n", false);
        check(&["a", "..."], "a\nb\nc\n", true);
        check(&["...", "c"], "a\nb\nc\n", true);
        check(&["...", "d"], "a\nb\nc\n", false);
        check(&["id [..] at [..]!"], "id 7 at noon!", true);
        check(&["id [..]!"], "id 7", false);
        check(&[], "", true);
        check(&[], "surprise", false);
    }
}
