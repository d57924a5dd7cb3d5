//! Texts: JSON, YAML, expressions, programs, numbers and times, scripts.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use indexmap::IndexMap;
use tenon_mapper::{
    Env, Field, MappingProgram, NoHost, Program, ResourceType, Scope, Scripts, TableType, Type,
    compile_mapping, compile_text, parse, print, print_structure,
};
use tenon_source::{Format, render};
use tenon_value::{Number, Value, json, time};

use super::{fuzz, lines, texts};

pub(super) const VALUES: &str = include_str!("../../../dsl/mapper/corpus/values.txt");
const FINDINGS: &str = include_str!("../../../dsl/mapper/corpus/findings.txt");
const PRECEDENCE: &str = include_str!("../../../dsl/mapper/corpus/precedence.txt");
const ORDER: &str = include_str!("../../../dsl/mapper/corpus/order.json");

fn fields(fields: &[(&str, Type)]) -> IndexMap<Arc<str>, Field> {
    fields.iter().map(|(name, ty)| (Arc::from(*name), Field::of(ty.clone()))).collect()
}

/// An order with lines, as the corpus has it, and a ledger that takes it.
pub(super) static ENV: LazyLock<Env> = LazyLock::new(|| {
    let mut env = Env::default();
    let line = [("sku", Type::Text.optional()), ("price", Type::Decimal), ("quantity", Type::Int)];
    env.types.add("shop.Line", fields(&line));
    let order = [
        ("id", Type::Text),
        ("name", Type::Text),
        ("note", Type::Text.optional()),
        ("createdAt", Type::DateTime),
        ("total", Type::MoneyBag),
        ("discount", Type::Decimal.optional()),
        ("quantity", Type::Int),
        ("tags", Type::Text.list()),
        ("free", Type::Dyn),
        ("lines", Type::named("shop.Line").list()),
    ];
    env.types.add("shop.Order", fields(&order));
    let row = [("Article", Type::Text), ("Price", Type::Decimal), ("Quantity", Type::Int)];
    env.types.add("ledger.Row", fields(&row));
    let write = [
        ("Customer", Type::Text),
        ("Name", Type::Text.optional()),
        ("Day", Type::Date.optional()),
        ("Amount", Type::Decimal.optional()),
        ("Rows", Type::named("ledger.Row").list().optional()),
    ];
    env.types.add("ledger.Order", fields(&write));
    for (resource, ty) in [("shop.order", "shop.Order"), ("ledger.order", "ledger.Order")] {
        let ty = Type::named(ty);
        env.resources.insert(resource.to_owned(), ResourceType { record: ty.clone(), write: ty });
    }
    env.scope.insert("order".to_owned(), Type::named("shop.Order"));
    env.settings.insert("prefix".to_owned(), Type::Text);
    let keys =
        IndexMap::from([("country".to_owned(), Type::Text), ("rate".to_owned(), Type::Decimal)]);
    env.tables.insert("accounts".to_owned(), TableType { keys, value: Type::Int });
    env
});

pub(super) static ORDER_SCOPE: LazyLock<Scope> =
    LazyLock::new(|| Scope::new().with("order", json::read(ORDER).unwrap()));

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn any_bytes_are_json_or_refused() {
    let seeds = texts(&[
        ORDER,
        r#"{"a":[1,2.50,-3e2,true,false,null,"x\n\u00e5\ud83d\ude00"],"b":{}}"#,
        "[[[[]]]]",
        "1234567890.123456789",
        "\"\"",
    ]);
    fuzz("json", &seeds, |bytes| {
        if let Ok(value) = json::read_bytes(bytes) {
            let written = json::write(&value);
            let again = json::read(&written).unwrap_or_else(|e| panic!("{written}: {e}"));
            assert_eq!(json::write(&again), written);
            assert_eq!(json::write(&json::read(&json::write_pretty(&value)).unwrap()), written);
        }
    });
}

#[test]
fn any_bytes_are_yaml_or_refused() {
    let seeds = texts(&[
        include_str!("../../../workflows/shopify-fortnox/integration.yaml"),
        include_str!("../../../workflows/shopify-fortnox/order.flow.yaml"),
        "a: [1, {b: c}, 'd', \"e\\n\"]\nf: |\n  g\n  h\ni: >-\n  j\n",
        "- &a x\n- *a\n- !!int 3\n- ? k\n  : v\n",
    ]);
    fuzz("yaml", &seeds, |bytes| {
        let (document, found) = tenon_source::load_bytes("x.yaml", bytes);
        for format in [Format::Human { color: false }, Format::Json, Format::Github] {
            assert!(found.is_empty() || !render(&found, format).is_empty());
        }
        for finding in &found {
            let fixes: Vec<_> = finding.fix.iter().cloned().collect();
            let _ = tenon_source::apply_fixes(&document.file.text, &fixes);
        }
    });
}

#[test]
fn any_text_is_an_expression_or_refused_and_prints_as_itself() {
    let seeds = [lines(VALUES), lines(FINDINGS), lines(PRECEDENCE)].concat();
    fuzz("expression", &seeds, |bytes| {
        let text = text(bytes);
        if let Ok(ast) = parse::expression(&text) {
            let printed = print(&ast);
            let again =
                parse::expression(&printed).unwrap_or_else(|e| panic!("{text}\n{printed}\n{e:?}"));
            assert_eq!(print_structure(&again), print_structure(&ast), "{printed}");
        }
        let _ = parse::template(&text);
    });
}

