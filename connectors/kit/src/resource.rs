//! What a manifest says about one resource, as plain data.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use tenon_mapper::types::Type;
use tenon_value::Value;

use crate::operation::Already;

/// One kind of record of a system and what can be done with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    /// Its name in flows: `order` in `fortnox.order`.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// What a get, a create and an update answer.
    pub record: Type,
    /// What a row of a list or search holds; often less than the record.
    pub row: Type,
    /// What create and update take; [`Type::Dyn`] where neither exists.
    pub write: Type,
    /// The schema of `write` in an OpenAPI document.
    pub write_schema: Option<String>,
    /// The field of the record that names it there.
    pub key: String,
    /// Fields that may carry our reference, best first.
    pub references: Vec<String>,
    /// Reads one record.
    pub get: Option<Call>,
    /// Reads many.
    pub list: Option<List>,
    /// Exact searches by a field.
    pub finds: Vec<Find>,
    /// Makes a record.
    pub create: Option<Write>,
    /// Changes a record.
    pub update: Option<Write>,
    /// Conditions of which any makes the record unchangeable, with the field's name as the reason.
    pub locked: Vec<Condition>,
    /// Actions by name.
    pub actions: IndexMap<String, Action>,
    /// Rules for what is written that no schema says.
    pub bounds: Vec<Bound>,
    /// Lists inside the record that one answer may not hold whole.
    pub nested: Vec<Nested>,
}

/// How something is asked: REST or a GraphQL document.
#[derive(Debug, Clone, PartialEq)]
pub enum Call {
    /// A REST call.
    Rest {
        /// HTTP method.
        method: String,
        /// Path below the base address; `{KeyField}` stands for the key.
        path: String,
        /// The name the body is wrapped in.
        wrap: Option<String>,
        /// The name the answer's record stands under.
        record: Option<String>,
    },
    /// A GraphQL document.
    Graphql {
        /// Its file.
        document: String,
        /// Fixed variables, and those that take `{key}`, `{value}` or `{record}`.
        variables: BTreeMap<String, Variable>,
        /// Where the answer stands below `data`, dotted.
        record: String,
        /// What it asks of the cost bucket, by the published cost model.
        cost: u32,
        /// Whether it is a mutation.
        mutation: bool,
    },
}

/// What a GraphQL variable is given.
#[derive(Debug, Clone, PartialEq)]
pub enum Variable {
    /// The record's key.
    Key,
    /// The whole record that is written.
    Record,
    /// The record with its key as `id`.
    RecordWithId,
    /// An argument of an action.
    Argument(String),
    /// Always this.
    Fixed(Value),
}

/// Reads many records, page by page.
#[derive(Debug, Clone, PartialEq)]
pub struct List {
    /// How it is asked.
    pub call: Call,
    /// Where the rows stand in the answer, dotted.
    pub records: String,
    /// How pages follow each other.
    pub pages: Pages,
    /// Only what changed since an instant.
    pub since: Option<Since>,
    /// Filter name → parameter or search word it is sent as.
    pub filters: IndexMap<String, String>,
    /// Whether the peer takes only one filter at a time.
    pub one_filter: bool,
    /// The GraphQL variable that takes the search text.
    pub query: Option<String>,
}

/// How pages follow each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pages {
    /// One answer holds all.
    Single,
    /// Numbered from 1.
    Number {
        /// Parameter of the page's number.
        number: String,
        /// Parameter of the page's size.
        size: String,
        /// Rows asked for.
        max: u32,
        /// Where the number of pages stands in the answer, dotted.
        total: String,
    },
    /// A GraphQL connection with a cursor.
    Cursor {
        /// Variable of the cursor.
        after: String,
        /// Variable of the size.
        size: String,
        /// Rows asked for.
        max: u32,
    },
}

/// How *changed since* is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Since {
    /// Parameter, or search word in a GraphQL query text.
    pub param: String,
    /// `chrono` format of the instant.
    pub format: String,
    /// Zone it is written in.
    pub zone: String,
    /// Milliseconds taken off, so that nothing falls between two polls.
    pub overlap_ms: i64,
}

