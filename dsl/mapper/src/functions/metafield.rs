//! `metafield`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs, takes};
use crate::types::Type;

/// The value of a metafield, by `namespace.key`; missing where the record has none.
pub(super) static FUNCTION: Function = Function {
    name: "metafield",
    params: &[takes("record", Takes::Any), needs("key", Takes::Text)],
    result: |_| Type::Text.optional(),
    gives: "text?",
    fallible: false,
    doc: "The value of a metafield, by `namespace.key`; missing where the record has none.",
    examples: &[
        (
            "metafield({ metafields = [{ namespace = \"b2b\", key = \"name\", value = \"AB\" }] }, \"b2b.name\")",
            "\"AB\"",
        ),
        ("blank(metafield({ metafields = [] }, \"a.b\"))", "true"),
    ],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let key = call.text(1)?;
    let (namespace, name) = key.rsplit_once('.').unwrap_or(("", &key));
    let record = call.value(0);
    let fields = record.field("metafields");
    let nodes = if fields.as_record().is_some() { fields.field("nodes") } else { fields };
    let is = |value: &Value, text: &str| value.as_text() == Some(text);
    let found = nodes.items().iter().find(|field| {
        (is(field.field("namespace"), namespace) && is(field.field("key"), name))
            || is(field.field("key"), &key)
    });
    let value = found.map_or(Value::Missing, |field| field.field("value").clone());
    crate::functions::catalog::attribute_::written(call, &value)
}
