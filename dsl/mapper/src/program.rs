//! Compiled expressions as callers hold them, and the text form a step graph pins.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use tenon_value::Value;

use crate::code::Code;
use crate::eval::Run;
use crate::host::{EvalError, Host, Scope};
use crate::types::Type;

/// Edition of the compiled form. Old editions are read as long as a task may pin one.
pub const EDITION: u32 = 1;

/// Why a program's text could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProgramError {
    /// It is no program of ours.
    #[error("not a compiled program: {0}")]
    Unreadable(String),
    /// It was written by a later edition.
    #[error("a compiled program of edition {0}; this build reads up to {EDITION}")]
    Newer(u32),
}

/// A compiled expression.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Program {
    edition: u32,
    code: Code,
}

/// What compiling an expression gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Compiled {
    /// The program.
    pub program: Program,
    /// The type of its value.
    pub ty: Type,
    /// Whether evaluating it may end in a fault of its own making: a lookup, a division, `fail`, a
    /// text read as a number. Keys, filters and routes must not.
    pub fallible: bool,
    /// Names of the scope it reads.
    pub names: BTreeSet<String>,
    /// Paths it reads, as written without filters: `order.customer.id`.
    pub paths: BTreeSet<String>,
    /// Whether it reads a field that names or describes a person.
    pub personal: bool,
}

impl Program {
    pub(crate) fn new(code: Code) -> Program {
        Program { edition: EDITION, code }
    }

    /// The value a program that always gives it would have; for steps the engine makes itself.
    #[must_use]
    pub fn constant(value: Value) -> Program {
        Program::new(Code::Const(value))
    }

    /// The text a step graph holds.
    #[must_use]
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads what [`Program::to_text`] wrote.
    ///
    /// # Errors
    /// [`ProgramError`] where it is none, or one of a later edition.
    pub fn from_text(text: &str) -> Result<Program, ProgramError> {
        let program: Program = read(text)?;
        known(program.edition)?;
        Ok(program)
    }

    /// Evaluates it.
    ///
    /// # Errors
    /// A fault, a written `skip`, or [`EvalError::Pending`] where the host must fetch first.
    pub fn eval(&self, scope: &Scope, host: &dyn Host) -> Result<Value, EvalError> {
        Run::new(scope, host).eval(&self.code)
    }

    /// Evaluates it and gives the paths it read with their values, and its warnings.
    ///
    /// # Errors
    /// As [`Program::eval`].
    pub fn explain(&self, scope: &Scope, host: &dyn Host) -> Result<Explained, EvalError> {
        let mut run = Run::new(scope, host);
        run.seen = Some(Vec::new());
        let value = run.eval(&self.code)?;
        Ok(Explained { value, read: run.seen.unwrap_or_default(), warnings: run.warnings })
    }
}

/// A value and how it came to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Explained {
    /// The value.
    pub value: Value,
    /// Paths read, in order, with what stood there.
    pub read: Vec<(String, Value)>,
    /// What `warn` said.
    pub warnings: Vec<String>,
}

/// Most brackets that may be open at once in a program's text. The deepest expression the parser
/// takes stays well below; the bound keeps a foreign text from using up the stack.
const MAX_OPEN: usize = 1_000;

pub(crate) fn read<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, ProgramError> {
    if opens(text) > MAX_OPEN {
        return Err(ProgramError::Unreadable("nested too deeply".to_owned()));
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    reader.disable_recursion_limit();
    T::deserialize(&mut reader).map_err(|e| ProgramError::Unreadable(e.to_string()))
}

/// The most brackets open at once, those in texts left out.
fn opens(text: &str) -> usize {
    let (mut open, mut most) = (0_usize, 0_usize);
    let (mut in_text, mut escaped) = (false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => {
                open = open.saturating_add(1);
                most = most.max(open);
            }
            b']' | b'}' if !in_text => open = open.saturating_sub(1),
            _ => {}
        }
    }
    most
}

pub(crate) fn known(edition: u32) -> Result<(), ProgramError> {
    if edition > EDITION { Err(ProgramError::Newer(edition)) } else { Ok(()) }
}
