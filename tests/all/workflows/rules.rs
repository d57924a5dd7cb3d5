//! The bookkeeping rules one by one: what the settings and tables decide, and what is never done.

use std::sync::Arc;

use tenon_sandbox::shopify::amounts::Side;
use tenon_sandbox::shopify::changes::Change;
use tenon_sandbox::shopify::kinds::Kind;
use tenon_sandbox::shopify::shop::Stored;
use tenon_value::Value;

use super::ledger::{agrees, documents};
use super::stage::{Ended, NOW_MS, Stage};

fn text(record: &Value, field: &str) -> String {
    record.field(field).plain().unwrap_or_default()
}

/// How an order ended, as `state code`.
fn end(ended: &Ended) -> String {
    format!("{} {}", ended.state, ended.code).trim().to_owned()
}

async fn runs(stage: &Stage, kind: Kind) -> (Arc<Stored>, Ended) {
    let order = stage.order(kind, 0);
    let ended = stage.run(&order).await;
    (order, ended)
}

/// How many orders and invoices stand in the ledger for an order.
fn counts(stage: &Stage, reference: &str) -> (usize, usize) {
    (documents(stage, "orders", reference).len(), documents(stage, "invoices", reference).len())
}

#[tokio::test]
async fn orders_of_nothing_become_what_the_setting_says() {
    let stage = Stage::with(&[]).await;
    for (setting, state, wanted) in
        [("skip", "skipped", (0, 0)), ("order", "done", (1, 0)), ("invoice", "done", (1, 1))]
    {
        stage.set("zero_orders", &format!("\"{setting}\"")).await;
        let (order, ended) = runs(&stage, Kind::Free).await;
        assert_eq!(
            (end(&ended).as_str(), counts(&stage, &order.order.name)),
            (state, wanted),
            "{setting}"
        );
    }
}

#[tokio::test]
async fn a_partial_capture_waits_or_is_invoiced_whole() {
    let stage = Stage::with(&[]).await;
    let (order, _) = runs(&stage, Kind::PartlyCaptured).await;
    assert_eq!(counts(&stage, &order.order.name), (1, 0));
    let order = stage.sandbox.parts.shop.change(&order.order.id, &Change::Capture).unwrap();
    assert_eq!(end(&stage.run(&order).await), "done");
    assert_eq!(counts(&stage, &order.order.name), (1, 1));
    stage.set("partial_capture", "\"invoice_all\"").await;
    let (order, _) = runs(&stage, Kind::PartlyCaptured).await;
    assert_eq!(counts(&stage, &order.order.name), (1, 1));
}

#[tokio::test]
async fn prefix_and_field_of_the_reference_are_those_of_the_settings_and_nothing_is_doubled() {
    let stage = Stage::with(&[
        ("reference_prefix", "\"BUTIK-\""),
        ("reference_field", "\"ExternalInvoiceReference2\""),
    ])
    .await;
    let (order, ended) = runs(&stage, Kind::MixedRates).await;
    assert_eq!(end(&ended), "done", "{ended:?}");
    assert_eq!(end(&stage.run(&order).await), "done");
    let reference = format!("BUTIK-{}", order.order.name);
    assert_eq!(counts(&stage, &reference), (1, 1));
    let invoice = documents(&stage, "invoices", &reference).remove(0);
    assert_eq!(text(&invoice, "ExternalInvoiceReference2"), reference);
    assert_eq!(text(&invoice, "ExternalInvoiceReference1"), "");
}

#[tokio::test]
async fn a_guest_waits_for_the_collective_customer() {
    let stage = Stage::with(&[("collective_customer", "\"\"")]).await;
    let (order, ended) = runs(&stage, Kind::Guest).await;
    assert_eq!(end(&ended), "failed CUSTOMER_MISSING");
    stage.set("collective_customer", "\"WEBB\"").await;
    assert_eq!(end(&stage.retry(&ended.task).await), "done");
    agrees(&documents(&stage, "invoices", &order.order.name)[0], &order, Side::Shop);
}

