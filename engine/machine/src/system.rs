//! A connected system as the machine sees it: pure planning and reading.
//!
//! The kit's connectors are such systems; tests write their own.

use tenon_kit::{Already, Connector, Operation, Request, Road};
use tenon_value::{Fault, Value};

/// A field in which two records differ.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The field; a path where it is inside another.
    pub field: String,
    /// What we would send, or sent.
    pub sent: Value,
    /// What is there.
    pub there: Value,
}

/// What the machine must know of a system.
pub trait System: Send + Sync {
    /// Renders a request, without credentials.
    ///
    /// # Errors
    /// A fault when the operation can't be said in this system.
    fn plan(&self, operation: &Operation) -> Result<Request, Fault>;
    /// How to find out the outcome of a write that was not answered.
    fn road(&self, operation: &Operation) -> Road;
    /// Whether an action has a proof.
    fn has_proof(&self, resource: &str, action: &str) -> bool;
    /// Whether an action shows as done on the record; `None` where the action has no proof.
    ///
    /// # Errors
    /// A fault when the proof can't be judged.
    fn proof(&self, resource: &str, action: &str, record: &Value) -> Result<Option<bool>, Fault>;
    /// What "it is already so" means.
    fn already(&self, resource: &str, action: &str) -> Already;
    /// The resource of the record an action makes, where it makes one.
    fn makes(&self, resource: &str, action: &str) -> Option<String>;
    /// Key of the record an action made, from its answer.
    fn made_by_answer(&self, resource: &str, action: &str, answer: &Value) -> Option<String>;
    /// Key of the record an action made, from the record it was done to, read afterwards.
    fn made_by_proof(&self, resource: &str, action: &str, record: &Value) -> Option<String>;
    /// A dry run's stand-in for the record an action was done to.
    fn as_if_done(&self, resource: &str, action: &str, record: Value, made: &str) -> Value;
    /// Why a record must not be changed, where that is so.
    ///
    /// # Errors
    /// A fault when it can't be judged.
    fn locked(&self, resource: &str, record: &Value) -> Result<Option<String>, Fault>;
    /// The field that holds a record's key.
    fn key_field(&self, resource: &str) -> Option<String>;
    /// A record's key.
    fn key_of(&self, resource: &str, record: &Value) -> Option<String>;
    /// Fields that `sent` has and that are otherwise in `there`, as the system would store them.
    fn differences(&self, resource: &str, sent: &Value, there: &Value) -> Vec<Difference>;
}

impl System for Connector {
    fn plan(&self, operation: &Operation) -> Result<Request, Fault> {
        Connector::plan(self, operation)
    }

    fn road(&self, operation: &Operation) -> Road {
        Connector::road(self, operation)
    }

    fn has_proof(&self, resource: &str, action: &str) -> bool {
        self.action(resource, action).is_some_and(|action| !action.proof.is_empty())
    }

    fn proof(&self, resource: &str, action: &str, record: &Value) -> Result<Option<bool>, Fault> {
        match System::has_proof(self, resource, action) {
            true => Connector::proof(self, resource, action, record).map(Some),
            false => Ok(None),
        }
    }

    fn already(&self, resource: &str, action: &str) -> Already {
        Connector::already(self, resource, action)
    }

    fn makes(&self, resource: &str, action: &str) -> Option<String> {
        let gives = self.action(resource, action)?.gives.as_ref()?;
        Some(gives.resource.clone())
    }

    fn made_by_answer(&self, resource: &str, action: &str, answer: &Value) -> Option<String> {
        self.answered(resource, action, answer).map(|(_, key)| key)
    }

    fn made_by_proof(&self, resource: &str, action: &str, record: &Value) -> Option<String> {
        self.proven(resource, action, record).map(|(_, key)| key)
    }

    fn as_if_done(&self, resource: &str, action: &str, record: Value, made: &str) -> Value {
        let gives = self.action(resource, action).and_then(|action| action.gives.as_ref());
        match gives {
            Some(gives) => record.with(&gives.answer, Value::text(made)),
            None => record,
        }
    }

    fn locked(&self, resource: &str, record: &Value) -> Result<Option<String>, Fault> {
        Connector::locked(self, resource, record)
    }

    fn key_field(&self, resource: &str) -> Option<String> {
        self.resource(resource).map(|resource| resource.key.clone())
    }

    fn key_of(&self, resource: &str, record: &Value) -> Option<String> {
        Connector::key_of(self, resource, record)
    }

    fn differences(&self, resource: &str, sent: &Value, there: &Value) -> Vec<Difference> {
        let found = self.same(resource, sent, there);
        found
            .into_iter()
            .map(|d| Difference { field: d.field, sent: d.sent, there: d.there })
            .collect()
    }
}
