//! How many tasks stand in which state for which reason, and since when: kept as rows are committed,
//! so that a scrape reads no store.

use std::borrow::Cow;
use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{Hash as _, Hasher as _};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tenon_store::TaskRow;
use tenon_value::json;

/// States that are counted: those that have not ended, and `failed`, which a verb can reopen.
const STATES: [&str; 5] = ["queued", "running", "waiting", "needs_person", "failed"];

/// Reasons by name; the first is that of a state without one, the last that of a later version.
const REASONS: [&str; 19] = [
    "",
    "timer",
    "retry",
    "lane",
    "lock",
    "limit",
    "connection_down",
    "connection_auth",
    "account_changed",
    "outcome",
    "document",
    "children",
    "unknown_outcome",
    "same_record",
    "paused",
    "fault",
    "signal",
    "undo_failed",
    "other",
];

/// A state and a reason, by their places in the lists above: small, because there is one of each task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stand {
    state: u8,
    reason: u8,
}

impl Stand {
    /// Where a row says that its task stands; none for one that has ended for good.
    pub(crate) fn of(row: &TaskRow) -> Option<Stand> {
        let state = STATES.iter().position(|name| *name == row.state)?;
        let name = row.reason.as_deref().map(reason_of).unwrap_or_default();
        Some(Stand { state: u8::try_from(state).unwrap_or(u8::MAX), reason: number(&name) })
    }

    /// With a reason that only the runtime knows, where its row tells none.
    fn instead(self, reason: Option<&&'static str>) -> Stand {
        match reason {
            Some(reason) if self.reason == 0 => Stand { reason: number(reason), ..self },
            _ => self,
        }
    }

    /// Its names.
    pub(crate) fn names(self) -> (&'static str, &'static str) {
        let state = STATES.get(usize::from(self.state)).copied();
        let reason = REASONS.get(usize::from(self.reason)).copied();
        (state.unwrap_or_default(), reason.unwrap_or_default())
    }
}

/// The place of a reason in the list.
fn number(name: &str) -> u8 {
    let other = REASONS.len().saturating_sub(1);
    let number = REASONS.iter().position(|known| *known == name).unwrap_or(other);
    u8::try_from(number).unwrap_or(u8::MAX)
}

/// The name in a reason's JSON. It stands first there, which spares reading the rest for each of many
/// tasks.
fn reason_of(json: &str) -> Cow<'_, str> {
    let first = json.strip_prefix(r#"{"reason":""#).and_then(|rest| rest.split('"').next());
    if let Some(name) = first {
        return Cow::Borrowed(name);
    }
    let read = json::read(json).unwrap_or_default();
    Cow::Owned(read.field("reason").as_text().unwrap_or_default().to_owned())
}

/// A task's place in the tally. Two tasks of one hash would count as one.
pub(crate) type Place = u64;

/// The place of a task.
pub(crate) fn place(id: &str) -> Place {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish()
}

/// How many stand somewhere, and since when the oldest does, in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) count: u64,
    pub(crate) oldest_ms: i64,
}

/// Where every task stands.
pub(crate) struct Tally(Mutex<Inner>);

struct Inner {
    tasks: HashMap<Place, (Stand, i64)>,
    /// Tasks that ended while those of an earlier process were still being looked for.
    left: Option<HashSet<Place>>,
}

impl Default for Tally {
    fn default() -> Tally {
        Tally(Mutex::new(Inner { tasks: HashMap::new(), left: Some(HashSet::new()) }))
    }
}

impl Tally {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A task of an earlier process was found.
    pub(crate) fn found(&self, row: &TaskRow) {
        let Some(stand) = Stand::of(row) else { return };
        let place = place(&row.id);
        let mut inner = self.lock();
        if inner.left.as_ref().is_none_or(|left| !left.contains(&place)) {
            inner.tasks.entry(place).or_insert((stand, row.updated_ms));
        }
    }

    /// All tasks of earlier processes were found.
    pub(crate) fn all_found(&self) {
        self.lock().left = None;
    }

