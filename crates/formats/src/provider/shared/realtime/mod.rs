//! OpenAI Realtime: the conversation between turns, reading a turn, telling its answer event by event.

pub(in crate::provider) mod collapse;
mod conversation;
mod defaults;
mod relayed;
pub(in crate::provider) mod reply;
pub(in crate::provider) mod request;
mod translation;

use serde_json::Value;

use crate::provider::Route;
use crate::provider::socket::{Opening, Session};

/// Where live translation is spoken.
pub(in crate::provider) const TRANSLATIONS: &str = "/v1/realtime/translations";

/// What stands for audio in the text that matching reads, as in the peer.
const AUDIO_INPUT: &str = "[audio input]";

/// A session of one of the routes.
pub(in crate::provider) fn session(opening: Opening<'_>, route: &Route) -> Box<dyn Session> {
    if route.path == TRANSLATIONS {
        Box::new(translation::Translation::new(opening))
    } else {
        Box::new(conversation::Conversation::new(opening))
    }
}

/// Puts members over those of a configuration, objects within objects; what is no object takes the place of what stood
/// there.
fn put_over(settings: &mut Value, update: Value) {
    match (settings, update) {
        (Value::Object(settings), Value::Object(update)) => {
            for (key, value) in update {
                put_over(settings.entry(key).or_insert(Value::Null), value);
            }
        }
        (slot, update) => *slot = update,
    }
}

/// The text under a pointer.
fn text_at<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    value.pointer(pointer).and_then(Value::as_str)
}
