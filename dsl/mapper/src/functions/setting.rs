//! `setting`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs};
use crate::host::ReadKey;
use crate::types::Type;

/// A setting by name; `settings.name` is the same and checked.
pub(super) static FUNCTION: Function = Function {
    name: "setting",
    params: &[needs("name", Takes::Text)],
    result: |_| Type::Dyn,
    gives: "dyn",
    fallible: true,
    doc: "A setting by name; `settings.name` is the same and checked.",
    examples: &[("blank(setting(\"x\"))", "true")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let name = call.text(0)?;
    call.run.host.read(&ReadKey::Setting { name })
}
