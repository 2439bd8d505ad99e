//! Files that mean harm, or look like it, given to the built program: a clear answer at a place, in bounded time and memory.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "helpers of tests: what is missing should fail the test")]

use crate::repository::skip;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::sandbox::Sandbox;
use serde_json::Value;

/// Longest run; machines that test are slow and busy, but none of these needs a minute.
const LONGEST: Duration = Duration::from_secs(60);

/// Most memory of a run that has no reason to need much, in MiB. A debug build that does nothing takes some 20.
const LITTLE: u64 = 120;

/// What a run said.
struct Run {
    status: i32,
    stdout: String,
    stderr: String,
    /// Peak of resident memory in MiB; where the system does not tell, none.
    peak: Option<u64>,
}

/// Runs the program, ends it after [`LONGEST`], and reads the peak of its memory while it ends.
fn aimock(folder: &Path, arguments: &[&str]) -> Run {
    let (out, err) = (tempfile::NamedTempFile::new().unwrap(), tempfile::NamedTempFile::new().unwrap());
    let mut child = Command::new(env!("CARGO_BIN_EXE_aimock"))
        .args(arguments)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .env("COLUMNS", "100")
        .stdin(Stdio::null())
        .stdout(out.reopen().unwrap())
        .stderr(err.reopen().unwrap())
        .spawn()
        .unwrap();
    let (finished, waiting) = std::sync::mpsc::channel();
    let id = child.id();
    let watch = std::thread::spawn(move || {
        let mut peak = None;
        // Asked again and again, since the system forgets with the process.
        while let Err(std::sync::mpsc::RecvTimeoutError::Timeout) = waiting.recv_timeout(Duration::from_millis(2)) {
            peak = peak_of(id).or(peak);
        }
        peak
    });
    let started = std::time::Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if started.elapsed() > LONGEST {
            child.kill().unwrap();
            panic!("{arguments:?} still runs after {LONGEST:?}");
        }
        std::thread::yield_now();
        std::thread::park_timeout(Duration::from_millis(5));
    };
    finished.send(()).unwrap();
    let peak = watch.join().unwrap();
    let text = |file: &tempfile::NamedTempFile| String::from_utf8(fs::read(file.path()).unwrap()).unwrap();
    let run = Run { status: status.code().expect("ended by itself, not by a signal"), stdout: text(&out), stderr: text(&err), peak };
    assert!(!run.stderr.contains("panicked"), "{arguments:?}: {}", run.stderr);
    run
}

/// Peak of resident memory of a process in MiB.
fn peak_of(id: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib / 1024)
}

/// `NAME:LINE:COLUMN rule` of each finding that `aimock validate` reports, and the run.
fn findings(folder: &Path, arguments: &[&str]) -> (Vec<String>, Run) {
    let run = aimock(folder, &[&["validate", "--format", "json"], arguments].concat());
    let report: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {}\n{}", run.stdout, run.stderr));
    let line = |finding: &Value| {
        format!("{}:{}:{} {}", finding["file"].as_str().unwrap(), finding["line"], finding["column"], finding["rule"].as_str().unwrap())
    };
    (report["findings"].as_array().unwrap().iter().map(line).collect(), run)
}

#[track_caller]
fn check_bounded(what: &str, run: &Run, most: u64) {
    match run.peak {
        Some(peak) => assert!(peak <= most, "{what}: {peak} MiB, more than {most}"),
        None => skip(&format!("this system does not tell the memory of {what}")),
    }
}

/// One file, its findings, and the exit status 1.
#[track_caller]
fn check(name: &str, text: impl AsRef<[u8]>, expected: &[&str]) {
    check_within(name, text, expected, LITTLE);
}

#[track_caller]
fn check_within(name: &str, text: impl AsRef<[u8]>, expected: &[&str], most: u64) {
    let folder = Sandbox::new();
    fs::write(folder.path().join(name), text).unwrap();
    let (seen, run) = findings(folder.path(), &[name]);
    let expected: Vec<String> = expected.iter().map(|line| format!("{name}:{line}")).collect();
    assert_eq!(seen, expected, "{}", run.stderr);
    assert_eq!(run.status, 1);
    check_bounded(name, &run, most);
}

const GOOD: &str = r#"{"fixtures": [{"match": {"userMessage": "a"}, "response": {"content": "Sunny."}}]}"#;

