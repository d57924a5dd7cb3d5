//! Which index entries a row has. An entry's value is the row's stored key.

use crate::codec::Bytes;
use crate::key::{Table, area};
use crate::rows::Row;

/// Whether rows of the table have index entries.
pub(super) fn indexed(table: Table) -> bool {
    matches!(table, Table::Task | Table::Timer | Table::Lock | Table::Reference)
}

/// The keys of the row's entries.
pub(super) fn entries(row: &Row) -> Vec<Vec<u8>> {
    match row {
        Row::Task(task) => {
            let mut out = vec![
                Bytes::table(area::TASK_BY_STATE).text(&task.state).text(&task.id).0,
                Bytes::table(area::TASK_BY_TIME).time(task.updated_ms).text(&task.id).0,
            ];
            if task.open {
                out.push(Bytes::table(area::TASK_OPEN).text(&task.id).0);
                if let Some(lane) = &task.lane {
                    out.push(Bytes::table(area::TASK_BY_LANE).text(lane).text(&task.id).0);
                }
            }
            if let Some(record) = &task.record {
                let entry = Bytes::table(area::TASK_BY_RECORD).text(record);
                out.push(entry.text(&task.flow).text(&task.id).0);
            }
            if let Some(parent) = &task.parent {
                out.push(Bytes::table(area::TASK_BY_PARENT).text(parent).text(&task.id).0);
            }
            out
        }
        Row::Timer(timer) => {
            let entry = Bytes::table(area::TIMER_BY_TASK).text(&timer.task);
            vec![entry.time(timer.due_ms).text(&timer.id).0]
        }
        Row::Lock(lock) => {
            vec![Bytes::table(area::LOCK_BY_TASK).text(&lock.task).text(&lock.name).0]
        }
        Row::Reference(r) => {
            let entry = Bytes::table(area::REFERENCE_BY_TARGET).text(&r.pair).text(&r.entity);
            vec![entry.text(&r.target).text(&r.source).text(&r.part).0]
        }
        _ => Vec::new(),
    }
}
