//! `aimock serve … -- COMMAND`: what COMMAND finds in its environment, how it is started, and what its end means.
//!
//! Base URLs of every provider lead to this server, also those whose routes are not built: a 501 that says so is better
//! than a test that reaches the real one. Keys are set only where none is; what is set is never printed.

use std::ffi::OsString;
use std::process::{Child, Command, ExitStatus, Stdio};

use super::Status;
use crate::secrets;

/// Variables that take the address with a path behind it.
const WITH_PATH: [(&str, &str); 4] =
    [("OPENAI_BASE_URL", "/v1"), ("OPENAI_API_BASE", "/v1"), ("OPENROUTER_BASE_URL", "/api/v1"), ("MISTRAL_BASE_URL", "/mistral/v1")];
/// Variables that take the bare address.
const BARE: [&str; 10] = [
    "AIMOCK_URL",
    "ANTHROPIC_BASE_URL",
    "AZURE_OPENAI_ENDPOINT",
    "GOOGLE_GEMINI_BASE_URL",
    "GEMINI_API_BASE",
    "GOOGLE_VERTEX_BASE_URL",
    "AWS_ENDPOINT_URL_BEDROCK_RUNTIME",
    "ANTHROPIC_BEDROCK_BASE_URL",
    "OLLAMA_HOST",
    "CO_API_URL",
];
/// Variables that clients refuse to start without.
const KEYS: [&str; 8] = [
    "OPENAI_API_KEY",
    "ANTHROPIC_API_KEY",
    "AZURE_OPENAI_API_KEY",
    "GEMINI_API_KEY",
    "GOOGLE_API_KEY",
    "OPENROUTER_API_KEY",
    "MISTRAL_API_KEY",
    "CO_API_KEY",
];
/// More keys that may be real; nothing is set for them.
const MORE_KEYS: [&str; 2] = ["ANTHROPIC_AUTH_TOKEN", "AWS_BEARER_TOKEN_BEDROCK"];
/// A key for servers that ask for none.
const DUMMY: &str = "aimock-dummy-key";

/// We failed before COMMAND started, as `env` and `timeout` have it.
pub(super) const NOT_STARTED: u8 = 125;

/// What is added to COMMAND's environment, and what its user should know.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Environment {
    pub(super) variables: Vec<(&'static str, String)>,
    pub(super) warnings: Vec<String>,
}

impl Environment {
    /// For a server at this address; `key` is one that the server asks for, `get` reads our own environment.
    pub(super) fn new(url: &str, key: Option<&str>, get: impl Fn(&str) -> Option<String>) -> Environment {
        let mut variables: Vec<(&'static str, String)> = WITH_PATH.iter().map(|(name, path)| (*name, format!("{url}{path}"))).collect();
        variables.extend(BARE.iter().map(|name| (*name, url.to_owned())));
        let set = |name: &str| get(name).filter(|value| !value.is_empty());
        variables.extend(KEYS.iter().filter(|name| set(name).is_none()).map(|name| (*name, key.unwrap_or(DUMMY).to_owned())));
        let is_real = |value: &String| secrets::holds_known_key(value) || secrets::looks_random(value);
        let warnings = KEYS.iter().chain(&MORE_KEYS).filter(|name| set(name).as_ref().is_some_and(is_real)).map(|name| {
            format!("{name} is set to what looks like a real key: COMMAND sends it to this server; unset it, and a dummy takes its place")
        });
        let warnings = warnings.collect();
        variables.extend(past_proxies(&set));
        Environment { variables, warnings }
    }
}

/// Where a proxy is set, requests to this machine must go past it.
fn past_proxies(set: &impl Fn(&str) -> Option<String>) -> Vec<(&'static str, String)> {
    let proxied = ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"].iter().any(|name| set(name).is_some());
    let add = |name: &'static str| {
        let own = "127.0.0.1,localhost,::1";
        (name, set(name).map_or_else(|| own.to_owned(), |value| format!("{value},{own}")))
    };
    if proxied { vec![add("NO_PROXY"), add("no_proxy")] } else { Vec::new() }
}

