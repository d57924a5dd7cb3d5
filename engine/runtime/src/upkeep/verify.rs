//! Looking through a store: every cell whole, every journal folds to what its row says, what refers to
//! a task finds it.

use tenon_machine::{Task, TaskId};
use tenon_store::{Key, Row, Scan, Select, Store, StoreError, TaskRow};
use tenon_value::Value;

/// Cells looked at in one go.
const PAGE: usize = 500;
/// What is hurt beyond this many is only counted.
const MOST: usize = 1_000;

#[derive(Default)]
struct Found {
    rows: i64,
    tasks: i64,
    events: i64,
    hurt: Vec<Value>,
    count: i64,
}

impl Found {
    fn hurt(&mut self, what: String, task: Option<&str>, why: String) {
        self.count += 1;
        if self.hurt.len() < MOST {
            let task = task.map_or(Value::Missing, Value::text);
            self.hurt.push(Value::of([
                ("what", Value::from(what)),
                ("task", task),
                ("why", Value::from(why)),
            ]));
        }
    }
}

/// Looks through everything: `{rows, tasks, events, hurt: [{what, task, why}], hurt_count}`. Nothing is
/// changed; work may go on meanwhile.
///
/// # Errors
/// When the store can't be read at all.
pub async fn verify(store: &dyn Store) -> Result<Value, StoreError> {
    let mut found = Found::default();
    let mut after = None;
    loop {
        let page = store.inspect(after, PAGE).await?;
        found.rows += i64::try_from(page.rows).unwrap_or(i64::MAX);
        for hurt in page.hurt {
            let what = hurt.key.map_or_else(|| "an index or a part".to_owned(), |k| k.to_string());
            found.hurt(what, hurt.task.as_deref(), hurt.why);
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    each(store, Select::All(tenon_store::Table::Task), |_| true, &mut found).await?;
    Ok(Value::of([
        ("rows", Value::from(found.rows)),
        ("tasks", Value::from(found.tasks)),
        ("events", Value::from(found.events)),
        ("hurt_count", Value::from(found.count)),
        ("hurt", Value::list(found.hurt)),
    ]))
}

async fn each(
    store: &dyn Store,
    select: Select,
    wanted: impl Fn(&TaskRow) -> bool,
    found: &mut Found,
) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let scan = Scan::new(select.clone()).limit(PAGE).after(after).lenient();
        let page = store.scan(scan).await?;
        for row in page.rows {
            if let Row::Task(row) = row
                && wanted(&row)
            {
                found.tasks += 1;
                task(store, &row.id, found).await?;
            }
        }
        after = page.next;
        if after.is_none() {
            return Ok(());
        }
    }
}

/// A task is read as of one moment only when nothing was written to it meanwhile: what does not fit is
/// looked at once more before it is told.
async fn task(store: &dyn Store, id: &str, found: &mut Found) -> Result<(), StoreError> {
    let mut wrong = Vec::new();
    for _ in 0..3 {
        let before = store.read(&Key::Task { id: id.to_owned() }).await;
        let Ok(Some((Row::Task(row), version))) = before else { return Ok(()) };
        let (events, told) = journal(store, &row).await?;
        let after = store.read(&row.key()).await;
        let still = matches!(after, Ok(Some((_, now))) if now == version);
        wrong = told;
        if wrong.is_empty() || still {
            found.events += events;
            break;
        }
    }
    for why in wrong {
        found.hurt(format!("journal of {id}"), Some(id), why);
    }
    Ok(())
}

/// How many events a task has, and what does not fit.
async fn journal(store: &dyn Store, row: &TaskRow) -> Result<(i64, Vec<String>), StoreError> {
    let mut bodies = Vec::new();
    let mut wrong = Vec::new();
    let mut after = None;
    loop {
        let select = Select::Events { task: row.id.clone(), from: 0 };
        let page = store.scan(Scan::new(select).after(after).lenient()).await?;
        let damaged = !page.damaged.is_empty();
        for event in page.rows {
            let Row::Event(event) = event else { continue };
            if event.n != bodies.len() as u64 && !damaged && wrong.is_empty() {
                wrong.push(format!("entry {} is missing", bodies.len()));
            }
            bodies.push(event.body);
        }
        if damaged {
            // The walk over the cells named each; what is left makes no journal.
            return Ok((count(&bodies), wrong));
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let id = TaskId(row.id.clone());
    match Task::load(id, bodies.iter().map(Vec::as_slice)) {
        Ok(task) => fits(store, row, &task, &mut wrong).await?,
        Err(error) => wrong.push(error.to_string()),
    }
    Ok((count(&bodies), wrong))
}

fn count(bodies: &[Vec<u8>]) -> i64 {
    i64::try_from(bodies.len()).unwrap_or(i64::MAX)
}

/// Whether row, timer, locks and references say what the journal says.
async fn fits(
    store: &dyn Store,
    row: &TaskRow,
    task: &Task,
    wrong: &mut Vec<String>,
) -> Result<(), StoreError> {
    if row.state != task.state.name() {
        wrong.push(format!("the list says {}, the journal {}", row.state, task.state.name()));
    }
    let due = |row: Row| match row {
        Row::Timer(timer) => Some(timer.due_ms),
        _ => None,
    };
    let timers = store.scan(Scan::new(Select::TimersOf(row.id.clone())).lenient()).await?;
    let timers: Vec<i64> = timers.rows.into_iter().filter_map(due).collect();
    if timers != task.wake_at_ms().into_iter().collect::<Vec<_>>() {
        wrong.push("its timer is not the one its journal asks for".to_owned());
    }
    let locks = store.scan(Scan::new(Select::LocksOf(row.id.clone())).lenient()).await?;
    for lock in locks.rows {
        if let Row::Lock(lock) = lock
            && !task.locks.contains_key(&lock.name)
        {
            wrong.push(format!("it holds the lock {} that its journal gave back", lock.name));
        }
    }
    Ok(())
}
