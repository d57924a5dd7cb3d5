//! Orders and invoices: made from the customer's defaults, changed until they are locked.

use std::sync::Arc;

use chrono::{Days, NaiveDate};
use tenon_value::{NumberError, Record, Value, time};

use super::answer::{Answer, NO_CODE};
use super::company::{Company, blank};
use super::resource::{CUSTOMERS, ORDERS, Resource};
use super::rows::{Rows, known};
use super::schema::written;
use super::totals::{Basis, number, set, total};

/// Fields the ledger computes; a request may name them and changes nothing.
const COMPUTED: [&str; 26] = [
    "@url",
    "@urlTaxReductionList",
    "Balance",
    "BasisTaxReduction",
    "Booked",
    "Cancelled",
    "ContributionPercent",
    "ContributionValue",
    "Credit",
    "CreditInvoiceReference",
    "DocumentNumber",
    "Gross",
    "InvoiceReference",
    "Net",
    "OfferReference",
    "OrderReference",
    "RoundOff",
    "Sent",
    "TaxReduction",
    "Total",
    "TotalToPay",
    "TotalVAT",
    "VoucherNumber",
    "VoucherSeries",
    "VoucherYear",
    "HouseWork",
];

/// The field of a document's rows.
#[must_use]
pub fn rows_of(resource: &Resource) -> &'static str {
    if resource.path == "orders" { "OrderRows" } else { "InvoiceRows" }
}

/// Makes a document.
///
/// # Errors
/// The refusal.
pub fn create(
    company: &mut Company,
    resource: &'static Resource,
    body: &str,
) -> Result<Answer, Answer> {
    let fields = written(resource, "POST", body)?;
    let number = fields.get("CustomerNumber").and_then(Value::plain).unwrap_or_default();
    let Some(customer) = company.record(&CUSTOMERS, &number).cloned() else {
        return Err(Answer::refused(CUSTOMERS.missing.0, CUSTOMERS.missing.1));
    };
    let mut document = blank(resource).map_err(|_| Answer::new(500, Value::Missing))?;
    from_customer(&mut document, &customer);
    write(company, resource, &mut document, fields)?;
    let key = company.table(resource).next_number();
    set(&mut document, "DocumentNumber", key.as_str());
    if resource.path == "invoices" && text(&document, "OCR").is_empty() {
        set(&mut document, "OCR", ocr(&key).as_str());
    }
    Ok(Answer::record(201, resource.envelope, company.insert(resource, &key, document)))
}

/// Changes a document.
///
/// # Errors
/// The refusal: it is booked, cancelled or invoiced, or what is written is wrong.
pub fn update(
    company: &mut Company,
    resource: &'static Resource,
    key: &str,
    body: &str,
) -> Result<Answer, Answer> {
    let Some(mut document) = company.record(resource, key).cloned() else {
        return Err(Answer::not_found(resource.missing.0, resource.missing.1));
    };
    unlocked(resource, &document)?;
    let fields = written(resource, "PUT", body)?;
    write(company, resource, &mut document, fields)?;
    Ok(Answer::record(200, resource.envelope, company.replace(resource, key, document)))
}

/// Refuses what may no longer be changed.
///
/// # Errors
/// The refusal.
pub fn unlocked(resource: &Resource, document: &Record) -> Result<(), Answer> {
    let says = if text(document, "Cancelled") == "true" {
        "Dokumentet är makulerat och kan inte ändras."
    } else if text(document, "Booked") == "true" {
        "Fakturan är bokförd och kan inte ändras."
    } else if resource.path == "orders" && text(document, "InvoiceReference") != "0" {
        "Ordern är fakturerad och kan inte ändras."
    } else {
        return Ok(());
    };
    Err(Answer::refused(NO_CODE, says))
}

/// The text in a field; empty where there is none.
#[must_use]
pub fn text(record: &Record, name: &str) -> String {
    record.get(name).and_then(Value::plain).unwrap_or_default()
}

fn write(
    company: &mut Company,
    resource: &'static Resource,
    document: &mut Record,
    fields: Record,
) -> Result<(), Answer> {
    check_links(company, &fields)?;
    let rows = fields.get(rows_of(resource)).cloned();
    for (name, value) in fields {
        let kept = COMPUTED.contains(&&*name) || &*name == rows_of(resource);
        if !kept {
            let value = beside(document.get(&name), value);
            document.insert(name, value);
        }
    }
    currency(company, document)?;
    dates(company, resource, document)?;
    let vat_type = company
        .record(&CUSTOMERS, &text(document, "CustomerNumber"))
        .map(|customer| text(customer, "VATType"))
        .unwrap_or_default();
    if let Some(rows) = rows {
        let now = document.get(rows_of(resource)).map(Value::items).unwrap_or_default().to_vec();
        let reduction = text(document, "TaxReductionType");
        let mut maker = Rows { company, resource, reduction: &reduction, vat_type: &vat_type };
        let made = if now.is_empty() {
            maker.new_rows(rows.items())?
        } else {
            maker.changed_rows(&now, rows.items())?
        };
        set(document, rows_of(resource), Value::list(made));
    }
    totalled(company, resource, document, &vat_type)
        .map_err(|error| Answer::refused(NO_CODE, &format!("Beloppet kan inte beräknas: {error}.")))
}

