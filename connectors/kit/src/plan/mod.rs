//! An operation into a request.

mod graphql;
mod rest;

use tenon_value::{Fault, Value};

use crate::connector::Connector;
use crate::faults::codes;
use crate::operation::{Operation, Request};
use crate::resource::{Call, Find, List, Resource};

/// What fills a call.
#[derive(Clone, Copy, Default)]
pub(crate) struct Filling<'a> {
    /// Name and value of the key.
    pub(crate) key: Option<(&'a str, &'a str)>,
    /// The record that is written.
    pub(crate) record: Option<&'a Value>,
    /// Arguments of an action.
    pub(crate) with: &'a [(String, Value)],
}

/// Which page of which rows.
#[derive(Clone, Copy, Default)]
pub(crate) struct Rows<'a> {
    pub(crate) filter: &'a [(String, Value)],
    pub(crate) since_ms: Option<i64>,
    pub(crate) find: Option<(&'a Find, &'a str)>,
    pub(crate) page: Option<&'a str>,
}

impl Connector {
    /// The request an operation asks for.
    ///
    /// # Errors
    /// `NO_OPERATION` where the manifest does not say how; `KEY_BLANK` for a blank key or searched
    /// value; `NOT_WRITABLE` and `TOO_MANY_ITEMS` where what is written breaks a rule of the peer.
    pub fn plan(&self, operation: &Operation) -> Result<Request, Fault> {
        match operation {
            Operation::Get { resource, key } => {
                let found = self.known(resource, "get")?;
                let call = self.said(found.get.as_ref(), resource, "get")?;
                self.call(call, self.key(found, key)?)
            }
            Operation::List { resource, filter, since_ms, page } => {
                let found = self.known(resource, "list")?;
                let list = self.said(found.list.as_ref(), resource, "list")?;
                let rows = Rows { filter, since_ms: *since_ms, find: None, page: page.as_deref() };
                self.rows(list, rows)
            }
            Operation::Find { resource, field, value, page } => {
                let found = self.known(resource, "find")?;
                let what = format!("find by {field}");
                let find = self.said(found.find(field), resource, &what)?;
                if value.trim().is_empty() {
                    return Err(codes::blank(field));
                }
                let find_by = Some((find, value.as_str()));
                let rows = Rows { find: find_by, page: page.as_deref(), ..Rows::default() };
                self.rows(&find.list, rows)
            }
            Operation::Create { resource, record } => {
                let found = self.known(resource, "create")?;
                let write = self.said(found.create.as_ref(), resource, "create")?;
                let record = self.prepare(found, record, true)?;
                self.call(&write.call, Filling { record: Some(&record), ..Filling::default() })
            }
            Operation::Update { resource, key, record } => {
                let found = self.known(resource, "update")?;
                let write = self.said(found.update.as_ref(), resource, "update")?;
                let record = self.prepare(found, record, false)?;
                let filling = Filling { record: Some(&record), ..self.key(found, key)? };
                self.call(&write.call, filling)
            }
            Operation::Action { resource, action, key, with } => {
                let found = self.known(resource, action)?;
                let said = self.said(found.actions.get(action), resource, action)?;
                self.call(&said.call, Filling { with, ..self.key(found, key)? })
            }
            Operation::Rest { resource, of, so_far } => self.rest(resource, of, so_far),
            Operation::Check { number } => {
                let check = self.said(self.checks.get(*number), "the account", "check")?;
                self.call(&check.call, Filling::default())
            }
        }
    }

    pub(crate) fn known(&self, resource: &str, what: &str) -> Result<&Resource, Fault> {
        self.resource(resource).ok_or_else(|| codes::no_operation(&self.name, resource, what))
    }

    fn said<T>(&self, said: Option<T>, resource: &str, what: &str) -> Result<T, Fault> {
        said.ok_or_else(|| codes::no_operation(&self.name, resource, what))
    }

    fn key<'a>(&self, resource: &'a Resource, key: &'a str) -> Result<Filling<'a>, Fault> {
        if key.trim().is_empty() {
            return Err(codes::blank(&resource.key));
        }
        Ok(Filling { key: Some((&resource.key, key)), ..Filling::default() })
    }

    fn call(&self, call: &Call, filling: Filling<'_>) -> Result<Request, Fault> {
        match call {
            Call::Rest { .. } => rest::call(call, filling),
            Call::Graphql { .. } => graphql::call(self, call, filling, &[]),
        }
    }

    fn rows(&self, list: &List, rows: Rows<'_>) -> Result<Request, Fault> {
        match &list.call {
            Call::Rest { .. } => rest::rows(list, rows),
            Call::Graphql { .. } => graphql::rows(self, list, rows),
        }
    }

    fn rest(&self, resource: &str, of: &Operation, so_far: &Value) -> Result<Request, Fault> {
        let found = self.known(resource, "the rest")?;
        let Operation::Get { key, .. } = of else {
            return Err(codes::no_operation(&self.name, resource, "the rest of a list"));
        };
        let open = so_far.field("open").items().first().unwrap_or(&Value::Missing);
        let at = open.field("at").as_number().and_then(tenon_value::Number::to_i64);
        let nested = at.and_then(|n| usize::try_from(n).ok()).and_then(|n| found.nested.get(n));
        let nested = self.said(nested, resource, "the rest")?;
        let call = self.said(nested.call.as_ref(), resource, "the rest")?;
        let mut cursors = vec![(nested.after.clone(), open.field("after").clone())];
        if let Some(inside) = &nested.inside_after {
            cursors.push((inside.clone(), open.field("inside_after").clone()));
        }
        graphql::call(self, call, self.key(found, key)?, &cursors)
    }
}
