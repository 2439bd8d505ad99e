//! What a pass sees that looks at a whole file, and how it says what changes.

use crate::diagnostic::{Edit, Span};
use crate::document::Node;
use crate::document::edit::Layout;

/// A file and its tree.
#[derive(Debug)]
pub struct Tree<'a> {
    pub(super) layout: Layout<'a>,
    pub(super) root: &'a Node<'a>,
}

/// Changes of one pass. Each is made whole or, where it meets an earlier one, in a later round.
#[derive(Debug, Default)]
pub struct TreeEdits {
    pub(super) changes: Vec<(Span, String, Vec<Edit>)>,
}

impl<'a> Tree<'a> {
    /// The entries, in order.
    pub(super) fn entries(&self) -> &'a [Node<'a>] {
        self.root.get("fixtures").map_or(&[], Node::items)
    }

    /// Every response of an entry.
    pub(super) fn responses(entry: &'a Node<'a>) -> impl Iterator<Item = &'a Node<'a>> {
        let listed = entry.get("responses").map_or(&[][..], Node::items).iter().map(|item| item.get("response").unwrap_or(item));
        entry.get("response").into_iter().chain(listed)
    }

    /// Whether an object or list is written with brackets.
    pub(super) fn is_flow(&self, node: &Node<'_>) -> bool {
        self.layout.text.get(node.span.start..).is_some_and(|rest| rest.starts_with(['{', '[']))
    }

    /// The text that stands at a place.
    pub(super) fn written(&self, span: Span) -> &'a str {
        self.layout.text.get(span.start..span.end).unwrap_or("")
    }

    /// Whether nothing but blanks and line ends stands there.
    pub(super) fn is_free_of_comments(&self, span: Span) -> bool {
        self.written(span).trim().is_empty()
    }

    /// Whether nothing but blanks stands between two offsets, so that no comment gets lost between them.
    pub(super) fn is_blank(&self, start: usize, end: usize) -> bool {
        self.layout.text.get(start..end).is_some_and(|between| between.chars().all(|c| c.is_whitespace() || c == ',' || c == ':'))
    }
}

impl TreeEdits {
    /// A change at a place, with what becomes of what in words.
    pub(super) fn push(&mut self, span: Span, message: impl Into<String>, edits: Vec<Edit>) {
        self.changes.push((span, message.into(), edits));
    }
}
