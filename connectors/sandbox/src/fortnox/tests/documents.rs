use super::{Desk, fields};

const ROW: &str =
    r#"{"ArticleNumber":"KVARN-01","OrderedQuantity":"1","DeliveredQuantity":"1","Price":899}"#;

#[test]
fn a_document_takes_the_customers_defaults() {
    let desk = Desk::open();
    let customer = desk.customer(
        r#","Address1":"Storgatan 1","City":"Lund","Currency":"EUR","TermsOfPayment":"14","DeliveryCity":"Malmö""#,
    );
    let order = desk.order_of(&customer, true, ROW);
    assert_eq!(
        fields(
            &order,
            "CustomerName Address1 City DeliveryCity Currency CurrencyRate TermsOfPayment"
        ),
        r#"["Test","Storgatan 1","Lund","Malmö","EUR",11.25,"14"]"#
    );
}

#[test]
fn numbers_grow_and_documents_are_dated_today_in_the_ledgers_zone() {
    let desk = Desk::open();
    assert_eq!(fields(&desk.order(true, ROW), "DocumentNumber OrderDate"), r#"["1","2026-03-10"]"#);
    // 2026-03-10 23:30 UTC is already the 11th in Stockholm.
    desk.clock.advance(12 * 3_600_000 + 1_800_000);
    let desk = desk.renewed();
    assert_eq!(fields(&desk.order(true, ROW), "DocumentNumber OrderDate"), r#"["2","2026-03-11"]"#);
}

#[test]
fn createinvoice_makes_one_invoice_and_points_to_it() {
    let desk = Desk::open();
    let order = desk.order(true, ROW);
    desk.put("/3/orders/1", r#"{"Order":{"ExternalInvoiceReference1":"S-1001"}}"#);
    let invoice = desk.put("/3/orders/1/createinvoice", "").field("Invoice").clone();
    assert_eq!(
        fields(
            &invoice,
            "DocumentNumber OrderReference ExternalInvoiceReference1 InvoiceDate Total TotalVAT Booked"
        ),
        r#"["1","1","S-1001","2026-03-10",899,179.8,false]"#
    );
    assert_eq!(invoice.field("InvoiceRows").items().len(), 1);
    assert_eq!(fields(&order, "InvoiceReference"), r#"["0"]"#);
    assert_eq!(fields(desk.get("/3/orders/1").field("Order"), "InvoiceReference"), r#"["1"]"#);
    desk.refused("PUT", "/3/orders/1/createinvoice", "");
    desk.refused("PUT", "/3/orders/1", r#"{"Order":{"Comments":"x"}}"#);
    assert_eq!(desk.ledger.records("invoices").len(), 1);
}

#[test]
fn a_booked_invoice_is_locked_and_has_a_voucher() {
    let desk = Desk::open();
    desk.order(true, ROW);
    desk.put("/3/orders/1/createinvoice", "");
    let dated = desk.put("/3/invoices/1", r#"{"Invoice":{"InvoiceDate":"2026-03-05"}}"#);
    assert_eq!(fields(dated.field("Invoice"), "InvoiceDate"), r#"["2026-03-05"]"#);
    let booked = desk.put("/3/invoices/1/bookkeep", "");
    assert_eq!(
        fields(booked.field("Invoice"), "Booked VoucherSeries VoucherNumber VoucherYear Balance"),
        r#"[true,"B",1,4,899]"#
    );
    desk.refused("PUT", "/3/invoices/1/bookkeep", "");
    desk.refused("PUT", "/3/invoices/1", r#"{"Invoice":{"Comments":"x"}}"#);
    desk.refused("PUT", "/3/invoices/1/cancel", "");
}

#[test]
fn an_invoice_is_credited_once_by_a_negative_one() {
    let desk = Desk::open();
    desk.order(true, ROW);
    desk.put("/3/orders/1/createinvoice", "");
    desk.put("/3/invoices/1/bookkeep", "");
    let credited = desk.put("/3/invoices/1/credit", "");
    assert_eq!(fields(credited.field("Invoice"), "CreditInvoiceReference"), r#"["2"]"#);
    let credit = desk.get("/3/invoices/2").field("Invoice").clone();
    assert_eq!(
        fields(&credit, "Credit CreditInvoiceReference Total TotalVAT Booked"),
        r#"["true","1",-899,-179.8,false]"#
    );
    desk.refused("PUT", "/3/invoices/1/credit", "");
}

#[test]
fn a_cancelled_order_stays_as_it_is_and_cannot_be_invoiced() {
    let desk = Desk::open();
    desk.order(true, ROW);
    desk.put("/3/orders/1/cancel", "");
    desk.refused("PUT", "/3/orders/1/cancel", "");
    desk.refused("PUT", "/3/orders/1/createinvoice", "");
    desk.refused("PUT", "/3/orders/1", r#"{"Order":{"Comments":"x"}}"#);
    assert_eq!(desk.get("/3/orders?filter=cancelled").field("Orders").items().len(), 1);
}

#[test]
fn external_print_marks_as_sent() {
    let desk = Desk::open();
    desk.order(true, ROW);
    desk.put("/3/orders/1/createinvoice", "");
    let sent = desk.put("/3/invoices/1/externalprint", "");
    assert_eq!(fields(sent.field("Invoice"), "Sent"), "[true]");
}

#[test]
fn rows_change_by_place_or_by_id_and_always_get_new_ids() {
    let desk = Desk::open();
    let order = desk.order(true, &format!("{ROW},{ROW}"));
    let ids: Vec<String> = order
        .field("OrderRows")
        .items()
        .iter()
        .map(|r| r.field("RowId").plain().unwrap())
        .collect();
    let by_place = desk.put("/3/orders/1", r#"{"Order":{"OrderRows":[{"Price":100}]}}"#);
    let rows = by_place.at("Order.OrderRows").items();
    assert_eq!(fields(&rows[0], "ArticleNumber Price"), r#"["KVARN-01",100]"#);
    assert_eq!(rows.len(), 1);
    assert!(!ids.contains(&rows[0].field("RowId").plain().unwrap()));
    let id = rows[0].field("RowId").plain().unwrap();
    let body = format!(
        r#"{{"Order":{{"OrderRows":[{{"Description":"Ny","Price":5,"VAT":0,"DeliveredQuantity":1}},{{"RowId":{id}}}]}}}}"#
    );
    let by_id = desk.put("/3/orders/1", &body);
    let rows = by_id.at("Order.OrderRows").items();
    assert_eq!(fields(&rows[1], "ArticleNumber Price"), r#"["KVARN-01",100]"#);
    assert_eq!(fields(by_id.field("Order"), "Total"), "[105]");
}

#[test]
fn empty_text_changes_nothing_as_recorded() {
    let desk = Desk::open();
    let customer = desk.customer("");
    desk.post(
        "/3/invoices",
        &format!(r#"{{"Invoice":{{"CustomerNumber":"{customer}","Country":"Sverige"}}}}"#),
    );
    let same = desk.put("/3/invoices/1", r#"{"Invoice":{"Country":""}}"#);
    assert_eq!(fields(same.field("Invoice"), "Country"), r#"["Sverige"]"#);
}

#[test]
fn a_payment_reference_ends_in_its_check_digit() {
    // Recorded: invoice 1 has OCR 133, invoice 18 has 1842, invoice 31 has 3145.
    for (number, wanted) in [("1", "133"), ("18", "1842"), ("31", "3145")] {
        assert_eq!(super::super::document::ocr(number), wanted);
    }
}

#[test]
fn a_customers_country_is_named_from_its_code() {
    let desk = Desk::open();
    let body = r#"{"Customer":{"Name":"A","CountryCode":"SE","SalesAccount":"3001"}}"#;
    let customer = desk.post("/3/customers", body);
    assert_eq!(fields(customer.field("Customer"), "Country SalesAccount"), r#"["Sverige",3001]"#);
}
