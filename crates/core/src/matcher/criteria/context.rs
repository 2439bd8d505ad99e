//! `context`: the `X-AIMock-Context` header is this.

use super::super::{Criterion, Facet, Plain, Shape, Stamp};

pub(super) static CRITERION: Criterion = Criterion {
    key: "context",
    summary: "the `X-AIMock-Context` header is this",
    shape: Shape::Text { plain: Plain::Equals, list: false },
    read: |exchange| Facet::text(exchange.request.context.as_deref()),
    stamp: Stamp::Plain,
};
