mod connector;
mod documents;
mod lists;
mod refusals;
mod replay;
mod tokens;
mod totals;
mod vouchers;

use std::sync::Arc;

use tenon_kit::schema::Manner;
use tenon_value::{Value, json};

use super::{Answer, Ask, Ledger};
use crate::{Clock, Limits, LimitsCell, SandboxConfig};

/// 2026-03-10 12:00 in Stockholm.
const NOON_MS: i64 = 1_773_140_400_000;

/// A ledger with a frozen clock and a token in hand.
struct Desk {
    ledger: Ledger,
    clock: Arc<Clock>,
    limits: Arc<LimitsCell>,
    token: String,
}

impl Desk {
    fn open() -> Desk {
        Desk::with(SandboxConfig {
            limits: Limits { on: false, ..Limits::default() },
            ..SandboxConfig::default()
        })
    }

    fn with(config: SandboxConfig) -> Desk {
        let clock = Arc::new(Clock::new(Some(NOON_MS)));
        let limits = Arc::new(LimitsCell::new(config.limits.clone()));
        let ledger = Ledger::new(&config, clock.clone(), limits.clone()).unwrap();
        let token = ledger.issue_tokens().body.field("access_token").plain().unwrap();
        Desk { ledger, clock, limits, token }
    }

    /// The same desk with a fresh token.
    fn renewed(self) -> Desk {
        let token = self.ledger.issue_tokens().body.field("access_token").plain().unwrap();
        Desk { token, ..self }
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> Answer {
        let ask = Ask::to(method, path, body).unwrap();
        let authorization = Some(format!("Bearer {}", self.token));
        let answer = self.ledger.answer(&Ask { authorization, ..ask });
        fits_published(method, path, &answer);
        answer
    }

    /// Asks, and expects the status.
    fn get(&self, path: &str) -> Value {
        let answer = self.ask("GET", path, "");
        assert_eq!(answer.status, 200, "{path}: {:?}", answer.body);
        answer.body
    }

    fn post(&self, path: &str, body: &str) -> Value {
        let answer = self.ask("POST", path, body);
        assert_eq!(answer.status, 201, "{path}: {:?}", answer.body);
        answer.body
    }

    fn put(&self, path: &str, body: &str) -> Value {
        let answer = self.ask("PUT", path, body);
        assert_eq!(answer.status, 200, "{path}: {:?}", answer.body);
        answer.body
    }

    /// Asks, and expects a refusal; its code.
    fn refused(&self, method: &str, path: &str, body: &str) -> String {
        let answer = self.ask(method, path, body);
        assert!((400..500).contains(&answer.status), "{path} {body}: {answer:?}");
        let information = answer.body.field("ErrorInformation");
        let code = information.field(if answer.status == 404 { "Code" } else { "code" });
        code.plain().unwrap_or_else(|| panic!("{path}: {answer:?}"))
    }

    fn customer(&self, fields: &str) -> String {
        let body = format!(r#"{{"Customer":{{"Name":"Test"{fields}}}}}"#);
        self.post("/3/customers", &body).at("Customer.CustomerNumber").plain().unwrap()
    }

    /// An order of these rows for a new customer.
    fn order(&self, included: bool, rows: &str) -> Value {
        let customer = self.customer("");
        self.order_of(&customer, included, rows)
    }

    fn order_of(&self, customer: &str, included: bool, rows: &str) -> Value {
        let body = format!(
            r#"{{"Order":{{"CustomerNumber":"{customer}","VATIncluded":{included},"OrderRows":[{rows}]}}}}"#
        );
        self.post("/3/orders", &body).field("Order").clone()
    }
}

/// Every answer fits the published schema, but for what recordings show the real service to do.
fn fits_published(method: &str, path: &str, answer: &Answer) {
    let api = super::schema::published().unwrap();
    let path = path.split('?').next().unwrap();
    let endpoint = api.endpoint(method, path);
    let Some(schema) = endpoint.and_then(|endpoint| endpoint.answers.get(&answer.status)) else {
        return;
    };
    let found = api.check(schema, &answer.body, Manner::Answer);
    assert!(found.is_empty(), "{method} {path}: {found:?}");
}

/// The named fields as one line of JSON.
fn fields(record: &Value, names: &str) -> String {
    let values: Vec<Value> = names.split(' ').map(|name| record.field(name).clone()).collect();
    json::write(&Value::list(values))
}
