//! The common request read in one pass: a conversation whose texts are plain strings, straight into the neutral
//! messages, without a tree of JSON in between.
//!
//! It only ever says yes or nothing: whatever is not plain, wrong or unusual is left to the ordinary reading, which knows
//! how to word a refusal. Both must agree on what this one reads; the tests hold them together.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::text::units_of;
use super::{chat_request, messages_request};

/// A body of plain messages.
#[derive(Debug, Default)]
pub(in crate::provider) struct Plain {
    pub(in crate::provider) model: Option<String>,
    pub(in crate::provider) stream: Option<bool>,
    pub(in crate::provider) messages: Vec<Said>,
    /// An object of the other members that decoding asks about.
    pub(in crate::provider) rest: Value,
}

/// A message whose content is a string or nothing.
#[derive(Debug)]
pub(in crate::provider) struct Said {
    pub(in crate::provider) role: Option<Cow<'static, str>>,
    pub(in crate::provider) content: Option<String>,
    /// The length of `content` in UTF-16 code units: counted while a long one is still in the processor's cache.
    pub(in crate::provider) units: usize,
    pub(in crate::provider) tool_call_id: Option<String>,
    /// An object of the other members that decoding asks about.
    pub(in crate::provider) rest: Value,
}

/// Members of a body, beside those with a type here, that decoders read. All others are checked for being JSON.
const OF_BODY: [&str; 7] = ["tools", "functions", "response_format", "stream_options", "system", "thread", "anthropic_version"];
/// The same of a message.
const OF_MESSAGE: [&str; 2] = ["tool_calls", "function_call"];

/// A larger body leaves the processor's cache between two looks at it.
const LOOKED_AT_TWICE: usize = 64 * 1024;

/// The body, if it is of plain messages.
pub(in crate::provider) fn read(body: &[u8]) -> Option<Plain> {
    if body.len() > LOOKED_AT_TWICE {
        return serde_json::from_slice(body).ok();
    }
    // What is UTF-8 as a whole need not be looked at again, string by string.
    serde_json::from_str(std::str::from_utf8(body).ok()?).ok()
}

/// A key of an object, or of one of no interest.
struct Key<K>(Option<K>);

#[derive(Clone, Copy, PartialEq, Eq)]
enum BodyKey {
    Model,
    Stream,
    Messages,
    Number,
    Rest(&'static str),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum MessageKey {
    Role,
    Content,
    ToolCallId,
    Rest(&'static str),
}

impl From<&str> for Key<BodyKey> {
    fn from(text: &str) -> Self {
        Key(match text {
            "model" => Some(BodyKey::Model),
            "stream" => Some(BodyKey::Stream),
            "messages" => Some(BodyKey::Messages),
            other if chat_request::NUMBERS.contains(&other) || messages_request::NUMBERS.contains(&other) => Some(BodyKey::Number),
            other => OF_BODY.into_iter().find(|name| *name == other).map(BodyKey::Rest),
        })
    }
}

impl From<&str> for Key<MessageKey> {
    fn from(text: &str) -> Self {
        Key(match text {
            "role" => Some(MessageKey::Role),
            "content" => Some(MessageKey::Content),
            "tool_call_id" => Some(MessageKey::ToolCallId),
            other => OF_MESSAGE.into_iter().find(|name| *name == other).map(MessageKey::Rest),
        })
    }
}

impl<'de, K> Deserialize<'de> for Key<K>
where
    Key<K>: for<'t> From<&'t str>,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text<K>(std::marker::PhantomData<K>);
        impl<K> Visitor<'_> for Text<K>
        where
            Key<K>: for<'t> From<&'t str>,
        {
            type Value = Key<K>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Key<K>, E> {
                Ok(Key::from(text))
            }
        }
        deserializer.deserialize_str(Text(std::marker::PhantomData))
    }
}

/// A value of no interest. It is read as any other, so that what is not JSON for one reading is not for the other.
struct Checked;

impl<'de> DeserializeSeed<'de> for Checked {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Checked {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }
    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }
    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }
    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }
    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<(), A::Error> {
        Value::deserialize(SeqAccessDeserializer::new(items)).map(drop)
    }
    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<(), A::Error> {
        Value::deserialize(MapAccessDeserializer::new(members)).map(drop)
    }
}

