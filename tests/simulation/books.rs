//! The outside systems' own books: what the shop has, what the ledger was made to do, how often.

use std::collections::{BTreeMap, BTreeSet};

use tenon_runtime::Outgoing;
use tenon_value::{Value, json, time};

use super::plan::Setup;

/// An order of the shop.
#[derive(Debug, Clone)]
pub struct Order {
    /// Whose it is.
    pub customer: String,
    /// What it comes to; the ledger refuses one below zero.
    pub total: i64,
    /// When it changed, each time, by the shop's clock.
    pub changed: Vec<i64>,
}

/// A record of the ledger.
#[derive(Debug, Clone)]
pub struct Doc {
    /// `order` or `customer`.
    pub resource: String,
    /// Its fields.
    pub fields: Value,
    /// From when searches show it.
    pub found_from: i64,
}

/// The books of both systems.
#[derive(Debug, Default)]
pub struct Books {
    setup: Option<Setup>,
    /// The shop's orders.
    pub shop: BTreeMap<String, Order>,
    /// Versions of orders that a page of the shop's list has given out.
    pub served: BTreeSet<(i64, String)>,
    /// The ledger's records by id.
    pub ledger: BTreeMap<String, Doc>,
    /// How often each record was made, by resource and marker.
    pub created: BTreeMap<(String, String), u32>,
    /// How often each action was done, by action and record.
    pub done: BTreeMap<(String, String), u32>,
    /// The access token that is good, and the refresh token.
    pub token: u32,
    /// Access tokens that were taken back.
    pub taken_back: BTreeSet<u32>,
    /// When each token was given out, and whether its answer was on the way when the node died.
    pub issued: BTreeMap<u32, i64>,
    /// The newest token whose renewal was heard of, and the incarnation that heard of it.
    pub heard: Option<(u64, u32)>,
    /// Answers to renewals that nobody got.
    pub renewals_lost: u32,
    /// Writes under way or still to come, as `PATH BODY`.
    pub under_way: BTreeMap<String, u32>,
    /// When requests came to the ledger.
    pub arrived: std::collections::VecDeque<i64>,
    last_id: u32,
}

/// What a system says: status and body.
pub type Said = (u16, Value);

impl Books {
    /// Empty books.
    pub fn new(setup: Setup) -> Books {
        Books { setup: Some(setup), token: 1, last_id: 100, ..Books::default() }
    }

    /// A new order.
    pub fn place(&mut self, id: &str, customer: &str, now: i64) {
        let order = Order { customer: customer.to_owned(), total: 100, changed: vec![now] };
        self.shop.insert(id.to_owned(), order);
    }

    /// Changes an order; false when there is none.
    pub fn edit(&mut self, id: &str, now: i64, total: impl FnOnce(i64) -> i64) -> bool {
        let Some(order) = self.shop.get_mut(id) else { return false };
        order.total = total(order.total);
        order.changed.push(now);
        true
    }

    /// Whether every order stands in the ledger as it stands in the shop; else which does not.
    pub fn difference(&self, left_out: &BTreeSet<String>) -> Option<String> {
        for (id, order) in self.shop.iter().filter(|(id, _)| !left_out.contains(*id)) {
            let found = self.of_marker("order", id);
            let Some((_, doc)) = found else { return Some(format!("order {id} is not there")) };
            let total = doc.fields.field("Total").plain();
            if total != Some(order.total.to_string()) {
                let there = json::write(&doc.fields);
                return Some(format!("order {id}: {there} there, {} here", order.total));
            }
            let customer = doc.fields.field("Customer").plain().unwrap_or_default();
            let card = self.ledger.get(&customer);
            let marker = card.and_then(|card| card.fields.field("Marker").plain());
            if marker.as_deref() != Some(order.customer.as_str()) {
                return Some(format!("order {id} is of customer {customer}: {marker:?}"));
            }
        }
        None
    }

    /// The record of a marker.
    pub fn of_marker(&self, resource: &str, marker: &str) -> Option<(&String, &Doc)> {
        self.ledger.iter().find(|(_, doc)| {
            doc.resource == resource
                && doc.fields.field("Marker").plain().as_deref() == Some(marker)
        })
    }

    /// Does what a request asks.
    pub fn act(&mut self, request: &Outgoing, now: i64) -> Said {
        let path = request.url.trim_start_matches("http://sim/").to_owned();
        let body = request.body.as_deref().unwrap_or_default();
        let parts: Vec<&str> = path.split('/').collect();
        match parts.as_slice() {
            ["shop", "order", "get", id] => self.shown(id),
            ["shop", "order", "list", since, page] => {
                self.listed(since.parse().unwrap(), page, now)
            }
            ["ledger", _, "get", id] => match self.ledger.get(*id) {
                Some(doc) => (200, doc.fields.clone()),
                None => (404, Value::Null),
            },
            ["ledger", resource, "find", field, value, page] => {
                self.found((resource, field, value), page, now)
            }
            ["ledger", resource, "create"] => {
                self.create(resource, &json::read(body).unwrap(), now)
            }
            ["ledger", _, "update", id] => self.update(id, &json::read(body).unwrap()),
            ["ledger", _, "do", action, id] => self.done(action, id),
            other => panic!("{other:?}"),
        }
    }