/// Computes the totals anew.
///
/// # Errors
/// When an amount does not fit an exact number.
pub fn totalled(
    company: &Company,
    resource: &Resource,
    document: &mut Record,
    vat_type: &str,
) -> Result<(), NumberError> {
    let basis = basis(company, document, vat_type);
    total(document, rows_of(resource), basis)
}

/// What decides how a document is totalled, from itself, the company and the customer's VAT type.
#[must_use]
pub fn basis(company: &Company, document: &Record, vat_type: &str) -> Basis {
    Basis {
        vat_included: text(document, "VATIncluded") == "true",
        taxed: !matches!(vat_type, "EXPORT" | "EUREVERSEDVAT" | "SEREVERSEDVAT"),
        rounding: company.rounding,
    }
}

/// A nested record keeps the fields that are not written.
fn beside(before: Option<&Value>, written: Value) -> Value {
    match (before, &written) {
        (Some(Value::Record(before)), Value::Record(fields)) => {
            let mut all = Record::clone(before);
            all.extend(fields.iter().map(|(name, value)| (name.clone(), value.clone())));
            Value::record(all)
        }
        _ => written,
    }
}

fn from_customer(document: &mut Record, customer: &Record) {
    let copied = [
        ("CustomerNumber", "CustomerNumber"),
        ("CustomerName", "Name"),
        ("OrganisationNumber", "OrganisationNumber"),
        ("Address1", "Address1"),
        ("Address2", "Address2"),
        ("ZipCode", "ZipCode"),
        ("City", "City"),
        ("Country", "Country"),
        ("DeliveryName", "DeliveryName"),
        ("DeliveryAddress1", "DeliveryAddress1"),
        ("DeliveryAddress2", "DeliveryAddress2"),
        ("DeliveryZipCode", "DeliveryZipCode"),
        ("DeliveryCity", "DeliveryCity"),
        ("DeliveryCountry", "DeliveryCountry"),
        ("Phone1", "Phone1"),
        ("Phone2", "Phone2"),
        ("Currency", "Currency"),
        ("PriceList", "PriceList"),
        ("TermsOfPayment", "TermsOfPayment"),
        ("TermsOfDelivery", "TermsOfDelivery"),
        ("WayOfDelivery", "WayOfDelivery"),
        ("OurReference", "OurReference"),
        ("YourReference", "YourReference"),
        ("VATIncluded", "ShowPriceVATIncluded"),
    ];
    for (to, from) in copied {
        let value = customer.get(from).cloned().unwrap_or_default();
        let empty = value.is_absent() || value.as_text() == Some("");
        if !empty && document.contains_key(to) {
            document.insert(Arc::from(to), value);
        }
    }
    if let Some(Value::Record(email)) = document.get("EmailInformation") {
        let address = customer.get("Email").cloned().unwrap_or_default();
        let email = Value::Record(email.clone()).with("EmailAddressTo", address);
        set(document, "EmailInformation", email);
    }
}

fn check_links(company: &Company, fields: &Record) -> Result<(), Answer> {
    for (field, path) in [
        ("CustomerNumber", "customers"),
        ("Currency", "currencies"),
        ("TermsOfPayment", "termsofpayments"),
        ("TermsOfDelivery", "termsofdeliveries"),
        ("WayOfDelivery", "wayofdeliveries"),
        ("PriceList", "pricelists"),
        ("Project", "projects"),
    ] {
        let key = text(fields, field);
        if !key.is_empty() {
            known(company, path, &key)?;
        }
    }
    Ok(())
}

fn currency(company: &Company, document: &mut Record) -> Result<(), Answer> {
    let code = text(document, "Currency");
    known(company, "currencies", &code)?;
    let unset = number(document, "CurrencyRate") == tenon_value::Number::ONE && code != "SEK";
    let rate = super::resource::at("currencies")
        .and_then(|currencies| company.record(currencies, &code))
        .map(|currency| number(currency, "SellRate"));
    if let Some(rate) = rate.filter(|_| unset) {
        set(document, "CurrencyRate", rate.normalised());
    }
    Ok(())
}

fn dates(company: &Company, resource: &Resource, document: &mut Record) -> Result<(), Answer> {
    let field = resource.date;
    if text(document, field).is_empty() {
        set(document, field, day_text(company.today()).as_str());
    }
    let day = time::parse_date(&text(document, field)).unwrap_or_else(|| company.today());
    if text(document, "OutboundDate").is_empty() {
        set(document, "OutboundDate", day_text(day).as_str());
    }
    if resource.path == ORDERS.path {
        return Ok(());
    }
    if company.year_of(day).is_none() {
        let says = format!("Det finns inget räkenskapsår för {day}.");
        return Err(Answer::refused(NO_CODE, &says));
    }
    if text(document, "DueDate").is_empty() {
        let days = text(document, "TermsOfPayment").parse::<u64>().unwrap_or(30);
        let due = day.checked_add_days(Days::new(days)).unwrap_or(day);
        set(document, "DueDate", day_text(due).as_str());
    }
    Ok(())
}

fn day_text(day: NaiveDate) -> String {
    day.format("%Y-%m-%d").to_string()
}

/// A payment reference: the number, its length and a check digit by the Luhn rule.
#[must_use]
pub fn ocr(number: &str) -> String {
    let body = format!("{number}{}", (number.len() + 2) % 10);
    let sum: u32 = body
        .chars()
        .rev()
        .filter_map(|c| c.to_digit(10))
        .enumerate()
        .map(|(at, digit)| if at % 2 == 0 { digit * 2 / 10 + digit * 2 % 10 } else { digit })
        .sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}
