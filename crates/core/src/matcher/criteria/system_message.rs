//! `systemMessage`: the system prompt contains this, or all of these. An empty prompt counts as none.

use std::borrow::Cow;

use super::super::{Criterion, Facet, Plain, Shape, Stamp};
use crate::exchange::{Exchange, Role};

pub(super) static CRITERION: Criterion = Criterion {
    key: "systemMessage",
    summary: "the system prompt contains this, or all of these",
    shape: Shape::Text { plain: Plain::Contains, list: true },
    read,
    stamp: Stamp::Never,
};

/// Prompts are long: one message is borrowed, only several are joined.
fn read(exchange: &Exchange) -> Facet<'_> {
    let request = &exchange.request;
    let mut texts = request.messages.iter().filter(|message| message.role == Role::System).filter_map(|message| message.text.as_deref());
    match (texts.next(), texts.next()) {
        (None, _) => Facet::Absent,
        (Some(only), None) => Facet::non_empty(only),
        (Some(_), Some(_)) => request.system_text().map_or(Facet::Absent, |text| Facet::Text(Cow::Owned(text))),
    }
}
