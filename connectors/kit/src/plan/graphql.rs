//! Requests of GraphQL APIs.

use std::sync::Arc;

use tenon_value::{Fault, Record, Value, json};

use super::{Filling, Rows, rest};
use crate::connector::Connector;
use crate::faults::codes;
use crate::operation::Request;
use crate::resource::{Call, List, Pages, Variable};

pub(super) fn call(
    connector: &Connector,
    call: &Call,
    filling: Filling<'_>,
    more: &[(String, Value)],
) -> Result<Request, Fault> {
    let Call::Graphql { document, variables, cost, mutation, .. } = call else {
        return Err(codes::no_operation(&connector.name, "", "a GraphQL call"));
    };
    let Some(text) = connector.file(document) else {
        return Err(codes::no_operation(&connector.name, document, "a GraphQL document"));
    };
    let mut given = Record::new();
    for (name, variable) in variables {
        if let Some(value) = value_of(variable, filling)? {
            given.insert(Arc::from(name.as_str()), value);
        }
    }
    for (name, value) in more {
        let value = if value.is_absent() { Value::Null } else { value.clone() };
        given.insert(Arc::from(name.as_str()), value);
    }
    let body = Value::of([("query", Value::text(text)), ("variables", Value::record(given))]);
    let path = connector.endpoint.clone().unwrap_or_default();
    Ok(Request {
        method: "POST".to_owned(),
        path: path.replace("{version}", &connector.version),
        headers: vec![
            ("Accept".to_owned(), "application/json".to_owned()),
            ("Content-Type".to_owned(), "application/json".to_owned()),
        ],
        body: Some(json::write(&body)),
        cost: *cost,
        writes: *mutation,
    })
}

fn value_of(variable: &Variable, filling: Filling<'_>) -> Result<Option<Value>, Fault> {
    let key = || filling.key.map(|(_, key)| Value::text(key)).ok_or_else(|| codes::blank("key"));
    Ok(match variable {
        Variable::Key => Some(key()?),
        Variable::Record => filling.record.cloned(),
        Variable::RecordWithId => {
            let record = filling.record.cloned().unwrap_or_default();
            Some(record.with("id", key()?))
        }
        Variable::Argument(name) => {
            filling.with.iter().find(|(n, _)| n == name).map(|(_, value)| value.clone())
        }
        Variable::Fixed(value) => Some(value.clone()),
    })
}

pub(super) fn rows(connector: &Connector, list: &List, rows: Rows<'_>) -> Result<Request, Fault> {
    let mut more: Vec<(String, Value)> = Vec::new();
    if let Pages::Cursor { after, size, max } = &list.pages {
        more.push((after.clone(), rows.page.map_or(Value::Null, Value::text)));
        more.push((size.clone(), Value::from(i64::from(*max))));
    }
    let mut words: Vec<String> = Vec::new();
    if let Some((find, value)) = rows.find {
        words.push(format!("{}:{}", find.param, quoted(value)));
    }
    for (name, value) in rows.filter {
        let (param, text) = rest::filter(list, name, value)?;
        words.push(format!("{param}:{}", quoted(&text)));
    }
    if let (Some(since), Some(ms)) = (&list.since, rows.since_ms) {
        words.push(format!("{}:>={}", since.param, quoted(&rest::instant(since, ms))));
    }
    match &list.query {
        Some(query) => more.push((query.clone(), query_text(&words))),
        None if words.is_empty() => {}
        None => return Err(codes::no_operation(&connector.name, "list", "a search text")),
    }
    call(connector, &list.call, Filling::default(), &more)
}

fn query_text(words: &[String]) -> Value {
    if words.is_empty() { Value::Null } else { Value::text(&words.join(" ")) }
}

/// A value in the search syntax: in quotes, with quotes and backslashes escaped.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
