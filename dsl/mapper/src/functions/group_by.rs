//! `group_by`

use std::sync::Arc;

use tenon_value::{Value, json};

use crate::functions::{Call, Function, Result, Takes, needs, takes};

/// The items in groups of one key each, in the order the keys first appear.
pub(super) static FUNCTION: Function = Function {
    name: "group_by",
    params: &[takes("list", Takes::Any), needs("by", Takes::Lambda)],
    result: |t| groups(t),
    gives: "list<{ key, items }>",
    fallible: false,
    doc: "The items in groups of one key each, in the order the keys first appear.",
    examples: &[(
        "group_by([1, 2, 3], x => x % 2)",
        "[{ key = 1, items = [1, 3] }, { key = 0, items = [2] }]",
    )],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let mut groups: Vec<(String, Value, Vec<Value>)> = Vec::new();
    for item in call.list(0)?.iter() {
        let key = call.apply(item)?;
        let name = json::write(&crate::host::table_key(&key));
        match groups.iter_mut().find(|(n, _, _)| *n == name) {
            Some((_, _, items)) => items.push(item.clone()),
            None => groups.push((name, key, vec![item.clone()])),
        }
    }
    let group = |(_, key, items)| Value::of([("key", key), ("items", Value::list(items))]);
    Ok(Value::list(groups.into_iter().map(group).collect()))
}

fn groups(types: &[crate::types::Type]) -> crate::types::Type {
    use crate::types::{Field, Type};
    let fields = indexmap::IndexMap::from([
        (Arc::from("key"), Field::of(crate::functions::same(types, 1))),
        (Arc::from("items"), Field::of(crate::functions::item(types, 0).list())),
    ]);
    Type::Record(Arc::new(fields)).list()
}
