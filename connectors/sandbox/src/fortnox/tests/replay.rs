//! The gate: recorded requests, asked again in the order they were made.

use chrono::DateTime;
use tenon_value::{Value, json};

use super::{Answer, Ask, Desk};

const RECORDED: &str = include_str!("../../../../catalog/fortnox/recorded-exchanges.json");

/// What the recorded company held before the recordings, as far as they ask for it.
fn recorded_company(desk: &Desk) {
    let by_hand = |method: &str, path: &str, body: &str| {
        let answer = desk.ledger.by_hand(&Ask::to(method, path, body).unwrap());
        assert!(answer.status < 300, "{path} {body}: {answer:?}");
    };
    for _ in 0..9 {
        let body = r#"{"Customer":{"Name":"Test customer","City":"New York","ZipCode":"10001"}}"#;
        by_hand("POST", "/3/customers", body);
    }
    for number in ["1", "101", "102"] {
        let body =
            format!(r#"{{"Article":{{"ArticleNumber":"{number}","Description":"Hammer"}}}}"#);
        by_hand("POST", "/3/articles", &body);
    }
    by_hand("POST", "/3/projects", r#"{"Project":{"Description":"Some important project"}}"#);
    by_hand("POST", "/3/projects", r#"{"Project":{"Description":"Another"}}"#);
    for _ in 0..7 {
        let body = r#"{"Order":{"CustomerNumber":"1","OurReference":"Belladonna Took","YourReference":"Bodo Proudfoot"}}"#;
        by_hand("POST", "/3/orders", body);
    }
    by_hand("PUT", "/3/orders/3/cancel", "");
    for _ in 0..34 {
        let body = r#"{"Invoice":{"CustomerNumber":"1","OurReference":"Radagast the Brown","YourReference":"Gandalf the Grey"}}"#;
        by_hand("POST", "/3/invoices", body);
    }
    by_hand("PUT", "/3/invoices/32/bookkeep", "");
}

fn masked(exchange: &Value) -> bool {
    exchange.field("request").as_text().is_some_and(|text| text.starts_with('<'))
}

fn ask_again(desk: &Desk, exchange: &Value) -> Answer {
    let uri = exchange.field("uri").as_text().unwrap();
    let path = uri.strip_prefix("https://api.fortnox.se").unwrap();
    let body = match exchange.field("request") {
        Value::Null | Value::Missing => String::new(),
        body => json::write(body),
    };
    let method = exchange.field("method").as_text().unwrap();
    if exchange.field("cassette").as_text().unwrap().contains("expired_token") {
        return desk.ledger.answer(&Ask::to(method, path, &body).unwrap());
    }
    desk.ask(method, path, &body)
}

/// What of the recorded answer's shape ours lacks: names at the top, and names and kinds of the
/// fields of a record, or of a list's first item.
fn lacking(recorded: &Value, ours: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for (name, value) in recorded.as_record().unwrap() {
        let own = ours.field(name);
        if own.kind() != value.kind() {
            found.push(format!("{name} is {}, recorded {}", own.kind(), value.kind()));
        }
        let (value, own) = match (value, own) {
            (Value::List(theirs), Value::List(mine)) => match (theirs.first(), mine.first()) {
                (Some(one), Some(other)) => (one, other),
                _ => continue,
            },
            _ => (value, own),
        };
        for (field, value) in value.as_record().into_iter().flatten() {
            let mine = own.field(field);
            let open = mine.kind() == value.kind() || value.is_absent() || *mine == Value::Null;
            if !open || *mine == Value::Missing {
                found.push(format!("{name}.{field} is {}, recorded {}", mine.kind(), value.kind()));
            }
        }
    }
    found
}

#[test]
fn recorded_requests_get_the_recorded_status_and_shape() {
    let recorded = json::read(RECORDED).unwrap();
    let mut exchanges: Vec<&Value> = recorded.items().iter().collect();
    assert_eq!(exchanges.len(), 126);
    exchanges.sort_by_key(|exchange| {
        let at = exchange.field("recorded_at").as_text().unwrap();
        // Within a second what was read came after what was written.
        let reads = exchange.field("method").as_text() == Some("GET");
        (DateTime::parse_from_rfc2822(at).unwrap(), reads)
    });
    let desk = Desk::open();
    // 2023-01-30 12:00 UTC, the day of most recordings.
    desk.clock.freeze(Some(1_675_080_000_000));
    let desk = desk.renewed();
    recorded_company(&desk);
    let mut same = 0;
    let mut unreadable = 0;
    let mut wrong = Vec::new();
    for exchange in exchanges {
        if masked(exchange) {
            unreadable += 1;
            continue;
        }
        let answer = ask_again(&desk, exchange);
        let cassette = exchange.field("cassette").plain().unwrap();
        let status = exchange.field("status").plain().unwrap();
        let lacks = lacking(exchange.field("response"), &answer.body);
        if answer.status.to_string() != status {
            wrong.push(format!("{cassette}: {status}, ours {} {:?}", answer.status, answer.body));
        } else if !lacks.is_empty() {
            wrong.push(format!("{cassette}: {lacks:?}"));
        } else {
            same += 1;
        }
    }
    println!("{same} of 126 recorded exchanges have the same status and shape");
    println!("{unreadable} of 126 have a masked request body and cannot be asked again");
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!(same + unreadable, 126);
}
