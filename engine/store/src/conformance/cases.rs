//! The cases, one sentence each.

use std::sync::Arc;

use super::seed::{commits, event, noise, samples, task};
use super::{Outcome, all, contents};
use crate::error::{Kind, StoreError};
use crate::rows::{
    Acceptance, AuditRow, DeliveryRow, EventRow, LockRow, MarkRow, ReferenceRow, Row, SentRow,
    TaskRow, TimerRow,
};
use crate::{Commit, Key, Op, Precondition, Scan, Select, Store, Table};

pub(super) async fn rows_come_back(store: Arc<dyn Store>) -> Outcome {
    let rows = samples();
    let commit = rows.iter().cloned().fold(Commit::new(), Commit::put);
    store.commit(commit).await?;
    for row in rows {
        assert_eq!(store.get(&row.key()).await?, Some(row), "a row comes back as it was put");
    }
    assert_eq!(store.get(&Key::Meta { name: "none".into() }).await?, None);
    Ok(())
}

pub(super) async fn a_refused_commit_leaves_nothing(store: Arc<dyn Store>) -> Outcome {
    let lock = |task: &str| LockRow {
        name: "customer 7".into(),
        task: task.into(),
        step: String::new(),
        since_ms: 0,
    };
    let first = store.commit(Commit::new().absent(lock("t1").key()).put(lock("t1"))).await?;
    let second = Commit::new().put(event("t2", 0)).absent(lock("t2").key()).put(lock("t2"));
    let refused = store.commit(second).await.err();
    assert_eq!(
        refused,
        Some(StoreError::Refused { index: 0, key: Box::new(lock("t2").key()) }),
        "a second holder of a lock is refused"
    );
    assert_eq!(store.get(&event("t2", 0).key()).await?, None, "nothing of it is there");
    let mut gone = Commit::new();
    gone.pre.push(Precondition::Present(Key::Task { id: "t9".into() }));
    assert_eq!(store.commit(gone).await.map_err(|e| e.kind()), Err(Kind::Refused));
    let next = store.commit(Commit::new().put(event("t2", 0))).await?;
    assert!(next > first, "positions grow");
    Ok(())
}

pub(super) async fn versions_are_the_positions_of_the_last_write(store: Arc<dyn Store>) -> Outcome {
    let key = task("t1", "queued").key();
    let first = store.commit(Commit::new().put(task("t1", "queued"))).await?;
    let second = Commit::new().version(key.clone(), first).put(task("t1", "running"));
    let second = store.commit(second).await?;
    assert_eq!(store.read(&key).await?.map(|(_, v)| v), Some(second));
    let late = Commit::new().version(key.clone(), first).put(task("t1", "failed"));
    assert_eq!(store.commit(late).await.map_err(|e| e.kind()), Err(Kind::Refused));
    store.commit(Commit::new().version(key.clone(), second).delete(key.clone())).await?;
    assert_eq!(store.get(&key).await?, None);
    let gone = store.commit(Commit::new().version(key, second)).await;
    assert_eq!(gone.map_err(|e| e.kind()), Err(Kind::Refused), "a removed row has no version");
    Ok(())
}

pub(super) async fn later_ops_of_a_commit_win(store: Arc<dyn Store>) -> Outcome {
    let commit = Commit::new()
        .put(task("t1", "queued"))
        .put(task("t1", "done"))
        .put(task("t2", "queued"))
        .delete(task("t2", "queued").key());
    store.commit(commit).await?;
    assert_eq!(ids(&store, Select::OpenTasks).await?, Vec::<String>::new());
    assert_eq!(ids(&store, Select::All(Table::Task)).await?, ["t1"]);
    assert_eq!(ids(&store, Select::TasksInState("done".into())).await?, ["t1"]);
    assert_eq!(ids(&store, Select::TasksInState("queued".into())).await?, Vec::<String>::new());
    Ok(())
}

async fn ids(store: &Arc<dyn Store>, select: Select) -> Result<Vec<String>, StoreError> {
    ids_of(store, Scan::new(select).limit(2)).await
}

async fn ids_of(store: &Arc<dyn Store>, scan: Scan) -> Result<Vec<String>, StoreError> {
    let rows = all(&**store, scan).await?;
    Ok(rows.into_iter().filter_map(|r| TaskRow::try_from(r).ok()).map(|t| t.id).collect())
}

