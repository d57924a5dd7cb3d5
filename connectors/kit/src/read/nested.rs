//! Lists inside a record that come in pages of their own.

use std::sync::Arc;

use tenon_value::{Number, Record, Value};

use crate::connector::Connector;
use crate::faults::codes;
use crate::operation::{Operation, Outcome};
use crate::resource::{Nested, Resource};

/// Connections as plain lists, all the way down.
pub(crate) fn flat(value: &Value) -> Value {
    match value {
        Value::Record(fields) => match nodes(fields) {
            Some(nodes) => Value::list(nodes.iter().map(flat).collect()),
            None => Value::record(fields.iter().map(|(k, v)| (Arc::clone(k), flat(v))).collect()),
        },
        Value::List(items) => Value::list(items.iter().map(flat).collect()),
        other => other.clone(),
    }
}

/// The nodes, where these are the fields of a connection.
fn nodes(fields: &Record) -> Option<&[Value]> {
    let only = fields.keys().all(|key| matches!(&**key, "nodes" | "pageInfo"));
    match fields.get("nodes") {
        Some(Value::List(nodes)) if only => Some(nodes),
        _ => None,
    }
}

/// Where a connection goes on.
pub(crate) fn more(connection: &Value) -> Option<String> {
    let page = connection.field("pageInfo");
    let on = page.field("hasNextPage").as_bool() == Some(true);
    on.then(|| page.field("endCursor").plain()).flatten()
}

/// The nested list an unfinished record reads next.
pub(super) fn current<'a>(resource: &'a Resource, so_far: &Value) -> Option<&'a Nested> {
    let at = so_far.field("open").items().first()?.field("at").as_number()?.to_i64()?;
    resource.nested.get(usize::try_from(at).ok()?)
}

fn open(at: usize, after: Value, inside_after: Value, next: Value) -> Value {
    let at = i64::try_from(at).unwrap_or_default();
    Value::of([
        ("at", Value::Number(Number::from(at))),
        ("after", after),
        ("inside_after", inside_after),
        ("next", next),
    ])
}

fn cursor(at: Option<String>) -> Value {
    at.map_or(Value::Null, Value::from)
}

/// What is still open of a nested list after a page of it, which was asked for with `after`.
fn still_open(at: usize, nested: &Nested, connection: &Value, after: &Value) -> Option<Value> {
    let next = more(connection);
    if let Some(inside) = &nested.inside
        && let Some(last) = connection.field("nodes").items().last()
        && let Some(end) = more(last.at(inside))
    {
        return Some(open(at, after.clone(), Value::from(end), cursor(next)));
    }
    next.map(|next| open(at, Value::from(next), Value::Null, Value::Null))
}

impl Connector {
    /// A record as one answer holds it: whole, or with more to ask.
    pub(super) fn whole(&self, operation: &Operation, raw: &Value) -> Outcome {
        let name = super::resource_of(operation).unwrap_or_default();
        let Some(resource) = self.resource(name) else {
            return Outcome::Record(flat(raw));
        };
        let mut opened = Vec::new();
        for (at, nested) in resource.nested.iter().enumerate() {
            let list = raw.at(&nested.list);
            if let Some(bound) = nested.bound {
                let count = list.items().len();
                if u32::try_from(count).unwrap_or(u32::MAX) >= bound {
                    return Outcome::Fault(codes::truncated(&nested.list, count));
                }
            } else {
                opened.extend(still_open(at, nested, list, &Value::Null));
            }
        }
        if let Some(list) = cut_off(raw, "", &resource.nested) {
            return Outcome::Fault(codes::truncated(&list, 0));
        }
        if !matches!(operation, Operation::Get { .. }) {
            return match opened.is_empty() {
                true => Outcome::Record(flat(raw)),
                false => Outcome::Fault(codes::truncated(name, 0)),
            };
        }
        proceed(operation, name, flat(raw), opened)
    }

