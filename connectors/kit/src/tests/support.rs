//! What tests of the kit share: loaded connectors and answers.

use std::sync::{Arc, LazyLock};

use tenon_value::{Value, json};

use crate::{Connector, Operation, Outcome, Response};

static FORTNOX: LazyLock<Arc<Connector>> = LazyLock::new(|| Arc::new(load("fortnox")));
static SHOPIFY: LazyLock<Arc<Connector>> = LazyLock::new(|| Arc::new(load("shopify")));

fn load(name: &str) -> Connector {
    Connector::load(&crate::catalog(name).unwrap()).0.unwrap()
}

pub fn connector(name: &str) -> Arc<Connector> {
    Arc::clone(if name == "shopify" { &SHOPIFY } else { &FORTNOX })
}

pub fn value(text: &str) -> Value {
    json::read(text).unwrap()
}

pub fn answer(status: u16, body: &str) -> Response {
    Response::Answer { status, headers: Vec::new(), body: body.to_owned() }
}

pub fn get(resource: &str, key: &str) -> Operation {
    Operation::Get { resource: resource.to_owned(), key: key.to_owned() }
}

pub fn outcome(name: &str, operation: &Operation, status: u16, body: &str) -> Outcome {
    connector(name).read(operation, &answer(status, body)).outcome
}
