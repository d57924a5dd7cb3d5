//! A connected system as the machine sees it: pure planning and reading.
//!
//! The kit's connectors are such systems; tests write their own.

use tenon_kit::{Already, Operation, Request, Road};
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
    /// The field of an action's answer that names the record it made.
    fn gives(&self, resource: &str, action: &str) -> Option<String>;
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
