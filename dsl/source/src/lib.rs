//! What authors write, with places: spanned YAML, findings and their rendering.
//!
//! This crate knows no flows, mappings or connectors: it reads YAML into a tree in which every node
//! knows its bytes, and turns findings into what a terminal, an editor or a pipeline shows.

mod diagnostic;

pub use diagnostic::{Diagnostic, File, Fix, Severity, Span};
