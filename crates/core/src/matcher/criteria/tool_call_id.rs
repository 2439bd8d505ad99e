//! `toolCallId`: the last message is the result of this tool call.

use super::super::{Criterion, Facet, Plain, Shape, Stamp};

pub(super) static CRITERION: Criterion = Criterion {
    key: "toolCallId",
    summary: "the last message is the result of this tool call",
    shape: Shape::Text { plain: Plain::Equals, list: false },
    read: |exchange| Facet::text(exchange.request.last_tool_result().and_then(|message| message.tool_call_id.as_deref())),
    stamp: Stamp::Never,
};
