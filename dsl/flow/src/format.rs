//! Formatting of documents: comments stay, meaning stays, and a second run changes nothing.
//!
//! Line ends, white space at ends of lines, runs of empty lines and the space behind a key's colon
//! are brought to one form. An expression that YAML reads as something else, because of a `: ` or a
//! ` #` in it, moves into a block scalar. Whatever comes out is read again and must say the same;
//! otherwise nothing is changed.

use std::sync::Arc;

use tenon_source::{Diagnostic, Document, File, Node, NodeKind, Severity, Style, load};

/// Expressions that are moved at most before a document counts as broken.
const MOST_MOVES: usize = 200;

/// The formatted text of a document.
///
/// # Errors
/// What breaks its YAML, where that can't be mended by moving an expression into a block.
pub fn format(file: &File) -> Result<String, Vec<Diagnostic>> {
    let before = read(&file.path, file.text.clone()).0;
    let plain = plain_lines(&file.text);
    let (readable, mut document) = readable(&file.path, plain.clone())?;
    let text = move_cut_expressions(&file.path, readable, &mut document);
    let tidied = tidy(&text, &document);
    // What was moved is measured by what it became; everything else by what the file said.
    let wanted = if text == plain { &before.root } else { &document.root };
    let says =
        |text: &str| same(wanted.as_ref(), read(&file.path, text.to_owned()).0.root.as_ref());
    Ok([tidied, text].into_iter().find(|text| says(text)).unwrap_or_else(|| file.text.clone()))
}

fn read(path: &str, text: String) -> (Document, Vec<Diagnostic>) {
    load(Arc::new(File { path: path.to_owned(), text }))
}

/// No byte order mark, `\n` at the end of every line and of the document, none at its beginning.
fn plain_lines(text: &str) -> String {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let body = text.trim_start_matches('\n').trim_end();
    if body.is_empty() { String::new() } else { format!("{body}\n") }
}

/// The text with expressions that break its YAML moved into blocks, and its document.
fn readable(path: &str, mut text: String) -> Result<(String, Document), Vec<Diagnostic>> {
    for _ in 0..MOST_MOVES {
        let (document, found) = read(path, text.clone());
        if document.root.is_some() || found.iter().all(|d| d.severity != Severity::Error) {
            return Ok((text, document));
        }
        let line = found.iter().find(|d| d.code == "Y004").map(|d| d.span.line_column().0);
        match line.and_then(|line| into_block(&text, line)) {
            Some(moved) => text = moved,
            None => return Err(found),
        }
    }
    Err(read(path, text).1)
}

/// A scalar that a comment cuts short, where only with the comment it is an expression.
fn move_cut_expressions(path: &str, mut text: String, document: &mut Document) -> String {
    for _ in 0..MOST_MOVES {
        let Some(line) = document.root.as_ref().and_then(|root| cut_short(root, &text)) else {
            return text;
        };
        let Some(moved) = into_block(&text, line) else { return text };
        let (next, _) = read(path, moved.clone());
        if next.root.is_none() {
            return text;
        }
        *document = next;
        text = moved;
    }
    text
}

fn cut_short(node: &Node, text: &str) -> Option<usize> {
    match &node.kind {
        NodeKind::Sequence(items) => items.iter().find_map(|item| cut_short(item, text)),
        NodeKind::Mapping(entries) => entries.iter().find_map(|(_, value)| cut_short(value, text)),
        NodeKind::Scalar(scalar) if scalar.style == Style::Plain && !scalar.in_flow => {
            let rest = text.get(node.span.bytes.end..)?.lines().next().unwrap_or_default();
            if !rest.trim_start().starts_with('#') || parses(&scalar.text) {
                return None;
            }
            let whole = format!("{}{}", scalar.text, rest.trim_end());
            parses(&whole).then(|| node.span.line_column().0)
        }
        NodeKind::Scalar(_) => None,
    }
}

fn parses(text: &str) -> bool {
    tenon_mapper::parse::expression(text).is_ok()
}

/// A line `key: value` or `- value` with its value in a block of its own.
fn into_block(text: &str, line: usize) -> Option<String> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let at = line.checked_sub(1)?;
    let found = lines.get(at)?.clone();
    let indent = found.len() - found.trim_start_matches([' ', '-']).len();
    let body = found.get(indent..)?;
    let (head, value) = match body.split_once(": ") {
        Some((key, value)) if is_key(key) => (format!("{key}: "), value),
        _ => (String::new(), body),
    };
    let value = value.trim();
    let quoted = value.starts_with(['"', '\'', '|', '>', '{', '[']);
    if value.is_empty() || quoted || !parses(value) {
        return None;
    }
    let start = found.get(..indent)?;
    let deeper = " ".repeat(indent + if head.is_empty() { 0 } else { 2 });
    *lines.get_mut(at)? = format!("{start}{head}|-");
    lines.insert(line, format!("{deeper}{value}"));
    Some(lines.join("\n") + "\n")
}

fn is_key(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || "_.-/".contains(c))
}

