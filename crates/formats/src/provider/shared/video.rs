//! Videos of fixtures: their words for how it went, and their bytes.

use bytes::Bytes;
use serde_json::Value;

use super::audio;
use crate::exchange::{Body, Emission, RawRequest};
use crate::provider::Ids;
use crate::provider::job::Job;

/// The shortest file that calls itself MP4: what is fetched where a fixture gives no bytes.
const PLACEHOLDER: &[u8; 24] = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom";

/// What other kinds of reply are answered with.
pub(in crate::provider) const NOT_A_VIDEO: &str = "Fixture response is not a video type";

/// How a job ends by its fixture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::provider) enum End {
    Completed,
    Failed,
    /// The author wants a job that never ends.
    Never,
}

/// How this job ends.
pub(in crate::provider) fn end(job: &Job) -> End {
    match job.video().get("status").and_then(Value::as_str) {
        Some("failed" | "error" | "cancelled" | "expired") => End::Failed,
        Some("processing" | "pending" | "in_progress" | "queued") => End::Never,
        _ => End::Completed,
    }
}

/// A text that the fixture gives.
pub(in crate::provider) fn text<'j>(job: &'j Job, key: &str) -> Option<&'j str> {
    job.video().get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// Why it failed: `error` as text, or an object with `message` and `code`.
pub(in crate::provider) fn failure(job: &Job) -> (String, Option<String>) {
    let error = job.video().get("error");
    let member = |key: &str| error.and_then(|error| error.get(key)).and_then(Value::as_str).map(str::to_owned);
    let message = error.and_then(Value::as_str).map(str::to_owned).or_else(|| member("message"));
    (message.unwrap_or_else(|| "Video generation failed".to_owned()), member("code"))
}

/// Bytes of the fixture, in base64 under this key.
pub(in crate::provider) fn given_bytes(job: &Job, key: &str) -> Option<Bytes> {
    audio::decoded(text(job, key)?)
}

/// The bytes of the video.
pub(in crate::provider) fn file(job: &Job) -> Emission {
    let bytes = given_bytes(job, "b64").or_else(|| given_bytes(job, "b64Json"));
    whole("video/mp4", bytes.unwrap_or_else(|| Bytes::from_static(PLACEHOLDER)))
}

/// Bytes as a body.
pub(in crate::provider) fn whole(kind: &str, bytes: Bytes) -> Emission {
    Emission { status: 200, headers: vec![("content-type", kind.to_owned())], body: Body::Whole(bytes) }
}

/// This server as the client sees it, for URLs in answers.
pub(in crate::provider) fn origin(raw: &RawRequest) -> String {
    let scheme = raw.headers.first("x-forwarded-proto").filter(|scheme| matches!(*scheme, "http" | "https")).unwrap_or("http");
    format!("{scheme}://{}", raw.headers.first("host").unwrap_or("localhost"))
}

/// What keeps a URL that the client is given within its test; `mark` is `?` or `&`.
pub(in crate::provider) fn test_id(raw: &RawRequest, mark: char) -> String {
    let given = raw.headers.first("x-test-id").map(str::to_owned).or_else(|| raw.query_value("testId"));
    given.filter(|id| !id.is_empty()).map_or_else(String::new, |id| {
        let id = percent_encoding::utf8_percent_encode(&id, percent_encoding::NON_ALPHANUMERIC);
        format!("{mark}testId={id}")
    })
}

/// A new id of a UUID's form.
pub(in crate::provider) fn uuid(ids: &mut dyn Ids) -> String {
    use sha2::{Digest, Sha256};
    use std::fmt::Write as _;
    let digest = Sha256::digest(ids.next(""));
    let mut text = String::with_capacity(36);
    for (index, byte) in digest.iter().take(16).enumerate() {
        let byte = match index {
            6 => byte & 0x0f | 0x40,
            8 => byte & 0x3f | 0x80,
            _ => *byte,
        };
        let dash = if matches!(index, 4 | 6 | 8 | 10) { "-" } else { "" };
        let _ = write!(text, "{dash}{byte:02x}");
    }
    text
}
