use super::{Desk, fields};
use crate::Limits;

fn three_orders(desk: &Desk) {
    for reference in ["S-1001", "S-10011", "s-1001-B"] {
        let customer = desk.customer("");
        let body = format!(
            r#"{{"Order":{{"CustomerNumber":"{customer}","ExternalInvoiceReference1":"{reference}","OurReference":"Ann"}}}}"#
        );
        desk.post("/3/orders", &body);
        desk.clock.advance(60_000);
    }
}

fn numbers(desk: &Desk, query: &str) -> String {
    let list = desk.get(&format!("/3/orders{query}"));
    let numbers: Vec<String> = list
        .field("Orders")
        .items()
        .iter()
        .map(|o| o.field("DocumentNumber").plain().unwrap())
        .collect();
    let meta = list.field("MetaInformation");
    format!("{} {}", numbers.join(","), fields(meta, "@TotalResources @TotalPages @CurrentPage"))
}

#[test]
fn searches_match_parts_and_ignore_case() {
    let desk = Desk::open();
    three_orders(&desk);
    assert_eq!(numbers(&desk, "?externalinvoicereference1=S-1001"), "1,2,3 [3,1,1]");
    assert_eq!(numbers(&desk, "?externalinvoicereference1=S-10011"), "2 [1,1,1]");
    assert_eq!(numbers(&desk, "?externalinvoicereference1=-b&ourreference=ann"), "3 [1,1,1]");
}

#[test]
fn pages_have_limits_offsets_and_an_order() {
    let desk = Desk::open();
    three_orders(&desk);
    assert_eq!(numbers(&desk, "?limit=2"), "1,2 [3,2,1]");
    assert_eq!(numbers(&desk, "?limit=2&page=2"), "3 [3,2,2]");
    assert_eq!(numbers(&desk, "?offset=1"), "2,3 [3,1,1]");
    assert_eq!(numbers(&desk, "?sortby=documentnumber&sortorder=descending"), "3,2,1 [3,1,1]");
    assert_eq!(numbers(&desk, "?offset=10000"), " [0,0,1]");
    desk.refused("GET", "/3/orders?limit=501", "");
    desk.refused("GET", "/3/orders?sortorder=sideways", "");
    desk.refused("GET", "/3/orders?sortby=colour", "");
}

#[test]
fn lastmodified_is_a_local_time_to_the_minute() {
    let desk = Desk::open();
    three_orders(&desk);
    // Made at 12:00, 12:01 and 12:02 in Stockholm (11:00 UTC).
    assert_eq!(numbers(&desk, "?lastmodified=2026-03-10%2012:01"), "2,3 [2,1,1]");
    desk.put("/3/orders/1", r#"{"Order":{"Comments":"x"}}"#);
    assert_eq!(numbers(&desk, "?lastmodified=2026-03-10%2012:03"), "1 [1,1,1]");
    desk.refused("GET", "/3/orders?lastmodified=yesterday", "");
}

#[test]
fn filters_and_dates_narrow_a_list() {
    let desk = Desk::open();
    three_orders(&desk);
    desk.put("/3/orders/2/createinvoice", "");
    desk.put("/3/orders/3/cancel", "");
    assert_eq!(numbers(&desk, "?filter=invoicecreated"), "2 [1,1,1]");
    assert_eq!(numbers(&desk, "?filter=invoicenotcreated"), "1 [1,1,1]");
    assert_eq!(numbers(&desk, "?filter=cancelled"), "3 [1,1,1]");
    assert_eq!(numbers(&desk, "?fromdate=2026-03-11"), " [0,0,1]");
    assert_eq!(desk.refused("GET", "/3/orders?filter=doesntexist", ""), "2000587");
    assert_eq!(desk.get("/3/invoices?filter=unbooked").field("Invoices").items().len(), 1);
    assert_eq!(desk.get("/3/invoices?articlenumber=x").field("Invoices").items().len(), 0);
}

#[test]
fn a_search_lag_hides_new_documents_from_lists_only() {
    let desk = Desk::open();
    desk.limits.set(Limits { on: false, fortnox_search_lag_ms: 2_000, ..Limits::default() });
    let customer = desk.customer("");
    desk.post("/3/orders", &format!(r#"{{"Order":{{"CustomerNumber":"{customer}"}}}}"#));
    assert_eq!(numbers(&desk, ""), " [0,0,1]");
    desk.get("/3/orders/1");
    desk.clock.advance(2_000);
    assert_eq!(numbers(&desk, ""), "1 [1,1,1]");
}
