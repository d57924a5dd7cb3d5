//! Content addresses of graphs.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::Graph;

/// The SHA-256 of a graph's canonical JSON.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GraphHash([u8; 32]);

/// A text is no graph hash.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no graph hash: 64 hexadecimal digits were expected")]
pub struct BadHash(String);

impl GraphHash {
    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// From bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> GraphHash {
        GraphHash(bytes)
    }

    /// The first twelve digits, for people.
    #[must_use]
    pub fn short(&self) -> String {
        self.to_string().chars().take(12).collect()
    }
}

impl Graph {
    /// The graph as canonical JSON: fields in declaration order, maps sorted.
    ///
    /// # Errors
    /// Never for a graph that was compiled; the error is serde's own.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    /// Reads what [`Graph::to_json`] wrote.
    ///
    /// # Errors
    /// When the text is no graph of an edition that this build knows.
    pub fn from_json(text: &str) -> Result<Graph, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// Its content address.
    ///
    /// # Errors
    /// As [`Graph::to_json`].
    pub fn hash(&self) -> Result<GraphHash, serde_json::Error> {
        Ok(GraphHash(Sha256::digest(self.to_json()?.as_bytes()).into()))
    }

    /// The node of an id.
    #[must_use]
    pub fn node(&self, id: &str) -> Option<&crate::Node> {
        self.nodes.iter().find(|node| node.id == id)
    }
}

impl fmt::Display for GraphHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for GraphHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.short())
    }
}

impl From<GraphHash> for String {
    fn from(hash: GraphHash) -> String {
        hash.to_string()
    }
}

impl TryFrom<String> for GraphHash {
    type Error = BadHash;

    fn try_from(text: String) -> Result<GraphHash, BadHash> {
        let mut bytes = [0_u8; 32];
        hex::decode_to_slice(&text, &mut bytes).map_err(|_| BadHash(text))?;
        Ok(GraphHash(bytes))
    }
}
