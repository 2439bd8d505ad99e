//! `aimock serve … -- COMMAND`: real children, their environment, their status, and what is checked at their end.

use crate::workplace::{Run, Workplace};

const FIXTURES: &str = r#"{ "fixtures": [
  { "id": "hello", "match": { "userMessage": "hi" }, "response": { "content": "Hello" }, "expect": { "requests": 1 } },
  { "id": "never", "match": { "userMessage": "hi there" }, "response": { "content": "Bye" } }
] }
"#;

/// Asks once over OpenAI's and once over Anthropic's address, as far as arguments say so.
const ASK: &str = r#"
import json, os, sys, urllib.request
for api in sys.argv[1:]:
    body = {"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}]}
    if api == "openai":
        url, head = os.environ["OPENAI_BASE_URL"] + "/chat/completions", {"authorization": "Bearer " + os.environ["OPENAI_API_KEY"]}
    else:
        url, head = os.environ["ANTHROPIC_BASE_URL"] + "/v1/messages", {"x-api-key": os.environ["ANTHROPIC_API_KEY"]}
    with urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), head)) as answer:
        print(api, answer.status)
"#;

fn place() -> Workplace {
    Workplace::new(&[("f.json", FIXTURES), ("ask.py", ASK)])
}

/// Runs a command against the fixtures; no variable of ours gets in its way.
fn run(flags: &[&str], command: &[&str], set: &[(&str, &str)]) -> Run {
    let place = place();
    let arguments = [&["serve", "f.json"], flags, &["--"], command].concat();
    let mut process = place.command(&arguments);
    for name in ["OPENAI_API_KEY", "ANTHROPIC_API_KEY", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy"] {
        process.env_remove(name);
    }
    process.env("COLUMNS", "120").envs(set.iter().copied());
    crate::workplace::finished(process)
}

#[test]
fn a_suite_runs_against_fixtures_in_one_line() {
    let run = run(&[], &["python3", "ask.py", "openai"], &[]);
    assert_eq!((run.status, run.stdout.as_str()), (0, "openai 200\n"), "{}", run.stderr);
    assert!(run.stderr.contains("serving 2 fixtures on http://127.0.0.1:"), "{}", run.stderr);
    assert!(run.stderr.contains("aimock: 1 request; 1 of 2 fixtures used (50 %)\n"), "{}", run.stderr);
}

#[test]
fn a_broken_expectation_makes_a_good_run_bad_and_leaves_a_bad_one_as_it_is() {
    let both = run(&[], &["python3", "ask.py", "openai", "anthropic"], &[]);
    assert_eq!((both.status, both.stdout.as_str()), (1, "openai 200\nanthropic 200\n"), "{}", both.stderr);
    assert!(both.stderr.contains("error[broken-expectation]: hello: requests: expected 1, seen 2"), "{}", both.stderr);
    assert!(both.stderr.contains("--> f.json:2:102 /fixtures/0/expect/requests"), "{}", both.stderr);
    assert!(both.stderr.ends_with("error: 1 expectation on 2 requests: 1 broken\n"), "{}", both.stderr);
    let failed = run(&[], &["sh", "-c", "python3 ask.py openai openai; exit 7"], &[]);
    assert_eq!(failed.status, 7, "{}", failed.stderr);
    let quiet = run(&["--quiet"], &["sh", "-c", "exit 0"], &[]);
    assert_eq!((quiet.status, quiet.stderr.as_str()), (1, "error: 1 expectation on 0 requests: 1 broken\n"));
}

#[test]
fn the_status_tells_who_failed() {
    #[track_caller]
    fn check(flags: &[&str], command: &[&str], status: i32, said: &str) {
        let run = run(flags, command, &[]);
        assert_eq!(run.status, status, "{}", run.stderr);
        assert!(run.stderr.contains(said), "{}", run.stderr);
    }
    check(&[], &["sh", "-c", "exit 3"], 3, "");
    check(&[], &["sh", "-c", "kill -9 $$"], 137, "");
    check(&[], &["no-such-program-anywhere"], 127, "cannot run `no-such-program-anywhere`");
    check(&[], &["./f.json"], 126, "cannot run `./f.json`");
    check(&["nowhere.json", "--validate-on-load"], &["true"], 125, "there is no such file");
    check(&["--port", "x"], &["true"], 125, "invalid value 'x'");
    check(&["--config", "nowhere.yaml"], &["true"], 125, "nowhere.yaml");
}

