//! `country`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs};
use crate::types::Type;

/// A two-letter country code in capitals; missing where it is no code.
pub(super) static FUNCTION: Function = Function {
    name: "country",
    params: &[needs("text", Takes::Text)],
    result: |_| Type::Text.optional(),
    gives: "text?",
    fallible: false,
    doc: "A two-letter country code in capitals; missing where it is no code.",
    examples: &[("country(\"se\")", "\"SE\""), ("blank(country(\"Sverige\"))", "true")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let code = call.text(0)?.trim().to_uppercase();
    let known = CODES.as_bytes().chunks(2).any(|c| c == code.as_bytes());
    Ok(if known { Value::from(code) } else { Value::Missing })
}

/// ISO 3166-1 alpha-2, in pairs.
const CODES: &str = "ADAEAFAGAIALAMAOAQARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZCACCCDCFCGCHCICKCLCMCNCOCRCUCVCWCXCYCZDEDJDKDMDODZECEEEGEHERESETFIFJFKFMFOFRGAGBGDGEGFGGGHGIGLGMGNGPGQGRGSGTGUGWGYHKHMHNHRHTHUIDIEILIMINIOIQIRISITJEJMJOJPKEKGKHKIKMKNKPKRKWKYKZLALBLCLILKLRLSLTLULVLYMAMCMDMEMFMGMHMKMLMMMNMOMPMQMRMSMTMUMVMWMXMYMZNANCNENFNGNINLNONPNRNUNZOMPAPEPFPGPHPKPLPMPNPRPSPTPWPYQARERORSRURWSASBSCSDSESGSHSISJSKSLSMSNSOSRSSSTSVSXSYSZTCTDTFTGTHTJTKTLTMTNTOTRTTTVTWTZUAUGUMUSUYUZVAVCVEVGVIVNVUWFWSYEYTZAZMZW";
