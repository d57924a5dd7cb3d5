//! Expressions and mappings: parsed, checked with types, compiled and evaluated.

pub mod types;
