//! Spans in the JSON form of OTLP over HTTP: camel case, ids in hexadecimal digits, numbers of 64 bits
//! as text.

use tenon_value::{Value, json};

use super::trail::Span;

/// The kind of a span that neither came from outside nor went there.
const INTERNAL: i64 = 1;
/// The status of a span that ended with a fault.
const ERROR: i64 = 2;

/// The body of a request that brings spans to a collector.
pub(super) fn body(spans: &[Span]) -> String {
    let resource = attributes(&[
        ("service.name", "tenon".to_owned()),
        ("service.version", env!("CARGO_PKG_VERSION").to_owned()),
    ]);
    let scope = Value::of([("name", Value::text("tenon"))]);
    let spans = Value::list(spans.iter().map(span).collect());
    let in_scope = Value::of([("scope", scope), ("spans", spans)]);
    let of_resource = Value::of([
        ("resource", Value::of([("attributes", resource)])),
        ("scopeSpans", Value::list(vec![in_scope])),
    ]);
    json::write(&Value::of([("resourceSpans", Value::list(vec![of_resource]))]))
}

fn attributes(all: &[(&'static str, String)]) -> Value {
    let one = |(key, value): &(&'static str, String)| {
        let value = Value::of([("stringValue", Value::text(value))]);
        Value::of([("key", Value::text(key)), ("value", value)])
    };
    Value::list(all.iter().map(one).collect())
}

fn span(span: &Span) -> Value {
    let nanos = |ms: i64| Value::from(i128::from(ms).saturating_mul(1_000_000).to_string());
    let links = span
        .link
        .iter()
        .map(|id| Value::of([("traceId", hex_of(&span.trace)), ("spanId", hex_of(id))]));
    let mut value = Value::of([
        ("traceId", hex_of(&span.trace)),
        ("spanId", hex_of(&span.id)),
        ("parentSpanId", span.parent.map_or(Value::Missing, |id| hex_of(&id))),
        ("name", Value::text(&span.name)),
        ("kind", Value::from(INTERNAL)),
        ("startTimeUnixNano", nanos(span.start_ms)),
        ("endTimeUnixNano", nanos(span.end_ms)),
        ("attributes", attributes(&span.attributes)),
        ("links", Value::list(links.collect())),
    ]);
    if let Some(code) = &span.fault {
        let status = [("code", Value::from(ERROR)), ("message", Value::text(code))];
        value = value.with("status", Value::of(status));
    }
    value
}

fn hex_of(id: &[u8]) -> Value {
    Value::from(hex::encode(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_written_under_the_published_names() {
        let told = Span {
            trace: [0xab; 16],
            id: [1; 8],
            parent: Some([2; 8]),
            link: Some([3; 8]),
            name: "upsert write".to_owned(),
            start_ms: 1_767_225_600_123,
            end_ms: 1_767_225_600_456,
            attributes: vec![("tenon.task", "task_1".to_owned())],
            fault: Some("ANSWER_LOST".to_owned()),
        };
        let plain =
            Span { parent: None, link: None, fault: None, attributes: vec![], ..told.clone() };
        let written = concat!(
            r#"{"resourceSpans":[{"resource":{"attributes":["#,
            r#"{"key":"service.name","value":{"stringValue":"tenon"}},"#,
            r#"{"key":"service.version","value":{"stringValue":"0.1.0"}}]},"#,
            r#""scopeSpans":[{"scope":{"name":"tenon"},"spans":["#,
            r#"{"traceId":"abababababababababababababababab","spanId":"0101010101010101","#,
            r#""parentSpanId":"0202020202020202","name":"upsert write","kind":1,"#,
            r#""startTimeUnixNano":"1767225600123000000","endTimeUnixNano":"1767225600456000000","#,
            r#""attributes":[{"key":"tenon.task","value":{"stringValue":"task_1"}}],"#,
            r#""links":[{"traceId":"abababababababababababababababab","spanId":"0303030303030303"}],"#,
            r#""status":{"code":2,"message":"ANSWER_LOST"}},"#,
            r#"{"traceId":"abababababababababababababababab","spanId":"0101010101010101","#,
            r#""name":"upsert write","kind":1,"#,
            r#""startTimeUnixNano":"1767225600123000000","endTimeUnixNano":"1767225600456000000","#,
            r#""attributes":[],"links":[]}]}]}]}"#,
        );
        assert_eq!(body(&[told, plain]), written);
    }
}