/// White space in its one form.
fn tidy(text: &str, document: &Document) -> String {
    let mut blocks = Vec::new();
    let mut cuts = Vec::new();
    if let Some(root) = &document.root {
        collect(root, &mut blocks, &mut cuts);
    }
    let mut spaced = text.to_owned();
    cuts.sort_by_key(|(start, _)| std::cmp::Reverse(*start));
    for (start, end) in cuts {
        if spaced.get(start..end).is_some_and(|gap| gap.trim() == ":" && !gap.contains('\n')) {
            spaced.replace_range(start..end, ": ");
        }
    }
    let inside = |line: usize| blocks.iter().any(|(from, to)| (*from..*to).contains(&line));
    let mut out = String::with_capacity(spaced.len());
    let mut empty = false;
    for (n, line) in spaced.lines().enumerate() {
        if inside(n + 1) {
            out.push_str(line);
            out.push('\n');
            empty = false;
            continue;
        }
        let line = line.trim_end();
        if line.is_empty() && empty {
            continue;
        }
        empty = line.is_empty();
        out.push_str(line);
        out.push('\n');
    }
    out
}

/// Lines of scalars that span several, and what stands between keys and their values.
fn collect(node: &Node, blocks: &mut Vec<(usize, usize)>, cuts: &mut Vec<(usize, usize)>) {
    match &node.kind {
        NodeKind::Scalar(_) => {
            let (from, to) = (node.span.line_column().0, node.span.end_line_column().0);
            if from < to {
                blocks.push((from + 1, to + 1));
            }
        }
        NodeKind::Sequence(items) => items.iter().for_each(|item| collect(item, blocks, cuts)),
        NodeKind::Mapping(entries) => {
            for (key, value) in entries {
                if value.span.bytes.start > key.span.bytes.end {
                    cuts.push((key.span.bytes.end, value.span.bytes.start));
                }
                collect(value, blocks, cuts);
            }
        }
    }
}

/// Whether two documents say the same.
fn same(a: Option<&Node>, b: Option<&Node>) -> bool {
    match (a.map(|node| &node.kind), b.map(|node| &node.kind)) {
        (None, None) => true,
        (Some(NodeKind::Scalar(x)), Some(NodeKind::Scalar(y))) => {
            x.text == y.text && x.style == y.style
        }
        (Some(NodeKind::Sequence(x)), Some(NodeKind::Sequence(y))) => {
            x.len() == y.len() && x.iter().zip(y).all(|(x, y)| same(Some(x), Some(y)))
        }
        (Some(NodeKind::Mapping(x)), Some(NodeKind::Mapping(y))) => {
            x.len() == y.len()
                && x.iter()
                    .zip(y)
                    .all(|((k, v), (l, w))| k.text() == l.text() && same(Some(v), Some(w)))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn formatted(text: &str) -> String {
        let file = File { path: "a.map.yaml".to_owned(), text: text.to_owned() };
        let once = format(&file).unwrap();
        let again = format(&File { path: "a.map.yaml".to_owned(), text: once.clone() }).unwrap();
        assert_eq!(once, again, "a second run changes something");
        once
    }

    #[test]
    fn white_space_gets_one_form_and_comments_stay() {
        let text = "\u{feff}\r\n# head\r\nmapping:   order  \r\n\r\n\r\n\r\nfields:\r\n  A:  order.name   # why\r\n";
        let wanted = "# head\nmapping: order\n\nfields:\n  A: order.name   # why\n";
        assert_eq!(formatted(text), wanted);
    }

    #[test]
    fn an_expression_that_yaml_would_break_at_moves_into_a_block() {
        let text = "fields:\n  A: order.name // \"a: b\"\n  B: 1\n";
        assert_eq!(formatted(text), "fields:\n  A: |-\n    order.name // \"a: b\"\n  B: 1\n");
    }

    #[test]
    fn an_expression_that_a_comment_would_cut_moves_into_a_block() {
        let text = "fields:\n  A: drop_prefix(order.name, \"no #\")\n  B: 1 # one\n";
        let wanted = "fields:\n  A: |-\n    drop_prefix(order.name, \"no #\")\n  B: 1 # one\n";
        assert_eq!(formatted(text), wanted);
    }

    #[test]
    fn blocks_and_texts_over_several_lines_are_left_as_they_are() {
        let text = "a: |-\n  one\n\n\n  two\nb: \"x\n\n\n  y\"\n";
        assert_eq!(formatted(text), text);
    }

    #[test]
    fn what_an_end_of_a_file_means_is_kept() {
        for text in ["a: |+\n  one\n\n\n", "a: |\n  one  \n", "a: \"x\\\n  y\"\n"] {
            assert_eq!(formatted(text), text);
        }
        assert_eq!(formatted("a: >\n  one\n\n\n\nb: 1\n\n\n"), "a: >\n  one\n\nb: 1\n");
    }

    #[test]
    fn what_cannot_be_read_is_told_and_the_shipped_documents_stay_as_they_are() {
        let file = File { path: "a.map.yaml".to_owned(), text: "a: [1\nb: \"x\n".to_owned() };
        assert!(format(&file).is_err());
        let shipped = include_str!("../../../workflows/shopify-fortnox/order.map.yaml");
        assert_eq!(formatted(shipped), shipped);
    }
}
