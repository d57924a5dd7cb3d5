//! Mappings: documents of expressions that make a target record from source records.

pub(crate) mod code;
mod coverage;
mod document;
pub(crate) mod field;
mod fields;
mod parts;
mod place;
mod program;
mod trace;

pub use coverage::Spot;
pub use document::{CompiledMapping, compile_mapping};
pub use program::{Made, MappingProgram};
pub use trace::{Candidate, Trace, TraceField, TraceLet};
