//! The list applied to a request with its bytes: what matching sees, beside what came.

use std::borrow::Cow;

use super::list::{TransformError, Transforms};
use crate::exchange::Exchange;

impl Transforms {
    /// The exchange as matching sees it. The empty list borrows it; else it is a copy with the rewritten request, and
    /// headers and body as they came. What the URL says (provider and endpoint) no `drop` takes away: it decides which
    /// kinds of reply can be sent at all.
    ///
    /// # Errors
    /// A step failed, or what it left is no request.
    pub fn exchange<'e>(&self, exchange: &'e Exchange) -> Result<Cow<'e, Exchange>, TransformError> {
        if self.is_empty() {
            return Ok(Cow::Borrowed(exchange));
        }
        let original = &exchange.request;
        let mut request = self.request(original)?;
        request.endpoint = request.endpoint.or(original.endpoint);
        if request.provider.is_empty() {
            request.provider = original.provider;
        }
        Ok(Cow::Owned(Exchange { raw: exchange.raw.clone(), request }))
    }
}