pub(super) async fn tasks_are_found_by_state_lane_record_parent_and_time(
    store: Arc<dyn Store>,
) -> Outcome {
    let s = |text: &str| Some(text.to_string());
    for n in 1..=5 {
        let row = TaskRow {
            lane: s("order 1001"),
            record: s(if n == 3 { "gid/2" } else { "gid/1" }),
            parent: if n == 5 { s("t1") } else { None },
            updated_ms: 100 - n,
            ..task(&format!("t{n}"), "queued")
        };
        store.commit(Commit::new().put(row)).await?;
    }
    let lane = || Select::TasksOfLane("order 1001".into());
    assert_eq!(ids(&store, lane()).await?, ["t1", "t2", "t3", "t4", "t5"]);
    let mut ended = task("t2", "done");
    ended.lane = s("order 1001");
    ended.record = s("gid/1");
    ended.updated_ms = 500;
    store.commit(Commit::new().put(ended)).await?;
    assert_eq!(ids(&store, lane()).await?, ["t1", "t3", "t4", "t5"], "ended ones leave the lane");
    assert_eq!(ids(&store, Select::OpenTasks).await?, ["t1", "t3", "t4", "t5"]);
    assert_eq!(ids(&store, Select::ChildrenOf("t1".into())).await?, ["t5"]);
    let newest = Scan::new(Select::TasksByTime).limit(2).reversed();
    assert_eq!(ids_of(&store, newest).await?, ["t2", "t1", "t3", "t4", "t5"]);
    let of = |flow: &str| Select::TasksOfRecord { record: "gid/1".into(), flow: s(flow) };
    assert_eq!(ids(&store, of("orders")).await?, ["t1", "t2", "t4", "t5"]);
    assert_eq!(ids(&store, of("order")).await?, Vec::<String>::new());
    Ok(())
}

pub(super) async fn events_are_read_in_order_and_in_pages(store: Arc<dyn Store>) -> Outcome {
    for n in 0..300 {
        store.commit(Commit::new().put(event("t1", n)).put(event("t10", n))).await?;
    }
    let select = Select::Events { task: "t1".into(), from: 250 };
    let rows = all(&*store, Scan::new(select.clone()).limit(13)).await?;
    let expected: Vec<Row> = (250..300).map(|n| event("t1", n).into()).collect();
    assert_eq!(rows, expected);
    let last = store.scan(Scan::new(select).limit(1).reversed()).await?;
    assert_eq!(last.rows, vec![Row::from(event("t1", 299))]);
    assert!(last.next.is_some(), "a page says that there is more");
    Ok(())
}

pub(super) async fn long_values_and_equal_payloads(store: Arc<dyn Store>) -> Outcome {
    let body = noise(7, 100_000);
    for n in 0..3 {
        let row = event("t1", n).with_payload(body.clone());
        store.commit(Commit::new().put(row)).await?;
    }
    let sent = |length: usize| SentRow {
        pair: "p".into(),
        document: noise(8, length),
        ..SentRow::default()
    };
    for length in [50_000, 10, 20_000, 0] {
        store.commit(Commit::new().put(sent(length))).await?;
        assert_eq!(store.get(&sent(0).key()).await?, Some(sent(length).into()));
    }
    let rows = all(&*store, Scan::new(Select::Events { task: "t1".into(), from: 0 })).await?;
    let expected: Vec<Row> =
        (0..3).map(|n| event("t1", n).with_payload(body.clone()).into()).collect();
    assert_eq!(rows, expected, "an equal payload comes back with each of its events");
    let huge = store.commit(Commit::new().put(sent(9 << 20))).await;
    assert_eq!(huge.map_err(|e| e.kind()), Err(Kind::TooLarge));
    Ok(())
}

pub(super) async fn a_dropped_journal_leaves_the_summary(store: Arc<dyn Store>) -> Outcome {
    for id in ["t1", "t2"] {
        let commit = Commit::new()
            .put(task(id, "done"))
            .put(event(id, 0).with_payload(noise(3, 40_000)))
            .put(EventRow::new(id, 1, noise(4, 40_000)));
        store.commit(commit).await?;
    }
    let drop = Op::DropJournal { task: "t1".into() };
    store.commit(Commit { pre: Vec::new(), ops: vec![drop] }).await?;
    let events = |id: &str| Scan::new(Select::Events { task: id.into(), from: 0 });
    assert_eq!(all(&*store, events("t1")).await?, Vec::new());
    assert_eq!(all(&*store, events("t2")).await?.len(), 2);
    assert!(store.get(&task("t1", "").key()).await?.is_some());
    Ok(())
}

pub(super) async fn due_timers_come_by_time(store: Arc<dyn Store>) -> Outcome {
    let timer = |due_ms, task: &str| TimerRow { due_ms, task: task.into(), id: "retry".into() };
    let rows = [timer(30, "t1"), timer(10, "t2"), timer(20, "t3"), timer(40, "t2")];
    store.commit(rows.iter().cloned().fold(Commit::new(), Commit::put)).await?;
    let due = all(&*store, Scan::new(Select::TimersDue { until_ms: 30 })).await?;
    let expected: Vec<Row> =
        vec![timer(10, "t2").into(), timer(20, "t3").into(), timer(30, "t1").into()];
    assert_eq!(due, expected);
    store.commit(Commit::new().delete(timer(10, "t2").key())).await?;
    let of = all(&*store, Scan::new(Select::TimersOf("t2".into()))).await?;
    assert_eq!(of, vec![Row::from(timer(40, "t2"))]);
    Ok(())
}

