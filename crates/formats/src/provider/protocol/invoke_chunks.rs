//! Chunks of Bedrock's `InvokeModelWithResponseStream`: a model's own events in base64, judged by the model's grammar.
//!
//! Source: Amazon Bedrock API reference, "`PayloadPart`".

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::{ConverseEvents, InvokeTexts, MessageEvents, Protocol, text, text_piece};
use crate::wire::Event;

/// The machine of the events inside, once the first one has shown whose they are.
#[derive(Debug, Default)]
pub(in crate::provider) struct InvokeChunks {
    inner: Option<Box<dyn Protocol>>,
    failed: bool,
}

impl Protocol for InvokeChunks {
    fn event(&mut self, event: &Event, value: Option<&Value>, say: &mut dyn FnMut(String)) {
        if self.failed {
            say("an event comes after an exception".to_owned());
        }
        if event.exception {
            self.failed = true;
            return;
        }
        if event.name.as_deref() != Some("chunk") {
            say(format!("its type is `{}`, not `chunk`", event.name.as_deref().unwrap_or_default()));
        }
        let Some(bytes) = value.and_then(|value| text(value, "bytes")) else {
            return say("its payload has no `bytes`; clients see no event without".to_owned());
        };
        let inner = STANDARD.decode(bytes).ok().and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
        let Some(inner) = inner.filter(Value::is_object) else {
            return say("its `bytes` are no JSON object in base64".to_owned());
        };
        if let Some(kind) = text(&inner, "type") {
            let named = Event { name: Some(kind.to_owned()), ..Event::default() };
            self.inner.get_or_insert_with(|| Box::<MessageEvents>::default()).event(&named, Some(&inner), say);
        } else if text_piece(&inner).is_some() {
            self.inner.get_or_insert_with(|| Box::<InvokeTexts>::default()).event(event, Some(&inner), say);
        } else if let Some((name, payload)) = inner.as_object().and_then(|inner| inner.iter().find(|(_, payload)| payload.is_object())) {
            // Amazon's own models send Converse's events, each under its name.
            let named = Event { name: Some(name.clone()), ..Event::default() };
            self.inner.get_or_insert_with(|| Box::<ConverseEvents>::default()).event(&named, Some(payload), say);
        }
    }

    fn end(&mut self, say: &mut dyn FnMut(String)) {
        match &mut self.inner {
            _ if self.failed => {}
            Some(inner) => inner.end(say),
            None => say("the stream ends without a chunk".to_owned()),
        }
    }
}
