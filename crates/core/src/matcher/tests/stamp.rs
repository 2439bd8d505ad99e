//! What recorders write down.

use serde_json::{Value, json};

use super::super::criteria::criterion;
use super::super::{Facet, family};
use super::{asks, matches};

#[test]
fn families() {
    #[track_caller]
    fn check(model: &str, expected: &str) {
        assert_eq!(family(model), expected);
    }
    check("gpt-4o-2024-08-06", "gpt-4o");
    check("claude-3-5-sonnet-20241022", "claude-3-5-sonnet");
    check("anthropic.claude-3-5-sonnet-20241022-v2", "anthropic.claude-3-5-sonnet");
    check("anthropic.claude-3-5-sonnet-20241022-v2:0", "anthropic.claude-3-5-sonnet");
    check("gpt-4o", "gpt-4o");
    check("gpt-4-0613", "gpt-4-0613");
    check("gpt-4-1106-preview", "gpt-4-1106-preview");
    check("model-v2", "model-v2");
    check("20241022", "20241022");
    check("-20241022", "-20241022");
    check("m-2024-8-06", "m-2024-8-06");
    check("m-2024-08-06-v1", "m-2024-08-06-v1");
    check("", "");
}

#[test]
fn what_is_recorded() {
    let mut exchange = asks("weather");
    exchange.request.model = Some("gpt-4o-2024-08-06".into());
    let stamped = |key: &str| {
        let criterion = criterion(key).unwrap();
        criterion.stamp(&(criterion.read)(&exchange)).unwrap_or(Value::Null)
    };
    assert_eq!(stamped("userMessage"), json!("weather"));
    assert_eq!(stamped("model"), json!("gpt-4o"));
    assert_eq!(stamped("hasToolResult"), json!(false));
    assert_eq!(stamped("endpoint"), json!("chat"));
    assert_eq!(stamped("context"), Value::Null);
    assert_eq!(stamped("systemMessage"), Value::Null);
    let recorded = json!({"userMessage": stamped("userMessage"), "model": stamped("model"), "hasToolResult": false, "endpoint": "chat"});
    assert!(matches(&recorded).accepts(&exchange));
    assert_eq!(criterion("userMessage").unwrap().stamp(&Facet::Absent), None);
}
