//! A shop and a ledger that keep their own books.

use std::collections::{BTreeMap, VecDeque};

use tenon_kit::{Already, LimitNews, Operation, Outcome, Reading, Request, Road};
use tenon_value::{Class, Fault, Value, json};

use crate::system::{Difference, System};

/// How long the ledger may take, in milliseconds.
pub(super) const SETTLE_MS: i64 = 30_000;

/// What goes wrong with a request.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Mishap {
    /// Nothing.
    Fine,
    /// It acts, and the answer is lost.
    LostAfter,
    /// It does not act, and the answer is lost.
    LostBefore,
    /// The answer is lost, and it acts later.
    ActsLater(i64),
    /// It is refused.
    Refused(Class),
    /// It is answered with this, and nothing happens.
    Answers(Box<Outcome>),
}

/// Records by resource and key.
pub(super) type Books = BTreeMap<String, BTreeMap<String, Value>>;

/// The outside world.
#[derive(Debug, Clone, Default)]
pub(super) struct Outside {
    pub(super) shop: BTreeMap<String, Value>,
    pub(super) ledger: Books,
    next: i64,
    /// Writes that acted, in order.
    pub(super) acted: Vec<String>,
    /// Requests that arrived.
    pub(super) asked: Vec<String>,
    /// What goes wrong next, request by request.
    pub(super) mishaps: VecDeque<Mishap>,
    late: Vec<(i64, Operation)>,
}

impl Outside {
    pub(super) fn put(&mut self, resource: &str, key: &str, record: Value) {
        self.ledger.entry(resource.to_owned()).or_default().insert(key.to_owned(), record);
    }

    pub(super) fn record(&self, resource: &str, key: &str) -> Value {
        self.ledger.get(resource).and_then(|all| all.get(key)).cloned().unwrap_or_default()
    }

    pub(super) fn count(&self, resource: &str) -> usize {
        self.ledger.get(resource).map_or(0, BTreeMap::len)
    }

    /// What is late happens.
    pub(super) fn pass_time(&mut self, now_ms: i64) {
        let due: Vec<Operation> =
            self.late.iter().filter(|(at, _)| *at <= now_ms).map(|(_, op)| op.clone()).collect();
        self.late.retain(|(at, _)| *at > now_ms);
        for operation in due {
            let _ = self.act(&operation);
        }
    }

    pub(super) fn perform(&mut self, connection: &str, op: &Operation, now_ms: i64) -> Reading {
        self.pass_time(now_ms);
        self.asked.push(format!("{connection} {}", name(op)));
        let mishap = self.mishaps.pop_front().unwrap_or(Mishap::Fine);
        let lost = || Fault::new("LOST", Class::Transient, "the answer was lost");
        let outcome = match mishap {
            Mishap::Fine => self.answer(connection, op),
            Mishap::Refused(class) => {
                Outcome::Fault(Fault::new("REFUSED", class, "the ledger refuses"))
            }
            Mishap::Answers(outcome) => *outcome,
            Mishap::LostAfter => {
                let _ = self.answer(connection, op);
                Outcome::Unknown(lost())
            }
            Mishap::LostBefore => Outcome::Unknown(lost()),
            Mishap::ActsLater(ms) => {
                if is_write(op) {
                    self.late.push((now_ms + ms, op.clone()));
                }
                Outcome::Unknown(lost())
            }
        };
        Reading { outcome, limits: LimitNews::default(), warnings: Vec::new() }
    }

