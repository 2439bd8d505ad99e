//! The tree as the `jsonschema` crate wants to see values.
//!
//! Of duplicate keys the last one counts, as everywhere. Numbers are exact as far as 64 bits reach.

use std::borrow::Cow;

use jsonschema::json::{Array, Json, JsonNumber, Node as JsonNode, NodeIdentity, Object};
use jsonschema::types::JsonType;

use crate::document::{Node, Value, as_f64, as_i64, as_u64, to_json, to_number};

/// Marks validators that run over [`Node`]s: `Validator<Tree>`.
#[derive(Debug)]
pub enum Tree {}

impl Json for Tree {
    type Node<'a> = &'a Node<'a>;
    type PreparedKey = String;
    type StringBuffer = ();

    fn prepare_key(key: &str) -> String {
        key.to_owned()
    }

    fn with_string_node<T>(_buffer: &mut (), string: &str, f: impl FnOnce(Self::Node<'_>) -> T) -> T {
        f(&Node { span: crate::diagnostic::Span::default(), value: Value::String(Cow::Borrowed(string)) })
    }
}

impl<'a> JsonNode<'a, Tree> for &'a Node<'a> {
    type Object = Members<'a>;
    type Array = &'a [Node<'a>];
    type Number = Number<'a>;

    fn as_object(&self) -> Option<Members<'a>> {
        matches!(self.value, Value::Object(_)).then_some(Members(self))
    }

    fn as_array(&self) -> Option<&'a [Node<'a>]> {
        if let Value::Array(items) = &self.value { Some(items) } else { None }
    }

    fn as_string(&self) -> Option<Cow<'a, str>> {
        if let Value::String(text) = &self.value { Some(Cow::Borrowed(text)) } else { None }
    }

    fn as_number(&self) -> Option<Number<'a>> {
        if let Value::Number(text) = &self.value { Some(Number(text)) } else { None }
    }

    fn as_boolean(&self) -> Option<bool> {
        if let Value::Bool(value) = &self.value { Some(*value) } else { None }
    }

    fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    fn json_type(&self) -> JsonType {
        match self.value {
            Value::Null => JsonType::Null,
            Value::Bool(_) => JsonType::Boolean,
            Value::Number(_) => JsonType::Number,
            Value::String(_) => JsonType::String,
            Value::Array(_) => JsonType::Array,
            Value::Object(_) => JsonType::Object,
        }
    }

    fn to_value(&self) -> Cow<'a, serde_json::Value> {
        Cow::Owned(to_json(self))
    }

    fn equals_value(&self, expected: &serde_json::Value) -> bool {
        // `enum` and `const` of texts are the common case, and need no copy.
        match (&self.value, expected) {
            (Value::String(text), serde_json::Value::String(expected)) => text == expected,
            (Value::String(_), _) | (_, serde_json::Value::String(_)) => false,
            _ => jsonschema::json::cmp::equal(&to_json(self), expected),
        }
    }

    fn identity(&self) -> Option<NodeIdentity> {
        Some(NodeIdentity::new(std::ptr::from_ref::<Node<'a>>(self) as usize))
    }
}

/// An object's members; holds nothing but objects.
#[derive(Clone, Copy, Debug)]
pub struct Members<'a>(&'a Node<'a>);

impl<'a> Object<'a, Tree> for Members<'a> {
    type Node = &'a Node<'a>;
    type MemberName = &'a str;
    type MembersIter = std::vec::IntoIter<(&'a str, &'a Node<'a>)>;

    fn len(&self) -> usize {
        self.0.entries().len()
    }

    fn is_empty(&self) -> bool {
        self.0.members().is_empty()
    }

    fn get(&self, key: &String) -> Option<&'a Node<'a>> {
        self.0.get(key)
    }

    fn members(&self) -> Self::MembersIter {
        self.0.entries().into_iter()
    }
}

impl<'a> Array<'a, Tree> for &'a [Node<'a>] {
    type Node = &'a Node<'a>;
    type ElementsIter = std::slice::Iter<'a, Node<'a>>;

    fn len(&self) -> usize {
        <[Node<'a>]>::len(self)
    }

    fn elements(&self) -> Self::ElementsIter {
        self.iter()
    }
}

/// A number by its text.
#[derive(Clone, Copy, Debug)]
pub struct Number<'a>(&'a str);

impl JsonNumber for Number<'_> {
    fn as_u64(&self) -> Option<u64> {
        as_u64(self.0)
    }

    fn as_i64(&self) -> Option<i64> {
        as_i64(self.0)
    }

    fn as_f64(&self) -> Option<f64> {
        Some(as_f64(self.0))
    }

    fn as_str(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.0)
    }

    fn to_number(&self) -> Cow<'_, serde_json::Number> {
        Cow::Owned(to_number(self.0))
    }
}
