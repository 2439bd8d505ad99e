//! `endpoint`: the kind of API that was called.

use super::super::{Criterion, Facet, Shape, Stamp};
use crate::exchange::Endpoint;

/// The names of all endpoints.
const NAMES: [&str; Endpoint::ALL.len()] = {
    let mut names = [""; Endpoint::ALL.len()];
    let mut index = 0;
    while index < names.len() {
        names[index] = Endpoint::ALL[index].name();
        index += 1;
    }
    names
};

pub(super) static CRITERION: Criterion = Criterion {
    key: "endpoint",
    summary: "the kind of API that was called",
    shape: Shape::OneOf(&NAMES),
    read: |exchange| Facet::text(exchange.request.endpoint.map(Endpoint::name)),
    stamp: Stamp::Plain,
};
