//! Answers of GraphQL APIs: errors inside 200, user errors, cost, connections.

use tenon_value::{Class, Fault, Number, Value, json};

use super::nested::{self, flat};
use super::refusal::Said;
use super::{Answer, Expected, Reading, failed, hits, resource_of, what, writes};
use crate::connector::Connector;
use crate::faults::codes;
use crate::operation::{LimitNews, Operation, Outcome};
use crate::resource::Call;

impl Connector {
    pub(super) fn read_graphql(
        &self,
        operation: &Operation,
        expected: &Expected<'_>,
        answer: Answer<'_>,
    ) -> Reading {
        if !(200..300).contains(&answer.status) {
            return self.refused(operation, answer);
        }
        let writing = writes(operation);
        let body = match json::read(answer.body) {
            Ok(body) => body,
            Err(error) => {
                return Reading::of(failed(
                    codes::unreadable(&error.to_string(), writing),
                    writing,
                ));
            }
        };
        let mut reading = Reading {
            outcome: Outcome::Record(Value::Missing),
            limits: limits(&body),
            warnings: warnings(&body),
        };
        let errors = body.field("errors");
        if !errors.is_blank() {
            let fault = self.top_level(operation, errors, &mut reading.limits, &body);
            reading.outcome = failed(fault, writing);
            return reading;
        }
        reading.outcome = self.data(operation, expected, &body);
        reading
    }

    /// The fault of `errors[]`: the first error's code decides, all messages are kept.
    fn top_level(
        &self,
        operation: &Operation,
        errors: &Value,
        news: &mut LimitNews,
        body: &Value,
    ) -> Fault {
        let messages: Vec<String> =
            errors.items().iter().filter_map(|e| e.field("message").plain()).collect();
        let message = errors.plain().unwrap_or_else(|| messages.join("; "));
        let code = errors.items().iter().find_map(|e| e.at("extensions.code").plain());
        if code.as_deref() == Some("THROTTLED") {
            let wait = throttled_wait(body).unwrap_or(self.default_wait_ms);
            news.wait_ms = Some(wait);
            return codes::rate_limited(wait);
        }
        let writing = writes(operation);
        let internal = matches!(code.as_deref(), Some("INTERNAL_SERVER_ERROR" | "TIMEOUT"));
        let half = writing && !body.field("data").is_blank();
        if internal || half {
            let mut fault = codes::peer_failed(200, &message, writing);
            if let Some(code) = code {
                fault.code = format!("{}:{code}", self.name);
            }
            return fault;
        }
        let said = Said { status: 200, code, message, ..Said::default() };
        let mut fault = self.fault(operation, said);
        if fault.code == format!("{}:200", self.name) {
            fault.code = format!("{}:GRAPHQL", self.name);
        }
        fault
    }

    fn data(&self, operation: &Operation, expected: &Expected<'_>, body: &Value) -> Outcome {
        let writing = writes(operation);
        let unreadable = |why: String| failed(codes::unreadable(&why, writing), writing);
        let Call::Graphql { record: path, .. } = expected.call() else {
            return unreadable("nothing of the kind was asked".to_owned());
        };
        let data = body.field("data");
        if data.as_record().is_none() {
            return unreadable("there is no data".to_owned());
        }
        if writing && let Some(fault) = self.user_errors(operation, data, path) {
            return Outcome::Fault(fault);
        }
        let found = data.at(path);
        match expected {
            Expected::Rows { list, find, .. } => {
                let connection = data.at(&list.records);
                let Value::List(rows) = flat(connection) else {
                    return unreadable(format!("no list stands under {}", list.records));
                };
                let next = nested::more(connection);
                Outcome::Page { records: hits(rows.to_vec(), *find), next }
            }
            Expected::Record(_) | Expected::More(_) if found.is_absent() => {
                if writing {
                    return unreadable(format!("no record stands under {path}"));
                }
                let resource = resource_of(operation).and_then(|name| self.resource(name));
                Outcome::Fault(codes::not_found(&what(operation, resource)))
            }
            Expected::Record(_) => self.whole(operation, found),
            Expected::More(_) => self.rest_of(operation, found),
        }
    }

    /// Refusals inside the payload of a mutation.
    fn user_errors(&self, operation: &Operation, data: &Value, path: &str) -> Option<Fault> {
        let payload = data.field(path.split('.').next().unwrap_or(path));
        let errors = payload.field("userErrors").items();
        let first = errors.first()?;
        let messages: Vec<String> =
            errors.iter().filter_map(|e| e.field("message").plain()).collect();
        let field: Vec<String> =
            first.field("field").items().iter().filter_map(Value::plain).collect();
        let said = Said {
            status: 200,
            code: first.field("code").plain().or_else(|| Some("USER_ERROR".to_owned())),
            message: messages.join("; "),
            field: (!field.is_empty()).then(|| field.join(".")),
            wait_ms: None,
        };
        let mut fault = self.fault(operation, said);
        if fault.class == Class::UnknownOutcome {
            fault.class = Class::Rejected;
        }
        Some(fault)
    }
}

fn points(value: &Value) -> Option<u32> {
    let number = value.as_number()?.round(0, tenon_value::Rounding::Down);
    number.to_i64().and_then(|n| u32::try_from(n).ok())
}

fn limits(body: &Value) -> LimitNews {
    let cost = body.at("extensions.cost");
    let status = cost.field("throttleStatus");
    let bucket = || {
        Some((
            points(status.field("currentlyAvailable"))?,
            points(status.field("maximumAvailable"))?,
            points(status.field("restoreRate"))?,
        ))
    };
    LimitNews {
        wait_ms: None,
        bucket: bucket(),
        actual_cost: points(cost.field("actualQueryCost")),
    }
}

/// Milliseconds until the bucket holds what the refused request asks.
fn throttled_wait(body: &Value) -> Option<i64> {
    let cost = body.at("extensions.cost");
    let asked = cost.field("requestedQueryCost").as_number()?;
    let there = cost.at("throttleStatus.currentlyAvailable").as_number()?;
    let rate = cost.at("throttleStatus.restoreRate").as_number().filter(|rate| !rate.is_zero())?;
    let lacking = asked.subtract(there).ok()?.multiply(Number::from(1000)).ok()?;
    let ms = lacking.divide(rate).ok()?.round(0, tenon_value::Rounding::Up).to_i64()?;
    Some(ms.max(100))
}

fn warnings(body: &Value) -> Vec<String> {
    let places = [body.at("extensions.warnings")];
    let payloads = body.field("data").as_record().into_iter().flatten();
    let inside = payloads.map(|(_, payload)| payload.field("userWarnings"));
    places
        .into_iter()
        .chain(inside)
        .flat_map(Value::items)
        .filter_map(|warning| warning.field("message").plain().or_else(|| warning.plain()))
        .collect()
}
