//! A scripted outside world: a shop and a ledger that keep their own books.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};

use tenon_kit::{
    Already, Credentials, LimitNews, Operation, Outcome, Reading, Request, Response, Road,
};
use tenon_machine::{Difference, System};
use tenon_value::{Class, Fault, Value, json};

use crate::fake::FakeSeam;
use crate::limiter::Bucket;
use crate::peer::{Address, Incoming, Peer, Proven, Rejected};
use crate::seam::Seam;
use crate::transport::{Answer, Outgoing, Transport};

/// A connector made of nothing: the path says it all.
pub struct Toy {
    pub name: String,
}

/// What the world does with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trick {
    Work,
    NotSent,
    LostBefore,
    LostAfter,
    /// The connection is cut, and it acts a moment later.
    LostThenActs,
    Broken,
    BrokenAfter,
    TooMany,
}

#[derive(Default)]
pub struct Books {
    /// Orders of the shop and when they changed.
    pub shop: BTreeMap<String, i64>,
    /// Ledger records by id.
    pub ledger: BTreeMap<String, Value>,
    pub creates: BTreeMap<String, u32>,
    pub books: BTreeMap<String, u32>,
    /// Requests as they arrived: `NAME METHOD PATH`.
    pub seen: Vec<String>,
    pub tricks: VecDeque<Trick>,
    /// Percent of requests that get a random trick.
    pub chaos: u64,
    pub down: bool,
    /// The ledger does not answer.
    pub ledger_down: bool,
    /// When requests came to the ledger, and whether it was down.
    pub ledger_times: Vec<(i64, bool)>,
    /// Lists are refused from that row on.
    pub refuse_lists_from: Option<usize>,
    /// Bookings are refused.
    pub refuse_booking: bool,
    pub token: u32,
    pub lose_refresh: u32,
    /// So many requests to the ledger take the token back that they came with.
    pub take_back: u32,
    pub taken_back: BTreeSet<String>,
    /// Requests refused for their token.
    pub refused: u32,
    /// How long an exchange takes.
    pub takes_ms: i64,
    later: Vec<(i64, String, String)>,
    random: u64,
    at_once: usize,
}

pub struct World {
    pub books: Mutex<Books>,
    seam: Arc<FakeSeam>,
}

impl World {
    pub fn new(seed: u64, seam: Arc<FakeSeam>) -> World {
        let books = Books {
            token: 1,
            takes_ms: 20,
            random: seed.wrapping_mul(977).wrapping_add(13),
            ..Books::default()
        };
        World { books: Mutex::new(books), seam }
    }

    pub fn count(&self, part: &str) -> usize {
        self.books.lock().unwrap().seen.iter().filter(|line| line.contains(part)).count()
    }

    pub fn draw(&self, below: u64) -> u64 {
        self.books.lock().unwrap().draw(below)
    }
}

impl Books {
    fn draw(&mut self, below: u64) -> u64 {
        self.random = self
            .random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) % below
    }

    fn trick(&mut self, writes: bool) -> Trick {
        if let Some(trick) = self.tricks.pop_front() {
            return trick;
        }
        if self.down {
            return Trick::NotSent;
        }
        if self.draw(100) >= self.chaos {
            return Trick::Work;
        }
        let tricks = [
            Trick::NotSent,
            Trick::LostBefore,
            Trick::Broken,
            Trick::TooMany,
            Trick::LostAfter,
            Trick::LostThenActs,
            Trick::BrokenAfter,
        ];
        let kinds = if writes { 7 } else { 4 };
        tricks[usize::try_from(self.draw(kinds)).unwrap()]
    }

    fn late(&mut self, now: i64) {
        let (due, rest) =
            std::mem::take(&mut self.later).into_iter().partition(|(at, ..)| *at <= now);
        self.later = rest;
        let due: Vec<(i64, String, String)> = due;
        for (_, path, body) in due {
            self.act(&path, &body);
        }
    }

    /// Does what a request asks.
    fn act(&mut self, path: &str, body: &str) -> (u16, Value) {
        let parts: Vec<&str> = path.trim_start_matches("http://toy/").split('/').collect();
        match parts.as_slice() {
            ["shop", "get", id] => (
                200,
                Value::of([("id", Value::text(id)), ("name", Value::text(&format!("#{id}")))]),
            ),
            ["shop", "list", since, page] => {
                let since: i64 = since.parse().unwrap();
                let from: usize = page.parse().unwrap();
                if self.refuse_lists_from.is_some_and(|at| from >= at) {
                    return (422, Value::Null);
                }
                let changed = self.shop.iter().filter(|(_, at)| **at >= since);
                let rows = changed.skip(from).take(3).map(|(id, at)| {
                    let at = tenon_value::time::from_millis(*at).unwrap();
                    let at = Value::from(tenon_value::time::format_datetime(&at));
                    let id = if id.is_empty() { Value::Null } else { Value::text(id) };
                    Value::of([("id", id), ("changed", at)])
                });
                let rows: Vec<Value> = rows.collect();
                let more = rows.len() == 3;
                let next = Value::from(i64::try_from(from + 3).unwrap());
                let rows = Value::list(rows);
                (200, Value::of([("rows", rows), ("next", if more { next } else { Value::Null })]))
            }
            // What a name begins with is enough.
            ["shop", "find", _, value] => {
                let hits = self.shop.keys().filter(|id| id.starts_with(value));
                (200, Value::list(hits.map(|id| Value::of([("id", Value::text(id))])).collect()))
            }
            ["ledger", "get", id] => match self.ledger.get(*id) {
                Some(record) => (200, record.clone()),
                None => (404, Value::Null),
            },
            ["ledger", "find", field, value] => {
                let hit = |r: &&Value| r.field(field).as_text() == Some(value);
                (200, Value::list(self.ledger.values().filter(hit).cloned().collect()))
            }
            ["ledger", "create"] => {
                let id = format!("{}", self.ledger.len() + 100);
                let record = json::read(body).unwrap().with("Id", Value::text(&id));
                let reference = record.field("Ref").as_text().unwrap().to_owned();
                *self.creates.entry(reference).or_default() += 1;
                self.ledger.insert(id, record.clone());
                (201, record)
            }
            ["ledger", "book", _] if self.refuse_booking => (422, Value::Null),
            ["ledger", "book", id] => {
                *self.books.entry((*id).to_owned()).or_default() += 1;
                let record = self.ledger.get(*id).unwrap().clone().with("Booked", true.into());
                self.ledger.insert((*id).to_owned(), record.clone());
                (200, record)
            }
            other => panic!("{other:?}"),
        }
    }
}

