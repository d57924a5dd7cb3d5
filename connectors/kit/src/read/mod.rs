//! A response into what it means.

mod graphql;
mod nested;
mod refusal;
mod rest;

use tenon_value::{Fault, Value};

use crate::connector::Connector;
use crate::faults::codes;
use crate::operation::{LimitNews, Operation, Outcome, Reading, Response};
use crate::resource::{Call, Find, List, Resource};

/// An answer's parts.
#[derive(Clone, Copy)]
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) headers: &'a [(String, String)],
    pub(crate) body: &'a str,
}

/// What is expected of an answer.
pub(crate) enum Expected<'a> {
    /// One record.
    Record(&'a Call),
    /// Rows, filtered where they were searched.
    Rows { list: &'a List, find: Option<(&'a Find, &'a str)>, page: Option<&'a str> },
    /// More of a nested list.
    More(&'a Call),
}

impl Connector {
    /// What a response to an operation means.
    #[must_use]
    pub fn read(&self, operation: &Operation, response: &Response) -> Reading {
        let writes = writes(operation);
        let answer = match response {
            Response::NotSent { reason } => {
                return Reading::of(Outcome::Fault(codes::not_sent(reason)));
            }
            Response::Barred { host } => {
                return Reading::of(Outcome::Fault(codes::barred(host)));
            }
            Response::Lost { reason } => {
                return Reading::of(failed(codes::lost(reason, writes), writes));
            }
            Response::Answer { status, headers, body } => Answer { status: *status, headers, body },
        };
        let expected = match self.expected(operation) {
            Ok(expected) => expected,
            Err(fault) => return Reading::of(Outcome::Fault(fault)),
        };
        match expected.call() {
            Call::Rest { .. } => self.read_rest(operation, &expected, answer),
            Call::Graphql { .. } => self.read_graphql(operation, &expected, answer),
        }
    }

    fn expected<'a>(&'a self, operation: &'a Operation) -> Result<Expected<'a>, Fault> {
        let nothing = |resource: &str| codes::no_operation(&self.name, resource, "a reading");
        let record = |call: Option<&'a Call>, resource: &str| {
            call.map(Expected::Record).ok_or_else(|| nothing(resource))
        };
        match operation {
            Operation::Get { resource, .. } => {
                record(self.known(resource, "get")?.get.as_ref(), resource)
            }
            Operation::Create { resource, .. } => {
                let found = self.known(resource, "create")?;
                record(found.create.as_ref().map(|write| &write.call), resource)
            }
            Operation::Update { resource, .. } => {
                let found = self.known(resource, "update")?;
                record(found.update.as_ref().map(|write| &write.call), resource)
            }
            Operation::Action { resource, action, .. } => {
                let found = self.known(resource, action)?;
                record(found.actions.get(action).map(|action| &action.call), resource)
            }
            Operation::Check { number } => {
                record(self.checks.get(*number).map(|check| &check.call), "the account")
            }
            Operation::List { resource, page, .. } => {
                let list = self.known(resource, "list")?.list.as_ref();
                let list = list.ok_or_else(|| nothing(resource))?;
                Ok(Expected::Rows { list, find: None, page: page.as_deref() })
            }
            Operation::Find { resource, field, value, page } => {
                let find = self.known(resource, "find")?.find(field);
                let find = find.ok_or_else(|| nothing(resource))?;
                let page = page.as_deref();
                Ok(Expected::Rows { list: &find.list, find: Some((find, value)), page })
            }
            Operation::Rest { resource, so_far, .. } => {
                let found = self.known(resource, "the rest")?;
                let nested = nested::current(found, so_far).and_then(|n| n.call.as_ref());
                nested.map(Expected::More).ok_or_else(|| nothing(resource))
            }
        }
    }
}

impl Expected<'_> {
    fn call(&self) -> &Call {
        match self {
            Expected::Record(call) | Expected::More(call) => call,
            Expected::Rows { list, .. } => &list.call,
        }
    }
}

impl Reading {
    fn of(outcome: Outcome) -> Reading {
        Reading { outcome, limits: LimitNews::default(), warnings: Vec::new() }
    }
}

/// Whether an operation may change something there.
pub(crate) fn writes(operation: &Operation) -> bool {
    matches!(
        operation,
        Operation::Create { .. } | Operation::Update { .. } | Operation::Action { .. }
    )
}

/// A fault, or an unknown outcome where a write may have happened.
pub(crate) fn failed(fault: Fault, writes: bool) -> Outcome {
    if writes && fault.class == tenon_value::Class::UnknownOutcome {
        Outcome::Unknown(fault)
    } else {
        Outcome::Fault(fault)
    }
}

/// Rows that are hits: the searched field holds exactly the value, and nothing takes them out.
pub(crate) fn hits(rows: Vec<Value>, find: Option<(&Find, &str)>) -> Vec<Value> {
    let Some((find, wanted)) = find else { return rows };
    rows.into_iter()
        .filter(|row| row.at(&find.by).plain().as_deref() == Some(wanted))
        .filter(|row| !find.without.iter().any(|condition| condition.holds(row)))
        .collect()
}

/// What a fault that names no record calls it.
pub(crate) fn what(operation: &Operation, resource: Option<&Resource>) -> String {
    let title = resource.map_or("the record", |resource| resource.title.as_str());
    match operation {
        Operation::Get { key, .. }
        | Operation::Update { key, .. }
        | Operation::Action { key, .. } => format!("{title} {key}"),
        _ => title.to_owned(),
    }
}

pub(crate) fn resource_of(operation: &Operation) -> Option<&str> {
    match operation {
        Operation::Get { resource, .. }
        | Operation::List { resource, .. }
        | Operation::Find { resource, .. }
        | Operation::Create { resource, .. }
        | Operation::Update { resource, .. }
        | Operation::Action { resource, .. }
        | Operation::Rest { resource, .. } => Some(resource),
        Operation::Check { .. } => None,
    }
}
