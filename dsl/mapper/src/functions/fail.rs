//! `fail`

use tenon_value::{Class, Fault, Value};

use crate::functions::{Call, Function, Result, Takes, may, needs};
use crate::host::EvalError;
use crate::types::Type;

/// Ends the evaluation with a fault of that code; `try` lets it pass.
pub(super) static FUNCTION: Function = Function {
    name: "fail",
    params: &[needs("code", Takes::Text), needs("message", Takes::Text), may("next", Takes::Text)],
    result: |_| Type::Dyn,
    gives: "never",
    fallible: true,
    doc: "Ends the evaluation with a fault of that code; `next` says what to do about it. `try` lets it pass.",
    examples: &[("fail(\"NO_NAME\", \"no name anywhere\")", "fault NO_NAME")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let mut fault = Fault::new(&call.text(0)?, Class::Mapping, call.text(1)?.to_string());
    if call.is_given(2) {
        fault = fault.hint(call.text(2)?.to_string());
    }
    Err(EvalError::Failed(Box::new(fault)))
}
