//! `started_at`

use tenon_value::Value;

use crate::functions::{Call, Function, Result};
use crate::types::Type;

/// When the task started: the only clock an expression sees.
pub(super) static FUNCTION: Function = Function {
    name: "started_at",
    params: &[],
    result: |_| Type::DateTime,
    gives: "datetime",
    fallible: false,
    doc: "When the task started: the only clock an expression sees.",
    examples: &[("text(started_at())", "\"1970-01-01T00:00:00Z\"")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    Ok(call.run.started_at())
}
