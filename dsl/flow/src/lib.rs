//! Integration folders: settings, tables, scripts, mappings and flows, checked together and compiled
//! to step graphs.
//!
//! Everything that is wrong with a folder is found in one pass. A mistake gives one finding: what
//! could not be understood has the type `dyn` from then on and is not complained about again. This
//! crate does no I/O: the folder comes in as texts by path.

mod branches;
mod calls;
pub mod codes;
mod csv;
mod each;
mod expression;
mod facts;
mod format;
mod head;
mod integration;
mod lanes;
mod mappings;
mod not_yet;
mod order;
mod policy;
mod schedules;
pub mod schema;
mod settings;
mod shape;
mod steps;
mod tables;
pub mod test_documents;
mod together;
pub mod topics;
mod typed;
mod upsert;
mod verb;
pub mod verb_pages;
mod verbs;
mod wait;
mod writes;

pub use facts::{ActionFacts, Known, ResourceFacts, System, Systems};
pub use format::format;
pub use integration::{Connection, Integration, load_integration, load_integration_at, load_known};
pub use settings::Setting;
pub use tables::{OnMissing, Table};

/// The edition of the language that graphs are compiled with.
pub const EDITION: u32 = 1;

#[cfg(test)]
mod tests;
