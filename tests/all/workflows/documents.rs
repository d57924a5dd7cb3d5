//! The integration's test documents, by the loader that `tenon test` uses: each holds, each says in
//! `because` why, and none holds when it is off by an öre. Where a `because` begins with a
//! calculation, `149.00 + 49.00 = 198.00`, the calculation is made too.

use std::collections::BTreeMap;
use std::path::Path;

use tenon_flow::Integration;
use tenon_flow::test_documents::{Around, TestReport, Told, run_tests, worth};
use tenon_mapper::{MappingProgram, Scope};
use tenon_sandbox::shopify::kinds::{self, Kind};
use tenon_sandbox::shopify::shop::Stored;
use tenon_value::{Number, Value, json, time};

use super::{project, stage};

/// An order of a kind as the connector reads it.
pub fn order(kind: &str, draw: u64) -> Value {
    let kind = Kind::named(kind).unwrap_or_else(|| panic!("there is no kind `{kind}`"));
    let order = kinds::make(kind, 1001, stage::NOW_MS - 7_200_000, draw).unwrap();
    json::read(&Stored::new(order).unwrap().graph.to_string()).unwrap()
}

/// Files of the folder `tests` by name.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let entries = std::fs::read_dir(folder.join("tests")).unwrap().map(|e| e.unwrap().path());
    let read = |path: std::path::PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, std::fs::read_to_string(path).unwrap())
    };
    entries.filter(|path| path.is_file()).map(read).collect()
}

/// Tests of mappings as they run here; the binary runs those of flows.
fn run(files: &BTreeMap<String, String>, integration: &Integration) -> TestReport {
    let around = Around {
        order: &|kind, draw| Kind::named(kind).map(|_| order(kind, draw)),
        kinds: &[],
        flow: &|_| Err("flows are run by the binary".to_owned()),
        started_at: time::from_millis(stage::NOW_MS).unwrap(),
        update: false,
    };
    run_tests("tests/", files, integration, &around)
}

/// Every test of a mapping as a document of its own, with the files beside it.
fn documents(all: &BTreeMap<String, String>) -> Vec<BTreeMap<String, String>> {
    let mut documents = Vec::new();
    for (name, text) in all.iter().filter(|(name, _)| name.ends_with(".test.yaml")) {
        for test in text.split("\n- test:").skip(usize::from(!text.starts_with("- test:"))) {
            let test = format!("- test:{}\n", test.trim_start_matches("- test:"));
            if test.contains("\n  mapping:") {
                let beside = all.iter().filter(|(name, _)| !name.ends_with(".test.yaml"));
                let mut alone: BTreeMap<_, _> =
                    beside.map(|(n, t)| (n.clone(), t.clone())).collect();
                alone.insert(name.clone(), test);
                documents.push(alone);
            }
        }
    }
    documents
}

/// The same document with one expectation changed each: an öre more, another bool, text or code.
fn corrupted(document: &BTreeMap<String, String>) -> Vec<BTreeMap<String, String>> {
    let (name, text) = document.iter().find(|(name, _)| name.ends_with(".test.yaml")).unwrap();
    let is = regex::Regex::new(r#"(?m)(\bis: |^  fault: )("[^"]*"|[^,\s]+)"#).unwrap();
    let change = |found: &regex::Captures<'_>| {
        let value = &found[2];
        let changed = match (value, Number::parse(value)) {
            ("true", _) => "false".to_owned(),
            ("false", _) => "true".to_owned(),
            ("missing", _) => "0".to_owned(),
            (_, Ok(number)) => number.add(Number::parse("0.01").unwrap()).unwrap().to_string(),
            (text, _) if text.starts_with('"') => format!("{} \"", text.trim_end_matches('"')),
            (code, _) => format!("{code}X"),
        };
        let all = found.get(2).unwrap().range();
        let text = format!("{}{changed}{}", &text[..all.start], &text[all.end..]);
        let mut document = document.clone();
        document.insert(name.clone(), text);
        document
    };
    is.captures_iter(text).map(|found| change(&found)).collect()
}

/// Why the calculation that a text begins with does not come to the value; none where it does.
fn wrong_sum(because: &str, is: &Value) -> Option<String> {
    let (left, right) = because.split(':').next()?.split_once(" = ")?;
    let (left, right) = match (worth(left, Vec::new()), worth(right, Vec::new())) {
        (Ok(left), Ok(right)) => (left, right),
        (Err(error), _) | (_, Err(error)) => return Some(error),
    };
    let same =
        left.as_number()? == right.as_number()? && Some(right.as_number()?) == is.as_number();
    (!same).then(|| {
        format!(
            "{because}: {} and {}, not {}",
            json::write(&left),
            json::write(&right),
            json::write(is)
        )
    })
}