#[test]
fn any_expression_is_checked_and_evaluated_or_refused() {
    let seeds = [lines(VALUES), lines(FINDINGS)].concat();
    let open = Env { open: true, ..Env::default() };
    fuzz("compile", &seeds, |bytes| {
        let text = text(bytes);
        for env in [&*ENV, &open] {
            let (compiled, found) = compile_text(&text, env, None);
            if !found.is_empty() {
                assert!(!render(&found, Format::Human { color: false }).is_empty());
            }
            if let Some(compiled) = compiled {
                let host = NoHost::default();
                let once = compiled.program.eval(&ORDER_SCOPE, &host);
                assert_eq!(once, compiled.program.eval(&ORDER_SCOPE, &host), "{text}");
            }
        }
    });
}

const MAPPINGS: [&str; 3] = [
    "mapping: order\nfrom: { order: shop.order }\nto: ledger.order\nmoney: { rounding: half_up }\nlet:\n  half: round(order.total / 2, 2)\nfields:\n  Customer: order.name\n  Amount: half\n  Name:\n    first: [order.note, order.name]\n    else: fail(\"NAME\", \"none\")\n  Day: date(order.createdAt, \"Europe/Stockholm\")\n  Rows:\n    - each: order.lines[where it.quantity > 1]\n      as: line\n      index: n\n      fields:\n        Article: line.sku // \"x\"\n        Price: line.price\n        Quantity: line.quantity\n    - row: |\n        { Article = \"r\", Price = 1, Quantity = 1 }\n      when: order.quantity > 2\nchecks:\n  - count(out.Rows) > 0\n",
    "mapping: order\nfrom: { order: shop.order }\nto: ledger.order\nfields:\n  Customer: \"{order.name}-1\"\n  Name: keep\n",
    "mapping: order\nfrom: { order: shop.order }\nto: ledger.order\nfields:\n  Customer: |\n    match order.quantity { 1 => \"a\", n => \"{n}\" }\n  Rows:\n    - each: order.lines\n      as: line\n      on_fault: drop\n      fields: { Article: \"1\", Price: line.price, Quantity: 1 }\n",
];

#[test]
fn any_mapping_document_is_compiled_and_run_or_refused() {
    fuzz("mapping", &texts(&MAPPINGS), |bytes| {
        let (document, _) = tenon_source::load_bytes("order.map.yaml", bytes);
        let (compiled, found) = compile_mapping(&document, &ENV, &BTreeMap::new());
        let _ = render(&found, Format::Json);
        if let Some(compiled) = compiled {
            let _ = compiled.program.run(&ORDER_SCOPE, &NoHost::default(), None, None);
        }
    });
}

#[test]
fn any_text_is_a_compiled_program_or_refused() {
    let mut seeds: Vec<Vec<u8>> = lines(VALUES)
        .iter()
        .filter_map(|line| compile_text(&text(line), &ENV, None).0)
        .map(|compiled| compiled.program.to_text().into_bytes())
        .collect();
    for mapping in MAPPINGS {
        let (document, _) = tenon_source::load_bytes("order.map.yaml", mapping.as_bytes());
        let (compiled, found) = compile_mapping(&document, &ENV, &BTreeMap::new());
        let compiled = compiled.unwrap_or_else(|| panic!("{found:#?}"));
        seeds.push(compiled.program.to_text().into_bytes());
    }
    fuzz("program", &seeds, |bytes| {
        let text = text(bytes);
        if let Ok(program) = Program::from_text(&text) {
            assert_eq!(Program::from_text(&program.to_text()).as_ref(), Ok(&program));
            let _ = program.eval(&ORDER_SCOPE, &NoHost::default());
        }
        if let Ok(program) = MappingProgram::from_text(&text) {
            let _ = program.run(&ORDER_SCOPE, &NoHost::default(), None, None);
        }
    });
}

#[test]
fn any_text_is_a_number_or_a_time_or_refused() {
    let seeds = texts(&[
        "2026-11-24T10:00:00.000+01:00",
        "2026-03-29",
        "1h30m",
        "7d",
        "-12.50",
        "1.5e-3",
        "Europe/Stockholm",
        "9999-12-31T23:59:60Z",
    ]);
    fuzz("times", &seeds, |bytes| {
        let text = text(bytes);
        if let Ok(number) = Number::parse(&text) {
            assert_eq!(Number::parse(&number.to_string()), Ok(number), "{text}");
        }
        if let Some(at) = time::parse_datetime(&text) {
            assert_eq!(time::parse_datetime(&time::format_datetime(&at)), Some(at), "{text}");
        }
        if let Some(ms) = time::parse_duration(&text) {
            assert_eq!(time::parse_duration(&time::format_duration(ms)), Some(ms), "{text}");
        }
        let _ = (time::parse_date(&text), time::zone(&text));
    });
}

#[test]
fn any_text_is_a_script_or_refused() {
    let seeds = texts(&[
        "fn double(x) { x * 2 }\nfn pair(a, b) { [a, b] }",
        "fn f(o) { let n = 0; for r in o.rows { n += r.q; } #{ n: n, none: o.note } }",
        "fn f(x) { if x > 1.5 { \"a\" + x } else { switch x { 1 => 2, _ => () } } }",
    ]);
    fuzz("script", &seeds, |bytes| {
        let files = BTreeMap::from([("s.rhai".to_owned(), text(bytes))]);
        let (scripts, found) = Scripts::compile(&files);
        if found.is_empty() {
            let _ = scripts.call("s.rhai::double", &[Value::from(3_i64)]);
        }
    });
}
