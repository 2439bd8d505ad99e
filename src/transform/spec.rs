//! The list as it is written, before it is checked.

/// Match keys that read prose.
pub const FREE_TEXTS: [&str; 4] = ["userMessage", "systemMessage", "inputText", "toolResultContains"];

/// Every match key whose text can be rewritten.
pub const KEYS: [&str; 11] = [
    "userMessage",
    "systemMessage",
    "inputText",
    "toolResultContains",
    "toolCallId",
    "toolName",
    "toolNamespace",
    "model",
    "responseFormat",
    "endpoint",
    "context",
];

/// One item of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spec {
    /// A built-in transform.
    BuiltIn { name: String, label: Option<String> },
    /// Everything that a regular expression (Rust `regex` syntax) finds becomes `with`, in which `$1` and `${name}` are
    /// what its groups found. `within`: match keys, the four free texts when it is empty.
    Replace { pattern: String, with: String, within: Vec<String>, label: Option<String> },
    /// What a JSON pointer names in the provider-neutral request is removed; `*` is any item.
    Drop { pointer: String, label: Option<String> },
}

/// An item that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecError {
    /// Which item of the list, from 0.
    pub index: usize,
    /// Which key of the item: `name`, `replace`, `with`, `in` or `drop`.
    pub field: &'static str,
    pub message: String,
    pub help: String,
}