#[tokio::test]
async fn an_order_without_any_country_is_a_fault_and_never_swedish_by_default() {
    let stage = Stage::with(&[]).await;
    let mut counter = stage.order(Kind::Guest, 0).order.clone();
    (counter.billing, counter.delivery) = (None, None);
    let counter = stage.sandbox.parts.shop.put(counter).unwrap();
    let ended = stage.run(&counter).await;
    assert_eq!(end(&ended), "failed COUNTRY_MISSING");
    stage.set("shop_country", "\"SE\"").await;
    assert_eq!(end(&stage.retry(&ended.task).await), "done");
    agrees(&documents(&stage, "invoices", &counter.order.name)[0], &counter, Side::Shop);
}

#[tokio::test]
async fn orders_before_the_exclusion_date_and_test_orders_are_skipped_with_the_reason() {
    let stage = Stage::with(&[("order_exclusion_date", "\"2026-03-11\"")]).await;
    let (order, ended) = runs(&stage, Kind::Card).await;
    assert_eq!(ended.state, "skipped");
    assert!(ended.says.contains("processed on 2026-03-10"), "{}", ended.says);
    assert_eq!(counts(&stage, &order.order.name), (0, 0));
    stage.set("order_exclusion_date", "\"2026-03-10\"").await;
    assert_eq!(end(&runs(&stage, Kind::Card).await.1), "done");
    stage.set("live", "false").await;
    let (order, ended) = runs(&stage, Kind::Test).await;
    assert_eq!((end(&ended).as_str(), counts(&stage, &order.order.name)), ("done", (1, 1)));
}

