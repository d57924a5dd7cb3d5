//! Lanes give order: one task at a time per lane, the others in line by birth.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

/// Lanes in memory; rebuilt from the open tasks at start.
#[derive(Default)]
pub struct Lanes {
    lanes: Mutex<HashMap<Arc<str>, Lane>>,
}

#[derive(Default)]
struct Lane {
    holder: Option<Arc<str>>,
    /// Tasks made by the holder, or by one it made, that go with it.
    with: BTreeSet<Arc<str>>,
    line: BTreeSet<Arc<str>>,
}

impl Lanes {
    fn with<T>(&self, f: impl FnOnce(&mut HashMap<Arc<str>, Lane>) -> T) -> T {
        f(&mut self.lanes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Asks for a lane: true when the task holds it now, else it stands in line by its id, which
    /// sorts by birth.
    pub fn enter(&self, lane: &Arc<str>, task: &Arc<str>) -> bool {
        self.with(|lanes| {
            let entry = lanes.entry(lane.clone()).or_default();
            match &entry.holder {
                Some(holder) if holder == task => true,
                Some(_) => {
                    entry.line.insert(task.clone());
                    false
                }
                None => {
                    entry.holder = Some(task.clone());
                    entry.line.remove(task);
                    true
                }
            }
        })
    }

    /// As [`Lanes::enter`], but whoever was made by the holder, or by one it made, goes with it.
    pub fn enter_or_join(&self, lane: &Arc<str>, task: &Arc<str>) -> bool {
        let joined = self.with(|lanes| {
            let Some(entry) = lanes.get_mut(lane) else { return false };
            let mut inside = entry.holder.iter().chain(&entry.with);
            let joins = entry.with.contains(task) || inside.any(|above| is_below(task, above));
            if joins {
                entry.line.remove(task);
                entry.with.insert(task.clone());
            }
            joins
        });
        joined || self.enter(lane, task)
    }

    /// Leaves a lane or its line; gives those who may begin, when it changed hands: the next in line,
    /// and what it made that stood in line behind it. What the holder made and left behind (it was
    /// cancelled, or did not wait) keeps the lane to its end.
    pub fn leave(&self, lane: &str, task: &str) -> Vec<Arc<str>> {
        self.with(|lanes| {
            let Some(entry) = lanes.get_mut(lane) else { return Vec::new() };
            entry.line.remove(task);
            entry.with.remove(task);
            if entry.holder.as_deref() != Some(task) {
                return Vec::new();
            }
            entry.holder = entry.with.pop_first();
            if entry.holder.is_some() {
                return Vec::new();
            }
            let Some(next) = entry.line.pop_first() else {
                lanes.remove(lane);
                return Vec::new();
            };
            let below = entry.line.iter().filter(|waits| is_below(waits, &next)).cloned();
            entry.with = below.collect();
            entry.line.retain(|waits| !is_below(waits, &next));
            entry.holder = Some(next.clone());
            std::iter::once(next).chain(entry.with.iter().cloned()).collect()
        })
    }

    /// Every task that stands in line.
    #[must_use]
    pub fn in_line(&self) -> Vec<Arc<str>> {
        self.with(|lanes| lanes.values().flat_map(|lane| lane.line.iter().cloned()).collect())
    }

    /// Who holds the lane.
    #[must_use]
    pub fn holder(&self, lane: &str) -> Option<Arc<str>> {
        self.with(|lanes| lanes.get(lane)?.holder.clone())
    }
}

/// Whether a task was made by another, or by one that it made: ids of children begin with their
/// parent's.
fn is_below(task: &str, above: &str) -> bool {
    task.strip_prefix(above).is_some_and(|rest| rest.starts_with('.'))
}

/// Tasks by flow and record.
type ByRecord = BTreeMap<(Arc<str>, Arc<str>), Arc<str>>;

/// Waiting triggers that carry nothing but a record's id, by flow and record: a newer one of the
/// same record is absorbed by the one that waits, which has not read the record yet.
#[derive(Default)]
pub struct Waiting {
    by_record: Mutex<ByRecord>,
}

impl Waiting {
    fn with<T>(&self, f: impl FnOnce(&mut ByRecord) -> T) -> T {
        f(&mut self.by_record.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The task that waits for this record, if one does.
    #[must_use]
    pub fn of(&self, flow: &Arc<str>, record: &Arc<str>) -> Option<Arc<str>> {
        self.with(|all| all.get(&(flow.clone(), record.clone())).cloned())
    }

    /// A task waits for this record.
    pub fn add(&self, flow: &Arc<str>, record: &Arc<str>, task: &Arc<str>) {
        self.with(|all| all.insert((flow.clone(), record.clone()), task.clone()));
    }

    /// The task waits no more: it is about to read its record.
    pub fn started(&self, flow: &Arc<str>, record: &Arc<str>, task: &Arc<str>) {
        let key = (flow.clone(), record.clone());
        self.with(|all| {
            if all.get(&key) == Some(task) {
                all.remove(&key);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_has_one_holder_and_a_line_by_birth() {
        let lanes = Lanes::default();
        let lane: Arc<str> = Arc::from("order 1001");
        let [a, b, c]: [Arc<str>; 3] = ["task_a", "task_b", "task_c"].map(Arc::from);
        assert!(lanes.enter(&lane, &a));
        assert!(lanes.enter(&lane, &a), "asking twice changes nothing");
        assert!(!lanes.enter(&lane, &c));
        assert!(!lanes.enter(&lane, &b));
        assert_eq!(lanes.leave(&lane, "task_c"), []);
        assert!(!lanes.enter(&lane, &c));
        assert_eq!(lanes.leave(&lane, "task_a"), std::slice::from_ref(&b));
        assert_eq!(lanes.leave(&lane, "task_b"), std::slice::from_ref(&c));
        assert_eq!(lanes.leave(&lane, "task_c"), []);
        assert_eq!(lanes.holder(&lane), None);
    }

    #[test]
    fn a_child_goes_with_its_parent_and_stands_in_line_behind_anyone_else() {
        let lanes = Lanes::default();
        let lane: Arc<str> = Arc::from("order 1001");
        let [a, child, b]: [Arc<str>; 3] = ["task_a", "task_a.card", "task_b"].map(Arc::from);
        assert!(lanes.enter(&lane, &a));
        assert!(lanes.enter_or_join(&lane, &child));
        assert_eq!(lanes.leave(&lane, "task_a.card"), [], "the parent still holds it");
        assert!(!lanes.enter(&lane, &b));
        assert_eq!(lanes.leave(&lane, "task_a"), [b]);
        assert!(!lanes.enter_or_join(&lane, &child), "retried while another has the lane");
        assert_eq!(lanes.leave(&lane, "task_b"), [child]);
    }

    #[test]
    fn what_the_holder_made_keeps_the_lane_when_the_holder_leaves_before_it() {
        let lanes = Lanes::default();
        let lane: Arc<str> = Arc::from("order 1001");
        let all = ["task_a", "task_a.card", "task_a.order", "task_b"].map(Arc::from);
        let [a, card, order, b]: [Arc<str>; 4] = all;
        assert!(lanes.enter(&lane, &a));
        assert!(lanes.enter_or_join(&lane, &card));
        assert!(lanes.enter_or_join(&lane, &order));
        assert!(!lanes.enter_or_join(&lane, &b));
        assert_eq!(lanes.leave(&lane, "task_a"), [], "its children are at work");
        assert!(!lanes.enter_or_join(&lane, &b));
        assert!(lanes.enter_or_join(&lane, &order), "it goes on where it was");
        assert_eq!(lanes.leave(&lane, "task_a.card"), []);
        assert_eq!(lanes.leave(&lane, "task_a.order"), [b]);
    }

    #[test]
    fn a_retried_parent_takes_its_retried_child_out_of_the_line_behind_it() {
        let lanes = Lanes::default();
        let lane: Arc<str> = Arc::from("order 1001");
        let [a, child, b, c]: [Arc<str>; 4] =
            ["task_a", "task_a.card", "task_b", "task_c"].map(Arc::from);
        for (task, first) in [(&b, true), (&c, false), (&child, false), (&a, false)] {
            assert_eq!(lanes.enter_or_join(&lane, task), first);
        }
        assert_eq!(lanes.leave(&lane, "task_b"), [a, child], "else each waits for the other");
        assert_eq!(lanes.leave(&lane, "task_a.card"), []);
        assert_eq!(lanes.leave(&lane, "task_a"), [c]);
    }

    #[test]
    fn a_waiting_trigger_absorbs_newer_ones_until_it_starts() {
        let waiting = Waiting::default();
        let [flow, record, task]: [Arc<str>; 3] = ["order", "gid://1", "task_a"].map(Arc::from);
        waiting.add(&flow, &record, &task);
        assert_eq!(waiting.of(&flow, &record), Some(task.clone()));
        waiting.started(&flow, &record, &task);
        assert_eq!(waiting.of(&flow, &record), None);
    }
}
