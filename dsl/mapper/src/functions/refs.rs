//! `refs`

use std::sync::Arc;

use indexmap::IndexMap;
use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs, takes};
use crate::host::ReadKey;
use crate::types::{Field, Type};

/// All documents of a source record at the target, each with its part; empty where there is none, or where the id is missing.
pub(super) static FUNCTION: Function = Function {
    name: "refs",
    params: &[needs("entity", Takes::Text), takes("id", Takes::Any)],
    result: |_| references(),
    gives: "list<{ part, id }>",
    fallible: false,
    doc: "All documents of a source record at the target, each with its part (an empty text for the only one); empty where there is none, or where the id is missing.",
    examples: &[("count(refs(\"invoice\", \"1\"))", "0"), ("refs(\"invoice\", null)", "[]")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let entity = call.text(0)?.to_string();
    let Some(id) = crate::functions::catalog::ref_::id(call, 1)? else {
        return Ok(Value::list(Vec::new()));
    };
    match call.run.host.read(&ReadKey::References { entity, id })? {
        Value::Missing | Value::Null => Ok(Value::list(Vec::new())),
        found => Ok(found),
    }
}

fn references() -> Type {
    let fields = ["part", "id"].map(|name| (Arc::from(name), Field::of(Type::Text)));
    Type::Record(Arc::new(IndexMap::from(fields))).list()
}
