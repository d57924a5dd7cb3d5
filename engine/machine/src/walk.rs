//! Walking a graph.

/// How far a task was walked.
#[derive(Debug, Clone)]
pub(crate) struct Place {}