    /// The next page of a nested list, put to the record it belongs to.
    pub(super) fn rest_of(&self, operation: &Operation, connection: &Value) -> Outcome {
        let Operation::Rest { resource: name, of, so_far } = operation else {
            return Outcome::Fault(codes::no_operation(&self.name, "", "the rest"));
        };
        let mut opened = so_far.field("open").items().to_vec();
        let found = self.resource(name).and_then(|r| current(r, so_far));
        let (Some(nested), false) = (found, opened.is_empty()) else {
            return Outcome::Fault(codes::no_operation(&self.name, name, "the rest"));
        };
        let entry = opened.remove(0);
        let at = entry.field("at").as_number().and_then(Number::to_i64).unwrap_or_default();
        let at = usize::try_from(at).unwrap_or_default();
        let fresh = connection.field("nodes").items();
        if let Some(list) = cut_off(connection, &nested.list, std::slice::from_ref(nested)) {
            return Outcome::Fault(codes::truncated(&list, fresh.len()));
        }
        let mut record = so_far.field("record").clone();
        let goes_on = match (&nested.inside, entry.field("inside_after").is_absent()) {
            (Some(inside), false) => {
                let inner = fresh.first().map_or(&Value::Missing, |node| node.at(inside));
                record = grown(record, &nested.list, &mut |items| {
                    if let Some(last) = items.pop() {
                        let more = flat(inner);
                        items.push(grown(last, inside, &mut |list| {
                            list.extend_from_slice(more.items())
                        }));
                    }
                });
                match (more(inner), entry.field("next").plain()) {
                    (Some(end), _) => {
                        let (after, next) = (entry.field("after"), entry.field("next"));
                        Some(open(at, after.clone(), Value::from(end), next.clone()))
                    }
                    (None, Some(next)) => {
                        Some(open(at, Value::from(next), Value::Null, Value::Null))
                    }
                    (None, None) => None,
                }
            }
            _ => {
                record = grown(record, &nested.list, &mut |items| {
                    items.extend(fresh.iter().map(flat));
                });
                still_open(at, nested, connection, entry.field("after"))
            }
        };
        if let Some(entry) = goes_on {
            opened.insert(0, entry);
        }
        proceed(of, name, record, opened)
    }
}

fn proceed(of: &Operation, resource: &str, record: Value, opened: Vec<Value>) -> Outcome {
    if opened.is_empty() {
        return Outcome::Record(record);
    }
    Outcome::More(Operation::Rest {
        resource: resource.to_owned(),
        of: Box::new(of.clone()),
        so_far: Value::of([("record", record), ("open", Value::list(opened))]),
    })
}

/// The value with the list at a dotted path changed.
fn grown(value: Value, path: &str, change: &mut dyn FnMut(&mut Vec<Value>)) -> Value {
    if path.is_empty() {
        let mut items = value.items().to_vec();
        change(&mut items);
        return Value::list(items);
    }
    let (first, rest) = path.split_once('.').unwrap_or((path, ""));
    let inner = grown(value.field(first).clone(), rest, change);
    value.with(first, inner)
}

/// A connection that goes on though nothing says how to read its rest.
fn cut_off(value: &Value, path: &str, nested: &[Nested]) -> Option<String> {
    match value {
        Value::Record(fields) => {
            if nodes(fields).is_some() && more(value).is_some() && !followed(path, nested) {
                return Some(path.to_owned());
            }
            let here = |key: &str| match (key, path) {
                ("nodes", _) => path.to_owned(),
                (_, "") => key.to_owned(),
                _ => format!("{path}.{key}"),
            };
            fields.iter().find_map(|(key, value)| cut_off(value, &here(key), nested))
        }
        Value::List(items) => {
            let last = items.len().saturating_sub(1);
            items.iter().enumerate().find_map(|(n, item)| {
                // Only the last item of an outer list is read on.
                let known = if n == last { nested } else { &[] };
                cut_off(item, path, known)
            })
        }
        _ => None,
    }
}

fn followed(path: &str, nested: &[Nested]) -> bool {
    nested.iter().filter(|n| n.bound.is_none()).any(|n| {
        let inside = n.inside.as_ref().map(|inside| format!("{}.{inside}", n.list));
        n.list == path || inside.as_deref() == Some(path)
    })
}