    fn shown(&self, id: &str) -> Said {
        let Some(order) = self.shop.get(id) else { return (404, Value::Null) };
        let record = Value::of([
            ("id", Value::text(id)),
            ("name", Value::from(format!("#{id}"))),
            ("customer", Value::text(&order.customer)),
            ("total", Value::from(order.total)),
        ]);
        (200, record)
    }

    /// Orders by change, behind a place, as late as the list is.
    fn listed(&mut self, since: i64, page: &str, now: i64) -> Said {
        let lag = self.setup.map_or(0, |setup| setup.list_lag_ms);
        let behind = page.split_once('~').map(|(at, id)| (at.parse().unwrap(), id.to_owned()));
        let mut rows: Vec<(i64, String)> = self
            .shop
            .iter()
            .filter_map(|(id, order)| {
                let at = *order.changed.iter().rev().find(|at| **at + lag <= now)?;
                Some((at, id.clone()))
            })
            .filter(|row| row.0 >= since && behind.as_ref().is_none_or(|behind| row > behind))
            .collect();
        rows.sort();
        let more = rows.len() > 3;
        rows.truncate(3);
        self.served.extend(rows.iter().cloned());
        let next = rows.last().filter(|_| more).map(|(at, id)| Value::from(format!("{at}~{id}")));
        let rows = rows.iter().map(|(at, id)| {
            let at = time::format_datetime(&time::from_millis(*at).unwrap());
            Value::of([("id", Value::text(id)), ("changed", Value::from(at))])
        });
        (
            200,
            Value::of([("rows", Value::list(rows.collect())), ("next", next.unwrap_or_default())]),
        )
    }

    fn found(&self, (resource, field, value): (&str, &str, &str), page: &str, now: i64) -> Said {
        let second = self.setup.is_some_and(|setup| setup.hits_on_second_page);
        if second && page == "0" {
            return (
                200,
                Value::of([("rows", Value::list(Vec::new())), ("next", Value::text("1"))]),
            );
        }
        let hit = |doc: &&Doc| {
            doc.resource == resource
                && doc.found_from <= now
                && doc.fields.field(field).plain().as_deref() == Some(value)
        };
        let rows = self.ledger.values().filter(hit).map(|doc| doc.fields.clone());
        (200, Value::of([("rows", Value::list(rows.collect())), ("next", Value::Missing)]))
    }

    fn create(&mut self, resource: &str, record: &Value, now: i64) -> Said {
        if refused(record) {
            return (422, Value::text("a total below zero"));
        }
        self.last_id += 1;
        let id = self.last_id.to_string();
        let fields = record.clone().with("Id", Value::text(&id));
        let marker = record.field("Marker").plain().unwrap_or_default();
        *self.created.entry((resource.to_owned(), marker)).or_default() += 1;
        let lag = self.setup.map_or(0, |setup| setup.search_lag_ms);
        let doc = Doc {
            resource: resource.to_owned(),
            fields: fields.clone(),
            found_from: now.saturating_add(lag),
        };
        self.ledger.insert(id, doc);
        (201, fields)
    }

    fn update(&mut self, id: &str, record: &Value) -> Said {
        if refused(record) {
            return (422, Value::text("a total below zero"));
        }
        let Some(doc) = self.ledger.get_mut(id) else { return (404, Value::Null) };
        for (name, value) in record.as_record().into_iter().flatten() {
            doc.fields = doc.fields.clone().with(name, value.clone());
        }
        (200, doc.fields.clone())
    }

    fn done(&mut self, action: &str, id: &str) -> Said {
        let Some(doc) = self.ledger.get_mut(id) else { return (404, Value::Null) };
        if action == "book" {
            doc.fields = doc.fields.clone().with("Booked", true.into());
        }
        *self.done.entry((action.to_owned(), id.to_owned())).or_default() += 1;
        (200, self.ledger[id].fields.clone())
    }

    /// A renewal by refresh token: the old one is good no more. None when it is refused.
    pub fn renew(&mut self, refresh: &str, now: i64) -> Option<u32> {
        if refresh != self.token.to_string() {
            return None;
        }
        Some(self.issue(now))
    }

    /// A fresh pair of tokens, as a person's consent gives.
    pub fn issue(&mut self, now: i64) -> u32 {
        self.token += 1;
        self.issued.insert(self.token, now);
        self.token
    }
}

fn refused(record: &Value) -> bool {
    record.field("Total").plain().is_some_and(|total| total.starts_with('-'))
}
