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
    if let Some(node) = node.get("attempts") {
        match node
            .text()
            .and_then(|text| text.trim().parse::<u32>().ok())
            .filter(|n| (1..=1000).contains(n))
        {
            Some(attempts) => retry.attempts = attempts,
            None => found.push(Diagnostic::error(
                "F027",
                node.span.clone(),
                "`attempts` is a whole number from 1 to 1000",
            )),
        }
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

/// A factor in hundredths.
fn percent(text: &str) -> Option<u32> {
    let hundred = Number::parse("100").ok()?;
    let number = Number::parse(text.trim()).ok()?.multiply(hundred).ok()?;
    number.to_i64().filter(|_| number.is_whole()).and_then(|n| u32::try_from(n).ok())
}