    fn answer(&mut self, connection: &str, op: &Operation) -> Outcome {
        let found = |record: Option<&Value>| match record {
            Some(record) => Outcome::Record(record.clone()),
            None => Outcome::Fault(Fault::new("NOT_FOUND", Class::NotFound, "there is none")),
        };
        match op {
            Operation::Get { key, .. } if connection == "shop" => found(self.shop.get(key)),
            Operation::Get { resource, key } => {
                found(self.ledger.get(resource).and_then(|all| all.get(key)))
            }
            Operation::Find { resource, field, value, page } => {
                let all = self.ledger.get(resource).into_iter().flat_map(BTreeMap::values);
                let mut hits: Vec<Value> = all
                    .filter(|record| record.field(field).as_text() == Some(value))
                    .cloned()
                    .collect();
                // Two on a page.
                let from: usize = page.as_deref().map_or(0, |page| page.parse().unwrap());
                let more = hits.len() > from + 2;
                hits = hits.into_iter().skip(from).take(2).collect();
                Outcome::Page { records: hits, next: more.then(|| (from + 2).to_string()) }
            }
            Operation::List { resource, filter, page, .. } => {
                let all = self.ledger.get(resource).into_iter().flat_map(BTreeMap::values);
                let fits = |record: &&Value| filter.iter().all(|(n, v)| record.field(n) == v);
                let hits: Vec<Value> = all.filter(fits).cloned().collect();
                let from: usize = page.as_deref().map_or(0, |page| page.parse().unwrap());
                let more = hits.len() > from + 2;
                let records = hits.into_iter().skip(from).take(2).collect();
                Outcome::Page { records, next: more.then(|| (from + 2).to_string()) }
            }
            write => self.act(write),
        }
    }

    fn act(&mut self, op: &Operation) -> Outcome {
        match op {
            Operation::Create { resource, record } => {
                self.next += 1;
                let key = format!("{}{}", resource.chars().next().unwrap(), self.next);
                let record = record.clone().with(key_field(resource), Value::text(&key));
                self.acted.push(format!("create {resource}"));
                self.put(resource, &key, record.clone());
                Outcome::Record(record)
            }
            Operation::Update { resource, key, record } => {
                let there = self.record(resource, key);
                let fields = record.as_record().cloned().unwrap_or_default();
                let now = fields.iter().fold(there, |r, (name, v)| r.with(name, v.clone()));
                self.acted.push(format!("update {resource} {key}"));
                self.put(resource, key, now.clone());
                Outcome::Record(now)
            }
            Operation::Action { resource, action, key, .. } => self.action(resource, action, key),
            _ => Outcome::Fault(Fault::new("WHAT", Class::Defect, "not understood")),
        }
    }

    fn action(&mut self, resource: &str, action: &str, key: &str) -> Outcome {
        self.acted.push(format!("{action} {key}"));
        let record = self.record(resource, key);
        match action {
            "invoice" => {
                self.next += 1;
                let number = format!("i{}", self.next);
                let total = record.field("total").clone();
                let made = Value::of([("number", Value::text(&number)), ("total", total)]);
                self.put("invoice", &number, made.clone());
                self.put(resource, key, record.with("invoiced_as", Value::text(&number)));
                Outcome::Record(made)
            }
            "delete" => match self.ledger.get_mut(resource).and_then(|all| all.remove(key)) {
                Some(_) => Outcome::Record(Value::Missing),
                None => Outcome::Fault(Fault::new("NOT_FOUND", Class::NotFound, "there is none")),
            },
            "book" => {
                let now = record.with("booked", Value::Bool(true));
                self.put(resource, key, now.clone());
                Outcome::Record(now)
            }
            _ => Outcome::Record(record),
        }
    }

    /// The books without the numbers the ledger chose.
    pub(super) fn shape(&self) -> String {
        let mut lines = Vec::new();
        for (resource, records) in &self.ledger {
            for record in records.values() {
                let mut fields = record.as_record().cloned().unwrap_or_default();
                for chosen in ["number", "invoiced_as"] {
                    if fields.contains_key(chosen) {
                        fields.insert(chosen.into(), Value::text("…"));
                    }
                }
                if resource == "customer" && fields.contains_key("id") {
                    fields.insert("id".into(), Value::text("…"));
                }
                if resource == "order" && fields.contains_key("customer") {
                    fields.insert("customer".into(), Value::text("…"));
                }
                lines.push(format!("{resource} {}", json::write(&Value::record(fields))));
            }
        }
        lines.sort();
        lines.join("\n")
    }
}

