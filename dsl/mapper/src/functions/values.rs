//! `values`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs};

/// The values of a record, in order.
pub(super) static FUNCTION: Function = Function {
    name: "values",
    params: &[needs("record", Takes::Record)],
    result: |t| inner(t),
    gives: "list",
    fallible: false,
    doc: "The values of a record, in order.",
    examples: &[("values({ a = 1, b = 2 })", "[1, 2]")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let value = call.value(0);
    Ok(Value::list(value.as_record().into_iter().flat_map(|r| r.values().cloned()).collect()))
}

fn inner(types: &[crate::types::Type]) -> crate::types::Type {
    match types.first().map(crate::types::Type::required) {
        Some(crate::types::Type::Map(inner)) => (**inner).clone().list(),
        _ => crate::types::Type::Dyn.list(),
    }
}
