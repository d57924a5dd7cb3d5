//! What follows from a fault, by its class.

use sha2::{Digest, Sha256};
use tenon_graph::Retry;
use tenon_value::{Class, Fault};

use crate::event::{Cause, What};
use crate::state::{Reason, State, TaskId};
use crate::task::{SOURCE, WriteStatus};
use crate::work::Work;

/// What a step's fault led to.
pub(crate) enum Fate {
    /// It is caught: the step's way goes on.
    Caught,
    /// It is tried again later, or a person is asked.
    Waits,
    /// The step failed for good.
    Failed(Box<Fault>),
}

impl Work<'_> {
    /// A step is at fault.
    pub(crate) fn failed(&mut self, step: &str, fault: Fault, from: Option<String>) -> Fate {
        match (fault.class, from) {
            (Class::Auth | Class::Down, Some(connection)) => {
                self.park(step, fault, connection);
                Fate::Waits
            }
            _ if fault.class.retries() => match self.next_try(step, &fault) {
                Some(next_ms) => {
                    self.try_again(step, fault, next_ms);
                    Fate::Waits
                }
                None => self.give_up(step, fault),
            },
            _ => self.give_up(step, fault),
        }
    }

    fn try_again(&mut self, step: &str, fault: Fault, next_ms: i64) {
        let next_ms = self.deadline_of(step).map_or(next_ms, |over_ms| over_ms.min(next_ms));
        self.emit(What::Faulted { step: step.to_owned(), fault, next_ms });
        if self.world.graph.is_parallel()
            && let State::Waiting(reason) = self.task.state.clone()
        {
            self.emit(What::Held { step: step.to_owned(), reason, wake_ms: None });
        }
    }

    /// The connection is out: the step waits for it and keeps its budget.
    fn park(&mut self, step: &str, fault: Fault, connection: String) {
        let since_ms = self.world.now_ms;
        let reason = match fault.class {
            Class::Auth => Reason::ConnectionAuth { connection, fault },
            _ => Reason::ConnectionDown { connection, since_ms, fault },
        };
        self.emit(What::ReadsForgotten { step: Some(step.to_owned()) });
        self.hold(step, reason);
    }

    fn give_up(&mut self, step: &str, fault: Fault) -> Fate {
        let write = self.task.step(step).and_then(|record| record.write.clone());
        if let Some(write) = write
            && matches!(write.status, WriteStatus::Unknown { .. } | WriteStatus::Said(_))
        {
            // Finding out the outcome failed: the write stays open, so only a person can go on.
            let _ = self.ask_outcome(step, &write, fault);
            return Fate::Waits;
        }
        if self.is_caught(step, &fault) {
            self.emit(What::Caught { step: step.to_owned(), fault });
            return Fate::Caught;
        }
        Fate::Failed(Box::new(advised(fault)))
    }

    /// The flow ends by a fault, once what can be made undone is.
    pub(crate) fn fails_for_good(&mut self, step: &str, fault: Fault) {
        let step = step.to_owned();
        if self.undoable.is_empty() && !self.can_be_undone() {
            return self.emit(What::Failed { step, fault });
        }
        self.emit(What::UndoBegun { cause: Some(Cause { step, fault }), by: None });
    }

    pub(crate) fn is_caught(&self, step: &str, fault: &Fault) -> bool {
        let node = self.world.graph.step(step);
        node.is_some_and(|node| node.catch.iter().any(|catch| catches(&catch.fault, fault)))
    }

    fn policy(&self, step: &str) -> &Retry {
        let graph = &self.world.graph.graph;
        match step {
            SOURCE => &graph.retry,
            _ => self
                .world
                .graph
                .step(step)
                .and_then(|node| node.retry.as_ref())
                .unwrap_or(&graph.retry),
        }
    }

    /// When the step is tried again; none when its budget is spent. Being one too many says nothing of
    /// the record: that spends time, and no tries.
    fn next_try(&self, step: &str, fault: &Fault) -> Option<i64> {
        let policy = self.policy(step);
        let record = self.task.step(step);
        let attempt = record.map_or(0, |record| record.attempts).saturating_add(1);
        let first = record.and_then(|record| record.first_fault_ms).unwrap_or(self.world.now_ms);
        let jitter = jitter(&self.task.id, step, attempt, wait_cap(policy, attempt));
        let wait = fault.wait_ms.unwrap_or(0).max(0).saturating_add(jitter);
        let next = self.world.now_ms.saturating_add(wait);
        let within = next.saturating_sub(first) <= policy.within_ms;
        let left = attempt < policy.attempts || fault.class == Class::RateLimited;
        (left && within).then_some(next)
    }
}

