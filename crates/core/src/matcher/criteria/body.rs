//! `body`: the JSON body, as it was sent, holds all of this.

use super::super::{Criterion, Facet, Shape, Stamp};

pub(super) static CRITERION: Criterion = Criterion {
    key: "body",
    summary: "the JSON body, as it was sent, holds all of this",
    shape: Shape::Subset,
    read: |exchange| exchange.raw.json().map_or(Facet::Absent, Facet::Json),
    stamp: Stamp::Never,
};
