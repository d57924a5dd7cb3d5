//! Reading a document: bytes to a tree in which every node knows its place.
//!
//! Everything that can be said about a document is said in one pass. Only a break of YAML's own
//! syntax ends it, since nothing after such a place can be trusted.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, StrInput, StructureStyle};

use crate::place::Segments;
use crate::syntax::explain;
use crate::{Diagnostic, Document, File, Node, NodeKind, Scalar, Span, Style};

/// Largest document, in bytes.
pub const MAX_BYTES: usize = 1 << 20;

/// Deepest nesting of lists and mappings.
pub const MAX_DEPTH: usize = 64;

/// Most nodes that aliases may copy before they are left out.
const MAX_COPIED: usize = 1_000;

/// Most findings about one document's YAML. A person reads the first few, and each costs a search for
/// its line.
const MOST_FINDINGS: usize = 200;

/// Takes bytes as a file. What is no UTF-8 is a finding and stands as `U+FFFD` in the text.
#[must_use]
pub fn decode(path: &str, bytes: &[u8]) -> (Arc<File>, Vec<Diagnostic>) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (Arc::new(File { path: path.to_owned(), text: text.to_owned() }), Vec::new()),
        Err(error) => {
            let text = String::from_utf8_lossy(bytes).into_owned();
            let file = Arc::new(File { path: path.to_owned(), text });
            let at = error.valid_up_to();
            let span = Span::new(&file, at..at + '\u{fffd}'.len_utf8());
            let byte = bytes.get(at).copied().unwrap_or_default();
            let found =
                Diagnostic::error("Y001", span, format!("byte {byte:#04x} here is not UTF-8"))
                    .note("save the file as UTF-8; other encodings are not read");
            (file, vec![found])
        }
    }
}

/// Reads bytes as a document; see [`decode`] and [`load`].
#[must_use]
pub fn load_bytes(path: &str, bytes: &[u8]) -> (Document, Vec<Diagnostic>) {
    let (file, mut found) = decode(path, bytes);
    if !found.is_empty() {
        return (Document { file, root: None }, found);
    }
    let (document, more) = load(file);
    found.extend(more);
    (document, found)
}

/// Reads a document and everything that is wrong with its YAML. The root is none when the document
/// is empty or its syntax broke; otherwise it is whole, with the first of two equal keys.
#[must_use]
pub fn load(file: Arc<File>) -> (Document, Vec<Diagnostic>) {
    let mut found = Vec::new();
    if file.text.len() > MAX_BYTES {
        let message =
            format!("the document has {} bytes; {MAX_BYTES} are the most", file.text.len());
        found.push(Diagnostic::error("Y010", Span::new(&file, 0..0), message));
        return (Document { file, root: None }, found);
    }
    check_characters(&file, &mut found);
    if !found.is_empty() {
        return (Document { file, root: None }, found);
    }
    let base = if file.text.starts_with('\u{feff}') {
        let span = Span::new(&file, 0..3);
        found.push(
            Diagnostic::warning("Y003", span.clone(), "the file begins with a byte order mark")
                .note("UTF-8 needs none, and other tools stumble over it")
                .fix(span, "", true),
        );
        3
    } else {
        0
    };
    let text = file.text.get(base..).unwrap_or("");
    let mut options = granit_parser::Options::default();
    options.set_emit_comments(false);
    options.emit_unresolved_aliases = true;
    options.emit_anchor_events = true;
    options.flow_nesting_limit = MAX_DEPTH;
    options.block_nesting_limit = MAX_DEPTH;
    let mut loader = Loader {
        file: Arc::clone(&file),
        base,
        parser: Parser::new_from_str_with_options(text, options),
        held: None,
        anchors: BTreeMap::new(),
        copied: 0,
        found,
    };
    let root = match loader.document() {
        Ok(root) => root,
        Err(error) => {
            loader.broken(&error);
            None
        }
    };
    let found = few(loader.found);
    (Document { file, root }, found)
}

/// The first of very many findings; the last of them says that there are more.
fn few(mut found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    if found.len() > MOST_FINDINGS {
        found.truncate(MOST_FINDINGS);
        if let Some(last) = found.pop() {
            found.push(last.note("more of these are not shown"));
        }
    }
    found
}

fn check_characters(file: &Arc<File>, found: &mut Vec<Diagnostic>) {
    let bad = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}');
    for (at, c) in file.text.char_indices().filter(|(_, c)| bad(*c)).take(10) {
        let span = Span::new(file, at..at + c.len_utf8());
        let message =
            format!("the control character U+{:04X} cannot stand in a document", u32::from(c));
        found.push(Diagnostic::error("Y002", span.clone(), message).fix(span, "", false));
    }
}

/// An event and the bytes it came from, in the file.
type Spanned<'a> = (Event<'a>, granit_parser::Span);

struct Loader<'a> {
    file: Arc<File>,
    base: usize,
    parser: Parser<'a, StrInput<'a>>,
    held: Option<Spanned<'a>>,
    anchors: BTreeMap<usize, Node>,
    copied: usize,
    found: Vec<Diagnostic>,
}

