//! The integration's test documents: a mapping's record, value by value, each with its arithmetic.
//!
//! A document names an order of the sandbox by `kind` (or an `input` file), a `mapping`, `settings`,
//! `references`, further table `rows`, and what it `expects`: the value `of` an expression over
//! `record` and `order`, or a `fault` by its code. Each expectation says why in `because`; where that
//! begins with a calculation, `149.00 + 49.00 = 198.00`, the calculation is made too.

use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset};
use tenon_flow::Integration;
use tenon_mapper::{
    Env, EvalError, Host, MappingProgram, NoHost, ReadKey, Scope, Scripts, Type, compile_text,
    table_key,
};
use tenon_sandbox::shopify::kinds::{self, Kind};
use tenon_sandbox::shopify::shop::Stored;
use tenon_value::{Number, Value, json};

use super::{project, stage};

/// What is stored, as far as a test document says it.
struct Told {
    settings: BTreeMap<String, Value>,
    references: Value,
    rows: BTreeMap<String, Vec<(Value, Value)>>,
    scripts: Scripts,
}

impl Told {
    fn new(integration: &Integration, test: &Value) -> Told {
        let mut settings: BTreeMap<String, Value> = integration
            .settings
            .iter()
            .filter_map(|(name, setting)| Some((name.clone(), setting.default.clone()?)))
            .collect();
        for (name, value) in test.field("settings").as_record().into_iter().flatten() {
            assert!(integration.settings.contains_key(&**name), "there is no setting {name}");
            settings.insert(name.to_string(), value.clone());
        }
        let mut rows: BTreeMap<String, Vec<(Value, Value)>> =
            integration.tables.iter().map(|(name, t)| (name.clone(), t.rows.clone())).collect();
        for (table, more) in test.field("rows").as_record().into_iter().flatten() {
            let added = more
                .items()
                .iter()
                .map(|row| (row.field("key").clone(), row.field("value").clone()));
            rows.get_mut(&**table).expect("a table of the integration").extend(added);
        }
        let (scripts, _) = Scripts::compile(&integration.scripts);
        Told { settings, references: test.field("references").clone(), rows, scripts }
    }
}

impl Host for Told {
    fn read(&self, key: &ReadKey) -> Result<Value, EvalError> {
        Ok(match key {
            ReadKey::Lookup { table, key } => {
                let row = self.rows[table].iter().find(|(row, _)| table_key(row) == *key);
                row.map_or(Value::Missing, |(_, value)| value.clone())
            }
            ReadKey::Reference { entity, .. } => self.references.field(entity).clone(),
            ReadKey::References { .. } | ReadKey::Sent { .. } => Value::Missing,
            ReadKey::Setting { name } => self.settings.get(name).cloned().unwrap_or_default(),
        })
    }

    fn scripts(&self) -> &Scripts {
        &self.scripts
    }

    fn started_at(&self) -> DateTime<FixedOffset> {
        tenon_value::time::from_millis(stage::NOW_MS).unwrap()
    }
}

/// An order of a kind as the connector reads it.
pub fn order(kind: &str, draw: u64) -> Value {
    let kind = Kind::named(kind).unwrap_or_else(|| panic!("there is no kind `{kind}`"));
    let order = kinds::make(kind, 1001, stage::NOW_MS - 7_200_000, draw).unwrap();
    json::read(&Stored::new(order).unwrap().graph.to_string()).unwrap()
}

fn shown(value: &Value) -> String {
    match value {
        Value::Missing => "missing".to_owned(),
        Value::Text(text) => text.to_string(),
        other => json::write(other),
    }
}

/// The value of an expression over these names.
fn worth(expression: &str, names: &[(&str, &Value)]) -> Result<Value, String> {
    let mut env = Env { open: true, ..Env::default() };
    let mut scope = Scope::new();
    for (name, value) in names {
        env.scope.insert((*name).to_owned(), Type::Dyn);
        scope.set(name, (*value).clone());
    }
    let (compiled, found) = compile_text(expression, &env, None);
    let compiled = compiled.ok_or_else(|| format!("{expression}: {}", found[0].message))?;
    compiled.program.eval(&scope, &NoHost::default()).map_err(|e| format!("{expression}: {e:?}"))
}

/// A document with the mapping's outcome.
struct Case {
    name: String,
    test: Value,
    order: Value,
    made: Result<Value, String>,
}

impl Case {
    fn run(name: &str, test: Value, integration: &Integration) -> Case {
        let draw = test.field("draw").as_number().and_then(|n| n.to_i64()).unwrap_or(0);
        let order = match test.field("input").as_text() {
            Some(file) => {
                let path = project::folder().join("tests").join(file);
                json::read(&std::fs::read_to_string(path).unwrap()).unwrap()
            }
            None => order(test.field("kind").as_text().expect("a kind"), draw.try_into().unwrap()),
        };
        let mapping = test.field("mapping").as_text().expect("a mapping");
        let program = MappingProgram::from_text(&integration.mappings[mapping].0).unwrap();
        let mut scope = Scope::new();
        scope.set("order", order.clone());
        scope.set("erp_order", test.field("erp_order").clone());
        let made = match program.run(&scope, &Told::new(integration, &test), None, None) {
            Ok(made) => Ok(made.record),
            Err(error) => Err(error.into_fault().map_or("skip".to_owned(), |f| f.code.to_string())),
        };
        Case { name: name.to_owned(), test, order, made }
    }

