//! `hasToolResult`: whether a tool result stands after the last user message.

use super::super::{Criterion, Facet, Shape, Stamp};

pub(super) static CRITERION: Criterion = Criterion {
    key: "hasToolResult",
    summary: "whether a tool result stands after the last user message",
    shape: Shape::Flag,
    read: |exchange| Facet::Flag(exchange.request.has_tool_result()),
    stamp: Stamp::Flag,
};
