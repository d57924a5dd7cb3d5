//! Requests of REST APIs.

use tenon_value::{Fault, Value, json, time};

use super::{Filling, Rows};
use crate::encode::{form, percent};
use crate::faults::codes;
use crate::operation::Request;
use crate::resource::{Call, List, Pages, Since};

pub(super) fn call(call: &Call, filling: Filling<'_>) -> Result<Request, Fault> {
    let Call::Rest { method, path, wrap, .. } = call else {
        return Err(codes::no_operation("", "", "a REST call"));
    };
    let path = fill(path, filling)?;
    let body = filling.record.map(|record| match wrap {
        Some(name) => json::write(&Value::of([(name, record.clone())])),
        None => json::write(record),
    });
    Ok(request(method, path, body))
}

pub(super) fn rows(list: &List, rows: Rows<'_>) -> Result<Request, Fault> {
    let Call::Rest { method, path, .. } = &list.call else {
        return Err(codes::no_operation("", "", "a REST list"));
    };
    let mut query: Vec<(String, String)> = Vec::new();
    if let Some((find, value)) = rows.find {
        query.push((find.param.clone(), value.to_owned()));
    }
    for (name, value) in rows.filter {
        query.push(filter(list, name, value)?);
    }
    if list.one_filter && query.len() > 1 {
        let why = "the peer takes one filter at a time";
        return Err(codes::not_writable("filter", Value::Missing, why));
    }
    if let (Some(since), Some(ms)) = (&list.since, rows.since_ms) {
        query.push((since.param.clone(), instant(since, ms)));
    }
    if let Pages::Number { number, size, max, .. } = &list.pages {
        query.push((number.clone(), rows.page.unwrap_or("1").to_owned()));
        query.push((size.clone(), max.to_string()));
    }
    let path = match query.is_empty() {
        true => path.clone(),
        false => format!("{path}?{}", form(&query)),
    };
    Ok(request(method, path, None))
}

/// A filter of the manifest's `where` as it is sent.
pub(super) fn filter(list: &List, name: &str, value: &Value) -> Result<(String, String), Fault> {
    let Some(param) = list.filters.get(name) else {
        return Err(codes::no_operation("", name, "a filter"));
    };
    let text = value.plain().filter(|text| !text.trim().is_empty());
    Ok((param.clone(), text.ok_or_else(|| codes::blank(name))?))
}

/// An instant as a `since` says it, overlap taken off.
pub(super) fn instant(since: &Since, ms: i64) -> String {
    let at = time::from_millis(ms.saturating_sub(since.overlap_ms));
    let zone = time::zone(&since.zone);
    match (at, zone) {
        (Some(at), Some(zone)) => at.with_timezone(&zone).format(&since.format).to_string(),
        (Some(at), None) => at.format(&since.format).to_string(),
        (None, _) => String::new(),
    }
}

/// The path with the key and arguments in place of `{names}`, each encoded.
fn fill(template: &str, filling: Filling<'_>) -> Result<String, Fault> {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, tail) = after.split_once('}').unwrap_or((after, ""));
        let value = match filling.key {
            Some((key, value)) if key == name || name == "key" => Some(value.to_owned()),
            _ => filling.with.iter().find(|(n, _)| n == name).and_then(|(_, v)| v.plain()),
        };
        let value = value.filter(|v| !v.trim().is_empty()).ok_or_else(|| codes::blank(name))?;
        out.push_str(before);
        out.push_str(&percent(&value));
        rest = tail;
    }
    out.push_str(rest);
    Ok(out)
}

fn request(method: &str, path: String, body: Option<String>) -> Request {
    let mut headers = vec![("Accept".to_owned(), "application/json".to_owned())];
    if body.is_some() {
        headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
    }
    Request { method: method.to_owned(), path, headers, body, cost: 1, writes: method != "GET" }
}
