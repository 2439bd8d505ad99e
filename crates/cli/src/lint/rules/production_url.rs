//! `production-url`: an answer points to a host on the internet.

use super::super::answers::{report, responses};
use super::super::{Category, Check, Example, FileContext, Findings, Rule, Tier};
use crate::diagnostic::Severity;
use crate::document::Node;
use crate::shape::code;

pub(super) static RULE: Rule = Rule {
    name: "production-url",
    category: Category::Rot,
    severity: Severity::Info,
    tier: Tier::Strict,
    summary: "an answer points to a host on the internet",
    why: "links to generated files expire within hours, and tests that follow them leave the machine",
    fix: None,
    examples: &[Example {
        bad: r#"{ "fixtures": [{ "match": { "endpoint": "image" }, "response": { "image": { "url": "https://images.provider.net/7f/cat.png" } } }] }"#,
        good: r#"{ "fixtures": [{ "match": { "endpoint": "image" }, "response": { "image": { "url": "https://example.com/cat.png" } } }] }"#,
    }],
    check: Check::File(check),
};

/// Names that are kept for examples and tests, and their subdomains.
const HARMLESS: [&str; 8] = ["example.com", "example.net", "example.org", "example", "test", "invalid", "localhost", "local"];

fn check(file: &FileContext<'_>, findings: &mut Findings) {
    let allowed: Vec<&str> = file
        .options
        .get("production-url")
        .and_then(|options| options.get("allow"))
        .and_then(serde_json::Value::as_array)
        .map(|hosts| hosts.iter().filter_map(serde_json::Value::as_str).collect())
        .unwrap_or_default();
    for (entry, _) in file.entries() {
        for response in responses(entry) {
            let several = response.get("images").map_or(&[][..], Node::items);
            let media = [response.get("image"), response.get("video")].into_iter().flatten().chain(several);
            let urls = media.filter_map(|part| part.get("url")).chain(response.get("content"));
            for url in urls {
                let Some(host) = url.as_str().and_then(host_of).filter(|host| is_production(host, &allowed)) else { continue };
                let message = format!("the answer points to {}", code(&host));
                report(findings, file, entry, url.span, message).help =
                    "serve the file from the test, or point to `example.com`; the option `allow` lists hosts to pass over".into();
            }
        }
    }
}

/// The host of a text that is an absolute URL and nothing else.
fn host_of(text: &str) -> Option<String> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
    if text.contains(char::is_whitespace) {
        return None;
    }
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    let host = if host.starts_with('[') { host.split(']').next()?.trim_start_matches('[') } else { host.split(':').next()? };
    (!host.is_empty()).then(|| host.to_ascii_lowercase())
}

fn is_production(host: &str, allowed: &[&str]) -> bool {
    let within = |domain: &str| host == domain || host.strip_suffix(domain).is_some_and(|front| front.ends_with('.'));
    let address = host.starts_with("127.") || host.starts_with("192.0.2.") || host == "0.0.0.0" || host == "::1";
    let inner = !host.contains(['.', ':']);
    !(address || inner || HARMLESS.into_iter().any(within) || allowed.iter().copied().any(within))
}

#[cfg(test)]
mod tests {
    use super::{host_of, is_production};

    #[track_caller]
    fn check(url: &str, production: bool) {
        assert_eq!(host_of(url).is_some_and(|host| is_production(&host, &["cdn.team.dev"])), production, "{url}");
    }

    #[test]
    fn hosts_of_examples_and_of_this_machine_are_harmless() {
        check("https://images.provider.net/cat.png?sig=1", true);
        check("http://user@api.provider.net:8080/", true);
        check("https://203.0.113.9/x", true);
        check("https://example.com/cat.png", false);
        check("https://img.example.com/cat.png", false);
        check("https://notexample.com/cat.png", true);
        check("http://localhost:4010/cat.png", false);
        check("http://127.0.0.1:4010/cat.png", false);
        check("http://[::1]:4010/cat.png", false);
        check("http://minio/cat.png", false);
        check("https://a.cdn.team.dev/cat.png", false);
        check("See https://images.provider.net for more", false);
        check("data:image/png;base64,iVBORw0KGgo=", false);
    }
}
