use std::collections::BTreeSet;

use serde_json::Value as Json;
use tenon_value::Number;

use super::{NOON, shop, vendors_example};
use crate::shopify::amounts::{Side, amounts, zero};
use crate::shopify::changes::{Change, ChangeError};
use crate::shopify::example::Manner;
use crate::shopify::kinds::{self, Kind};
use crate::shopify::order::Order;
use crate::shopify::{graph, rest};

fn n(text: &str) -> Number {
    Number::parse(text).unwrap()
}

fn amount(json: &Json, path: &str) -> Number {
    n(json.pointer(path).unwrap_or_else(|| panic!("{path} in {json}")).as_str().unwrap())
}

/// Checks one order: its sales add up to its totals, in both currencies.
fn check_sums(order: &Order, node: &Json) {
    for money in ["shopMoney", "presentmentMoney"] {
        let (mut total, mut tax) = (zero(), zero());
        for agreement in node["agreements"].as_array().unwrap() {
            if agreement["reason"] == "REFUND" {
                continue;
            }
            for sale in agreement["sales"].as_array().unwrap() {
                total = total.add(amount(sale, &format!("/totalAmount/{money}/amount"))).unwrap();
                let own = amount(sale, &format!("/totalTaxAmount/{money}/amount"));
                tax = tax.add(own).unwrap();
                let parts = sale["taxes"].as_array().unwrap().iter();
                let parts = parts.fold(zero(), |sum, part| {
                    sum.add(amount(part, &format!("/amount/{money}/amount"))).unwrap()
                });
                assert_eq!(parts, own, "taxes of a sale of {}", order.name);
            }
        }
        let stated = |field: &str| amount(node, &format!("/{field}/{money}/amount"));
        assert_eq!(total, stated("totalPriceSet"), "sales of {} in {money}", order.name);
        assert_eq!(tax, stated("totalTaxSet"), "taxes of {} in {money}", order.name);
    }
}

#[test]
fn sales_and_taxes_of_500_generated_orders_add_up_to_their_totals() {
    let shop = shop();
    let ids = shop.generate(500, 7).unwrap();
    assert_eq!(ids.len(), 500);
    for id in &ids {
        let stored = shop.find(id).unwrap();
        check_sums(&stored.order, &stored.graph);
        let expected = &stored.expected;
        assert_eq!(expected.total, amount(&stored.graph, "/totalPriceSet/shopMoney/amount"));
        assert_eq!(expected.vat, amount(&stored.graph, "/totalTaxSet/shopMoney/amount"));
        assert!(stored.order.updated_ms <= NOON);
        assert_eq!(expected.must_fail, None);
    }
    let skipped = shop.orders_expected().iter().filter(|o| o.must_skip.is_some()).count();
    assert!((20..=80).contains(&skipped), "{skipped} of 500 are tests or cancelled");
}

#[test]
fn every_kind_adds_up_and_has_a_body_for_webhooks() {
    for (kind, name, _) in Kind::ALL {
        let order = kinds::make(*kind, 1_001, NOON, 3).unwrap();
        let node = graph::order(&order).unwrap();
        check_sums(&order, &node);
        let body = rest::order(&order).unwrap();
        assert_eq!(body["admin_graphql_api_id"], order.id.as_str(), "{name}");
        let total = amount(&node, "/totalPriceSet/shopMoney/amount");
        assert_eq!(amount(&body, "/total_price"), total, "{name}");
    }
}

#[test]
fn the_same_seed_makes_the_same_orders() {
    let make = |seed| {
        let shop = shop();
        shop.generate(60, seed).unwrap();
        shop.orders_expected()
    };
    assert_eq!(make(1), make(1));
    assert_ne!(make(1), make(2));
}

#[test]
fn the_demonstration_has_25_orders_of_which_one_fails_until_repaired() {
    let shop = shop();
    assert_eq!(shop.seed_demo().unwrap(), 25);
    let orders = shop.orders_expected();
    let count = |test: fn(&crate::ExpectedOrder) -> bool| orders.iter().filter(|o| test(o)).count();
    assert_eq!(count(|o| o.must_fail.is_some()), 1);
    assert_eq!(count(|o| o.must_skip.is_some()), 2);
    // All but the authorised one; the test order is paid, the cancelled one is not.
    assert_eq!(count(|o| o.captured), 23);
    let names: BTreeSet<_> = orders.iter().map(|o| o.name.clone()).collect();
    assert_eq!(names.len(), 25);
    let currencies: BTreeSet<_> = orders.iter().map(|o| o.currency.clone()).collect();
    assert_eq!(currencies, BTreeSet::from(["SEK".to_owned(), "USD".to_owned()]));
}

