//! The rows: what is kept, field by field. Times are milliseconds since 1970, UTC.
//!
//! A field's number is its stored name: it never changes meaning, new fields are optional.

mod account;
mod entity;
mod intake;
mod task;

pub use account::{AccountEventRow, AuditRow, MetaRow, SecretRow};
pub use entity::{ReferenceRow, SentRow, SettingRow, TableRowRow};
pub use intake::{Acceptance, CursorRow, DeliveryRow, MarkRow};
pub use task::{EventRow, GraphRow, LockRow, TaskRow, TimerRow};

use crate::key::{Key, Table};

macro_rules! rows {
    ($($name:ident: $row:ident,)*) => {
        /// One row of any table.
        #[derive(Debug, Clone, PartialEq)]
        #[expect(missing_docs, reason = "documented at the row's type")]
        #[expect(clippy::large_enum_variant, reason = "boxing each would cost more")]
        pub enum Row { $($name($row),)* }

        $(impl From<$row> for Row {
            fn from(row: $row) -> Self { Row::$name(row) }
        }

        impl TryFrom<Row> for $row {
            type Error = Row;

            /// The row of this table, or the row back.
            fn try_from(row: Row) -> Result<Self, Row> {
                match row {
                    Row::$name(row) => Ok(row),
                    other => Err(other),
                }
            }
        })*

        impl Row {
            /// Its name.
            #[must_use]
            pub fn key(&self) -> Key {
                match self { $(Row::$name(row) => row.key(),)* }
            }

            /// Its fields as numbered CBOR.
            #[must_use]
            pub(crate) fn encode(&self) -> Vec<u8> {
                let mut out = Vec::with_capacity(128);
                // Writing into a vector can't fail.
                let _ = match self { $(Row::$name(row) => minicbor::encode(row, &mut out),)* };
                out
            }

            pub(crate) fn decode(table: Table, bytes: &[u8]) -> Result<Row, String> {
                match table {
                    $(Table::$name => minicbor::decode::<$row>(bytes)
                        .map(Row::$name).map_err(|e| e.to_string()),)*
                }
            }
        }
    };
}

rows! {
    Meta: MetaRow,
    Graph: GraphRow,
    Task: TaskRow,
    Event: EventRow,
    Timer: TimerRow,
    Lock: LockRow,
    Reference: ReferenceRow,
    Sent: SentRow,
    Cursor: CursorRow,
    Delivery: DeliveryRow,
    Mark: MarkRow,
    Setting: SettingRow,
    TableRow: TableRowRow,
    Secret: SecretRow,
    AccountEvent: AccountEventRow,
    Audit: AuditRow,
}

#[cfg(test)]
mod tests {
    use minicbor::Encode;

    use super::{Row, TimerRow};
    use crate::conformance::{Dice, samples};
    use crate::key::Table;

    #[test]
    fn bytes_that_are_no_row_are_an_error_and_nothing_worse() {
        let mut dice = Dice::new(7);
        let samples: Vec<Vec<u8>> = samples().iter().map(Row::encode).collect();
        for round in 0..10_000 {
            let mut bytes = samples[round % samples.len()].clone();
            for _ in 0..=dice.below(3) {
                let place = usize::try_from(dice.below(bytes.len() as u64)).unwrap();
                bytes[place] = u8::try_from(dice.below(256)).unwrap();
            }
            bytes.truncate(usize::try_from(dice.below(bytes.len() as u64 + 1)).unwrap());
            for table in Table::ALL {
                let _ = Row::decode(table, &bytes);
            }
        }
    }

    #[test]
    fn a_field_of_a_later_version_is_skipped() {
        #[derive(Encode)]
        struct Later {
            #[n(0)]
            due_ms: i64,
            #[n(1)]
            task: String,
            #[n(2)]
            id: String,
            #[n(3)]
            colour: Vec<String>,
        }
        let later = Later {
            due_ms: 4,
            task: "t".into(),
            id: "retry".into(),
            colour: vec!["blue".into(), "green".into()],
        };
        let bytes = minicbor::to_vec(later).unwrap();
        let row = TimerRow { due_ms: 4, task: "t".into(), id: "retry".into() };
        assert_eq!(Row::decode(Table::Timer, &bytes), Ok(row.into()));
    }
}
