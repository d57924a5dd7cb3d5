//! The language as a whole: examples, corpora, properties.

mod calls;
mod corpus;
mod examples;
mod mappings;
mod promised;
mod properties;
mod rendered;
mod scripts;

use tenon_source::Diagnostic;
use tenon_value::Value;

use crate::{Compiled, Env, EvalError, NoHost, Scope, compile_text};

/// What an expression comes to, in one line: JSON, `missing`, `fault CODE`, `skip …`, or the codes of
/// its findings.
fn shown(text: &str, env: &Env, scope: &Scope) -> String {
    let (compiled, found) = compile_text(text, env, None);
    let Some(compiled) = compiled else { return codes(&found) };
    ended(&compiled, scope)
}

fn codes(found: &[Diagnostic]) -> String {
    found.iter().map(|d| d.code).collect::<Vec<_>>().join(" ")
}

fn ended(compiled: &Compiled, scope: &Scope) -> String {
    let read = crate::Program::from_text(&compiled.program.to_text()).unwrap();
    assert_eq!(read, compiled.program, "a program reads back as it was written");
    match read.eval(scope, &NoHost::default()) {
        Ok(Value::Missing) => "missing".to_owned(),
        Ok(Value::Money(money)) => money.to_string(),
        Ok(value) => tenon_value::json::write(&value),
        Err(EvalError::Fault(fault) | EvalError::Failed(fault)) => format!("fault {}", fault.code),
        Err(EvalError::Skip(skip)) => format!("skip {}", skip.because),
        Err(EvalError::Pending) => "pending".to_owned(),
    }
}
