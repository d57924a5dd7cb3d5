use super::*;

fn number(text: &str) -> Number {
    Number::parse(text).unwrap()
}

fn sold(name: &str, total: &str, vat: &str) -> ExpectedOrder {
    ExpectedOrder {
        id: format!("gid://shopify/Order/{name}"),
        name: name.to_owned(),
        currency: "SEK".to_owned(),
        total: number(total),
        vat: number(vat),
        captured: true,
        must_skip: None,
        must_fail: None,
    }
}

fn document(kind: DocumentKind, number_: &str, reference: &str, total: &str) -> Document {
    Document {
        kind,
        number: number_.to_owned(),
        references: vec![reference.to_owned()],
        currency: "SEK".to_owned(),
        total: number(total),
        vat: number("25.00"),
        rows: 1,
        booked: kind == DocumentKind::Invoice,
        cancelled: false,
        credit: false,
    }
}

fn good() -> (Vec<ExpectedOrder>, Vec<Document>) {
    let orders = vec![sold("#1001", "125.00", "25.00"), sold("#1002", "125.00", "25.00")];
    let documents = ["1001", "1002"]
        .iter()
        .flat_map(|name| {
            let reference = format!("SHOP-{name}");
            [
                document(DocumentKind::Order, name, &reference, "125.00"),
                document(DocumentKind::Invoice, name, &reference, "125"),
            ]
        })
        .collect();
    (orders, documents)
}

fn kinds(books: &Books) -> Vec<&str> {
    books.differences.iter().map(|difference| difference.kind).collect()
}

#[test]
fn books_in_order_show_no_difference() {
    let (orders, documents) = good();
    let books = audit("SHOP-", &orders, &documents);
    assert_eq!(books.differences, []);
    assert_eq!((books.orders, books.synced, books.invoices, books.booked), (2, 2, 2, 2));
    assert_eq!((books.duplicates, books.lost, books.totals_agree), (0, 0, true));
}

#[test]
fn a_planted_duplicate_is_found() {
    let (orders, mut documents) = good();
    documents.push(document(DocumentKind::Invoice, "99", "SHOP-#1002", "125.00"));
    let books = audit("SHOP-", &orders, &documents);
    assert_eq!(books.duplicates, 1);
    assert_eq!(books.differences[0].document, "invoice 99");
}

#[test]
fn a_lost_order_and_a_lost_invoice_are_found() {
    let (orders, mut documents) = good();
    documents.retain(|d| d.number != "1001");
    documents.retain(|d| !(d.number == "1002" && d.kind == DocumentKind::Invoice));
    let books = audit("SHOP-", &orders, &documents);
    assert_eq!(books.lost, 2);
    assert_eq!(kinds(&books), ["lost", "lost"]);
}

#[test]
fn a_wrong_öre_is_found() {
    let (orders, mut documents) = good();
    documents[3].total = number("125.01");
    let books = audit("SHOP-", &orders, &documents);
    assert!(!books.totals_agree);
    assert_eq!(kinds(&books), ["total"]);
}

#[test]
fn vat_may_differ_by_an_öre_a_row_and_no_more() {
    let (orders, mut documents) = good();
    documents[0].vat = number("25.01");
    assert!(audit("SHOP-", &orders, &documents).totals_agree);
    documents[0].vat = number("25.02");
    assert_eq!(kinds(&audit("SHOP-", &orders, &documents)), ["vat"]);
}

#[test]
fn a_skipped_order_in_the_ledger_and_a_stray_document_are_found() {
    let (mut orders, mut documents) = good();
    orders[0].must_skip = Some("test order".to_owned());
    documents.truncate(3);
    documents.remove(0);
    documents.push(document(DocumentKind::Order, "77", "OTHER-5", "1.00"));
    let books = audit("SHOP-", &orders, &documents);
    assert_eq!(kinds(&books), ["should_be_skipped", "lost", "stray"]);
    assert_eq!((books.skipped_expected, books.unwanted), (1, 2));
}

#[test]
fn an_order_that_waits_for_a_repair_is_not_lost() {
    let (mut orders, mut documents) = good();
    orders[1].must_fail = Some("payment method not mapped".to_owned());
    documents.truncate(2);
    let books = audit("SHOP-", &orders, &documents);
    assert_eq!((books.waiting_repair, books.lost, books.synced), (1, 0, 1));
}

#[test]
fn cancelled_and_credit_documents_do_not_count() {
    let (orders, mut documents) = good();
    let mut cancelled = document(DocumentKind::Order, "50", "SHOP-1001", "125.00");
    cancelled.cancelled = true;
    let mut credit = document(DocumentKind::Invoice, "51", "SHOP-1001", "-125.00");
    credit.credit = true;
    documents.extend([cancelled, credit]);
    assert_eq!(audit("SHOP-", &orders, &documents).differences, []);
}

#[test]
fn operations_are_named_by_path_and_by_document() {
    assert_eq!(
        operation_of("PUT", "/fortnox/3/orders/17/createinvoice", ""),
        "PUT /fortnox/3/orders/{n}/createinvoice"
    );
    assert_eq!(operation_of("GET", "/fortnox/3/orders/", ""), "GET /fortnox/3/orders");
    let body = r#"{"query":"query OrderById($id: ID!) { order(id: $id) { id } }"}"#;
    assert_eq!(
        operation_of("POST", "/shopify/s/admin/api/2026-01/graphql.json", body),
        "graphql OrderById"
    );
}
