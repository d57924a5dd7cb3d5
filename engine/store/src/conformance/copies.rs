//! Copies of a store, and walks over all of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::seed::{commits, samples};
use super::{Outcome, all, contents};
use crate::copy::{Restored, check, export, import};
use crate::error::StoreError;
use crate::export::{ExportError, Head};
use crate::rows::{AuditRow, MetaRow, Row};
use crate::{Commit, EventRow, Key, MemoryStore, Op, Scan, Select, Store, Table};

async fn filled(store: &dyn Store) -> Outcome {
    store.commit(samples().into_iter().fold(Commit::new(), Commit::put)).await?;
    for commit in commits(9, 200) {
        match store.commit(commit).await {
            Ok(_) | Err(StoreError::Refused { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn head() -> Head {
    Head { at_ms: 5, by: "the suite".into() }
}

/// The rows, without the mark that a restored store carries.
async fn rows(store: &dyn Store) -> Result<Vec<Row>, StoreError> {
    let rows = contents(store).await?.into_iter().map(|(row, _)| row);
    Ok(rows.filter(|row| row.key() != Restored::key()).collect())
}

fn told(error: ExportError) -> StoreError {
    match error {
        ExportError::Store(error) => error,
        other => StoreError::Io { what: "copying".into(), why: other.to_string() },
    }
}

pub(super) async fn nothing_is_hurt_in_a_sound_store(store: Arc<dyn Store>) -> Outcome {
    filled(&*store).await?;
    let (mut after, mut found, mut bytes) = (None, 0, 0);
    loop {
        let page = store.inspect(after, 50).await?;
        assert_eq!(page.hurt, [], "nothing is hurt");
        found += page.rows;
        bytes += page.shares.values().sum::<u64>();
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(found, contents(&*store).await?.len() as u64, "every row is seen once");
    assert!(bytes > 100_000, "room is counted");
    Ok(())
}

pub(super) async fn an_export_gives_the_same_rows_again(store: Arc<dyn Store>) -> Outcome {
    filled(&*store).await?;
    let (file, done) = export(&*store, Vec::new(), &head()).await.map_err(told)?;
    assert_eq!(done.bytes, file.len() as u64);
    assert_eq!(check(file.as_slice()).map_err(told)?, (head(), done.rows));
    let other = MemoryStore::new();
    import(&other, file.as_slice(), 77).await.map_err(told)?;
    assert_eq!(rows(&other).await?, rows(&*store).await?, "the copy holds the same rows");
    let mark = Restored { from_ms: 5, at_ms: 77 };
    assert_eq!(Restored::of(&other).await?, Some(mark), "and says what it is");
    let again = import(&other, file.as_slice(), 78).await.map_err(|e| e.to_string());
    assert!(again.is_err_and(|e| e.contains("holds rows already")), "only into an empty store");
    Ok(())
}

/// Each commit writes one number at both ends of the order of keys, and rewrites or removes a
/// journal: a copy of one moment has one number, and nothing of a journal that was gone by then.
pub(super) async fn an_export_made_while_work_goes_on_is_of_one_moment(
    store: Arc<dyn Store>,
) -> Outcome {
    filled(&*store).await?;
    let stop = Arc::new(AtomicBool::new(false));
    let (writing, stopped) = (Arc::clone(&store), Arc::clone(&stop));
    let writer = tokio::task::spawn(async move {
        let mut n = 0_u64;
        while !stopped.load(Ordering::Relaxed) && n < 20_000 {
            n += 1;
            writing.commit(numbered(n)).await?;
            tokio::task::yield_now().await;
        }
        Ok::<(), StoreError>(())
    });
    for _ in 0..3 {
        let (file, _) = export(&*store, Vec::new(), &head()).await.map_err(told)?;
        let other = MemoryStore::new();
        import(&other, file.as_slice(), 0).await.map_err(told)?;
        one_moment(&other).await?;
    }
    stop.store(true, Ordering::Relaxed);
    match writer.await {
        Ok(done) => done,
        Err(error) => Err(StoreError::Io { what: "writing".into(), why: error.to_string() }),
    }
}

fn numbered(n: u64) -> Commit {
    let task = format!("busy{}", n % 7);
    let number = MetaRow { name: "n".into(), value: n.to_be_bytes().to_vec() };
    let line = AuditRow { at_ms: 9, id: "n".into(), text: n.to_string(), ..AuditRow::default() };
    let mut commit = Commit::new().put(number).put(line);
    commit.ops.push(Op::DropJournal { task: task.clone() });
    let payload = vec![u8::try_from(n % 251).unwrap_or_default(); 3_000];
    for event in 0..n % 5 {
        let event = EventRow::new(task.clone(), event, n.to_be_bytes().to_vec());
        commit = commit.put(event.with_payload(payload.clone()));
    }
    commit
}

async fn one_moment(copy: &MemoryStore) -> Outcome {
    let n = match copy.get(&Key::Meta { name: "n".into() }).await? {
        Some(Row::Meta(row)) => row.value.try_into().map(u64::from_be_bytes).unwrap_or_default(),
        _ => 0,
    };
    let line = copy.get(&Key::Audit { at_ms: 9, id: "n".into() }).await?;
    let text = line.and_then(|row| AuditRow::try_from(row).ok()).map(|row| row.text);
    assert_eq!(text.unwrap_or_default(), if n == 0 { String::new() } else { n.to_string() });
    for back in (0..7).filter(|back| *back < n) {
        let n = n - back;
        let select = Select::Events { task: format!("busy{}", n % 7), from: 0 };
        let events = all(copy, Scan::new(select)).await?;
        assert_eq!(events.len() as u64, n % 5, "a journal is as it was then");
    }
    let mut after = None;
    let (mut payloads, mut events) = (0, 0);
    loop {
        let page = copy.inspect(after, 1000).await?;
        assert_eq!(page.hurt, []);
        for (share, bytes) in page.shares {
            if share.task.is_some_and(|task| task.starts_with("busy")) {
                payloads += bytes;
            }
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    for row in all(copy, Scan::new(Select::All(Table::Event))).await? {
        events += u64::from(row.key().to_string().contains("busy"));
    }
    assert!(payloads < 2_000 + 400 * events, "no payload is left of a journal that is gone");
    Ok(())
}

pub(super) async fn compacting_changes_no_row(store: Arc<dyn Store>) -> Outcome {
    filled(&*store).await?;
    let before = contents(&*store).await?;
    store.compact().await?;
    assert_eq!(contents(&*store).await?, before, "every row and its version stay");
    let more = MetaRow { name: "behind".into(), value: vec![1] };
    store.commit(Commit::new().put(more.clone())).await?;
    assert_eq!(store.get(&more.key()).await?, Some(more.into()), "and work goes on");
    Ok(())
}
