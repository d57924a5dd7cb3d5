//! The steps beside upsert: get, call, run, log, and the output of writes.

use tenon_graph::{Endpoint, Program, Step, Stores, With};
use tenon_kit::{Already, Operation, Road};
use tenon_mapper::Scope;
use tenon_value::{Class, Fault, Record, Value};

use crate::codes;
use crate::decision::{Change, Effect, Origin};
use crate::event::{Created, How, Stored, Trigger, What};
use crate::outside::{Intent, resource_of};
use crate::pages::failure;
use crate::state::{Reason, TaskId};
use crate::task::{Child, Write, WriteStatus};
use crate::work::{Run, Stop, Work, fault};
use crate::writes::deletes;

/// The slot of what a `list` gave.
pub(crate) const LISTED: &str = "records";

/// What a `call` step is made of.
struct Call<'n> {
    step: &'n str,
    of: &'n Endpoint,
    action: &'n str,
    key: String,
    with: Vec<(String, Value)>,
    stores: Option<&'n Stores>,
}

impl Work<'_> {
    /// Reads one record by its key.
    pub(crate) fn get(
        &mut self,
        step: &str,
        of: &Endpoint,
        by: &Program,
        scope: &Scope,
    ) -> Run<Value> {
        let key = self.key(step, by, scope)?;
        let get = Operation::Get { resource: of.resource.clone(), key };
        self.read(step, "record", &of.connection, get)
    }

    /// Reads many records, page by page, to the end.
    pub(crate) fn list(
        &mut self,
        step: &str,
        (of, limit): (&Endpoint, u32),
        filter: &With,
        scope: &Scope,
    ) -> Run<Value> {
        let filter = self.named(step, filter, scope)?;
        let filter = filter.into_iter().filter(|(_, value)| !value.is_absent()).collect();
        let resource = of.resource.clone();
        let list = Operation::List { resource, filter, since_ms: None, page: None };
        let found = self.read(step, LISTED, &of.connection, list)?;
        if found.items().len() > limit as usize {
            return Err(fault(too_long(step, limit)));
        }
        Ok(found)
    }

    pub(crate) fn key(&self, step: &str, program: &Program, scope: &Scope) -> Run<String> {
        self.plain(step, program, scope)?.ok_or_else(|| {
            let message = format!("the key of step `{step}` came out blank");
            fault(Fault::new(codes::KEY_BLANK, Class::Missing, message))
        })
    }

    /// An action on a record.
    pub(crate) fn call(&mut self, step: &str, of_node: &Step, scope: &Scope) -> Run<Value> {
        let Step::Call { of, action, key, with, stores } = of_node else {
            return Ok(Value::Missing);
        };
        let call = Call {
            step,
            of,
            action,
            key: self.key(step, key, scope)?,
            with: self.named(step, with, scope)?,
            stores: stores.as_ref(),
        };
        let system = self.system(&of.connection)?;
        let lock = format!("{}/{}/#{}", of.connection, of.resource, call.key);
        if system.has_proof(&of.resource, action) {
            self.lock(step, std::slice::from_ref(&lock))?;
            let get = Operation::Get { resource: of.resource.clone(), key: call.key.clone() };
            let there = self.read(step, "proof", &of.connection, get)?;
            if system.proof(&of.resource, action, &there).map_err(fault)? == Some(true) {
                return self.already(&call, scope, there);
            }
        }
        let (resource, action) = (of.resource.clone(), call.action.to_owned());
        let (key, with) = (call.key.clone(), call.with.clone());
        let operation = Operation::Action { resource, action, key, with };
        let locks = match system.road(&operation) {
            Road::Repeat => Vec::new(),
            _ => vec![lock],
        };
        let reference = match call.stores {
            Some(stores) => Some(self.stores(&call, stores, scope, "")?),
            None => None,
        };
        let connection = of.connection.clone();
        self.intend(step, Intent { connection, operation, document: None, reference, locks })?;
        self.output_of_write(step)
    }

    fn stores(&self, call: &Call<'_>, stores: &Stores, scope: &Scope, target: &str) -> Run<Stored> {
        let Some(id) = self.plain(call.step, &stores.reference, scope)? else {
            let message = format!("the reference of step `{}` came out blank", call.step);
            return Err(fault(Fault::new(codes::REFERENCE_BLANK, Class::Missing, message)));
        };
        Ok(Stored {
            entity: stores.entity.clone(),
            id,
            target: target.to_owned(),
            origin: Origin::Ours,
        })
    }

    /// The record shows the action as done before anything was sent.
    fn already(&mut self, call: &Call<'_>, scope: &Scope, there: Value) -> Run<Value> {
        let system = self.system(&call.of.connection)?;
        if system.already(&call.of.resource, call.action) == Already::Conflict {
            let message = format!(
                "`{}` was done on {} {} already, not by this task",
                call.action, call.of.resource, call.key
            );
            return Err(fault(
                Fault::new(codes::ALREADY_DONE, Class::Conflict, message)
                    .hint("look at the record; if it is right as it is, cancel the task"),
            ));
        }
        let (resource, connection) = (call.of.resource.as_str(), call.of.connection.as_str());
        let made = self.made(call.step, connection, (resource, call.action), &there)?;
        if let Some(stores) = call.stores {
            let Some(target) = system.made_by_proof(resource, call.action, &there) else {
                return Err(without_key(call.step));
            };
            let stored = self.stores(call, stores, scope, &target)?;
            self.adopt_stored(call.step, connection, stored);
        }
        let there = made.unwrap_or(there);
        Ok(self.step_ended(call.step, How::Already, there, &[]))
    }

    fn adopt_stored(&mut self, step: &str, connection: &str, stored: Stored) {
        let known = self.task.links.get(&(stored.entity.clone(), stored.id.clone()));
        if known.is_some_and(|link| link.target == stored.target) {
            return;
        }
        self.store_reference(step, connection, &stored);
        self.emit(What::Adopted { step: step.to_owned(), stored });
    }

    /// The output of a step whose write happened: its record, read again where the answer gave none,
    /// or where it has to be judged anew.
    pub(crate) fn output_of_write(&mut self, step: &str) -> Run<Value> {
        let Some(record) = self.task.step(step) else { return Ok(Value::Missing) };
        let (stale, write) = (record.stale, record.write.clone());
        let Some(write) = write else { return Ok(Value::Missing) };
        let WriteStatus::Done { record, target, .. } = &write.status else {
            return Err(Stop::Wait);
        };
        if deletes(&write.operation) {
            return Ok(Value::Missing);
        }
        let (record, target) = (record.clone(), target.clone());
        if write.reference.is_some() && target.is_none() {
            let stored = write.reference.as_ref();
            let linked = stored
                .and_then(|s| self.task.links.get(&(s.entity.clone(), s.id.clone())))
                .map(|link| link.target.clone());
            let Some(linked) = linked.filter(|linked| !linked.is_empty()) else {
                return self.link_afterwards(step, &write);
            };
            let Some(get) = self.get_of(&write, Some(linked))? else { return Ok(record) };
            return self.read(step, "made", &write.connection, get);
        }
        if !stale && !record.is_absent() {
            return Ok(record);
        }
        let Some(get) = self.get_of(&write, target)? else { return Ok(record) };
        self.read(step, "after", &write.connection, get)
    }

    /// How the record that a write was about is read.
    fn get_of(&self, write: &Write, target: Option<String>) -> Run<Option<Operation>> {
        let system = self.system(&write.connection)?;
        let of = resource_of(&write.operation).to_owned();
        Ok(match (&write.operation, target) {
            (Operation::Action { action, .. }, Some(key)) => {
                let resource = system.makes(&of, action).unwrap_or(of);
                Some(Operation::Get { resource, key })
            }
            (Operation::Update { key, .. } | Operation::Action { key, .. }, _) => {
                Some(Operation::Get { resource: of, key: key.clone() })
            }
            (_, Some(key)) => Some(Operation::Get { resource: of, key }),
            (_, None) => None,
        })
    }

    /// The answer did not name the record that was made: the record it was done to may.
    fn link_afterwards(&mut self, step: &str, write: &Write) -> Run<Value> {
        let (Some(stored), Operation::Action { resource, action, key, .. }) =
            (&write.reference, &write.operation)
        else {
            return Err(without_key(step));
        };
        let get = Operation::Get { resource: resource.clone(), key: key.clone() };
        let now = self.read(step, "after", &write.connection, get)?;
        let system = self.system(&write.connection)?;
        let Some(target) = system.made_by_proof(resource, action, &now) else {
            return Err(without_key(step));
        };
        let made = self.made(step, &write.connection, (resource, action), &now)?;
        self.adopt_stored(step, &write.connection, Stored { target, ..stored.clone() });
        Ok(made.unwrap_or(now))
    }

    /// Runs another flow as a child task.
    pub(crate) fn run_flow(&mut self, step: &str, of_node: &Step, scope: &Scope) -> Run<Value> {
        let Step::Run { flow, with, detach } = of_node else { return Ok(Value::Missing) };
        let child = self.task.step(step).and_then(|record| record.child.clone());
        let Some(child) = child else {
            let given = self.named(step, with, scope)?;
            return self.start_child(step, flow, given, *detach);
        };
        if child.detach {
            return Ok(Value::of([("task", Value::text(&child.id.0))]));
        }
        self.child_outcome(step, &child)
    }

    fn child_outcome(&mut self, step: &str, child: &Child) -> Run<Value> {
        let Some((state, failed)) = &child.ended else {
            if self.replays {
                return Err(Stop::Wait);
            }
            self.effects.push(Effect::WatchChild { child: child.id.clone() });
            let waits = step.to_owned();
            let reason = Reason::Children { step: waits, open: 1, of: 1, asks: None };
            return Err(self.hold(step, reason));
        };
        if state == "done" || state == "skipped" {
            return Ok(Value::of([
                ("task", Value::text(&child.id.0)),
                ("state", Value::text(state)),
            ]));
        }
        Err(fault(failure(&child.id, state, failed.as_ref())))
    }

    /// Tasks inside tasks are bounded.
    pub(crate) fn is_not_too_deep(&self, step: &str) -> Run<()> {
        if depth_of(&self.task.id) >= MAX_DEPTH {
            let message = format!("step `{step}` would make a child {MAX_DEPTH} tasks deep");
            return Err(fault(
                Fault::new(codes::CHILD_DEPTH, Class::Limit, message)
                    .hint("a flow calls itself, or flows call each other: end the circle"),
            ));
        }
        Ok(())
    }

    fn start_child(
        &mut self,
        step: &str,
        flow: &str,
        given: Vec<(String, Value)>,
        detach: bool,
    ) -> Run<Value> {
        if self.replays {
            return Err(Stop::Wait);
        }
        self.check_on_the_way()?;
        self.is_not_too_deep(step)?;
        let given: Record = given.into_iter().map(|(name, value)| (name.into(), value)).collect();
        let created = Created {
            flow: flow.to_owned(),
            graph: self.task.graph,
            record: self.task.record.clone(),
            trigger: Trigger::Parent { task: self.task.id.clone(), step: step.to_owned() },
            lane: self.task.lane.clone(),
            given: Value::record(given),
        };
        let id = child_id(&self.task.id, step, self.task.children_of(step));
        let created = Box::new(created);
        if self.world.dry_run {
            self.effects.push(Effect::WouldRun { step: step.to_owned(), created });
            return Ok(Value::of([("state", Value::text("done"))]));
        }
        self.change(Change::Child { id: id.clone(), created });
        self.emit(What::ChildStarted {
            step: step.to_owned(),
            child: id.clone(),
            flow: flow.to_owned(),
            detach,
        });
        let child = Child { id, detach, ended: None };
        match detach {
            true => Ok(Value::of([("task", Value::text(&child.id.0))])),
            false => self.child_outcome(step, &child),
        }
    }

    /// A line in the audit log, once.
    pub(crate) fn log(&mut self, step: &str, text: &Program, scope: &Scope) -> Run<Value> {
        if self.replays || self.task.step(step).is_some_and(|record| record.logged) {
            return Ok(Value::Missing);
        }
        let text = self.plain(step, text, scope)?.unwrap_or_default();
        self.change(Change::Audit { text: text.clone() });
        self.emit(What::Logged { step: step.to_owned(), text });
        Ok(Value::Missing)
    }
}

