//! `model`: the model is this one, or a dated version of it.

use super::super::{Criterion, Facet, Plain, Shape, Stamp};

pub(super) static CRITERION: Criterion = Criterion {
    key: "model",
    summary: "the model is this one, or a dated version of it",
    shape: Shape::Text { plain: Plain::Model, list: false },
    read: |exchange| Facet::text(exchange.request.model.as_deref()),
    stamp: Stamp::ModelFamily,
};
