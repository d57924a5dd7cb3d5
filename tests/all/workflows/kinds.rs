//! Every kind of order of the sandbox through the flows, and what stands in the ledger then.

use tenon_sandbox::SandboxConfig;
use tenon_sandbox::shopify::amounts::Side;
use tenon_sandbox::shopify::kinds::Kind;

use super::ledger::{agrees, documents};
use super::stage::Stage;

/// What becomes of an order.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Becomes {
    /// Nothing, with that in the reason.
    Skipped(&'static str),
    /// Nothing, with that fault.
    Fails(&'static str),
    /// An order that waits for its capture.
    Order,
    /// An order and a booked invoice.
    Invoice,
}

/// What becomes of each kind with the settings as they are shipped.
fn usually(kind: Kind) -> Becomes {
    match kind {
        Kind::Test => Becomes::Skipped("a test order"),
        Kind::Cancelled => Becomes::Skipped("cancelled before it was sent"),
        Kind::UnknownPayment | Kind::UnknownRate => Becomes::Fails("TABLE_ROW_MISSING"),
        // The ledger is asked before anything is written; it has no code of its own for this.
        Kind::UnknownCurrency => Becomes::Fails("fortnox:0"),
        Kind::GiftCardSold => Becomes::Fails("SALE_NOT_HANDLED"),
        Kind::BadArticle => Becomes::Fails("NOT_WRITABLE"),
        Kind::ManyRows => Becomes::Fails("TOO_MANY_ITEMS"),
        Kind::Authorized | Kind::PartlyCaptured => Becomes::Order,
        _ => Becomes::Invoice,
    }
}

/// Runs every kind and compares all documents with the shop; gives how many invoices were booked.
async fn every_kind(settings: &[(&str, &str)], side: Side, draw: u64) -> usize {
    let stage = Stage::with(settings).await;
    let mut booked = 0;
    for (kind, name, _) in Kind::ALL {
        let order = stage.order(*kind, draw);
        let ended = stage.run(&order).await;
        let becomes = usually(*kind);
        let orders = documents(&stage, "orders", &order.order.name);
        let invoices = documents(&stage, "invoices", &order.order.name);
        let said = format!("{name}: {ended:?}");
        match becomes {
            Becomes::Skipped(why) => {
                assert!(ended.state == "skipped" && ended.says.contains(why), "{said}");
            }
            Becomes::Fails(code) => {
                assert!(ended.state == "failed" && ended.code == code, "{said}");
            }
            Becomes::Order | Becomes::Invoice => assert_eq!(ended.state, "done", "{said}"),
        }
        let (some_orders, some_invoices) = match becomes {
            Becomes::Order => (1, 0),
            Becomes::Invoice => (1, 1),
            _ => (0, 0),
        };
        assert_eq!((orders.len(), invoices.len()), (some_orders, some_invoices), "{said}");
        orders.iter().chain(&invoices).for_each(|document| agrees(document, &order, side));
        for invoice in &invoices {
            assert_eq!(invoice.field("Booked").plain().as_deref(), Some("true"), "{said}");
            booked += 1;
        }
    }
    booked
}

#[tokio::test]
async fn every_kind_with_vat_in_the_rows_in_the_shops_currency() {
    assert_eq!(every_kind(&[], Side::Shop, 0).await, 23);
}

#[tokio::test]
async fn every_kind_without_vat_in_the_rows() {
    assert_eq!(every_kind(&[("vat_in_rows", "false")], Side::Shop, 1).await, 23);
}

#[tokio::test]
async fn every_kind_in_the_buyers_currency() {
    let settings = [("use_presentment_currency", "true")];
    assert_eq!(every_kind(&settings, Side::Presentment, 2).await, 23);
}

#[tokio::test]
async fn every_kind_in_the_buyers_currency_without_vat_in_the_rows() {
    let settings = [("use_presentment_currency", "true"), ("vat_in_rows", "false")];
    assert_eq!(every_kind(&settings, Side::Presentment, 3).await, 23);
}

#[tokio::test]
async fn a_ledger_that_rounds_to_whole_units_gets_no_booked_invoice() {
    let config = SandboxConfig { rounding: true, ..SandboxConfig::default() };
    let stage = Stage::on(config, &[]).await;
    let order = stage.order(Kind::OrderDiscount, 0);
    let ended = stage.run(&order).await;
    assert_eq!(
        (ended.state.as_str(), ended.code.as_str()),
        ("failed", "INVOICE_ROUNDED"),
        "{ended:?}"
    );
    let invoice = documents(&stage, "invoices", &order.order.name).remove(0);
    assert_eq!(invoice.field("Booked").plain().as_deref(), Some("false"));
}
