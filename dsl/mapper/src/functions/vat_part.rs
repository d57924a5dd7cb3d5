//! `vat_part`

use tenon_value::Value;

use crate::functions::{Call, Function, MODES, Result, Takes, may, needs};

/// The VAT in an amount that includes it: the amount less its rounded net.
pub(super) static FUNCTION: Function = Function {
    name: "vat_part",
    params: &[
        needs("gross", Takes::Amount),
        needs("percent", Takes::Number),
        needs("scale", Takes::Int),
        may("mode", Takes::OneOf(MODES)),
    ],
    result: |t| crate::functions::catalog::round_::rounded(t),
    gives: "decimal or money",
    fallible: false,
    doc: "The VAT in an amount that includes it: the amount less its rounded net.",
    examples: &[
        ("vat_part(125, 25, 2, \"half_up\")", "25.00"),
        ("vat_part(99, 25.5, 2, \"half_up\")", "20.12"),
    ],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    crate::functions::catalog::net_::split(call).map(|(_, vat)| vat)
}
