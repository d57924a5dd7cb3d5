//! Checking values against published schemas.

use std::fmt;

use tenon_value::{Number, Value, time};

use super::open_api::{OpenApi, Schema, Shape};

/// How strictly a value is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Exactly as published: what Tenon itself sends, fields unknown to the schema refused.
    Published,
    /// As real services take requests: numbers as text and text as numbers, unknown fields refused.
    Request,
    /// As real services answer: besides that null and empty text anywhere, values out of bounds or
    /// lists of choices, missing and unknown fields. What is left is a value of the wrong kind.
    Answer,
}

/// Which rule of a schema a value broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// The kind of value.
    Kind,
    /// A field that must be there is not.
    Required,
    /// A field the schema does not know.
    Unknown,
    /// Text too long.
    MaxLength,
    /// Text too short.
    MinLength,
    /// Number too small.
    Minimum,
    /// Number too large.
    Maximum,
    /// Not one of the texts allowed.
    Choice,
    /// Not a date, or not an instant.
    Format,
    /// Too few or too many items.
    Items,
    /// The schema named does not exist.
    NoSchema,
}

/// One place where a value does not fit its schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Where, such as `Order.OrderRows[0].VAT`; empty for the whole.
    pub path: String,
    /// Which rule.
    pub rule: Rule,
    /// What is wrong, with the value and the bound.
    pub message: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.path, self.message)
        }
    }
}

impl OpenApi {
    /// Checks a value against the schema of that name.
    #[must_use]
    pub fn validate(&self, name: &str, value: &Value, manner: Manner) -> Vec<Violation> {
        match self.schema(name) {
            Some(schema) => self.check(schema, value, manner),
            None => vec![Violation {
                path: String::new(),
                rule: Rule::NoSchema,
                message: format!("there is no schema \"{name}\""),
            }],
        }
    }

    /// Checks a value against a schema of this document.
    #[must_use]
    pub fn check(&self, schema: &Schema, value: &Value, manner: Manner) -> Vec<Violation> {
        let mut checker = Checker { api: self, manner, found: Vec::new() };
        checker.value(schema, value, &mut String::new());
        checker.found
    }
}

struct Checker<'a> {
    api: &'a OpenApi,
    manner: Manner,
    found: Vec<Violation>,
}

