//! `headers`: the request's headers have these values.

use super::super::{Criterion, Facet, Shape, Stamp};

pub(super) static CRITERION: Criterion = Criterion {
    key: "headers",
    summary: "the request's headers have these values",
    shape: Shape::Headers,
    read: |exchange| Facet::Headers(&exchange.raw.headers),
    stamp: Stamp::Never,
};
