//! Every refusal and every kind of silence, for reads and for writes.

use tenon_value::{Class, Fault, Value};

use super::support::{answer, connector, get, outcome, value};
use crate::{Operation, Outcome, Response, Road};

fn fault(outcome: Outcome) -> Fault {
    match outcome {
        Outcome::Fault(fault) => fault,
        other => panic!("{other:?}"),
    }
}

fn create() -> Operation {
    Operation::Create {
        resource: "order".into(),
        record: value(r#"{"CustomerNumber":"1","ExternalInvoiceReference1":"S-1001"}"#),
    }
}

fn action(name: &str) -> Operation {
    Operation::Action {
        resource: "invoice".into(),
        action: name.into(),
        key: "7".into(),
        with: vec![],
    }
}

#[test]
fn every_row_of_the_fault_tables_is_provoked() {
    for name in ["fortnox", "shopify"] {
        let found = connector(name);
        for row in &found.faults {
            let operation = get("order", "7");
            let code = row.code.clone().unwrap_or_default();
            let text = row.text.clone().unwrap_or_else(|| "words of the peer".to_owned());
            let (status, body) = match (name, row.status) {
                ("fortnox", Some(status)) => (status, String::new()),
                ("fortnox", None) => (
                    400,
                    format!(
                        r#"{{"ErrorInformation":{{"error":1,"message":"{text}","code":{code}}}}}"#
                    ),
                ),
                (_, Some(status)) => (status, r#"{"errors":"words of the peer"}"#.to_owned()),
                (_, None) => (
                    200,
                    format!(
                        r#"{{"errors":[{{"message":"{text}","extensions":{{"code":"{code}"}}}}]}}"#
                    ),
                ),
            };
            let fault = fault(outcome(name, &operation, status, &body));
            assert_eq!(fault.class, row.class, "{name} {row:?}");
            assert_eq!(fault.hint, row.fix);
            if !body.is_empty() {
                assert!(fault.message.contains(&text), "the peer's own words are kept: {fault}");
            }
            if let Some(code) = &row.code {
                assert_eq!(fault.code, format!("{name}:{code}"));
            }
        }
    }
}

#[test]
fn both_spellings_of_an_error_are_read() {
    for body in [
        r#"{"ErrorInformation":{"Error":1,"Message":"Kan inte hitta ordern.","Code":2000439}}"#,
        r#"{"ErrorInformation":{"error":1,"message":"Kan inte hitta ordern.","code":2000439}}"#,
    ] {
        let fault = fault(outcome("fortnox", &get("order", "7"), 404, body));
        assert_eq!((fault.code.as_str(), fault.class), ("fortnox:2000439", Class::NotFound));
        assert_eq!(fault.message, "There is no such order (Kan inte hitta ordern.)");
    }
}

#[test]
fn an_unknown_code_keeps_the_peers_words_and_gets_no_invented_fix() {
    let body = r#"{"ErrorInformation":{"error":1,"message":"Något nytt.","code":2999999}}"#;
    let fault = fault(outcome("fortnox", &create(), 400, body));
    assert_eq!((fault.code.as_str(), fault.class), ("fortnox:2999999", Class::Rejected));
    assert_eq!((fault.message.as_str(), fault.hint), ("Något nytt.", None));
}

#[test]
fn a_field_of_a_refusal_comes_with_the_value_that_was_sent() {
    let body = r#"{"ErrorInformation":{"error":1,"message":"Kunden finns.","code":2000637}}"#;
    let operation = Operation::Create {
        resource: "customer".into(),
        record: value(r#"{"Name":"A","CustomerNumber":"12"}"#),
    };
    let fault = fault(outcome("fortnox", &operation, 400, body));
    assert_eq!(fault.class, Class::Conflict);
    assert_eq!((fault.field.as_deref(), fault.value), (Some("CustomerNumber"), Value::text("12")));
}

#[test]
fn statuses_have_their_classes_and_writes_may_have_happened() {
    let read = get("order", "7");
    let class = |status| fault(outcome("fortnox", &read, status, "words")).class;
    assert_eq!(class(401), Class::Auth);
    assert_eq!(class(403), Class::Rejected);
    assert_eq!(class(404), Class::NotFound);
    assert_eq!(class(422), Class::Rejected);
    for status in [408, 425, 500, 502, 503, 504] {
        assert_eq!(class(status), Class::Transient, "{status}");
        let written = outcome("fortnox", &create(), status, "words");
        let Outcome::Unknown(fault) = written else { panic!("{status}: {written:?}") };
        assert_eq!(fault.class, Class::UnknownOutcome);
    }
    for status in [400, 401, 403, 404, 409, 429] {
        assert!(matches!(outcome("fortnox", &create(), status, ""), Outcome::Fault(_)), "{status}");
    }
}

#[test]
fn silence_is_unknown_for_writes_and_passes_for_reads() {
    let fortnox = connector("fortnox");
    let lost = Response::Lost { reason: "closed".into() };
    let unsent = Response::NotSent { reason: "refused".into() };
    let read = fortnox.read(&get("order", "7"), &lost).outcome;
    assert_eq!(fault(read).class, Class::Transient);
    assert!(matches!(fortnox.read(&create(), &lost).outcome, Outcome::Unknown(_)));
    assert!(matches!(fortnox.read(&action("bookkeep"), &lost).outcome, Outcome::Unknown(_)));
    assert_eq!(fault(fortnox.read(&create(), &unsent).outcome).class, Class::Transient);
}

#[test]
fn a_success_that_is_no_json_or_no_record_is_no_success() {
    for body in ["<html>maintenance</html>", "", "{\"Other\":1}", "[]", "{\"Order\":"] {
        let read = fault(outcome("fortnox", &get("order", "7"), 200, body));
        assert_eq!((read.code.as_str(), read.class), ("ANSWER_UNREADABLE", Class::Transient));
        assert!(matches!(outcome("fortnox", &create(), 201, body), Outcome::Unknown(_)), "{body}");
    }
}

#[test]
fn waits_come_from_seconds_dates_the_bucket_or_the_manifest() {
    let fortnox = connector("fortnox");
    let wait = |headers: &[(&str, &str)]| {
        let headers = headers.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let response = Response::Answer { status: 429, headers, body: String::new() };
        fortnox.read(&get("order", "7"), &response).limits.wait_ms
    };
    assert_eq!(wait(&[]), Some(5_000));
    assert_eq!(wait(&[("retry-after", "7")]), Some(7_000));
    assert_eq!(wait(&[("retry-after", "0.5")]), Some(500));
    let date = ("date", "Tue, 24 Nov 2026 10:00:00 GMT");
    assert_eq!(wait(&[("retry-after", "Tue, 24 Nov 2026 10:00:12 GMT"), date]), Some(12_000));
    let body = r#"{"errors":[{"message":"Throttled","extensions":{"code":"THROTTLED"}}],
        "extensions":{"cost":{"requestedQueryCost":566,"actualQueryCost":null,
        "throttleStatus":{"maximumAvailable":2000.0,"currentlyAvailable":66,"restoreRate":100.0}}}}"#;
    let reading = connector("shopify").read(&get("order", "gid"), &answer(200, body));
    assert_eq!(reading.limits.wait_ms, Some(5_000));
    assert_eq!(reading.limits.bucket, Some((66, 2000, 100)));
    assert_eq!(fault(reading.outcome).class, Class::RateLimited);
}

#[test]
fn graphql_failures_inside_200_are_failures() {
    let read = get("order", "gid");
    let write = Operation::Update {
        resource: "order".into(),
        key: "gid".into(),
        record: value(r#"{"note":"x"}"#),
    };
    let internal =
        r#"{"errors":[{"message":"Internal","extensions":{"code":"INTERNAL_SERVER_ERROR"}}]}"#;
    assert_eq!(fault(outcome("shopify", &read, 200, internal)).class, Class::Transient);
    assert!(matches!(outcome("shopify", &write, 200, internal), Outcome::Unknown(_)));
    let wrong = r#"{"errors":[{"message":"Field 'x' doesn't exist"}]}"#;
    let wrong = fault(outcome("shopify", &read, 200, wrong));
    assert_eq!((wrong.code.as_str(), wrong.class), ("shopify:GRAPHQL", Class::Rejected));
    let none = fault(outcome("shopify", &read, 200, r#"{"data":{"order":null}}"#));
    assert_eq!((none.class, none.message.as_str()), (Class::NotFound, "order gid was not found"));
    let refused = r#"{"data":{"orderUpdate":{"order":null,"userErrors":[{"field":["input","note"],"message":"too long"},{"field":null,"message":"and more"}]}}}"#;
    let refused = fault(outcome("shopify", &write, 200, refused));
    assert_eq!((refused.code.as_str(), refused.class), ("shopify:USER_ERROR", Class::Rejected));
    assert_eq!(refused.field.as_deref(), Some("input.note"));
    assert_eq!(refused.message, "too long; and more");
    let gone = r#"{"data":{"orderUpdate":{"order":null,"userErrors":[{"field":["id"],"message":"Order does not exist"}]}}}"#;
    assert_eq!(fault(outcome("shopify", &write, 200, gone)).class, Class::NotFound);
}

#[test]
fn warnings_of_a_success_are_kept() {
    let body =
        r#"{"data":{"order":{"id":"gid"}},"extensions":{"warnings":[{"message":"old field"}]}}"#;
    let reading = connector("shopify").read(&get("order", "gid"), &answer(200, body));
    assert_eq!(reading.warnings, ["old field"]);
}

#[test]
fn each_write_has_its_road_out_of_the_unknown() {
    let fortnox = connector("fortnox");
    let road = fortnox.road(&create());
    assert_eq!(road, Road::Find { field: "ExternalInvoiceReference1".into(), settle_ms: 10_000 });
    let second = value(
        r#"{"CustomerNumber":"1","ExternalInvoiceReference1":" ","ExternalInvoiceReference2":"B"}"#,
    );
    let second = Operation::Create { resource: "order".into(), record: second };
    assert!(
        matches!(fortnox.road(&second), Road::Find { field, .. } if field == "ExternalInvoiceReference2")
    );
    let bare =
        Operation::Create { resource: "order".into(), record: value(r#"{"CustomerNumber":"1"}"#) };
    assert_eq!(fortnox.road(&bare), Road::Person);
    let named =
        Operation::Create { resource: "customer".into(), record: value(r#"{"Name":"Anna"}"#) };
    assert_eq!(fortnox.road(&named), Road::Person, "two people may have one name");
    assert_eq!(fortnox.road(&action("bookkeep")), Road::Proof { settle_ms: 10_000 });
    let update =
        Operation::Update { resource: "order".into(), key: "1".into(), record: Value::of([]) };
    assert_eq!(fortnox.road(&update), Road::Repeat);
}

#[test]
fn proofs_locks_and_what_an_action_makes_are_read_from_the_record() {
    let fortnox = connector("fortnox");
    let order = |reference: &str| {
        value(&format!(
            r#"{{"DocumentNumber":"5","InvoiceReference":{reference},"Cancelled":false}}"#
        ))
    };
    let proven =
        |reference: &str| fortnox.proof("order", "createinvoice", &order(reference)).unwrap();
    assert!(!proven("\"0\"") && !proven("null") && !proven("\"\"") && !proven("0"));
    assert!(proven("\"31\"") && proven("31"));
    assert_eq!(
        fortnox.proven("order", "createinvoice", &order("\"31\"")),
        Some(("invoice".into(), "31".into()))
    );
    assert_eq!(fortnox.proven("order", "createinvoice", &order("\"0\"")), None);
    let invoice = value(r#"{"DocumentNumber":"31","OrderReference":"5"}"#);
    assert_eq!(
        fortnox.answered("order", "createinvoice", &invoice),
        Some(("invoice".into(), "31".into()))
    );
    let booked = value(r#"{"Booked":true,"Cancelled":false}"#);
    assert_eq!(fortnox.locked("invoice", &booked).unwrap().as_deref(), Some("Booked"));
    assert!(fortnox.proof("invoice", "bookkeep", &booked).unwrap());
    assert_eq!(fortnox.locked("order", &order("\"0\"")).unwrap(), None);
    assert!(fortnox.proof("invoice", "nothing", &booked).is_err());
    assert_eq!(fortnox.already("invoice", "credit"), crate::Already::Conflict);
    assert_eq!(fortnox.already("invoice", "bookkeep"), crate::Already::Done);
}

#[test]
fn every_fault_code_of_the_kit_has_a_page() {
    let source = include_str!("../faults.rs");
    let quoted = source.split('"').filter(|word| word.len() > 5);
    let codes: Vec<&str> =
        quoted.filter(|w| w.chars().all(|c| c.is_ascii_uppercase() || c == '_')).collect();
    assert!(codes.len() >= 14, "{codes:?}");
    for code in codes {
        assert!(crate::codes::PAGES.iter().any(|page| page.code == code), "{code} has no page");
    }
}

#[test]
fn an_answer_that_breaks_off_anywhere_is_never_a_success() {
    let rest = r#"{"Order":{"DocumentNumber":"7","Cancelled":false}}"#;
    let graphql = r#"{"data":{"order":{"id":"gid","agreements":{"nodes":[{"id":"a","sales":{"nodes":[],"pageInfo":{"hasNextPage":true,"endCursor":"c"}}}],"pageInfo":{"hasNextPage":false,"endCursor":null}}}}}"#;
    for (name, body) in [("fortnox", rest), ("shopify", graphql)] {
        for length in 0..body.len() {
            let part = body.get(..length).unwrap();
            let read = outcome(name, &get("order", "7"), 200, part);
            assert!(matches!(read, Outcome::Fault(_)), "{part}: {read:?}");
        }
        let whole = outcome(name, &get("order", "7"), 200, body);
        assert!(matches!(whole, Outcome::Record(_) | Outcome::More(_)), "{whole:?}");
    }
    for length in 0..rest.len() {
        let written = outcome("fortnox", &create(), 201, rest.get(..length).unwrap());
        assert!(matches!(written, Outcome::Unknown(_)));
    }
}

#[test]
fn answers_of_any_shape_are_read_without_panic() {
    let shapes = [
        "null",
        "1",
        "\"x\"",
        "[]",
        "[[]]",
        "{}",
        r#"{"data":null}"#,
        r#"{"data":{"order":[1]}}"#,
        r#"{"data":{"order":{"agreements":[]}}}"#,
        r#"{"data":{"order":{"agreements":{"nodes":null,"pageInfo":1}}}}"#,
        r#"{"errors":{}}"#,
        r#"{"errors":[1]}"#,
        r#"{"errors":"text"}"#,
        r#"{"Orders":{}}"#,
        r#"{"Orders":[1,null]}"#,
        r#"{"ErrorInformation":[]}"#,
        r#"{"data":{"orderUpdate":{"userErrors":{}}}}"#,
    ];
    let list = Operation::List {
        resource: "order".into(),
        filter: vec![],
        since_ms: None,
        page: Some("x".into()),
    };
    let update =
        Operation::Update { resource: "order".into(), key: "1".into(), record: Value::of([]) };
    let rest = Operation::Rest {
        resource: "order".into(),
        of: Box::new(get("order", "1")),
        so_far: Value::Null,
    };
    for name in ["fortnox", "shopify"] {
        for operation in
            [&get("order", "1"), &list, &update, &rest, &create(), &Operation::Check { number: 9 }]
        {
            for body in shapes {
                for status in [200, 302, 400, 500] {
                    let _ = connector(name).read(operation, &answer(status, body));
                }
            }
        }
    }
}

#[test]
fn a_refusal_that_names_a_field_of_rows_shows_the_values_it_may_mean() {
    let body =
        r#"{"ErrorInformation":{"error":1,"message":"Kan inte hitta artikeln.","code":2000428}}"#;
    let refused = |rows: &str| {
        let record = value(&format!("{{\"OrderRows\":[{rows}]}}"));
        let create = Operation::Create { resource: "order".into(), record };
        fault(outcome("fortnox", &create, 404, body))
    };
    let one = refused(r#"{"Description":"x"},{"ArticleNumber":"A"},{"ArticleNumber":"A"}"#);
    assert_eq!(one.field.as_deref(), Some("OrderRows[1].ArticleNumber"));
    assert_eq!(one.value, Value::text("A"));
    let two = refused(r#"{"ArticleNumber":"A"},{"ArticleNumber":"B"}"#);
    assert_eq!(two.field.as_deref(), Some("ArticleNumber"));
    assert_eq!(two.value, value(r#"["A","B"]"#));
}

#[test]
fn a_record_that_is_not_there_is_named_by_its_key() {
    let body = r#"{"ErrorInformation":{"error":1,"message":"Finns inte.","code":1}}"#;
    let fault = fault(outcome("fortnox", &get("currency", "CHF"), 404, body));
    assert_eq!((fault.class, fault.field.as_deref()), (Class::NotFound, Some("Code")));
    assert_eq!(fault.value, Value::text("CHF"));
}

#[test]
fn silence_and_too_many_requests_have_codes_of_their_own() {
    let code = |operation: &Operation, response: &Response| {
        let found = fault(connector("fortnox").read(operation, response).outcome);
        (found.code, found.class)
    };
    let lost = Response::Lost { reason: "closed".into() };
    assert_eq!(code(&get("order", "7"), &lost), ("ANSWER_LOST".into(), Class::Transient));
    assert_eq!(
        code(&get("order", "7"), &answer(429, "")),
        ("RATE_LIMITED".into(), Class::RateLimited)
    );
}