/// An exact search by a field.
#[derive(Debug, Clone, PartialEq)]
pub struct Find {
    /// The record's field.
    pub by: String,
    /// How it is asked.
    pub list: List,
    /// Parameter or search word.
    pub param: String,
    /// Rows that do not count.
    pub without: Vec<Condition>,
    /// Milliseconds until something written can be found.
    pub lag_ms: i64,
}

/// A create or an update.
#[derive(Debug, Clone, PartialEq)]
pub struct Write {
    /// How it is asked.
    pub call: Call,
    /// Fields by which an unanswered create is looked for, best first.
    pub unknown: Vec<String>,
}

/// A condition on a record.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// Dotted path of the field.
    pub field: String,
    /// What it must be.
    pub wanted: Wanted,
}

/// What a condition wants.
#[derive(Debug, Clone, PartialEq)]
pub enum Wanted {
    /// Anything but missing, null, blank, false and the number or text `0`.
    Given,
    /// This value; numbers and bools may stand there as text.
    Is(Value),
}

/// Something done to a record beside create and update.
#[derive(Debug, Clone, PartialEq)]
pub struct Action {
    /// Its name.
    pub name: String,
    /// How it is asked.
    pub call: Call,
    /// Names of arguments it takes.
    pub arguments: IndexMap<String, Type>,
    /// Whether doing it a second time does harm or is refused.
    pub once: bool,
    /// Conditions that all hold on the record once it was done.
    pub proof: Vec<Condition>,
    /// What it means when it is so before we asked.
    pub already: Already,
    /// The record it makes, where it makes one.
    pub gives: Option<Gives>,
    /// What the answer holds.
    pub answers: Type,
}

/// The record an action makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gives {
    /// Its resource.
    pub resource: String,
    /// Its key in the action's answer, dotted.
    pub answer: String,
    /// Its key in the record that was acted on, dotted.
    pub proof: String,
}

/// A rule for what is written that no schema says.
#[derive(Debug, Clone, PartialEq)]
pub struct Bound {
    /// Dotted path; `[]` goes into each item of a list.
    pub field: String,
    /// The rule.
    pub rule: BoundRule,
    /// Whether it stands in no published contract.
    pub recalled: bool,
    /// What to do when it is broken.
    pub fix: Option<String>,
}

/// What a bound asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BoundRule {
    /// Most items of a list.
    Items(u32),
    /// Most characters of a text.
    Length(u32),
    /// Only these characters besides letters `A-Z`, `a-z` and digits.
    Characters(String),
    /// A whole number.
    Whole,
}

/// A connection inside a record that is read to its end by further requests.
#[derive(Debug, Clone, PartialEq)]
pub struct Nested {
    /// Dotted path of the list in the record.
    pub list: String,
    /// A connection inside each of its items; the outer one is then read one item at a time.
    pub inside: Option<String>,
    /// How the rest is asked; `None` where a list that reaches `bound` is a fault.
    pub call: Option<Call>,
    /// The variable of the outer cursor.
    pub after: String,
    /// The variable of the inner cursor.
    pub inside_after: Option<String>,
    /// For plain lists: as many items as this mean that some may be missing.
    pub bound: Option<u32>,
}

impl Resource {
    /// The search by that field.
    #[must_use]
    pub fn find(&self, field: &str) -> Option<&Find> {
        self.finds.iter().find(|find| find.by == field)
    }

    /// The fields that can be searched by.
    pub fn searchable(&self) -> impl Iterator<Item = &str> {
        self.finds.iter().map(|find| find.by.as_str())
    }
}

impl Condition {
    /// Whether it holds on a record.
    #[must_use]
    pub fn holds(&self, record: &Value) -> bool {
        let value = record.at(&self.field);
        match &self.wanted {
            Wanted::Given => match value {
                Value::Bool(on) => *on,
                Value::Number(number) => !number.is_zero(),
                Value::Text(text) => !matches!(text.trim(), "" | "0" | "false"),
                other => !other.is_blank(),
            },
            Wanted::Is(wanted) => {
                value == wanted
                    || (!value.is_absent()
                        && value.plain().is_some()
                        && value.plain() == wanted.plain())
            }
        }
    }
}
