//! `model-dates`: the date at the end of a model's name.

use super::super::bytes::Signs;
use super::super::found::{Found, Kind};
use super::{BuiltIn, Example, Strictness};
use crate::exchange::model_family;

pub(super) static BUILT_IN: BuiltIn = BuiltIn {
    name: "model-dates",
    summary: "the date at the end of a model's name; acts on `model` only",
    examples: &[
        Example { before: "gpt-4o-2024-08-06", after: "gpt-4o", frozen: "gpt-4o" },
        Example { before: "claude-3-5-sonnet-20241022-v2:0", after: "claude-3-5-sonnet", frozen: "claude-3-5-sonnet" },
    ],
    keys: &["model"],
    needs: Signs::DIGIT.and(Signs::DASH),
    least: 1,
    scan,
};

/// The whole text is one name. A name that is nothing but a date stays.
fn scan(text: &str, _strictness: Strictness, found: &mut Vec<Found>) {
    let mut family = text;
    while family.len() > model_family(family).len() {
        family = model_family(family);
    }
    if family.len() < text.len() {
        found.push(Found { range: family.len()..text.len(), kind: Kind::ModelDate });
    }
}
