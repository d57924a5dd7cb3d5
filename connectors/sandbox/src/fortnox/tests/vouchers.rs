use std::collections::BTreeMap;

use super::Desk;

fn booked(desk: &Desk) -> BTreeMap<String, String> {
    desk.put("/3/orders/1/createinvoice", "");
    desk.put("/3/invoices/1/bookkeep", "");
    desk.ledger.sums().into_iter().map(|(account, sum)| (account, sum.to_string())).collect()
}

fn sums(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(account, sum)| ((*account).to_owned(), (*sum).to_owned())).collect()
}

#[test]
fn booking_posts_receivables_sales_and_vat() {
    let desk = Desk::open();
    desk.order(
        true,
        r#"{"ArticleNumber":"KOPP-300-BLA","DeliveredQuantity":"2","Price":149},
        {"ArticleNumber":"BOK-BRYGG","DeliveredQuantity":"1","Price":249}"#,
    );
    // 298 of which 59.60 at 25 %, 249 of which 14.09 at 6 %: 547 = 238.40 + 234.91 + 59.60 + 14.09.
    let wanted = [
        ("1510", "547.00"),
        ("2611", "-59.60"),
        ("2631", "-14.09"),
        ("3001", "-238.40"),
        ("3003", "-234.91"),
    ];
    assert_eq!(booked(&desk), sums(&wanted));
}

#[test]
fn booking_in_a_foreign_currency_posts_at_its_rate_and_still_adds_up() {
    let desk = Desk::open();
    let customer = desk.customer(r#","Currency":"EUR""#);
    desk.order_of(
        &customer,
        true,
        r#"{"Description":"A","DeliveredQuantity":"1","Price":9.99,"VAT":25}"#,
    );
    // At 11.25: 9.99 → 112.3875 → 112.39; net 7.99 → 89.8875 → 89.89; VAT 2.00 → 22.50.
    // 112.39 − 89.89 − 22.50 = 0: nothing left to round.
    let wanted = [("1510", "112.39"), ("2611", "-22.50"), ("3001", "-89.89")];
    assert_eq!(booked(&desk), sums(&wanted));
}

#[test]
fn nothing_is_posted_before_booking() {
    let desk = Desk::open();
    desk.order(true, r#"{"ArticleNumber":"KVARN-01","DeliveredQuantity":"1","Price":899}"#);
    desk.put("/3/orders/1/createinvoice", "");
    assert!(desk.ledger.sums().is_empty());
}
