//! What the checker knows about the surroundings of an expression.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use tenon_value::Rounding;

use crate::code::Pick;
use crate::types::{Type, Types};

/// Everything an expression may name, with types.
#[derive(Debug, Clone, Default)]
pub struct Env {
    /// Record types by name.
    pub types: Types,
    /// Names in scope.
    pub scope: IndexMap<String, Type>,
    /// Settings of the integration; a nullable type where a setting has no default.
    pub settings: IndexMap<String, Type>,
    /// Resources by `connection.resource`, for the `from:` and `to:` of mappings.
    pub resources: BTreeMap<String, ResourceType>,
    /// Lookup tables.
    pub tables: BTreeMap<String, TableType>,
    /// Rhai files by name, whole. A script that does not compile is reported by
    /// [`crate::Scripts::compile`]; here only names and function names are looked up.
    pub scripts: BTreeMap<String, String>,
    /// How money is rounded and which amount of a bag is meant.
    pub money: MoneyPolicy,
    /// Conditions that hold where the expression stands, such as the `if` of its step: what they ask
    /// for is there.
    pub holds: Vec<String>,
    /// Accept any name in scope, as `dyn`: for `map eval` over free input.
    pub open: bool,
}

/// The types of a resource.
#[derive(Debug, Clone, PartialEq)]
pub struct ResourceType {
    /// A record as it is read.
    pub record: Type,
    /// A record as it is written.
    pub write: Type,
}

/// The columns of a lookup table.
#[derive(Debug, Clone, PartialEq)]
pub struct TableType {
    /// Key columns with their types, in order.
    pub keys: IndexMap<String, Type>,
    /// What a row gives: one column's type, or a record of them. An optional type says that a
    /// missing row gives missing; otherwise it is a fault.
    pub value: Type,
}

/// A mapping's declaration about money.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MoneyPolicy {
    /// Mode used by `round`, `div` and `allocate` where none is given.
    pub rounding: Option<Rounding>,
    /// Whether VAT is taken as the source states it; recomputing is a finding then.
    pub vat_as_given: bool,
    /// Which amount of a money bag is meant.
    pub pick: Pick,
}

impl Env {
    /// With one more name in scope.
    #[must_use]
    pub fn with(mut self, name: &str, ty: Type) -> Env {
        self.scope.insert(name.to_owned(), ty);
        self
    }
}
