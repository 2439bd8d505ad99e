//! `toolNamespace`: a tool of this namespace is on offer.

use super::super::{Criterion, Facet, Plain, Shape, Stamp};

pub(super) static CRITERION: Criterion = Criterion {
    key: "toolNamespace",
    summary: "a tool of this namespace is on offer",
    shape: Shape::Text { plain: Plain::Equals, list: false },
    read: |exchange| Facet::Names(exchange.request.tools.iter().filter_map(|tool| tool.namespace.as_deref()).collect()),
    stamp: Stamp::Never,
};
