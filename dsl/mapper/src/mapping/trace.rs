//! How each field of a record came to be, for `map explain` and the console.

use std::fmt::Write as _;

use tenon_value::Value;

use super::field::shown;

/// What happened while a mapping ran.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Trace {
    /// Named values of the mapping, in order.
    pub lets: Vec<(String, Value)>,
    /// Target fields, in order.
    pub fields: Vec<TraceField>,
    /// Checks with what they came to.
    pub checks: Vec<(String, bool)>,
}

/// How one target field came to be.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceField {
    /// Its path: `OrderRows[0].Price`.
    pub path: String,
    /// Candidates that were tried, in order; the last one won unless the field was left out.
    pub tried: Vec<Candidate>,
    /// Candidates that were not reached.
    pub untried: Vec<String>,
    /// What was written; missing where the field was left out.
    pub written: Value,
}

/// One candidate that was tried.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Its text.
    pub text: String,
    /// What it came to, or the fault's message.
    pub came_to: Result<Value, String>,
    /// Whether it won.
    pub won: bool,
    /// Paths it read, with their values.
    pub read: Vec<(String, Value)>,
}

impl Trace {
    /// As text: a line per field, indented lines for candidates and what they read.
    #[must_use]
    pub fn render(&self) -> String {
        let mut out = String::new();
        for (name, value) in &self.lets {
            let _ = writeln!(out, "let {name} = {}", shown(value));
        }
        for field in &self.fields {
            let written = match &field.written {
                Value::Missing => "left out".to_owned(),
                value => shown(value),
            };
            let _ = writeln!(out, "{} = {written}", field.path);
            for candidate in &field.tried {
                let mark = if candidate.won { "won " } else { "pass" };
                let came_to = match &candidate.came_to {
                    Ok(value) => shown(value),
                    Err(message) => format!("fault: {message}"),
                };
                let _ = writeln!(out, "  {mark}  {} -> {came_to}", candidate.text);
                for (path, value) in &candidate.read {
                    if *path != candidate.text {
                        let _ = writeln!(out, "          {path} = {}", shown(value));
                    }
                }
            }
            for text in &field.untried {
                let _ = writeln!(out, "  not reached  {text}");
            }
        }
        for (text, holds) in &self.checks {
            let _ = writeln!(out, "check {text}: {}", if *holds { "holds" } else { "FAILS" });
        }
        out
    }
}
