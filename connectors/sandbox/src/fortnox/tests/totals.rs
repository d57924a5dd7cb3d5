use super::{Desk, fields};
use crate::SandboxConfig;

const AMOUNTS: &str = "Net TotalVAT RoundOff Total";

#[test]
fn prices_with_vat_give_their_vat_back_per_row() {
    let rows = r#"{"ArticleNumber":"KOPP-300-BLA","DeliveredQuantity":"2","OrderedQuantity":"2","Price":149},
        {"ArticleNumber":"BOK-BRYGG","DeliveredQuantity":"1","OrderedQuantity":"1","Price":249},
        {"Description":"Frakt","AccountNumber":3520,"DeliveredQuantity":"1","Price":49,"VAT":25}"#;
    let order = Desk::open().order(true, rows);
    // 2 × 149 = 298, of which 298 × 25/125 = 59.60; 249 × 6/106 = 14.094… → 14.09;
    // 49 × 25/125 = 9.80. VAT 83.49, total 298 + 249 + 49 = 596, net 596 − 83.49 = 512.51.
    assert_eq!(fields(&order, AMOUNTS), "[512.51,83.49,0,596]");
}

#[test]
fn prices_without_vat_get_their_vat_per_row() {
    let rows = r#"{"Description":"A","DeliveredQuantity":3,"Price":33.33,"VAT":12},
        {"Description":"B","DeliveredQuantity":1,"Price":0.10,"VAT":25}"#;
    let order = Desk::open().order(false, rows);
    // 3 × 33.33 = 99.99, × 12 % = 11.9988 → 12.00; 0.10 × 25 % = 0.025 → 0.03 (half away from zero).
    // Net 100.09, VAT 12.03, total 112.12.
    assert_eq!(fields(&order, AMOUNTS), "[100.09,12.03,0,112.12]");
}

#[test]
fn discounts_are_a_percentage_or_an_amount_of_the_row() {
    let rows = r#"{"Description":"A","DeliveredQuantity":"2","Price":100,"VAT":25,"Discount":10},
        {"Description":"B","DeliveredQuantity":"1","Price":100,"VAT":25,"Discount":15.5,"DiscountType":"AMOUNT"}"#;
    let order = Desk::open().order(false, rows);
    // A: 200 − 10 % = 180, VAT 45. B: 100 − 15.50 = 84.50, VAT 21.125 → 21.13.
    // Net 264.50, VAT 66.13, total 330.63; gross before discounts 300.
    assert_eq!(fields(&order, AMOUNTS), "[264.5,66.13,0,330.63]");
    assert_eq!(fields(&order, "Gross"), "[300]");
}

#[test]
fn only_delivered_quantities_count() {
    let rows = r#"{"ArticleNumber":"KVARN-01","OrderedQuantity":"4","Price":899}"#;
    let order = Desk::open().order(true, rows);
    assert_eq!(fields(&order, AMOUNTS), "[0,0,0,0]");
    let row = &order.field("OrderRows").items()[0];
    assert_eq!(fields(row, "OrderedQuantity DeliveredQuantity Total"), r#"["4","0",0]"#);
}

#[test]
fn rounding_goes_to_whole_units_and_is_shown() {
    let desk = Desk::with(SandboxConfig { rounding: true, ..SandboxConfig::default() });
    let order =
        desk.order(false, r#"{"Description":"B","DeliveredQuantity":"1","Price":84.5,"VAT":25}"#);
    // 84.50 + 21.13 = 105.63 → 106, 0.37 added.
    assert_eq!(fields(&order, AMOUNTS), "[84.5,21.13,0.37,106]");
}

#[test]
fn export_and_reverse_charge_carry_no_vat() {
    let desk = Desk::open();
    for vat_type in ["EXPORT", "EUREVERSEDVAT", "SEREVERSEDVAT"] {
        let customer = desk.customer(&format!(r#","VATType":"{vat_type}""#));
        let rows = r#"{"ArticleNumber":"KVARN-01","DeliveredQuantity":"1","Price":899,"VAT":25}"#;
        let order = desk.order_of(&customer, true, rows);
        assert_eq!(fields(&order, AMOUNTS), "[899,0,0,899]", "{vat_type}");
    }
}

#[test]
fn the_account_follows_the_customers_vat_type() {
    let desk = Desk::open();
    for (vat_type, account) in [("SEVAT", "3001"), ("EXPORT", "3105"), ("EUREVERSEDVAT", "3108")] {
        let customer = desk.customer(&format!(r#","VATType":"{vat_type}""#));
        let order = desk.order_of(&customer, true, r#"{"ArticleNumber":"KVARN-01"}"#);
        let row = &order.field("OrderRows").items()[0];
        assert_eq!(row.field("AccountNumber").plain().unwrap(), account);
    }
}

#[test]
fn a_rate_that_is_no_whole_percent_comes_by_code_or_by_account() {
    let desk = Desk::open();
    for row in [
        r#"{"Description":"A","DeliveredQuantity":"1","Price":125.5,"VATCode":"FI25.5"}"#,
        r#"{"Description":"A","DeliveredQuantity":"1","Price":125.5,"AccountNumber":3211}"#,
    ] {
        // 125.50 × 25.5/125.5 = 25.50.
        assert_eq!(fields(&desk.order(true, row), AMOUNTS), "[100,25.5,0,125.5]", "{row}");
    }
}

#[test]
fn freight_carries_vat_of_its_own() {
    let desk = Desk::open();
    let customer = desk.customer("");
    let body = format!(r#"{{"Invoice":{{"CustomerNumber":"{customer}","Freight":80}}}}"#);
    let invoice = desk.post("/3/invoices", &body).field("Invoice").clone();
    // 80 × 25 % = 20.
    assert_eq!(
        fields(&invoice, "FreightVAT Net TotalVAT Total TotalToPay Balance"),
        "[20,80,20,100,100,100]"
    );
}

#[test]
fn prices_and_quantities_are_kept_to_two_decimals() {
    let rows = r#"{"Description":"A","DeliveredQuantity":"1.125","Price":"1.125","VAT":0}"#;
    let order = Desk::open().order(false, rows);
    let row = &order.field("OrderRows").items()[0];
    // 1.125 → 1.13 for both; the row is 1.125 × 1.125 no longer: 1.13 × 1.13 = 1.2769 → 1.28.
    assert_eq!(fields(row, "DeliveredQuantity Price Total"), r#"["1.13",1.13,1.28]"#);
}