/// Most tasks above a task.
const MAX_DEPTH: usize = 16;

/// How many tasks are above a task: its id has a step for each, and numbers of items between.
fn depth_of(id: &TaskId) -> usize {
    let is_item = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    id.0.split('.').skip(1).filter(|part| !is_item(part)).count()
}

/// The id of a step's child: the parent's, the step, its items; `~N` behind the N-th of a step.
pub(crate) fn child_id(parent: &TaskId, step: &str, before: u32) -> TaskId {
    let step = step.replace('[', ".").replace(']', "");
    match before {
        0 => TaskId(format!("{parent}.{step}")),
        n => TaskId(format!("{parent}.{step}~{}", n.saturating_add(1))),
    }
}

/// A list that has more records than it may.
pub(crate) fn too_long(step: &str, limit: u32) -> Fault {
    let message = format!("step `{step}` found more than {limit} records");
    Fault::new(codes::LIST_LIMIT, Class::Limit, message)
        .hint("narrow its `where:`, or raise its `limit:`")
}

fn without_key(step: &str) -> Stop {
    let message = format!("the answer to step `{step}` does not name the record it made");
    fault(
        Fault::new(codes::ANSWER_WITHOUT_KEY, Class::Conflict, message)
            .hint("find the record in the target and link it, then retry"),
    )
}
