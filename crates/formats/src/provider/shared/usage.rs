//! Token counts: what the fixture gives, else an estimate. A zero would break code that computes costs.

use serde_json::Number;

use super::text::units_of;
use crate::exchange::{Block, Request, Turn};

/// Token counts of one exchange.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::provider) struct Tokens {
    pub(in crate::provider) input: f64,
    pub(in crate::provider) output: f64,
    pub(in crate::provider) total: f64,
}

/// The counts of a turn. Any count that the fixture gives switches the estimate off, and the missing ones are 0;
/// a total that is not given is the sum.
pub(in crate::provider) fn tokens(request: &Request, turn: &Turn) -> Tokens {
    let given = turn.overrides.usage.as_ref();
    let (input, output, total) = given.map_or((None, None, None), |usage| (usage.input_tokens, usage.output_tokens, usage.total_tokens));
    if input.is_none() && output.is_none() && total.is_none() {
        let (input, output) = (estimate(prompt_units(request)), estimate(reply_units(turn)));
        return Tokens { input, output, total: input + output };
    }
    let (input, output) = (input.unwrap_or(0.0), output.unwrap_or(0.0));
    Tokens { input, output, total: total.unwrap_or(input + output) }
}

/// The tokens of the prompt, where the fixture gives none.
pub fn estimated_input(request: &Request) -> u64 {
    u64::from(whole_tokens(prompt_units(request)))
}

/// The tokens of the prompt and of prompt and answer, where the fixture gives none.
pub fn estimated(request: &Request, turn: &Turn) -> (u64, u64) {
    let input = estimated_input(request);
    (input, input + u64::from(whole_tokens(reply_units(turn))))
}

/// Four UTF-16 code units make a token; there is always one.
pub(in crate::provider) fn estimate(units: usize) -> f64 {
    f64::from(whole_tokens(units))
}

fn whole_tokens(units: usize) -> u32 {
    u32::try_from(units.div_ceil(4).max(1)).unwrap_or(u32::MAX)
}

fn prompt_units(request: &Request) -> usize {
    let counted = || request.messages.iter().filter_map(|message| message.text.as_deref()).map(units_of).sum();
    request.text_units.unwrap_or_else(counted)
}

fn reply_units(turn: &Turn) -> usize {
    let units = turn.blocks.iter().map(|block| match block {
        Block::Text(text) => units_of(text),
        Block::ToolCall { name, arguments, id: _ } => units_of(name) + units_of(arguments),
    });
    units.sum()
}

/// A count as JSON: whole numbers without a fraction, as every vendor writes them.
pub(in crate::provider) fn count(value: f64) -> Number {
    // Beyond 2^53 neighbouring integers cannot be told apart anyway.
    #[expect(clippy::cast_possible_truncation, reason = "whole and within 2^53, checked on this line")]
    let whole = (value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0).then_some(value as i64);
    whole.map(Number::from).or_else(|| Number::from_f64(value)).unwrap_or_else(|| Number::from(0))
}
