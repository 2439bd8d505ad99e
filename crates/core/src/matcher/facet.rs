//! What criteria read from a request, borrowed wherever the request holds it in one piece.

use std::borrow::Cow;

use super::Criterion;
use crate::exchange::{Exchange, Headers};

/// What a reader found in a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Facet<'a> {
    /// Nothing there: no pattern accepts it, `not` included.
    Absent,
    Text(Cow<'a, str>),
    /// Several values, any of which may be accepted (tool names on offer, values of a header). Empty is the same as absent.
    Names(Vec<&'a str>),
    Flag(bool),
    /// The header list of the request.
    Headers(&'a Headers),
    /// A JSON body.
    Json(&'a serde_json::Value),
}

impl<'a> Facet<'a> {
    /// A text that may be missing.
    pub fn text(text: Option<&'a str>) -> Facet<'a> {
        text.map_or(Facet::Absent, |text| Facet::Text(Cow::Borrowed(text)))
    }

    /// A text that is missing when it is empty.
    pub fn non_empty(text: &'a str) -> Facet<'a> {
        Facet::text((!text.is_empty()).then_some(text))
    }
}

/// The facets of one request, each read at most once however many rows ask for it.
#[derive(Debug)]
pub struct Facets<'a> {
    exchange: &'a Exchange,
    read: Vec<(&'static Criterion, Facet<'a>)>,
}

impl<'a> Facets<'a> {
    /// Nothing read yet.
    pub fn new(exchange: &'a Exchange) -> Facets<'a> {
        Facets { exchange, read: Vec::new() }
    }

    /// The request they are read from.
    pub fn exchange(&self) -> &'a Exchange {
        self.exchange
    }

    /// What this criterion finds. A request meets few criteria, so a short list beats a map.
    pub fn of(&mut self, criterion: &'static Criterion) -> &Facet<'a> {
        let known = self.read.iter().position(|(known, _)| std::ptr::eq(*known, criterion));
        let index = known.unwrap_or_else(|| {
            self.read.push((criterion, (criterion.read)(self.exchange)));
            self.read.len() - 1
        });
        self.read.get(index).map_or(&Facet::Absent, |(_, facet)| facet)
    }
}
