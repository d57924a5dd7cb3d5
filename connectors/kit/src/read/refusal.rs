//! Refusals: the status, the peer's code and words, and the manifest's table.

use chrono::DateTime;
use tenon_value::{Class, Fault, Number, Value};

use super::{Answer, failed, resource_of, what, writes};
use crate::connector::Connector;
use crate::faults::codes;
use crate::operation::{LimitNews, Operation, Reading};

/// What a peer said when it refused.
#[derive(Debug, Clone, Default)]
pub(crate) struct Said {
    pub(crate) status: u16,
    pub(crate) code: Option<String>,
    pub(crate) message: String,
    pub(crate) field: Option<String>,
    pub(crate) wait_ms: Option<i64>,
}

impl Connector {
    /// The meaning of an answer whose status is not 2xx.
    pub(crate) fn refused(&self, operation: &Operation, answer: Answer<'_>) -> Reading {
        let body = tenon_value::json::read(answer.body).unwrap_or_default();
        let text = |paths: &[String]| {
            let found = paths.iter().find_map(|path| body.at(path).plain());
            found.filter(|text| !text.trim().is_empty())
        };
        let said = Said {
            status: answer.status,
            code: text(&self.error.codes),
            message: text(&self.error.messages).unwrap_or_else(|| shortened(answer.body)),
            field: None,
            wait_ms: retry_after(answer.headers),
        };
        let fault = self.fault(operation, said);
        let wait_ms = (fault.class == Class::RateLimited).then_some(fault.wait_ms).flatten();
        Reading {
            outcome: failed(fault, writes(operation)),
            limits: LimitNews { wait_ms, ..LimitNews::default() },
            warnings: Vec::new(),
        }
    }

    /// The fault of a refusal: the manifest's row, else the class of the status; always with the
    /// peer's own words.
    pub(crate) fn fault(&self, operation: &Operation, said: Said) -> Fault {
        let writing = writes(operation);
        let code = said.code.as_deref();
        let own = code.map(|code| format!("{}:{code}", self.name));
        if said.status >= 500 && writing {
            return self.unclear(said, own);
        }
        let row = self.faults.iter().find(|row| row.fits(said.status, code, &said.message));
        let Some(row) = row else { return self.by_status(operation, said, own) };
        let message = match (&row.title, said.message.as_str()) {
            (Some(title), "") => title.clone(),
            (Some(title), words) => format!("{title} ({words})"),
            (None, words) => words.to_owned(),
        };
        let named = own.unwrap_or_else(|| match row.class {
            Class::RateLimited => "RATE_LIMITED".to_owned(),
            Class::Auth => "UNAUTHORISED".to_owned(),
            _ => format!("{}:{}", self.name, said.status),
        });
        let mut fault = Fault::new(&named, row.class, message);
        fault.hint.clone_from(&row.fix);
        fault.field = row.field.clone().or(said.field);
        if let (Some(field), Some(record)) = (fault.field.clone(), written(operation)) {
            let (field, value) = place(record, field);
            fault = fault.at(field, value);
        }
        fault.wait_ms = said.wait_ms.or(row.wait_ms);
        if row.class == Class::RateLimited && fault.wait_ms.is_none() {
            fault.wait_ms = Some(self.default_wait_ms);
        }
        fault
    }

    fn unclear(&self, said: Said, own: Option<String>) -> Fault {
        let mut fault = codes::peer_failed(said.status, &said.message, true);
        if let Some(own) = own {
            fault.code = own;
        }
        fault.wait_ms = said.wait_ms;
        fault
    }

    fn by_status(&self, operation: &Operation, said: Said, own: Option<String>) -> Fault {
        let writing = writes(operation);
        let named = |mut fault: Fault| {
            if let Some(own) = &own {
                fault.code.clone_from(own);
            }
            fault
        };
        match said.status {
            401 => codes::unauthorised(&said.message),
            404 | 410 => {
                let resource = resource_of(operation).and_then(|name| self.resource(name));
                let mut fault = named(codes::not_found(&what(operation, resource)));
                if !said.message.is_empty() {
                    fault.message = format!("{}: {}", fault.message, said.message);
                }
                if let (Some(resource), Some(key)) = (resource, key_of(operation)) {
                    fault = fault.at(resource.key.clone(), Value::text(key));
                }
                fault
            }
            429 => named(codes::rate_limited(said.wait_ms.unwrap_or(self.default_wait_ms))),
            408 | 425 | 500.. => {
                let mut fault = named(codes::peer_failed(said.status, &said.message, writing));
                fault.wait_ms = said.wait_ms;
                fault
            }
            status => {
                let code = own.unwrap_or_else(|| format!("{}:{status}", self.name));
                let mut fault = codes::refused(&code, &said.message);
                fault.field = said.field;
                fault
            }
        }
    }
}

/// Where in a written record a field stands that the peer names: at the top, else in its rows. Where
/// several rows have it, the peer does not say which one it means: the value is all of theirs.
fn place(record: &Value, field: String) -> (String, Value) {
    let top = crate::body::at(record, &field);
    if !matches!(top, Value::Missing) {
        return (field, top.clone());
    }
    let mut found: Vec<(String, Value)> = Vec::new();
    for (list, rows) in record.as_record().into_iter().flatten() {
        for (n, row) in rows.items().iter().enumerate() {
            let value = row.field(&field);
            if !value.is_blank() && found.iter().all(|(_, known)| known != value) {
                found.push((format!("{list}[{n}].{field}"), value.clone()));
            }
        }
    }
    match found.len() {
        0 => (field, Value::Missing),
        1 => found.swap_remove(0),
        _ => (field, Value::list(found.into_iter().map(|(_, value)| value).collect())),
    }
}

fn key_of(operation: &Operation) -> Option<&str> {
    match operation {
        Operation::Get { key, .. }
        | Operation::Update { key, .. }
        | Operation::Action { key, .. } => Some(key),
        _ => None,
    }
}

fn written(operation: &Operation) -> Option<&Value> {
    match operation {
        Operation::Create { record, .. } | Operation::Update { record, .. } => Some(record),
        _ => None,
    }
}

/// The beginning of a body that is not JSON, on one line.
pub(crate) fn shortened(body: &str) -> String {
    let line: String = body.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(200).collect()
}

/// `Retry-After` in milliseconds: seconds, or a date counted from the answer's own `Date`.
pub(crate) fn retry_after(headers: &[(String, String)]) -> Option<i64> {
    let header = |name: &str| {
        headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.trim())
    };
    let wait = header("retry-after")?;
    if let Ok(seconds) = Number::parse(wait) {
        let ms = seconds.multiply(Number::from(1000)).ok()?;
        return ms.round(0, tenon_value::Rounding::Up).to_i64().filter(|ms| *ms >= 0);
    }
    let until = DateTime::parse_from_rfc2822(wait).ok()?;
    let now = DateTime::parse_from_rfc2822(header("date")?).ok()?;
    Some(until.signed_duration_since(now).num_milliseconds().max(0))
}
