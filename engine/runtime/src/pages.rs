//! Pages of child tasks: their parent hears once, when all of a page have ended.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use tenon_machine::{Input, State, Task, TaskId};
use tenon_store::{Key, Row, TaskRow};
use tenon_value::{Fault, json};

use crate::engine::Engine;

/// A page that is watched.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    /// The task that made it.
    pub(crate) parent: Arc<str>,
    /// Its step.
    pub(crate) step: String,
    /// The first of its items.
    pub(crate) from: u32,
    /// The children, in the order of the items.
    pub(crate) children: Vec<TaskId>,
    /// One that asks a person counts as ended.
    pub(crate) collects: bool,
}

/// Pages in memory; found again from their parents at start.
#[derive(Default)]
pub(crate) struct Pages(Mutex<BTreeMap<PageKey, (Page, BTreeSet<String>)>>);

/// A parent and its step.
type PageKey = (Arc<str>, String);

impl Pages {
    fn with<T>(&self, f: impl FnOnce(&mut BTreeMap<PageKey, (Page, BTreeSet<String>)>) -> T) -> T {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn add(&self, page: Page) {
        let open = page.children.iter().map(|child| child.0.clone()).collect();
        self.with(|all| all.insert((page.parent.clone(), page.step.clone()), (page, open)));
    }

    /// A child has ended; gives its page when that was the last.
    fn ended(&self, key: &PageKey, child: &str) -> Option<Page> {
        self.with(|all| {
            let (_, open) = all.get_mut(key)?;
            open.remove(child);
            let done = open.is_empty();
            if done { all.remove(key).map(|(page, _)| page) } else { None }
        })
    }

    /// The page of a child, and whether those that ask a person count as ended.
    fn of(&self, parent: &str, step: &str, child: &TaskId) -> Option<(PageKey, bool)> {
        let key = (Arc::from(parent), step.to_owned());
        self.with(|all| {
            let (page, _) = all.get(&key)?;
            page.children.contains(child).then_some((key, page.collects))
        })
    }
}

fn counts(state: &str, collects: bool) -> bool {
    matches!(state, "done" | "skipped" | "failed" | "cancelled")
        || (collects && state == "needs_person")
}

/// Watches a page. Those of its children that ended before are seen at once.
pub(crate) async fn watch(engine: &Arc<Engine>, page: Page) {
    let key = (page.parent.clone(), page.step.clone());
    engine.pages.add(page.clone());
    for child in &page.children {
        let Some(row) = row(engine, child).await else { continue };
        if counts(&row.state, page.collects)
            && let Some(page) = engine.pages.ended(&key, &child.0)
        {
            tell(engine, &page).await;
        }
    }
}

/// A child has ended, or asks a person. Says whether that concerns a page: its parent then hears of it
/// with the page.
pub(crate) fn has_moved(engine: &Arc<Engine>, task: &Task) -> bool {
    let Some((parent, step)) = task.parent() else { return false };
    let Some((key, collects)) = engine.pages.of(&parent.0, step, &task.id) else { return false };
    if !counts(task.state.name(), collects) {
        return collects && !matches!(task.state, State::NeedsPerson(_));
    }
    if let Some(page) = engine.pages.ended(&key, &task.id.0) {
        let engine = engine.clone();
        engine.clone().supervisor.spawn(async move { tell(&engine, &page).await });
    }
    true
}

/// Tells the parent how the children of a page ended, as it stands on disk.
async fn tell(engine: &Engine, page: &Page) {
    let mut ends = Vec::new();
    for child in &page.children {
        let end = row(engine, child).await.map_or_else(
            || ("missing".to_owned(), None),
            |row| {
                let fault = row.fault.as_deref().and_then(|fault| json::read(fault).ok());
                (row.state, fault.map(|fault| Fault::from_value(&fault)))
            },
        );
        ends.push(end);
    }
    let (step, from) = (page.step.clone(), page.from);
    engine.dispatcher.deliver(&page.parent, Input::PageEnded { step, from, ends });
}

async fn row(engine: &Engine, task: &TaskId) -> Option<TaskRow> {
    match engine.store.get(&Key::Task { id: task.0.clone() }).await {
        Ok(Some(Row::Task(row))) => Some(row),
        Ok(_) => None,
        Err(error) => {
            tracing::warn!(%task, %error, "a child cannot be looked for");
            None
        }
    }
}
