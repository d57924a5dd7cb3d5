//! How each field of a record came to be, for `map explain` and the console.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use tenon_value::Value;

use super::field::shown;

/// Fields of a record, or items of a list, that are shown of a value on one line.
const SHOWN: usize = 3;

/// What happened while a mapping ran.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Trace {
    /// Named values of the mapping and of the items of its lists, in order.
    pub lets: Vec<TraceLet>,
    /// Target fields, in order.
    pub fields: Vec<TraceField>,
    /// Checks with what they came to.
    pub checks: Vec<(String, bool)>,
    /// Parts of the program that were taken, for [`super::MappingProgram::reached`].
    pub(super) reached: BTreeSet<usize>,
}

/// How a named value came to be.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceLet {
    /// The item of a list it belongs to, such as `OrderRows[0]`; empty where it is the mapping's.
    pub at: String,
    /// Its name.
    pub name: String,
    /// Its expression.
    pub text: String,
    /// What it came to.
    pub value: Value,
    /// Paths it read, with their values.
    pub read: Vec<(String, Value)>,
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
    /// As text for a person who has not seen the mapping.
    #[must_use]
    pub fn render(&self) -> String {
        let mut out = String::from(
            "Each field with the value that is written, and below it where the value comes from:\n\
             `>` is the candidate that won, `x` one that gave nothing, `-` one that was not needed;\n\
             indented, what was read on the way.\n",
        );
        if self.lets.iter().any(|value| value.at.is_empty()) {
            out.push_str("\nNAMED VALUES\n");
        }
        self.lets.iter().filter(|value| value.at.is_empty()).for_each(|value| value.show(&mut out));
        out.push_str("\nFIELDS\n");
        let mut item = "";
        for field in &self.fields {
            let at = field.path.rsplit_once('.').map_or("", |(at, _)| at);
            if at != item {
                item = at;
                let own: Vec<&TraceLet> = self.lets.iter().filter(|let_| let_.at == at).collect();
                if !at.is_empty() && !own.is_empty() {
                    let _ = writeln!(out, "named values of {at}");
                    own.iter().for_each(|value| value.show(&mut out));
                }
            }
            field.show(&mut out);
        }
        if !self.checks.is_empty() {
            out.push_str("\nCHECKS\n");
        }
        for (text, holds) in &self.checks {
            let _ = writeln!(out, "{}: {text}", if *holds { "holds" } else { "FAILS" });
        }
        out
    }
}

impl TraceLet {
    fn show(&self, out: &mut String) {
        let _ = writeln!(out, "  {} = {}", self.name, brief(&self.value));
        let _ = writeln!(out, "      {}", self.text);
        show_read(out, &self.read, &self.text);
    }
}

impl TraceField {
    fn show(&self, out: &mut String) {
        let written = match &self.written {
            Value::Missing => "left out".to_owned(),
            value => shown(value),
        };
        let _ = writeln!(out, "{} = {written}", self.path);
        let alone = self.tried.len() == 1 && self.untried.is_empty();
        for candidate in &self.tried {
            let came_to = match &candidate.came_to {
                Ok(Value::Missing | Value::Null) => ": nothing there".to_owned(),
                Ok(value) if value.is_blank() => format!(": {}, blank", shown(value)),
                Ok(_) if alone => String::new(),
                Ok(value) => format!(": {}", brief(value)),
                Err(message) => format!(": fault: {message}"),
            };
            let mark = if candidate.won { '>' } else { 'x' };
            let _ = writeln!(out, "  {mark} {}{came_to}", candidate.text);
            show_read(out, &candidate.read, &candidate.text);
        }
        for text in &self.untried {
            let _ = writeln!(out, "  - {text}");
        }
    }
}

/// What was read, each path once; not the path that is the whole expression.
fn show_read(out: &mut String, read: &[(String, Value)], text: &str) {
    for (n, (path, value)) in read.iter().enumerate() {
        let before = read.iter().take(n).any(|(other, seen)| other == path && seen == value);
        if path != text && !before {
            let _ = writeln!(out, "        {path} = {}", brief(value));
        }
    }
}

/// A value on one line: of records and lists the first parts, and how many more there are.
fn brief(value: &Value) -> String {
    match value {
        Value::Missing | Value::Null => "nothing".to_owned(),
        Value::List(items) if items.is_empty() => "none".to_owned(),
        Value::List(items) if items.iter().any(|item| item.as_record().is_some()) => {
            let records = if items.len() == 1 { "record" } else { "records" };
            format!("{} {records}", items.len())
        }
        Value::Record(fields) => {
            let plain = |value: &Value| !value.is_blank() && value.plain().is_some();
            let parts: Vec<String> = fields
                .iter()
                .filter(|(name, value)| plain(value) && !name.starts_with("__"))
                .take(SHOWN)
                .map(|(name, value)| format!("{name}: {}", shown(value)))
                .collect();
            let rest = fields.len().saturating_sub(parts.len());
            let more = if rest > 0 { format!(", and {rest} more") } else { String::new() };
            format!("{{ {}{more} }}", parts.join(", "))
        }
        other => shown(other),
    }
}