#[tokio::test]
async fn an_unmapped_payment_method_is_a_fault_until_its_row_is_there() {
    let stage = Stage::with(&[]).await;
    let (order, ended) = runs(&stage, Kind::UnknownPayment).await;
    assert_eq!(end(&ended), "failed TABLE_ROW_MISSING");
    let row = r#"{"at": "capture", "terms": "0", "mode": "BG", "send": "none"}"#;
    stage.row("payment_methods", r#"{"gateway": "swish"}"#, row).await;
    assert_eq!(end(&stage.retry(&ended.task).await), "done");
    let invoice = documents(&stage, "invoices", &order.order.name).remove(0);
    assert_eq!((text(&invoice, "Booked"), text(&invoice, "Sent")), ("true".into(), "false".into()));
}

#[tokio::test]
async fn the_payment_method_decides_when_and_a_wrong_word_in_its_row_is_a_fault() {
    let stage = Stage::with(&[]).await;
    let key = r#"{"gateway": "shopify_payments"}"#;
    let row = |at: &str, send: &str| {
        format!(r#"{{"at": "{at}", "terms": "10", "mode": "BG", "send": "{send}"}}"#)
    };
    stage.row("payment_methods", key, &row("order", "mark_sent")).await;
    let (order, ended) = runs(&stage, Kind::Authorized).await;
    assert_eq!((end(&ended).as_str(), counts(&stage, &order.order.name)), ("done", (1, 1)));
    let invoice = documents(&stage, "invoices", &order.order.name).remove(0);
    assert_eq!(text(&invoice, "InvoiceDate"), "2026-03-10");
    assert_eq!(text(&invoice, "DueDate"), "2026-03-20");
    assert_eq!(text(&invoice, "Sent"), "true");
    stage.row("payment_methods", key, &row("fulfilment", "mark_sent")).await;
    let (order, _) = runs(&stage, Kind::Authorized).await;
    assert_eq!(counts(&stage, &order.order.name), (1, 0));
    let order = stage.sandbox.parts.shop.change(&order.order.id, &Change::Fulfil).unwrap();
    assert_eq!(end(&stage.run(&order).await), "done");
    assert_eq!(counts(&stage, &order.order.name), (1, 1));
    stage.row("payment_methods", key, &row("delivery", "mark_sent")).await;
    assert_eq!(end(&runs(&stage, Kind::Card).await.1), "failed PAYMENT_METHOD_AT");
    stage.row("payment_methods", key, &row("capture", "email")).await;
    assert_eq!(end(&runs(&stage, Kind::Card).await.1), "failed PAYMENT_METHOD_SEND");
}

#[tokio::test]
async fn an_invoice_is_dated_on_the_day_of_the_capture_in_the_ledgers_zone() {
    let stage = Stage::with(&[]).await;
    let mut late = stage.order(Kind::Card, 0).order.clone();
    // Captured on the 4th at 23:30 in London, which is the 5th in Stockholm.
    let captured = NOW_MS - (5 * 24 + 9) * 3_600_000;
    late.at_ms = captured - 3_600_000;
    late.transactions.iter_mut().for_each(|transaction| transaction.at_ms = captured);
    let late = stage.sandbox.parts.shop.put(late).unwrap();
    assert_eq!(end(&stage.run(&late).await), "done");
    let invoice = documents(&stage, "invoices", &late.order.name).remove(0);
    assert_eq!(text(&invoice, "InvoiceDate"), "2026-03-05");
    let order = documents(&stage, "orders", &late.order.name).remove(0);
    assert_eq!(text(&order, "OrderDate"), "2026-03-04");
}

#[tokio::test]
async fn a_booked_invoice_is_never_changed() {
    let stage = Stage::with(&[]).await;
    let (order, _) = runs(&stage, Kind::MixedRates).await;
    let before = documents(&stage, "invoices", &order.order.name).remove(0);
    assert_eq!(end(&stage.run(&order).await), "done");
    let change = Change::Note("Ring på nedre klockan".to_owned());
    let changed = stage.sandbox.parts.shop.change(&order.order.id, &change).unwrap();
    let ended = stage.run(&changed).await;
    assert!(matches!(ended.state.as_str(), "failed" | "needs_person"), "{ended:?}");
    assert!(ended.says.contains("Remarks") || ended.code == "LOCKED", "{ended:?}");
    assert_eq!(documents(&stage, "invoices", &order.order.name), [before]);
}

#[tokio::test]
async fn a_line_added_after_the_capture_is_shown_and_not_invoiced() {
    let stage = Stage::with(&[]).await;
    let (order, _) = runs(&stage, Kind::Card).await;
    let before = documents(&stage, "invoices", &order.order.name);
    let changed = stage.sandbox.parts.shop.change(&order.order.id, &Change::AddLine).unwrap();
    let ended = stage.run(&changed).await;
    assert_eq!(ended.state, "failed", "{ended:?}");
    let rest = stage.tasks("rest").await;
    let says = rest[0].at("fault.message").plain().unwrap_or_default();
    assert!(says.contains("was changed after it was paid"), "{rest:?}");
    assert_eq!(documents(&stage, "invoices", &order.order.name), before);
}

#[tokio::test]
async fn a_cancelled_order_is_cancelled_in_the_ledger_unless_it_is_invoiced() {
    let stage = Stage::with(&[]).await;
    let (order, _) = runs(&stage, Kind::Authorized).await;
    assert_eq!(counts(&stage, &order.order.name), (1, 0));
    let cancelled = stage.sandbox.parts.shop.change(&order.order.id, &Change::Cancel).unwrap();
    let ended = stage.run(&cancelled).await;
    assert_eq!(
        (end(&ended).as_str(), counts(&stage, &order.order.name)),
        ("done", (0, 0)),
        "{ended:?}"
    );
    assert_eq!(end(&stage.run(&cancelled).await), "done");
    let (order, _) = runs(&stage, Kind::Card).await;
    let before = documents(&stage, "invoices", &order.order.name);
    if let Ok(cancelled) = stage.sandbox.parts.shop.change(&order.order.id, &Change::Cancel) {
        assert_eq!(end(&stage.run(&cancelled).await), "done");
    }
    assert_eq!(documents(&stage, "invoices", &order.order.name), before);
}

#[tokio::test]
async fn refunds_and_gift_cards_are_a_visible_state_with_what_to_do() {
    let stage = Stage::with(&[]).await;
    for (kind, says) in [
        (Kind::Refunded, "has 1 refunds, which are not moved yet"),
        (Kind::GiftCardPayment, "paid by 300.00 with a gift card, which is not posted yet"),
    ] {
        let (order, ended) = runs(&stage, kind).await;
        assert_eq!((end(&ended).as_str(), counts(&stage, &order.order.name)), ("done", (1, 1)));
        let rest = stage.tasks("rest").await;
        let last =
            rest.iter().find(|task| task.field("title").plain() == Some(order.order.name.clone()));
        let last = last.unwrap_or(&rest[0]);
        assert_eq!(last.field("state").as_text(), Some("skipped"));
        let because = tenon_value::json::write(last.field("reason"));
        assert!(because.contains(says), "{because}");
    }
}

#[tokio::test]
async fn an_invoice_whose_vat_is_not_the_shops_is_not_booked() {
    let stage = Stage::with(&[("customer_update", "\"never\"")]).await;
    let order = stage.order(Kind::Card, 0);
    let email = order.order.email.clone().unwrap();
    // Somebody made the card of this buyer as one of export: Fortnox then charges no VAT.
    let card = format!(
        r#"{{"Customer": {{"Name": "Åsa", "Email": "{email}", "Type": "PRIVATE", "VATType": "EXPORT"}}}}"#
    );
    stage.ask("POST", "/3/customers", &card);
    let ended = stage.run(&order).await;
    assert_eq!(end(&ended), "failed INVOICE_VAT_DIFFERS", "{ended:?}");
    let invoice = documents(&stage, "invoices", &order.order.name).remove(0);
    assert_eq!(text(&invoice, "Booked"), "false");
}

#[tokio::test]
async fn a_card_made_by_others_is_changed_as_the_setting_says() {
    for (policy, name, city) in [
        ("never", "Åsa L", ""),
        ("empty_fields", "Åsa L", "Göteborg"),
        ("all", "Åsa Lindqvist", "Göteborg"),
    ] {
        let stage = Stage::with(&[("customer_update", &format!("\"{policy}\""))]).await;
        let order = stage.order(Kind::Card, 0);
        let email = order.order.email.clone().unwrap();
        let card = format!(
            r#"{{"Customer": {{"CustomerNumber": "K1", "Name": "Åsa L", "Email": "{email}", "Type": "PRIVATE", "VATType": "SEVAT"}}}}"#
        );
        stage.ask("POST", "/3/customers", &card);
        let ended = stage.run(&order).await;
        assert_eq!(end(&ended), "done", "{policy}: {ended:?}");
        let card = stage.ask("GET", "/3/customers/K1", "");
        let card = card.field("Customer");
        assert_eq!(
            (text(card, "Name").as_str(), text(card, "City").as_str()),
            (name, city),
            "{policy}"
        );
        let invoice = documents(&stage, "invoices", &order.order.name).remove(0);
        assert_eq!(text(&invoice, "CustomerNumber"), "K1", "{policy}");
    }
}

#[tokio::test]
async fn a_company_is_found_by_its_organisation_number_and_a_person_never_by_a_companys_card() {
    let stage = Stage::with(&[]).await;
    let order = stage.order(Kind::B2bInvoice, 0);
    let number = order.order.company.clone().unwrap().organisation_number;
    let card = |number: &str, kind: &str, email: &str| {
        format!(
            r#"{{"Customer": {{"CustomerNumber": "{number}", "Name": "Kaffestugan", "OrganisationNumber": "556004-3217", "Email": "{email}", "Type": "{kind}", "VATType": "SEVAT"}}}}"#
        )
    };
    assert_eq!(number, "556004-3217");
    stage.ask("POST", "/3/customers", &card("K2", "COMPANY", "info@example.com"));
    let ended = stage.run(&order).await;
    assert_eq!(end(&ended), "done", "{ended:?}");
    let invoice = documents(&stage, "invoices", &order.order.name).remove(0);
    assert_eq!(text(&invoice, "CustomerNumber"), "K2");
    let order = stage.order(Kind::Card, 1);
    let email = order.order.email.clone().unwrap();
    stage.ask("POST", "/3/customers", &card("K3", "COMPANY", &email));
    let ended = stage.run(&order).await;
    assert_eq!(ended.state, "done", "{ended:?}");
    let invoice = documents(&stage, "invoices", &order.order.name).remove(0);
    assert_ne!(text(&invoice, "CustomerNumber"), "K3");
}