/// A fault that ends a task says what to do next: in its own words, else in those of its class.
fn advised(fault: Fault) -> Fault {
    let advice = match fault.class {
        _ if fault.hint.is_some() => return fault,
        Class::Transient | Class::RateLimited | Class::LockedByOther | Class::Down => {
            "retry the task once the other system answers again"
        }
        Class::Rejected => {
            "these are the other system's words, and the task's journal has what was sent: correct \
             the record, a setting, a table or the mapping, then retry the task"
        }
        Class::Missing => "give what is missing, then retry the task",
        Class::Mapping => {
            "correct the record in its source, or the setting, table or mapping it comes from, then \
             retry the task; after a change of the project's files with --latest"
        }
        Class::Conflict => "settle it in the two systems, then retry the task, or cancel it",
        Class::NotFound => {
            "make it there, or correct the record or table that names it, then retry the task"
        }
        Class::Limit => "split the record or change the flow, or cancel the task",
        Class::Auth => "authorise the connection again; the task then goes on by itself",
        Class::UnknownOutcome => {
            "look for the record in the other system, then say whether it is there"
        }
        Class::Defect => "report it with the task's journal; retry tries again",
    };
    fault.hint(advice)
}

/// Whether a `catch` row takes a fault: by class or by code.
pub(crate) fn catches(row: &str, fault: &Fault) -> bool {
    row == fault.class.name() || row == fault.code
}

/// The longest wait before a try: grows by the factor, bounded.
fn wait_cap(policy: &Retry, attempt: u32) -> i64 {
    let mut cap = policy.first_ms.max(1);
    for _ in 1..attempt.min(64) {
        cap = cap.saturating_mul(i64::from(policy.factor_percent)) / 100;
        if cap >= policy.max_ms {
            break;
        }
    }
    cap.clamp(1, policy.max_ms.max(1))
}

/// Full jitter without randomness: the same task, step and attempt give the same wait.
fn jitter(task: &TaskId, step: &str, attempt: u32, cap: i64) -> i64 {
    let digest = Sha256::digest(format!("{task}\n{step}\n{attempt}").as_bytes());
    let number = digest.iter().take(7).fold(0_i64, |sum, byte| (sum << 8) | i64::from(*byte));
    number.rem_euclid(cap).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_longest_and_stay_there() {
        let policy = Retry::default();
        let caps: Vec<i64> = (1..=14).map(|attempt| wait_cap(&policy, attempt)).collect();
        assert_eq!(caps.first(), Some(&5_000));
        assert_eq!(caps.get(1), Some(&10_000));
        assert_eq!(caps.last(), Some(&3_600_000));
        assert!(caps.windows(2).all(|pair| pair[0] <= pair[1]));
    }

    #[test]
    fn jitter_is_the_same_every_time_and_within_its_bound() {
        let task = TaskId("task_1".to_owned());
        for attempt in 1..50 {
            let wait = jitter(&task, "order", attempt, 1_000);
            assert_eq!(wait, jitter(&task, "order", attempt, 1_000));
            assert!((1..=1_000).contains(&wait));
        }
        let other = jitter(&task, "order", 2, 1_000_000);
        assert_ne!(jitter(&task, "order", 1, 1_000_000), other);
    }

    #[test]
    fn every_fault_that_ends_a_task_says_what_to_do_next() {
        for (name, class) in Class::ALL {
            let fault = advised(Fault::new("CODE", class, "it went wrong"));
            assert!(fault.hint.is_some_and(|hint| hint.len() > 20), "{name}");
            let own = advised(Fault::new("CODE", class, "it went wrong").hint("turn it round"));
            assert_eq!(own.hint.as_deref(), Some("turn it round"));
        }
    }

    #[test]
    fn a_catch_takes_a_class_or_a_code() {
        let fault = Fault::new("fortnox:2000637", Class::Conflict, "in use");
        assert!(catches("conflict", &fault));
        assert!(catches("fortnox:2000637", &fault));
        assert!(!catches("rejected", &fault));
    }
}
