//! What an evaluation sees of the world: the scope, stored state through a [`Host`], and how it ends.

use std::cmp::Ordering;
use std::sync::Arc;

use chrono::{DateTime, FixedOffset};
use indexmap::IndexMap;
use tenon_value::{Class, Fault, Number, Value, json};

use crate::script::Scripts;

/// Names an expression can read, with their values.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Scope {
    names: IndexMap<Arc<str>, Value>,
}

impl Scope {
    /// No names.
    #[must_use]
    pub fn new() -> Scope {
        Scope::default()
    }

    /// Gives a name a value; an older value is replaced.
    pub fn set(&mut self, name: &str, value: Value) {
        self.names.insert(Arc::from(name), value);
    }

    /// With one more name.
    #[must_use]
    pub fn with(mut self, name: &str, value: Value) -> Scope {
        self.set(name, value);
        self
    }

    /// The value of a name; missing where there is none.
    #[must_use]
    pub fn get(&self, name: &str) -> &Value {
        // The few names a scope has are found sooner by looking than by hashing.
        let found = if self.names.len() <= 8 {
            self.names.iter().find(|(known, _)| ***known == *name).map(|(_, value)| value)
        } else {
            self.names.get(name)
        };
        found.unwrap_or(&Value::Missing)
    }

    /// Whether the name is known.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.names.contains_key(name)
    }

    /// All names and values, in the order they were first set.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.names.iter().map(|(name, value)| (&**name, value))
    }
}

impl<const N: usize> From<[(&str, Value); N]> for Scope {
    fn from(entries: [(&str, Value); N]) -> Scope {
        Scope { names: entries.into_iter().map(|(k, v)| (Arc::from(k), v)).collect() }
    }
}

/// Stored state an expression asks for. What was read is recorded with the step.
#[derive(Debug, Clone)]
pub enum ReadKey {
    /// The row of a table; the key is a record of its key columns, in the table's own order, or the
    /// single key value where the table has one key column. Numbers in it carry no zeros at the end.
    Lookup {
        /// The table's name.
        table: Arc<str>,
        /// The key.
        key: Value,
    },
    /// The target's id of a source record.
    Reference {
        /// The entity, such as `order`.
        entity: String,
        /// The source's id, as plain text.
        id: String,
    },
    /// All documents of a source record: a list of records with the texts `part` and `id`.
    References {
        /// The entity, such as `invoice`.
        entity: String,
        /// The source's id, as plain text.
        id: String,
    },
    /// What was last sent for a source record.
    Sent {
        /// The entity.
        entity: String,
        /// The source's id, as plain text.
        id: String,
    },
    /// A setting of the integration.
    Setting {
        /// Its name.
        name: Arc<str>,
    },
}

impl ReadKey {
    /// A lookup with its key in the form tables are searched by.
    #[must_use]
    pub fn lookup(table: Arc<str>, key: &Value) -> ReadKey {
        ReadKey::Lookup { table, key: table_key(key) }
    }

    /// One text per key, different for different keys; what order and equality go by.
    #[must_use]
    pub fn canonical(&self) -> String {
        match self {
            ReadKey::Lookup { table, key } => format!("lookup {table} {}", json::write(key)),
            ReadKey::Reference { entity, id } => format!("reference {entity} {id}"),
            ReadKey::References { entity, id } => format!("references {entity} {id}"),
            ReadKey::Sent { entity, id } => format!("sent {entity} {id}"),
            ReadKey::Setting { name } => format!("setting {name}"),
        }
    }
}

/// A value as a table's key: numbers without zeros at the end, everything else as it is.
#[must_use]
pub fn table_key(value: &Value) -> Value {
    match value {
        Value::Number(number) => Value::Number(number.normalised()),
        Value::Record(fields) => {
            Value::record(fields.iter().map(|(k, v)| (Arc::clone(k), table_key(v))).collect())
        }
        Value::Date(_) | Value::DateTime(_) => Value::text(&value.plain().unwrap_or_default()),
        // Amounts of two currencies are two keys.
        Value::Money(money) => {
            Value::text(&format!("{} {}", money.amount.normalised(), money.currency.code()))
        }
        other => other.clone(),
    }
}

impl PartialEq for ReadKey {
    fn eq(&self, other: &ReadKey) -> bool {
        match (self, other) {
            (ReadKey::Setting { name }, ReadKey::Setting { name: other }) => name == other,
            (ReadKey::Lookup { table, key }, ReadKey::Lookup { table: other, key: with }) => {
                table == other && json::write(key) == json::write(with)
            }
            (ReadKey::Setting { .. } | ReadKey::Lookup { .. }, _)
            | (_, ReadKey::Setting { .. } | ReadKey::Lookup { .. }) => false,
            _ => self.cmp(other) == Ordering::Equal,
        }
    }
}

impl Eq for ReadKey {}

impl PartialOrd for ReadKey {
    fn partial_cmp(&self, other: &ReadKey) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ReadKey {
    fn cmp(&self, other: &ReadKey) -> Ordering {
        self.canonical().cmp(&other.canonical())
    }
}

/// Answers what an expression asks of stored state.
pub trait Host {
    /// The value under a key; missing where there is none.
    ///
    /// # Errors
    /// [`EvalError::Pending`] where it must be fetched first; a fault where it can't be read.
    fn read(&self, key: &ReadKey) -> Result<Value, EvalError>;

    /// The compiled scripts of the integration.
    fn scripts(&self) -> &Scripts;

