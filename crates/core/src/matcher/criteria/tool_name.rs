//! `toolName`: a tool of this name is on offer.

use super::super::{Criterion, Facet, Plain, Shape, Stamp};

pub(super) static CRITERION: Criterion = Criterion {
    key: "toolName",
    summary: "a tool of this name is on offer",
    shape: Shape::Text { plain: Plain::Equals, list: false },
    read: |exchange| Facet::Names(exchange.request.tools.iter().map(|tool| tool.name.as_str()).collect()),
    stamp: Stamp::Never,
};