#[test]
fn the_environment_leads_here_and_real_keys_are_not_shown() {
    let real = ["sk-", "proj-", "Ab3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0dF3gH6jK9m"].concat();
    let print = "import os\nfor n in ['OPENAI_BASE_URL','OPENAI_API_BASE','ANTHROPIC_BASE_URL','AZURE_OPENAI_ENDPOINT','AIMOCK_URL','ANTHROPIC_API_KEY','NO_PROXY']: print(n, os.environ[n])";
    let set = [("OPENAI_API_KEY", real.as_str()), ("OPENAI_BASE_URL", "https://example.com/v1"), ("http_proxy", "http://127.0.0.1:1")];
    let run = run(&[], &["python3", "-c", print], &set);
    let lines: Vec<&str> = run.stdout.lines().collect();
    let url = lines[4].strip_prefix("AIMOCK_URL ").unwrap().to_owned();
    let expected = [
        format!("OPENAI_BASE_URL {url}/v1"),
        format!("OPENAI_API_BASE {url}/v1"),
        format!("ANTHROPIC_BASE_URL {url}"),
        format!("AZURE_OPENAI_ENDPOINT {url}"),
        format!("AIMOCK_URL {url}"),
        "ANTHROPIC_API_KEY aimock-dummy-key".to_owned(),
        "NO_PROXY 127.0.0.1,localhost,::1".to_owned(),
    ];
    assert_eq!(lines, expected);
    assert!(run.stderr.contains("warning: OPENAI_API_KEY is set to what looks like a real key") && !run.stderr.contains(&real));
}

#[test]
fn coverage_is_shown_and_asked_for() {
    let ask = ["python3", "ask.py", "openai"];
    let text = run(&["--coverage", "text", "--fail-under", "50"], &ask, &[]);
    assert!(text.stderr.contains("1 of 2 fixtures used (50 %)\n  unused  never: hello takes all of its requests\n"), "{}", text.stderr);
    assert_eq!(text.status, 0, "{}", text.stderr);
    let under = run(&["--fail-under", "50.5"], &ask, &[]);
    assert_eq!(under.status, 1);
    assert!(under.stderr.ends_with("error: 1 of 2 fixtures used (50 %): less than the 50.5 % of --fail-under\n"), "{}", under.stderr);
    let unused = run(&["--fail-unused"], &ask, &[]);
    assert_eq!(unused.status, 1);
    assert!(unused.stderr.ends_with("error: 1 fixture of no use (--fail-unused): never\n"), "{}", unused.stderr);
}

#[test]
fn coverage_outlives_a_reset_and_goes_to_a_file() {
    let place = place();
    let reset = "import urllib.request as u, os; u.urlopen(u.Request(os.environ['AIMOCK_URL'] + '/__aimock/reset', b''))";
    let script = format!("python3 ask.py openai && python3 -c \"{reset}\"");
    let arguments = ["serve", "f.json", "--coverage", "json", "--coverage-file", "coverage.json", "--", "sh", "-c", &script];
    let mut process = place.command(&arguments);
    process.env("COLUMNS", "120");
    let run = crate::workplace::finished(process);
    assert!(run.stderr.contains("seen 0 (since the journal was emptied last)"), "{}", run.stderr);
    let written = place.read("coverage.json");
    let value: serde_json::Value = serde_json::from_str(&written).unwrap();
    assert_eq!((value["used"].clone(), value["fixtures"][0]["served"].clone()), (1.into(), 1.into()), "{written}");
    assert_eq!(value["fixtures"][1]["shadowedBy"], "hello");
}

#[cfg(unix)]
#[test]
fn signals_reach_the_command_and_its_status_comes_back() {
    use std::io::{BufRead as _, BufReader};
    let place = place();
    let script =
        "import signal, sys, time\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(42))\nprint('ready', flush=True)\nsignal.pause()";
    let mut command = place.command(&["serve", "f.json", "--", "python3", "-c", script]);
    let mut child = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    let pid = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(42));
}
