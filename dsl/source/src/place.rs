//! Where each part of a scalar's text stands in the file.
//!
//! A scalar is read twice: by the YAML parser, which gives its text, and here, side by side with
//! that text, which gives the places. The text is the authority: where both disagree the places get
//! coarser, never wrong by more than the scalar itself.

use std::ops::Range;

use crate::Style;

/// A run of text and the bytes it came from; linear when both are equally long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Segment {
    text: usize,
    text_len: usize,
    file: usize,
    file_len: usize,
}

impl Segment {
    fn is_linear(self) -> bool {
        self.text_len == self.file_len
    }
}

/// The runs of one scalar, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Segments(Vec<Segment>);

impl Segments {
    /// The places of a scalar's text. `raw` is the file's text and `at` the bytes of the scalar in it.
    pub(crate) fn of(text: &str, style: Style, raw: &str, at: Range<usize>) -> Segments {
        let Some(source) = raw.get(at.clone()) else { return Segments::default() };
        if style == Style::Plain && source == text {
            return Segments(vec![Segment {
                text: 0,
                text_len: text.len(),
                file: at.start,
                file_len: text.len(),
            }]);
        }
        let mut walk = Walk { text, source, t: 0, s: 0, base: at.start, made: Vec::new() };
        match style {
            Style::Plain | Style::SingleQuoted | Style::DoubleQuoted => walk.flow(style),
            Style::Literal | Style::Folded => walk.block(),
        }
        Segments(walk.made)
    }

    /// The places of a part of the text, for a scalar that holds only that part.
    pub(crate) fn part(&self, range: Range<usize>) -> Segments {
        let cut = self.0.iter().filter_map(|segment| {
            let start = segment.text.max(range.start);
            let end = (segment.text + segment.text_len).min(range.end);
            if start >= end {
                return None;
            }
            let moved = Segment { text: start - range.start, text_len: end - start, ..*segment };
            Some(match segment.is_linear() {
                true => Segment {
                    file: segment.file + (start - segment.text),
                    file_len: end - start,
                    ..moved
                },
                false => moved,
            })
        });
        Segments(cut.collect())
    }

    /// The bytes of a part of the text.
    pub(crate) fn find(&self, range: Range<usize>) -> Option<Range<usize>> {
        let first = self.0.first()?;
        let last = self.0.last()?;
        let start = match self.0.iter().find(|s| range.start < s.text + s.text_len) {
            Some(segment) if range.start < segment.text => segment.file,
            Some(segment) if segment.is_linear() => segment.file + (range.start - segment.text),
            Some(segment) => segment.file,
            None => last.file + last.file_len,
        };
        if range.end <= range.start {
            return Some(start..start);
        }
        let end = match self.0.iter().rev().find(|s| s.text < range.end) {
            Some(segment) if range.end >= segment.text + segment.text_len => {
                segment.file + segment.file_len
            }
            Some(segment) if segment.is_linear() => segment.file + (range.end - segment.text),
            Some(segment) => segment.file + segment.file_len,
            None => first.file,
        };
        Some(start..end.max(start))
    }
}

struct Walk<'a> {
    text: &'a str,
    source: &'a str,
    t: usize,
    s: usize,
    base: usize,
    made: Vec<Segment>,
}

impl Walk<'_> {
    fn rest(&self) -> &str {
        self.source.get(self.s..).unwrap_or("")
    }

    fn next_text(&self) -> Option<char> {
        self.text.get(self.t..).and_then(|rest| rest.chars().next())
    }

    /// Takes `source` bytes as the origin of `text` bytes.
    fn take(&mut self, text: usize, source: usize) {
        let (t, s) = (self.t, self.s + self.base);
        self.t += text;
        self.s += source;
        if text == 0 {
            return;
        }
        if let Some(last) = self.made.last_mut()
            && last.is_linear()
            && text == source
            && last.file + last.file_len == s
        {
            last.text_len += text;
            last.file_len += source;
            return;
        }
        self.made.push(Segment { text: t, text_len: text, file: s, file_len: source });
    }

    fn flow(&mut self, style: Style) {
        if style.is_quoted() {
            self.s += 1;
        }
        while let Some(wanted) = self.next_text() {
            let Some(here) = self.rest().chars().next() else { return };
            if let Some((breaks, len)) = fold(self.rest()) {
                let made = if breaks == 1 { 1 } else { breaks - 1 };
                self.take(made.min(self.text.len() - self.t), len);
            } else if style == Style::SingleQuoted && self.rest().starts_with("''") {
                self.take(1, 2);
            } else if style == Style::DoubleQuoted && here == '\\' {
                self.escape(wanted);
            } else {
                self.take(wanted.len_utf8(), here.len_utf8());
            }
        }
    }

    fn escape(&mut self, wanted: char) {
        let escaped = self.rest().chars().nth(1).unwrap_or(' ');
        let len = match escaped {
            'x' => 4,
            'u' if wanted.len_utf8() == 4 => 12,
            'u' => 6,
            'U' => 10,
            '\n' | '\r' => {
                let after = self.rest().get(1..).unwrap_or("");
                let white = after.len() - after.trim_start_matches([' ', '\t', '\r', '\n']).len();
                let breaks = after.get(..white).unwrap_or("").matches('\n').count();
                self.take(breaks.saturating_sub(1), 1 + white);
                return;
            }
            other => 1 + other.len_utf8(),
        };
        self.take(wanted.len_utf8(), len);
    }

    fn block(&mut self) {
        let header = self.source.find('\n').map_or(self.source.len(), |at| at + 1);
        self.s = header;
        let indent = self.indentation();
        while self.s < self.source.len() {
            let line = self.rest().split('\n').next().unwrap_or("");
            let spaces = line.len() - line.trim_start_matches(' ').len();
            self.s += spaces.min(indent);
            self.line();
        }
    }

    /// Takes the rest of a line and its break.
    fn line(&mut self) {
        loop {
            let Some(here) = self.rest().chars().next() else { return };
            if here == '\n' || self.rest().starts_with("\r\n") {
                let len = if here == '\n' { 1 } else { 2 };
                match self.next_text() {
                    Some(' ' | '\n') => self.take(1, len),
                    _ => self.s += len,
                }
                return;
            }
            match self.next_text() {
                Some(wanted) if wanted == here => self.take(here.len_utf8(), here.len_utf8()),
                _ => self.s += here.len_utf8(),
            }
        }
    }

    /// The indentation that is not part of the text: of the first line with something on it, less
    /// what of it the text kept.
    fn indentation(&self) -> usize {
        let spaces = |line: &str| line.len() - line.trim_start_matches(' ').len();
        let full = |line: &&str| !line.trim().is_empty();
        let there = self.rest().split('\n').find(full).map_or(0, spaces);
        let kept = self.text.split('\n').find(full).map_or(0, spaces);
        there.saturating_sub(kept)
    }
}

/// A line break in a flow scalar with the white space around it: how many breaks, how many bytes.
fn fold(rest: &str) -> Option<(usize, usize)> {
    let white = rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
    let breaks = rest.get(..white)?.matches('\n').count();
    (breaks > 0).then_some((breaks, white))
}
