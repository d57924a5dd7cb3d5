//! What comes in: deliveries, duplicate marks, cursors.

use minicbor::{Decode, Encode};

use crate::key::Key;

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(index_only)]
pub enum Acceptance {
    /// It started a task.
    #[n(0)]
    #[default]
    Accepted,
    /// It had come before.
    #[n(1)]
    Duplicate,
    /// It was refused (signature, shape).
    #[n(2)]
    Rejected,
}

/// A received webhook.
#[derive(Debug, Clone, PartialEq, Default, Encode, Decode)]
pub struct DeliveryRow {
    /// When it came.
    #[n(0)]
    pub at_ms: i64,
    /// `delivery_…`.
    #[n(1)]
    pub id: String,
    /// The connection it came in at.
    #[n(2)]
    pub connection: String,
    /// Its topic.
    #[n(3)]
    pub topic: String,
    /// What became of it.
    #[n(4)]
    pub acceptance: Acceptance,
    /// Why it was not accepted.
    #[n(5)]
    pub reason: Option<String>,
    /// The sender's own id of it.
    #[n(6)]
    pub external_id: Option<String>,
    /// The record it speaks of.
    #[n(7)]
    pub record: Option<String>,
    /// The task it started.
    #[n(8)]
    pub task: Option<String>,
    /// The raw bytes.
    #[cbor(n(9), with = "minicbor::bytes")]
    pub body: Vec<u8>,
    /// The headers worth keeping (never a signature or credential).
    #[n(10)]
    pub headers: Vec<(String, String)>,
}

impl DeliveryRow {
    /// Its name.
    #[must_use]
    pub fn key(&self) -> Key {
        Key::Delivery { at_ms: self.at_ms, id: self.id.clone() }
    }
}

/// "This was here before."
#[derive(Debug, Clone, PartialEq, Default, Encode, Decode)]
pub struct MarkRow {
    /// What kind of mark, with its account or pair.
    #[n(0)]
    pub scope: String,
    /// What was here.
    #[n(1)]
    pub value: String,
    /// When it was first here.
    #[n(2)]
    pub at_ms: i64,
    /// The delivery or task that left it.
    #[n(3)]
    pub by: String,
}

impl MarkRow {
    /// Its name.
    #[must_use]
    pub fn key(&self) -> Key {
        Key::Mark { scope: self.scope.clone(), value: self.value.clone() }
    }
}

/// How far a poll has come: the time history.
#[derive(Debug, Clone, PartialEq, Default, Encode, Decode)]
pub struct CursorRow {
    /// Pair and flow, as the engine spells it.
    #[n(0)]
    pub name: String,
    /// The peer's own mark, as JSON.
    #[n(1)]
    pub value: String,
    /// When it moved.
    #[n(2)]
    pub at_ms: i64,
}

impl CursorRow {
    /// Its name.
    #[must_use]
    pub fn key(&self) -> Key {
        Key::Cursor { name: self.name.clone() }
    }
}
