//! The name of every row, and its ordered bytes.

use crate::codec::{Bytes, Parts};

/// What kind of row. The number is the first byte of a stored key and never changes meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[expect(missing_docs, reason = "each is documented at its row")]
pub enum Table {
    Meta = 1,
    Graph = 2,
    Task = 3,
    Event = 4,
    Timer = 5,
    Lock = 6,
    Reference = 7,
    Sent = 8,
    Cursor = 9,
    Delivery = 10,
    Mark = 11,
    Setting = 12,
    TableRow = 13,
    Secret = 14,
    AccountEvent = 15,
    Audit = 16,
}

impl Table {
    /// Every table.
    pub const ALL: [Table; 16] = [
        Table::Meta,
        Table::Graph,
        Table::Task,
        Table::Event,
        Table::Timer,
        Table::Lock,
        Table::Reference,
        Table::Sent,
        Table::Cursor,
        Table::Delivery,
        Table::Mark,
        Table::Setting,
        Table::TableRow,
        Table::Secret,
        Table::AccountEvent,
        Table::Audit,
    ];

    /// Its number in a stored key.
    #[must_use]
    pub fn number(self) -> u8 {
        self as u8
    }

    /// The table of that number.
    #[must_use]
    pub fn numbered(number: u8) -> Option<Table> {
        Self::ALL.into_iter().find(|t| t.number() == number)
    }
}

/// Parts of the key space that hold no rows of their own: indexes and continued values.
pub(crate) mod area {
    pub(crate) const TASK_BY_STATE: u8 = 40;
    pub(crate) const TASK_OPEN: u8 = 41;
    pub(crate) const TASK_BY_TIME: u8 = 42;
    pub(crate) const TASK_BY_LANE: u8 = 43;
    pub(crate) const TASK_BY_RECORD: u8 = 44;
    pub(crate) const TASK_BY_PARENT: u8 = 45;
    pub(crate) const TIMER_BY_TASK: u8 = 46;
    pub(crate) const LOCK_BY_TASK: u8 = 47;
    pub(crate) const REFERENCE_BY_TARGET: u8 = 48;
    /// Payloads of a task, by content.
    pub(crate) const PAYLOAD: u8 = 60;
    /// The rest of a value longer than one cell.
    pub(crate) const CHUNK: u8 = 61;
}

/// The name of one row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the parts are documented at the row of the same name")]
pub enum Key {
    Meta { name: String },
    Graph { hash: String },
    Task { id: String },
    Event { task: String, n: u64 },
    Timer { due_ms: i64, task: String, id: String },
    Lock { name: String },
    Reference { pair: String, entity: String, source: String, part: String },
    Sent { pair: String, entity: String, id: String },
    Cursor { name: String },
    Delivery { at_ms: i64, id: String },
    Mark { scope: String, value: String },
    Setting { scope: String, name: String },
    TableRow { scope: String, table: String, key: String },
    Secret { account: String, name: String },
    AccountEvent { account: String, n: u64 },
    Audit { at_ms: i64, id: String },
}

impl Key {
    /// Its table.
    #[must_use]
    pub fn table(&self) -> Table {
        match self {
            Key::Meta { .. } => Table::Meta,
            Key::Graph { .. } => Table::Graph,
            Key::Task { .. } => Table::Task,
            Key::Event { .. } => Table::Event,
            Key::Timer { .. } => Table::Timer,
            Key::Lock { .. } => Table::Lock,
            Key::Reference { .. } => Table::Reference,
            Key::Sent { .. } => Table::Sent,
            Key::Cursor { .. } => Table::Cursor,
            Key::Delivery { .. } => Table::Delivery,
            Key::Mark { .. } => Table::Mark,
            Key::Setting { .. } => Table::Setting,
            Key::TableRow { .. } => Table::TableRow,
            Key::Secret { .. } => Table::Secret,
            Key::AccountEvent { .. } => Table::AccountEvent,
            Key::Audit { .. } => Table::Audit,
        }
    }

