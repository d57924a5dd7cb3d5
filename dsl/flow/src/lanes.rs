//! Flows that move one kind of record and stand in different lanes: two of their tasks could be at
//! work on one record at the same time.

use std::collections::BTreeMap;

use tenon_graph::Graph;
use tenon_source::{Diagnostic, Node};

use crate::head::Head;
use crate::shape::Found;

/// Warns where two flows that start from the same records, and write the same entity, have different
/// lanes. Flows that only other flows run have no lane of their own: a child stands in its parent's.
pub(crate) fn check(
    graphs: &BTreeMap<String, Graph>,
    heads: &BTreeMap<String, Head>,
    found: &mut Found,
) {
    let started: Vec<&Graph> = graphs.values().filter(|graph| is_started(graph)).collect();
    let lane = |graph: &Graph| heads.get(&graph.flow).and_then(lane);
    for (n, graph) in started.iter().enumerate() {
        let same = |other: &&&Graph| other.from == graph.from && other.entity == graph.entity;
        let Some(other) = started.iter().take(n).filter(same).find(|o| lane(o) != lane(graph))
        else {
            continue;
        };
        // The lane that is written out is the one to look at.
        let place = [graph, other].into_iter().find_map(|graph| {
            let root = heads.get(&graph.flow)?.document.root.as_ref()?;
            root.get("lane").map(|lane: &Node| lane.span.clone())
        });
        let Some(span) = place else { continue };
        let message = format!(
            "`{}` and `{}` move one record in different lanes, and may do so side by side",
            other.flow, graph.flow
        );
        found.push(
            Diagnostic::warning("F048", span, message)
                .note("flows that say nothing share the record's own lane"),
        );
    }
}

fn is_started(graph: &Graph) -> bool {
    let triggers = &graph.triggers;
    !triggers.webhook.is_empty()
        || triggers.poll.is_some()
        || !triggers.manual.is_empty()
        || !triggers.schedules.is_empty()
}

/// What tells two lanes apart, as it was written; none is the record's own.
fn lane(head: &Head) -> Option<&str> {
    let text = head.document.root.as_ref()?.get("lane")?.text()?.trim();
    let source = head.from.as_ref()?;
    let own = format!("{}.{}", source.endpoint.resource, source.key);
    Some(text).filter(|text| *text != own)
}