fn key_field(resource: &str) -> &'static str {
    match resource {
        "customer" => "id",
        _ => "number",
    }
}

fn is_write(op: &Operation) -> bool {
    matches!(op, Operation::Create { .. } | Operation::Update { .. } | Operation::Action { .. })
}

fn name(op: &Operation) -> String {
    match op {
        Operation::Get { resource, key } => format!("get {resource} {key}"),
        Operation::Find { resource, field, value, .. } => {
            format!("find {resource} {field}={value}")
        }
        Operation::List { resource, page, .. } => {
            format!("list {resource} {}", page.as_deref().unwrap_or("0"))
        }
        Operation::Create { resource, .. } => format!("create {resource}"),
        Operation::Update { resource, key, .. } => format!("update {resource} {key}"),
        Operation::Action { action, key, .. } => format!("{action} {key}"),
        other => format!("{other:?}"),
    }
}

/// What the machine may know of the shop and the ledger.
pub(super) struct Peer;

impl System for Peer {
    fn plan(&self, op: &Operation) -> Result<Request, Fault> {
        let body = match op {
            Operation::Create { record, .. } | Operation::Update { record, .. } => {
                Some(json::write(record))
            }
            _ => None,
        };
        Ok(Request {
            method: if is_write(op) { "POST" } else { "GET" }.to_owned(),
            path: format!("/{}", name(op).replace(' ', "/")),
            headers: Vec::new(),
            body,
            cost: 1,
            writes: is_write(op),
        })
    }

    fn road(&self, op: &Operation) -> Road {
        match op {
            Operation::Create { resource, .. } => Road::Find {
                field: if resource == "customer" { "email" } else { "ref" }.to_owned(),
                settle_ms: SETTLE_MS,
            },
            Operation::Action { action, .. } => match action.as_str() {
                "mail" => Road::Person,
                "touch" => Road::Repeat,
                _ => Road::Proof { settle_ms: SETTLE_MS },
            },
            _ => Road::Repeat,
        }
    }

    fn has_proof(&self, _: &str, action: &str) -> bool {
        matches!(action, "invoice" | "book" | "credit")
    }

    fn proof(&self, _: &str, action: &str, record: &Value) -> Result<Option<bool>, Fault> {
        Ok(match action {
            "invoice" => Some(!record.field("invoiced_as").is_blank()),
            "book" => Some(record.field("booked").as_bool() == Some(true)),
            "credit" => Some(!record.field("credited_by").is_blank()),
            _ => None,
        })
    }

    fn already(&self, _: &str, action: &str) -> Already {
        if action == "credit" { Already::Conflict } else { Already::Done }
    }

    fn makes(&self, _: &str, action: &str) -> Option<String> {
        (action == "invoice").then(|| "invoice".to_owned())
    }

    fn made_by_answer(&self, _: &str, _: &str, answer: &Value) -> Option<String> {
        answer.field("number").plain()
    }

    fn made_by_proof(&self, _: &str, _: &str, record: &Value) -> Option<String> {
        record.field("invoiced_as").plain()
    }

    fn as_if_done(&self, _: &str, _: &str, record: Value, made: &str) -> Value {
        record.with("number", Value::text(made))
    }

    fn locked(&self, _: &str, record: &Value) -> Result<Option<String>, Fault> {
        Ok((!record.field("invoiced_as").is_blank()).then(|| "invoiced".to_owned()))
    }

    fn key_field(&self, resource: &str) -> Option<String> {
        Some(key_field(resource).to_owned())
    }

    fn key_of(&self, resource: &str, record: &Value) -> Option<String> {
        record.field(key_field(resource)).plain().or_else(|| record.field("id").plain())
    }

    fn differences(&self, _: &str, sent: &Value, there: &Value) -> Vec<Difference> {
        let fields = sent.as_record().into_iter().flatten();
        fields
            .filter(|(name, value)| !value.is_absent() && *value != there.field(name))
            .map(|(name, value)| Difference {
                field: name.to_string(),
                sent: value.clone(),
                there: there.field(name).clone(),
            })
            .collect()
    }
}
