//! Applying fixes to a text.

use crate::Fix;

/// The text with the fixes in it. They belong to one file; of two that touch the same bytes the
/// first wins, and the same fix twice is one.
#[must_use]
pub fn apply_fixes(text: &str, fixes: &[Fix]) -> String {
    let mut sorted: Vec<&Fix> = fixes.iter().collect();
    sorted.sort_by_key(|fix| (fix.span.bytes.start, fix.span.bytes.end));
    let mut made = String::with_capacity(text.len());
    let mut at = 0;
    let mut last: Option<&Fix> = None;
    for fix in sorted {
        let range = fix.span.bytes.clone();
        let (Some(between), Some(_)) = (text.get(at..range.start), text.get(range.clone())) else {
            continue;
        };
        if last == Some(fix) {
            continue;
        }
        made.push_str(between);
        made.push_str(&fix.replacement);
        at = range.end;
        last = Some(fix);
    }
    made.push_str(text.get(at..).unwrap_or(""));
    made
}