    fn expectations(&self) -> usize {
        self.test.field("expects").items().len()
            + usize::from(!self.test.field("fault").is_absent())
    }

    /// What is not as expected; with the expectation of that number changed by 0.01.
    fn differs(&self, corrupt: Option<usize>) -> Vec<String> {
        let mut all = Vec::new();
        let record = match (&self.made, self.test.field("fault").plain()) {
            (Err(code), Some(fault)) => {
                let fault = if corrupt.is_some() { format!("{fault}X") } else { fault };
                return if *code == fault {
                    all
                } else {
                    vec![format!("fault {code}, not {fault}")]
                };
            }
            (Ok(record), Some(fault)) => return vec![format!("no fault {fault}: {record:?}")],
            (Err(code), None) => return vec![format!("fault {code}")],
            (Ok(record), None) => record,
        };
        for (n, expected) in self.test.field("expects").items().iter().enumerate() {
            let of = expected.field("of").as_text().expect("of");
            let mut is = expected.field("is").clone();
            if corrupt == Some(n) {
                is = corrupted(&is);
            }
            match worth(of, &[("record", record), ("order", &self.order)]) {
                Ok(value) if shown(&value) == shown(&is) => {}
                Ok(value) => all.push(format!("{of} is {}, not {}", shown(&value), shown(&is))),
                Err(error) => all.push(error),
            }
            let because = expected.field("because").as_text().unwrap_or_default();
            if because.is_empty() {
                all.push(format!("{of} does not say because of what"));
            }
            if corrupt.is_none() {
                all.extend(wrong_sum(because, &is));
            }
        }
        all.into_iter().map(|what| format!("{}: {what}", self.name)).collect()
    }
}

/// Why the calculation that a text begins with does not come to the value; none where it does.
fn wrong_sum(because: &str, is: &Value) -> Option<String> {
    let (left, right) = because.split(':').next()?.split_once(" = ")?;
    let (left, right) = match (worth(left, &[]), worth(right, &[])) {
        (Ok(left), Ok(right)) => (left, right),
        (Err(error), _) | (_, Err(error)) => return Some(error),
    };
    let same =
        left.as_number()? == right.as_number()? && Some(right.as_number()?) == is.as_number();
    (!same).then(|| format!("{because}: {} and {}, not {}", shown(&left), shown(&right), shown(is)))
}

fn corrupted(value: &Value) -> Value {
    let öre = Number::parse("0.01").unwrap();
    match value {
        Value::Number(number) => Value::from(number.add(öre).unwrap()),
        Value::Bool(truth) => Value::from(!truth),
        other => Value::from(format!("{} ", shown(other))),
    }
}

fn cases() -> Vec<Case> {
    let integration = project::shipped();
    let mut files: Vec<_> = std::fs::read_dir(project::folder().join("tests"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with(".test.yaml"))
        .collect();
    files.sort();
    let mut cases = Vec::new();
    for path in files {
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        for test in project::yaml(&path).items() {
            let title = test.field("test").as_text().expect("a title");
            cases.push(Case::run(&format!("{file}, {title}"), test.clone(), &integration));
        }
    }
    cases
}

#[test]
fn every_test_document_holds_and_no_expectation_holds_when_it_is_off_by_an_öre() {
    let cases = cases();
    let wrong: Vec<String> = cases.iter().flat_map(|case| case.differs(None)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let mut count = 0;
    for case in &cases {
        assert!(case.expectations() > 0, "{} expects nothing", case.name);
        for n in 0..case.expectations() {
            assert_eq!(
                case.differs(Some(n)).len(),
                1,
                "{}: expectation {n} holds when changed",
                case.name
            );
            count += 1;
        }
    }
    println!("{} documents, {count} expectations", cases.len());
    assert!(count >= 60, "{count} expectations");
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
                let test = Value::of([
                    ("kind", Value::text(name)),
                    ("draw", Value::from(draw)),
                    ("mapping", Value::text("order")),
                    ("settings", settings),
                ]);
                let case = Case::run(name, test, &integration);
                match &case.made {
                    Ok(record) => {
                        rows_add_up(record, &case.order, presentment, name);
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

/// The total as the ledger computes it, from the written rows alone: the rates of Finland stand on
/// their accounts.
fn rows_add_up(record: &Value, order: &Value, presentment: bool, name: &str) {
    let side = if presentment { "presentmentMoney" } else { "shopMoney" };
    let sum = "sum(record.OrderRows, r => let t = number(r.Price) * number(r.OrderedQuantity) - number(r.Discount) in \
         if record.VATIncluded then t else t + round(t * (r.VAT ?? 25.5) / 100, 2, \"half_up\"))";
    let sold = format!(
        "sum(order.agreements[where it.reason != \"REFUND\"].sales[], s => number(s.totalAmount.{side}.amount))"
    );
    let names = [("record", record), ("order", order)];
    let (ours, theirs) = (worth(sum, &names).unwrap(), worth(&sold, &names).unwrap());
    assert_eq!(ours.as_number(), theirs.as_number(), "{name}: {record:?}");
}
