//! `retry:`: how faults that pass by themselves are tried again.

use tenon_graph::Retry;
use tenon_source::{Diagnostic, Node};
use tenon_value::Number;

use crate::shape::{self, Found};

/// Reads a retry policy; what it leaves out is as `base` has it.
pub(crate) fn retry(node: &Node, base: &Retry, found: &mut Found) -> Retry {
    let mut retry = base.clone();
    let known = ["attempts", "first", "factor", "max", "within", "jitter"];
    if !shape::keys(node, &known, "`retry`", found) {
        return retry;
    }
    if let Some(node) = node.get("attempts")
        && let Some(attempts) = number(node, "`attempts`", 1000, found)
    {
        retry.attempts = attempts;
    }
    if let Some(node) = node.get("factor") {
        match node.text().and_then(percent).filter(|n| (100..=10_000).contains(n)) {
            Some(percent) => retry.factor_percent = percent,
            None => found.push(Diagnostic::error(
                "F027",
                node.span.clone(),
                "`factor` is a number from 1 to 100 with at most two decimals",
            )),
        }
    }
    for (key, place) in [
        ("first", &mut retry.first_ms),
        ("max", &mut retry.max_ms),
        ("within", &mut retry.within_ms),
    ] {
        if let Some(node) = node.get(key)
            && let Some(ms) = shape::duration(node, &format!("`{key}`"), found)
        {
            *place = ms;
        }
    }
    if let Some(node) = node.get("jitter") {
        // Full jitter is the only kind the engine has; writing it out is allowed.
        shape::word(node, &["full"], "`jitter`", found);
    }
    retry
}

/// `timeout:`: the longest time a step may take, in milliseconds.
pub(crate) fn timeout(node: &Node, found: &mut Found) -> Option<i64> {
    let ms = shape::duration(node, "`timeout`", found)?;
    if ms == 0 {
        let message = "a step that may take no time never ends well";
        found.push(Diagnostic::error("F027", node.span.clone(), message));
    }
    Some(ms)
}

/// A whole number in a range.
pub(crate) fn number(node: &Node, what: &str, most: u32, found: &mut Found) -> Option<u32> {
    let number = node.text().and_then(|text| text.trim().parse::<u32>().ok());
    let number = number.filter(|number| (1..=most).contains(number));
    if number.is_none() {
        let message = format!("{what} is a whole number from 1 to {most}");
        found.push(Diagnostic::error("F027", node.span.clone(), message));
    }
    number
}

/// A factor in hundredths.
fn percent(text: &str) -> Option<u32> {
    let hundred = Number::parse("100").ok()?;
    let number = Number::parse(text.trim()).ok()?.multiply(hundred).ok()?;
    number.to_i64().filter(|_| number.is_whole()).and_then(|n| u32::try_from(n).ok())
}
