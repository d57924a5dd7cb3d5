//! Types of the language made of published schemas and of GraphQL documents.

mod cost;
mod graphql;
mod open_api;

use std::collections::BTreeMap;

use tenon_mapper::types::Types;
use tenon_source::Diagnostic;

use crate::connector::Schemas;

/// What is being typed, and what was found on the way.
pub(crate) struct Typing {
    pub(crate) connector: String,
    pub(crate) schemas: Schemas,
    pub(crate) types: Types,
    pub(crate) annotations: BTreeMap<String, Annotation>,
    /// Taken off the beginning of schema names.
    pub(crate) strip: String,
    pub(crate) found: Vec<Diagnostic>,
}

/// What a manifest says about a schema beyond what is published.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Annotation {
    /// Fields the system computes.
    pub(crate) read_only: Vec<String>,
    /// Fields that name or describe a person.
    pub(crate) personal: Vec<String>,
    /// Fields that are always there in answers.
    pub(crate) present: Vec<String>,
    /// Fields a new record must have.
    pub(crate) required: Vec<String>,
    /// Texts that hold decimals.
    pub(crate) decimal: Vec<String>,
    /// Longest texts.
    pub(crate) lengths: BTreeMap<String, u32>,
}

impl Annotation {
    /// Every field it speaks of.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &str> {
        let lists = [&self.read_only, &self.personal, &self.present, &self.required, &self.decimal];
        lists
            .into_iter()
            .flatten()
            .map(String::as_str)
            .chain(self.lengths.keys().map(String::as_str))
    }
}

impl Typing {
    pub(crate) fn new(connector: &str, schemas: Schemas) -> Typing {
        Typing {
            connector: connector.to_owned(),
            schemas,
            types: Types::default(),
            annotations: BTreeMap::new(),
            strip: String::new(),
            found: Vec::new(),
        }
    }

    /// The name of a schema's type in the language.
    pub(crate) fn name(&self, schema: &str) -> String {
        let short = schema.strip_prefix(&self.strip).filter(|s| !s.is_empty()).unwrap_or(schema);
        format!("{}.{short}", self.connector)
    }
}
