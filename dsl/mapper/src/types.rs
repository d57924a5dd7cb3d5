//! The types expressions are checked with.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;

/// A type. Records are named and looked up in [`Types`], so that schemas may refer to themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// Anything: an edge without a schema. Checked when evaluated.
    Dyn,
    /// A text.
    Text,
    /// True or false.
    Bool,
    /// A whole number.
    Int,
    /// An exact decimal.
    Decimal,
    /// A quotient that was not rounded yet; no target field takes it.
    Inexact,
    /// An amount of money that was divided and not rounded yet.
    InexactMoney,
    /// An amount with a currency (Shopify: `MoneyV2`).
    Money,
    /// One amount in two currencies, shop and presentment (Shopify: `MoneyBag`). A path that ends in
    /// one gives the [`Type::Money`] that the mapping's `money.pick` chooses.
    MoneyBag,
    /// A calendar day.
    Date,
    /// An instant.
    DateTime,
    /// A length of time.
    Duration,
    /// One of these texts.
    Enum(Arc<[Arc<str>]>),
    /// Items of one type.
    List(Arc<Type>),
    /// A map from text to one type.
    Map(Arc<Type>),
    /// The record type of that name in [`Types`].
    Named(Arc<str>),
    /// A record made in place.
    Record(Arc<IndexMap<Arc<str>, Field>>),
    /// That type, or missing or null.
    Optional(Arc<Type>),
}

/// A field of a record type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its type; optional where the source may leave it out or send null.
    pub ty: Type,
    /// How the value stands in the payload when that differs from its type.
    pub wire: Wire,
    /// As a target: longest text, in characters.
    pub max_length: Option<u32>,
    /// As a target: must be produced when a record is created.
    pub required: bool,
    /// As a target: the system computes it and refuses or ignores it.
    pub read_only: bool,
    /// Why it should not be used any more.
    pub deprecated: Option<Arc<str>>,
    /// Names or describes a person.
    pub personal: bool,
}

impl Field {
    /// A plain field of a type.
    #[must_use]
    pub fn of(ty: Type) -> Field {
        Field {
            ty,
            wire: Wire::Plain,
            max_length: None,
            required: false,
            read_only: false,
            deprecated: None,
            personal: false,
        }
    }
}

/// How a value stands in a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wire {
    /// As its type suggests.
    #[default]
    Plain,
    /// A number or bool that is sent, or may arrive, as text (Fortnox quantities, GraphQL `Decimal`).
    Text,
    /// A GraphQL connection: `{ nodes: [...], pageInfo }` in the answer, a plain list to authors.
    Connection,
}

/// Named record types of one or more schemas. Names are `connector.Type`, such as `shopify.Order`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Types {
    records: BTreeMap<Arc<str>, Arc<IndexMap<Arc<str>, Field>>>,
}

impl Types {
    /// Adds a record type; an older one of that name is replaced.
    pub fn add(&mut self, name: &str, fields: IndexMap<Arc<str>, Field>) {
        self.records.insert(Arc::from(name), Arc::new(fields));
    }

    /// The fields of a record type.
    #[must_use]
    pub fn fields(&self, name: &str) -> Option<&IndexMap<Arc<str>, Field>> {
        self.records.get(name).map(|fields| &**fields)
    }

    /// Takes in everything of another set.
    pub fn extend(&mut self, other: &Types) {
        self.records.extend(other.records.iter().map(|(k, v)| (Arc::clone(k), Arc::clone(v))));
    }

    /// All names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.records.keys().map(|name| &**name)
    }
}

impl Type {
    /// An optional of this type; an optional stays one.
    #[must_use]
    pub fn optional(self) -> Type {
        match self {
            Type::Optional(_) | Type::Dyn => self,
            other => Type::Optional(Arc::new(other)),
        }
    }

    /// This type without the chance of being absent.
    #[must_use]
    pub fn required(&self) -> &Type {
        match self {
            Type::Optional(inner) => inner,
            other => other,
        }
    }

    /// A list of this type.
    #[must_use]
    pub fn list(self) -> Type {
        Type::List(Arc::new(self))
    }

    /// The record type of that name.
    #[must_use]
    pub fn named(name: &str) -> Type {
        Type::Named(Arc::from(name))
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Dyn => f.write_str("dyn"),
            Type::Text => f.write_str("text"),
            Type::Bool => f.write_str("bool"),
            Type::Int => f.write_str("int"),
            Type::Decimal => f.write_str("decimal"),
            Type::Inexact => f.write_str("inexact decimal"),
            Type::InexactMoney => f.write_str("inexact money"),
            Type::Money | Type::MoneyBag => f.write_str("money"),
            Type::Date => f.write_str("date"),
            Type::DateTime => f.write_str("datetime"),
            Type::Duration => f.write_str("duration"),
            Type::Enum(values) if values.len() > 6 => f.write_str("enum"),
            Type::Enum(values) => write!(f, "enum({})", values.join(" | ")),
            Type::List(item) => write!(f, "list<{item}>"),
            Type::Map(item) => write!(f, "map<{item}>"),
            Type::Named(name) => f.write_str(name),
            Type::Record(fields) => {
                f.write_str("{ ")?;
                for (n, (name, field)) in fields.iter().enumerate() {
                    write!(f, "{}{name}: {}", if n > 0 { ", " } else { "" }, field.ty)?;
                }
                f.write_str(" }")
            }
            Type::Optional(inner) => write!(f, "{inner}?"),
        }
    }
}
