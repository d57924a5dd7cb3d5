//! `tenon bench mapper`: an order becomes an invoice, by the evaluator and by hand.
//!
//! Both make the same bytes from the same parsed order; that is asserted before anything is timed.
//! Each figure is the best of many short rounds, the two sides in turn: so it is that of the machine
//! while nothing else ran on it.

mod by_hand;
mod orders;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, FixedOffset};
use tenon_flow::Integration;
use tenon_mapper::{
    Env, EvalError, Host, MappingProgram, ReadKey, ResourceType, Scope, Scripts, Types, table_key,
};
use tenon_source::{File, Severity};
use tenon_value::{Number, Value, json};

use crate::exit::Failure;
use crate::project::{self, Connectors};

/// Rounds of which the best counts.
const ROUNDS: u32 = 250;
/// How long one side runs in a round.
const ROUND: Duration = Duration::from_millis(2);
/// Steps of the calibration loop.
const CALIBRATION: u64 = 2_000_000;

/// What was measured for one number of rows.
pub struct Figures {
    /// Rows of the order.
    pub rows: u32,
    /// Nanoseconds of one evaluation.
    pub ours_ns: u64,
    /// Nanoseconds of the same by hand.
    pub by_hand_ns: u64,
    /// Microseconds to check and compile a mapping of 60 fields.
    pub compile_us: u64,
    /// Microseconds of a fixed loop of two million steps of four cycles: the speed of the machine.
    pub calibration_us: u64,
}

impl Figures {
    /// As `tenon bench mapper` prints them.
    pub fn to_value(&self) -> Value {
        Value::of([
            ("rows", Value::from(i64::from(self.rows))),
            ("us_per_eval", thousandths(self.ours_ns)),
            ("us_hand_written", thousandths(self.by_hand_ns)),
            ("ratio", thousandths(self.ours_ns * 1_000 / self.by_hand_ns.max(1))),
            ("compile_ms", thousandths(self.compile_us)),
            ("calibration", thousandths(self.calibration_us)),
        ])
    }
}

/// What a row of the larger order costs for each row of the smaller, in thousandths, by the
/// evaluator and by hand: 1000 where the cost grows with the rows alone.
pub fn growth(smaller: &Figures, larger: &Figures) -> (u64, u64) {
    let of = |small: u64, large: u64| {
        let rows = u64::from(smaller.rows.max(1)) * 1_000 / u64::from(larger.rows.max(1));
        large * rows / small.max(1)
    };
    (of(smaller.ours_ns, larger.ours_ns), of(smaller.by_hand_ns, larger.by_hand_ns))
}

fn thousandths(number: u64) -> Value {
    let text = format!("{}.{:03}", number / 1_000, number % 1_000);
    Number::parse(&text).map_or(Value::Missing, Value::from)
}

/// The documents that are measured.
fn files() -> BTreeMap<String, String> {
    let texts = [
        ("integration.yaml", include_str!("integration.yaml")),
        ("invoice.map.yaml", include_str!("invoice.map.yaml")),
        ("tables/sales_accounts.csv", include_str!("sales_accounts.csv")),
    ];
    texts.map(|(path, text)| (path.to_owned(), text.to_owned())).into()
}

/// Measures orders of so many rows each.
///
/// # Errors
/// When the mapping and the code by hand do not agree, or the documents do not load.
pub fn run(rows: &[u32]) -> Result<Vec<Figures>, Failure> {
    let connectors = project::connectors()?;
    let (integration, found) = tenon_flow::load_integration(&files(), &connectors);
    let integration = integration
        .ok_or_else(|| Failure::internal(tenon_source::render(&found, project::human())))?;
    let compile_us = compile_us(&integration, &connectors)?;
    let calibration_us = calibration_us();
    let mapping = integration.mappings.get("invoice");
    let program = mapping.and_then(|program| MappingProgram::from_text(&program.0).ok());
    let program = program.ok_or_else(|| Failure::internal("the mapping does not load"))?;
    let host = Stored::new(&integration);
    let known = known(&host)?;
    let names = by_hand::Names::default();
    let mut figures = Vec::new();
    for rows in rows {
        let order = json::read(&orders::order(*rows))
            .map_err(|e| Failure::internal(format!("the order: {e}")))?;
        let scope = Scope::from([("order", order.clone())]);
        let ours = || program.run(&scope, &host, None, None).map(|made| made.record);
        let by_hand = || by_hand::invoice(&order, &known, &names);
        let made = ours().map_err(|e| Failure::internal(format!("the mapping: {e:?}")))?;
        let wanted = by_hand().map_err(|e| Failure::internal(format!("by hand: {}", e.0)))?;
        if json::write(&made) != json::write(&wanted) {
            return Err(Failure::internal("the mapping and the code by hand do not agree"));
        }
        let (mut ours_ns, mut by_hand_ns) = (u64::MAX, u64::MAX);
        for _ in 0..ROUNDS {
            ours_ns = ours_ns.min(each_ns(|| drop(black_box(ours()))));
            by_hand_ns = by_hand_ns.min(each_ns(|| drop(black_box(by_hand()))));
        }
        figures.push(Figures { rows: *rows, ours_ns, by_hand_ns, compile_us, calibration_us });
    }
    Ok(figures)
}

fn now() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
    Instant::now()
}

/// Nanoseconds of one call, over a round.
fn each_ns(mut call: impl FnMut()) -> u64 {
    let began = now();
    let mut calls = 0_u64;
    while began.elapsed() < ROUND {
        for _ in 0..4 {
            call();
        }
        calls += 4;
    }
    u64::try_from(began.elapsed().as_nanos() / u128::from(calls.max(1))).unwrap_or(u64::MAX)
}