#[test]
fn every_test_document_holds_and_no_expectation_holds_when_it_is_off_by_an_öre() {
    let integration = project::shipped();
    let all = files(&project::folder());
    let mut count = 0;
    for document in documents(&all) {
        let report = run(&document, &integration);
        assert!(report.found.is_empty() && report.ran.len() == 1, "{report:?}");
        assert_eq!(report.ran[0].wrong, Vec::<String>::new(), "{}", report.ran[0].title);
        for changed in corrupted(&document) {
            let report = run(&changed, &integration);
            assert!(report.fails(), "holds when changed: {changed:?}");
            count += 1;
        }
    }
    assert!(count >= 60, "{count} expectations");
}

#[test]
fn every_expectation_says_why_and_its_calculation_is_right() {
    let mut folder: Vec<_> = files(&project::folder()).into_keys().collect();
    folder.retain(|name| name.ends_with(".test.yaml"));
    for name in folder {
        for test in project::yaml(&project::folder().join("tests").join(&name)).items() {
            for expected in test.field("expects").items() {
                let of = expected.field("of").as_text().expect("of");
                let because = expected.field("because").as_text().unwrap_or_default();
                assert!(!because.is_empty(), "{name}: {of} does not say because of what");
                let wrong = wrong_sum(because, expected.field("is"));
                assert_eq!(wrong, None, "{name}: {of}");
            }
        }
    }
}

#[test]
fn the_integrations_and_examples_tests_hold_by_the_binary_too() {
    for folder in ["workflows/shopify-fortnox", "examples/first-mapping"] {
        let folder = project::root().join(folder);
        let out = crate::program::run(&["test", folder.to_str().unwrap()]);
        let said = String::from_utf8_lossy(&out.stdout).into_owned();
        assert!(out.status.success(), "{said}{}", String::from_utf8_lossy(&out.stderr));
        assert!(said.contains(", 0 failed"), "{said}");
    }
}

#[test]
fn the_ledgers_sum_over_the_rows_is_what_the_shop_sold_for_every_kind_and_many_draws() {
    let integration = project::shipped();
    let mut made = 0;
    for (kind, name, _) in Kind::ALL.iter().filter(|(kind, ..)| *kind != Kind::ManyRows) {
        for (draw, vat_in_rows) in (0..6).flat_map(|draw| [(draw, true), (draw, false)]) {
            for presentment in [false, true] {
                let settings = Value::of([
                    ("vat_in_rows", Value::from(vat_in_rows)),
                    ("use_presentment_currency", Value::from(presentment)),
                    ("collective_customer", Value::text("WEBB")),
                ]);
                let test = Value::of([("settings", settings)]);
                let order = order(name, draw);
                match record_of(&order, &test, &integration) {
                    Ok(record) => {
                        rows_add_up(&record, &order, presentment, name);
                        made += 1;
                    }
                    Err(code) => {
                        let faulty = [
                            Kind::UnknownPayment,
                            Kind::GiftCardSold,
                            Kind::UnknownRate,
                            Kind::UnknownCurrency,
                        ];
                        assert!(faulty.contains(kind), "{name}, draw {draw}: {code}");
                    }
                }
            }
        }
    }
    assert!(made > 600, "{made}");
}

/// What the mapping `order` makes of an order; the code where it is a fault.
fn record_of(order: &Value, test: &Value, integration: &Integration) -> Result<Value, String> {
    let program = MappingProgram::from_text(&integration.mappings["order"].0).unwrap();
    let scope = Scope::new().with("order", order.clone());
    let told = Told::new(test, integration, time::from_millis(stage::NOW_MS).unwrap()).unwrap();
    match program.run(&scope, &told, None, None) {
        Ok(made) => Ok(made.record),
        Err(error) => Err(error.into_fault().map_or("skip".to_owned(), |f| f.code.to_string())),
    }
}

/// The total as the ledger computes it, from the written rows alone: the rates of Finland stand on
/// their accounts.
fn rows_add_up(record: &Value, order: &Value, presentment: bool, name: &str) {
    let side = if presentment { "presentmentMoney" } else { "shopMoney" };
    let sum = "sum(record.OrderRows, r => let t = number(r.Price) * number(r.OrderedQuantity) - number(r.Discount) in \
         if record.VATIncluded then t else t + round(t * (r.VAT ?? 25.5) / 100, 2, \"half_up\"))";
    let sold = format!(
        "sum(order.agreements[where it.reason != \"REFUND\"].sales[], s => number(s.totalAmount.{side}.amount))"
    );
    let names = || vec![("record", record.clone()), ("order", order.clone())];
    let (ours, theirs) = (worth(sum, names()).unwrap(), worth(&sold, names()).unwrap());
    assert_eq!(ours.as_number(), theirs.as_number(), "{name}: {record:?}");
}
