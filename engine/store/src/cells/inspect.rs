//! A walk over every cell: whether it is whole, fits what refers to it, and how much room it takes.

use std::collections::BTreeMap;

use super::Cells;
use super::form::{CHUNK_NUMBER, Head};
use super::index;
use super::query::open;
use crate::codec::Parts;
use crate::error::StoreError;
use crate::key::{Key, Table, area};

/// What a part of the walk found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Inspected {
    /// Rows that were read whole.
    pub rows: u64,
    /// Room taken, by what it is for and by task.
    pub shares: BTreeMap<Share, u64>,
    /// What is hurt.
    pub hurt: Vec<Hurt>,
    /// Where to go on; none at the end.
    pub next: Option<Vec<u8>>,
}

/// What room is taken for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share {
    /// The table; none for indexes.
    pub table: Option<Table>,
    /// The task, of tasks, events and their payloads.
    pub task: Option<String>,
}

/// A cell that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hurt {
    /// The row it belongs to, where that can be told.
    pub key: Option<Key>,
    /// The task it belongs to.
    pub task: Option<String>,
    /// What is wrong.
    pub why: String,
}

/// Looks at up to `limit` cells behind a place, all at one moment.
///
/// # Errors
/// When the cells below can't be read at all.
pub fn inspect(
    cells: &dyn Cells,
    after: Option<Vec<u8>>,
    limit: usize,
) -> Result<Inspected, StoreError> {
    let mut start = after.unwrap_or_default();
    if !start.is_empty() {
        start.push(0);
    }
    let mut found: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    cells.visit((&start, None), false, &mut |key, value| {
        found.push((key.to_vec(), value.to_vec()));
        found.len() < limit.max(1)
    })?;
    let mut out = Inspected::default();
    if found.len() >= limit.max(1) {
        out.next = found.last().map(|(key, _)| key.clone());
    }
    for (key, value) in &found {
        let share = share(key);
        let task = share.task.clone();
        *out.shares.entry(share).or_default() += (key.len() + value.len()) as u64;
        match look(cells, key, value) {
            Ok(row) => out.rows += u64::from(row),
            Err(why) => out.hurt.push(Hurt { key: Key::parse(owner(key)), task, why }),
        }
    }
    Ok(out)
}

/// The stored key of the row a cell belongs to.
fn owner(key: &[u8]) -> &[u8] {
    match key.split_first() {
        Some((&area::CHUNK, rest)) => {
            rest.get(..rest.len().saturating_sub(CHUNK_NUMBER)).unwrap_or_default()
        }
        _ => key,
    }
}

fn share(key: &[u8]) -> Share {
    let of = owner(key);
    let first = of.first().copied();
    let table = match first {
        Some(area::PAYLOAD) => Some(Table::Event),
        other => other.and_then(Table::numbered),
    };
    let mut parts = Parts::of(of).map(|(_, parts)| parts);
    let of_task = matches!(table, Some(Table::Task | Table::Event));
    let task = if of_task { parts.as_mut().and_then(Parts::text) } else { None };
    Share { table, task }
}

