//! What must be known of a graph before a task of it is made.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, FixedOffset};
use tenon_mapper::{EvalError, Host, ReadKey, Scope, Scripts};
use tenon_value::{Class, Fault, Value};

use crate::LoadedGraph;
use crate::codes;
use crate::event::Created;
use crate::system::System;

/// A host without stored state: a lane may use only what every trigger carries.
struct Nothing<'g>(&'g Scripts);

impl Host for Nothing<'_> {
    fn read(&self, _key: &ReadKey) -> Result<Value, EvalError> {
        let message = "a lane may read no tables, settings or references";
        Err(EvalError::fault(codes::GRAPH_BROKEN, message))
    }

    fn scripts(&self) -> &Scripts {
        self.0
    }

    fn started_at(&self) -> DateTime<FixedOffset> {
        DateTime::UNIX_EPOCH.fixed_offset()
    }
}

impl LoadedGraph {
    /// The lane of a task for a source record, whose key field is `key`. Without a `lane` in the flow
    /// it is the record: `CONNECTION/RESOURCE/ID`.
    ///
    /// # Errors
    /// A fault when the lane's expression gives none or comes out blank.
    pub fn lane(&self, key: &str, record: &str) -> Result<String, Box<Fault>> {
        let from = &self.graph.from;
        let base = format!("{}/{}/{record}", from.connection, from.resource);
        let Some(lane) = self.graph.lane.as_ref() else { return Ok(base) };
        let broken = || {
            let message = "the lane's expression can't be evaluated by this build";
            Box::new(Fault::new(codes::GRAPH_BROKEN, Class::Missing, message))
        };
        let program = self.program(lane).ok_or_else(broken)?;
        let id = Value::text(record);
        let scope = Scope::new()
            .with(&from.resource, Value::of([("id", id.clone()), (key, id.clone())]))
            .with("id", id);
        let value = program
            .eval(&scope, &Nothing(self.scripts()))
            .map_err(|error| error.into_fault().map_or_else(broken, Box::new))?;
        match value.plain().filter(|text| !text.trim().is_empty()) {
            Some(text) if text == record => Ok(base),
            Some(text) => Ok(format!("{}/{text}", self.graph.integration)),
            None => Err(Box::new(
                Fault::new(codes::KEY_BLANK, Class::Missing, "the lane came out blank")
                    .at("lane", value),
            )),
        }
    }

    /// The source record's id of a child task of this graph: the key of the record its parent gave,
    /// or the parent's own record.
    #[must_use]
    pub fn child_record(
        &self,
        created: &Created,
        systems: &BTreeMap<String, Arc<dyn System>>,
    ) -> String {
        let from = &self.graph.from;
        let given = created.given.field(&from.resource);
        systems
            .get(&from.connection)
            .and_then(|system| system.key_of(&from.resource, given))
            .unwrap_or_else(|| created.record.clone())
    }
}
