//! The tree itself.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::diagnostic::Span;

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Node<'s> {
    pub span: Span,
    pub value: Value<'s>,
}

/// A JSON value; numbers as they were written.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'s> {
    Null,
    Bool(bool),
    /// Valid JSON number text (YAML's other spellings are rewritten to it).
    Number(Cow<'s, str>),
    String(Cow<'s, str>),
    Array(Vec<Node<'s>>),
    /// In order of writing, duplicates included.
    Object(Vec<Member<'s>>),
}

/// A key, where it stands, and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Member<'s> {
    pub key: Cow<'s, str>,
    pub key_span: Span,
    pub value: Node<'s>,
}

impl<'s> Node<'s> {
    /// The member of an object that counts: the last one with this key.
    pub fn get(&self, key: &str) -> Option<&Node<'s>> {
        self.member(key).map(|member| &member.value)
    }

    /// Like [`Node::get`], with the key's own place.
    pub fn member(&self, key: &str) -> Option<&Member<'s>> {
        self.members().iter().rev().find(|member| member.key == key)
    }

    /// The members of an object; none for anything else.
    pub fn members(&self) -> &[Member<'s>] {
        match &self.value {
            Value::Object(members) => members,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => &[],
        }
    }

    /// Key and value of an object as a reader sees them: of duplicate keys the last value, at the first one's place.
    pub fn entries(&self) -> Vec<(&str, &Node<'s>)> {
        let members = self.members();
        let mut entries: Vec<(&str, &Node<'s>)> = Vec::with_capacity(members.len());
        // Comparing all pairs beats hashing in objects of the usual size.
        if members.len() <= 16 {
            for member in members {
                match entries.iter_mut().find(|(key, _)| *key == member.key) {
                    Some((_, value)) => *value = &member.value,
                    None => entries.push((&member.key, &member.value)),
                }
            }
            return entries;
        }
        let mut places = HashMap::with_capacity(members.len());
        for member in members {
            let place = *places.entry(member.key.as_ref()).or_insert(entries.len());
            match entries.get_mut(place) {
                Some((_, value)) => *value = &member.value,
                None => entries.push((&member.key, &member.value)),
            }
        }
        entries
    }

    /// The same tree, owning its texts.
    pub fn into_owned(self) -> Node<'static> {
        let own = |text: Cow<'s, str>| Cow::Owned(text.into_owned());
        let value = match self.value {
            Value::Null => Value::Null,
            Value::Bool(value) => Value::Bool(value),
            Value::Number(text) => Value::Number(own(text)),
            Value::String(text) => Value::String(own(text)),
            Value::Array(items) => Value::Array(items.into_iter().map(Node::into_owned).collect()),
            Value::Object(members) => Value::Object(
                members.into_iter().map(|m| Member { key: own(m.key), key_span: m.key_span, value: m.value.into_owned() }).collect(),
            ),
        };
        Node { span: self.span, value }
    }

    /// The items of an array; none for anything else.
    pub fn items(&self) -> &[Node<'s>] {
        match &self.value {
            Value::Array(items) => items,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => &[],
        }
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        if let Value::String(text) = &self.value { Some(text) } else { None }
    }

    /// `null`, `a boolean`, `a number`, `a string`, `an array` or `an object`: for messages.
    pub fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::Array(_) => "an array",
            Value::Object(_) => "an object",
        }
    }
}