impl<'a> Loader<'a> {
    fn next(&mut self) -> Result<Spanned<'a>, ScanError> {
        if let Some(held) = self.held.take() {
            return Ok(held);
        }
        match self.parser.next() {
            Some(event) => event,
            None => Ok((Event::StreamEnd, granit_parser::Span::default())),
        }
    }

    fn bytes(&self, span: &granit_parser::Span) -> Range<usize> {
        let place = |marker: &granit_parser::Marker| {
            let at = marker.byte_offset().unwrap_or_default() + self.base;
            at.min(self.file.text.len())
        };
        let start = place(&span.start);
        start..place(&span.end).max(start)
    }

    fn span(&self, span: &granit_parser::Span) -> Span {
        Span::new(&self.file, self.bytes(span))
    }

    fn document(&mut self) -> Result<Option<Node>, ScanError> {
        let mut root = None;
        let mut documents = 0;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => return Ok(root),
                Event::DocumentStart(..) => {
                    documents += 1;
                    if documents == 2 {
                        let message = "a second document begins here; a file holds one";
                        self.found.push(Diagnostic::error("Y011", self.span(&span), message));
                        return Ok(root);
                    }
                }
                Event::StreamStart | Event::DocumentEnd => {}
                other => {
                    self.held = Some((other, span));
                    root = self.node(false)?.filter(|node| !node.is_null());
                }
            }
        }
    }

    /// One node; none for an alias that points nowhere.
    fn node(&mut self, in_flow: bool) -> Result<Option<Node>, ScanError> {
        let (event, span) = self.next()?;
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.refuse_tag(tag.is_some(), &span);
                let node = self.scalar(&text, style, &span, in_flow);
                self.refuse_anchor(anchor)?;
                self.keep(anchor, &node);
                Ok(Some(node))
            }
            Event::SequenceStart(style, anchor, tag) => {
                self.refuse_tag(tag.is_some(), &span);
                self.refuse_anchor(anchor)?;
                let node = self.sequence(&span, in_flow || style == StructureStyle::Flow)?;
                self.keep(anchor, &node);
                Ok(Some(node))
            }
            Event::MappingStart(style, anchor, tag) => {
                self.refuse_tag(tag.is_some(), &span);
                self.refuse_anchor(anchor)?;
                let node = self.mapping(&span, in_flow || style == StructureStyle::Flow)?;
                self.keep(anchor, &node);
                Ok(Some(node))
            }
            Event::Alias(id) => Ok(self.alias(Some(id), &span)),
            Event::UnresolvedAlias(_) => Ok(self.alias(None, &span)),
            other => {
                self.held = Some((other, span));
                Ok(None)
            }
        }
    }

    fn scalar(
        &self,
        text: &str,
        style: ScalarStyle,
        at: &granit_parser::Span,
        in_flow: bool,
    ) -> Node {
        let style = match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted => Style::SingleQuoted,
            ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
            ScalarStyle::Literal => Style::Literal,
            ScalarStyle::Folded => Style::Folded,
        };
        let mut bytes = self.bytes(at);
        if style.is_block() {
            bytes.start = self.header(style, bytes.start);
        }
        let empty = style == Style::Plain && bytes.is_empty();
        let text = if empty { "" } else { text };
        let places = Segments::of(text, style, &self.file.text, bytes.clone());
        if empty {
            bytes = self.behind(bytes.start);
        } else if style.is_block() {
            let raw = self.file.text.get(bytes.clone()).unwrap_or("");
            bytes.end = bytes.start + raw.trim_end().len();
        }
        Node {
            span: Span::new(&self.file, bytes),
            kind: NodeKind::Scalar(Scalar { text: text.to_owned(), style, in_flow, places }),
        }
    }

    /// The place of an empty value: behind the key or dash before it, on that line.
    fn behind(&self, at: usize) -> Range<usize> {
        let before = self.file.text.get(..at).unwrap_or("");
        let end = before.trim_end().len();
        let colon = self.file.text.get(end..).is_some_and(|rest| rest.starts_with(':'));
        let end = end + usize::from(colon);
        end..end
    }

    /// Where the `|` or `>` of a block stands whose first line of text begins at `at`.
    fn header(&self, style: Style, at: usize) -> usize {
        let before = self.file.text.get(..at).unwrap_or("").trim_end();
        let line = before.rfind('\n').map_or(0, |at| at + 1);
        let sign = if style == Style::Literal { '|' } else { '>' };
        let ends = |tail: &str| {
            let tail =
                tail.trim_start_matches(|c: char| c == '-' || c == '+' || c.is_ascii_digit());
            let after = tail.trim_start();
            after.is_empty() || (after.len() < tail.len() && after.starts_with('#'))
        };
        before
            .get(line..)
            .unwrap_or("")
            .match_indices(sign)
            .find(|(place, _)| before.get(line + place + 1..).is_some_and(ends))
            .map_or(at, |(place, _)| line + place)
    }

    fn sequence(&mut self, start: &granit_parser::Span, in_flow: bool) -> Result<Node, ScanError> {
        let mut items = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::SequenceEnd | Event::DocumentEnd | Event::StreamEnd) {
                let last = items.last().map(|node: &Node| node.span.bytes.end);
                let span = self.around(start, &span, last);
                return Ok(Node { span, kind: NodeKind::Sequence(items) });
            }
            self.held = Some((event, span));
            items.extend(self.node(in_flow)?);
        }
    }

    fn mapping(&mut self, start: &granit_parser::Span, in_flow: bool) -> Result<Node, ScanError> {
        let mut entries: Vec<(Node, Node)> = Vec::new();
        let mut seen: BTreeMap<String, Span> = BTreeMap::new();
        let mut last = None;
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::MappingEnd | Event::DocumentEnd | Event::StreamEnd) {
                let span = self.around(start, &span, last);
                return Ok(Node { span, kind: NodeKind::Mapping(entries) });
            }
            self.held = Some((event, span));
            let key = self.node(in_flow)?;
            let value = self.node(in_flow)?;
            last = value.as_ref().or(key.as_ref()).map(|node| node.span.bytes.end);
            let (Some(key), Some(value)) = (key, value) else { continue };
            if key.text().is_none_or(str::is_empty) {
                let message = format!("a key must be a word or a text, not {}", key.describe());
                self.found.push(Diagnostic::error("Y012", key.span.clone(), message));
            } else if let Some(first) = key.text().and_then(|text| seen.get(text)) {
                if self.found.len() > MOST_FINDINGS {
                    continue;
                }
                let (line, _) = first.line_column();
                let message = format!("the key `{}` stands here twice", key.text().unwrap_or(""));
                let found = Diagnostic::error("Y005", key.span.clone(), message)
                    .label("the second")
                    .note(format!("the first stands in line {line}; only one of them could count"));
                self.found.push(found);
            } else {
                seen.insert(key.text().unwrap_or_default().to_owned(), key.span.clone());
                entries.push((key, value));
            }
        }
    }

    /// The place of a collection: to the end of its last part in a block, to the bracket otherwise.
    fn around(
        &self,
        start: &granit_parser::Span,
        end: &granit_parser::Span,
        last: Option<usize>,
    ) -> Span {
        let start = self.bytes(start).start;
        let end = self.bytes(end);
        let bracket = self.file.text.get(end.clone()).is_some_and(|text| !text.trim().is_empty());
        let end = if bracket { end.end } else { last.unwrap_or(end.start) };
        Span::new(&self.file, start..end.max(start))
    }

    fn keep(&mut self, anchor: usize, node: &Node) {
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
    }

    fn refuse_tag(&mut self, tagged: bool, span: &granit_parser::Span) {
        if !tagged {
            return;
        }
        let place = span.tag_span().unwrap_or(*span);
        let place = self.span(&place);
        let found = Diagnostic::error("Y008", place.clone(), "YAML tags are not read")
            .note("write the value itself: quotes make a text, everything else says what it is")
            .fix(place, "", false);
        self.found.push(found);
    }

    fn refuse_anchor(&mut self, anchor: usize) -> Result<(), ScanError> {
        if anchor == 0 {
            return Ok(());
        }
        let (event, span) = self.next()?;
        if let Event::Anchor(_, name) = &event {
            let message = format!("the anchor `&{name}` is not read");
            let found = Diagnostic::error("Y007", self.span(&span), message)
                .note("a document says things where they are used; shared pieces stand in files");
            self.found.push(found);
        } else {
            self.held = Some((event, span));
        }
        Ok(())
    }

    fn alias(&mut self, anchor: Option<usize>, span: &granit_parser::Span) -> Option<Node> {
        let place = self.span(span);
        let name = place.text().trim_start_matches('*').to_owned();
        let target = anchor.and_then(|id| self.anchors.get(&id)).cloned();
        let message = match target {
            Some(_) => format!("the alias `*{name}` is not read"),
            None => format!("the alias `*{name}` points to nothing"),
        };
        self.found.push(
            Diagnostic::error("Y007", place, message)
                .note("write the value out; an expression that begins with `*` stands in a block"),
        );
        let target = target?;
        self.copied += count(&target);
        (self.copied <= MAX_COPIED).then_some(target)
    }

    fn broken(&mut self, error: &ScanError) {
        let at = error.marker().byte_offset().unwrap_or_default() + self.base;
        let text = &self.file.text;
        let at = at.min(text.len());
        let len = text.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        let mut span = Span::new(&self.file, at..at + len);
        if span.text().trim().is_empty() {
            span.bytes.end = span.bytes.start;
        }
        let (code, message, note) = explain(error.kind());
        let mut found = Diagnostic::error(code, span, message);
        if !note.is_empty() {
            found = found.note(note);
        }
        self.found.push(found.note("the rest of the document was not read"));
    }
}

fn count(node: &Node) -> usize {
    match &node.kind {
        NodeKind::Scalar(_) => 1,
        NodeKind::Sequence(items) => 1 + items.iter().map(count).sum::<usize>(),
        NodeKind::Mapping(entries) => {
            1 + entries.iter().map(|(key, value)| count(key) + count(value)).sum::<usize>()
        }
    }
}
