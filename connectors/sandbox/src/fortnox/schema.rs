//! Requests against the published schema: refused in the vendor's codes, and read into the kinds the
//! ledger stores.

use std::sync::{Arc, LazyLock};

use tenon_kit::schema::{Manner, OpenApi, Rule, Schema, Shape, Violation};
use tenon_value::{Number, Record, Value, json};

use super::answer::Answer;
use super::resource::Resource;

static PUBLISHED: LazyLock<Option<OpenApi>> =
    LazyLock::new(|| OpenApi::load(include_str!("../../../catalog/fortnox/openapi.json")).ok());

/// The published schema.
#[must_use]
pub fn published() -> Option<&'static OpenApi> {
    PUBLISHED.as_ref()
}

/// Reads the body of a POST or PUT: the fields to write, of the kinds the schema names.
///
/// Null and empty text are left out: the recorded service keeps what was there (`Country: ""` and
/// `Comments: ""` changed nothing).
///
/// # Errors
/// The refusal.
pub fn written(resource: &Resource, method: &str, body: &str) -> Result<Record, Answer> {
    if body.trim().is_empty() {
        return Err(Answer::refused(2_001_392, "Tom eller felaktig datatyp i anropet."));
    }
    let body = json::read(body)
        .map_err(|error| Answer::refused(2_002_115, &format!("Kunde inte läsa JSON: {error}")))?;
    let Some(inside) = body.field(resource.envelope).as_record() else {
        return Err(Answer::refused(2_001_392, "Tom eller felaktig datatyp i anropet."));
    };
    let inside = cleaned(&Value::record(inside.clone()));
    let Some(api) = published() else {
        return Err(Answer::new(500, Value::Missing));
    };
    let path = match method {
        "POST" => format!("/3/{}", resource.path),
        _ => format!("/3/{}/1", resource.path),
    };
    let Some(schema) = api.endpoint(method, &path).and_then(|endpoint| endpoint.body.as_ref())
    else {
        return Err(Answer::refused(2_000_588, "Resursen kan inte skrivas."));
    };
    let wrapped = Value::of([(resource.envelope, inside.clone())]);
    let violations = api.check(schema, &wrapped, Manner::Request);
    if let Some(violation) = violations.iter().find(|violation| counts(violation, method)) {
        return Err(refusal(violation));
    }
    let inner = api.field(schema, resource.envelope).unwrap_or(&Schema::ANY);
    Ok(typed(api, inner, &inside).as_record().cloned().unwrap_or_default())
}

/// Which violations the real service refuses: it changes records without their required fields, and
/// knows more housework types than are published; those are checked with the rows.
fn counts(violation: &Violation, method: &str) -> bool {
    match violation.rule {
        Rule::Required => method == "POST" && !violation.path.ends_with(".CustomerNumber"),
        Rule::Choice => !violation.path.ends_with(".HouseWorkType"),
        _ => true,
    }
}

fn refusal(violation: &Violation) -> Answer {
    let at = &violation.path;
    let says = &violation.message;
    match violation.rule {
        Rule::Unknown => Answer::refused(2_001_399, &format!("Ogiltigt fältnamn: {at}.")),
        Rule::Kind if says.starts_with("a number") || says.contains("whole") => {
            Answer::refused(2_000_108, &format!("{at} måste vara numeriskt ({says})."))
        }
        Rule::Kind if says.starts_with("true or false") => {
            Answer::refused(2_000_134, &format!("{at} måste vara av typen boolean ({says})."))
        }
        Rule::Kind => Answer::refused(2_001_392, &format!("Felaktig datatyp: {at} ({says}).")),
        _ => Answer::refused(2_000_588, &format!("Ogiltig parameter: {at} ({says}).")),
    }
}

fn cleaned(value: &Value) -> Value {
    match value {
        Value::Record(fields) => Value::record(
            fields
                .iter()
                .filter(|(_, value)| !value.is_absent() && value.as_text() != Some(""))
                .map(|(name, value)| (name.clone(), cleaned(value)))
                .collect(),
        ),
        Value::List(items) => Value::list(items.iter().map(cleaned).collect()),
        other => other.clone(),
    }
}

fn typed(api: &OpenApi, schema: &Schema, value: &Value) -> Value {
    let schema = api.resolve(schema);
    match (&schema.shape, value) {
        (Shape::Text { .. }, Value::Number(number)) => {
            Value::text(&number.normalised().to_string())
        }
        (Shape::Text { .. }, Value::Bool(_)) => Value::text(&value.plain().unwrap_or_default()),
        (Shape::Number { .. }, Value::Text(text)) => {
            Number::parse(text.trim()).map_or_else(|_| value.clone(), Value::from)
        }
        (Shape::Bool, Value::Text(text)) => Value::from(&**text == "true"),
        (Shape::List { items, .. }, Value::List(values)) => {
            Value::list(values.iter().map(|value| typed(api, items, value)).collect())
        }
        (Shape::Record { fields, .. }, Value::Record(record)) => {
            let kinds = |name: &Arc<str>| fields.get(name).unwrap_or(&Schema::ANY);
            Value::record(
                record.iter().map(|(n, v)| (n.clone(), typed(api, kinds(n), v))).collect(),
            )
        }
        _ => value.clone(),
    }
}
