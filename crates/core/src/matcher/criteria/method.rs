//! `method`: the HTTP method is this.

use super::super::{Criterion, Facet, Plain, Shape, Stamp};

pub(super) static CRITERION: Criterion = Criterion {
    key: "method",
    summary: "the HTTP method is this",
    shape: Shape::Text { plain: Plain::Equals, list: false },
    read: |exchange| Facet::non_empty(&exchange.raw.method),
    stamp: Stamp::Never,
};
