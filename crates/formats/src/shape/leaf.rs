//! Leaves of shapes: numbers with their bounds, texts, lists, free JSON.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::{Read, Reader};
use crate::document::{Node, Value};

/// Integers above this are not exact in other readers of the same file.
const MAX_SAFE: f64 = 9_007_199_254_740_991.0;

fn number(node: &Node<'_>) -> Option<f64> {
    if let Value::Number(text) = &node.value { text.parse::<f64>().ok().filter(|value| value.is_finite()) } else { None }
}

macro_rules! numeric {
    ($(#[doc = $about:expr])* $name:ident($inner:ty), $expected:literal, $schema:tt, |$value:ident| $valid:expr, $convert:expr) => {
        $(#[doc = $about])*
        #[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
        pub struct $name(pub $inner);

        impl Read for $name {
            fn read(node: &Node<'_>, reader: &mut Reader<'_, '_>) -> Option<$name> {
                let convert: fn(f64) -> $inner = $convert;
                match number(node) {
                    Some($value) if $valid => Some($name(convert($value))),
                    _ => reader.wrong(node, $expected),
                }
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($name))
            }

            fn json_schema(_generator: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be whole, not negative and below 2^53")]
fn whole(value: f64) -> u64 {
    value as u64
}

numeric!(
    /// Milliseconds, zero or more; fractions allowed.
    Millis(f64), "a number of milliseconds, zero or more", { "type": "number", "minimum": 0 }, |value| value >= 0.0, |value| value
);
numeric!(
    /// A number, zero or more.
    NonNegative(f64), "a number, zero or more", { "type": "number", "minimum": 0 }, |value| value >= 0.0, |value| value
);
numeric!(
    /// A share from 0 to 1.
    Rate(f64), "a number from 0 to 1", { "type": "number", "minimum": 0, "maximum": 1 }, |value| (0.0..=1.0).contains(&value), |value| value
);
numeric!(
    /// A share in percent.
    Percent(f64), "a number from 0 to 100", { "type": "number", "minimum": 0, "maximum": 100 }, |value| (0.0..=100.0).contains(&value), |value| value
);
numeric!(
    /// A number above zero.
    Speed(f64), "a number above zero", { "type": "number", "exclusiveMinimum": 0 }, |value| value > 0.0, |value| value
);
numeric!(
    /// A whole number, zero or more.
    Count(u64), "a whole number, zero or more", { "type": "integer", "minimum": 0, "maximum": 9_007_199_254_740_991_u64 },
    |value| value >= 0.0 && value.fract() == 0.0 && value <= MAX_SAFE, whole
);
numeric!(
    /// A whole number, one or more.
    PositiveCount(u64), "a whole number, one or more", { "type": "integer", "minimum": 1, "maximum": 9_007_199_254_740_991_u64 },
    |value| value >= 1.0 && value.fract() == 0.0 && value <= MAX_SAFE, whole
);
numeric!(
    /// An HTTP status.
    Whole(u64), "a whole number from 100 to 599 (an HTTP status)", { "type": "integer", "minimum": 100, "maximum": 599 },
    |value| (100.0..=599.0).contains(&value) && value.fract() == 0.0, whole
);

impl Read for f64 {
    fn read(node: &Node<'_>, reader: &mut Reader<'_, '_>) -> Option<f64> {
        number(node).or_else(|| reader.wrong(node, "a number"))
    }
}

impl Read for bool {
    fn read(node: &Node<'_>, reader: &mut Reader<'_, '_>) -> Option<bool> {
        if let Value::Bool(value) = node.value { Some(value) } else { reader.wrong(node, "`true` or `false`") }
    }
}

impl Read for String {
    fn read(node: &Node<'_>, reader: &mut Reader<'_, '_>) -> Option<String> {
        match node.as_str() {
            Some(text) => Some(text.to_owned()),
            None => reader.wrong(node, "a string"),
        }
    }
}

/// A string with something in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NonEmpty(pub String);

impl Read for NonEmpty {
    fn read(node: &Node<'_>, reader: &mut Reader<'_, '_>) -> Option<NonEmpty> {
        match node.as_str() {
            Some(text) if !text.is_empty() => Some(NonEmpty(text.to_owned())),
            _ => reader.wrong(node, "a string that is not empty"),
        }
    }
}

impl JsonSchema for NonEmpty {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("NonEmpty")
    }

    fn json_schema(_generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1 })
    }
}

impl<T: Read> Read for Vec<T> {
    fn read(node: &Node<'_>, reader: &mut Reader<'_, '_>) -> Option<Vec<T>> {
        let Value::Array(items) = &node.value else { return reader.wrong(node, "a list") };
        Some(items.iter().filter_map(|item| T::read(item, reader)).collect())
    }
}

/// One value, or a list of them.
#[derive(Clone, Debug, PartialEq)]
pub struct OneOrMany<T>(pub Vec<T>);

impl<T: Read> Read for OneOrMany<T> {
    fn read(node: &Node<'_>, reader: &mut Reader<'_, '_>) -> Option<OneOrMany<T>> {
        if let Value::Array(_) = node.value {
            Vec::read(node, reader).map(OneOrMany)
        } else {
            T::read(node, reader).map(|one| OneOrMany(vec![one]))
        }
    }
}

impl<T: JsonSchema> JsonSchema for OneOrMany<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        Cow::Owned(format!("OneOrMany{}", T::schema_name()))
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [one, { "type": "array", "items": one }] })
    }
}

/// Any JSON, kept as it is.
#[derive(Clone, Debug, PartialEq)]
pub struct AnyJson(pub serde_json::Value);

impl Read for AnyJson {
    fn read(node: &Node<'_>, _reader: &mut Reader<'_, '_>) -> Option<AnyJson> {
        Some(AnyJson(crate::document::to_json(node)))
    }
}

impl JsonSchema for AnyJson {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("AnyJson")
    }

    fn json_schema(_generator: &mut SchemaGenerator) -> Schema {
        json_schema!(true)
    }
}

/// An object with free keys and values of one shape, in order of writing.
#[derive(Clone, Debug, PartialEq)]
pub struct Fields<T>(pub Vec<(String, T)>);

impl<T: Read> Read for Fields<T> {
    fn read(node: &Node<'_>, reader: &mut Reader<'_, '_>) -> Option<Fields<T>> {
        let Value::Object(members) = &node.value else { return reader.wrong(node, "an object") };
        let read = |member: &crate::document::Member<'_>, reader: &mut Reader<'_, '_>| {
            T::read(&member.value, reader).map(|value| (member.key.clone().into_owned(), value))
        };
        Some(Fields(super::lasting(members).filter_map(|member| read(member, reader)).collect()))
    }
}

impl<T: JsonSchema> JsonSchema for Fields<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        Cow::Owned(format!("FieldsOf{}", T::schema_name()))
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        json_schema!({ "type": "object", "additionalProperties": one })
    }
}
