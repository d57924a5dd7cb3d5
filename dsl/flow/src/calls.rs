//! Flows that start each other in a circle.

use std::collections::{BTreeMap, BTreeSet};

use tenon_source::{Diagnostic, Span};

use crate::shape::Found;

/// Reports every circle of flows that start each other once, at the `run:` or the schedule's `after:`
/// that closes it.
pub(crate) fn check(runs: &BTreeMap<String, Vec<(String, Span)>>, found: &mut Found) {
    let mut done = BTreeSet::new();
    for flow in runs.keys() {
        walk(runs, flow, &mut vec![flow.clone()], &mut done, found);
    }
}

fn walk(
    runs: &BTreeMap<String, Vec<(String, Span)>>,
    flow: &str,
    path: &mut Vec<String>,
    done: &mut BTreeSet<String>,
    found: &mut Found,
) {
    if done.contains(flow) {
        return;
    }
    for (child, span) in runs.get(flow).map_or(&[][..], |list| &list[..]) {
        if let Some(at) = path.iter().position(|name| name == child) {
            let mut circle: Vec<&str> = path.iter().skip(at).map(String::as_str).collect();
            circle.push(child);
            let message = format!("flows run each other in a circle: {}", circle.join(" → "));
            found.push(Diagnostic::error("F016", span.clone(), message));
            continue;
        }
        path.push(child.clone());
        walk(runs, child, path, done, found);
        path.pop();
    }
    done.insert(flow.to_owned());
}
