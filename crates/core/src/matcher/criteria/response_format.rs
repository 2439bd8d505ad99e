//! `responseFormat`: the type of response format asked for is this.

use super::super::{Criterion, Facet, Plain, Shape, Stamp};

pub(super) static CRITERION: Criterion = Criterion {
    key: "responseFormat",
    summary: "the type of response format asked for is this",
    shape: Shape::Text { plain: Plain::Equals, list: false },
    read: |exchange| Facet::text(exchange.request.response_format.as_deref()),
    stamp: Stamp::Never,
};
