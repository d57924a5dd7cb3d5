//! Questions about types.

use std::sync::Arc;

use indexmap::IndexMap;

use super::{Checker, Part, Sort};
use crate::code::{Leaf, Pick};
use crate::types::{Field, Type, Types};

/// Fields of a record type.
type Fields = IndexMap<Arc<str>, Field>;

/// Types that are written by a single word.
pub(super) const SIMPLE: [&str; 9] =
    ["text", "bool", "int", "decimal", "money", "date", "datetime", "duration", "dyn"];

pub(crate) fn simple_type(name: &str) -> Option<Type> {
    Some(match name {
        "text" => Type::Text,
        "bool" => Type::Bool,
        "int" => Type::Int,
        "decimal" | "number" | "rate" => Type::Decimal,
        "money" => Type::Money,
        "date" => Type::Date,
        "datetime" => Type::DateTime,
        "duration" => Type::Duration,
        "dyn" => Type::Dyn,
        "record" => Type::Map(Arc::new(Type::Dyn)),
        _ => return None,
    })
}

/// How the end of a path of that type is brought to it; none where the payload's form is right.
pub(crate) fn leaf_of(ty: &Type, pick: Pick) -> Option<Leaf> {
    Some(match ty {
        Type::Text => Leaf::Text,
        Type::Bool => Leaf::Bool,
        Type::Int => Leaf::Int,
        Type::Decimal => Leaf::Decimal,
        Type::Money => Leaf::Money,
        Type::MoneyBag => Leaf::Bag(pick),
        Type::Date => Leaf::Date,
        Type::DateTime => Leaf::DateTime,
        Type::Duration => Leaf::Duration,
        Type::Enum(values) => Leaf::Enum(Arc::clone(values)),
        Type::List(inner) => Leaf::List(Box::new(leaf_of(inner, pick)?)),
        Type::Map(inner) => Leaf::Map(Box::new(leaf_of(inner, pick)?)),
        Type::Optional(inner) => return leaf_of(inner, pick),
        Type::Dyn | Type::Inexact | Type::InexactMoney | Type::Named(_) | Type::Record(_) => {
            return None;
        }
    })
}

/// The type once money was picked from its bags.
pub(super) fn picked(ty: Type) -> Type {
    match ty {
        Type::MoneyBag => Type::Money,
        Type::List(inner) => picked((*inner).clone()).list(),
        Type::Map(inner) => Type::Map(Arc::new(picked((*inner).clone()))),
        Type::Optional(inner) => picked((*inner).clone()).optional(),
        other => other,
    }
}

/// A type in a message: `a text`, `a list of decimals`.
pub(crate) fn shown_type(ty: &Type) -> String {
    match ty {
        Type::Int => "a whole number".to_owned(),
        Type::Inexact | Type::InexactMoney => "an unrounded quotient".to_owned(),
        Type::Money | Type::MoneyBag => "an amount of money".to_owned(),
        Type::Enum(_) => "an enum value".to_owned(),
        Type::List(inner) => format!("a list of {inner}"),
        Type::Map(_) => "a map".to_owned(),
        Type::Named(name) => format!("the record {name}"),
        Type::Record(_) => "a record".to_owned(),
        Type::Optional(inner) => format!("{} that may be missing", shown_type(inner)),
        Type::Dyn => "a value".to_owned(),
        other => format!("a {other}"),
    }
}

pub(super) fn is_number(ty: &Type) -> bool {
    matches!(ty.required(), Type::Int | Type::Decimal | Type::Inexact)
}

pub(super) fn is_money(ty: &Type) -> bool {
    matches!(ty.required(), Type::Money | Type::MoneyBag | Type::InexactMoney)
}

pub(super) fn is_inexact(ty: &Type) -> bool {
    match ty.required() {
        Type::Inexact | Type::InexactMoney => true,
        Type::List(inner) | Type::Map(inner) => is_inexact(inner),
        Type::Record(fields) => fields.values().any(|field| is_inexact(&field.ty)),
        _ => false,
    }
}

pub(crate) fn is_record(ty: &Type) -> bool {
    matches!(ty.required(), Type::Named(_) | Type::Record(_) | Type::Map(_))
}

/// How deep records of two types are held against each other.
const DEEPEST: usize = 4;

/// The type that holds values of both.
pub(super) fn join(types: &Types, a: &Type, b: &Type) -> Type {
    join_within(types, (a, b), DEEPEST)
}

