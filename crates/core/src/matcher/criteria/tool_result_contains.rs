//! `toolResultContains`: the last message is a tool result that contains this.

use super::super::{Criterion, Facet, Plain, Shape, Stamp};

pub(super) static CRITERION: Criterion = Criterion {
    key: "toolResultContains",
    summary: "the last message is a tool result that contains this",
    shape: Shape::Text { plain: Plain::AlwaysContains, list: false },
    read: |exchange| Facet::text(exchange.request.last_tool_result().and_then(|message| message.text.as_deref())),
    stamp: Stamp::Never,
};
