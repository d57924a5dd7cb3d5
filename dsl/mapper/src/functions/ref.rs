//! `ref`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs, takes};
use crate::host::ReadKey;
use crate::types::Type;

/// The target’s id of a source record, from the references; missing where there is none, or where the id is missing.
pub(super) static FUNCTION: Function = Function {
    name: "ref",
    params: &[needs("entity", Takes::Text), takes("id", Takes::Any)],
    result: |_| Type::Text.optional(),
    gives: "text?",
    fallible: false,
    doc: "The target’s id of a source record, from the references; missing where there is none, or where the id is missing.",
    examples: &[
        ("blank(ref(\"customer\", \"1\"))", "true"),
        ("blank(ref(\"customer\", null))", "true"),
    ],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let entity = call.text(0)?.to_string();
    match id(call, 1)? {
        Some(id) => call.run.host.read(&ReadKey::Reference { entity, id }),
        None => Ok(Value::Missing),
    }
}

/// The id of an entity as plain text; none where it is blank.
pub(crate) fn id(call: &Call<'_, '_>, at: usize) -> Result<Option<String>> {
    let value = call.value(at);
    if value.is_blank() {
        return Ok(None);
    }
    value.plain().map(Some).ok_or_else(|| call.wrong("a plain id", Some(&value)))
}
