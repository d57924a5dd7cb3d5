//! Expressions and mappings: parsed, checked with types, compiled and evaluated.
//!
//! No clock, no I/O, no randomness: what an evaluation reads of stored state comes through [`Host`].
//! A compiled program is plain data that a step graph pins as text.

pub mod ast;
mod code;
mod env;
mod eval;
pub mod functions;
mod host;
mod literal;
pub mod mapping;
pub mod parse;
mod program;
mod script;
pub mod types;

pub use code::Pick;
pub use env::{Env, MoneyPolicy, TableType};
pub use functions::Function;
pub use host::{EvalError, Host, NoHost, ReadKey, Scope, table_key};
pub use mapping::{Made, MappingProgram, Trace};
pub use program::{Compiled, EDITION, Explained, Program, ProgramError};
pub use script::Scripts;
pub use types::{Field, Type, Types, Wire};
