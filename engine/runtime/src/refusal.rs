//! Why the engine did not do what a person or program asked.

use crate::codes;
use tenon_store::StoreError;
use tenon_value::{Fault, Value};

/// What kind of refusal it is; an API's status code follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// There is no such thing.
    NotFound,
    /// The question itself is wrong.
    Invalid,
    /// The state does not allow it.
    Conflict,
    /// Not now: the store cannot take it, or the engine is going down.
    Unavailable,
    /// Another system refused or did not answer.
    Remote,
    /// Our own failure.
    Internal,
}

/// A refusal with its code, reason and next action.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Refusal {
    /// What kind.
    pub kind: Kind,
    /// Stable code with a page.
    pub code: String,
    /// What is wrong, with names and values.
    pub message: String,
    /// What to do next.
    pub hint: Option<String>,
}

impl Refusal {
    /// A refusal of a kind.
    #[must_use]
    pub fn new(kind: Kind, code: &str, message: impl Into<String>) -> Refusal {
        Refusal { kind, code: code.to_owned(), message: message.into(), hint: None }
    }

    /// Nothing of that name.
    #[must_use]
    pub fn not_found(what: &str, name: &str) -> Refusal {
        Refusal::new(Kind::NotFound, codes::NOT_FOUND, format!("there is no {what} `{name}`"))
    }

    /// A wrong question.
    #[must_use]
    pub fn invalid(message: impl Into<String>) -> Refusal {
        Refusal::new(Kind::Invalid, codes::INVALID_REQUEST, message)
    }

    /// With what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Refusal {
        self.hint = Some(hint.into());
        self
    }

    /// As `{code, message, hint}`.
    #[must_use]
    pub fn to_value(&self) -> Value {
        Value::of([
            ("code", Value::text(&self.code)),
            ("message", Value::text(&self.message)),
            ("hint", self.hint.as_deref().map_or(Value::Missing, Value::text)),
        ])
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Refusal {
        let kind = match error.kind() {
            tenon_store::Kind::Refused => Kind::Conflict,
            tenon_store::Kind::DiskFull | tenon_store::Kind::Closed => Kind::Unavailable,
            tenon_store::Kind::TooLarge => Kind::Invalid,
            _ => Kind::Internal,
        };
        Refusal::new(kind, error.code(), error.to_string())
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Refusal {
        Refusal { kind: Kind::Remote, code: fault.code, message: fault.message, hint: fault.hint }
    }
}
