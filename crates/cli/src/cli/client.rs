//! Asks a running server: plain HTTP to the control API, straight to the address, whatever proxy the environment names.

use std::time::Duration;

use anyhow::Context as _;

/// A journal of this size is still taken.
const MOST_BYTES: u64 = 2 * 1024 * 1024 * 1024;
const PATIENCE: Duration = Duration::from_secs(60);

/// What a server answered.
#[derive(Debug)]
pub(super) struct Fetched {
    pub(super) text: String,
    /// Entries that its journal no longer has.
    pub(super) forgotten: u64,
}

/// The journal of the server at this address.
///
/// # Errors
/// It cannot be reached, or it does not answer with its journal.
pub(super) fn journal(url: &str, key: Option<&str>) -> anyhow::Result<Fetched> {
    let base = url.trim_end_matches('/');
    // The address that clients are given ends so for OpenAI.
    let base = base.strip_suffix("/v1").unwrap_or(base);
    anyhow::ensure!(base.starts_with("http://"), "`{url}` is no address of a server: write it as http://127.0.0.1:4010");
    let target = format!("{base}/__aimock/journal");
    let config = ureq::Agent::config_builder().proxy(None).http_status_as_error(false).timeout_global(Some(PATIENCE)).build();
    let mut request = ureq::Agent::new_with_config(config).get(&target);
    if let Some(key) = key {
        request = request.header("authorization", format!("Bearer {key}"));
    }
    let mut response = request.call().with_context(|| format!("cannot reach {base}; is `aimock serve` running there?"))?;
    let status = response.status().as_u16();
    anyhow::ensure!(status != 401, "{base} asks for an API key: give it with --api-key");
    anyhow::ensure!(status == 200, "{target} answered {status}: is it a server of aimock?");
    let forgotten = response.headers().get("x-aimock-forgotten").and_then(|value| value.to_str().ok()?.parse().ok()).unwrap_or(0);
    let text = response.body_mut().with_config().limit(MOST_BYTES).read_to_string();
    Ok(Fetched { text: text.with_context(|| format!("the journal of {base} did not arrive whole"))?, forgotten })
}
