//! Resources of a manifest.

use indexmap::IndexMap;
use tenon_mapper::types::Type;
use tenon_source::{Node, near};

use super::{Reader, calls};
use crate::operation::Already;
use crate::resource::{
    Action, Bound, BoundRule, Call, Condition, Find, Gives, Nested, Resource, Wanted, Write,
};
use crate::typing::Typing;

const KEYS: [&str; 16] = [
    "title",
    "schema",
    "writes",
    "rows",
    "key",
    "references",
    "get",
    "list",
    "find",
    "create",
    "update",
    "locked",
    "actions",
    "bounds",
    "nested",
    "lag",
];
const LIST_KEYS: [&str; 6] = ["records", "page", "since", "where", "one_filter", "query"];

pub(super) fn read(
    reader: &mut Reader<'_>,
    typing: &mut Typing,
    name: &str,
    node: &Node,
) -> Option<Resource> {
    if !reader.keys(node, &KEYS) {
        return None;
    }
    let mut record = schema_type(reader, typing, node, "schema");
    let mut row = schema_type(reader, typing, node, "rows");
    let write = schema_type(reader, typing, node, "writes");
    let write_schema = write.is_some().then(|| reader.text(node, "writes")).flatten();
    let mut get = None;
    if let Some(place) = node.get("get") {
        reader.keys(place, &calls::KEYS);
        get = if place.get("document").is_some() {
            calls::graphql(reader, typing, place, &Default::default()).map(|(call, document)| {
                if let Call::Graphql { record: path, .. } = &call {
                    record = typing.selected(place, &document, path, &title_case(name));
                    missing(reader, place, record.as_ref(), path);
                }
                call
            })
        } else {
            calls::call(reader, typing, place)
        };
    }
    let mut list = None;
    if let Some(place) = node.get("list") {
        let keys: Vec<&str> = calls::KEYS.into_iter().chain(LIST_KEYS).collect();
        reader.keys(place, &keys);
        if let Some((found, document)) = calls::list(reader, typing, place) {
            if let Some(document) = document {
                let rows = typing.selected(
                    place,
                    &document,
                    &found.records,
                    &format!("{}Row", title_case(name)),
                );
                missing(reader, place, rows.as_ref(), &found.records);
                row = rows.map(|ty| match ty {
                    Type::List(item) => item.required().clone(),
                    other => other,
                });
            }
            list = Some(found);
        }
    }
    let record = record.unwrap_or(Type::Dyn);
    let row = row.unwrap_or_else(|| record.clone());
    Some(Resource {
        title: reader.text(node, "title").unwrap_or_else(|| name.to_owned()),
        key: reader.need_text(node, "key")?,
        references: reader.texts(node, "references"),
        finds: finds(reader, typing, node),
        create: write_of(reader, typing, node, "create"),
        update: write_of(reader, typing, node, "update"),
        locked: conditions(reader, node, "locked"),
        actions: actions(reader, typing, node),
        bounds: bounds(reader, node),
        nested: nested(reader, typing, node),
        name: name.to_owned(),
        write: write.unwrap_or(Type::Dyn),
        record,
        row,
        write_schema,
        get,
        list,
    })
}