/// The way to the world. What has left goes on by itself, whether or not somebody waits for it.
pub struct Wire(pub Arc<World>);

impl Transport for Wire {
    fn send(&self, request: Outgoing) -> Answer<'_> {
        let world = self.0.clone();
        let exchange = tokio::spawn(async move { world.exchange(request).await });
        Box::pin(async move { exchange.await.unwrap() })
    }
}

impl World {
    /// Requests under way.
    pub fn under_way(&self) -> usize {
        self.books.lock().unwrap().at_once
    }

    async fn exchange(&self, request: Outgoing) -> Response {
        let takes_ms = {
            let mut books = self.books.lock().unwrap();
            books.at_once += 1;
            if request.url.contains("ledger") {
                let down = books.ledger_down;
                books.ledger_times.push((self.seam.now_ms(), down));
            }
            books.takes_ms
        };
        // An exchange takes its time, so that things can happen meanwhile.
        self.seam.sleep_until(self.seam.now_ms() + takes_ms).await;
        let mut books = self.books.lock().unwrap();
        books.at_once -= 1;
        books.late(self.seam.now_ms());
        let path = request.url.clone();
        let body = request.body.clone().unwrap_or_default();
        let line = format!("{} {}", request.method, path.trim_start_matches("http://toy/"));
        books.seen.push(line);
        if path.ends_with("/token") {
            return books.refresh(&body);
        }
        let given = request.headers.iter().find(|(name, _)| name == "token");
        let current = books.token.to_string();
        if path.contains("ledger") {
            if books.take_back > 0 {
                books.take_back -= 1;
                books.taken_back.insert(given.map(|(_, token)| token.clone()).unwrap_or_default());
            }
            let good = given
                .is_some_and(|(_, token)| *token == current && !books.taken_back.contains(token));
            if !good {
                books.refused += 1;
                return answer(401, &Value::Null);
            }
        }
        if path.contains("ledger") && books.ledger_down {
            return Response::NotSent { reason: "refused".to_owned() };
        }
        let writes = request.method == "POST";
        match books.trick(writes) {
            Trick::Work => {
                let (status, value) = books.act(&path, &body);
                answer(status, &value)
            }
            Trick::NotSent => Response::NotSent { reason: "refused".to_owned() },
            Trick::LostBefore => Response::Lost { reason: "reset".to_owned() },
            Trick::LostAfter => {
                books.act(&path, &body);
                Response::Lost { reason: "reset".to_owned() }
            }
            Trick::LostThenActs => {
                let at = self.seam.now_ms() + 700;
                books.later.push((at, path, body));
                Response::Lost { reason: "reset".to_owned() }
            }
            Trick::Broken => answer(500, &Value::Null),
            Trick::BrokenAfter => {
                books.act(&path, &body);
                answer(500, &Value::Null)
            }
            Trick::TooMany => answer(429, &Value::Null),
        }
    }
}

impl Books {
    fn refresh(&mut self, body: &str) -> Response {
        if body != self.token.to_string() {
            return answer(400, &Value::text("invalid_grant"));
        }
        self.token += 1;
        if self.lose_refresh > 0 {
            self.lose_refresh -= 1;
            return Response::Lost { reason: "reset".to_owned() };
        }
        answer(200, &Value::from(i64::from(self.token)))
    }
}

