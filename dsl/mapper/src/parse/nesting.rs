//! Refuses texts that nest too deeply, before the recursive parser sees them.

use std::ops::Range;

use super::{MAX_BYTES, MAX_NESTING, SyntaxError};

/// Words that open a form which may hold another of its kind without a bracket.
const PREFIXES: [&str; 5] = ["if", "try", "let", "match", "not"];

pub(super) fn too_deep(span: Range<usize>) -> SyntaxError {
    SyntaxError {
        code: "M029",
        message: "this expression is nested too deeply".to_owned(),
        note: Some("name parts of it with `let:`, or move it to a script".to_owned()),
        span,
    }
}

/// Counts brackets (in texts too, since holes nest) and prefix words.
pub(super) fn check(text: &str, template: bool) -> Result<(), SyntaxError> {
    if text.len() > MAX_BYTES {
        return Err(SyntaxError {
            code: "M029",
            message: format!("this expression has more than {MAX_BYTES} bytes"),
            note: Some("name parts of it with `let:`, or move it to a script".to_owned()),
            span: 0..text.len(),
        });
    }
    let mut open = 0_usize;
    let mut prefixes = 0_usize;
    let mut minuses = 0_usize;
    let mut word_start = None;
    for (at, letter) in text.char_indices() {
        if letter.is_ascii_alphanumeric() || letter == '_' {
            word_start.get_or_insert(at);
            minuses = 0;
            continue;
        }
        if let Some(start) = word_start.take() {
            let word = text.get(start..at).unwrap_or_default();
            if !template && PREFIXES.contains(&word) {
                prefixes = prefixes.saturating_add(1);
            }
        }
        match letter {
            '(' | '[' | '{' => open = open.saturating_add(1),
            ')' | ']' | '}' => open = open.saturating_sub(1),
            '-' => minuses = minuses.saturating_add(1),
            ' ' | '\n' | '\r' | '\t' => {}
            _ => minuses = 0,
        }
        if open > MAX_NESTING || prefixes > MAX_NESTING || (minuses > MAX_NESTING && !template) {
            return Err(too_deep(at..at.saturating_add(letter.len_utf8())));
        }
    }
    Ok(())
}
