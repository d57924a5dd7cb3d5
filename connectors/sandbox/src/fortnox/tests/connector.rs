//! The catalog's connector against the ledger: what it plans is understood, what comes back is read.

use tenon_kit::{Connector, Operation, Outcome, Response, catalog};
use tenon_value::{Value, json};

use super::Desk;

struct Connected {
    connector: Connector,
    desk: Desk,
}

impl Connected {
    fn open() -> Connected {
        let (connector, findings) = Connector::load(&catalog("fortnox").unwrap());
        assert!(connector.is_some(), "{findings:?}");
        Connected { connector: connector.unwrap(), desk: Desk::open() }
    }

    fn run(&self, operation: &Operation) -> Outcome {
        let request = self.connector.plan(operation).unwrap();
        let path = format!("/3{}", request.path);
        let answer = self.desk.ask(&request.method, &path, &request.body.unwrap_or_default());
        let response = Response::Answer {
            status: answer.status,
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: json::write(&answer.body),
        };
        self.connector.read(operation, &response).outcome
    }

    fn record(&self, operation: &Operation) -> Value {
        match self.run(operation) {
            Outcome::Record(record) => record,
            other => panic!("{operation:?}: {other:?}"),
        }
    }
}

fn create(resource: &str, record: &str) -> Operation {
    Operation::Create { resource: resource.to_owned(), record: json::read(record).unwrap() }
}

fn get(resource: &str, key: &str) -> Operation {
    Operation::Get { resource: resource.to_owned(), key: key.to_owned() }
}

fn action(resource: &str, action: &str, key: &str) -> Operation {
    Operation::Action {
        resource: resource.to_owned(),
        action: action.to_owned(),
        key: key.to_owned(),
        with: Vec::new(),
    }
}

fn find(resource: &str, field: &str, value: &str) -> Operation {
    Operation::Find {
        resource: resource.to_owned(),
        field: field.to_owned(),
        value: value.to_owned(),
        page: None,
    }
}

const ORDER: &str = r#"{"CustomerNumber":"1","ExternalInvoiceReference1":"S-1001","VATIncluded":true,
    "OrderRows":[{"ArticleNumber":"KVARN-01","OrderedQuantity":1,"DeliveredQuantity":1,"Price":899}]}"#;

#[test]
fn the_connector_takes_an_order_to_a_booked_invoice() {
    let all = Connected::open();
    all.record(&create("customer", r#"{"Name":"A"}"#));
    let order = all.record(&create("order", ORDER));
    assert_eq!(all.connector.key_of("order", &order).unwrap(), "1");
    let invoice = all.record(&action("order", "createinvoice", "1"));
    assert_eq!(invoice.field("Total").plain().unwrap(), "899");
    let order = all.record(&get("order", "1"));
    assert!(all.connector.proof("order", "createinvoice", &order).unwrap());
    assert!(all.connector.locked("order", &order).unwrap().is_some());
    let dated = Operation::Update {
        resource: "invoice".to_owned(),
        key: "1".to_owned(),
        record: json::read(r#"{"InvoiceDate":"2026-03-05"}"#).unwrap(),
    };
    all.record(&dated);
    all.record(&action("invoice", "bookkeep", "1"));
    let invoice = all.record(&get("invoice", "1"));
    assert!(all.connector.proof("invoice", "bookkeep", &invoice).unwrap());
    assert_eq!(invoice.field("InvoiceDate").plain().unwrap(), "2026-03-05");
}

#[test]
fn the_connector_finds_exactly_where_the_ledger_finds_parts() {
    let all = Connected::open();
    all.record(&create("customer", r#"{"Name":"A"}"#));
    for reference in ["S-1001", "S-10011", "XS-1001"] {
        all.record(&create("order", &ORDER.replace("S-1001", reference)));
    }
    all.record(&action("order", "cancel", "2"));
    let keys = |value: &str| match all.run(&find("order", "ExternalInvoiceReference1", value)) {
        Outcome::Page { records, next: None } => {
            records.iter().filter_map(|r| all.connector.key_of("order", r)).collect::<Vec<_>>()
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(keys("S-1001"), ["1"]);
    assert_eq!(keys("S-10011"), Vec::<String>::new(), "cancelled");
}

#[test]
fn refusals_become_faults_with_the_ledgers_words() {
    let all = Connected::open();
    all.record(&create("customer", r#"{"Name":"A"}"#));
    for (record, words) in [
        (ORDER.replace("KVARN-01", "NOPE"), "artikeln"),
        (ORDER.replacen('{', r#"{"Currency":"CHF","#, 1), "Valutan"),
        (ORDER.replace(r#""1""#, r#""9""#), "kunden"),
    ] {
        match all.run(&create("order", &record)) {
            Outcome::Fault(fault) => assert!(fault.message.contains(words), "{fault:?}"),
            other => panic!("{record}: {other:?}"),
        }
    }
    match all.run(&get("order", "77")) {
        Outcome::Fault(fault) => assert_eq!(fault.class.name(), "not_found"),
        other => panic!("{other:?}"),
    }
}
