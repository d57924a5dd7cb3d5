//! `skip`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs};
use crate::host::{EvalError, Skip};
use crate::types::Type;

/// Ends the task as skipped, with the reason.
pub(super) static FUNCTION: Function = Function {
    name: "skip",
    params: &[needs("reason", Takes::Text)],
    result: |_| Type::Dyn,
    gives: "never",
    fallible: true,
    doc: "Ends the task as skipped, with the reason.",
    examples: &[("skip(\"a test order\")", "skip a test order")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    Err(EvalError::Skip(Box::new(Skip { because: call.text(0)?.to_string() })))
}
