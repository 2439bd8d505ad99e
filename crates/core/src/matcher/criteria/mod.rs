//! The registry of match keys: two lines here and one file each.

mod body;
mod context;
mod endpoint;
mod has_tool_result;
mod headers;
mod input_text;
mod method;
mod model;
mod path;
mod provider;
mod response_format;
mod stream;
mod system_message;
mod tool_call_id;
mod tool_name;
mod tool_namespace;
mod tool_result_contains;
mod user_message;

use super::Criterion;

/// Every match key, in the order of docs and clauses. `sequenceIndex` and `turnIndex` are not among them: they are
/// positions, read against what was served before.
pub static CRITERIA: &[&Criterion] = &[
    &user_message::CRITERION,
    &system_message::CRITERION,
    &input_text::CRITERION,
    &tool_call_id::CRITERION,
    &tool_result_contains::CRITERION,
    &tool_name::CRITERION,
    &tool_namespace::CRITERION,
    &model::CRITERION,
    &response_format::CRITERION,
    &endpoint::CRITERION,
    &context::CRITERION,
    &has_tool_result::CRITERION,
    &provider::CRITERION,
    &stream::CRITERION,
    &method::CRITERION,
    &path::CRITERION,
    &headers::CRITERION,
    &body::CRITERION,
];

/// The row of this key.
pub fn criterion(key: &str) -> Option<&'static Criterion> {
    CRITERIA.iter().copied().find(|criterion| criterion.key == key)
}
