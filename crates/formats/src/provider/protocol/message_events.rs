//! Events of Anthropic's messages: `message_start`, blocks one after the other, `message_delta`, `message_stop`.
//!
//! Source: Anthropic's API reference, "Streaming Messages", "Event types".

use serde_json::Value;

use super::{Protocol, is_object, number, text};
use crate::wire::Event;

/// Where a stream of events stands.
#[derive(Debug, Default)]
pub(in crate::provider) struct MessageEvents {
    stage: Stage,
    /// Blocks that were begun.
    blocks: u64,
    open: Option<Block>,
    called: bool,
    failed: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd)]
enum Stage {
    #[default]
    Before,
    Message,
    /// `message_delta` has come.
    Closing,
    Stopped,
}

#[derive(Debug)]
struct Block {
    index: u64,
    kind: String,
    json: String,
}

impl Protocol for MessageEvents {
    fn event(&mut self, event: &Event, value: Option<&Value>, say: &mut dyn FnMut(String)) {
        let Some(value) = value.filter(|value| value.is_object()) else {
            return say("its data is no JSON object".to_owned());
        };
        let Some(kind) = text(value, "type") else { return say("its data has no `type`".to_owned()) };
        match &event.name {
            Some(name) if name != kind => say(format!("it is named `{name}`, and its data is of type `{kind}`")),
            Some(_) => {}
            None => say(format!("an event of type `{kind}` has no name; clients read the `event:` line")),
        }
        if kind == "ping" {
            return;
        }
        if self.failed {
            say("an event comes after an error".to_owned());
        }
        if self.stage == Stage::Stopped {
            say("an event comes after `message_stop`".to_owned());
        }
        match kind {
            "error" => self.failed = true,
            "message_start" => self.start(value, say),
            _ if self.stage == Stage::Before => say(format!("`{kind}` comes before `message_start`")),
            "content_block_start" => self.start_block(value, say),
            "content_block_delta" => self.take_delta(value, say),
            "content_block_stop" => self.stop_block(value, say),
            "message_delta" => self.close(value, say),
            "message_stop" => self.stop(say),
            // Events of a kind that is new are passed over, as clients are told to do.
            _ => {}
        }
    }

    fn end(&mut self, say: &mut dyn FnMut(String)) {
        if self.stage != Stage::Stopped && !self.failed {
            say("the stream ends without `message_stop`".to_owned());
        }
    }
}

impl MessageEvents {
    fn start(&mut self, value: &Value, say: &mut dyn FnMut(String)) {
        if self.stage != Stage::Before {
            say("`message_start` comes a second time".to_owned());
        }
        self.stage = Stage::Message;
        let message = value.get("message").filter(|message| message.is_object());
        if message.is_none() {
            say("`message_start` has no `message`".to_owned());
        }
        if message.is_some_and(|message| message.get("usage").is_none()) {
            say("the `message` has no `usage`; clients add to it".to_owned());
        }
    }

    fn start_block(&mut self, value: &Value, say: &mut dyn FnMut(String)) {
        let index = number(value, "index");
        if let Some(open) = &self.open {
            say(format!("a block begins while block {} is open", open.index));
        }
        if self.stage == Stage::Closing {
            say("a block begins after `message_delta`".to_owned());
        }
        if index != Some(self.blocks) {
            say(format!("a block begins with index {}, and {} is due", shown(index), self.blocks));
        }
        let kind = value.pointer("/content_block/type").and_then(Value::as_str);
        if kind.is_none() {
            say("a block begins without `content_block.type`".to_owned());
        }
        self.called |= kind == Some("tool_use");
        if kind == Some("tool_use") {
            for key in ["id", "name"] {
                if value.get("content_block").and_then(|block| text(block, key)).is_none_or(str::is_empty) {
                    say(format!("a `tool_use` block begins without `{key}`"));
                }
            }
        }
        self.open = Some(Block { index: index.unwrap_or(self.blocks), kind: kind.unwrap_or_default().to_owned(), json: String::new() });
        self.blocks += 1;
    }

    fn take_delta(&mut self, value: &Value, say: &mut dyn FnMut(String)) {
        let index = number(value, "index");
        let Some(open) = self.open.as_mut().filter(|open| Some(open.index) == index) else {
            return say(format!("a delta is for block {}, which is not open", shown(index)));
        };
        let Some(kind) = value.pointer("/delta/type").and_then(Value::as_str) else {
            return say("a delta has no `delta.type`".to_owned());
        };
        let fits: &[&str] = match kind {
            "text_delta" | "citations_delta" => &["text"],
            "input_json_delta" => &["tool_use", "server_tool_use", "mcp_tool_use"],
            "thinking_delta" | "signature_delta" => &["thinking"],
            _ => return,
        };
        if !fits.contains(&open.kind.as_str()) {
            say(format!("a `{kind}` is for a block of type `{}`", open.kind));
        }
        open.json.push_str(value.pointer("/delta/partial_json").and_then(Value::as_str).unwrap_or_default());
    }

    fn stop_block(&mut self, value: &Value, say: &mut dyn FnMut(String)) {
        let index = number(value, "index");
        match self.open.take() {
            Some(open) if Some(open.index) == index => {
                if !is_object(&open.json) {
                    say(format!("the input of block {} does not join to a JSON object", open.index));
                }
            }
            open => {
                say(format!("block {} ends, which is not open", shown(index)));
                self.open = open;
            }
        }
    }

    fn close(&mut self, value: &Value, say: &mut dyn FnMut(String)) {
        if let Some(open) = &self.open {
            say(format!("`message_delta` comes while block {} is open", open.index));
        }
        self.stage = Stage::Closing;
        let reason = value.pointer("/delta/stop_reason").and_then(Value::as_str);
        if reason == Some("tool_use") && !self.called {
            say("the stop reason is `tool_use`, and there is no `tool_use` block".to_owned());
        }
        if value.get("usage").is_none() {
            say("`message_delta` has no `usage`".to_owned());
        }
    }

    fn stop(&mut self, say: &mut dyn FnMut(String)) {
        if self.stage == Stage::Message {
            say("`message_stop` comes without `message_delta`".to_owned());
        }
        if let Some(open) = &self.open {
            say(format!("the message stops while block {} is open", open.index));
        }
        self.stage = Stage::Stopped;
    }
}

fn shown(index: Option<u64>) -> String {
    index.map_or_else(|| "none".to_owned(), |index| index.to_string())
}
