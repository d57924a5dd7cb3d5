//! `warn`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs, same, takes};

/// Gives the value, and notes a warning on the task.
pub(super) static FUNCTION: Function = Function {
    name: "warn",
    params: &[needs("message", Takes::Text), takes("value", Takes::Any)],
    result: |t| same(t, 1),
    gives: "the value",
    fallible: false,
    doc: "Gives the value, and notes a warning on the task.",
    examples: &[("warn(\"odd\", 5)", "5")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let message = call.text(0)?.to_string();
    call.run.warnings.push(message);
    Ok(call.value(1))
}