fn title_case(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn missing(reader: &mut Reader<'_>, node: &Node, ty: Option<&Type>, path: &str) {
    if ty.is_none() {
        reader.error("C012", node, format!("the document does not select `{path}`"));
    }
}

fn schema_type(
    reader: &mut Reader<'_>,
    typing: &mut Typing,
    node: &Node,
    key: &str,
) -> Option<Type> {
    let place = node.get(key)?;
    let name = reader.scalar(place)?;
    let ty = typing.schema_type(&name);
    if ty.is_none() && !super::schemas::is_unread(reader, typing) {
        let names: Vec<&str> = typing.schemas.open_api.iter().flat_map(|api| api.names()).collect();
        let hint =
            near(&name, names).map_or_else(String::new, |n| format!("; did you mean `{n}`?"));
        reader.error("C008", place, format!("the published schema has no `{name}`{hint}"));
    }
    ty
}

fn finds(reader: &mut Reader<'_>, typing: &mut Typing, node: &Node) -> Vec<Find> {
    let mut out = Vec::new();
    for place in node.get("find").map(Node::items).unwrap_or_default() {
        let keys: Vec<&str> = calls::KEYS
            .into_iter()
            .chain(LIST_KEYS)
            .chain(["by", "param", "without", "lag"])
            .collect();
        reader.keys(place, &keys);
        let (Some(by), Some((list, _))) =
            (reader.need_text(place, "by"), calls::list(reader, typing, place))
        else {
            continue;
        };
        let param = reader.text(place, "param").unwrap_or_else(|| by.to_lowercase());
        calls::known_parameter(reader, typing, &list.call, place, &param);
        out.push(Find {
            without: conditions(reader, place, "without"),
            lag_ms: reader.duration(place, "lag").unwrap_or(0),
            by,
            list,
            param,
        });
    }
    out
}

fn write_of(reader: &mut Reader<'_>, typing: &mut Typing, node: &Node, key: &str) -> Option<Write> {
    let place = node.get(key)?;
    let keys: Vec<&str> = calls::KEYS.into_iter().chain(["unknown"]).collect();
    reader.keys(place, &keys);
    let call = calls::call(reader, typing, place)?;
    Some(Write { call, unknown: reader.texts(place, "unknown") })
}

/// Conditions: field names alone, or a mapping of field to `given`, a value.
fn conditions(reader: &mut Reader<'_>, node: &Node, key: &str) -> Vec<Condition> {
    let Some(place) = node.get(key) else { return Vec::new() };
    if place.entries().is_empty() {
        let fields = reader.texts(node, key);
        return fields
            .into_iter()
            .map(|field| Condition { field, wanted: Wanted::Given })
            .collect();
    }
    let mut out = Vec::new();
    for (field, wanted) in place.entries() {
        let wanted = match wanted.scalar() {
            Some(scalar) if scalar.text == "given" && !scalar.style.is_quoted() => Wanted::Given,
            _ => Wanted::Is(reader.value(wanted)),
        };
        out.push(Condition { field: field.text().unwrap_or_default().to_owned(), wanted });
    }
    out
}

fn actions(reader: &mut Reader<'_>, typing: &mut Typing, node: &Node) -> IndexMap<String, Action> {
    let mut out = IndexMap::new();
    for (key, place) in node.get("actions").map(Node::entries).unwrap_or_default() {
        let keys: Vec<&str> = calls::KEYS
            .into_iter()
            .chain(["once", "proof", "already", "gives", "answers", "takes"])
            .collect();
        reader.keys(place, &keys);
        let name = key.text().unwrap_or_default().to_owned();
        let Some(call) = calls::call(reader, typing, place) else { continue };
        let once = reader.flag(place, "once");
        let proof = conditions(reader, place, "proof");
        if once && proof.is_empty() {
            reader.error(
                "C014",
                place,
                format!("`{name}` is done once but nothing proves it: give `proof`"),
            );
        }
        let already = match reader.word(place, "already", &["done", "conflict"]).as_deref() {
            Some("done") => Already::Done,
            _ => Already::Conflict,
        };
        let gives = place.get("gives").and_then(|gives| {
            reader.keys(gives, &["resource", "answer", "proof"]);
            Some(Gives {
                resource: reader.need_text(gives, "resource")?,
                answer: reader.need_text(gives, "answer")?,
                proof: reader.need_text(gives, "proof")?,
            })
        });
        let arguments = reader.texts(place, "takes").into_iter().map(|a| (a, Type::Dyn)).collect();
        let answers = schema_type(reader, typing, place, "answers").unwrap_or(Type::Dyn);
        let action =
            Action { name: name.clone(), call, arguments, once, proof, already, gives, answers };
        out.insert(name, action);
    }
    out
}

fn bounds(reader: &mut Reader<'_>, node: &Node) -> Vec<Bound> {
    let mut out = Vec::new();
    for (key, place) in node.get("bounds").map(Node::entries).unwrap_or_default() {
        reader.keys(place, &["items", "length", "characters", "whole", "recalled", "fix"]);
        let field = key.text().unwrap_or_default().to_owned();
        let (recalled, fix) = (reader.flag(place, "recalled"), reader.text(place, "fix"));
        let rules = [
            reader.whole(place, "items").map(BoundRule::Items),
            reader.whole(place, "length").map(BoundRule::Length),
            reader.text(place, "characters").map(BoundRule::Characters),
            reader.flag(place, "whole").then_some(BoundRule::Whole),
        ];
        out.extend(rules.into_iter().flatten().map(|rule| Bound {
            field: field.clone(),
            rule,
            recalled,
            fix: fix.clone(),
        }));
    }
    out
}

fn nested(reader: &mut Reader<'_>, typing: &mut Typing, node: &Node) -> Vec<Nested> {
    let mut out = Vec::new();
    for place in node.get("nested").map(Node::items).unwrap_or_default() {
        let keys: Vec<&str> = calls::KEYS
            .into_iter()
            .chain(["list", "inside", "after", "inside_after", "bound"])
            .collect();
        reader.keys(place, &keys);
        let Some(list) = reader.need_text(place, "list") else { continue };
        let bound = reader.whole(place, "bound");
        let call = match bound {
            Some(_) => None,
            None => match calls::graphql(reader, typing, place, &Default::default()) {
                Some((call, _)) => Some(call),
                None => {
                    reader.need(place, "document");
                    continue;
                }
            },
        };
        out.push(Nested {
            list,
            inside: reader.text(place, "inside"),
            call,
            after: reader.text(place, "after").unwrap_or_else(|| "after".to_owned()),
            inside_after: reader.text(place, "inside_after"),
            bound,
        });
    }
    out
}

/// Findings that need every resource: what actions give, what an unanswered create is looked for by.
pub(super) fn links(reader: &mut Reader<'_>, root: &Node, resources: &IndexMap<String, Resource>) {
    for (key, node) in root.get("resources").map(Node::entries).unwrap_or_default() {
        let Some(resource) = key.text().and_then(|name| resources.get(name)) else { continue };
        for action in resource.actions.values() {
            if let Some(gives) = &action.gives
                && !resources.contains_key(&gives.resource)
            {
                reader.error("C006", node, format!("there is no resource `{}`", gives.resource));
            }
        }
        let Some(create) = &resource.create else { continue };
        let place = node.get("create").unwrap_or(node);
        if create.unknown.is_empty() {
            reader.error(
                "C015",
                place,
                "nothing says how an unanswered create is found out: give `unknown`, fields that `find` searches",
            );
        }
        let finds = node.get("find").map(Node::items).unwrap_or_default();
        for field in &create.unknown {
            let declared = |find: &Node| find.get("by").and_then(Node::text) == Some(field);
            if !finds.iter().any(declared) {
                let message = format!("`{field}` can't be searched: there is no `find` by it");
                reader.error("C015", place, message);
            }
        }
    }
}
