//! `script`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, may_take, needs};
use crate::types::Type;

/// Calls `file.rhai::function` with the arguments; write `as type` after it to have the result verified.
pub(super) static FUNCTION: Function = Function {
    name: "script",
    params: &[
        needs("function", Takes::Text),
        may_take("a", Takes::Any),
        may_take("b", Takes::Any),
        may_take("c", Takes::Any),
        may_take("d", Takes::Any),
        may_take("e", Takes::Any),
    ],
    result: |_| Type::Dyn,
    gives: "dyn",
    fallible: true,
    doc: "Calls `file.rhai::function` with the arguments; write `as type` after it to have the result verified.",
    examples: &[("script(\"none.rhai::f\", 1)", "fault SCRIPT_MISSING")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let name = call.text(0)?;
    let given = call.args().iter().rposition(|v| *v != Value::Missing).unwrap_or(0);
    let args: Vec<Value> =
        call.args().iter().take(given.saturating_add(1)).skip(1).cloned().collect();
    let (value, printed) = call.run.host.scripts().call(&name, &args)?;
    if let Some(seen) = &mut call.run.seen {
        seen.extend(printed.into_iter().map(|line| (format!("print {name}"), Value::from(line))));
    }
    Ok(value)
}
