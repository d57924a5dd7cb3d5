//! `merge`

use std::sync::Arc;

use tenon_value::{Record, Value};

use crate::functions::{Call, Function, Result, Takes, needs, takes};
use crate::types::Type;

/// The fields of two records; the second wins.
pub(super) static FUNCTION: Function = Function {
    name: "merge",
    params: &[needs("a", Takes::Record), takes("b", Takes::Any)],
    result: |_| Type::Dyn,
    gives: "record",
    fallible: false,
    doc: "The fields of two records; the second wins.",
    examples: &[("merge({ a = 1, b = 1 }, { b = 2 })", "{ a = 1, b = 2 }")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let mut fields: Record = call.value(0).as_record().cloned().unwrap_or_default();
    if let Value::Record(others) = call.value(1) {
        fields.extend(others.iter().map(|(k, v)| (Arc::clone(k), v.clone())));
    }
    Ok(Value::record(fields))
}
