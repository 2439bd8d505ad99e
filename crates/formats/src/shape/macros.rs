//! The macros behind shapes.

/// Defines an object shape: a struct of optional fields, its reader and its schema.
///
/// Each line is `"key" field: Type,` with doc comments that become the schema's descriptions; `= "rule"` behind the type
/// names the rule under which a wrong value is reported, `!` marks a required key. The last line says what becomes of
/// unknown keys.
macro_rules! shape {
    (
        $(#[doc = $about:expr])*
        pub struct $name:ident {
            $( $(#[doc = $doc:expr])* $key:literal $field:ident : $ty:ty $(= $rule:literal)? $(, $required:ident)? ; )*
            unknown: $policy:ident $(, free: [$($free:literal),*])?
        }
    ) => {
        $(#[doc = $about])*
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $name {
            $( $(#[doc = $doc])* pub $field: Option<$ty>, )*
        }

        impl $name {
            /// The keys, in order.
            pub const KEYS: &'static [&'static str] = &[$($key),*];

            /// Reads one member into its field; `false`: the key is none of this shape's.
            pub(crate) fn read_member(
                &mut self,
                member: &$crate::document::Member<'_>,
                reader: &mut $crate::shape::Reader<'_, '_>,
            ) -> bool {
                match member.key.as_ref() {
                    $( $key => {
                        let rule = $crate::shape::macros::rule_or_default!($($rule)?);
                        self.$field = reader.under_maybe(rule, |reader| $crate::shape::Read::read(&member.value, reader));
                    } )*
                    $( $($free => {})* )?
                    _ => return false,
                }
                true
            }

            /// Reads all members; `None`: it is no object, and that is reported. Large shapes are filled where they stay.
            pub(crate) fn fill(
                &mut self,
                node: &$crate::document::Node<'_>,
                reader: &mut $crate::shape::Reader<'_, '_>,
            ) -> Option<()> {
                let $crate::document::Value::Object(members) = &node.value else {
                    return reader.wrong(node, "an object");
                };
                for member in $crate::shape::lasting(members) {
                    if !self.read_member(member, reader) {
                        reader.unknown_key(member, $name::KEYS, $crate::shape::Unknown::$policy);
                    }
                }
                for key in $name::required() {
                    if node.get(key).is_none() {
                        reader.missing(node, key);
                    }
                }
                Some(())
            }

            /// Keys that must be present.
            pub(crate) fn required() -> impl Iterator<Item = &'static str> {
                [$( ($key, $crate::shape::macros::is_required!($($required)?)) ),*].into_iter().filter(|(_, is)| *is).map(|(key, _)| key)
            }
        }

        impl $crate::shape::Read for $name {
            fn read(node: &$crate::document::Node<'_>, reader: &mut $crate::shape::Reader<'_, '_>) -> Option<$name> {
                let mut shape = $name::default();
                shape.fill(node, reader)?;
                Some(shape)
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                std::borrow::Cow::Borrowed(stringify!($name))
            }

            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let mut properties = serde_json::Map::new();
                let required: Vec<&str> = $name::required().collect();
                $(
                    let schema = generator.subschema_for::<$ty>();
                    properties.insert($key.to_owned(), $crate::shape::macros::describe(schema, &[$($doc),*]));
                )*
                $crate::shape::macros::object_schema(&[$($about),*], &properties, &required, $crate::shape::Unknown::$policy)
            }
        }
    };
}

/// Defines a closed set of words: an enum, its reader and its schema.
macro_rules! keyword {
    (
        $(#[doc = $about:expr])*
        pub enum $name:ident { $( $(#[doc = $doc:expr])* $variant:ident = $word:literal ),* $(,)? }
    ) => {
        $(#[doc = $about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $( $(#[doc = $doc])* $variant ),* }

        impl $name {
            /// The words, in order.
            pub const WORDS: &'static [&'static str] = &[$($word),*];

            /// The word of this value.
            pub fn word(self) -> &'static str {
                match self { $( $name::$variant => $word ),* }
            }
        }

        impl $crate::shape::Read for $name {
            fn read(node: &$crate::document::Node<'_>, reader: &mut $crate::shape::Reader<'_, '_>) -> Option<$name> {
                match node.as_str() {
                    $( Some($word) => Some($name::$variant), )*
                    _ => $crate::shape::macros::wrong_word(node, reader, $name::WORDS),
                }
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                std::borrow::Cow::Borrowed(stringify!($name))
            }

            fn json_schema(_generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "description": $crate::shape::macros::prose(&[$($about),*]), "enum": [$($word),*] })
            }
        }
    };
}

/// The rule of a key; without one, that of the object around it.
macro_rules! rule_or_default {
    () => {
        None
    };
    ($rule:literal) => {
        Some($rule)
    };
}

macro_rules! is_required {
    () => {
        false
    };
    (required) => {
        true
    };
}

pub(crate) use {is_required, keyword, rule_or_default, shape};

use crate::document::Node;
use crate::shape::{Reader, Unknown, nearest};

/// Doc comment lines as one text.
pub(crate) fn prose(lines: &[&str]) -> String {
    lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ").trim().to_owned()
}

/// A schema with a description of its own.
pub(crate) fn describe(mut schema: schemars::Schema, lines: &[&str]) -> serde_json::Value {
    let text = prose(lines);
    if !text.is_empty() {
        schema.insert("description".to_owned(), serde_json::Value::String(text));
    }
    schema.to_value()
}

/// The schema of an object shape.
pub(crate) fn object_schema(
    about: &[&str],
    properties: &serde_json::Map<String, serde_json::Value>,
    required: &[&str],
    policy: Unknown,
) -> schemars::Schema {
    let mut schema = schemars::json_schema!({ "description": prose(about), "type": "object", "properties": properties });
    if !required.is_empty() {
        schema.insert("required".to_owned(), serde_json::json!(required));
    }
    if policy == Unknown::Error {
        schema.insert("patternProperties".to_owned(), serde_json::json!({ "^[_$]": true }));
        schema.insert("additionalProperties".to_owned(), serde_json::json!(false));
    }
    schema
}

/// Reports a word outside a closed set, with the nearest one.
pub(crate) fn wrong_word<T>(node: &Node<'_>, reader: &mut Reader<'_, '_>, words: &[&'static str]) -> Option<T> {
    let listed = words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    let near = node.as_str().and_then(|word| nearest(word, words));
    reader.wrong::<T>(node, &format!("one of {listed}"));
    if let (Some(near), Some(finding)) = (near, reader.problems.last_mut()) {
        finding.help = std::borrow::Cow::Owned(format!("did you mean `{near}`?"));
    }
    None
}
