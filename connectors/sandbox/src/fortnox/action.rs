//! What can be done to a document: invoice an order, cancel, book, credit, mark as sent.

use std::sync::Arc;

use tenon_value::{NumberError, Record, Value, time};

use super::answer::{Answer, NO_CODE};
use super::company::{Company, blank};
use super::document::{basis, ocr, rows_of, text, totalled, unlocked};
use super::resource::{CUSTOMERS, INVOICES, ORDERS, Resource};
use super::totals::{number, set};
use super::voucher::postings;

/// Does an action on a document.
///
/// # Errors
/// The refusal.
pub fn act(
    company: &mut Company,
    resource: &'static Resource,
    key: &str,
    action: &str,
) -> Result<Answer, Answer> {
    let Some(document) = company.record(resource, key).cloned() else {
        return Err(Answer::not_found(resource.missing.0, resource.missing.1));
    };
    match (resource.path, action) {
        ("orders", "createinvoice") => create_invoice(company, key, document),
        ("invoices", "bookkeep") => bookkeep(company, key, document),
        ("invoices", "credit") => credit(company, key, document),
        (_, "cancel") => cancel(company, resource, key, document),
        (_, "externalprint" | "print" | "email" | "preview") => {
            sent(company, resource, key, document, action)
        }
        _ => Err(Answer::new(404, Value::Missing)),
    }
}

fn refused(says: &str) -> Answer {
    Answer::refused(NO_CODE, says)
}

fn create_invoice(company: &mut Company, key: &str, mut order: Record) -> Result<Answer, Answer> {
    if text(&order, "Cancelled") == "true" {
        return Err(refused("Ordern är makulerad och kan inte faktureras."));
    }
    if text(&order, "InvoiceReference") != "0" {
        return Err(refused("Ordern är redan fakturerad."));
    }
    let mut invoice = blank(&INVOICES).map_err(|_| Answer::new(500, Value::Missing))?;
    for (name, value) in &order {
        let own = matches!(&**name, "OrderRows" | "InvoiceReference" | "DocumentNumber" | "Sent");
        let template = matches!(&**name, "PrintTemplate" | "EmailInformation" | "OutboundDate");
        if invoice.contains_key(name) && !own && !template {
            invoice.insert(Arc::clone(name), value.clone());
        }
    }
    let rows = order.get("OrderRows").map(Value::items).unwrap_or_default().to_vec();
    let rows: Vec<Value> = rows.iter().map(|row| invoice_row(company, row)).collect();
    set(&mut invoice, "InvoiceRows", Value::list(rows));
    let today = company.today();
    let days = text(&order, "TermsOfPayment").parse::<u64>().unwrap_or(30);
    let due = today.checked_add_days(chrono::Days::new(days)).unwrap_or(today);
    set(&mut invoice, "InvoiceDate", today.to_string());
    set(&mut invoice, "OutboundDate", today.to_string());
    set(&mut invoice, "DueDate", due.to_string());
    set(&mut invoice, "OrderReference", key);
    if company.year_of(today).is_none() {
        return Err(refused(&format!("Det finns inget räkenskapsår för {today}.")));
    }
    retotal(company, &mut invoice)?;
    let number = company.table(&INVOICES).next_number();
    set(&mut invoice, "DocumentNumber", number.as_str());
    set(&mut invoice, "OCR", ocr(&number));
    let invoice = company.insert(&INVOICES, &number, invoice);
    set(&mut order, "InvoiceReference", number.as_str());
    company.replace(&ORDERS, key, order);
    Ok(Answer::record(200, INVOICES.envelope, invoice))
}

fn invoice_row(company: &mut Company, row: &Value) -> Value {
    let shape = tenon_value::json::read(include_str!("shapes/invoice_row.json"));
    let mut made = shape.ok().and_then(|shape| shape.as_record().cloned()).unwrap_or_default();
    for (name, value) in row.as_record().into_iter().flatten() {
        if made.contains_key(name) {
            made.insert(Arc::clone(name), value.clone());
        }
    }
    let id = company.next_row_id();
    set(&mut made, "RowId", id);
    Value::record(made)
}

fn retotal(company: &Company, invoice: &mut Record) -> Result<(), Answer> {
    let vat_type = vat_type(company, invoice);
    totalled(company, &INVOICES, invoice, &vat_type).map_err(uncountable)
}

fn vat_type(company: &Company, invoice: &Record) -> String {
    let customer = company.record(&CUSTOMERS, &text(invoice, "CustomerNumber"));
    customer.map(|customer| text(customer, "VATType")).unwrap_or_default()
}

fn uncountable(error: NumberError) -> Answer {
    refused(&format!("Beloppet kan inte beräknas: {error}."))
}

