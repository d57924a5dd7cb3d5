//! Places where YAML reads something else than the author of an expression meant.

use crate::{Diagnostic, Node, Style};

/// What is dangerous about a scalar that is meant as an expression: none for the safe ones. Inside
/// `{…}` and `[…]` of YAML only paths, numbers and quoted texts may stand, since a comma or a bracket
/// ends the scalar there; `~`, dates and numbers with leading zeros mean different things to
/// different readers.
#[must_use]
pub fn expression_trap(node: &Node) -> Option<Diagnostic> {
    let scalar = node.scalar()?;
    if scalar.style != Style::Plain {
        return None;
    }
    let text = scalar.text.trim();
    if text == "~" {
        let found = Diagnostic::error("Y015", node.span.clone(), "`~` is not read as a value");
        return Some(found.fix(node.span.clone(), "null", true));
    }
    if is_date(text) {
        let message = format!("`{text}` would be a subtraction; a date is written as text");
        let fix = format!("\"{text}\"");
        return Some(Diagnostic::error("Y015", node.span.clone(), message).fix(
            node.span.clone(),
            fix,
            true,
        ));
    }
    if has_leading_zero(text) {
        let message = format!("`{text}` begins with a zero: a number or a text?");
        let found = Diagnostic::error("Y015", node.span.clone(), message)
            .note("quotes make a text; a number is written without the zero");
        return Some(found.fix(node.span.clone(), format!("\"{text}\""), false));
    }
    if scalar.in_flow && text.chars().any(|c| "|&!%@`#()=<>+*/?:\"'".contains(c)) {
        let message =
            "an expression inside YAML's brackets may only be a path, a number or a quoted text";
        let found = Diagnostic::error("Y014", node.span.clone(), message)
            .note("write the mapping or list over several lines, one value a line");
        return Some(found);
    }
    None
}

fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.get(..10).unwrap_or("").split('-').collect();
    let digits =
        |part: &str, len: usize| part.len() == len && part.chars().all(|c| c.is_ascii_digit());
    matches!(parts.as_slice(), [year, month, day]
        if digits(year, 4) && digits(month, 2) && digits(day, 2))
        && text.get(10..).is_some_and(|rest| rest.is_empty() || rest.starts_with('T'))
}

fn has_leading_zero(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
    digits.len() > 1
        && digits.starts_with('0')
        && text.chars().all(|c| c.is_ascii_digit() || c == '.')
}