    /// A task stands there now; none when it has ended for good. Gives where it stood before.
    pub(crate) fn moved(&self, place: Place, stand: Option<Stand>, at_ms: i64) -> Option<Stand> {
        let mut inner = self.lock();
        let before = inner.tasks.get(&place).map(|(stand, _)| *stand);
        match stand {
            Some(stand) if before != Some(stand) => {
                inner.tasks.insert(place, (stand, at_ms));
            }
            Some(_) => {}
            None => {
                inner.tasks.remove(&place);
                if let Some(left) = &mut inner.left {
                    left.insert(place);
                }
            }
        }
        before
    }

    /// How many stand where; `instead` holds reasons that no row tells, such as a lane.
    pub(crate) fn now(
        &self,
        instead: &HashMap<Place, &'static str>,
    ) -> BTreeMap<(&'static str, &'static str), Standing> {
        let mut all: BTreeMap<Stand, Standing> = BTreeMap::new();
        for (place, (stand, since_ms)) in &self.lock().tasks {
            let stand = stand.instead(instead.get(place));
            let standing = all.entry(stand).or_insert(Standing { count: 0, oldest_ms: *since_ms });
            standing.count = standing.count.saturating_add(1);
            standing.oldest_ms = standing.oldest_ms.min(*since_ms);
        }
        all.into_iter().map(|(stand, standing)| (stand.names(), standing)).collect()
    }
}

#[cfg(test)]
mod tests {
    use tenon_value::{Class, Fault};

    use super::*;

    fn row(id: &str, state: &str, reason: Option<&str>) -> TaskRow {
        TaskRow {
            id: id.to_owned(),
            state: state.to_owned(),
            reason: reason.map(|name| format!(r#"{{"reason":"{name}","says":"…"}}"#)),
            updated_ms: 5,
            ..TaskRow::default()
        }
    }

    #[test]
    fn every_reason_of_the_machine_has_its_name_here() {
        let fault = Fault::new("X", Class::Down, "x");
        let reason = tenon_machine::Reason::ConnectionDown {
            connection: "ledger".to_owned(),
            since_ms: 1,
            fault,
        };
        let told = TaskRow {
            state: "waiting".to_owned(),
            reason: Some(json::write(&reason.to_value())),
            ..TaskRow::default()
        };
        assert_eq!(Stand::of(&told).unwrap().names(), ("waiting", "connection_down"));
        let source = include_str!("../../../machine/src/state.rs");
        let arms = source.lines().filter_map(|line| line.trim().strip_prefix("Reason::"));
        let names = arms.filter_map(|arm| arm.split_once("=> \"")?.1.split('"').next());
        let names: Vec<&str> = names.collect();
        assert!(names.len() >= 17, "{names:?}");
        for name in names {
            assert!(REASONS.contains(&name), "{name}");
        }
    }

    #[test]
    fn a_task_counts_where_it_stands_and_since_it_stands_there() {
        let tally = Tally::default();
        let stand = |row: &TaskRow| (place(&row.id), Stand::of(row));
        for (row, at) in [
            (row("a", "queued", None), 10),
            (row("b", "waiting", Some("timer")), 20),
            (row("c", "waiting", Some("timer")), 30),
            (row("c", "waiting", Some("timer")), 40),
            (row("a", "done", None), 50),
            (row("d", "waiting", Some("of a later version")), 60),
        ] {
            let (place, stand) = stand(&row);
            tally.moved(place, stand, at);
        }
        let now: Vec<_> = tally.now(&HashMap::new()).into_iter().collect();
        assert_eq!(
            now,
            [
                (("waiting", "other"), Standing { count: 1, oldest_ms: 60 }),
                (("waiting", "timer"), Standing { count: 2, oldest_ms: 20 }),
            ]
        );
    }

    #[test]
    fn what_is_found_late_does_not_undo_what_was_seen_since() {
        let tally = Tally::default();
        tally.moved(place("a"), Stand::of(&row("a", "running", None)), 10);
        tally.moved(place("b"), None, 10);
        for id in ["a", "b", "c"] {
            tally.found(&row(id, "failed", Some("fault")));
        }
        tally.all_found();
        let now = tally.now(&HashMap::from([(place("a"), "limit"), (place("c"), "lane")]));
        let count = |state, reason| now.get(&(state, reason)).map(|now| now.count);
        let counts = (count("running", "limit"), count("failed", "fault"));
        assert_eq!(counts, (Some(1), Some(1)), "a reason that the row tells stays");
    }
}
