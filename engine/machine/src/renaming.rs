//! Steps of a journal under other names, where a task goes on by a graph that calls them so.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::frame::{id_of, suffix_of};
use crate::state::State;
use crate::task::Task;

/// Gives steps their new names everywhere a task knows them by name. All at once: one may take the name
/// another gives up.
pub(crate) fn rename(task: &mut Task, steps: &[(String, String)]) {
    let new: BTreeMap<&str, &str> = steps.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let renamed = |name: &str| new.get(id_of(name)).map(|id| format!("{id}{}", suffix_of(name)));
    task.place = None;
    task.asked.clear();
    let (changed, kept): (Vec<_>, Vec<_>) =
        std::mem::take(&mut task.steps).into_iter().partition(|(name, _)| renamed(name).is_some());
    task.steps.extend(kept);
    for (name, mut record) in changed {
        if let Some((reason, _)) = &mut Arc::make_mut(&mut record).held
            && let Some(step) = reason.step_mut()
        {
            rename_in_place(step, &renamed);
        }
        let name = renamed(&name).map_or(name, Arc::from);
        task.steps.insert(name, record);
    }
    for owner in task.locks.values_mut() {
        if let Some(name) = renamed(owner) {
            *owner = Arc::from(name);
        }
    }
    task.undone.iter_mut().for_each(|step| rename_in_place(step, &renamed));
    if let State::Waiting(reason) | State::NeedsPerson(reason) | State::Failed(reason) =
        &mut task.state
        && let Some(step) = reason.step_mut()
    {
        rename_in_place(step, &renamed);
    }
}

fn rename_in_place(step: &mut String, renamed: &impl Fn(&str) -> Option<String>) {
    if let Some(name) = renamed(step) {
        *step = name;
    }
}
