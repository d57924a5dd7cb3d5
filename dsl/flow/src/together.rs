//! Named branches side by side.

use tenon_graph::Step as Doing;
use tenon_source::{Diagnostic, Node};

use crate::shape;
use crate::steps::{Inside, Made, Steps};

impl Steps<'_> {
    pub(crate) fn together(&mut self, value: &Node) -> Option<Made> {
        if value.entries().is_empty() {
            let message =
                format!("`together` is a mapping of branches to steps, not {}", value.describe());
            self.found.push(Diagnostic::error("F004", value.span.clone(), message));
            return None;
        }
        let before = self.env.scope.clone();
        let held = self.taking.held.clone();
        let mut after = before.clone();
        let mut ways = Vec::new();
        let mut branches = Vec::new();
        let mine = self.written.len();
        for (key, steps) in value.entries() {
            let Some(name) = shape::name(key, "a branch", &mut self.found) else { continue };
            let from = self.written.len();
            let first = self.inner(Inside::Together, steps, "the steps of a branch");
            branches.push((name.to_owned(), first));
            self.apart(mine, from);
            ways.push(std::mem::replace(&mut self.taking.held, held.clone()));
            let scope = std::mem::replace(&mut self.env.scope, before.clone());
            for (name, ty) in scope {
                if before.contains_key(&name) {
                    continue;
                }
                if after.insert(name.clone(), ty).is_some() {
                    let message = format!("two branches give `{name}`, and only one could count");
                    self.found.push(Diagnostic::error("F014", key.span.clone(), message));
                }
            }
        }
        self.env.scope = after;
        self.taking.join(ways);
        Some(Made::of(Doing::Together { branches }, None))
    }

    /// What the branch that begins at `from` writes must not be written by a branch before it, which
    /// began at `mine` or later.
    fn apart(&mut self, mine: usize, from: usize) {
        let (before, branch) = self.written.split_at(from.min(self.written.len()));
        let others = before.get(mine..).unwrap_or_default();
        for write in branch {
            let Some(other) = others
                .iter()
                .find(|other| other.entity == write.entity && other.reference == write.reference)
            else {
                continue;
            };
            let message = format!("two branches write the same {}", write.entity);
            self.found.push(
                Diagnostic::error("F043", write.span.clone(), message)
                    .note(format!("the other writes it at {}", other.span.place()))
                    .note("branches run side by side: write it in one, or after both"),
            );
        }
    }
}
