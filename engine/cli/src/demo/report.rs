//! How a demonstration ends: the books of both sides, and what became of each order.

use tenon_server::Call;
use tenon_value::Value;

use crate::arguments::Output;
use crate::demo::count;
use crate::demo::stage::Stage;
use crate::exit::Failure;
use crate::output::{self, Column};

/// The end of a demonstration.
pub struct Report {
    value: Value,
    details: Value,
}

impl Report {
    /// From the sandbox's books and the engine's tasks.
    ///
    /// # Errors
    /// When one of them does not answer.
    pub async fn new(stage: &Stage, books: &Value, repaired: usize) -> Result<Report, Failure> {
        let counts = stage.control("GET", "/control/counts", &Value::Missing).await?;
        let webhooks = stage.control("GET", "/control/shop/webhooks", &Value::Missing).await?;
        let value = Value::of([
            ("orders", books.field("orders").clone()),
            ("synced", books.field("synced").clone()),
            ("invoices", books.field("invoices").clone()),
            ("booked", books.field("booked").clone()),
            ("skipped", count(orders_in(stage, "skipped").await?)),
            ("failed", count(orders_in(stage, "failed").await?)),
            ("repaired", count(repaired)),
            ("duplicates", books.field("duplicates").clone()),
            ("lost", books.field("lost").clone()),
            ("totals_agree", books.field("totals_agree").clone()),
            ("kills", Value::from(i64::from(stage.kills))),
        ]);
        let details = Value::of([
            ("kills_with_open_intention", Value::from(i64::from(stage.kills_with_intention))),
            ("authorised_again", Value::from(i64::from(stage.authorised_again))),
            ("requests", counts.field("requests").clone()),
            ("rate_limited", counts.field("rate_limited").clone()),
            ("faults", counts.field("faults").clone()),
            ("webhooks", webhooks.field("counts").clone()),
            ("differences", books.field("differences").clone()),
        ]);
        Ok(Report { value, details })
    }

    /// The one object that `--output json` ends with.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// What was asked, what went wrong on purpose, and every difference of the books.
    pub fn details(&self) -> &Value {
        &self.details
    }

    /// Whether nothing is lost, nothing is there twice, nothing is left failed, and totals agree.
    pub fn agrees(&self) -> bool {
        let zero = |name: &str| self.value.field(name).as_number().is_some_and(|n| n.is_zero());
        zero("duplicates")
            && zero("lost")
            && zero("failed")
            && self.value.field("totals_agree").as_bool() == Some(true)
            && self.details.field("differences").items().is_empty()
    }

    /// Tells a person.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn tell(&self, stage: &Stage) -> Result<(), Failure> {
        let references = stage.engine_call(Call::new("GET", "/references")).await?;
        let target = |entity: &str, source: &Value| {
            let hit = references.items().iter().find(|reference| {
                reference.field("entity").as_text() == Some(entity)
                    && reference.field("source") == source
            });
            hit.map_or(Value::Missing, |reference| reference.field("target").clone())
        };
        let listed = stage.control("GET", "/control/shop/orders", &Value::Missing).await?;
        let rows: Vec<Value> = listed
            .field("orders")
            .items()
            .iter()
            .map(|order| {
                let id = order.field("id");
                order
                    .clone()
                    .with("ledger_order", target("order", id))
                    .with("invoice", target("invoice", id))
            })
            .collect();
        let columns: &[Column] = &[
            ("shop order", "name"),
            ("total", "total"),
            ("", "currency"),
            ("ledger order", "ledger_order"),
            ("invoice", "invoice"),
            ("not moved because", "must_skip"),
        ];
        output::rows(Output::Table, columns, &rows);
        output::record(Output::Table, &self.value);
        outln!();
        output::record(Output::Table, &self.details.clone().with("differences", Value::Missing));
        for difference in self.details.field("differences").items() {
            outln!("difference  {difference:?}");
        }
        outln!("{}", if self.agrees() { "the books agree" } else { "THE BOOKS DO NOT AGREE" });
        Ok(())
    }
}

/// Orders whose task ended in a state.
async fn orders_in(stage: &Stage, state: &str) -> Result<usize, Failure> {
    let call = Call::new("GET", "/tasks")
        .with("state", state)
        .with("flow", "order")
        .with("limit", "10000");
    let answer = stage.engine_call(call).await?;
    let records: std::collections::BTreeSet<String> = answer
        .field("tasks")
        .items()
        .iter()
        .filter_map(|task| task.field("record").plain())
        .collect();
    Ok(records.len())
}
