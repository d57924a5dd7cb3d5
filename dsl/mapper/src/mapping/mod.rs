//! Mappings: documents of expressions that make a target record from source records.

pub(crate) mod code;
pub(crate) mod field;
mod program;
mod trace;

pub use program::{Made, MappingProgram};
pub use trace::{Candidate, Trace, TraceField};
