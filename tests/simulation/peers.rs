//! The two systems as the engine sees them: connectors whose paths say it all.

use std::collections::BTreeMap;

use tenon_kit::{
    Already, Credentials, LimitNews, Operation, Outcome, Reading, Request, Response, Road,
};
use tenon_machine::{Difference, System};
use tenon_runtime::{Address, Bucket, Incoming, Outgoing, Peer, Proven, Rejected};
use tenon_value::{Class, Fault, Value, json};

use super::mutation::Mutation;
use super::plan::{SETTLE_MS, Side};

/// Calls to the shop at once.
pub const SHOP_CALLS: usize = 4;
/// Requests to the ledger in a second.
pub const LEDGER_REQUESTS: usize = 20;
/// The window of that limit.
pub const LEDGER_WINDOW_MS: i64 = 1_000;

/// One system.
pub struct Toy {
    /// Which.
    pub side: Side,
    /// What is broken on purpose.
    pub mutation: Option<Mutation>,
}

impl Toy {
    fn settle_ms(&self) -> i64 {
        if self.mutation == Some(Mutation::FindOnceAtOnce) { 0 } else { SETTLE_MS }
    }
}

impl System for Toy {
    fn plan(&self, operation: &Operation) -> Result<Request, Fault> {
        let (path, body) = match operation {
            Operation::Get { resource, key } => (format!("{resource}/get/{key}"), None),
            Operation::List { resource, since_ms, page, .. } => {
                let page = page.as_deref().unwrap_or("0");
                (format!("{resource}/list/{}/{page}", since_ms.unwrap_or(0)), None)
            }
            Operation::Find { resource, field, value, page } => {
                let page = page.as_deref().unwrap_or("0");
                (format!("{resource}/find/{field}/{value}/{page}"), None)
            }
            Operation::Create { resource, record } => {
                (format!("{resource}/create"), Some(json::write(record)))
            }
            Operation::Update { resource, key, record } => {
                (format!("{resource}/update/{key}"), Some(json::write(record)))
            }
            Operation::Action { resource, action, key, .. } => {
                (format!("{resource}/do/{action}/{key}"), Some(String::new()))
            }
            other => panic!("{other:?}"),
        };
        Ok(Request {
            method: if body.is_some() { "POST" } else { "GET" }.to_owned(),
            path: format!("/{}/{path}", self.side.name()),
            headers: Vec::new(),
            writes: body.is_some(),
            body,
            cost: 1,
        })
    }

    fn road(&self, operation: &Operation) -> Road {
        let settle_ms = self.settle_ms();
        match operation {
            _ if self.mutation == Some(Mutation::NoFindBeforeRepeat) => Road::Repeat,
            Operation::Create { .. } => Road::Find { field: "Marker".to_owned(), settle_ms },
            Operation::Action { action, .. } if action == "remit" => Road::Person,
            Operation::Action { .. } => Road::Proof { settle_ms },
            _ => Road::Repeat,
        }
    }

    fn has_proof(&self, _resource: &str, action: &str) -> bool {
        action == "book"
    }

    fn proof(&self, _: &str, action: &str, record: &Value) -> Result<Option<bool>, Fault> {
        let booked = record.field("Booked").as_bool().unwrap_or(false);
        Ok((action == "book").then_some(booked))
    }

    fn already(&self, _resource: &str, _action: &str) -> Already {
        Already::Done
    }

    fn makes(&self, _: &str, _: &str) -> Option<String> {
        None
    }

    fn made_by_answer(&self, _: &str, _: &str, _: &Value) -> Option<String> {
        None
    }

    fn made_by_proof(&self, _: &str, _: &str, _: &Value) -> Option<String> {
        None
    }

    fn as_if_done(&self, _: &str, _: &str, record: Value, _: &str) -> Value {
        record
    }

    fn locked(&self, _resource: &str, _record: &Value) -> Result<Option<String>, Fault> {
        Ok(None)
    }

    fn key_field(&self, _resource: &str) -> Option<String> {
        Some(if self.side == Side::Shop { "id" } else { "Id" }.to_owned())
    }

    fn key_of(&self, resource: &str, record: &Value) -> Option<String> {
        record.field(&self.key_field(resource)?).plain()
    }

    fn differences(&self, _resource: &str, sent: &Value, there: &Value) -> Vec<Difference> {
        let fields = sent.as_record().into_iter().flatten();
        let differs = fields.filter(|(name, value)| there.field(name) != *value);
        differs
            .map(|(name, value)| Difference {
                field: name.to_string(),
                sent: value.clone(),
                there: there.field(name).clone(),
            })
            .collect()
    }
}

