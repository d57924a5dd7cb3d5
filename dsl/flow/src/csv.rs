//! Comma-separated values with places: what tables are kept in.

use std::ops::Range;
use std::sync::Arc;

use tenon_source::{Diagnostic, File, Span};

use crate::shape::Found;

/// Largest table file, in bytes.
const MAX_BYTES: usize = 8 << 20;

/// One cell: its text without quotes, and the bytes it stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) text: String,
    pub(crate) at: Range<usize>,
}

/// All rows of a file, empty lines left out.
pub(crate) fn read(file: &Arc<File>, found: &mut Found) -> Vec<Vec<Cell>> {
    if file.text.len() > MAX_BYTES {
        let message = format!("the table has {} bytes; {MAX_BYTES} are the most", file.text.len());
        found.push(Diagnostic::error("F021", Span::new(file, 0..0), message));
        return Vec::new();
    }
    let mut reader = Reader { text: &file.text, at: 0 };
    if reader.text.starts_with('\u{feff}') {
        reader.at = 3;
    }
    let mut rows = Vec::new();
    let mut row = Vec::new();
    while reader.at < reader.text.len() {
        let (cell, closed) = reader.cell();
        if !closed {
            let message = "this cell's closing quote is missing, or text follows it";
            found.push(
                Diagnostic::error("F021", Span::new(file, cell.at.clone()), message)
                    .note("a quote inside a quoted cell is written twice"),
            );
            return rows;
        }
        row.push(cell);
        if !reader.comma() {
            let empty = row.len() == 1 && row.iter().all(|cell: &Cell| cell.text.trim().is_empty());
            let full = std::mem::take(&mut row);
            if !empty {
                rows.push(full);
            }
        } else if reader.at == reader.text.len() {
            row.push(Cell { text: String::new(), at: reader.at..reader.at });
        }
    }
    if !row.is_empty() {
        rows.push(row);
    }
    rows
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }

    /// One cell, and whether it ended well.
    fn cell(&mut self) -> (Cell, bool) {
        let start = self.at;
        if self.rest().starts_with('"') {
            return self.quoted();
        }
        let len = self.rest().find([',', '\n']).unwrap_or(self.rest().len());
        let raw = self.rest().get(..len).unwrap_or("").trim_end_matches('\r').to_owned();
        self.at += len;
        let at = start..start + raw.len();
        (Cell { text: raw, at }, true)
    }

    fn quoted(&mut self) -> (Cell, bool) {
        let start = self.at;
        self.at += 1;
        let mut text = String::new();
        loop {
            let Some(len) = self.rest().find('"') else {
                self.at = self.text.len();
                return (Cell { text, at: start..start + 1 }, false);
            };
            text.push_str(self.rest().get(..len).unwrap_or(""));
            self.at += len + 1;
            if !self.rest().starts_with('"') {
                break;
            }
            text.push('"');
            self.at += 1;
        }
        let at = start..self.at;
        let after = self.rest();
        let good = after.is_empty() || after.starts_with([',', '\n']) || after.starts_with("\r\n");
        if after.starts_with("\r\n") {
            self.at += 1;
        }
        (Cell { text, at }, good)
    }

    /// Passes the comma or line break behind a cell; whether the row goes on.
    fn comma(&mut self) -> bool {
        let comma = self.rest().starts_with(',');
        self.at = (self.at + 1).min(self.text.len());
        comma
    }
}
