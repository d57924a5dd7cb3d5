//! The compiled form: a tree with names resolved, functions bound and coercions in place.
//!
//! It is plain data with serde, because a step graph pins it. Variants and their fields are a stored
//! format: they may gain, never change meaning.

use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tenon_value::{Record, Value};

use crate::functions::Callee;
use crate::name::FieldName;
use crate::path::FieldPath;

/// A compiled expression.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// A value known at compile time.
    Const(#[serde(with = "crate::literal")] Value),
    /// The literal `null`: sent as null when it is what a target field comes to.
    Null,
    /// Leaves the target field out.
    Omit,
    /// On update, leaves the target's value as it is.
    Keep,
    /// A name of the scope.
    Root(Arc<str>),
    /// A binding, by its place on the stack; the name is for traces.
    Local(u16, Arc<str>),
    /// A setting.
    Setting(Arc<str>),
    /// A field; over a list, that field of every item.
    Field(FieldPath),
    /// A GraphQL connection as its plain list.
    Nodes(Box<Code>),
    /// One item, or a field by a computed name.
    Index(Box<Code>, Box<Code>),
    /// The items for which a condition holds; the item is pushed.
    Where(Box<Code>, Box<Code>),
    /// One level of lists less.
    Flatten(Box<Code>),
    /// The end of a path, brought from its wire form to its type.
    Leaf(Box<Code>, Leaf),
    /// `as`: brought to the type or refused.
    Cast(Box<Code>, Leaf),
    /// Text with holes.
    Template(Vec<Code>),
    /// Boolean not.
    Not(Box<Code>),
    /// The opposite number.
    Negate(Box<Code>),
    /// An operator with two sides.
    Binary(Op, Box<Code>, Box<Code>),
    /// Equal within a tolerance: left, right, tolerance.
    Approx(Box<[Code; 3]>),
    /// The first that is not blank.
    Fallback(Vec<Code>),
    /// The first that is not absent.
    Coalesce(Vec<Code>),
    /// The second where the first faults.
    Try(Box<Code>, Box<Code>),
    /// A choice of two.
    If(Box<[Code; 3]>),
    /// A choice by value.
    Match(Box<Code>, Vec<Arm>, Option<Box<Code>>),
    /// A binding: the value is pushed, then the body evaluated.
    Let(Box<Code>, Box<Code>),
    /// A record made in place.
    Record(Vec<(Arc<str>, Code)>),
    /// A list made in place.
    List(Vec<Code>),
    /// A function call; an argument left out is `Omit`.
    Call(Callee, Vec<Code>),
    /// A function argument that is itself a function of one item, which is pushed.
    Lambda(Box<Code>),
    /// A row of a table.
    Lookup(Box<Lookup>),
}

impl Code {
    /// A field of what code gives.
    pub(crate) fn field(base: Code, name: impl Into<FieldName>) -> Code {
        Code::Field(FieldPath::new(base, name.into()))
    }

    /// Whether it may come to `null`, `omit` or `keep` instead of a value.
    pub(crate) fn is_choice(&self) -> bool {
        matches!(
            self,
            Code::Null
                | Code::Omit
                | Code::Keep
                | Code::Fallback(_)
                | Code::Coalesce(_)
                | Code::Try(..)
                | Code::If(_)
                | Code::Match(..)
                | Code::Let(..)
        )
    }
}

/// A compiled table lookup.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lookup {
    /// The table.
    pub table: Arc<str>,
    /// Key columns with their expressions, in the table's order.
    pub keys: KeyColumns,
    /// Whether a missing row gives missing instead of a fault.
    pub optional: bool,
}

/// The key columns of a lookup; stored as the plain list.
///
/// The names of a key do not differ from lookup to lookup, so an empty key is kept and copied.
#[derive(Debug, Clone, Default)]
pub struct KeyColumns {
    list: Vec<(Arc<str>, Code)>,
    empty: Record,
}

impl KeyColumns {
    /// The key of these values, one for each column.
    pub(crate) fn key(&self, values: impl Iterator<Item = Value>) -> Record {
        let mut key = self.empty.clone();
        key.values_mut().zip(values).for_each(|(slot, value)| *slot = value);
        key
    }
}

impl Deref for KeyColumns {
    type Target = [(Arc<str>, Code)];

    fn deref(&self) -> &[(Arc<str>, Code)] {
        &self.list
    }
}

impl From<Vec<(Arc<str>, Code)>> for KeyColumns {
    fn from(list: Vec<(Arc<str>, Code)>) -> KeyColumns {
        let empty = list.iter().map(|(name, _)| (Arc::clone(name), Value::Missing)).collect();
        KeyColumns { list, empty }
    }
}

impl PartialEq for KeyColumns {
    fn eq(&self, other: &KeyColumns) -> bool {
        self.list == other.list
    }
}

impl Serialize for KeyColumns {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.list.serialize(to)
    }
}

impl<'de> Deserialize<'de> for KeyColumns {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<KeyColumns, D::Error> {
        Vec::deserialize(from).map(KeyColumns::from)
    }
}

/// One arm of a match.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Arm {
    /// Values it stands for.
    #[serde(with = "crate::literal::list")]
    pub values: Vec<Value>,
    /// What it gives.
    pub gives: Code,
}

/// Operators with two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    More,
    MoreOrEqual,
    In,
    NotIn,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

/// What a value read from a payload is brought to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Leaf {
    Text,
    Bool,
    Int,
    Decimal,
    Money,
    /// A bag of two amounts: the one that is meant.
    Bag(Pick),
    Date,
    DateTime,
    Duration,
    Enum(Arc<[Arc<str>]>),
    List(Box<Leaf>),
    Map(Box<Leaf>),
    /// A record, as it is.
    Record,
    /// Fields brought to their types; checked by `as` only.
    Fields(Vec<(Arc<str>, Leaf)>),
    /// May be absent.
    Optional(Box<Leaf>),
    /// Anything.
    Any,
}

/// Which amount of a money bag is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pick {
    /// The shop's own currency.
    #[default]
    Shop,
    /// The buyer's currency.
    Presentment,
    /// The shop's own where none is named; each may be named.
    Open,
    /// As the value at that place of the stack says.
    Slot(u16),
}
