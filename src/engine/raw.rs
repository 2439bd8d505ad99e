//! Frames of `response.events`: one server-sent event each, exactly as the author wrote it.
//!
//! The format is that of the HTML standard, section 9.2.6: fields end with a line feed, data of several lines is
//! several `data` fields, an empty line ends the event.

use bytes::Bytes;

use crate::exchange::RawEvent;

/// The bytes of one event.
pub fn frame_event(event: &RawEvent) -> Bytes {
    let mut text = String::new();
    for line in event.comment.iter().flat_map(|comment| lines(comment)) {
        push_field(&mut text, "", line);
    }
    if let Some(name) = &event.event {
        push_field(&mut text, "event", &name.replace(['\r', '\n'], " "));
    }
    if let Some(id) = &event.id {
        push_field(&mut text, "id", &id.replace(['\r', '\n'], " "));
    }
    for line in event.data.iter().flat_map(|data| lines(data)) {
        push_field(&mut text, "data", line);
    }
    text.push('\n');
    Bytes::from(text)
}

fn push_field(text: &mut String, name: &str, value: &str) {
    text.push_str(name);
    text.push_str(": ");
    text.push_str(value);
    text.push('\n');
}

/// A text cut at the line ends that a reader of the stream would see.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r'))
}
