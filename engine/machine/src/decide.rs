//! The one decision function.

use crate::decision::{Decision, Input, World};
use crate::task::Task;

/// What should happen now. Pure: the same arguments give the same decision.
#[must_use]
pub fn decide(_world: &World<'_>, task: &Task, _input: &Input) -> Decision {
    Decision {
        events: Vec::new(),
        changes: Vec::new(),
        effects: Vec::new(),
        need: Vec::new(),
        refused: None,
        task: task.clone(),
    }
}
