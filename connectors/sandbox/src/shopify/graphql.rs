//! The GraphQL interface: versions, cost, execution against the published schema.

pub mod bucket;
pub mod cost;
pub mod endpoint;
pub mod mutations;
pub mod node;
pub mod page;
pub mod root;
pub mod search;
pub mod versions;
pub mod world;