    /// When the task started: the only clock an expression sees.
    fn started_at(&self) -> DateTime<FixedOffset>;
}

/// What a written `skip` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skip {
    /// The reason, as the author wrote it.
    pub because: String,
}

/// How an evaluation ends without a value.
///
/// Two words, so that a result of an evaluation is as small as a value.
#[derive(Debug, Clone, PartialEq)]
pub enum EvalError {
    /// It failed. `try` catches this, except where it was written by `fail`.
    Fault(Box<Fault>),
    /// `fail("CODE", "…")`: a fault written on purpose; `try` lets it pass.
    Failed(Box<Fault>),
    /// `skip("…")`: nothing is to be done.
    Skip(Box<Skip>),
    /// Stored state must be fetched first; nothing catches this.
    Pending,
}

impl EvalError {
    /// A fault of class mapping.
    #[must_use]
    pub fn fault(code: &str, message: impl Into<String>) -> EvalError {
        EvalError::Fault(Box::new(Fault::new(code, Class::Mapping, message)))
    }

    /// A fault for a value that is needed and not there.
    #[must_use]
    pub fn missing(what: &str) -> EvalError {
        let fault = Fault::new("MAP_VALUE_MISSING", Class::Missing, format!("{what} is missing"))
            .hint("fill the value in the source system, or give the expression a fallback with //");
        EvalError::Fault(Box::new(fault))
    }

    /// The fault inside, where it is one.
    #[must_use]
    pub fn into_fault(self) -> Option<Fault> {
        match self {
            EvalError::Fault(fault) | EvalError::Failed(fault) => Some(*fault),
            EvalError::Skip(_) | EvalError::Pending => None,
        }
    }

    /// With the value it happened at, unless one is known already.
    pub(crate) fn with(mut self, value: &Value) -> EvalError {
        if let EvalError::Fault(fault) | EvalError::Failed(fault) = &mut self
            && fault.value == Value::Missing
        {
            fault.value = value.clone();
        }
        self
    }

    /// With the field and the value it happened at, unless a closer place is known already.
    #[must_use]
    pub fn at(mut self, field: &str, value: &Value) -> EvalError {
        if let EvalError::Fault(fault) | EvalError::Failed(fault) = &mut self {
            match &mut fault.field {
                None => fault.field = Some(field.to_owned()),
                Some(inner) if inner.starts_with(field) => {}
                Some(_) => {}
            }
            if fault.value == Value::Missing {
                fault.value = value.clone();
            }
        }
        self
    }
}

impl From<tenon_value::NumberError> for EvalError {
    fn from(error: tenon_value::NumberError) -> EvalError {
        let code = match error {
            tenon_value::NumberError::DivisionByZero => "MAP_DIVISION_BY_ZERO",
            tenon_value::NumberError::NotANumber(_) => "MAP_BAD_TEXT",
            _ => "MAP_NUMBER_TOO_LONG",
        };
        EvalError::fault(code, error.to_string())
    }
}

impl From<tenon_value::MoneyError> for EvalError {
    fn from(error: tenon_value::MoneyError) -> EvalError {
        match error {
            tenon_value::MoneyError::Mixed(..) => {
                EvalError::fault("MAP_CURRENCIES_MIXED", error.to_string())
            }
            tenon_value::MoneyError::Number(number) => number.into(),
        }
    }
}

/// A host without tables, references and settings; time stands at 1970. For tests and `map eval`.
#[derive(Debug, Default)]
pub struct NoHost {
    scripts: Scripts,
}

impl NoHost {
    /// With scripts.
    #[must_use]
    pub fn with_scripts(scripts: Scripts) -> NoHost {
        NoHost { scripts }
    }
}

impl Host for NoHost {
    fn read(&self, _key: &ReadKey) -> Result<Value, EvalError> {
        Ok(Value::Missing)
    }

    fn scripts(&self) -> &Scripts {
        &self.scripts
    }

    fn started_at(&self) -> DateTime<FixedOffset> {
        DateTime::UNIX_EPOCH.fixed_offset()
    }
}

/// The number as an index or a count, where it is whole, not negative and fits.
pub(crate) fn to_usize(number: Number) -> Option<usize> {
    number.to_i64().and_then(|n| usize::try_from(n).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_evaluation_comes_to_is_no_larger_than_a_value() {
        assert_eq!(size_of::<EvalError>(), 16);
        assert_eq!(size_of::<Result<Value, EvalError>>(), size_of::<Value>());
    }

    #[test]
    fn keys_are_equal_exactly_where_their_canonical_texts_are() {
        let number = |text: &str| Value::from(Number::parse(text).unwrap());
        let (entity, id) = ("order".to_owned(), "1".to_owned());
        let keys = [
            ReadKey::Setting { name: "a".into() },
            ReadKey::Setting { name: "b".into() },
            ReadKey::lookup("a".into(), &number("25.0")),
            ReadKey::lookup("a".into(), &number("25")),
            ReadKey::lookup("a".into(), &Value::text("25")),
            ReadKey::lookup("b".into(), &number("25")),
            ReadKey::Reference { entity: entity.clone(), id: id.clone() },
            ReadKey::References { entity: entity.clone(), id: id.clone() },
            ReadKey::Sent { entity, id },
        ];
        for one in &keys {
            for other in &keys {
                assert_eq!(one == other, one.canonical() == other.canonical(), "{one:?} {other:?}");
            }
        }
    }
}
