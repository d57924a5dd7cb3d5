//! `index_by`

use std::sync::Arc;

use tenon_value::{Record, Value};

use crate::eval::ops;
use crate::functions::{Call, Function, Result, Takes, item, needs, takes};
use crate::host::EvalError;
use crate::types::Type;

/// A map from a plain key of each item to the item; two items with one key are a fault.
pub(super) static FUNCTION: Function = Function {
    name: "index_by",
    params: &[takes("list", Takes::Any), needs("by", Takes::Lambda)],
    result: |t| Type::Map(Arc::new(item(t, 0))),
    gives: "map<item>",
    fallible: true,
    doc: "A map from a plain key of each item to the item; two items with one key are a fault.",
    examples: &[
        ("index_by([{ id = \"a\", n = 1 }], x => x.id)[\"a\"].n", "1"),
        ("index_by([1, 1], x => \"k\")", "fault MAP_DUPLICATE_KEY"),
    ],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let mut map = Record::new();
    for item in call.list(0)?.iter() {
        let key = call.apply(item)?;
        let name = key.plain().ok_or_else(|| ops::wrong("a plain key", &key))?;
        if map.insert(Arc::from(name.as_str()), item.clone()).is_some() {
            return Err(EvalError::fault(
                "MAP_DUPLICATE_KEY",
                format!("two items have the key `{name}`"),
            ));
        }
    }
    Ok(Value::record(map))
}
