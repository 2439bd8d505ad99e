//! The list applied to a request.

use super::list::{TransformError, Transforms};
use crate::exchange::{Request, Role};

impl Transforms {
    /// The rewritten copy of a request: every text that a match key reads is rewritten as a whole.
    ///
    /// # Errors
    /// A step failed, or what it left is no request.
    pub fn request(&self, request: &Request) -> Result<Request, TransformError> {
        let mut copy = request.clone();
        for message in &mut copy.messages {
            let key = match message.role {
                Role::User => "userMessage",
                Role::System => "systemMessage",
                Role::Tool => "toolResultContains",
                Role::Developer | Role::Assistant | Role::Other(_) => continue,
            };
            if let Some(text) = &mut message.text {
                *text = self.text(key, text)?.into_owned();
            }
        }
        Ok(copy)
    }
}
