//! Expressions with what they come to, one a line in corpus/*.txt: `expression ==> result`.

use std::sync::Arc;

use indexmap::IndexMap;
use tenon_value::json;

use super::shown;
use crate::{Env, Field, Scope, TableType, Type, Wire, print_structure};

const INPUT: &str = include_str!("../../corpus/order.json");

fn record(fields: &[(&str, Type)]) -> IndexMap<Arc<str>, Field> {
    fields.iter().map(|(n, t)| (Arc::from(*n), Field::of(t.clone()))).collect()
}

/// A small shop: order, customer, address, sales.
pub(super) fn env() -> Env {
    let mut env = Env::default();
    let named = Type::named;
    let status: Type = Type::Enum(["PAID", "PENDING", "REFUNDED"].map(Arc::from).into());
    let mut order = record(&[
        ("id", Type::Text),
        ("name", Type::Text),
        ("createdAt", Type::DateTime),
        ("test", Type::Bool),
        ("note", Type::Text.optional()),
        ("email", Type::Text.optional()),
        ("status", status),
        ("total", Type::MoneyBag),
        ("tip", Type::MoneyBag.optional()),
        ("discount", Type::Decimal.optional()),
        ("quantity", Type::Int),
        ("weight", Type::Decimal),
        ("tags", Type::Text.list()),
        ("customer", named("shop.Customer").optional()),
        ("shippingAddress", named("shop.Address").optional()),
        ("billingAddress", named("shop.Address")),
        ("agreements", named("shop.Agreement").list()),
        ("free", Type::Dyn),
    ]);
    let lines = Field { wire: Wire::Connection, ..Field::of(named("shop.Line").list()) };
    order.insert(Arc::from("lines"), lines);
    env.types.add("shop.Order", order);
    let customer = [("id", Type::Text), ("name", Type::Text.optional())];
    env.types.add("shop.Customer", record(&customer));
    let address = [
        ("company", Type::Text.optional()),
        ("city", Type::Text),
        ("country", Type::Text.optional()),
    ];
    env.types.add("shop.Address", record(&address));
    let agreement = [("reason", Type::Text), ("sales", named("shop.Sale").list())];
    env.types.add("shop.Agreement", record(&agreement));
    let sale = [("kind", Type::Text), ("amount", Type::Money), ("quantity", Type::Int.optional())];
    env.types.add("shop.Sale", record(&sale));
    let line = [("sku", Type::Text.optional()), ("price", Type::Decimal), ("quantity", Type::Int)];
    env.types.add("shop.Line", record(&line));
    env.scope.insert("order".to_owned(), named("shop.Order"));
    env.settings.insert("prefix".to_owned(), Type::Text);
    env.settings.insert("start_date".to_owned(), Type::Date.optional());
    let keys =
        IndexMap::from([("country".to_owned(), Type::Text), ("rate".to_owned(), Type::Decimal)]);
    env.tables.insert("accounts".to_owned(), TableType { keys, value: Type::Int });
    let keys = IndexMap::from([("method".to_owned(), Type::Text)]);
    env.tables.insert("methods".to_owned(), TableType { keys, value: Type::Text.optional() });
    let script = "fn double(x) { x * 2 }\nfn pair(a, b) { [a, b] }";
    env.scripts.insert("own.rhai".to_owned(), script.to_owned());
    env
}

pub(super) fn scope() -> Scope {
    Scope::new().with("order", json::read(INPUT).unwrap())
}

/// Checks every line, and gives their number.
fn check(corpus: &str, judge: impl Fn(&str) -> String) -> usize {
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in corpus.lines().filter(|l| !l.trim().is_empty() && !l.starts_with("##")) {
        let (given, wanted) = line.split_once(" ==> ").unwrap_or_else(|| panic!("{line}"));
        count += 1;
        let found = judge(given.trim());
        if found != wanted.trim() {
            wrong.push(format!("{given}\n    came to {found}\n    wanted  {wanted}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
    count
}

#[test]
fn expressions_come_to_what_the_corpus_says() {
    let (env, scope) = (env(), scope());
    let count = check(include_str!("../../corpus/values.txt"), |text| shown(text, &env, &scope));
    assert!(count >= 400, "only {count} expressions");
}

#[test]
fn findings_are_those_the_corpus_says() {
    let env = env();
    let count = check(include_str!("../../corpus/findings.txt"), |text| {
        let (_, found) = crate::compile_text(text, &env, None);
        super::codes(&found)
    });
    assert!(count >= 200, "only {count} expressions");
}

#[test]
fn precedence_is_what_the_corpus_says() {
    let count = check(include_str!("../../corpus/precedence.txt"), |text| {
        match crate::parse::expression(text) {
            Ok(ast) => print_structure(&ast),
            Err(error) => format!("{} {}", error.code, error.message),
        }
    });
    assert!(count >= 40, "only {count} expressions");
}
