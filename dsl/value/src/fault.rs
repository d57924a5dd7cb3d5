//! Why something did not complete.

use std::fmt;

use crate::value::Value;

/// What a fault asks for. The engine decides by class, never by a status code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Passes by itself: a time-out before anything was sent, a 5xx on a read. Retried by policy.
    Transient,
    /// Too many requests; retried when the peer says so.
    RateLimited,
    /// Somebody else holds the record for a moment; retried by policy.
    LockedByOther,
    /// The peer understood and refused: a person or a changed record must help.
    Rejected,
    /// Something needed is not there yet: a setting, a table row, a field.
    Missing,
    /// An expression or a script failed.
    Mapping,
    /// Two truths disagree: a document changed by someone, a number in use.
    Conflict,
    /// The record asked for does not exist.
    NotFound,
    /// A bound of ours or theirs: too many rows, too large, too deep.
    Limit,
    /// Credentials were refused; the connection parks.
    Auth,
    /// The peer as a whole does not answer; the connection parks.
    Down,
    /// A write may or may not have happened and nothing can tell.
    UnknownOutcome,
    /// Our own bug; the one task is quarantined.
    Defect,
}

impl Class {
    /// Every class with its name in flows, journals and pages.
    pub const ALL: [(&'static str, Class); 13] = [
        ("transient", Class::Transient),
        ("rate_limited", Class::RateLimited),
        ("locked_by_other", Class::LockedByOther),
        ("rejected", Class::Rejected),
        ("missing", Class::Missing),
        ("mapping", Class::Mapping),
        ("conflict", Class::Conflict),
        ("not_found", Class::NotFound),
        ("limit", Class::Limit),
        ("auth", Class::Auth),
        ("down", Class::Down),
        ("unknown_outcome", Class::UnknownOutcome),
        ("defect", Class::Defect),
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, c)| *c == self).map_or("defect", |(n, _)| n)
    }

    /// The class of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Class> {
        Self::ALL.iter().find(|(n, _)| *n == name).map(|(_, c)| *c)
    }

    /// Whether the engine retries it by the flow's policy.
    #[must_use]
    pub fn retries(self) -> bool {
        matches!(self, Class::Transient | Class::RateLimited | Class::LockedByOther)
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a step did not complete, as an operator reads it.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// Stable code: ours (`TABLE_ROW_MISSING`), the flow's own (`fail("…")`), or the peer's (`fortnox:2000637`).
    pub code: String,
    /// What it asks for.
    pub class: Class,
    /// What happened, with names and values.
    pub message: String,
    /// What to do next, where we are sure.
    pub hint: Option<String>,
    /// The field concerned, as a path in the record that was read or written.
    pub field: Option<String>,
    /// The offending value.
    pub value: Value,
    /// Milliseconds the peer asked us to wait.
    pub wait_ms: Option<i64>,
    /// A table row or setting whose saving would release this.
    pub needs: Option<Needs>,
}

/// A value somebody must give.
#[derive(Debug, Clone, PartialEq)]
pub struct Needs {
    /// `table:NAME`, `setting:NAME`, or `reference:ENTITY`.
    pub what: String,
    /// The key that was looked for.
    pub key: Value,
}

impl Fault {
    /// A fault of a code and class with its message.
    #[must_use]
    pub fn new(code: &str, class: Class, message: impl Into<String>) -> Fault {
        Fault {
            code: code.to_owned(),
            class,
            message: message.into(),
            hint: None,
            field: None,
            value: Value::Missing,
            wait_ms: None,
            needs: None,
        }
    }

    /// With what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Fault {
        self.hint = Some(hint.into());
        self
    }

    /// With the field and the value that are wrong.
    #[must_use]
    pub fn at(mut self, field: impl Into<String>, value: Value) -> Fault {
        self.field = Some(field.into());
        self.value = value;
        self
    }

    /// With the wait the peer asked for.
    #[must_use]
    pub fn wait(mut self, ms: i64) -> Fault {
        self.wait_ms = Some(ms);
        self
    }

    /// With the value somebody must give.
    #[must_use]
    pub fn needs(mut self, what: impl Into<String>, key: Value) -> Fault {
        self.needs = Some(Needs { what: what.into(), key });
        self
    }

    /// As a record, for journals and APIs.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let text = |t: &Option<String>| t.as_deref().map_or(Value::Missing, Value::text);
        Value::of([
            ("code", Value::text(&self.code)),
            ("class", Value::text(self.class.name())),
            ("message", Value::text(&self.message)),
            ("hint", text(&self.hint)),
            ("field", text(&self.field)),
            ("value", self.value.clone()),
            ("wait_ms", self.wait_ms.map_or(Value::Missing, Value::from)),
            (
                "needs",
                self.needs.as_ref().map_or(Value::Missing, |n| {
                    Value::of([("what", Value::text(&n.what)), ("key", n.key.clone())])
                }),
            ),
        ])
    }

    /// Reads what [`Fault::to_value`] wrote; what is unknown becomes a defect with its text.
    #[must_use]
    pub fn from_value(value: &Value) -> Fault {
        let text = |name: &str| value.field(name).as_text().map(str::to_owned);
        let class = text("class").and_then(|c| Class::named(&c)).unwrap_or(Class::Defect);
        Fault {
            code: text("code").unwrap_or_else(|| "DEFECT".to_owned()),
            class,
            message: text("message").unwrap_or_default(),
            hint: text("hint"),
            field: text("field"),
            value: value.field("value").clone(),
            wait_ms: value.field("wait_ms").as_number().and_then(crate::Number::to_i64),
            needs: value.field("needs").as_record().map(|_| Needs {
                what: value.at("needs.what").as_text().unwrap_or_default().to_owned(),
                key: value.at("needs.key").clone(),
            }),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.code, self.class, self.message)?;
        if let Some(field) = &self.field {
            write!(f, " [{field} = {:?}]", self.value)?;
        }
        if let Some(hint) = &self.hint {
            write!(f, " — {hint}")?;
        }
        Ok(())
    }
}
