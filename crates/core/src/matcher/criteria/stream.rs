//! `stream`: whether a streamed answer was asked for.

use super::super::{Criterion, Facet, Shape, Stamp};

pub(super) static CRITERION: Criterion = Criterion {
    key: "stream",
    summary: "whether a streamed answer was asked for",
    shape: Shape::Flag,
    read: |exchange| Facet::Flag(exchange.request.stream),
    stamp: Stamp::Never,
};
