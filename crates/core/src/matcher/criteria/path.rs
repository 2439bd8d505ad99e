//! `path`: the URL path is this, as sent and without the query; answers URLs that no provider owns.

use super::super::{Criterion, Facet, Plain, Shape, Stamp};

pub(super) static CRITERION: Criterion = Criterion {
    key: "path",
    summary: "the URL path is this, as sent and without the query; answers URLs that no provider owns",
    shape: Shape::Text { plain: Plain::Equals, list: false },
    read: |exchange| Facet::non_empty(&exchange.raw.path),
    stamp: Stamp::Never,
};
