//! Events of Bedrock's `ConverseStream`: `messageStart`, blocks, `messageStop`, `metadata`. The name of an event stands in
//! its frame, not in its data.
//!
//! Source: Amazon Bedrock API reference, "`ConverseStream`" and "`ConverseStreamOutput`".

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Protocol, is_object, number, text};
use crate::wire::Event;

/// Where a stream of events stands.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "what has come so far has many sides")]
pub(in crate::provider) struct ConverseEvents {
    started: bool,
    stopped: bool,
    told: bool,
    failed: bool,
    called: bool,
    /// The open blocks; those that are closed were taken out.
    open: BTreeMap<u64, Block>,
    /// The next block's index.
    blocks: u64,
}

#[derive(Debug, Default)]
struct Block {
    is_call: bool,
    input: String,
}

impl Protocol for ConverseEvents {
    fn event(&mut self, event: &Event, value: Option<&Value>, say: &mut dyn FnMut(String)) {
        let Some(value) = value.filter(|value| value.is_object()) else {
            return say("its payload is no JSON object".to_owned());
        };
        if self.failed {
            say("an event comes after an exception".to_owned());
        }
        if event.exception {
            self.failed = true;
            return;
        }
        if self.told {
            say("an event comes after `metadata`".to_owned());
        }
        match event.name.as_deref().unwrap_or_default() {
            "messageStart" => {
                if std::mem::replace(&mut self.started, true) {
                    say("`messageStart` comes a second time".to_owned());
                }
                if text(value, "role").is_none() {
                    say("`messageStart` has no `role`".to_owned());
                }
            }
            name if !self.started => say(format!("`{name}` comes before `messageStart`")),
            "contentBlockStart" => self.start(value, say),
            "contentBlockDelta" => self.take_delta(value, say),
            "contentBlockStop" => self.stop_block(value, say),
            "messageStop" => self.stop(value, say),
            "metadata" => {
                if !self.stopped {
                    say("`metadata` comes before `messageStop`".to_owned());
                }
                self.told = true;
            }
            name => say(format!("no event of this stream is called `{name}`")),
        }
    }

    fn end(&mut self, say: &mut dyn FnMut(String)) {
        if self.failed {
            return;
        }
        if !self.stopped {
            say("the stream ends without `messageStop`".to_owned());
        } else if !self.told {
            say("the stream ends without `metadata`".to_owned());
        }
    }
}

impl ConverseEvents {
    fn start(&mut self, value: &Value, say: &mut dyn FnMut(String)) {
        let Some(start) = value.get("start").and_then(Value::as_object).filter(|start| !start.is_empty()) else {
            return say("a block begins with an empty `start`; a block of text begins with its first delta".to_owned());
        };
        let is_call = start.contains_key("toolUse");
        for key in ["toolUseId", "name"].iter().filter(|_| is_call) {
            if start.get("toolUse").and_then(|tool| text(tool, key)).is_none_or(str::is_empty) {
                say(format!("a `toolUse` begins without `{key}`"));
            }
        }
        self.called |= is_call;
        self.begin(number(value, "contentBlockIndex"), is_call, say);
    }

    fn begin(&mut self, index: Option<u64>, is_call: bool, say: &mut dyn FnMut(String)) {
        if index != Some(self.blocks) {
            say(format!("a block begins where block {} is due", self.blocks));
        }
        let index = index.unwrap_or(self.blocks);
        self.open.insert(index, Block { is_call, input: String::new() });
        self.blocks = self.blocks.max(index.saturating_add(1));
    }

    fn take_delta(&mut self, value: &Value, say: &mut dyn FnMut(String)) {
        if self.stopped {
            say("a delta comes after `messageStop`".to_owned());
        }
        let index = number(value, "contentBlockIndex");
        let calls = value.pointer("/delta/toolUse").is_some();
        if value.get("delta").and_then(Value::as_object).is_none_or(serde_json::Map::is_empty) {
            say("a delta is empty".to_owned());
        }
        if index.is_none_or(|index| !self.open.contains_key(&index)) {
            if calls {
                say("a delta of a tool's input is for a block that is not open".to_owned());
            }
            self.begin(index, calls, say);
        }
        let Some(block) = index.and_then(|index| self.open.get_mut(&index)) else { return };
        if calls != block.is_call {
            say("a delta is of another kind than its block".to_owned());
        }
        block.input.push_str(value.pointer("/delta/toolUse/input").and_then(Value::as_str).unwrap_or_default());
    }

    fn stop_block(&mut self, value: &Value, say: &mut dyn FnMut(String)) {
        let index = number(value, "contentBlockIndex");
        match index.and_then(|index| self.open.remove(&index)) {
            Some(block) if block.is_call && !is_object(&block.input) => {
                say(format!("the input of block {} does not join to a JSON object", index.unwrap_or_default()));
            }
            Some(_) => {}
            None => say("a block ends that is not open".to_owned()),
        }
    }

    fn stop(&mut self, value: &Value, say: &mut dyn FnMut(String)) {
        for index in self.open.keys() {
            say(format!("the message stops while block {index} is open"));
        }
        match text(value, "stopReason") {
            None => say("`messageStop` has no `stopReason`".to_owned()),
            Some("tool_use") if !self.called => say("the stop reason is `tool_use`, and no tool was called".to_owned()),
            Some(_) => {}
        }
        self.stopped = true;
    }
}
