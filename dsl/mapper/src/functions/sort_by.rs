//! `sort_by`

use std::cmp::Ordering;

use tenon_value::Value;

use crate::eval::ops;
use crate::functions::{Call, Function, Result, Takes, item, may, takes};

/// The items in the order of what is made of each; equal ones stay as they were. Absent comes last.
pub(super) static FUNCTION: Function = Function {
    name: "sort_by",
    params: &[takes("list", Takes::Any), may("by", Takes::Lambda), may("descending", Takes::Bool)],
    result: |t| item(t, 0).list(),
    gives: "list",
    fallible: true,
    doc: "The items in the order of what is made of each; equal ones stay as they were. Absent comes last.",
    examples: &[
        ("sort_by([3, 1, 2])", "[1, 2, 3]"),
        ("sort_by([{ n = 1 }, { n = 2 }], x => x.n, descending = true)", "[{ n = 2 }, { n = 1 }]"),
    ],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let items = call.list(0)?;
    let descending = call.bool_or(2, false)?;
    let mut keyed = Vec::with_capacity(items.len());
    for item in items.iter() {
        keyed.push((call.apply(item)?, item.clone()));
    }
    let mut failed = None;
    keyed.sort_by(|(a, _), (b, _)| match (a.is_absent(), b.is_absent()) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => match ops::order(a, b) {
            Ok(order) if descending => order.reverse(),
            Ok(order) => order,
            Err(error) => {
                failed = Some(error);
                Ordering::Equal
            }
        },
    });
    match failed {
        Some(error) => Err(error),
        None => Ok(Value::list(keyed.into_iter().map(|(_, item)| item).collect())),
    }
}