pub(super) async fn locks_and_references_are_found_from_both_ends(
    store: Arc<dyn Store>,
) -> Outcome {
    let lock = |name: &str, task: &str| LockRow {
        name: name.into(),
        task: task.into(),
        step: "save".into(),
        since_ms: 1,
    };
    let reference = |source: &str, part: &str, target: &str| ReferenceRow {
        pair: "shop>ledger".into(),
        entity: "order".into(),
        source: source.into(),
        part: part.into(),
        target: target.into(),
        ..ReferenceRow::default()
    };
    let commit = Commit::new()
        .put(lock("a", "t1"))
        .put(lock("b", "t1"))
        .put(lock("c", "t2"))
        .put(reference("1", "", "900"))
        .put(reference("1", "b", "901"))
        .put(reference("10", "", "900"));
    store.commit(commit).await?;
    store.commit(Commit::new().delete(lock("a", "").key()).put(reference("1", "", "902"))).await?;
    let rows = |select| all(&*store, Scan::new(select));
    assert_eq!(rows(Select::LocksOf("t1".into())).await?, vec![Row::from(lock("b", "t1"))]);
    let (pair, entity) = ("shop>ledger".to_string(), "order".to_string());
    let to = |target: &str| Select::ReferencesToTarget {
        pair: pair.clone(),
        entity: entity.clone(),
        target: target.into(),
    };
    assert_eq!(rows(to("900")).await?, vec![Row::from(reference("10", "", "900"))]);
    assert_eq!(rows(to("902")).await?, vec![Row::from(reference("1", "", "902"))]);
    let of = Select::ReferencesOfSource {
        pair: pair.clone(),
        entity: entity.clone(),
        source: "1".into(),
    };
    assert_eq!(rows(of).await?.len(), 2, "parts of one source, not of one that begins alike");
    assert_eq!(rows(Select::References { pair, entity: None }).await?.len(), 3);
    Ok(())
}

pub(super) async fn deliveries_and_audit_lines_come_by_time(store: Arc<dyn Store>) -> Outcome {
    let delivery = |at_ms, acceptance| DeliveryRow {
        at_ms,
        id: format!("d{at_ms}"),
        acceptance,
        ..DeliveryRow::default()
    };
    let line = |at_ms| AuditRow { at_ms, text: format!("at {at_ms}"), ..AuditRow::default() };
    let kinds = [Acceptance::Accepted, Acceptance::Duplicate, Acceptance::Rejected];
    for (at, kind) in [3, 1, 2].into_iter().zip(kinds) {
        store.commit(Commit::new().put(delivery(at, kind)).put(line(at))).await?;
    }
    let found = all(&*store, Scan::new(Select::Deliveries { from_ms: 2 })).await?;
    let expected = [(2, Acceptance::Rejected), (3, Acceptance::Accepted)];
    assert_eq!(found, expected.map(|(at, kind)| Row::from(delivery(at, kind))));
    let newest = store.scan(Scan::new(Select::Audit { from_ms: 0 }).reversed().limit(1)).await?;
    assert_eq!(newest.rows, vec![Row::from(line(3))]);
    Ok(())
}

pub(super) async fn commits_at_once_are_judged_one_after_another(store: Arc<dyn Store>) -> Outcome {
    let mut running = Vec::new();
    for n in 0..200 {
        let store = Arc::clone(&store);
        let mark = MarkRow {
            scope: "shop".into(),
            value: (n % 20).to_string(),
            by: n.to_string(),
            ..MarkRow::default()
        };
        let commit = Commit::new().absent(mark.key()).put(event("t1", n)).put(mark);
        running.push(tokio::task::spawn(async move { store.commit(commit).await }));
    }
    let mut accepted = Vec::new();
    for one in running {
        match one.await {
            Ok(Ok(position)) => accepted.push(position),
            Ok(Err(error)) => assert_eq!(error.kind(), Kind::Refused),
            Err(error) => assert!(error.is_cancelled(), "a commit panicked"),
        }
    }
    accepted.sort();
    accepted.dedup();
    assert_eq!(accepted.len(), 20, "one of ten that want the same mark gets it");
    let events = all(&*store, Scan::new(Select::Events { task: "t1".into(), from: 0 })).await?;
    assert_eq!(events.len(), 20);
    Ok(())
}

pub(super) async fn closed_stores_refuse(store: Arc<dyn Store>) -> Outcome {
    store.close().await?;
    let commit = store.commit(Commit::new().put(task("t", "queued"))).await;
    assert_eq!(commit.map_err(|e| e.kind()), Err(Kind::Closed));
    assert_eq!(store.poisoned(), None, "a closed store is not a broken one");
    Ok(())
}

pub(super) async fn commits_made_from_a_seed(store: Arc<dyn Store>) -> Outcome {
    let memory = crate::MemoryStore::new();
    for commit in commits(1, 400) {
        let here = store.commit(commit.clone()).await;
        assert_eq!(here, memory.commit(commit).await, "the store answers as the one in memory");
    }
    assert_eq!(contents(&*store).await?, contents(&memory).await?);
    for select in [Select::OpenTasks, Select::TasksByTime, Select::TasksOfLane("1".into())] {
        let scan = Scan::new(select).limit(3).reversed();
        assert_eq!(all(&*store, scan.clone()).await?, all(&memory, scan).await?);
    }
    Ok(())
}