/// Starts COMMAND; its input and output are ours.
///
/// # Errors
/// The status to end with (127: there is no such program, 126: it cannot be run), and why.
pub(super) fn start(command: &[OsString], environment: &Environment) -> Result<Child, (u8, anyhow::Error)> {
    let Some((program, arguments)) = command.split_first() else {
        return Err((NOT_STARTED, anyhow::anyhow!("no command stands behind `--`")));
    };
    let mut child = Command::new(program);
    child.args(arguments).stdin(Stdio::inherit()).stdout(Stdio::inherit()).stderr(Stdio::inherit());
    child.envs(environment.variables.iter().map(|(name, value)| (*name, value.as_str())));
    child.spawn().map_err(|error| {
        let status = if error.kind() == std::io::ErrorKind::NotFound { 127 } else { 126 };
        (status, anyhow::Error::new(error).context(format!("cannot run `{}`", program.to_string_lossy())))
    })
}

/// COMMAND's own status; 128 and the signal's number when a signal ended it.
pub(super) fn status_of(ended: ExitStatus) -> Status {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&ended) {
        return Status::Passed(u8::try_from(128 + signal).unwrap_or(u8::MAX));
    }
    Status::Passed(ended.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

/// Passes a signal on to COMMAND. What a terminal sends, it sends to the whole group itself.
#[cfg(unix)]
pub(super) fn pass_on(child: u32, signal: i32) {
    use std::io::IsTerminal as _;
    let by_terminal = [libc::SIGINT, libc::SIGQUIT, libc::SIGHUP].contains(&signal) && std::io::stdin().is_terminal();
    let pid = i32::try_from(child).ok().and_then(rustix::process::Pid::from_raw);
    if let (Some(pid), Some(signal), false) = (pid, rustix::process::Signal::from_named_raw(signal), by_terminal) {
        // A child that has just ended needs no signal.
        let _ = rustix::process::kill_process(pid, signal);
    }
}

/// Elsewhere the system tells every process of the console itself.
#[cfg(not(unix))]
pub(super) fn pass_on(_child: u32, _signal: i32) {}

#[cfg(test)]
mod tests {
    use super::{DUMMY, Environment};

    #[track_caller]
    fn check(own: &[(&str, &str)], key: Option<&str>, name: &str, expected: Option<&str>) {
        let get = |name: &str| own.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let environment = Environment::new("http://127.0.0.1:9", key, get);
        let found = environment.variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
        assert_eq!(found, expected, "{name}");
    }

    #[test]
    fn addresses_lead_here_and_keys_are_set_where_none_is() {
        check(&[], None, "OPENAI_BASE_URL", Some("http://127.0.0.1:9/v1"));
        check(&[("OPENAI_BASE_URL", "https://api.openai.com/v1")], None, "OPENAI_BASE_URL", Some("http://127.0.0.1:9/v1"));
        check(&[], None, "ANTHROPIC_BASE_URL", Some("http://127.0.0.1:9"));
        check(&[], None, "OPENAI_API_KEY", Some(DUMMY));
        check(&[("OPENAI_API_KEY", "mine")], None, "OPENAI_API_KEY", None);
        check(&[("OPENAI_API_KEY", "")], Some("asked-for"), "OPENAI_API_KEY", Some("asked-for"));
        check(&[], None, "NO_PROXY", None);
        check(&[("http_proxy", "http://proxy:1"), ("NO_PROXY", "a")], None, "NO_PROXY", Some("a,127.0.0.1,localhost,::1"));
    }

    #[test]
    fn a_real_key_is_warned_of_and_never_shown() {
        let real = ["sk-", "proj-", "Ab3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0dF3gH6jK9m"].concat();
        let get = |name: &str| (name == "OPENAI_API_KEY").then(|| real.clone());
        let environment = Environment::new("http://127.0.0.1:9", None, get);
        assert_eq!(environment.warnings.len(), 1);
        assert!(environment.warnings[0].starts_with("OPENAI_API_KEY is set") && !environment.warnings[0].contains(&real));
    }
}
