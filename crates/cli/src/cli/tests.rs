//! Arguments: what is taken, what is refused, and what is said about it.

use std::path::PathBuf;

use clap::CommandFactory;

use super::*;
use crate::diagnostic::Severity;

fn parsed(line: &str) -> Result<Args, clap::Error> {
    parse(std::iter::once("aimock").chain(line.split_whitespace()).map(Into::into))
}

#[track_caller]
fn serve(line: &str) -> ServeArgs {
    match parsed(&format!("serve {line}")).unwrap().command {
        Command::Serve(args) => *args,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn refuse(line: &str, status: i32, words: &str) {
    let error = parsed(line).expect_err(line);
    let text = error.to_string();
    assert!(error.exit_code() == status && text.contains(words), "{line}: status {}, {text}", error.exit_code());
}

#[test]
fn the_definition_is_sound() {
    Args::command().debug_assert();
}

#[test]
fn mistakes_get_a_way_out() {
    refuse("", 2, "Usage: aimock");
    refuse("validat", 2, "similar subcommand exists: 'validate'");
    refuse("validate --formt json", 2, "'--format'");
    refuse("validate --format xml", 2, "sarif");
    refuse("validate --format jso", 2, "'json'");
    refuse("serve -p 70000", 2, "70000");
    refuse("serve --chunk-size 0", 2, "1 or more");
    refuse("serve --latency -1", 2, "-1");
    refuse("serve --latency=-1", 2, "0 or more");
    refuse("serve --latency NaN", 2, "milliseconds");
    refuse("serve --replay-speed 0", 2, "above 0");
    refuse("serve --wach", 2, "--watch");
    refuse("validate --quiet --verbose", 2, "cannot be used with");
    refuse("--help", 0, "Examples:");
    refuse("serve -h", 0, "Examples:");
    refuse("--version", 0, env!("CARGO_PKG_VERSION"));
}

#[test]
fn every_command_has_examples() {
    for command in Args::command().get_subcommands() {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        assert!(help.contains(&format!("aimock {}", command.get_name())), "{}: {help}", command.get_name());
        assert!(command.get_about().is_some());
    }
}

#[test]
fn serve_takes_the_flags_of_the_peer() {
    let args = serve("-f a -f b -p 0 --host 0.0.0.0 -l 5 -c 7 --journal-max 0 --fixture-counts-max 3 --replay-speed 2.5 --strict");
    assert_eq!(args.fixtures, [PathBuf::from("a"), PathBuf::from("b")]);
    assert_eq!((args.port, args.host.as_deref(), args.strict), (Some(0), Some("0.0.0.0"), true));
    assert_eq!((args.latency, args.chunk_size, args.replay_speed), (Some(5.0), Some(7), Some(2.5)));
    assert_eq!((args.journal_max, args.fixture_counts_max), (Some(0), Some(3)));
    let args = serve("x y --log-level silent --matching exact --seed 7 --validate-on-load");
    assert_eq!(args.paths, [PathBuf::from("x"), PathBuf::from("y")]);
    assert_eq!((args.log_level, args.matching, args.seed), (Some(LogLevel::Silent), Some(Matching::Exact), Some(7)));
    assert!(args.validate_on_load && args.port.is_none() && !args.strict);
    assert_eq!(serve("--api-keys one,two").api_keys, Some(vec!["one".to_owned(), "two".to_owned()]));
}

#[test]
fn global_flags_stand_anywhere() {
    for line in ["--quiet --color never validate", "validate --quiet --color never", "validate x -q --color=never"] {
        let Args { global, .. } = parsed(line).unwrap();
        assert_eq!(global, GlobalArgs { color: Color::Never, quiet: true, verbose: false, config: None }, "{line}");
    }
}

#[test]
fn thresholds_are_severities() {
    let least = [FailOn::Error, FailOn::Warning, FailOn::Info, FailOn::Never].map(FailOn::severity);
    assert_eq!(least, [Some(Severity::Error), Some(Severity::Warning), Some(Severity::Info), None]);
    assert_eq!(FailOn::default(), FailOn::Warning);
}

#[test]
fn help_fits_narrow_screens() {
    for mut command in Args::command().term_width(60).get_subcommands().cloned().map(|command| command.term_width(60)) {
        let help = command.render_help().to_string();
        let (flags, _) = help.split_once("\nExample").unwrap();
        for line in flags.lines() {
            assert!(line.chars().count() <= 60 || line.starts_with("Usage"), "{}: {line}", command.get_name());
        }
    }
}

#[test]
fn talk_is_escaped_and_can_be_silenced() {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let mut terminal = Terminal::captured(&mut stdout, &mut stderr, 80);
    terminal.note("a\u{1b}[31m.json");
    terminal.warn("two\nlines");
    terminal.say("done");
    terminal.detail("never shown without --verbose");
    terminal.error(&anyhow::anyhow!("disk full").context("cannot write `x`"));
    terminal.stdout().write_all(b"data").unwrap();
    terminal.flush().unwrap();
    drop(terminal);
    assert_eq!(stdout, b"data");
    let expected = "note: a\\u{1b}[31m.json\nwarning: two\nlines\ndone\nerror: cannot write `x`\n  cause: disk full\n";
    assert_eq!(String::from_utf8(stderr).unwrap(), expected);
}

#[test]
fn progress_can_be_ticked_from_threads() {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let terminal = Terminal::captured(&mut stdout, &mut stderr, 80);
    let progress = Progress::new(40, "files", &terminal);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..10).for_each(|_| progress.tick()));
        }
    });
    assert_eq!(progress.position(), 40);
    progress.finish();
    drop(terminal);
    assert!(stderr.is_empty(), "a run without a terminal shows no bar");
}
