//! `parse_number`

use tenon_value::{Number, Value};

use crate::eval::ops;
use crate::functions::{Call, Function, Result, Takes, may, needs};
use crate::types::Type;

/// A number as people write it: spaces as thousands, and `,` (or the given sign) as decimal point.
pub(super) static FUNCTION: Function = Function {
    name: "parse_number",
    params: &[needs("text", Takes::Text), may("point", Takes::Text)],
    result: |_| Type::Decimal,
    gives: "decimal",
    fallible: true,
    doc: "A number as people write it: spaces as thousands, and `,` (or the given sign) as decimal point.",
    examples: &[
        ("parse_number(\"1 234,50\")", "1234.50"),
        ("parse_number(\"1,234.50\", \".\")", "1234.50"),
    ],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let point = call.text_or(1, ",")?;
    let thousands = if &*point == "," { '.' } else { ',' };
    let text = call.text(0)?;
    let plain: String =
        text.chars().filter(|c| !c.is_whitespace() && *c != thousands && *c != '\'').collect();
    match Number::parse(&plain.replace(&*point, ".")) {
        Ok(number) => Ok(Value::Number(number)),
        Err(_) => Err(ops::wrong("a number", &Value::Text(text))),
    }
}
