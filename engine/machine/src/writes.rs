//! The plain writes: create, update and delete. They share upsert's intention, roads and references.

use tenon_graph::{Create, Endpoint, Forgets, Program, Update, UpdatePolicy, Upsert, WhenLocked};
use tenon_kit::Operation;
use tenon_mapper::Scope;
use tenon_value::{Class, Fault, Value};

use crate::codes;
use crate::decision::{Link, Origin};
use crate::event::{How, Stored};
use crate::outside::Intent;
use crate::upsert::locked_differs;
use crate::work::{Run, Work, fault};

/// The action that deletes a record, in every manifest that has one. Doing it twice changes nothing,
/// and a record that is not there is deleted.
pub(crate) const DELETE: &str = "delete";

/// Whether an operation deletes its record.
pub(crate) fn deletes(operation: &Operation) -> bool {
    matches!(operation, Operation::Action { action, .. } if action == DELETE)
}

impl Work<'_> {
    /// Makes a record without looking for one. One that this entity has already is left as it is: a
    /// flow that runs again makes no second.
    pub(crate) fn create(
        &mut self,
        step: &str,
        create: &Create,
        scope: &Scope,
        is_used: bool,
    ) -> Run<Value> {
        let upsert = Upsert {
            of: create.of.clone(),
            entity: create.entity.clone(),
            reference: create.reference.clone(),
            find: Vec::new(),
            mapping: create.mapping.clone(),
            with: create.with.clone(),
            adopt_if: Vec::new(),
            adopt: false,
            when_locked: WhenLocked::Keep,
            update: UpdatePolicy::Never,
        };
        let (way, link) = self.way(step, &upsert, scope)?;
        match link {
            Some(link) => self.made_before(step, &create.of, &link, is_used),
            None => {
                let keys = self.keys_of(&way, None)?;
                self.lock(step, &keys)?;
                self.unknown_record(&way)
            }
        }
    }

    fn made_before(&mut self, step: &str, of: &Endpoint, link: &Link, is_used: bool) -> Run<Value> {
        let output = if is_used {
            let get = Operation::Get { resource: of.resource.clone(), key: link.target.clone() };
            self.read(step, "target", &of.connection, get)?
        } else {
            Value::Missing
        };
        Ok(self.step_ended(step, How::Already, output, &[]))
    }

    /// Changes a record whose key is known, where it differs.
    pub(crate) fn update(&mut self, step: &str, update: &Update, scope: &Scope) -> Run<Value> {
        let of = &update.of;
        let key = self.key(step, &update.key, scope)?;
        self.lock(step, &[format!("{}/{}/#{key}", of.connection, of.resource)])?;
        let mut inner = scope.clone();
        for (name, value) in self.named(step, &update.with, scope)? {
            inner.set(&name, value);
        }
        let get = Operation::Get { resource: of.resource.clone(), key: key.clone() };
        let there = self.read(step, "target", &of.connection, get)?;
        let made = self.document(step, &update.mapping, &inner, Some(&there))?;
        self.warn(step, made.warnings);
        let system = self.system(&of.connection)?;
        let differs = system.differences(&of.resource, &made.record, &there);
        if differs.is_empty() {
            return Ok(self.step_ended(step, How::Unchanged, there, &[]));
        }
        if let Some(why) = system.locked(&of.resource, &there).map_err(fault)? {
            return match update.when_locked {
                WhenLocked::Keep => Ok(self.step_ended(step, How::Kept, there, &differs)),
                WhenLocked::Issue | WhenLocked::Correct => {
                    Err(fault(locked_differs(&why, &key, &differs)))
                }
            };
        }
        let resource = of.resource.clone();
        let intent = Intent {
            connection: of.connection.clone(),
            operation: Operation::Update { resource, key, record: made.record },
            document: None,
            reference: None,
            locks: Vec::new(),
        };
        self.intend(step, intent)?;
        self.output_of_write(step)
    }

    /// Deletes a record, and ends its reference in the same commit as the outcome.
    pub(crate) fn delete(
        &mut self,
        step: &str,
        of: &Endpoint,
        (key, forgets): (&Program, Option<&Forgets>),
        scope: &Scope,
    ) -> Run<Value> {
        let key = self.key(step, key, scope)?;
        let lock = format!("{}/{}/#{key}", of.connection, of.resource);
        let reference = match forgets {
            None => None,
            Some(forgets) => Some(self.forgotten(step, forgets, scope)?),
        };
        let (resource, action) = (of.resource.clone(), DELETE.to_owned());
        let intent = Intent {
            connection: of.connection.clone(),
            operation: Operation::Action { resource, action, key, with: Vec::new() },
            document: None,
            reference,
            locks: vec![lock],
        };
        self.intend(step, intent)?;
        self.output_of_write(step)
    }

    fn forgotten(&self, step: &str, forgets: &Forgets, scope: &Scope) -> Run<Stored> {
        let Some(id) = self.plain(step, &forgets.reference, scope)? else {
            let message = format!("the reference of step `{step}` came out blank");
            return Err(fault(Fault::new(codes::REFERENCE_BLANK, Class::Missing, message)));
        };
        let (entity, target) = (forgets.entity.clone(), String::new());
        Ok(Stored { entity, id, target, origin: Origin::Ours })
    }
}