/// Puts a value where there is none yet: of a name that stands twice the last one counts, and that is left to others.
fn put<T, E: Error>(place: &mut Option<T>, value: T) -> Result<(), E> {
    if place.is_some() {
        return Err(E::custom("twice"));
    }
    *place = Some(value);
    Ok(())
}

fn put_rest<E: Error>(rest: &mut Map<String, Value>, name: &str, value: Value) -> Result<(), E> {
    if rest.insert(name.to_owned(), value).is_some() { Err(E::custom("twice")) } else { Ok(()) }
}

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Plain;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a body")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Plain, A::Error> {
                let (mut model, mut stream, mut messages, mut rest) = (None, None, None, Map::new());
                while let Some(Key(key)) = map.next_key()? {
                    match key {
                        Some(BodyKey::Model) => put(&mut model, map.next_value::<Option<String>>()?)?,
                        Some(BodyKey::Stream) => put(&mut stream, map.next_value::<Option<bool>>()?)?,
                        Some(BodyKey::Messages) => put(&mut messages, map.next_value::<Vec<Said>>()?)?,
                        Some(BodyKey::Number) => {
                            map.next_value::<Option<Number>>()?;
                        }
                        Some(BodyKey::Rest(name)) => put_rest(&mut rest, name, map.next_value()?)?,
                        None => map.next_value_seed(Checked)?,
                    }
                }
                let messages = messages.ok_or_else(|| Error::missing_field("messages"))?;
                Ok(Plain { model: model.flatten(), stream: stream.flatten(), messages, rest: Value::Object(rest) })
            }
        }
        deserializer.deserialize_map(Object)
    }
}

impl<'de> Deserialize<'de> for Said {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Said;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a message")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Said, A::Error> {
                let (mut role, mut content, mut units, mut call, mut rest) = (None, None, 0, None, Map::new());
                while let Some(Key(key)) = map.next_key()? {
                    match key {
                        Some(MessageKey::Role) => put(&mut role, map.next_value::<Option<Name>>()?)?,
                        Some(MessageKey::Content) => {
                            let text = map.next_value::<Option<String>>()?;
                            units = text.as_deref().map_or(0, units_of);
                            put(&mut content, text)?;
                        }
                        Some(MessageKey::ToolCallId) => put(&mut call, map.next_value::<Option<String>>()?)?,
                        Some(MessageKey::Rest(name)) => put_rest(&mut rest, name, map.next_value()?)?,
                        None => map.next_value_seed(Checked)?,
                    }
                }
                let role = role.flatten().map(|Name(name)| name);
                Ok(Said { role, content: content.flatten(), units, tool_call_id: call.flatten(), rest: Value::Object(rest) })
            }
        }
        deserializer.deserialize_map(Object)
    }
}

