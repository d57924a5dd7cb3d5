//! `distinct`

use tenon_value::{Value, json};

use crate::functions::{Call, Function, Result, Takes, item, may, takes};

/// The items without repetitions; the first of each is kept. `1.0` and `1` are the same.
pub(super) static FUNCTION: Function = Function {
    name: "distinct",
    params: &[takes("list", Takes::Any), may("by", Takes::Lambda)],
    result: |t| item(t, 0).list(),
    gives: "list",
    fallible: false,
    doc: "The items without repetitions; the first of each is kept. `1.0` and `1` are the same.",
    examples: &[
        ("distinct([1, 2, 1.0])", "[1, 2]"),
        ("distinct([{ a = 1, b = 1 }, { a = 1, b = 2 }], x => x.a)", "[{ a = 1, b = 1 }]"),
    ],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let mut seen = std::collections::BTreeSet::new();
    let mut kept = Vec::new();
    for item in call.list(0)?.iter() {
        let key = call.apply(item)?;
        if seen.insert(json::write(&crate::host::table_key(&key))) {
            kept.push(item.clone());
        }
    }
    Ok(Value::list(kept))
}
