//! The endpoint over HTTP: token, version, cost, errors as the published interface gives them.

use std::sync::Arc;

use apollo_compiler::request::coerce_variable_values;
use apollo_compiler::resolvers::Execution;
use apollo_compiler::response::{GraphQLError, JsonMap};
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::cost::{self, MOST};
use super::mutations::Mutation;
use super::root::Query;
use super::versions::{self, Version};
use crate::shopify::shop::Shop;

#[derive(Deserialize)]
struct Asked {
    query: String,
    #[serde(default)]
    variables: Option<JsonMap>,
    #[serde(default, rename = "operationName")]
    operation_name: Option<String>,
}

/// Answers `POST /shopify/{shop}/admin/api/{version}/graphql.json`.
pub async fn graphql(
    State(shop): State<Arc<Shop>>,
    Path((name, version)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if !shop.is_called(&name) {
        return refused(StatusCode::NOT_FOUND, "Not Found");
    }
    let token = headers.get("x-shopify-access-token").and_then(|value| value.to_str().ok());
    if !token.is_some_and(|token| shop.opens(token)) {
        return refused(
            StatusCode::UNAUTHORIZED,
            "[API] Invalid API key or access token (unrecognized login or wrong password)",
        );
    }
    let serving = match versions::all() {
        Ok(all) => versions::serving(all, &version),
        Err(reason) => return refused(StatusCode::INTERNAL_SERVER_ERROR, &reason),
    };
    let Some(version) = serving else { return refused(StatusCode::NOT_FOUND, "Not Found") };
    let Ok(asked) = serde_json::from_slice::<Asked>(&body) else {
        return refused(StatusCode::BAD_REQUEST, "Bad Request");
    };
    let answer =
        shop.answer(version, &asked.query, asked.operation_name.as_deref(), asked.variables);
    (
        [
            (header::CONTENT_TYPE, "application/json; charset=utf-8"),
            (header::HeaderName::from_static("x-shopify-api-version"), version.name),
        ],
        answer.to_string(),
    )
        .into_response()
}

fn refused(status: StatusCode, why: &str) -> Response {
    let body = json!({"errors": why}).to_string();
    (status, [(header::CONTENT_TYPE, "application/json; charset=utf-8")], body).into_response()
}

impl Shop {
    /// Answers a query or mutation against one version: the whole body.
    #[must_use]
    pub fn answer(
        &self,
        version: &Version,
        query: &str,
        operation: Option<&str>,
        variables: Option<JsonMap>,
    ) -> Json {
        let document = match version.document(query) {
            Ok(document) => document,
            Err(errors) => return json!({"errors": errors}),
        };
        let sources = &document.sources;
        let one = |error: GraphQLError| json!({"errors": [error]});
        let operation = match document.operations.get(operation) {
            Ok(operation) => operation,
            Err(error) => return one(error.to_graphql_error(sources)),
        };
        let variables = variables.unwrap_or_default();
        let variables = match coerce_variable_values(&version.schema, operation, &variables) {
            Ok(variables) => variables,
            Err(error) => return one(error.to_graphql_error(sources)),
        };
        let requested = match cost::expected(&version.schema, &document, operation, &variables) {
            Ok(cost) => cost,
            Err(message) => return json!({"errors": [{"message": message}]}),
        };
        if let Some(refusal) = self.dear(requested) {
            return refusal;
        }
        let world = self.world();
        let execution = Execution::new(&version.schema, &document)
            .operation(operation)
            .coerced_variable_values(&variables)
            .enable_schema_introspection(true);
        let answer = if operation.is_mutation() {
            execution.execute_sync(&Mutation { shop: self })
        } else {
            execution.execute_sync(&Query { world: &world })
        };
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return one(error.to_graphql_error(sources)),
        };
        // What a query did not use of its expected cost is given back to the bucket.
        let actual = if operation.is_mutation() { requested } else { world.objects.get() };
        let actual = actual.min(requested);
        self.bucket().give_back(requested.saturating_sub(actual));
        let mut body = serde_json::to_value(&answer).unwrap_or(Json::Null);
        let mut extensions = json!({"cost": self.cost(requested, Some(actual))});
        let ignored = world.ignored.borrow();
        if !ignored.is_empty() {
            let warnings: Vec<Json> = ignored
                .iter()
                .map(|field| json!({"field": field, "message": "Invalid search field for this query.", "code": "invalid_field"}))
                .collect();
            put(&mut extensions, "search", json!([{"warnings": warnings}]));
        }
        put(&mut body, "extensions", extensions);
        body
    }

    /// The refusal of a query that is too dear for now or for ever.
    fn dear(&self, requested: u64) -> Option<Json> {
        let limits = self.limits();
        if requested > MOST && limits.on {
            return Some(json!({
                "errors": [{
                    "message": format!("Query cost is {requested}, which exceeds the single query max cost limit ({MOST})."),
                    "extensions": {
                        "code": "MAX_COST_EXCEEDED", "cost": requested, "maxCost": MOST,
                    },
                }],
            }));
        }
        if self.bucket().take(self.now_ms(), &limits, requested) {
            return None;
        }
        Some(json!({
            "errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}],
            "extensions": {"cost": self.cost(requested, None)},
        }))
    }

    fn cost(&self, requested: u64, actual: Option<u64>) -> Json {
        json!({
            "requestedQueryCost": requested,
            "actualQueryCost": actual,
            "throttleStatus": self.bucket().shown(self.now_ms(), &self.limits()),
        })
    }
}

fn put(json: &mut Json, field: &str, value: Json) {
    if let Json::Object(fields) = json {
        fields.insert(field.to_owned(), value);
    }
}
