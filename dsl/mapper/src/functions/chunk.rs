//! `chunk`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, item, needs, takes};

/// The items in lists of at most so many.
pub(super) static FUNCTION: Function = Function {
    name: "chunk",
    params: &[takes("list", Takes::Any), needs("size", Takes::Int)],
    result: |t| item(t, 0).list().list(),
    gives: "list<list>",
    fallible: true,
    doc: "The items in lists of at most so many.",
    examples: &[
        ("chunk([1, 2, 3], 2)", "[[1, 2], [3]]"),
        ("chunk([1], 0)", "fault MAP_OUT_OF_RANGE"),
    ],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let size = call.count(1)?;
    if size == 0 {
        return Err(call.out_of_range("a size of at least 1", 1));
    }
    let items = call.list(0)?;
    Ok(Value::list(items.chunks(size).map(|c| Value::list(c.to_vec())).collect()))
}