    /// Its stored bytes; within a table their order is that of the parts.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let head = Bytes::table(self.table().number());
        let bytes = match self {
            Key::Meta { name } | Key::Lock { name } | Key::Cursor { name } => head.text(name),
            Key::Graph { hash } => head.text(hash),
            Key::Task { id } => head.text(id),
            Key::Event { task, n } => head.text(task).number(*n),
            Key::Timer { due_ms, task, id } => head.time(*due_ms).text(task).text(id),
            Key::Reference { pair, entity, source, part } => {
                head.text(pair).text(entity).text(source).text(part)
            }
            Key::Sent { pair, entity, id } => head.text(pair).text(entity).text(id),
            Key::Delivery { at_ms, id } | Key::Audit { at_ms, id } => head.time(*at_ms).text(id),
            Key::Mark { scope, value } => head.text(scope).text(value),
            Key::Setting { scope, name } => head.text(scope).text(name),
            Key::TableRow { scope, table, key } => head.text(scope).text(table).text(key),
            Key::Secret { account, name } => head.text(account).text(name),
            Key::AccountEvent { account, n } => head.text(account).number(*n),
        };
        bytes.0
    }

    /// The key of stored bytes; none when they are no row's.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Key> {
        let (table, mut p) = Parts::of(bytes)?;
        let key = match Table::numbered(table)? {
            Table::Meta => Key::Meta { name: p.text()? },
            Table::Graph => Key::Graph { hash: p.text()? },
            Table::Task => Key::Task { id: p.text()? },
            Table::Event => Key::Event { task: p.text()?, n: p.number()? },
            Table::Timer => Key::Timer { due_ms: p.time()?, task: p.text()?, id: p.text()? },
            Table::Lock => Key::Lock { name: p.text()? },
            Table::Reference => Key::Reference {
                pair: p.text()?,
                entity: p.text()?,
                source: p.text()?,
                part: p.text()?,
            },
            Table::Sent => Key::Sent { pair: p.text()?, entity: p.text()?, id: p.text()? },
            Table::Cursor => Key::Cursor { name: p.text()? },
            Table::Delivery => Key::Delivery { at_ms: p.time()?, id: p.text()? },
            Table::Mark => Key::Mark { scope: p.text()?, value: p.text()? },
            Table::Setting => Key::Setting { scope: p.text()?, name: p.text()? },
            Table::TableRow => Key::TableRow { scope: p.text()?, table: p.text()?, key: p.text()? },
            Table::Secret => Key::Secret { account: p.text()?, name: p.text()? },
            Table::AccountEvent => Key::AccountEvent { account: p.text()?, n: p.number()? },
            Table::Audit => Key::Audit { at_ms: p.time()?, id: p.text()? },
        };
        p.rest().is_empty().then_some(key)
    }
}

/// As people read it: the table and the parts.
impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Key::Meta { name } => write!(f, "meta {name}"),
            Key::Graph { hash } => write!(f, "graph {hash}"),
            Key::Task { id } => write!(f, "task {id}"),
            Key::Event { task, n } => write!(f, "event {n} of {task}"),
            Key::Timer { task, id, .. } => write!(f, "timer {id} of {task}"),
            Key::Lock { name } => write!(f, "lock {name}"),
            Key::Reference { entity, source, part, .. } => {
                write!(f, "reference of {entity} {source}")?;
                if part.is_empty() { Ok(()) } else { write!(f, " ({part})") }
            }
            Key::Sent { entity, id, .. } => write!(f, "document sent for {entity} {id}"),
            Key::Cursor { name } => write!(f, "time history {name}"),
            Key::Delivery { id, .. } => write!(f, "delivery {id}"),
            Key::Mark { scope, value } => write!(f, "mark {value} of {scope}"),
            Key::Setting { scope, name } => write!(f, "setting {name} of {scope}"),
            Key::TableRow { table, key, .. } => write!(f, "row {key} of table {table}"),
            Key::Secret { account, name } => write!(f, "secret {name} of {account}"),
            Key::AccountEvent { account, n } => write!(f, "event {n} of account {account}"),
            Key::Audit { at_ms, id } => write!(f, "audit line {id} of {at_ms}"),
        }
    }
}

/// Task and number of a stored event key.
pub(crate) fn event_key(bytes: &[u8]) -> Option<(String, u64)> {
    let (table, mut parts) = Parts::of(bytes)?;
    if table != Table::Event.number() {
        return None;
    }
    Some((parts.text()?, parts.number()?))
}

#[cfg(test)]
mod tests {
    use super::{Key, Table, area, event_key};

    #[test]
    fn every_table_has_a_number_of_its_own_outside_the_other_areas() {
        for table in Table::ALL {
            assert_eq!(Table::numbered(table.number()), Some(table));
            assert!(table.number() < area::TASK_BY_STATE);
        }
    }

    #[test]
    fn every_key_is_read_back_from_its_bytes_and_nothing_else_is() {
        for row in crate::conformance::samples() {
            let bytes = row.key().to_bytes();
            assert_eq!(Key::parse(&bytes), Some(row.key()));
            assert_eq!(Key::parse(&[bytes.as_slice(), &[7]].concat()), None);
            assert_eq!(Key::parse(&bytes[..bytes.len() - 1]), None);
        }
        assert_eq!(Key::parse(&[area::TASK_OPEN, 0, 1]), None);
    }

    #[test]
    fn events_order_by_task_then_number() {
        let key = |task: &str, n| Key::Event { task: task.into(), n }.to_bytes();
        assert!(key("a", 9) < key("a", 10) && key("a", u64::MAX) < key("b", 0));
        assert_eq!(event_key(&key("a", 10)), Some(("a".to_string(), 10)));
    }
}
