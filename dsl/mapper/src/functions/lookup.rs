//! `lookup`

use tenon_value::{Class, Fault, Value};

use crate::functions::{Call, Function, Result, Takes, needs};
use crate::host::{EvalError, ReadKey};
use crate::types::Type;

/// The row of a table for a key: one value, or a record of the key columns. No row is a fault that a saved row releases, unless the table says that rows may be missing.
pub(super) static FUNCTION: Function = Function {
    name: "lookup",
    params: &[needs("table", Takes::Text), needs("key", Takes::Any)],
    result: |_| Type::Dyn,
    gives: "row",
    fallible: true,
    doc: "The row of a table for a key: one value, or a record of the key columns. No row is a fault that a saved row releases, unless the table says that rows may be missing.",
    examples: &[("try lookup(\"vat\", 1) else \"x\"", "\"x\"")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let key = ReadKey::lookup(call.text(0)?, &call.value(1));
    let found = call.run.host.read(&key)?;
    if found.is_absent() {
        let fault = Fault::new("TABLE_ROW_MISSING", Class::Missing, "the table has no such row");
        return Err(EvalError::Fault(Box::new(fault.at("key", call.value(1)))));
    }
    Ok(found)
}