#[test]
fn a_mixed_basket_comes_to_what_a_hand_computes() {
    let order = kinds::make(Kind::MixedRates, 1_001, NOON, 0).unwrap();
    let a = amounts(&order, Side::Shop).unwrap();
    // 149.00 + 2 × 279.50 + 249.00 + 49.00 = 1006.00
    assert_eq!(a.total, n("1006.00"));
    // 149 × 25/125 = 29.80; 559 × 12/112 = 59.892… → 59.89; 249 × 6/106 = 14.094… → 14.09;
    // 49 × 25/125 = 9.80. Together 113.58.
    assert_eq!(a.tax, n("113.58"));
}

#[test]
fn a_finnish_order_carries_25_5_per_cent() {
    let order = kinds::make(Kind::OssFinland, 1_001, NOON, 0).unwrap();
    let a = amounts(&order, Side::Shop).unwrap();
    // 2 × 149.00 × 25.5/125.5 = 60.549… → 60.55
    assert_eq!(a.lines[0].tax, n("60.55"));
    let node = graph::order(&order).unwrap();
    assert_eq!(node["taxLines"][0]["ratePercentage"].to_string(), "25.5");
}

#[test]
fn prices_without_tax_get_it_on_top() {
    let order = kinds::make(Kind::Quantities, 1_001, NOON, 0).unwrap();
    let a = amounts(&order, Side::Shop).unwrap();
    // 7 × 59.00 = 413.00 + 103.25; 12 × 89.95 = 1079.40 + 129.528 → 129.53;
    // 3 × 399.50 = 1198.50 + 299.625 → 299.63; 79.20 + 19.80.
    assert_eq!(a.tax, n("552.21"));
    // 413.00 + 1079.40 + 1198.50 + 79.20 = 2770.10
    assert_eq!(a.total, n("3322.31"));
}

#[test]
fn a_discount_over_the_order_is_spread_over_the_sales() {
    let order = kinds::make(Kind::OrderDiscount, 1_001, NOON, 0).unwrap();
    let node = graph::order(&order).unwrap();
    let sales = node["agreements"][0]["sales"].as_array().unwrap();
    let parts: Vec<&str> = sales
        .iter()
        .map(|s| s["totalDiscountAmountAfterTaxes"]["shopMoney"]["amount"].as_str().unwrap())
        .collect();
    assert_eq!(parts, ["14.90", "26.99", "24.90", "0.00"]);
    // 14.90 − 14.90 × 25/125 = 11.92
    let before = &sales[0]["totalDiscountAmountBeforeTaxes"]["shopMoney"]["amount"];
    assert_eq!(before, "11.92");
}

#[test]
fn a_buyer_in_euro_leaves_sums_that_agree_in_both_currencies() {
    let order = kinds::make(Kind::PaidInEur, 1_001, NOON, 4).unwrap();
    let node = graph::order(&order).unwrap();
    check_sums(&order, &node);
    // 149.00 / 7 = 21.2857… → 21.29; × 11.2437 = 239.378… → 239.38 each in the shop's currency.
    let unit = &node["lineItems"][0]["originalUnitPriceSet"];
    assert_eq!(unit["presentmentMoney"]["amount"], "21.29");
    assert_eq!(unit["shopMoney"]["amount"], "239.38");
}

#[test]
fn a_refund_leaves_what_was_sold_and_stands_beside_it() {
    let shop = shop();
    let id = shop.create(Kind::Refunded, 1).unwrap();
    let stored = shop.find(&id).unwrap();
    assert_eq!(stored.status(), "PARTIALLY_REFUNDED");
    let reasons: Vec<_> = stored.graph["agreements"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| a["reason"].as_str().unwrap())
        .collect();
    assert_eq!(reasons, ["ORDER", "REFUND"]);
    let back = &stored.graph["agreements"][1]["sales"][0]["totalAmount"]["shopMoney"]["amount"];
    assert_eq!(back, "-59.00");
    // 1299.00 + 2 × 59.00 + 49.00, whatever came back.
    assert_eq!(stored.expected.total, n("1466.00"));
}

