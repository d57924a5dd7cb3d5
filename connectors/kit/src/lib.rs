//! Connectors as data: manifests, and the pure planning of requests and reading of answers.
//!
//! The kit does no I/O and knows no clock. A request it plans is sent by the runtime; an answer it
//! reads came from the runtime, a recording or the sandbox alike.

mod operation;
pub mod schema;

pub use operation::{Already, LimitNews, Operation, Outcome, Reading, Request, Response, Road};
