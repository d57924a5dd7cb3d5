//! Making catalog schemas of contract files: interface facts stay, prose goes.

use std::sync::Arc;

use apollo_compiler::ast;
use tenon_value::{Record, Value, json};

use super::SchemaError;

/// Makes a catalog schema of an OpenAPI document: names, types, limits, choices and the document's
/// own licence stay; descriptions, summaries, examples and links go.
///
/// # Errors
/// [`SchemaError`] where the text is not JSON or has no `paths`.
pub fn import_openapi(text: &str) -> Result<String, SchemaError> {
    let root = json::read(text)?;
    if root.field("paths").is_absent() {
        return Err(SchemaError::Lacks("paths"));
    }
    let mut out = json::write_pretty(&keywords(&root));
    out.push('\n');
    Ok(out)
}

/// A record of OpenAPI keywords.
fn keywords(value: &Value) -> Value {
    match value {
        Value::Record(fields) => Value::record(
            fields
                .iter()
                .filter_map(|(name, value)| Some((Arc::clone(name), kept(name, value)?)))
                .collect(),
        ),
        Value::List(items) => Value::list(items.iter().map(keywords).collect()),
        other => other.clone(),
    }
}

/// A keyword's value as the catalog keeps it; none where it is prose.
fn kept(name: &str, value: &Value) -> Option<Value> {
    match name {
        "description" | "summary" | "example" | "examples" | "externalDocs" | "tags" | "title"
        | "contact" | "termsOfService"
            if !matches!(value, Value::Record(_)) || name != "title" =>
        {
            None
        }
        "info" => Some(info(value)),
        "properties" | "schemas" | "parameters" | "paths" | "patternProperties" => {
            Some(names(value))
        }
        "responses" => Some(responses(value)),
        "enum" | "required" | "default" => Some(value.clone()),
        _ => Some(keywords(value)),
    }
}

/// A record whose keys are names given by the API.
fn names(value: &Value) -> Value {
    match value {
        Value::Record(fields) => Value::record(
            fields.iter().map(|(name, value)| (Arc::clone(name), keywords(value))).collect(),
        ),
        other => keywords(other),
    }
}

fn info(value: &Value) -> Value {
    let mut out = Record::new();
    for name in ["title", "version", "license"] {
        if !value.field(name).is_absent() {
            out.insert(Arc::from(name), value.field(name).clone());
        }
    }
    Value::record(out)
}

/// Answers need a `description` to be valid OpenAPI; it stays, empty.
fn responses(value: &Value) -> Value {
    match value {
        Value::Record(answers) => Value::record(
            answers
                .iter()
                .map(|(status, answer)| {
                    let mut fields = Record::new();
                    fields.insert(Arc::from("description"), Value::text(""));
                    if let Value::Record(kept) = keywords(answer) {
                        fields.extend(kept.iter().map(|(k, v)| (Arc::clone(k), v.clone())));
                    }
                    (Arc::clone(status), Value::record(fields))
                })
                .collect(),
        ),
        other => keywords(other),
    }
}

/// Makes a catalog schema of GraphQL SDL: every definition stays, descriptions go. Reasons of
/// `@deprecated` stay, for they name the field to use.
///
/// # Errors
/// [`SchemaError::Graphql`] where the text is not SDL.
pub fn import_sdl(text: &str) -> Result<String, SchemaError> {
    let mut document = ast::Document::parse(text, "schema.graphql")
        .map_err(|e| super::sdl::findings(&e.errors))?;
    for definition in &mut document.definitions {
        without_prose(definition);
    }
    Ok(document.serialize().to_string())
}

fn without_prose(definition: &mut ast::Definition) {
    match definition {
        ast::Definition::DirectiveDefinition(d) => {
            let d = d.make_mut();
            d.description = None;
            d.arguments.iter_mut().for_each(|a| a.make_mut().description = None);
        }
        ast::Definition::SchemaDefinition(d) => d.make_mut().description = None,
        ast::Definition::ScalarTypeDefinition(d) => d.make_mut().description = None,
        ast::Definition::ObjectTypeDefinition(d) => {
            let d = d.make_mut();
            d.description = None;
            d.fields.iter_mut().for_each(field_without_prose);
        }
        ast::Definition::InterfaceTypeDefinition(d) => {
            let d = d.make_mut();
            d.description = None;
            d.fields.iter_mut().for_each(field_without_prose);
        }
        ast::Definition::UnionTypeDefinition(d) => d.make_mut().description = None,
        ast::Definition::EnumTypeDefinition(d) => {
            let d = d.make_mut();
            d.description = None;
            d.values.iter_mut().for_each(|v| v.make_mut().description = None);
        }
        ast::Definition::InputObjectTypeDefinition(d) => {
            let d = d.make_mut();
            d.description = None;
            d.fields.iter_mut().for_each(|f| f.make_mut().description = None);
        }
        _ => {}
    }
}

fn field_without_prose(field: &mut apollo_compiler::Node<ast::FieldDefinition>) {
    let field = field.make_mut();
    field.description = None;
    field.arguments.iter_mut().for_each(|a| a.make_mut().description = None);
}

/// The text that travels beside an imported schema: where it came from, that prose was removed, and
/// the licence as its owner words it.
#[must_use]
pub fn notice(file: &str, origin: &str, licence: &str) -> String {
    format!(
        "{file}\n  Origin: {origin}\n  Descriptions and examples were removed by `tenon connector import`.\n\n{}\n",
        licence.trim()
    )
}
