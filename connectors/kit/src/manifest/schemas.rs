//! The `api` part of a manifest: versions, published schemas, and what they leave unsaid.

use tenon_source::Node;

use super::Reader;
use crate::connector::Schemas;
use crate::schema::{OpenApi, Sdl};
use crate::typing::{Annotation, Typing};

const KEYS: [&str; 10] = [
    "version", "versions", "schema", "schemas", "endpoint", "prefix", "settle", "wait", "annotate",
    "strip",
];

/// Versions, oldest first, and the schema of the one wanted.
pub(super) fn read(
    reader: &mut Reader<'_>,
    api: &Node,
    wanted: Option<&str>,
) -> (Vec<String>, Schemas) {
    let mut schemas = Schemas::default();
    if !reader.keys(api, &KEYS) {
        return (Vec::new(), schemas);
    }
    schemas.prefix = reader.text(api, "prefix").unwrap_or_default();
    if let Some(by_version) = api.get("schemas") {
        let mut versions: Vec<String> = by_version
            .entries()
            .iter()
            .filter_map(|(key, _)| key.text().map(str::to_owned))
            .collect();
        versions.sort();
        let chosen = wanted.map(str::to_owned).or_else(|| versions.last().cloned());
        for (key, value) in by_version.entries() {
            let Some(text) = reader.scalar(value).and_then(|path| reader.file(value, &path)) else {
                continue;
            };
            if key.text() == chosen.as_deref() {
                match Sdl::load(&text) {
                    Ok(sdl) => schemas.sdl = Some(sdl),
                    Err(error) => {
                        reader.error("C007", value, format!("the schema is unreadable: {error}"))
                    }
                }
            }
        }
        return (versions, schemas);
    }
    let place = api.get("schema");
    let text = place.and_then(|node| {
        let path = reader.scalar(node)?;
        reader.file(node, &path)
    });
    if let (Some(node), Some(text)) = (place, text) {
        match OpenApi::load(&text) {
            Ok(open_api) => schemas.open_api = Some(open_api),
            Err(error) => reader.error("C007", node, format!("the schema is unreadable: {error}")),
        }
    }
    (reader.text(api, "version").into_iter().collect(), schemas)
}

/// Whether there is no schema because its file is missing or unreadable, which was said already.
pub(super) fn is_unread(reader: &Reader<'_>, typing: &Typing) -> bool {
    typing.schemas.open_api.is_none()
        && reader.found.iter().any(|finding| ["C005", "C007"].contains(&finding.code))
}

/// What the schema leaves unsaid about its records.
pub(super) fn annotations(reader: &mut Reader<'_>, api: &Node, typing: &mut Typing) {
    typing.strip = reader.text(api, "strip").unwrap_or_default();
    for (key, node) in api.get("annotate").map(Node::entries).unwrap_or_default() {
        let Some(schema) = key.text() else { continue };
        reader.keys(node, &["read_only", "personal", "present", "required", "decimal", "lengths"]);
        let annotation = Annotation {
            read_only: reader.texts(node, "read_only"),
            personal: reader.texts(node, "personal"),
            present: reader.texts(node, "present"),
            required: reader.texts(node, "required"),
            decimal: reader.texts(node, "decimal"),
            lengths: node
                .get("lengths")
                .map(Node::entries)
                .unwrap_or_default()
                .iter()
                .filter_map(|(field, _)| {
                    let name = field.text()?;
                    Some((name.to_owned(), reader.whole(node.get("lengths")?, name)?))
                })
                .collect(),
        };
        let known =
            typing.schemas.open_api.as_ref().and_then(|api| api.schema(schema).map(|s| (api, s)));
        match known {
            None if is_unread(reader, typing) => {}
            None => reader.error("C008", key, format!("the published schema has no `{schema}`")),
            Some((api, found)) => {
                for field in annotation.fields() {
                    if api.field(found, field).is_none() {
                        reader.error("C009", node, format!("`{schema}` has no field `{field}`"));
                    }
                }
            }
        }
        typing.annotations.insert(schema.to_owned(), annotation);
    }
}
