//! What authors want to keep: where a file allows a lint rule or a pass, the values it is about are left.

use crate::document::Parsed;
use crate::fixture::{Allow, Allows, allows};

use super::Pass;

/// The allows of one file.
#[derive(Debug)]
pub(super) struct Allowed(Allows);

impl Allowed {
    pub(super) fn of(text: &str, parsed: &Parsed<'_>) -> Allowed {
        Allowed(allows(text, parsed))
    }

    /// Whether what begins here stays as it is for this pass.
    pub(super) fn holds(&self, pass: &Pass, at: usize) -> bool {
        let is_about = |allow: &Allow| allow.rule == pass.name || rules_about(pass).contains(&allow.rule.as_str());
        self.0.at(at).any(|(_, allow)| is_about(allow))
    }
}

/// The lint rules that are about what a pass takes out.
fn rules_about(pass: &Pass) -> &'static [&'static str] {
    match pass.name {
        "secrets" => &[
            "provider-api-key",
            "cloud-key",
            "jwt",
            "private-key-block",
            "presigned-url",
            "key-in-url",
            "credential-header",
            "high-entropy-credential",
        ],
        "timestamps" => &["volatile-time-in-response"],
        "ids" | "uuids" | "request-ids" => &["volatile-id-in-response"],
        "emails" => &["email-address"],
        "ips" => &["ip-address"],
        _ => &[],
    }
}
