//! `join`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, may, needs};
use crate::types::Type;

/// The items of a list as one text, with a separator (`, ` if none is given); blank items are left out.
pub(super) static FUNCTION: Function = Function {
    name: "join",
    params: &[needs("list", Takes::List), may("by", Takes::Text)],
    result: |_| Type::Text,
    gives: "text",
    fallible: true,
    doc: "The items of a list as one text, with a separator (`, ` if none is given); blank items are left out.",
    examples: &[("join([\"a\", \"\", \"b\"], \" \")", "\"a b\""), ("join([1, 2])", "\"1, 2\"")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let by = call.text_or(1, ", ")?;
    let mut joined = String::new();
    let mut first = true;
    for item in call.list(0)?.iter().filter(|item| !item.is_blank()) {
        if !std::mem::take(&mut first) {
            joined.push_str(&by);
        }
        if !item.write_plain(&mut joined) {
            return Err(call.wrong("plain items", Some(item)));
        }
        call.run.has_room(joined.len())?;
    }
    Ok(Value::from(joined))
}
