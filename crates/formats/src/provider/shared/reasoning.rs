//! Which models reason. In strict mode a fixture's reasoning is left out for models that are known not to.
//!
//! Unknown models count as reasoning: the list says what is surely wrong, not what is right.

use crate::exchange::Turn;
use crate::provider::Context;

/// Prefixes of models that are known not to reason.
const NEVER: [&str; 10] = [
    "gpt-4.1",
    "gpt-4o",
    "gpt-4-turbo",
    "gpt-4",
    "gpt-3.5",
    "claude-3-5-",
    "claude-3-haiku",
    "claude-3-opus",
    "claude-3-sonnet",
    "gemini-1.5-",
];

/// What the user adds to the built-in list, as prefixes of model ids. Theirs win over ours, and "does not reason" wins
/// over "reasons".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReasoningModels {
    reasons: Vec<String>,
    never: Vec<String>,
}

impl ReasoningModels {
    /// From comma-separated lists, as `AIMOCK_REASONING_MODELS` and `AIMOCK_NONREASONING_MODELS` hold them.
    pub fn new(reasons: &str, never: &str) -> ReasoningModels {
        let list = |text: &str| text.split(',').map(|name| name.trim().to_lowercase()).filter(|name| !name.is_empty()).collect();
        ReasoningModels { reasons: list(reasons), never: list(never) }
    }

    /// Whether a model is known not to reason.
    pub fn never_reasons(&self, model: &str) -> bool {
        let model = model.to_lowercase();
        let model = bare(&model);
        let listed = |list: &[String]| list.iter().any(|prefix| model.starts_with(prefix.as_str()));
        listed(&self.never) || (!listed(&self.reasons) && NEVER.iter().any(|prefix| model.starts_with(prefix)))
    }
}

/// The id without what a cloud puts before it (`us.anthropic.claude-…`): leading dot segments without a hyphen.
fn bare(model: &str) -> &str {
    let mut rest = model;
    while let Some((head, tail)) = rest.split_once('.') {
        if head.contains('-') || tail.is_empty() {
            break;
        }
        rest = tail;
    }
    rest
}

/// Whether the reasoning of a turn reaches the client.
pub(in crate::provider) fn is_shown(context: &Context<'_>) -> bool {
    let model = context.request.model.as_deref();
    !(context.strict && model.is_some_and(|model| context.reasoning.never_reasons(model)))
}

/// The reasoning text to send, if there is any.
pub(in crate::provider) fn shown<'t>(context: &Context<'_>, turn: &'t Turn) -> Option<&'t str> {
    turn.reasoning.as_deref().filter(|text| !text.is_empty() && is_shown(context))
}
