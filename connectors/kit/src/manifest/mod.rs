//! `connector.yaml` into a [`Connector`], with every finding in one pass.

mod account;
mod calls;
mod fields;
mod reader;
mod resources;
mod schemas;

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;
use tenon_source::{Diagnostic, File, Node, Severity, load as load_yaml};

pub(crate) use reader::Reader;

use crate::connector::{Check, Connector, ErrorPlace};
use crate::limits::Limit;
use crate::resource::{Call, Resource};
use crate::typing::Typing;

const TOP: [&str; 13] = [
    "connector",
    "title",
    "kind",
    "trust",
    "api",
    "environments",
    "auth",
    "limits",
    "errors",
    "faults",
    "checks",
    "resources",
    "events",
];

/// Loads a manifest at a version, the newest where none is named.
pub(crate) fn load(
    files: &BTreeMap<String, String>,
    version: Option<&str>,
) -> (Option<Connector>, Vec<Diagnostic>) {
    let text = files.get("connector.yaml").cloned().unwrap_or_default();
    let file = Arc::new(File { path: "connector.yaml".to_owned(), text });
    let (document, found) = load_yaml(Arc::clone(&file));
    let mut reader = Reader { found, files };
    let Some(root) = document.root else {
        if reader.found.is_empty() {
            let span = tenon_source::Span::new(&file, 0..0);
            reader.found.push(Diagnostic::error(
                "C001",
                span,
                "the manifest is empty or not there",
            ));
        }
        return (None, reader.found);
    };
    let connector = connector(&mut reader, &root, version);
    let wrong = reader.found.iter().any(|d| d.severity == Severity::Error);
    (connector.filter(|_| !wrong), reader.found)
}

fn connector(reader: &mut Reader<'_>, root: &Node, version: Option<&str>) -> Option<Connector> {
    if !reader.keys(root, &TOP) {
        return None;
    }
    let name = reader.need_text(root, "connector")?;
    let api = reader.need(root, "api")?;
    let (versions, schemas) = schemas::read(reader, api, version);
    let mut typing = Typing::new(&name, schemas);
    schemas::annotations(reader, api, &mut typing);
    let endpoint = reader.text(api, "endpoint");
    let mut resources = IndexMap::new();
    for (key, node) in root.get("resources").map(Node::entries).unwrap_or_default() {
        let Some(resource_name) = key.text() else { continue };
        if let Some(resource) = resources::read(reader, &mut typing, resource_name, node) {
            resources.insert(resource_name.to_owned(), resource);
        }
    }
    let checks = root
        .get("checks")
        .map(Node::items)
        .unwrap_or_default()
        .iter()
        .filter_map(|node| check(reader, &mut typing, node))
        .collect();
    let webhook = root.get("events").and_then(|node| account::webhook(reader, node, &resources));
    reader.found.append(&mut typing.found);
    let limits = account::limits(reader, root);
    resources::links(reader, root, &resources);
    fields::check(reader, root, &resources, &typing.types);
    costs(reader, root, &resources, &limits);
    Some(Connector {
        title: reader.text(root, "title").unwrap_or_else(|| name.clone()),
        kind: reader
            .word(root, "kind", &["shop", "erp", "payment", "carrier", "data"])
            .unwrap_or_default(),
        trust: reader
            .word(root, "trust", &["vendor", "published", "recorded", "facts"])
            .unwrap_or_default(),
        version: version
            .map(str::to_owned)
            .or_else(|| versions.last().cloned())
            .unwrap_or_default(),
        versions,
        environments: account::environments(reader, root),
        auth: account::auth(reader, root),
        limits,
        faults: account::faults(reader, root),
        error: errors(reader, root),
        checks,
        resources,
        webhook,
        types: typing.types,
        settle_ms: reader.duration(api, "settle").unwrap_or(10_000),
        default_wait_ms: reader.duration(api, "wait").unwrap_or(1_000),
        endpoint,
        api: Arc::new(typing.schemas),
        files: Arc::new(reader.files.clone()),
        name,
    })
}

fn errors(reader: &mut Reader<'_>, root: &Node) -> ErrorPlace {
    let Some(node) = root.get("errors") else { return ErrorPlace::default() };
    reader.keys(node, &["code", "message"]);
    ErrorPlace { codes: reader.texts(node, "code"), messages: reader.texts(node, "message") }
}

fn check(reader: &mut Reader<'_>, typing: &mut Typing, node: &Node) -> Option<Check> {
    reader.keys(node, &["title", "get", "document", "record", "shows", "account"]);
    let call = calls::call(reader, typing, node)?;
    Some(Check {
        title: reader.text(node, "title").unwrap_or_else(|| "reads the account".to_owned()),
        shows: reader.need_text(node, "shows")?,
        account: reader.text(node, "account"),
        call,
    })
}

/// Reports documents that ask more of the cost bucket than one request may.
fn costs(
    reader: &mut Reader<'_>,
    root: &Node,
    resources: &IndexMap<String, Resource>,
    limits: &[Limit],
) {
    let most = limits.iter().find_map(|limit| match limit {
        Limit::Cost { single, .. } => Some(*single),
        _ => None,
    });
    let Some(most) = most else { return };
    for (key, node) in root.get("resources").map(Node::entries).unwrap_or_default() {
        let Some(resource) = key.text().and_then(|name| resources.get(name)) else { continue };
        let calls = resource
            .get
            .iter()
            .chain(resource.list.iter().map(|list| &list.call))
            .chain(resource.finds.iter().map(|find| &find.list.call))
            .chain(resource.nested.iter().filter_map(|nested| nested.call.as_ref()));
        for call in calls {
            if let Call::Graphql { document, cost, .. } = call
                && *cost > most
            {
                let message = format!("`{document}` costs {cost} points, {most} are the most");
                reader.error("C017", node, message);
            }
        }
    }
}
