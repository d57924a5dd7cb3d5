//! Settings, tables, scripts, connections: what ties a folder together.

use tenon_mapper::types::Type;
use tenon_value::{Number, Value};

use super::systems::{check, finds, good, is_error, only, shown, with};
use crate::{OnMissing, codes};

const ROOT: &str = "integration.yaml";
const TABLE: &str = "tables/accounts.csv";

fn number(text: &str) -> Value {
    Value::Number(Number::parse(text).unwrap())
}

#[test]
fn a_good_folder_has_no_findings_and_compiles() {
    let (integration, found) = check(&good());
    assert!(found.is_empty(), "{}", shown(&found));
    let integration = integration.unwrap();
    assert_eq!(
        (integration.name.as_str(), integration.title.as_str()),
        ("shop-ledger", "Shop to ledger")
    );
    assert_eq!(integration.connections.keys().collect::<Vec<_>>(), ["shop", "ledger"]);
    assert_eq!(integration.graphs.keys().collect::<Vec<_>>(), ["invoice", "order"]);
    assert_eq!(integration.mappings.keys().collect::<Vec<_>>(), ["customer", "order"]);
}

#[test]
fn settings_have_types_defaults_and_values() {
    let (integration, _) = check(&good());
    let settings = integration.unwrap().settings;
    assert_eq!(settings["prefix"].default, Some(Value::text("A-")));
    assert_eq!(settings["live"].default, Some(Value::Bool(true)));
    assert_eq!(settings["fallback_customer"].type_in_expressions(), Type::Text.optional());
    assert_eq!(settings["since"].type_in_expressions(), Type::Date);
    assert!(settings["since"].required && !settings["fallback_customer"].required);
    assert!(matches!(settings["update"].ty, Type::Enum(_)));
    assert!(settings["update"].read("sometimes").unwrap_err().contains("empty_fields"));
    assert!(settings["since"].read("2026-02-31").is_err());
    assert_eq!(settings["live"].read("false"), Ok(Value::Bool(false)));
}

#[test]
fn tables_have_typed_keys_and_values() {
    let (integration, _) = check(&good());
    let tables = integration.unwrap().tables;
    let table = &tables["accounts"];
    assert_eq!(table.on_missing, OnMissing::Null);
    assert_eq!(table.table_type().value, Type::Int.optional());
    assert_eq!(table.rows.len(), 3);
    let key = Value::of([("country", Value::text("SE")), ("rate", number("25"))]);
    assert_eq!(table.rows[0], (key, number("3001")));
}

#[test]
fn a_folder_needs_its_root() {
    let mut files = good();
    files.remove(ROOT);
    let (integration, found) = check(&files);
    assert!(integration.is_none());
    assert_eq!(found[0].code, "F020");
}

#[test]
fn mistakes_in_settings_are_found() {
    finds(ROOT, "type: bool", "type: boolean", "F026", "boolean");
    finds(ROOT, "default: true", "default: 1", "F026", "1");
    finds(ROOT, "default: \"all\"", "default: \"some\"", "F026", "\"some\"");
    finds(ROOT, "    default: \"A-\"\n", "    defualt: \"A-\"\n", "F003", "defualt");
    finds(ROOT, "  prefix:\n", "  pre-fix:\n  prefix:\n", "F014", "pre-fix");
}

#[test]
fn mistakes_in_connections_are_found() {
    finds(ROOT, "title: Shop to ledger\n", "", "F001", "integration");
    let (_, found) = check(&with(ROOT, "connector: ledger }", "connector: ledgr }"));
    let all: Vec<_> = found.iter().map(|d| (d.code, d.span.text())).collect();
    assert_eq!(all, [("F036", "ledgr")], "{}", shown(&found));
    let (_, found) = check(&with(ROOT, "  ledger: { connector: ledger }\n", ""));
    assert!(found.iter().any(|d| d.code == "F037"));
}

#[test]
fn mistakes_in_tables_are_found() {
    finds(ROOT, "tables/accounts.csv", "tables/account.csv", "F020", "tables/account.csv");
    finds(ROOT, "account: int", "account: integer", "F026", "integer");
    finds(TABLE, "NO\",25,3105", "NO\",25,31O5", "F023", "31O5");
    finds(TABLE, "SE,12,", ",12,", "F023", "");
    finds(TABLE, "SE,12,3002", "SE,12", "F021", "SE");
    finds(TABLE, "\"NO\"", "\"NO\"x", "F021", "\"NO\"");
    finds(TABLE, "SE,12,3002", "SE,25,3002", "F024", "SE");
    finds(
        TABLE,
        "country,rate,account\nSE,25.00,3001\nSE,12,3002\n\"NO\",25,3105\n",
        "country,rate,konto,account\nSE,25,x,3001\n",
        "F022",
        "konto",
    );
    let folded = finds(TABLE, "SE,12,3002", "se,25,3002", "F025", "se");
    assert!(!is_error(&folded));
}

#[test]
fn a_column_that_is_declared_must_stand_in_the_file() {
    let (_, found) = check(&with(TABLE, "country,rate,account", "country,rate,konto"));
    assert_eq!(found.iter().map(|d| d.code).collect::<Vec<_>>(), ["F022", "F022"]);
}

#[test]
fn a_script_that_does_not_compile_is_found_at_its_line() {
    let found = only("scripts/names.rhai", "\"from the note\"", "let x = ;");
    assert_eq!((found.code, found.span.line_column().0), ("F030", 2));
}

#[test]
fn every_code_has_one_page() {
    let mut seen = std::collections::BTreeSet::new();
    for page in codes::PAGES {
        assert!(seen.insert(page.code), "{} stands twice", page.code);
        assert!(page.render().contains(page.title));
    }
}

#[test]
fn every_code_is_provoked_by_a_test() {
    let tests = [
        include_str!("folder.rs"),
        include_str!("flows.rs"),
        include_str!("documents.rs"),
        include_str!("planted.rs"),
        include_str!("inner_steps.rs"),
        include_str!("schedules.rs"),
    ]
    .concat();
    let missing: Vec<&str> = codes::PAGES
        .iter()
        .map(|page| page.code)
        .filter(|code| !tests.contains(&format!("\"{code}\"")))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}
