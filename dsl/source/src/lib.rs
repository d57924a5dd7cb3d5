//! What authors write, with places: spanned YAML, findings and their rendering.
//!
//! This crate knows no flows, mappings or connectors: it reads YAML into a tree in which every node
//! knows its bytes, and turns findings into what a terminal, an editor or a pipeline shows.

pub mod codes;
mod diagnostic;
mod fixes;
mod load;
mod near;
mod page;
mod place;
mod render;
mod syntax;
mod trap;
mod tree;

pub use diagnostic::{Diagnostic, File, Fix, Severity, Span};
pub use fixes::apply_fixes;
pub use load::{MAX_BYTES, MAX_DEPTH, decode, load, load_bytes};
pub use near::near;
pub use page::Page;
pub use render::{Format, render, sort, summary};
pub use trap::expression_trap;
pub use tree::{Document, Node, NodeKind, Scalar, Style};

#[cfg(test)]
mod tests;