fn with_match(matches: &str) -> String {
    GOOD.replace(r#"{"userMessage": "a"}"#, matches)
}

#[test]
fn mistakes_in_a_match() {
    check("a.json", with_match(r#"{"userMessage": 5}"#), &["1:41 invalid-match-value"]);
    check("a.json", with_match(r#"{"userMessage": null}"#), &["1:41 null-match-value"]);
    check("a.json", with_match(r#"{"userMesage": "a"}"#), &["1:26 unknown-match-key"]);
    check("a.json", with_match(r#"{"userMessage": "a", "userMessage": "b"}"#), &["1:46 duplicate-key"]);
}

#[test]
fn texts_that_end_too_early_or_are_none() {
    check("cut.json", &GOOD[..60], &["1:61 syntax-error"]);
    check("empty.json", "", &["1:1 empty-file"]);
    check("empty.yaml", "", &["1:1 empty-file"]);
    check("spaces.json", " \n\n", &["1:1 empty-file"]);
    check("latin.json", b"{\"fixtures\": [\n  \"caf\xe9\"]}", &["2:7 not-utf8"]);
    check("wide.json", GOOD.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>(), &["1:2 not-text"]);
    check("wide_with_mark.json", "\u{feff}{}".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>(), &["1:1 not-utf8"]);
    check("binary.json", b"\x7fELF\x02\x01\x01\0\0\0", &["1:8 not-text"]);
    check("picture.json", b"\x89PNG\r\n\x1a\n\0\0", &["1:1 not-utf8"]);
}

#[test]
fn nesting_is_bounded() {
    let deep = 10_000;
    let body =
        |open: &str, close: &str| format!(r#"{{"fixtures": [{{"match": {{"body": {}{}}}}}]}}"#, open.repeat(deep), close.repeat(deep));
    check("deep.json", body("[", "]"), &["1:158 nested-too-deep"]);
    check("deep_objects.json", body(r#"{"a":"#, "}"), &["1:654 nested-too-deep"]);
    check("open.json", "[".repeat(deep), &["1:129 nested-too-deep"]);
    check("flow.yaml", body("[", "]"), &["1:158 nested-too-deep"]);
    let mut block = String::new();
    for level in 0..deep {
        let _ = writeln!(block, "{}a:", " ".repeat(level));
    }
    let (seen, run) = {
        let folder = Sandbox::new();
        fs::write(folder.path().join("block.yaml"), &block).unwrap();
        findings(folder.path(), &["block.yaml"])
    };
    assert_eq!((seen.as_slice(), run.status), (&["block.yaml:129:129 nested-too-deep".to_owned()][..], 1));
    check("dashes.yaml", "- ".repeat(deep), &["1:257 nested-too-deep"]);
}

#[test]
fn aliases_are_bounded() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..30 {
        let _ = writeln!(bomb, "a{level}: &a{level} [{}]", vec![format!("*a{}", level - 1); 10].join(", "));
    }
    bomb.push_str("fixtures: [*a29]\n");
    check("bomb.yaml", bomb, &["6:10 yaml-alias-bomb"]);
    check("self.yaml", "fixtures: &all [*all]\n", &["1:17 syntax-error"]);
}

#[test]
fn numbers_without_end() {
    let long = "9".repeat(100_000);
    check("long.json", GOOD.replace(r#""response""#, &format!(r#""latency": -{long}, "response""#)), &["1:58 number-not-finite"]);
    check("huge.json", GOOD.replace(r#""response""#, r#""latency": 1e400, "response""#), &["1:58 number-not-finite"]);
    check("tiny.json", GOOD.replace(r#""response""#, r#""chunkSize": 1e-400, "response""#), &["1:60 invalid-chunk-size"]);
    check("count.json", GOOD.replace(r#""response""#, r#""disconnectAfterEvents": 1e300, "response""#), &["1:72 invalid-disconnect"]);
}

/// How many findings, the first one, and a little of everything.
#[track_caller]
fn check_many(name: &str, text: &str, count: usize, first: &str, most: u64) {
    let folder = Sandbox::new();
    fs::write(folder.path().join(name), text).unwrap();
    let (seen, run) = findings(folder.path(), &[name]);
    assert_eq!((seen.len(), seen.first().map(String::as_str), run.status), (count, Some(first), 1), "{name}");
    check_bounded(name, &run, most);
}

#[test]
fn thousands_of_everything() {
    let keys = with_match(&format!("{{{}}}", vec![r#""userMessage":"a""#; 100_000].join(",")));
    check_many("keys.json", &keys, 99_999, "keys.json:1:44 duplicate-key", 700);
    let unknown: Vec<String> = (0..10_000).map(|number| format!(r#""key{number}":0"#)).collect();
    let unknown = GOOD.replace(r#""response""#, &format!(r#"{}, "response""#, unknown.join(",")));
    check_many("unknown.json", &unknown, 10_000, "unknown.json:1:47 unknown-key", 700);
    let entries = format!("{{\"fixtures\": [{}]}}", vec!["{}"; 10_000].join(","));
    check_many("entries.json", &entries, 20_000, "entries.json:1:15 missing-key", 250);
    let comments = GOOD.replace("[{", &format!("[{}{{", "/**/".repeat(10_000)));
    check_many("comments.json", &comments, 10_000, "comments.json:1:15 comment-in-json", 700);
}

#[test]
fn one_line_of_twenty_megabytes() {
    let long = "x".repeat(20 << 20);
    let text = format!(r#"{{"fixtures": [{{"match": {{"userMessage": "{long}"}}, "latency": -1, "response": {{"content": "Sunny."}}}}]}}"#);
    let column = text.find("-1,").unwrap() + 1;
    check_within("long.json", &text, &[&format!("1:{column} invalid-latency")], 300);
    let folder = Sandbox::new();
    fs::write(folder.path().join("long.json"), &text).unwrap();
    for format in ["text", "concise", "github", "sarif"] {
        let run = aimock(folder.path(), &["validate", "--format", format, "long.json"]);
        assert_eq!(run.status, 1, "{format}");
        assert!(run.stdout.len() < 60_000, "{format}: {} bytes are said about one mistake", run.stdout.len());
        check_bounded(format, &run, 300);
    }
}

#[test]
fn a_file_that_is_too_large_is_not_read() {
    let folder = Sandbox::new();
    fs::File::create(folder.path().join("huge.json")).unwrap().set_len(2 << 30).unwrap();
    fs::write(folder.path().join("good.json"), GOOD).unwrap();
    for arguments in [&["huge.json"][..], &["."]] {
        let (seen, run) = findings(folder.path(), arguments);
        assert_eq!((seen.as_slice(), run.status), (&["huge.json:1:1 file-too-large".to_owned()][..], 1), "{arguments:?}");
        check_bounded("2 GiB of nothing", &run, LITTLE);
    }
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_not_opened() {
    let folder = Sandbox::new();
    let inside = |name: &str| folder.path().join(name);
    fs::write(inside("good.json"), GOOD).unwrap();
    assert!(Command::new("mkfifo").arg(inside("pipe.json")).status().unwrap().success());
    std::os::unix::fs::symlink(".", inside("round")).unwrap();
    std::os::unix::fs::symlink("nowhere.json", inside("broken.json")).unwrap();
    fs::create_dir(inside("folder.json")).unwrap();
    fs::write(inside("folder.json/inner.json"), GOOD).unwrap();
    let (seen, run) = findings(folder.path(), &["."]);
    assert_eq!(seen, ["broken.json:1:1 broken-link", "pipe.json:1:1 not-a-regular-file", "round:1:1 cyclic-link"], "{}", run.stderr);
    assert_eq!(run.status, 1);
    let (seen, run) = findings(folder.path(), &["pipe.json"]);
    assert_eq!((seen.as_slice(), run.status), (&["pipe.json:1:1 not-a-regular-file".to_owned()][..], 1));
    let (seen, run) = findings(folder.path(), &["folder.json"]);
    assert_eq!((seen.len(), run.status), (0, 0), "a folder may be called anything");
    let (seen, _) = findings(folder.path(), &["/dev/zero"]);
    assert_eq!(seen, ["/dev/zero:1:1 not-a-regular-file"]);
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Sandbox::new();
    let path = folder.path().join("secret.json");
    fs::write(&path, GOOD).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&path).is_ok() {
        return skip("this user may read everything");
    }
    let (seen, run) = findings(folder.path(), &["."]);
    assert_eq!((seen.as_slice(), run.status), (&["secret.json:1:1 unreadable-file".to_owned()][..], 1));
}

#[test]
fn problems_of_a_text_are_counted_up_to_a_bound() {
    let halves = GOOD.replace("Sunny.", &"\\ud83d ".repeat(100_000));
    check_many("halves.json", &halves, 1_001, "halves.json:1:72 lone-surrogate", 200);
    let folder = Sandbox::new();
    fs::write(folder.path().join("halves.json"), halves).unwrap();
    let (seen, _) = findings(folder.path(), &["halves.json"]);
    assert!(seen.last().unwrap().ends_with(" too-many-problems"));
}
