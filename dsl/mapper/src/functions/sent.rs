//! `sent`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs, takes};
use crate::host::ReadKey;
use crate::types::Type;

/// What was last sent for a source record; missing where nothing was.
pub(super) static FUNCTION: Function = Function {
    name: "sent",
    params: &[needs("entity", Takes::Text), takes("id", Takes::Any)],
    result: |_| Type::Dyn,
    gives: "record?",
    fallible: false,
    doc: "What was last sent for a source record; missing where nothing was.",
    examples: &[("blank(sent(\"order\", \"1\"))", "true")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let entity = call.text(0)?.to_string();
    match crate::functions::catalog::ref_::id(call, 1)? {
        Some(id) => call.run.host.read(&ReadKey::Sent { entity, id }),
        None => Ok(Value::Missing),
    }
}