/// A fixed loop of multiplications and rotations, each of which needs the one before; the factor is
/// hidden from the compiler. A step takes a processor of today 4 cycles, so 2 ms are 4 GHz: figures of
/// two machines are compared by it.
fn calibration_us() -> u64 {
    let took = (0..10).map(|_| {
        let began = now();
        let (mut state, factor) = black_box((1_u64, 6_364_136_223_846_793_005_u64));
        for _ in 0..CALIBRATION {
            state = state.wrapping_mul(factor).rotate_left(9);
        }
        black_box(state);
        u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX)
    });
    took.min().unwrap_or(0)
}

/// Microseconds to check and compile a mapping of 60 fields, the best of some rounds.
fn compile_us(integration: &Integration, connectors: &Connectors) -> Result<u64, Failure> {
    let mut types = Types::default();
    let mut resources = BTreeMap::new();
    for (connection, of) in &integration.connections {
        let Some(connector) = connectors.get(&of.connector) else { continue };
        types.extend(connector.types());
        for resource in connector.resources() {
            let pair =
                ResourceType { record: resource.record.clone(), write: resource.write.clone() };
            resources.insert(format!("{connection}.{}", resource.name), pair);
        }
    }
    let settings = integration.settings.iter();
    let tables = integration.tables.iter();
    let env = Env {
        types,
        resources,
        settings: settings.map(|(name, s)| (name.clone(), s.type_in_expressions())).collect(),
        tables: tables.map(|(name, table)| (name.clone(), table.table_type())).collect(),
        ..Env::default()
    };
    let file = Arc::new(File { path: "sixty.map.yaml".to_owned(), text: orders::sixty() });
    let mut best = u64::MAX;
    for _ in 0..20 {
        let began = now();
        let (document, mut found) = tenon_source::load(Arc::clone(&file));
        let (compiled, more) = tenon_mapper::compile_mapping(&document, &env, &BTreeMap::new());
        let took = began.elapsed();
        found.extend(more);
        found.retain(|finding| finding.severity == Severity::Error);
        if compiled.is_none() || !found.is_empty() {
            return Err(Failure::internal(tenon_source::render(&found, project::human())));
        }
        best = best.min(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }
    Ok(best)
}

/// Settings and tables as they were shipped.
struct Stored {
    settings: BTreeMap<String, Value>,
    tables: BTreeMap<String, Vec<(Value, Value)>>,
    scripts: Scripts,
}

impl Stored {
    fn new(integration: &Integration) -> Stored {
        let settings = integration.settings.iter();
        let tables = integration.tables.iter().map(|(name, table)| {
            let rows = table.rows.iter().map(|(key, value)| (table_key(key), value.clone()));
            (name.clone(), rows.collect())
        });
        Stored {
            settings: settings
                .filter_map(|(name, setting)| Some((name.clone(), setting.default.clone()?)))
                .collect(),
            tables: tables.collect(),
            scripts: Scripts::default(),
        }
    }

    fn text(&self, name: &str) -> Arc<str> {
        Arc::from(self.settings.get(name).and_then(Value::as_text).unwrap_or_default())
    }
}

impl Host for Stored {
    fn read(&self, key: &ReadKey) -> Result<Value, EvalError> {
        Ok(match key {
            ReadKey::Lookup { table, key } => {
                let mut rows = self.tables.get(&**table).into_iter().flatten();
                let row = rows.find(|(row, _)| same_key(row, key));
                row.map_or(Value::Missing, |(_, value)| value.clone())
            }
            ReadKey::Setting { name } => self.settings.get(&**name).cloned().unwrap_or_default(),
            ReadKey::Reference { .. } | ReadKey::References { .. } | ReadKey::Sent { .. } => {
                Value::Missing
            }
        })
    }

    fn scripts(&self) -> &Scripts {
        &self.scripts
    }

    fn started_at(&self) -> DateTime<FixedOffset> {
        DateTime::UNIX_EPOCH.fixed_offset()
    }
}

/// Whether two keys of one table are the same: their columns stand in one order.
fn same_key(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Record(one), Value::Record(other)) => one.values().eq(other.values()),
        _ => one == other,
    }
}

/// What the code by hand knows beforehand.
fn known(host: &Stored) -> Result<by_hand::Known, Failure> {
    let mut accounts: BTreeMap<Arc<str>, BTreeMap<Number, Number>> = BTreeMap::new();
    for (key, value) in host.tables.get("sales_accounts").into_iter().flatten() {
        let country = key.field("country").as_text();
        let rate = key.field("rate").as_number();
        let (Some(country), Some(rate), Some(account)) = (country, rate, value.as_number()) else {
            return Err(Failure::internal("a row of the table is not as it should be"));
        };
        accounts.entry(Arc::from(country)).or_default().insert(rate, account);
    }
    Ok(by_hand::Known {
        collective_customer: host.text("collective_customer"),
        home_country: host.text("home_country"),
        reference_prefix: host.text("reference_prefix"),
        default_article: host.text("default_article"),
        vat_in_rows: true,
        accounts,
        unit: Arc::from("st"),
        discount_type: Arc::from("AMOUNT"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mapping_and_the_code_by_hand_make_the_same_bytes() {
        let figures = run(&[1, 7]).unwrap();
        assert_eq!(figures.len(), 2);
        assert!(figures.iter().all(|f| f.ours_ns > 0 && f.by_hand_ns > 0 && f.compile_us > 0));
    }
}