/// Whether the cell is a whole row; why it is not as it should be.
fn look(cells: &dyn Cells, key: &[u8], value: &[u8]) -> Result<bool, String> {
    let told = |e: StoreError| match e {
        StoreError::Damaged(why) => why,
        other => other.to_string(),
    };
    match key.first().copied() {
        Some(area::CHUNK) => {
            let base = owner(key);
            let cell = cells.cell(base).map_err(told)?.ok_or("a part of a value that is gone")?;
            // A head that can't be read is told of where it stands.
            let Ok(head) = Head::read(&cell) else { return Ok(false) };
            let number = key.last_chunk::<CHUNK_NUMBER>().copied().map(u32::from_be_bytes);
            let within = number.is_some_and(|n| (n as usize) < head.chunk_count());
            if within { Ok(false) } else { Err("a part behind the end of its value".into()) }
        }
        Some(area::PAYLOAD) => {
            let head = Head::read(value).map_err(told)?;
            head.raw(key, |k| cells.cell(k)).map_err(told)?;
            Ok(false)
        }
        Some(area::TASK_BY_STATE..=area::REFERENCE_BY_TARGET) => {
            let cell = cells.cell(value).map_err(told)?;
            let cell = cell.ok_or("an index names a row that is not there")?;
            let Ok((row, _)) = open(cells, value, &cell) else { return Ok(false) };
            let named = index::entries(&row).iter().any(|entry| entry == key);
            if named { Ok(false) } else { Err("an index names a row by what it is not".into()) }
        }
        Some(number) if Table::numbered(number).is_some() => {
            let (row, _) = open(cells, key, value).map_err(told)?;
            if row.key().to_bytes() != key {
                return Err("a row stands under the name of another".into());
            }
            for entry in index::entries(&row) {
                if cells.cell(&entry).map_err(told)?.as_deref() != Some(key) {
                    return Err("an index does not name it".into());
                }
            }
            Ok(true)
        }
        _ => Err("a cell of an unknown kind: written by a newer version, or damaged".into()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Inspected, inspect};
    use crate::cells::{Cells, judge, prepare};
    use crate::codec::Bytes;
    use crate::conformance::{commits, samples};
    use crate::key::{Table, area};
    use crate::{Commit, Position, StoreError, TaskRow};

    #[derive(Default)]
    struct Map(BTreeMap<Vec<u8>, Vec<u8>>, u64);

    impl Cells for Map {
        fn cell(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
            Ok(self.0.get(key).cloned())
        }

        fn visit(
            &self,
            (start, end): (&[u8], Option<&[u8]>),
            _: bool,
            visit: &mut dyn FnMut(&[u8], &[u8]) -> bool,
        ) -> Result<(), StoreError> {
            use std::ops::Bound::{Excluded, Included, Unbounded};
            let end = end.map_or(Unbounded, Excluded);
            for (key, value) in self.0.range::<[u8], _>((Included(start), end)) {
                if !visit(key, value) {
                    break;
                }
            }
            Ok(())
        }
    }

    impl Map {
        fn take(&mut self, commit: Commit) {
            let position = Position(self.1 + 1);
            let Ok(writes) = judge(prepare(commit).unwrap(), position, self) else { return };
            self.1 += 1;
            for write in writes {
                match write.value {
                    Some(value) => self.0.insert(write.key, value),
                    None => self.0.remove(&write.key),
                };
            }
        }

        fn all(&self) -> Inspected {
            let mut whole = Inspected::default();
            loop {
                let page = inspect(self, whole.next.take(), 7).unwrap();
                whole.rows += page.rows;
                whole.hurt.extend(page.hurt);
                for (share, bytes) in page.shares {
                    *whole.shares.entry(share).or_default() += bytes;
                }
                if page.next.is_none() {
                    return whole;
                }
                whole.next = page.next;
            }
        }
    }

    fn filled(count: usize) -> Map {
        let mut map = Map::default();
        map.take(samples().into_iter().fold(Commit::new(), Commit::put));
        commits(3, count).into_iter().for_each(|commit| map.take(commit));
        map
    }

    #[test]
    fn a_whole_store_has_nothing_hurt_and_its_room_is_told_by_task() {
        let map = filled(300);
        let whole = map.all();
        assert_eq!(whole.hurt, []);
        let bytes: usize = map.0.iter().map(|(k, v)| k.len() + v.len()).sum();
        assert_eq!(whole.shares.values().sum::<u64>(), bytes as u64);
        let of_tasks = whole.shares.keys().filter(|s| s.task.is_some()).count();
        assert!(of_tasks > 8, "{of_tasks}");
    }

    #[test]
    fn whatever_cell_is_changed_is_named() {
        let whole = filled(40);
        for (key, value) in &whole.0 {
            // Format, flags, length, checksum, content: any number may be a position.
            for byte in [0, 1, 10, 14, 18, value.len() - 1] {
                let mut map = Map(whole.0.clone(), whole.1);
                let Some(place) = map.0.get_mut(key).unwrap().get_mut(byte) else { continue };
                *place ^= 0x10;
                assert!(!map.all().hurt.is_empty(), "byte {byte} of {key:?}");
            }
        }
    }

    #[test]
    fn a_lost_cell_is_named_by_what_refers_to_it() {
        let whole = filled(40);
        for key in whole.0.keys() {
            let referred = whole.0.values().any(|value| value == key);
            let part =
                key[0] == area::CHUNK || (area::TASK_BY_STATE..area::PAYLOAD).contains(&key[0]);
            let mut map = Map(whole.0.clone(), whole.1);
            map.0.remove(key);
            let seen = !map.all().hurt.is_empty();
            assert!(seen || !(referred || part), "{key:?}");
        }
    }

    #[test]
    fn the_task_of_a_hurt_row_is_named() {
        let mut map = Map::default();
        map.take(Commit::new().put(TaskRow { id: "task_7".into(), ..TaskRow::default() }));
        let key = Bytes::table(Table::Task as u8).text("task_7").0;
        *map.0.get_mut(&key).unwrap().last_mut().unwrap() ^= 1;
        let hurt = map.all().hurt;
        assert_eq!(hurt.len(), 1, "{hurt:?}");
        assert_eq!(hurt[0].task.as_deref(), Some("task_7"));
        assert!(hurt[0].why.contains("checksum"), "{hurt:?}");
    }
}
