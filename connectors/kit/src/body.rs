//! What is written, brought into the published form and checked before it is sent.

use std::sync::Arc;

use tenon_value::{Fault, Number, Record, Value};

use crate::connector::Connector;
use crate::faults::codes;
use crate::resource::{Bound, BoundRule, Resource};
use crate::schema::{Manner, OpenApi, Rule, Schema, Shape};

impl Connector {
    /// The record as the peer takes it: numbers as text where text is published and the other way
    /// round, amounts without currency, dates as text.
    pub(crate) fn prepare(
        &self,
        resource: &Resource,
        record: &Value,
        creates: bool,
    ) -> Result<Value, Fault> {
        let schema = resource.write_schema.as_deref();
        let found =
            self.open_api().zip(schema).and_then(|(api, name)| Some((api, api.schema(name)?)));
        let Some((api, schema)) = found else {
            check_bounds(resource, record)?;
            return Ok(record.clone());
        };
        let record = in_form(api, schema, record);
        check_bounds(resource, &record)?;
        for violation in api.check(schema, &record, Manner::Published) {
            let value = at(&record, &violation.path).clone();
            let only_at_create = violation.rule == Rule::Required && !creates;
            if only_at_create || value == Value::Null {
                continue;
            }
            return Err(match (violation.rule, &value) {
                (Rule::Items, Value::List(items)) => Fault {
                    message: format!("{}: {}", violation.path, violation.message),
                    ..codes::too_many(&violation.path, items.len(), 0)
                },
                _ => codes::not_writable(&violation.path, value, &violation.message),
            });
        }
        Ok(record)
    }
}

/// A value in the form its schema publishes; what does not fit stays as it is.
pub(crate) fn in_form(api: &OpenApi, schema: &Schema, value: &Value) -> Value {
    match (&api.resolve(schema).shape, value) {
        (_, Value::Money(money)) => in_form(api, schema, &Value::Number(money.amount)),
        (Shape::Text { .. }, Value::Missing | Value::Null | Value::Text(_)) => value.clone(),
        (Shape::Text { .. }, other) => other.plain().map_or_else(|| other.clone(), Value::from),
        (Shape::Number { .. }, Value::Text(text)) => {
            Number::parse(text.trim()).map_or_else(|_| value.clone(), Value::Number)
        }
        (Shape::Bool, Value::Text(text)) => match &**text {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => value.clone(),
        },
        (Shape::List { items: schema, .. }, Value::List(items)) => {
            Value::list(items.iter().map(|item| in_form(api, schema, item)).collect())
        }
        (Shape::Record { fields, .. }, Value::Record(given)) => {
            let mut out = Record::new();
            for (name, item) in given.iter().filter(|(_, item)| **item != Value::Missing) {
                let schema = fields.get(name).unwrap_or(&Schema::ANY);
                out.insert(Arc::clone(name), in_form(api, schema, item));
            }
            Value::record(out)
        }
        (_, Value::Date(_) | Value::DateTime(_)) => {
            value.plain().map_or_else(|| value.clone(), Value::from)
        }
        _ => value.clone(),
    }
}

fn check_bounds(resource: &Resource, record: &Value) -> Result<(), Fault> {
    for bound in &resource.bounds {
        for (path, value) in places(record, &bound.field) {
            if let Some(mut fault) = broken(bound, &path, value) {
                if let Some(fix) = &bound.fix {
                    fault = fault.hint(fix.clone());
                }
                return Err(fault);
            }
        }
    }
    Ok(())
}

fn broken(bound: &Bound, path: &str, value: &Value) -> Option<Fault> {
    let text = value.plain().unwrap_or_default();
    match &bound.rule {
        BoundRule::Items(most) => {
            let count = value.items().len();
            let over = u32::try_from(count).unwrap_or(u32::MAX) > *most;
            over.then(|| codes::too_many(path, count, *most))
        }
        BoundRule::Length(most) => {
            let length = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
            let why = format!("{length} characters, at most {most} are taken");
            (length > *most).then(|| codes::not_writable(path, value.clone(), &why))
        }
        BoundRule::Characters(more) => {
            let bad = text.chars().find(|c| !c.is_ascii_alphanumeric() && !more.contains(*c))?;
            let why = format!("\"{text}\" holds '{bad}'; taken are A-Z, a-z, 0-9 and {more}");
            Some(codes::not_writable(path, value.clone(), &why))
        }
        BoundRule::Whole => {
            let number = value.as_number().or_else(|| Number::parse(&text).ok())?;
            let why = format!("{number} is not whole");
            (!number.is_whole()).then(|| codes::not_writable(path, value.clone(), &why))
        }
    }
}

/// Every place a path with `[]` leads to, with its own path.
fn places<'a>(record: &'a Value, path: &str) -> Vec<(String, &'a Value)> {
    let mut at: Vec<(String, &Value)> = vec![(String::new(), record)];
    for part in path.split('.') {
        let (name, each) = part.strip_suffix("[]").map_or((part, false), |name| (name, true));
        let mut next = Vec::new();
        for (prefix, value) in at {
            let found = value.field(name);
            let here = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") };
            if each {
                let items = found.items().iter().enumerate();
                next.extend(items.map(|(n, item)| (format!("{here}[{n}]"), item)));
            } else if !found.is_absent() {
                next.push((here, found));
            }
        }
        at = next;
    }
    at
}

/// The value at a path such as `OrderRows[0].VAT`.
pub(crate) fn at<'a>(value: &'a Value, path: &str) -> &'a Value {
    let mut at = value;
    for part in path.split(['.', '[']).filter(|part| !part.is_empty()) {
        at = match part.strip_suffix(']').and_then(|n| n.parse::<usize>().ok()) {
            Some(n) => at.items().get(n).unwrap_or(&Value::Missing),
            None => at.field(part),
        };
    }
    at
}
