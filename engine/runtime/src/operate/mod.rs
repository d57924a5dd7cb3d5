//! What operators ask of the engine: the same functions for the API, the CLI and the console.
//!
//! Answers are plain values, ready to be shown or written as JSON.

mod bulk;
mod connections;
mod history;
pub(crate) mod issues;
mod knowledge;
mod lists;
mod pauses;
mod schedules;
pub(crate) mod tasks;
mod values;
mod verbs;

pub use bulk::{Many, Selection};
pub use history::Export;
pub use knowledge::Link;
pub use lists::{AuditQuery, DeliveryQuery};

pub use tasks::TaskQuery;
pub use verbs::VERBS;

/// Who asks, and why.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct By {
    /// A person or program.
    pub who: String,
    /// In their words.
    pub why: Option<String>,
}