#[test]
fn an_authorised_order_is_due_once_it_is_captured() {
    let shop = shop();
    let id = shop.create(Kind::Authorized, 1).unwrap();
    assert_eq!(shop.find(&id).unwrap().status(), "AUTHORIZED");
    assert!(!shop.find(&id).unwrap().expected.captured);
    let stored = shop.change(&id, &Change::Capture).unwrap();
    assert_eq!(stored.status(), "PAID");
    assert!(stored.expected.captured);
    let again = shop.change(&id, &Change::Capture).unwrap_err();
    assert_eq!(again, ChangeError::Refused("the order was captured before"));
}

#[test]
fn a_line_added_after_the_capture_is_no_part_of_the_invoice() {
    let shop = shop();
    let id = shop.create(Kind::Card, 1).unwrap();
    let before = shop.find(&id).unwrap().expected.total;
    let stored = shop.change(&id, &Change::AddLine).unwrap();
    assert_eq!(stored.expected.total, before);
    assert_ne!(amount(&stored.graph, "/totalPriceSet/shopMoney/amount"), before);
    assert_eq!(stored.status(), "PARTIALLY_PAID");
}

#[test]
fn an_order_on_terms_is_due_when_it_is_sent_off() {
    let shop = shop();
    let id = shop.create(Kind::B2bNoBilling, 1).unwrap();
    let stored = shop.find(&id).unwrap();
    assert!(stored.expected.captured);
    assert_eq!(stored.status(), "PENDING");
    assert_eq!(stored.graph["billingAddress"], Json::Null);
    assert_eq!(stored.graph["paymentTerms"]["dueInDays"], 30);
    assert_eq!(stored.graph["purchasingEntity"]["__typename"], "PurchasingCompany");
}

#[test]
fn the_vendors_example_is_kept_under_its_gid_with_its_own_total() {
    let shop = shop();
    let id = shop.load_webhook_example(&vendors_example(), Manner::Open).unwrap();
    assert_eq!(id, "gid://shopify/Order/820982911946154508");
    let stored = shop.find(&id).unwrap();
    // 414.95 − 20.00 + 10.00, as `total_price` says.
    assert_eq!(stored.expected.total, n("404.95"));
    assert_eq!((stored.expected.currency.as_str(), stored.status()), ("USD", "PAID"));
    assert_eq!((stored.expected.must_skip.clone(), stored.expected.captured), (None, true));
}

#[test]
fn the_vendors_example_as_it_stands_is_a_cancelled_voided_test_order() {
    let shop = shop();
    let id = shop.load_webhook_example(&vendors_example(), Manner::AsItStands).unwrap();
    let stored = shop.find(&id).unwrap();
    assert_eq!(stored.status(), "VOIDED");
    assert!(stored.order.test && stored.order.cancelled.is_some());
    assert!(stored.expected.must_skip.is_some() && !stored.expected.captured);
    assert_eq!(stored.graph["createdAt"], "2022-01-01T00:00:00Z");
}

#[test]
fn a_body_whose_lines_do_not_come_to_its_total_is_refused() {
    let mut body = vendors_example();
    body["total_price"] = "404.96".into();
    let refused = shop().load_webhook_example(&body, Manner::Open).unwrap_err();
    assert_eq!(refused.to_string(), "the lines come to 404.95, the body says 404.96");
}

#[test]
fn a_part_that_was_captured_makes_no_invoice_due_until_the_rest_is() {
    let shop = shop();
    let id = shop.create(Kind::PartlyCaptured, 1).unwrap();
    let stored = shop.find(&id).unwrap();
    assert_eq!((stored.status(), stored.expected.captured), ("PARTIALLY_PAID", false));
    let stored = shop.change(&id, &Change::Capture).unwrap();
    assert_eq!((stored.status(), stored.expected.captured), ("PAID", true));
    // 1299.00 + 2 × 59.00 + 49.00 in two captures.
    assert_eq!(amount(&stored.graph, "/totalReceivedSet/shopMoney/amount"), n("1466.00"));
}

#[test]
fn a_free_order_counts_as_paid() {
    let shop = shop();
    let id = shop.create(Kind::Free, 1).unwrap();
    let stored = shop.find(&id).unwrap();
    assert_eq!((stored.status(), stored.expected.captured), ("PAID", true));
    assert_eq!((stored.expected.total, stored.expected.vat), (n("0.00"), n("0.00")));
}
