use super::{Ask, Desk};

const ROW: &str = r#"{"ArticleNumber":"KVARN-01","DeliveredQuantity":"1","Price":899}"#;

#[test]
fn what_is_unknown_is_not_found_with_capitals() {
    let desk = Desk::open();
    for (path, code) in [
        ("/3/orders/9", "2000439"),
        ("/3/invoices/9", "2000434"),
        ("/3/customers/9", "2000433"),
        ("/3/articles/9", "2000428"),
        ("/3/termsofpayments/9", "2000429"),
        ("/3/units/9", "2000432"),
        ("/3/projects/9", "2001161"),
        ("/3/accounts/9999", "2001304"),
    ] {
        let answer = desk.ask("GET", path, "");
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.body.at("ErrorInformation.Code").plain().unwrap(), code);
        assert_eq!(answer.body.at("ErrorInformation.Error").plain().unwrap(), "1");
    }
}

#[test]
fn what_is_written_wrongly_is_refused_in_lower_case() {
    let desk = Desk::open();
    let customer = desk.customer("");
    let order = |fields: &str| {
        let body = format!(r#"{{"Order":{{"CustomerNumber":"{customer}"{fields}}}}}"#);
        desk.refused("POST", "/3/orders", &body)
    };
    let row = |fields: &str| order(&format!(r#","OrderRows":[{{{fields}}}]"#));
    assert_eq!(row(r#""ArticleNumber":"NOPE""#), "2000428");
    assert_eq!(row(r#""AccountNumber":3999"#), "2001304");
    assert_eq!(row(r#""Unit":"tunna""#), "2000432");
    assert_eq!(row(r#""Project":"7""#), "2001161");
    assert_eq!(row(r#""Price":"dyrt""#), "2000108");
    assert_eq!(row(r#""VAT":101"#), "2000588");
    assert_eq!(row(r#""VATCode":"moms""#), "0");
    assert_eq!(order(r#","Currency":"CHF""#), "0");
    assert_eq!(order(r#","TermsOfPayment":"77""#), "2000429");
    assert_eq!(order(r#","WayOfDelivery":"DUVA""#), "0");
    assert_eq!(order(r#","VATIncluded":"kanske""#), "2000134");
    assert_eq!(order(r#","OrderDate":"imorgon""#), "2000588");
    assert_eq!(order(r#","Colour":"red""#), "2001399");
    assert_eq!(order(&format!(r#","YourReference":"{}""#, "x".repeat(51))), "2000588");
    assert_eq!(
        desk.refused("POST", "/3/orders", r#"{"Order":{"CustomerNumber":"99"}}"#),
        "2000433"
    );
    assert_eq!(desk.refused("POST", "/3/orders", r#"{"Order":{"Comments":"x"}}"#), "2000433");
    assert_eq!(desk.refused("POST", "/3/orders", "{not json"), "2002115");
    assert_eq!(desk.refused("POST", "/3/orders", ""), "2001392");
    assert_eq!(desk.refused("POST", "/3/orders", r#"{"Invoice":{}}"#), "2001392");
    assert_eq!(desk.ledger.records("orders").len(), 0, "a refused order leaves nothing");
}

#[test]
fn an_invoice_rows_vat_is_a_whole_number_on_a_known_account() {
    let desk = Desk::open();
    let customer = desk.customer("");
    let invoice = |row: &str| {
        let body =
            format!(r#"{{"Invoice":{{"CustomerNumber":"{customer}","InvoiceRows":[{{{row}}}]}}}}"#);
        desk.refused("POST", "/3/invoices", &body)
    };
    assert_eq!(invoice(r#""VAT":25.5"#), "2000108");
    assert_eq!(invoice(r#""AccountNumber":999"#), "2000588");
}

#[test]
fn more_than_500_rows_are_refused() {
    let desk = Desk::open();
    let rows = vec![ROW; 501].join(",");
    let customer = desk.customer("");
    let body = format!(r#"{{"Order":{{"CustomerNumber":"{customer}","OrderRows":[{rows}]}}}}"#);
    assert_eq!(desk.refused("POST", "/3/orders", &body), "0");
    let order = desk.order(true, &vec![ROW; 500].join(","));
    assert_eq!(order.field("OrderRows").items().len(), 500);
}

#[test]
fn article_numbers_take_few_characters() {
    let desk = Desk::open();
    let article =
        |number: &str| format!(r#"{{"Article":{{"ArticleNumber":"{number}","Description":"A"}}}}"#);
    desk.post("/3/articles", &article("Ab_9-/+$"));
    for number in ["KAFFE 500g (ny)", "Å-1", "a.b"] {
        assert_eq!(desk.refused("POST", "/3/articles", &article(number)), "2000359");
    }
    assert_eq!(desk.refused("POST", "/3/articles", &article("KVARN-01")), "0");
    assert_eq!(
        desk.refused("POST", "/3/articles", r#"{"Article":{"ArticleNumber":"X"}}"#),
        "2000588"
    );
}

#[test]
fn a_customer_number_stays_taken_after_deletion() {
    let desk = Desk::open();
    let body = r#"{"Customer":{"Name":"A","CustomerNumber":"K-1"}}"#;
    desk.post("/3/customers", body);
    assert_eq!(desk.refused("POST", "/3/customers", body), "2000637");
    assert_eq!(desk.ask("DELETE", "/3/customers/K-1", "").status, 204);
    assert_eq!(desk.refused("POST", "/3/customers", body), "2000637");
}

#[test]
fn locked_periods_and_missing_years_cannot_be_booked() {
    let desk = Desk::open();
    desk.order(true, ROW);
    desk.put("/3/orders/1/createinvoice", "");
    desk.ledger.lock_until(Some("2026-03-31")).unwrap();
    let locked = desk.get("/3/settings/lockedperiod");
    assert_eq!(locked.at("LockedPeriod.EndDate").plain().unwrap(), "2026-03-31");
    assert_eq!(desk.refused("PUT", "/3/invoices/1/bookkeep", ""), "0");
    desk.ledger.lock_until(None).unwrap();
    let date = r#"{"Invoice":{"InvoiceDate":"2031-01-01"}}"#;
    assert_eq!(desk.refused("PUT", "/3/invoices/1", date), "0");
    desk.put("/3/invoices/1/bookkeep", "");
    assert!(desk.ledger.lock_until(Some("soon")).is_err());
}

#[test]
fn housework_is_refused_as_recorded() {
    let desk = Desk::open();
    let customer = desk.customer("");
    let order = |reduction: &str, kind: &str| {
        let body = format!(
            r#"{{"Order":{{"CustomerNumber":"{customer}","TaxReductionType":"{reduction}","OrderRows":[{{"HouseWork":true,"HouseWorkType":"{kind}"}}]}}}}"#
        );
        desk.refused("POST", "/3/orders", &body)
    };
    assert_eq!(order("rut", "COOKING"), "2003157");
    assert_eq!(order("rut", "CONSTRUCTION"), "2004021");
    assert_eq!(order("rot", "OTHERCOSTS"), "2002980");
}

#[test]
fn other_formats_than_json_are_refused() {
    let desk = Desk::open();
    let ask = |accept: Option<&str>, content_type: Option<&str>| {
        let ask = Ask::to("POST", "/3/customers", r#"{"Customer":{"Name":"A"}}"#).unwrap();
        let answer = desk.ledger.by_hand(&Ask {
            accept: accept.map(str::to_owned),
            content_type: content_type.map(str::to_owned),
            ..ask
        });
        answer.body.at("ErrorInformation.code").plain()
    };
    assert_eq!(ask(Some("text/html"), None).unwrap(), "1000030");
    assert_eq!(ask(None, Some("application/xml")).unwrap(), "1000031");
    assert_eq!(ask(Some("*/*"), Some("application/json; charset=utf-8")), None);
}

#[test]
fn what_the_interface_does_not_offer_is_refused() {
    let desk = Desk::open();
    assert_eq!(desk.ask("GET", "/3/unicorns", "").status, 404);
    assert_eq!(desk.ask("DELETE", "/3/orders/1", "").status, 405);
    assert_eq!(desk.ask("POST", "/3/financialyears", "{}").status, 405);
}