fn join_within(types: &Types, (a, b): (&Type, &Type), depth: usize) -> Type {
    if a == b {
        return a.clone();
    }
    match (a, b) {
        (Type::Optional(x), y) | (y, Type::Optional(x)) => {
            join_within(types, (x, y.required()), depth).optional()
        }
        (Type::Int, Type::Decimal) | (Type::Decimal, Type::Int) => Type::Decimal,
        (Type::Inexact, Type::Int | Type::Decimal) | (Type::Int | Type::Decimal, Type::Inexact) => {
            Type::Inexact
        }
        (Type::InexactMoney, Type::Money) | (Type::Money, Type::InexactMoney) => Type::InexactMoney,
        (Type::Enum(x), Type::Enum(y)) => {
            let mut all: Vec<Arc<str>> = x.to_vec();
            all.extend(y.iter().filter(|v| !x.contains(v)).cloned());
            Type::Enum(all.into())
        }
        (Type::Enum(_), Type::Text) | (Type::Text, Type::Enum(_)) => Type::Text,
        (Type::List(x), Type::List(y)) => join_within(types, (x, y), depth).list(),
        (Type::Named(_) | Type::Record(_), Type::Named(_) | Type::Record(_)) if depth > 0 => {
            match (fields(types, a), fields(types, b)) {
                // Two names for the same fields, such as two addresses of one order.
                (Some(x), Some(y)) if x == y => a.clone(),
                (Some(x), Some(y)) => join_records(types, (x, y), depth - 1),
                _ => Type::Dyn,
            }
        }
        (x, y)
            if (is_money(x) || is_money(y))
                && [x, y].iter().all(|t| is_number(t) || is_money(t))
                && (is_inexact(x) || is_inexact(y)) =>
        {
            Type::InexactMoney
        }
        // What is unrounded on one side is refused as a whole, whatever stands on the other.
        _ if is_inexact(a) || is_inexact(b) => Type::Inexact,
        _ => Type::Dyn,
    }
}

/// A record that may be either: what only one of them has may be missing.
fn join_records(types: &Types, (x, y): (&Fields, &Fields), depth: usize) -> Type {
    let mut all = IndexMap::new();
    for (name, field) in x {
        let ty = match y.get(name) {
            Some(other) if other.wire == field.wire => {
                join_within(types, (&field.ty, &other.ty), depth)
            }
            Some(_) => Type::Dyn,
            None => field.ty.clone().optional(),
        };
        all.insert(Arc::clone(name), Field { ty, ..field.clone() });
    }
    for (name, field) in y.iter().filter(|(name, _)| !x.contains_key(*name)) {
        let ty = field.ty.clone().optional();
        all.insert(Arc::clone(name), Field { ty, ..field.clone() });
    }
    Type::Record(Arc::new(all))
}

fn fields<'t>(types: &'t Types, ty: &'t Type) -> Option<&'t IndexMap<Arc<str>, Field>> {
    match ty {
        Type::Named(name) => types.fields(name),
        Type::Record(fields) => Some(fields),
        _ => None,
    }
}

/// The type of a choice between parts; what is absent makes it nullable, what ends the evaluation
/// says nothing.
pub(super) fn join_parts(types: &Types, parts: &[&Part]) -> (Type, Sort) {
    let mut ty: Option<Type> = None;
    let mut absent = false;
    for part in parts {
        match part.sort {
            Sort::Never => {}
            Sort::Absent => absent = true,
            Sort::Plain => {
                ty = Some(match ty {
                    None => part.ty.clone(),
                    Some(before) => join(types, &before, &part.ty),
                });
            }
        }
    }
    match ty {
        None if absent => (Type::Dyn, Sort::Absent),
        None => (Type::Dyn, Sort::Never),
        Some(ty) if absent => (ty.optional(), Sort::Plain),
        Some(ty) => (ty, Sort::Plain),
    }
}

impl Checker<'_> {
    /// The fields of a record type.
    pub(crate) fn fields_of<'t>(&'t self, ty: &'t Type) -> Option<&'t IndexMap<Arc<str>, Field>> {
        fields(&self.env.types, ty.required())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(fields: &[(&str, Type)]) -> IndexMap<Arc<str>, Field> {
        fields.iter().map(|(name, ty)| (Arc::from(*name), Field::of(ty.clone()))).collect()
    }

    fn named(name: &str) -> Type {
        Type::Named(Arc::from(name))
    }

    #[test]
    fn either_of_two_records_has_what_both_have_for_certain() {
        let mut types = Types::default();
        types.add("a", record(&[("zip", Type::Text), ("rate", Type::Int)]));
        types.add("b", record(&[("zip", Type::Text), ("rate", Type::Decimal), ("x", Type::Bool)]));
        types.add("c", record(&[("zip", Type::Text), ("rate", Type::Int)]));
        assert_eq!(join(&types, &named("a"), &named("c")), named("a"), "the same under two names");
        let Type::Record(both) = join(&types, &named("a"), &named("b")) else { panic!() };
        let ty = |name: &str| both.get(name).map(|field| field.ty.clone());
        assert_eq!(ty("zip"), Some(Type::Text));
        assert_eq!(ty("rate"), Some(Type::Decimal));
        assert_eq!(ty("x"), Some(Type::Bool.optional()));
        assert_eq!(ty("y"), None);
        assert_eq!(join(&types, &named("a"), &named("unknown")), Type::Dyn);
    }

    #[test]
    fn records_that_hold_themselves_are_joined_to_a_depth() {
        let mut types = Types::default();
        types.add("a", record(&[("next", named("a")), ("n", Type::Int)]));
        types.add("b", record(&[("next", named("b")), ("n", Type::Decimal)]));
        assert!(matches!(join(&types, &named("a"), &named("b")), Type::Record(_)));
    }
}
