//! Expressions and mappings: parsed, checked with types, compiled and evaluated.
//!
//! No clock, no I/O, no randomness: what an evaluation reads of stored state comes through [`Host`].
//! A compiled program is plain data that a step graph pins as text.

pub mod ast;
mod check;
mod code;
pub mod codes;
mod compile;
mod env;
mod eval;
pub mod functions;
mod host;
mod literal;
pub mod mapping;
mod name;
pub mod parse;
mod path;
mod print;
mod program;
mod script;
pub mod types;

pub use code::Pick;
pub use compile::{compile, compile_text};
pub use env::{Env, MoneyPolicy, ResourceType, TableType};
pub use functions::Function;
pub use host::{EvalError, Host, NoHost, ReadKey, Scope, Skip, table_key};
pub use mapping::{CompiledMapping, Made, MappingProgram, Spot, Trace, compile_mapping};
pub use print::{print, print_structure};
pub use program::{Compiled, EDITION, Explained, Program, ProgramError};
pub use script::{Scripts, check_scripts};
pub use types::{Field, Type, Types, Wire};

#[cfg(test)]
mod tests;
