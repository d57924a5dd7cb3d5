//! Published schemas: OpenAPI documents and GraphQL SDL, their import into the catalog, checks of
//! values against them, and the types they give to the language.

mod check;
mod import;
mod open_api;
mod sdl;

pub use check::{Manner, Rule, Violation};
pub use import::{import_openapi, import_sdl, notice};
pub use open_api::{Endpoint, OpenApi, Parameter, Place, Schema, Shape};
pub use sdl::{Document, Sdl};

/// Why a schema could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// The text is not JSON.
    #[error("the schema is not JSON: {0}")]
    Json(#[from] tenon_value::JsonError),
    /// Something an OpenAPI document must have is not there.
    #[error("the schema has no `{0}`")]
    Lacks(&'static str),
    /// The SDL or a GraphQL document is wrong; the compiler's own words.
    #[error("{0}")]
    Graphql(String),
}

#[cfg(test)]
mod tests;
