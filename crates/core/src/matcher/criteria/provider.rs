//! `provider`: the request came in this provider's wire format.

use super::super::{Criterion, Facet, Plain, Shape, Stamp};

pub(super) static CRITERION: Criterion = Criterion {
    key: "provider",
    summary: "the request came in this provider's wire format",
    shape: Shape::Text { plain: Plain::Equals, list: false },
    read: |exchange| Facet::non_empty(exchange.request.provider),
    stamp: Stamp::Never,
};