fn answer(status: u16, value: &Value) -> Response {
    Response::Answer { status, headers: Vec::new(), body: json::write(value) }
}

impl System for Toy {
    fn plan(&self, operation: &Operation) -> Result<Request, Fault> {
        let (path, body) = match operation {
            Operation::Get { key, .. } if key == "panic" => panic!("a planted panic"),
            Operation::Get { key, .. } => (format!("get/{key}"), None),
            Operation::List { since_ms, page, .. } => {
                let page = page.as_deref().unwrap_or("0");
                (format!("list/{}/{page}", since_ms.unwrap_or(0)), None)
            }
            Operation::Find { field, value, .. } => (format!("find/{field}/{value}"), None),
            Operation::Create { record, .. } => ("create".to_owned(), Some(json::write(record))),
            Operation::Action { key, .. } => (format!("book/{key}"), Some(String::new())),
            other => panic!("{other:?}"),
        };
        Ok(Request {
            method: if body.is_some() { "POST" } else { "GET" }.to_owned(),
            path: format!("/{}/{path}", self.name),
            headers: Vec::new(),
            writes: body.is_some(),
            body,
            cost: 1,
        })
    }

    fn road(&self, operation: &Operation) -> Road {
        match operation {
            Operation::Create { .. } => Road::Find { field: "Ref".to_owned(), settle_ms: 1_000 },
            Operation::Action { .. } => Road::Proof { settle_ms: 1_000 },
            _ => Road::Repeat,
        }
    }

    fn has_proof(&self, _resource: &str, _action: &str) -> bool {
        true
    }

    fn proof(&self, _: &str, _: &str, record: &Value) -> Result<Option<bool>, Fault> {
        Ok(Some(record.field("Booked").as_bool().unwrap_or(false)))
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
        Some(if self.name == "shop" { "id" } else { "Id" }.to_owned())
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
        let writes = matches!(operation, Operation::Create { .. } | Operation::Action { .. });
        let fault = |class, text: &str| Fault::new("TOY", class, text);
        let unknown = |text: &str| match writes {
            true => Outcome::Unknown(fault(Class::Transient, text)),
            false => Outcome::Fault(fault(Class::Transient, text)),
        };
        let outcome = match response {
            Response::NotSent { reason } => Outcome::Fault(fault(Class::Transient, reason)),
            Response::Barred { host } => Outcome::Fault(fault(Class::Auth, host)),
            Response::Lost { reason } => unknown(reason),
            Response::Answer { status, body, .. } => match status {
                200 | 201 => match json::read(body).unwrap() {
                    Value::List(items) => Outcome::Page { records: items.to_vec(), next: None },
                    page if !page.field("rows").is_absent() => Outcome::Page {
                        records: page.field("rows").items().to_vec(),
                        next: page.field("next").plain(),
                    },
                    record => Outcome::Record(record),
                },
                401 => Outcome::Fault(fault(Class::Auth, "token refused")),
                422 => Outcome::Fault(fault(Class::Rejected, "refused")),
                404 => Outcome::Fault(fault(Class::NotFound, "not there")),
                429 => Outcome::Fault(fault(Class::RateLimited, "too many").wait(300)),
                _ => unknown("500"),
            },
        };
        Reading { outcome, limits: LimitNews::default(), warnings: Vec::new() }
    }

    fn address(&self, _: &str, _: &BTreeMap<String, String>) -> Result<Address, String> {
        Ok(Address { base: "http://toy".to_owned(), ..Address::default() })
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
        Ok(Some(Outgoing {
            method: "POST".to_owned(),
            url: format!("{}/token", address.base),
            headers: Vec::new(),
            body: Some(with.get("refresh").unwrap().reveal().to_owned()),
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
            Response::Answer { .. } => Err(Fault::new("TOY", Class::Auth, "invalid_grant")),
            _ => Err(Fault::new("TOY", Class::Transient, "no answer")),
        }
    }

    fn buckets(&self) -> Vec<Bucket> {
        vec![Bucket::Sliding { requests: 20, per_ms: 1_000 }]
    }

    fn verify(&self, incoming: &Incoming, credentials: &Credentials) -> Result<Proven, Rejected> {
        let header = |name: &str| {
            incoming.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.clone())
        };
        if header("x-proof").as_deref() != credentials.get("secret").map(tenon_kit::Secret::reveal)
        {
            return Err(Rejected::Proof("the signature does not fit".to_owned()));
        }
        let record = String::from_utf8(incoming.body.clone()).unwrap();
        if record.contains('{') {
            return Err(Rejected::Shape("no JSON".to_owned()));
        }
        Ok(Proven { topic: String::new(), delivery_id: header("x-delivery"), record })
    }

    fn name_field(&self, _resource: &str) -> Option<String> {
        Some("name".to_owned())
    }

    fn checks(&self) -> Vec<Operation> {
        vec![Operation::Get { resource: "order".to_owned(), key: "check".to_owned() }]
    }
}
