//! The part of OpenAPI 3.0 that catalog schemas use: named schemas and endpoints.

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;
use tenon_value::{Number, Value, json};

use super::SchemaError;

/// A loaded OpenAPI document.
#[derive(Debug, Clone, Default)]
pub struct OpenApi {
    schemas: BTreeMap<String, Schema>,
    endpoints: Vec<Endpoint>,
}

/// What a value must look like.
#[derive(Debug, Clone, PartialEq)]
pub struct Schema {
    /// Its shape.
    pub shape: Shape,
    /// Whether null is published as allowed.
    pub nullable: bool,
    /// Whether the system computes it.
    pub read_only: bool,
}

/// The shape of a value.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// Anything.
    Any,
    /// A text.
    Text {
        /// Shortest, in characters.
        min_length: Option<u32>,
        /// Longest, in characters.
        max_length: Option<u32>,
        /// The texts allowed; empty where any is.
        choices: Arc<[Arc<str>]>,
        /// Whether it is a calendar day, `2026-11-24`.
        date: bool,
        /// Whether it is an instant, RFC 3339.
        date_time: bool,
    },
    /// A number.
    Number {
        /// Whether it must be whole.
        whole: bool,
        /// Smallest.
        minimum: Option<Number>,
        /// Largest.
        maximum: Option<Number>,
    },
    /// True or false.
    Bool,
    /// Items.
    List {
        /// What each must look like.
        items: Box<Schema>,
        /// Fewest items.
        min_items: Option<u32>,
        /// Most items.
        max_items: Option<u32>,
    },
    /// Named fields.
    Record {
        /// The fields published.
        fields: IndexMap<Arc<str>, Schema>,
        /// Those that must be there.
        required: Vec<Arc<str>>,
    },
    /// The schema of that name.
    Named(String),
}

/// One method of one path.
#[derive(Debug, Clone, PartialEq)]
pub struct Endpoint {
    /// HTTP method in capitals.
    pub method: String,
    /// Path with `{names}` where values stand.
    pub path: String,
    /// Path and query parameters.
    pub parameters: Vec<Parameter>,
    /// The schema of a JSON body, where one is sent.
    pub body: Option<Schema>,
    /// Schemas of JSON answers by status.
    pub answers: BTreeMap<u16, Schema>,
}

/// A parameter of an endpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// Whether it must be given.
    pub required: bool,
    /// What it must look like.
    pub schema: Schema,
}

/// Where a parameter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In the path.
    Path,
    /// In the query.
    Query,
    /// In a header.
    Header,
}

impl OpenApi {
    /// Reads an OpenAPI document.
    ///
    /// # Errors
    /// [`SchemaError`] where the text is not JSON or has neither `paths` nor `components`.
    pub fn load(text: &str) -> Result<OpenApi, SchemaError> {
        let root = json::read(text)?;
        if root.field("paths").is_absent() {
            return Err(SchemaError::Lacks("paths"));
        }
        let mut api = OpenApi::default();
        if let Some(schemas) = root.at("components.schemas").as_record() {
            for (name, schema) in schemas {
                api.schemas.insert(name.to_string(), schema_of(schema));
            }
        }
        for (path, methods) in root.field("paths").as_record().into_iter().flatten() {
            let shared = methods.field("parameters").items();
            for (method, endpoint) in methods.as_record().into_iter().flatten() {
                if matches!(&**method, "get" | "put" | "post" | "patch" | "delete") {
                    api.endpoints.push(endpoint_of(path, method, endpoint, shared));
                }
            }
        }
        Ok(api)
    }

    /// The schema of that name.
    #[must_use]
    pub fn schema(&self, name: &str) -> Option<&Schema> {
        self.schemas.get(name)
    }

    /// Names of all schemas.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.schemas.keys().map(String::as_str)
    }

    /// Every endpoint, in the order published.
    #[must_use]
    pub fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    /// The endpoint a request goes to: the method in any case, the path without query, values of
    /// path parameters in place. A trailing `/` is ignored; fixed parts win over parameters.
    #[must_use]
    pub fn endpoint(&self, method: &str, path: &str) -> Option<&Endpoint> {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        self.endpoints
            .iter()
            .filter(|e| e.method.eq_ignore_ascii_case(method) && e.fits(&parts))
            .min_by_key(|e| e.path.matches('{').count())
    }

    /// Follows names until a schema of its own is there; [`Shape::Any`] for a name that is unknown.
    #[must_use]
    pub fn resolve<'a>(&'a self, schema: &'a Schema) -> &'a Schema {
        let mut at = schema;
        for _ in 0..16 {
            match &at.shape {
                Shape::Named(name) => match self.schemas.get(name) {
                    Some(next) => at = next,
                    None => return &Schema::ANY,
                },
                _ => return at,
            }
        }
        &Schema::ANY
    }

    /// The published schema of one field of a record schema.
    #[must_use]
    pub fn field<'a>(&'a self, schema: &'a Schema, name: &str) -> Option<&'a Schema> {
        match &self.resolve(schema).shape {
            Shape::Record { fields, .. } => fields.get(name),
            _ => None,
        }
    }
}

