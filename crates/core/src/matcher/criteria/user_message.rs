//! `userMessage`: the newest user text contains this.

use super::super::{Criterion, Facet, Plain, Shape, Stamp};

pub(super) static CRITERION: Criterion = Criterion {
    key: "userMessage",
    summary: "the newest user text contains this",
    shape: Shape::Text { plain: Plain::Contains, list: false },
    read: |exchange| Facet::text(exchange.request.user_text()),
    stamp: Stamp::Plain,
};
