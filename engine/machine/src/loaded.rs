//! A graph made ready to be walked.

use tenon_graph::Graph;

/// A graph with its programs loaded once.
#[derive(Debug)]
pub struct LoadedGraph {
    /// The graph.
    pub graph: Graph,
}