impl Endpoint {
    fn fits(&self, parts: &[&str]) -> bool {
        let own: Vec<&str> = self.path.trim_matches('/').split('/').collect();
        own.len() == parts.len()
            && own
                .iter()
                .zip(parts)
                .all(|(own, part)| own == part || (own.starts_with('{') && !part.is_empty()))
    }
}

impl Schema {
    /// A schema that takes anything.
    pub const ANY: Schema = Schema { shape: Shape::Any, nullable: true, read_only: false };
}

fn endpoint_of(path: &str, method: &str, endpoint: &Value, shared: &[Value]) -> Endpoint {
    let mut answers = BTreeMap::new();
    for (status, answer) in endpoint.field("responses").as_record().into_iter().flatten() {
        if let (Ok(status), Some(schema)) = (status.parse(), json_schema(answer)) {
            answers.insert(status, schema);
        }
    }
    Endpoint {
        method: method.to_uppercase(),
        path: path.to_owned(),
        parameters: shared
            .iter()
            .chain(endpoint.field("parameters").items())
            .filter_map(parameter_of)
            .collect(),
        body: json_schema(endpoint.field("requestBody")),
        answers,
    }
}

fn json_schema(holder: &Value) -> Option<Schema> {
    let schema = holder.field("content").field("application/json").field("schema");
    schema.as_record().map(|_| schema_of(schema))
}

fn parameter_of(value: &Value) -> Option<Parameter> {
    Some(Parameter {
        name: value.field("name").as_text()?.to_owned(),
        place: match value.field("in").as_text()? {
            "path" => Place::Path,
            "query" => Place::Query,
            "header" => Place::Header,
            _ => return None,
        },
        required: value.field("required").as_bool().unwrap_or(false),
        schema: schema_of(value.field("schema")),
    })
}

fn whole(value: &Value) -> Option<u32> {
    value.as_number().and_then(Number::to_i64).and_then(|n| u32::try_from(n).ok())
}

fn schema_of(value: &Value) -> Schema {
    let text = |name: &str| value.field(name).as_text();
    let shape = match text("$ref") {
        Some(reference) => {
            Shape::Named(reference.rsplit('/').next().unwrap_or(reference).to_owned())
        }
        None => match text("type") {
            Some("string") => Shape::Text {
                min_length: whole(value.field("minLength")),
                max_length: whole(value.field("maxLength")),
                choices: value
                    .field("enum")
                    .items()
                    .iter()
                    .filter_map(|v| v.as_text().map(Arc::from))
                    .collect(),
                date: text("format") == Some("date"),
                date_time: text("format") == Some("date-time"),
            },
            Some(kind @ ("number" | "integer")) => Shape::Number {
                whole: kind == "integer",
                minimum: value.field("minimum").as_number(),
                maximum: value.field("maximum").as_number(),
            },
            Some("boolean") => Shape::Bool,
            Some("array") => Shape::List {
                items: Box::new(schema_of(value.field("items"))),
                min_items: whole(value.field("minItems")),
                max_items: whole(value.field("maxItems")),
            },
            Some("object") => record_of(value),
            _ if value.field("properties").as_record().is_some() => record_of(value),
            _ => single(value.field("allOf")).map_or(Shape::Any, |one| schema_of(one).shape),
        },
    };
    Schema {
        shape,
        nullable: value.field("nullable").as_bool().unwrap_or(false),
        read_only: value.field("readOnly").as_bool().unwrap_or(false),
    }
}

fn single(list: &Value) -> Option<&Value> {
    match list.items() {
        [one] => Some(one),
        _ => None,
    }
}

fn record_of(value: &Value) -> Shape {
    let fields = value
        .field("properties")
        .as_record()
        .into_iter()
        .flatten()
        .map(|(name, field)| (Arc::clone(name), schema_of(field)))
        .collect();
    let required = value
        .field("required")
        .items()
        .iter()
        .filter_map(|name| name.as_text().map(Arc::from))
        .collect();
    Shape::Record { fields, required }
}