impl Peer for Toy {
    fn name(&self) -> &str {
        "toy"
    }

    fn read(&self, operation: &Operation, response: &Response) -> Reading {
        let writes = matches!(
            operation,
            Operation::Create { .. } | Operation::Update { .. } | Operation::Action { .. }
        );
        let fault = |class, text: &str| Fault::new("TOY", class, text);
        let unknown = |text: &str| match writes {
            true => Outcome::Unknown(fault(Class::Transient, text)),
            false => Outcome::Fault(fault(Class::Transient, text)),
        };
        let outcome = match response {
            Response::NotSent { reason } => Outcome::Fault(fault(Class::Transient, reason)),
            Response::Barred { host } => Outcome::Fault(fault(Class::Auth, host)),
            Response::Lost { reason } => unknown(reason),
            Response::Answer { status, body, headers } => match status {
                200 | 201 => match json::read(body) {
                    Err(_) => unknown("the answer is no JSON"),
                    Ok(page) if !page.field("rows").is_absent() => Outcome::Page {
                        records: page.field("rows").items().to_vec(),
                        next: page.field("next").plain(),
                    },
                    Ok(record) => Outcome::Record(record),
                },
                401 => Outcome::Fault(fault(Class::Auth, "token refused")),
                404 => Outcome::Fault(fault(Class::NotFound, "not there")),
                422 => Outcome::Fault(fault(Class::Rejected, body)),
                429 => {
                    let wait = headers.iter().find(|(name, _)| name == "retry-after");
                    let wait = wait.and_then(|(_, seconds)| seconds.parse::<i64>().ok());
                    Outcome::Fault(
                        fault(Class::RateLimited, "too many").wait(wait.unwrap_or(1) * 1_000),
                    )
                }
                _ => unknown("it failed"),
            },
        };
        Reading { outcome, limits: LimitNews::default(), warnings: Vec::new() }
    }

    fn address(&self, _: &str, _: &BTreeMap<String, String>) -> Result<Address, String> {
        Ok(Address { base: "http://sim".to_owned(), ..Address::default() })
    }

    fn authenticate(
        &self,
        request: &Request,
        address: &Address,
        credentials: &Credentials,
    ) -> Result<Outgoing, Fault> {
        let token = credentials.get("access").map(|s| s.reveal().to_owned()).unwrap_or_default();
        Ok(Outgoing {
            method: request.method.clone(),
            url: format!("{}{}", address.base, request.path),
            headers: vec![("token".to_owned(), token)],
            body: request.body.clone(),
            private: address.private,
        })
    }

    fn refresh(&self, address: &Address, with: &Credentials) -> Result<Option<Outgoing>, Fault> {
        Ok(with.get("refresh").map(|token| Outgoing {
            method: "POST".to_owned(),
            url: format!("{}/token", address.base),
            headers: Vec::new(),
            body: Some(token.reveal().to_owned()),
            private: address.private,
        }))
    }

    fn refreshed(
        &self,
        credentials: &Credentials,
        response: &Response,
        _now_ms: i64,
    ) -> Result<Credentials, Fault> {
        match response {
            Response::Answer { status: 200, body, .. } => {
                let mut all = credentials.clone();
                all.set("access", body);
                all.set("refresh", body);
                Ok(all)
            }
            Response::Answer { status: 400, .. } => {
                Err(Fault::new("TOY", Class::Auth, "invalid_grant"))
            }
            _ => Err(Fault::new("TOY", Class::Transient, "no answer")),
        }
    }

    fn buckets(&self) -> Vec<Bucket> {
        match self.side {
            Side::Shop => vec![Bucket::InFlight { calls: SHOP_CALLS }],
            Side::Ledger => {
                vec![Bucket::Sliding { requests: LEDGER_REQUESTS, per_ms: LEDGER_WINDOW_MS }]
            }
        }
    }

    fn verify(&self, incoming: &Incoming, credentials: &Credentials) -> Result<Proven, Rejected> {
        let header = |name: &str| {
            incoming.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.clone())
        };
        if header("x-proof").as_deref() != credentials.get("secret").map(tenon_kit::Secret::reveal)
        {
            return Err(Rejected::Proof("the proof does not fit".to_owned()));
        }
        let record = String::from_utf8(incoming.body.clone()).unwrap();
        Ok(Proven { topic: String::new(), delivery_id: header("x-delivery"), record })
    }

    fn checks(&self) -> Vec<Operation> {
        Vec::new()
    }
}