/// A role: nearly always one of few, which need no memory of their own.
struct Name(Cow<'static, str>);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Name;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a role")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Name, E> {
                let known = ["user", "assistant", "system", "developer", "tool"].into_iter().find(|known| *known == text);
                Ok(Name(known.map_or_else(|| Cow::Owned(text.to_owned()), Cow::Borrowed)))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::exchange::RawRequest;

    /// Values that stand where others are expected, beside those that are.
    fn odd() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(json!(null)),
            Just(json!(true)),
            Just(json!(1)),
            Just(json!([-1, 0.5, { "n": null }])),
            Just(json!("text")),
            Just(json!([])),
            Just(json!([null])),
            Just(json!({})),
            Just(json!([{ "type": "text", "text": "a" }, { "type": "text", "text": "b" }])),
            Just(json!([{ "function": { "name": "f", "arguments": "{}", "parameters": { "a": 1 } }, "id": "c", "name": "f" }])),
            Just(json!([{ "type": "tool_result", "tool_use_id": "c", "content": "r" }])),
            Just(json!({ "include_usage": true, "type": "json_object", "name": "f", "arguments": "{}" })),
        ]
    }

    fn value_for(key: &'static str) -> BoxedStrategy<Value> {
        match key {
            "role" => prop_oneof![6 => prop::sample::select(vec!["user", "assistant", "system", "tool", "developer", "critic"]).prop_map(|role| json!(role)), 1 => odd()].boxed(),
            "messages" => prop_oneof![8 => prop::collection::vec(prop_oneof![9 => message(), 1 => odd()], 0..4).prop_map(Value::Array), 1 => odd()].boxed(),
            "stream" => prop_oneof![Just(json!(true)), Just(json!(false)), odd()].boxed(),
            "model" | "content" | "system" | "tool_call_id" => prop_oneof![4 => "[a-z\u{e4}\"]{0,3}".prop_map(|text| json!(text)), 1 => odd()].boxed(),
            _ => odd().boxed(),
        }
    }

    /// JSON text of an object: members may stand twice.
    fn object(keys: &'static [&'static str]) -> impl Strategy<Value = String> {
        let member =
            prop::sample::select(keys).prop_flat_map(|key| value_for(key).prop_map(move |value| format!("{}:{value}", json!(key))));
        prop::collection::vec(member, 0..5).prop_map(|members| format!("{{{}}}", members.join(",")))
    }

    fn message() -> impl Strategy<Value = Value> {
        let keys = &["role", "content", "tool_calls", "function_call", "tool_call_id", "name"];
        object(keys).prop_map(|text| serde_json::from_str(&text).unwrap())
    }

    fn body() -> impl Strategy<Value = String> {
        let keys = &[
            "model",
            "messages",
            "messages",
            "messages",
            "stream",
            "stream_options",
            "tools",
            "functions",
            "response_format",
            "system",
            "thread",
            "temperature",
            "user",
            "top_k",
            "seed",
            "anthropic_version",
        ];
        (object(keys), prop::option::weighted(0.1, 0..200_usize), prop::sample::select(vec!["", " ", "x", "\"\\ud800\"", ",1e999"]))
            .prop_map(|(mut text, cut, tail)| {
                if let Some(cut) = cut.filter(|cut| *cut < text.len() && text.is_char_boundary(*cut)) {
                    text.truncate(cut);
                    text.push_str(tail);
                }
                text
            })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]
        #[test]
        fn both_readings_agree(body in body()) {
            let raw = RawRequest::new("POST", "/", crate::exchange::Headers::new(), body);
            if let Some(mut at_once) = chat_request::at_once(&raw, "openai", Some("stand-in")) {
                let units: usize = at_once.messages.iter().filter_map(|message| message.text.as_deref()).map(units_of).sum();
                prop_assert_eq!(at_once.text_units.take(), Some(units));
                prop_assert_eq!(Ok(at_once), chat_request::decode_tree(&raw, "openai", Some("stand-in")));
            }
            if let Some(mut at_once) = messages_request::at_once(&raw, "anthropic") {
                let units: usize = at_once.messages.iter().filter_map(|message| message.text.as_deref()).map(units_of).sum();
                prop_assert_eq!(at_once.text_units.take(), Some(units));
                prop_assert_eq!(Ok(at_once), messages_request::decode_tree(&raw, "anthropic", messages_request::Results::Behind));
            }
        }
    }

    #[test]
    fn plain_conversations_need_no_tree() {
        for body in [
            json!({ "model": "m", "messages": [{ "role": "user", "content": "hi" }], "stream": true, "temperature": 0.5 }),
            json!({ "messages": [
                { "role": "system", "content": "s" },
                { "role": "assistant", "content": null, "tool_calls": [{ "id": "c", "function": { "name": "f", "arguments": "{}" } }] },
                { "role": "tool", "tool_call_id": "c", "content": "r" },
            ], "tools": [{ "type": "function", "function": { "name": "f" } }] }),
        ] {
            let raw = RawRequest::new("POST", "/", crate::exchange::Headers::new(), body.to_string());
            assert!(chat_request::at_once(&raw, "openai", None).is_some(), "{body}");
            assert!(messages_request::at_once(&raw, "anthropic").is_some(), "{body}");
        }
    }

    #[test]
    fn what_is_no_json_for_one_is_none_for_the_other() {
        for text in [
            r#"{"messages":[],"user":"\ud800"}"#,
            r#"{"messages":[],"n":1e999}"#,
            r#"{"messages":[{"role":"user","content":"\udc00"}]}"#,
            r#"{"messages":[]} x"#,
        ] {
            assert!(read(text.as_bytes()).is_none() && serde_json::from_str::<Value>(text).is_err(), "{text}");
        }
        assert!(read(b"{\"messages\":[],\"user\":\"\xff\"}").is_none());
        let deep = format!(r#"{{"messages":[],"metadata":{}{}}}"#, "[".repeat(200), "]".repeat(200));
        assert!(read(deep.as_bytes()).is_none());
    }
}
