//! GraphQL: a schema, and documents checked against it.

use apollo_compiler::validation::{DiagnosticList, Valid};
use apollo_compiler::{ExecutableDocument, Schema};
use tenon_value::{Value, json};

use super::SchemaError;

/// A validated GraphQL schema.
#[derive(Debug, Clone)]
pub struct Sdl {
    schema: Valid<Schema>,
}

/// A document with one operation, validated against a schema.
#[derive(Debug, Clone)]
pub struct Document {
    text: String,
    pub(crate) parsed: Valid<ExecutableDocument>,
}

impl Sdl {
    /// Reads and validates SDL.
    ///
    /// # Errors
    /// [`SchemaError::Graphql`] with the compiler's findings.
    pub fn load(text: &str) -> Result<Sdl, SchemaError> {
        let schema =
            Schema::parse_and_validate(text, "schema.graphql").map_err(|e| findings(&e.errors))?;
        Ok(Sdl { schema })
    }

    /// The schema as apollo-compiler holds it, for executing against it.
    #[must_use]
    pub fn schema(&self) -> &Valid<Schema> {
        &self.schema
    }

    /// Reads a document and validates it.
    ///
    /// # Errors
    /// [`SchemaError::Graphql`] with the compiler's findings, or where it does not hold one operation.
    pub fn document(&self, text: &str, name: &str) -> Result<Document, SchemaError> {
        let parsed = ExecutableDocument::parse_and_validate(&self.schema, text, name)
            .map_err(|e| findings(&e.errors))?;
        if parsed.operations.len() != 1 {
            return Err(SchemaError::Graphql(format!("{name} must hold exactly one operation")));
        }
        Ok(Document { text: text.to_owned(), parsed })
    }

    /// Checks a document's variables as the server would before executing it.
    ///
    /// # Errors
    /// [`SchemaError::Graphql`] naming the variable that does not fit.
    pub fn check_variables(
        &self,
        document: &Document,
        variables: &Value,
    ) -> Result<(), SchemaError> {
        let operation = document.parsed.operations.get(None).map_err(|_| {
            SchemaError::Graphql("the document holds no single operation".to_owned())
        })?;
        let values = serde_json::from_str(&json::write(variables))
            .map_err(|e| SchemaError::Graphql(e.to_string()))?;
        apollo_compiler::request::coerce_variable_values(&self.schema, operation, &values)
            .map(|_| ())
            .map_err(|e| SchemaError::Graphql(e.message().to_string()))
    }
}

/// The compiler's findings, each with its place. Not as it prints them: its print cuts characters of
/// several bytes in half and panics.
pub(super) fn findings(found: &DiagnosticList) -> SchemaError {
    let said = found.iter().map(|one| {
        let one = one.to_json();
        let place = one.locations.first();
        let place = place.map_or_else(String::new, |p| format!("{}:{}: ", p.line, p.column));
        format!("{place}{}", one.message)
    });
    SchemaError::Graphql(said.collect::<Vec<_>>().join("; "))
}

impl Document {
    /// The document's text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}
