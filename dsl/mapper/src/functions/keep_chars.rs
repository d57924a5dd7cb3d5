//! `keep_chars`

use tenon_value::Value;

use crate::functions::{Call, Function, Result, Takes, needs};
use crate::types::Type;

/// Only the characters of a text that stand in another; ranges such as `a-z` may be used in it.
pub(super) static FUNCTION: Function = Function {
    name: "keep_chars",
    params: &[needs("text", Takes::Text), needs("allowed", Takes::Text)],
    result: |_| Type::Text,
    gives: "text",
    fallible: false,
    doc: "Only the characters of a text that stand in another; ranges such as `a-z` may be used in it.",
    examples: &[("keep_chars(\"A b/1\", \"A-Z0-9_\")", "\"A1\"")],
    run,
};

fn run(call: &mut Call<'_, '_>) -> Result<Value> {
    let text = call.text(0)?;
    let allowed: Vec<char> = call.text(1)?.chars().collect();
    Ok(Value::from(text.chars().filter(|c| stands_in(*c, &allowed)).collect::<String>()))
}

fn stands_in(letter: char, allowed: &[char]) -> bool {
    let ranged = allowed.windows(3).any(|w| match w {
        [from, '-', to] => *from <= letter && letter <= *to,
        _ => false,
    });
    ranged || allowed.contains(&letter)
}
