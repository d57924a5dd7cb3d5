//! What people said that holds until they take it back: paused flows and schedules, ignored records.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use tenon_store::{AuditRow, Commit, Key, MetaRow, Row, Select, Store, StoreError, Table};
use tenon_value::{Value, json};

use crate::live::all;

/// What it is said of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Of {
    /// A flow begins no task.
    PausedFlow,
    /// A schedule starts nothing.
    PausedSchedule,
    /// A record starts nothing.
    IgnoredRecord,
}

impl Of {
    const ALL: [Of; 3] = [Of::PausedFlow, Of::PausedSchedule, Of::IgnoredRecord];

    fn prefix(self) -> &'static str {
        match self {
            Of::PausedFlow => "paused-flow",
            Of::PausedSchedule => "paused-schedule",
            Of::IgnoredRecord => "ignored-record",
        }
    }
}

/// Who said it, when and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) by: String,
    pub(crate) why: String,
    pub(crate) at_ms: i64,
}

impl Word {
    /// As a record.
    pub(crate) fn to_value(&self) -> Value {
        Value::of([
            ("by", Value::text(&self.by)),
            ("why", Value::text(&self.why)),
            ("at_ms", Value::from(self.at_ms)),
        ])
    }
}

/// Kind, integration, name.
type Place = (Of, String, String);

/// All that holds now; rows of the store, at hand in memory.
#[derive(Default)]
pub(crate) struct Words(RwLock<BTreeMap<Place, Word>>);

impl Words {
    /// As the store knows them.
    pub(crate) async fn load(store: &dyn Store) -> Result<Words, StoreError> {
        let mut words = BTreeMap::new();
        for row in all(store, Select::All(Table::Meta)).await? {
            let Row::Meta(row) = row else { continue };
            let Some(place) = place(&row.name) else { continue };
            let value = json::read_bytes(&row.value).unwrap_or_default();
            let text = |name: &str| value.field(name).as_text().unwrap_or_default().to_owned();
            let at_ms = value.field("at_ms").as_number().and_then(tenon_value::Number::to_i64);
            let word = Word { by: text("by"), why: text("why"), at_ms: at_ms.unwrap_or_default() };
            words.insert(place, word);
        }
        Ok(Words(RwLock::new(words)))
    }

    /// What was said of this, if it holds.
    pub(crate) fn of(&self, of: Of, integration: &str, name: &str) -> Option<Word> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if all.is_empty() {
            return None;
        }
        all.get(&(of, integration.to_owned(), name.to_owned())).cloned()
    }

    /// Everything of a kind, with its integration and name.
    pub(crate) fn all(&self, of: Of) -> Vec<(String, String, Word)> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let wanted = all.iter().filter(|((kind, ..), _)| *kind == of);
        wanted.map(|((_, i, name), word)| (i.clone(), name.clone(), word.clone())).collect()
    }

    /// Says it, or takes it back, durably, with its line of the audit log.
    pub(crate) async fn say(
        &self,
        store: &dyn Store,
        (of, integration, name): (Of, &str, &str),
        word: Option<Word>,
        line: AuditRow,
    ) -> Result<(), StoreError> {
        let key = format!("{}\n{integration}\n{name}", of.prefix());
        let commit = match &word {
            Some(word) => {
                let value = json::write(&word.to_value()).into_bytes();
                Commit::new().put(MetaRow { name: key, value })
            }
            None => Commit::new().delete(Key::Meta { name: key }),
        };
        store.commit(commit.put(line)).await?;
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let place = (of, integration.to_owned(), name.to_owned());
        match word {
            Some(word) => all.insert(place, word),
            None => all.remove(&place),
        };
        Ok(())
    }
}

fn place(name: &str) -> Option<Place> {
    let mut parts = name.splitn(3, '\n');
    let prefix = parts.next()?;
    let of = Of::ALL.into_iter().find(|of| of.prefix() == prefix)?;
    Some((of, parts.next()?.to_owned(), parts.next()?.to_owned()))
}
