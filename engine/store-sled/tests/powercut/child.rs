//! What the child writes, and what must be found of it.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};

use tenon_store::conformance::{Dice, all};
use tenon_store::{Commit, EventRow, Key, MetaRow, Op, Row, Scan, Select, Store, Table, TaskRow};
use tenon_store_sled::{Options, SledStore};

use crate::Outcome;

/// Commits in all.
const COMMITS: u64 = 3_000;
/// Processes they are spread over. Every other one ends without closing the store.
pub const PHASES: u64 = 6;
const PER_TASK: u64 = 20;

/// What an image held.
#[derive(Debug, Clone, Copy)]
pub struct Found {
    /// The last commit, by its own number.
    pub last: u64,
    /// Groups read from the log.
    pub replayed: usize,
}

fn options() -> Options {
    Options {
        log_segment_bytes: 64 * 1024,
        keep_free_bytes: 0,
        ..Options::held_by("the power cut test")
    }
}

fn runtime() -> Outcome<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().build().map_err(|e| e.to_string())
}

/// Writes the commits of one phase, some at once, and notes each in `acks` as soon as it is
/// acknowledged.
pub fn write(directory: &Path, acks: &Path, (seed, phase): (&str, &str)) -> Outcome<()> {
    let number = |text: &str| text.parse::<u64>().map_err(|e| e.to_string());
    let phase = number(phase)?;
    let mut dice = Dice::new(number(seed)? * PHASES + phase);
    let file = OpenOptions::new().append(true).create(true).open(acks);
    let acks = Arc::new(Mutex::new(file.map_err(|e| e.to_string())?));
    runtime()?.block_on(async {
        let store = SledStore::open(directory, options()).map_err(|e| e.to_string())?;
        let store = Arc::new(store);
        let start = 1 + phase * COMMITS / PHASES;
        let (mut next, mut compacted) = (start, false);
        let stop = 1 + (phase + 1) * COMMITS / PHASES;
        while next < stop {
            let count = (1 + dice.below(40)).min(stop - next);
            let mut running = tokio::task::JoinSet::new();
            for n in next..next + count {
                running.spawn(one(Arc::clone(&store), Arc::clone(&acks), n));
            }
            while let Some(done) = running.join_next().await {
                done.map_err(|e| e.to_string())??;
            }
            next += count;
            if phase == 2 && next > start + COMMITS / PHASES / 2 && !compacted {
                compacted = true;
                store.compact().await.map_err(|e| e.to_string())?;
            }
        }
        if !phase.is_multiple_of(2) {
            std::process::abort();
        }
        store.close().await.map_err(|e| e.to_string())
    })
}

async fn one(store: Arc<SledStore>, acks: Arc<Mutex<File>>, n: u64) -> Outcome<()> {
    let position = store.commit(commit(n)).await.map_err(|e| e.to_string())?;
    if position.0 != n {
        return Err(format!("commit {n} came to stand at {}", position.0));
    }
    let mut acks = acks.lock().map_err(|e| e.to_string())?;
    acks.write_all(&n.to_be_bytes()).map_err(|e| e.to_string())
}

fn task(n: u64) -> String {
    format!("task_{:05}", n / PER_TASK)
}

fn last() -> Key {
    Key::Meta { name: "last".into() }
}

/// The task whose journal this commit removes.
fn dropped(n: u64) -> Option<String> {
    let old = n.checked_sub(3 * PER_TASK)?;
    (n % 50 == 49).then(|| task(old))
}

fn event(n: u64) -> EventRow {
    let length = match n % 37 {
        0 => 40_000,
        m if m % 3 == 0 => 3_000,
        _ => 300,
    };
    let event = EventRow::new(task(n), n % PER_TASK, noise(n, 200));
    if n.is_multiple_of(2) { event.with_payload(noise(n, length)) } else { event }
}

fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut dice = Dice::new(seed);
    let mut out = Vec::with_capacity(length + 6);
    while out.len() < length {
        let eight = dice.below(1 << 48).to_be_bytes();
        out.extend_from_slice(eight.split_at(2).1);
    }
    out.truncate(length);
    out
}

fn commit(n: u64) -> Commit {
    let row = TaskRow {
        id: task(n),
        state: if n % PER_TASK == PER_TASK - 1 { "done" } else { "running" }.into(),
        open: n % PER_TASK != PER_TASK - 1,
        lane: Some("lane".into()),
        updated_ms: i64::try_from(n).unwrap_or_default(),
        ..TaskRow::default()
    };
    let number = MetaRow { name: "last".into(), value: n.to_be_bytes().to_vec() };
    let mut commit = Commit::new().put(event(n)).put(row).put(number);
    if let Some(task) = dropped(n) {
        commit.ops.push(Op::DropJournal { task });
    }
    commit
}

/// Opens an image: it must hold exactly the commits up to some number not below `acked`.
pub fn check(directory: &Path, acked: u64) -> Outcome<Found> {
    runtime()?.block_on(async {
        let store = SledStore::open(directory, options()).map_err(|e| e.to_string())?;
        let replayed = store.opened().replayed;
        let found = holds(&store, acked).await?;
        // And work goes on.
        let more = store.commit(commit(found + 1)).await.map_err(|e| e.to_string())?;
        if more.0 != found + 1 {
            return Err(format!("the next commit came to stand at {}", more.0));
        }
        holds(&store, found + 1).await?;
        store.close().await.map_err(|e| e.to_string())?;
        Ok(Found { last: found, replayed })
    })
}

async fn holds(store: &SledStore, acked: u64) -> Outcome<u64> {
    let stored = store.get(&last()).await.map_err(|e| e.to_string())?;
    let found = match stored {
        Some(Row::Meta(row)) => {
            let bytes = row.value.try_into().map_err(|_| "the number is broken".to_string())?;
            u64::from_be_bytes(bytes)
        }
        _ => 0,
    };
    if found < acked {
        return Err(format!("commits up to {acked} were acknowledged, {found} are there"));
    }
    let mut events: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for n in 1..=found {
        events.entry(task(n)).or_default().push(n);
        if let Some(task) = dropped(n) {
            events.entry(task).or_default().clear();
        }
    }
    let scan = |select| all(store, Scan::new(select));
    let rows = scan(Select::All(Table::Event)).await.map_err(|e| e.to_string())?;
    let expected: Vec<u64> = events.values().flatten().copied().collect();
    if rows.len() != expected.len() {
        return Err(format!("{} events, expected {}", rows.len(), expected.len()));
    }
    for (row, n) in rows.into_iter().zip(expected) {
        if row != Row::Event(event(n)) {
            return Err(format!("the event of commit {n} is not what was written"));
        }
    }
    let tasks = events.len();
    for select in [Select::All(Table::Task), Select::TasksByTime] {
        let rows = scan(select).await.map_err(|e| e.to_string())?;
        if rows.len() != tasks {
            return Err(format!("{} tasks, expected {tasks}", rows.len()));
        }
    }
    Ok(found)
}
