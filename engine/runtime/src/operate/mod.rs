//! What operators ask of the engine: the same functions for the API, the CLI and the console.
//!
//! Answers are plain values, ready to be shown or written as JSON.

mod connections;
mod history;
mod knowledge;
mod lists;
pub(crate) mod tasks;
mod values;

pub use knowledge::Link;
pub use lists::{AuditQuery, DeliveryQuery};

pub use tasks::TaskQuery;

/// Who asks, and why.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct By {
    /// A person or program.
    pub who: String,
    /// In their words.
    pub why: Option<String>,
}
