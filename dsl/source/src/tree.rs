//! The tree a document is read into.

use std::ops::Range;
use std::sync::Arc;

use crate::place::Segments;
use crate::{File, Span};

/// A document that was read: its file and what stands in it.
#[derive(Debug, Clone)]
pub struct Document {
    /// Where it came from.
    pub file: Arc<File>,
    /// What stands in it; none when it is empty or could not be read.
    pub root: Option<Node>,
}

/// One node and the bytes it stands in.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where it stands; of a scalar with its quotes, of a block with its `|` or `>`.
    pub span: Span,
    /// What it is.
    pub kind: NodeKind,
}

/// The three shapes YAML knows.
#[derive(Debug, Clone, PartialEq)]
pub enum NodeKind {
    /// A text, number, or word, not interpreted yet.
    Scalar(Scalar),
    /// A list.
    Sequence(Vec<Node>),
    /// Keys and values, in the order of the document, each key once.
    Mapping(Vec<(Node, Node)>),
}

/// A scalar: its text after YAML's own unescaping and folding.
#[derive(Debug, Clone, PartialEq)]
pub struct Scalar {
    /// The text.
    pub text: String,
    /// How it was written.
    pub style: Style,
    /// Whether it stands inside `{…}` or `[…]` of YAML.
    pub in_flow: bool,
    /// Where each part of the text stands in the file.
    pub(crate) places: Segments,
}

/// How a scalar was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// In `'…'`.
    SingleQuoted,
    /// In `"…"`.
    DoubleQuoted,
    /// A block after `|`.
    Literal,
    /// A block after `>`.
    Folded,
}

impl Style {
    /// Whether it stands in quotes, and so is a text and never an expression.
    #[must_use]
    pub fn is_quoted(self) -> bool {
        matches!(self, Style::SingleQuoted | Style::DoubleQuoted)
    }

    /// Whether it is a block.
    #[must_use]
    pub fn is_block(self) -> bool {
        matches!(self, Style::Literal | Style::Folded)
    }
}

impl Node {
    /// The scalar, if it is one.
    #[must_use]
    pub fn scalar(&self) -> Option<&Scalar> {
        match &self.kind {
            NodeKind::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// The text of a scalar.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.scalar().map(|scalar| scalar.text.as_str())
    }

    /// Whether it is a plain scalar that stands for nothing: empty, `null` or `~`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.scalar().is_some_and(|scalar| {
            scalar.style == Style::Plain && matches!(scalar.text.as_str(), "" | "null" | "~")
        })
    }

    /// The items of a list; none for anything else.
    #[must_use]
    pub fn items(&self) -> &[Node] {
        match &self.kind {
            NodeKind::Sequence(items) => items,
            _ => &[],
        }
    }

    /// The keys and values of a mapping; none for anything else.
    #[must_use]
    pub fn entries(&self) -> &[(Node, Node)] {
        match &self.kind {
            NodeKind::Mapping(entries) => entries,
            _ => &[],
        }
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|(_, value)| value)
    }

    /// The key and the value of a key.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<(&Node, &Node)> {
        let found = self.entries().iter().find(|(name, _)| name.text() == Some(key));
        found.map(|(name, value)| (name, value))
    }

    /// Where a part of the scalar's text stands in the file, through escapes, folding and the
    /// indentation of blocks. For anything else the whole place.
    #[must_use]
    pub fn span_of(&self, range: Range<usize>) -> Span {
        match &self.kind {
            NodeKind::Scalar(scalar) => match scalar.places.find(range) {
                Some(bytes) => Span::new(&self.span.file, bytes),
                None => self.span.clone(),
            },
            _ => self.span.clone(),
        }
    }

    /// A part of a scalar's text as a scalar of its own, standing where that part stands. None for
    /// anything else, and where the range cuts a letter in two.
    #[must_use]
    pub fn part(&self, range: Range<usize>) -> Option<Node> {
        let scalar = self.scalar()?;
        let text = scalar.text.get(range.clone())?.to_owned();
        let span = self.span_of(range.clone());
        let places = scalar.places.part(range);
        let kind = NodeKind::Scalar(Scalar { text, places, ..scalar.clone() });
        Some(Node { span, kind })
    }

    /// What it is, for messages: `a list`, `a mapping`, `nothing`, `a text`.
    #[must_use]
    pub fn describe(&self) -> &'static str {
        match &self.kind {
            NodeKind::Sequence(_) => "a list",
            NodeKind::Mapping(_) => "a mapping",
            NodeKind::Scalar(_) if self.is_null() => "nothing",
            NodeKind::Scalar(scalar) if scalar.style == Style::Plain => "a plain value",
            NodeKind::Scalar(scalar) if scalar.style.is_block() => "a block of text",
            NodeKind::Scalar(_) => "a quoted text",
        }
    }
}
