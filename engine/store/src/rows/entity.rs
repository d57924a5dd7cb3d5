//! What Tenon knows of records on both sides, and what people set.

use minicbor::{Decode, Encode};

use crate::key::Key;

/// Source id and target id of one entity: the duplicate guard.
#[derive(Debug, Clone, PartialEq, Default, Encode, Decode)]
pub struct ReferenceRow {
    /// The pair of accounts.
    #[n(0)]
    pub pair: String,
    /// The entity (`order`, `customer`, `invoice` …).
    #[n(1)]
    pub entity: String,
    /// The id on the source side.
    #[n(2)]
    pub source: String,
    /// Which of several targets of one source; empty for the only one.
    #[n(3)]
    pub part: String,
    /// The id on the target side.
    #[n(4)]
    pub target: String,
    /// The target as people name it.
    #[n(5)]
    pub title: Option<String>,
    /// The task that stored it; none when a person did.
    #[n(6)]
    pub task: Option<String>,
    /// When it was stored.
    #[n(7)]
    pub at_ms: i64,
    /// A person said: never write to the target again.
    #[n(8)]
    pub hands_off: bool,
    /// How it came to be: `created`, `adopted`, `linked`.
    #[n(9)]
    pub origin: String,
}

impl ReferenceRow {
    /// Its name.
    #[must_use]
    pub fn key(&self) -> Key {
        Key::Reference {
            pair: self.pair.clone(),
            entity: self.entity.clone(),
            source: self.source.clone(),
            part: self.part.clone(),
        }
    }
}

/// The document sent last for an entity, to compare the next one with.
#[derive(Debug, Clone, PartialEq, Default, Encode, Decode)]
pub struct SentRow {
    /// The pair of accounts.
    #[n(0)]
    pub pair: String,
    /// The entity.
    #[n(1)]
    pub entity: String,
    /// The source id (with its part, as the engine spells it).
    #[n(2)]
    pub id: String,
    /// What was sent, as JSON.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub document: Vec<u8>,
    /// The task that sent it.
    #[n(4)]
    pub task: String,
    /// When.
    #[n(5)]
    pub at_ms: i64,
    /// The graph whose mapping made it.
    #[n(6)]
    pub graph: String,
}

impl SentRow {
    /// Its name.
    #[must_use]
    pub fn key(&self) -> Key {
        Key::Sent { pair: self.pair.clone(), entity: self.entity.clone(), id: self.id.clone() }
    }
}

/// A setting's value.
#[derive(Debug, Clone, PartialEq, Default, Encode, Decode)]
pub struct SettingRow {
    /// The integration.
    #[n(0)]
    pub scope: String,
    /// The setting.
    #[n(1)]
    pub name: String,
    /// Its value, as JSON.
    #[n(2)]
    pub value: String,
    /// When it was set.
    #[n(3)]
    pub at_ms: i64,
    /// Who set it.
    #[n(4)]
    pub by: String,
}

impl SettingRow {
    /// Its name.
    #[must_use]
    pub fn key(&self) -> Key {
        Key::Setting { scope: self.scope.clone(), name: self.name.clone() }
    }
}

/// One row of a lookup table.
#[derive(Debug, Clone, PartialEq, Default, Encode, Decode)]
pub struct TableRowRow {
    /// The integration.
    #[n(0)]
    pub scope: String,
    /// The table.
    #[n(1)]
    pub table: String,
    /// The row's key, as JSON.
    #[n(2)]
    pub key: String,
    /// The row's value, as JSON.
    #[n(3)]
    pub value: String,
    /// When it was set.
    #[n(4)]
    pub at_ms: i64,
    /// Who set it.
    #[n(5)]
    pub by: String,
}

impl TableRowRow {
    /// Its name.
    #[must_use]
    pub fn key(&self) -> Key {
        Key::TableRow {
            scope: self.scope.clone(),
            table: self.table.clone(),
            key: self.key.clone(),
        }
    }
}
