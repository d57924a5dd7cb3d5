//! The engine over HTTP: webhook intake, and the JSON API that the CLI and programs use.
//!
//! Handlers hold no logic: [`answer`] maps a call to a function of the runtime, and the CLI uses the
//! same [`answer`] on a directory that no server holds.

mod api;
pub mod codes;
mod documents;
mod door;
mod intake;
mod metrics;
mod serve;
mod store;

pub use api::{Call, answer};
pub use documents::{Connectors, compile, connectors, deployment};
pub use door::{ApiFile, DoorError};
pub use serve::{Server, ServerConfig, ServerError};

#[cfg(test)]
mod tests;
