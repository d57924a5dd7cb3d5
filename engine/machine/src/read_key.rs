//! Stored state a task asks for.

use std::cmp::Ordering;

use tenon_value::{Value, json};

/// Stored state an expression asks for.
#[derive(Debug, Clone)]
pub enum ReadKey {
    /// The row of a table.
    Lookup {
        /// The table's name.
        table: String,
        /// The key.
        key: Value,
    },
    /// The target's id of a source record.
    Reference {
        /// The entity, such as `order`.
        entity: String,
        /// The source's id, as plain text.
        id: String,
    },
    /// What was last sent for a source record.
    Sent {
        /// The entity.
        entity: String,
        /// The source's id, as plain text.
        id: String,
    },
    /// A setting of the integration.
    Setting {
        /// Its name.
        name: String,
    },
}

impl ReadKey {
    /// One text per key, different for different keys.
    #[must_use]
    pub fn canonical(&self) -> String {
        match self {
            ReadKey::Lookup { table, key } => format!("lookup {table} {}", json::write(key)),
            ReadKey::Reference { entity, id } => format!("reference {entity} {id}"),
            ReadKey::Sent { entity, id } => format!("sent {entity} {id}"),
            ReadKey::Setting { name } => format!("setting {name}"),
        }
    }
}

impl PartialEq for ReadKey {
    fn eq(&self, other: &ReadKey) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for ReadKey {}

impl PartialOrd for ReadKey {
    fn partial_cmp(&self, other: &ReadKey) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ReadKey {
    fn cmp(&self, other: &ReadKey) -> Ordering {
        self.canonical().cmp(&other.canonical())
    }
}
