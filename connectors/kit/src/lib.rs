//! Connectors as data: manifests, and the pure planning of requests and reading of answers.
//!
//! The kit does no I/O and knows no clock. A request it plans is sent by the runtime; an answer it
//! reads came from the runtime, a recording or the sandbox alike.

mod auth;
mod body;
mod catalog;
pub mod codes;
mod connector;
mod encode;
mod faults;
mod limits;
mod lint;
mod manifest;
mod operation;
mod plan;
mod read;
mod resource;
mod same;
pub mod schema;
mod typing;
mod webhook;

pub use auth::{Account, Auth, Credentials, Grant, HttpRequest, Oauth2, Secret, Tokens};
pub use catalog::{catalog, catalog_names};
pub use connector::{Check, Connector, Environment};
pub use faults::FaultRow;
pub use limits::Limit;
pub use lint::lint;
pub use operation::{Already, LimitNews, Operation, Outcome, Reading, Request, Response, Road};
pub use resource::{
    Action, Bound, BoundRule, Call, Condition, Find, Gives, List, Nested, Pages, Resource, Since,
    Variable, Wanted, Write,
};
pub use same::FieldDifference;
pub use webhook::{Delivery, Rejection, Topic, Webhook};

#[cfg(test)]
mod tests;
