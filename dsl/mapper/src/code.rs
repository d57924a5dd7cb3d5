//! The compiled form: a tree with names resolved, functions bound and coercions in place.
//!
//! It is plain data with serde, because a step graph pins it. Variants and their fields are a stored
//! format: they may gain, never change meaning.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tenon_value::Value;

use crate::functions::Callee;
use crate::name::FieldName;

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
    Field(Box<Code>, FieldName),
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

/// A compiled table lookup.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lookup {
    /// The table.
    pub table: Arc<str>,
    /// Key columns with their expressions, in the table's order.
    pub keys: Vec<(Arc<str>, Code)>,
    /// Whether a missing row gives missing instead of a fault.
    pub optional: bool,
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
