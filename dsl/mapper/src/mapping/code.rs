//! The compiled form of a mapping; a stored format like [`crate::code`].

use std::sync::Arc;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::fields::Fields;
use crate::code::Code;

/// A compiled mapping.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MappingCode {
    /// Its name.
    pub name: String,
    /// Names it sees and the resources they are records of.
    pub from: IndexMap<String, String>,
    /// The resource it makes a record of.
    pub to: String,
    /// Which amount of a money bag is meant; its value is the first on the stack.
    pub pick: Option<Code>,
    /// Named values, in order.
    pub lets: Vec<Named>,
    /// Fields of the target.
    pub fields: Fields,
    /// What must hold of the result, which is bound as `out`.
    pub checks: Vec<Check>,
}

/// A named value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Named {
    /// Its name.
    pub name: Arc<str>,
    /// Its text, for explain.
    pub text: String,
    /// What it is.
    pub code: Code,
}

/// A condition on the result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// Its text.
    pub text: String,
    /// What must hold.
    pub code: Code,
    /// Both sides, where it is a comparison.
    pub sides: Option<(Code, Code)>,
}

/// A field of the target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FieldCode {
    /// Its name.
    pub name: Arc<str>,
    /// What it is made of.
    pub gives: Gives,
    /// How its value is written.
    pub write: Write,
    /// Must be there in the end.
    pub required: bool,
}

/// What a field is made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gives {
    /// The first candidate that is not blank, else the last word.
    First {
        /// Candidates with their texts.
        candidates: Vec<Named>,
        /// What is left.
        otherwise: Option<Named>,
    },
    /// A nested record.
    Record(Fields),
    /// A list in parts.
    Parts(Vec<Part>),
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// Only when this holds (before the items are read).
    pub when: Option<Code>,
    /// What it adds.
    pub adds: Adds,
}

/// What a part adds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Adds {
    /// A record for every item: the item is pushed, then its index, then the named values.
    Each {
        /// The items.
        over: Code,
        /// Their text, for explain.
        text: String,
        /// Only items for which this holds, with item and index in place.
        only: Option<Code>,
        /// Named values of an item.
        lets: Vec<Named>,
        /// Fields of its record.
        fields: Fields,
        /// Faulty items are left out and listed instead of failing the record.
        drop_faulty: bool,
    },
    /// One record of these fields.
    One {
        /// Its fields.
        fields: Fields,
    },
    /// A record, or a list of them, that an expression makes.
    Row {
        /// The expression with its text.
        row: Named,
        /// How it is written.
        write: Write,
    },
}

/// How a value is written to the target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Write {
    /// As it is.
    Any,
    /// A text, at most so many characters.
    Text(Option<u32>),
    /// One of these texts.
    Enum(Arc<[Arc<str>]>),
    /// A bool.
    Bool,
    /// A whole number.
    Int,
    /// A number; an amount of money is its number.
    Decimal,
    /// `{ amount, currencyCode }`.
    Money,
    /// A day.
    Date,
    /// An instant.
    DateTime,
    /// That value, as text.
    AsText(Box<Write>),
    /// Items.
    List(Box<Write>),
    /// Fields; others are kept as they are.
    Record(Arc<IndexMap<Arc<str>, Write>>),
}
