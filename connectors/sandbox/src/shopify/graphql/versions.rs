//! The versions of the interface that are served, with the documents read so far.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use apollo_compiler::response::GraphQLError;
use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Schema};

/// The published schemas, oldest first.
const PUBLISHED: [(&str, &str); 2] = [
    ("2026-01", include_str!("../../../../catalog/shopify/admin-2026-01.graphql")),
    ("2026-10", include_str!("../../../../catalog/shopify/admin-2026-10.graphql")),
];

/// How many documents of a version are kept; a client has a handful.
const DOCUMENTS_KEPT: usize = 200;

/// One version.
pub struct Version {
    /// Its name, such as `2026-10`.
    pub name: &'static str,
    /// Its schema.
    pub schema: Valid<Schema>,
    documents: Mutex<BTreeMap<String, Arc<Valid<ExecutableDocument>>>>,
}

impl Version {
    /// A document, read and checked against the schema once.
    ///
    /// # Errors
    /// What is wrong with it, as the interface says it.
    pub fn document(
        &self,
        text: &str,
    ) -> Result<Arc<Valid<ExecutableDocument>>, Vec<GraphQLError>> {
        let mut documents = self.documents.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(document) = documents.get(text) {
            return Ok(Arc::clone(document));
        }
        let document = ExecutableDocument::parse_and_validate(&self.schema, text, "query")
            .map_err(|found| {
                found.errors.iter().map(|error| error.to_json()).collect::<Vec<_>>()
            })?;
        if documents.len() >= DOCUMENTS_KEPT {
            documents.clear();
        }
        let document = Arc::new(document);
        documents.insert(text.to_owned(), Arc::clone(&document));
        Ok(document)
    }
}

/// Every version served, read once in a process.
///
/// # Errors
/// Why a published schema could not be read.
pub fn all() -> Result<&'static [Version], String> {
    static READ: OnceLock<Result<Vec<Version>, String>> = OnceLock::new();
    READ.get_or_init(|| {
        PUBLISHED
            .iter()
            .map(|(name, text)| {
                let schema = Schema::parse_and_validate(*text, format!("admin-{name}.graphql"))
                    .map_err(|found| format!("admin-{name}.graphql: {}", found.errors))?;
                Ok(Version { name, schema, documents: Mutex::new(BTreeMap::new()) })
            })
            .collect()
    })
    .as_deref()
    .map_err(Clone::clone)
}

/// The version that answers a request for `asked`: the newest that is not newer, the oldest for one
/// no longer served; none for what is no version or lies in the future.
#[must_use]
pub fn serving<'a>(versions: &'a [Version], asked: &str) -> Option<&'a Version> {
    let (year, month) = asked.split_once('-')?;
    let quarter = matches!(month, "01" | "04" | "07" | "10");
    if year.len() != 4 || !year.bytes().all(|b| b.is_ascii_digit()) || !quarter {
        return None;
    }
    if versions.last().is_some_and(|newest| asked > newest.name) {
        return None;
    }
    versions.iter().rev().find(|v| v.name <= asked).or_else(|| versions.first())
}
