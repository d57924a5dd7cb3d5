//! Generated schemas, and records that fit them.

use std::sync::Arc;

use indexmap::IndexMap;
use tenon_mapper::{Env, Field, TableType, Type, Types, Wire};
use tenon_value::{Number, Value};

use crate::fuzz::Dice;

/// How many record types a schema has; each holds fields of later ones only.
const RECORDS: usize = 3;

const TEXTS: &[&str] = &["", "  ", "abc", "Åsa Ö", "12", "2026-01-01", "#1001"];

fn scalar(dice: &mut Dice) -> Type {
    let words = [["PAID", "OPEN", "VOID"], ["SE", "NO", "FI"]];
    match dice.below(9) {
        0 | 1 => Type::Text,
        2 => Type::Bool,
        3 => Type::Int,
        4 => Type::Decimal,
        5 => Type::Money,
        6 => Type::Date,
        7 => Type::DateTime,
        _ => Type::Enum(dice.pick(&words).map(Arc::from).into()),
    }
}

fn field(dice: &mut Dice, record: usize) -> Field {
    let inner = if record + 1 < RECORDS && dice.one_in(4) {
        let other = record + 1 + dice.below(RECORDS - record - 1);
        Type::named(&format!("s.R{other}"))
    } else {
        scalar(dice)
    };
    let listed = dice.one_in(4);
    let ty = match dice.below(5) {
        _ if listed => inner.list(),
        0 | 1 => inner.optional(),
        _ => inner,
    };
    let mut field = Field::of(ty);
    match field.ty.required() {
        Type::List(item) if matches!(**item, Type::Named(_)) && dice.one_in(2) => {
            field.wire = Wire::Connection;
        }
        Type::Int | Type::Decimal | Type::Bool if dice.one_in(3) => field.wire = Wire::Text,
        _ => {}
    }
    field
}

/// A schema with the name `r` in scope.
pub(super) fn env(dice: &mut Dice) -> Env {
    let mut types = Types::default();
    for record in 0..RECORDS {
        let mut fields = IndexMap::new();
        for n in 0..4 + dice.below(5) {
            fields.insert(Arc::from(format!("f{n}")), field(dice, record));
        }
        types.add(&format!("s.R{record}"), fields);
    }
    let mut env = Env { types, ..Env::default() };
    for (name, value) in [("names", Type::Text), ("rates", Type::Decimal)] {
        let keys = IndexMap::from([("key".to_owned(), Type::Text)]);
        env.tables.insert(name.to_owned(), TableType { keys, value: value.optional() });
    }
    env.scope.insert("r".to_owned(), Type::named("s.R0"));
    env
}

fn decimal(dice: &mut Dice) -> String {
    let sign = if dice.one_in(5) { "-" } else { "" };
    match dice.below(4) {
        0 => "0".to_owned(),
        1 => format!("{sign}{}", dice.below(50)),
        2 => format!("{sign}{}.{}", dice.below(50), dice.below(10)),
        _ => format!("{sign}{}.{:02}", dice.below(2000), dice.below(100)),
    }
}

fn number(text: &str) -> Value {
    Value::Number(Number::parse(text).unwrap())
}

/// A value as a system would send it.
pub(super) fn value(dice: &mut Dice, types: &Types, field: &Field) -> Value {
    let text = |text: String| Value::text(&text);
    match &field.ty {
        Type::Optional(inner) => match dice.below(4) {
            0 => Value::Missing,
            1 => Value::Null,
            _ => value(dice, types, &Field { ty: (**inner).clone(), ..field.clone() }),
        },
        Type::Text => Value::text(TEXTS[dice.below(TEXTS.len())]),
        Type::Bool => plain(field, if dice.one_in(2) { "true" } else { "false" }, Value::Bool),
        Type::Int => {
            let text = dice.below(40).to_string();
            if field.wire == Wire::Text { Value::text(&text) } else { number(&text) }
        }
        Type::Decimal => {
            let text = decimal(dice);
            if field.wire == Wire::Text { Value::text(&text) } else { number(&text) }
        }
        Type::Money | Type::MoneyBag => {
            let amount = text(decimal(dice));
            Value::of([
                ("amount", amount),
                ("currencyCode", Value::text(if dice.one_in(8) { "EUR" } else { "SEK" })),
            ])
        }
        Type::Date => text(format!("2026-{:02}-{:02}", 1 + dice.below(12), 1 + dice.below(28))),
        Type::DateTime => {
            text(format!("2026-{:02}-{:02}T23:30:00Z", 1 + dice.below(12), 1 + dice.below(28)))
        }
        Type::Enum(values) => Value::text(&values[dice.below(values.len())]),
        Type::List(item) => {
            let inner = Field::of((**item).clone());
            let items = (0..dice.below(4)).map(|_| value(dice, types, &inner)).collect();
            if field.wire == Wire::Connection {
                return Value::of([("nodes", Value::list(items))]);
            }
            Value::list(items)
        }
        Type::Named(name) => record(dice, types, name),
        other => panic!("no value of {other}"),
    }
}

fn plain(field: &Field, word: &str, of: impl Fn(bool) -> Value) -> Value {
    if field.wire == Wire::Text { Value::text(word) } else { of(word == "true") }
}

/// A record of a named type.
pub(super) fn record(dice: &mut Dice, types: &Types, name: &str) -> Value {
    let mut made = tenon_value::Record::new();
    for (field, of) in types.fields(name).unwrap() {
        let value = value(dice, types, of);
        if value != Value::Missing {
            made.insert(Arc::clone(field), value);
        }
    }
    Value::record(made)
}