impl Checker<'_> {
    fn push(&mut self, path: &str, rule: Rule, message: String) {
        self.found.push(Violation { path: path.to_owned(), rule, message });
    }

    fn value(&mut self, schema: &Schema, value: &Value, path: &mut String) {
        let nullable = schema.nullable;
        let schema = self.api.resolve(schema);
        let lenient = self.manner == Manner::Answer;
        if matches!(value, Value::Null | Value::Missing) {
            if !(lenient || nullable || schema.nullable || schema.shape == Shape::Any) {
                self.push(path, Rule::Kind, "null is not allowed".to_owned());
            }
            return;
        }
        if lenient && value.as_text() == Some("") {
            return;
        }
        match &schema.shape {
            Shape::Any | Shape::Named(_) => {}
            Shape::Text { .. } => self.text(&schema.shape, value, path),
            Shape::Number { .. } => self.number(&schema.shape, value, path),
            Shape::Bool => {
                let as_text = self.manner != Manner::Published
                    && matches!(value.as_text(), Some("true" | "false"));
                if value.as_bool().is_none() && !as_text {
                    self.push(path, Rule::Kind, wrong_kind("true or false", value));
                }
            }
            Shape::List { .. } => self.list(&schema.shape, value, path),
            Shape::Record { .. } => self.record(&schema.shape, value, path),
        }
    }

    fn text(&mut self, shape: &Shape, value: &Value, path: &str) {
        let Shape::Text { min_length, max_length, choices, date, date_time } = shape else {
            return;
        };
        let as_number =
            self.manner != Manner::Published && matches!(value, Value::Number(_) | Value::Bool(_));
        let Some(text) = value.plain().filter(|_| as_number || value.as_text().is_some()) else {
            self.push(path, Rule::Kind, wrong_kind("a text", value));
            return;
        };
        if self.manner == Manner::Answer {
            return;
        }
        let length = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        if let Some(max) = max_length.filter(|max| length > *max) {
            self.push(path, Rule::MaxLength, format!("{length} characters, at most {max} allowed"));
        }
        if let Some(min) = min_length.filter(|min| length < *min) {
            self.push(path, Rule::MinLength, format!("{length} characters, at least {min} needed"));
        }
        if !choices.is_empty() && !choices.iter().any(|choice| **choice == *text) {
            let list = choices.join(", ");
            self.push(path, Rule::Choice, format!("\"{text}\" is not one of {list}"));
        }
        if *date && time::parse_date(&text).is_none() {
            self.push(path, Rule::Format, format!("\"{text}\" is not a date like 2026-11-24"));
        }
        if *date_time && time::parse_datetime(&text).is_none() {
            self.push(path, Rule::Format, format!("\"{text}\" is not an instant"));
        }
    }

    fn number(&mut self, shape: &Shape, value: &Value, path: &str) {
        let Shape::Number { whole, minimum, maximum } = shape else { return };
        let from_text = || {
            let text = value.as_text().filter(|_| self.manner != Manner::Published)?;
            Number::parse(text.trim()).ok()
        };
        let Some(number) = value.as_number().or_else(from_text) else {
            self.push(path, Rule::Kind, wrong_kind("a number", value));
            return;
        };
        if self.manner == Manner::Answer {
            return;
        }
        if *whole && !number.is_whole() {
            self.push(path, Rule::Kind, format!("{number} is not a whole number"));
        }
        if let Some(min) = minimum.filter(|min| number < *min) {
            self.push(path, Rule::Minimum, format!("{number} is below {min}"));
        }
        if let Some(max) = maximum.filter(|max| number > *max) {
            self.push(path, Rule::Maximum, format!("{number} is above {max}"));
        }
    }

    fn list(&mut self, shape: &Shape, value: &Value, path: &mut String) {
        let Shape::List { items: schema, min_items, max_items } = shape else { return };
        let Value::List(items) = value else {
            self.push(path, Rule::Kind, wrong_kind("a list", value));
            return;
        };
        let count = u32::try_from(items.len()).unwrap_or(u32::MAX);
        if self.manner != Manner::Answer {
            if let Some(max) = max_items.filter(|max| count > *max) {
                self.push(path, Rule::Items, format!("{count} items, at most {max} allowed"));
            }
            if let Some(min) = min_items.filter(|min| count < *min) {
                self.push(path, Rule::Items, format!("{count} items, at least {min} needed"));
            }
        }
        for (n, item) in items.iter().enumerate() {
            let length = path.len();
            path.push_str(&format!("[{n}]"));
            self.value(schema, item, path);
            path.truncate(length);
        }
    }

    fn record(&mut self, shape: &Shape, value: &Value, path: &mut String) {
        let Shape::Record { fields, required } = shape else { return };
        let Value::Record(given) = value else {
            self.push(path, Rule::Kind, wrong_kind("a record", value));
            return;
        };
        for (name, item) in given.iter() {
            if matches!(item, Value::Missing) {
                continue;
            }
            let length = path.len();
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(name);
            match fields.get(name) {
                Some(schema) => self.value(schema, item, path),
                None if self.manner == Manner::Answer || fields.is_empty() => {}
                None => self.push(path, Rule::Unknown, "the schema has no such field".to_owned()),
            }
            path.truncate(length);
        }
        if self.manner == Manner::Answer {
            return;
        }
        for name in required {
            if given.get(name).is_none_or(Value::is_absent) {
                let separator = if path.is_empty() { "" } else { "." };
                let at = format!("{path}{separator}{name}");
                self.push(&at, Rule::Required, "must be given".to_owned());
            }
        }
    }
}

fn wrong_kind(wanted: &str, value: &Value) -> String {
    format!("{wanted} is expected, not {}", value.kind())
}
