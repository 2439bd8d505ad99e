//! `inputText`: the text to embed contains this. Several inputs are joined with one space; token inputs have no text. Of audio to
//! transcribe it is what the client calls the file.

use std::borrow::Cow;

use super::super::{Criterion, Facet, Plain, Shape, Stamp};
use crate::exchange::{EmbeddingInput, Exchange};

pub(super) static CRITERION: Criterion = Criterion {
    key: "inputText",
    summary: "the text to embed contains this",
    shape: Shape::Text { plain: Plain::Contains, list: false },
    read,
    stamp: Stamp::Plain,
};

fn read(exchange: &Exchange) -> Facet<'_> {
    match exchange.request.embedding_inputs.as_slice() {
        [EmbeddingInput::Text(only)] => Facet::text(Some(only)),
        _ => exchange.request.embedding_text().map_or(Facet::Absent, |text| Facet::Text(Cow::Owned(text))),
    }
}
