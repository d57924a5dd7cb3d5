//! A commit: all of it or none.

use crate::key::Key;
use crate::rows::Row;

/// A place in the order of commits; also the version of every row that commit wrote. From 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position(pub u64);

/// What must be so when the commit's turn comes. Judged in the order of commits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Precondition {
    /// No such row.
    Absent(Key),
    /// There is such a row, of any version.
    Present(Key),
    /// The row was last written by the commit at this position.
    Version(Key, Position),
}

impl Precondition {
    /// The key it speaks of.
    #[must_use]
    pub fn key(&self) -> &Key {
        match self {
            Self::Absent(key) | Self::Present(key) | Self::Version(key, _) => key,
        }
    }
}

/// One change of a commit.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly every op is a row; boxing each would cost more"
)]
pub enum Op {
    /// Writes a row, in place of the one with the same key if there is one.
    Put(Row),
    /// Removes a row; none there is fine.
    Delete(Key),
    /// Removes every event and payload of a task (not its summary row).
    DropJournal {
        /// The task.
        task: String,
    },
}

/// What is to happen together. Later ops win over earlier ones of the same key.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Commit {
    /// Judged first, all of them, before any op.
    pub pre: Vec<Precondition>,
    /// Done in order.
    pub ops: Vec<Op>,
}

impl Commit {
    /// An empty commit.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a row to write.
    #[must_use]
    pub fn put(mut self, row: impl Into<Row>) -> Self {
        self.ops.push(Op::Put(row.into()));
        self
    }

    /// Adds a row to remove.
    #[must_use]
    pub fn delete(mut self, key: Key) -> Self {
        self.ops.push(Op::Delete(key));
        self
    }

    /// Requires that there is no such row.
    #[must_use]
    pub fn absent(mut self, key: Key) -> Self {
        self.pre.push(Precondition::Absent(key));
        self
    }

    /// Requires that the row was last written at `version`.
    #[must_use]
    pub fn version(mut self, key: Key, version: Position) -> Self {
        self.pre.push(Precondition::Version(key, version));
        self
    }

    /// Puts the other's preconditions and ops behind this one's.
    #[must_use]
    pub fn and(mut self, other: Commit) -> Self {
        self.pre.extend(other.pre);
        self.ops.extend(other.ops);
        self
    }
}