fn cancel(
    company: &mut Company,
    resource: &'static Resource,
    key: &str,
    mut document: Record,
) -> Result<Answer, Answer> {
    unlocked(resource, &document)?;
    set(&mut document, "Cancelled", true);
    if document.contains_key("Balance") {
        set(&mut document, "Balance", 0);
        // The order it was made from can be invoiced again.
        let order = text(&document, "OrderReference");
        if let Some(mut record) = company.record(&ORDERS, &order).cloned() {
            set(&mut record, "InvoiceReference", "0");
            company.replace(&ORDERS, &order, record);
        }
    }
    Ok(Answer::record(200, resource.envelope, company.replace(resource, key, document)))
}

fn bookkeep(company: &mut Company, key: &str, mut invoice: Record) -> Result<Answer, Answer> {
    if text(&invoice, "Booked") == "true" {
        return Err(refused("Fakturan är redan bokförd."));
    }
    unlocked(&INVOICES, &invoice)?;
    let date = text(&invoice, "InvoiceDate");
    let Some(day) = time::parse_date(&date) else {
        return Err(refused("Fakturan saknar fakturadatum."));
    };
    if company.locked_until.is_some_and(|until| day <= until) {
        return Err(refused(&format!("Perioden är låst: {date}.")));
    }
    let Some(year) = company.year_of(day) else {
        return Err(refused(&format!("Det finns inget räkenskapsår för {date}.")));
    };
    let basis = basis(company, &invoice, &vat_type(company, &invoice));
    let posted = postings(&invoice, basis).map_err(uncountable)?;
    let voucher = company.post(posted).map_err(uncountable)?;
    set(&mut invoice, "Booked", true);
    set(&mut invoice, "VoucherNumber", voucher);
    set(&mut invoice, "VoucherSeries", "B");
    set(&mut invoice, "VoucherYear", year);
    Ok(Answer::record(200, INVOICES.envelope, company.replace(&INVOICES, key, invoice)))
}

fn credit(company: &mut Company, key: &str, mut invoice: Record) -> Result<Answer, Answer> {
    if text(&invoice, "CreditInvoiceReference") != "0" {
        return Err(refused("Fakturan är redan krediterad."));
    }
    if text(&invoice, "Cancelled") == "true" {
        return Err(refused("Fakturan är makulerad och kan inte krediteras."));
    }
    let mut made = invoice.clone();
    let rows = rows_of(&INVOICES);
    let negative: Vec<Value> = made
        .get(rows)
        .map(Value::items)
        .unwrap_or_default()
        .iter()
        .map(|row| {
            let mut row = row.as_record().cloned().unwrap_or_default();
            let quantity = number(&row, "DeliveredQuantity").negate().normalised();
            set(&mut row, "DeliveredQuantity", quantity.to_string());
            let id = company.next_row_id();
            set(&mut row, "RowId", id);
            Value::record(row)
        })
        .collect();
    set(&mut made, rows, Value::list(negative));
    for fee in ["Freight", "AdministrationFee"] {
        let amount = number(&made, fee).negate();
        set(&mut made, fee, amount);
    }
    let today = company.today().to_string();
    set(&mut made, "InvoiceDate", today.as_str());
    set(&mut made, "DueDate", today);
    set(&mut made, "Credit", "true");
    set(&mut made, "CreditInvoiceReference", key);
    set(&mut made, "OrderReference", "0");
    set(&mut made, "Booked", false);
    set(&mut made, "Sent", false);
    for name in ["VoucherNumber", "VoucherSeries", "VoucherYear"] {
        set(&mut made, name, Value::Null);
    }
    retotal(company, &mut made)?;
    let number = company.table(&INVOICES).next_number();
    set(&mut made, "DocumentNumber", number.as_str());
    set(&mut made, "OCR", ocr(&number));
    company.insert(&INVOICES, &number, made);
    set(&mut invoice, "CreditInvoiceReference", number);
    Ok(Answer::record(200, INVOICES.envelope, company.replace(&INVOICES, key, invoice)))
}

fn sent(
    company: &mut Company,
    resource: &'static Resource,
    key: &str,
    mut document: Record,
    action: &str,
) -> Result<Answer, Answer> {
    if action == "email" {
        let to = document.get("EmailInformation").map(|email| email.field("EmailAddressTo"));
        if to.is_none_or(Value::is_blank) {
            return Err(refused("Dokumentet saknar e-postadress."));
        }
    }
    if action != "preview" {
        set(&mut document, "Sent", true);
    }
    Ok(Answer::record(200, resource.envelope, company.replace(resource, key, document)))
}
