//! `keys`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs};
use crate::types::Type;

/// The field names of a record, in order.
pub(super) static FUNCTION: Function = Function {
    name: "keys",
    params: &[needs("record", Takes::Record)],
    result: |_| Type::Text.list(),
    gives: "list<text>",
    fallible: false,
    doc: "The field names of a record, in order.",
    examples: &[("keys({ a = 1, b = 2 })", "[\"a\", \"b\"]")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let value = call.value(0);
    let names = value.as_record().into_iter().flat_map(|r| r.keys().map(|k| Value::text(k)));
    Ok(Value::list(names.collect()))
}
