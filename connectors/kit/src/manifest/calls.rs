//! How something is asked: REST lines and GraphQL documents of a manifest.

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;
use tenon_source::Node;
use tenon_value::Value;

use super::Reader;
use crate::resource::{Call, List, Pages, Since, Variable};
use crate::schema::Document;
use crate::typing::Typing;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// Keys every call may have.
pub(super) const KEYS: [&str; 9] =
    ["get", "post", "put", "patch", "delete", "wrap", "record", "document", "variables"];

/// A call; the caller has checked the keys.
pub(super) fn call(reader: &mut Reader<'_>, typing: &mut Typing, node: &Node) -> Option<Call> {
    if node.get("document").is_some() {
        return graphql(reader, typing, node, &BTreeMap::new()).map(|(call, _)| call);
    }
    let Some((method, path)) = METHODS.iter().find_map(|m| Some((*m, node.get(m)?))) else {
        reader.error(
            "C003",
            node,
            "say how it is asked: `get`, `post`, `put`, `patch`, `delete` or `document`",
        );
        return None;
    };
    let text = reader.scalar(path)?;
    if let Some(api) = &typing.schemas.open_api {
        let full = format!("{}{text}", typing.schemas.prefix);
        if api.endpoint(method, &full).is_none() {
            let message = format!("the published schema has no {} {full}", method.to_uppercase());
            reader.error("C010", path, message);
        }
    }
    Some(Call::Rest {
        method: method.to_uppercase(),
        path: text,
        wrap: reader.text(node, "wrap"),
        record: reader.text(node, "record"),
    })
}

/// A GraphQL call with its document; `sizes` are variables known beforehand.
pub(super) fn graphql(
    reader: &mut Reader<'_>,
    typing: &mut Typing,
    node: &Node,
    sizes: &BTreeMap<String, Value>,
) -> Option<(Call, Document)> {
    let place = node.get("document")?;
    let path = reader.scalar(place)?;
    let text = reader.file(place, &path)?;
    let document = typing.document(place, &path, &text)?;
    let mut variables = BTreeMap::new();
    let mut fixed = sizes.clone();
    for (key, value) in node.get("variables").map(Node::entries).unwrap_or_default() {
        let (Some(name), Some(word)) = (key.text(), value.text()) else {
            reader.error("C001", value, "a plain value is expected here");
            continue;
        };
        let variable = match word {
            "{key}" => Variable::Key,
            "{record}" => Variable::Record,
            "{record with id}" => Variable::RecordWithId,
            _ => match word.strip_prefix('{').and_then(|w| w.strip_suffix('}')) {
                Some(argument) => Variable::Argument(argument.to_owned()),
                None => Variable::Fixed(reader.value(value)),
            },
        };
        if let Variable::Fixed(value) = &variable {
            fixed.insert(name.to_owned(), value.clone());
        }
        variables.insert(name.to_owned(), variable);
    }
    let known =
        Value::record(fixed.iter().map(|(k, v)| (Arc::from(k.as_str()), v.clone())).collect());
    let operation = document.parsed.operations.get(None).ok()?;
    for name in variables.keys() {
        if !operation.variables.iter().any(|v| v.name == name.as_str()) {
            reader.error("C012", place, format!("`{path}` has no variable ${name}"));
        }
    }
    let record = reader.need_text(node, "record").unwrap_or_default();
    let call = Call::Graphql {
        cost: typing.cost(&document, &known),
        mutation: operation.is_mutation(),
        document: path,
        variables,
        record,
    };
    Some((call, document))
}

/// A list or the list part of a search.
pub(super) fn list(
    reader: &mut Reader<'_>,
    typing: &mut Typing,
    node: &Node,
) -> Option<(List, Option<Document>)> {
    let pages = pages(reader, node);
    let mut sizes = BTreeMap::new();
    if let Pages::Cursor { size, max, .. } = &pages {
        sizes.insert(size.clone(), Value::from(i64::from(*max)));
    }
    let records = reader.text(node, "records");
    let (call, document) = if node.get("document").is_some() {
        let (call, document) = graphql(reader, typing, node, &sizes)?;
        (call, Some(document))
    } else {
        (call(reader, typing, node)?, None)
    };
    let records = match (&call, records) {
        (Call::Graphql { record, .. }, None) => record.clone(),
        (_, Some(records)) => records,
        (Call::Rest { .. }, None) => {
            reader.need(node, "records");
            return None;
        }
    };
    let mut filters = IndexMap::new();
    for (key, value) in node.get("where").map(Node::entries).unwrap_or_default() {
        if let (Some(name), Some(param)) = (key.text(), reader.scalar(value)) {
            known_parameter(reader, typing, &call, value, &param);
            filters.insert(name.to_owned(), param);
        }
    }
    let since = since(reader, node);
    if let (Some(since), Some(place)) = (&since, node.get("since")) {
        known_parameter(reader, typing, &call, place, &since.param);
    }
    let list = List {
        records,
        pages,
        since,
        filters,
        one_filter: reader.flag(node, "one_filter"),
        query: reader.text(node, "query"),
        call,
    };
    Some((list, document))
}

/// Reports a query parameter that the published schema does not have.
pub(super) fn known_parameter(
    reader: &mut Reader<'_>,
    typing: &Typing,
    call: &Call,
    place: &Node,
    param: &str,
) {
    let (Some(api), Call::Rest { method, path, .. }) = (&typing.schemas.open_api, call) else {
        return;
    };
    let Some(endpoint) = api.endpoint(method, &format!("{}{path}", typing.schemas.prefix)) else {
        return;
    };
    if !endpoint.parameters.iter().any(|p| p.name == param) {
        reader.error("C013", place, format!("{method} {path} has no parameter `{param}`"));
    }
}

fn pages(reader: &mut Reader<'_>, node: &Node) -> Pages {
    let Some(page) = node.get("page") else { return Pages::Single };
    reader.keys(page, &["number", "cursor", "size", "max", "total"]);
    let size = reader.need_text(page, "size").unwrap_or_default();
    let max = reader.whole(page, "max").unwrap_or(100);
    if let Some(after) = reader.text(page, "cursor") {
        return Pages::Cursor { after, size, max };
    }
    Pages::Number {
        number: reader.need_text(page, "number").unwrap_or_default(),
        total: reader.need_text(page, "total").unwrap_or_default(),
        size,
        max,
    }
}

fn since(reader: &mut Reader<'_>, node: &Node) -> Option<Since> {
    let since = node.get("since")?;
    reader.keys(since, &["param", "format", "zone", "overlap"]);
    let zone = reader.text(since, "zone").unwrap_or_else(|| "UTC".to_owned());
    if tenon_value::time::zone(&zone).is_none() {
        reader.error("C004", since, format!("`{zone}` is not a zone of the tz database"));
    }
    Some(Since {
        param: reader.need_text(since, "param")?,
        format: reader.text(since, "format").unwrap_or_else(|| "%Y-%m-%dT%H:%M:%SZ".to_owned()),
        zone,
        overlap_ms: reader.duration(since, "overlap").unwrap_or(0),
    })
}
