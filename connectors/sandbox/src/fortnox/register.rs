//! Plain records: customers, articles, terms, units… — made, changed, deleted.

use std::sync::Arc;

use tenon_value::{Record, Value};

use super::answer::{Answer, NO_CODE};
use super::company::{Company, blank};
use super::resource::Resource;
use super::rows::known;
use super::schema::written;
use super::totals::set;

/// Countries by code, as far as the recordings and the neighbourhood need them.
const COUNTRIES: [(&str, &str); 12] = [
    ("SE", "Sverige"),
    ("NO", "Norge"),
    ("DK", "Danmark"),
    ("FI", "Finland"),
    ("DE", "Tyskland"),
    ("NL", "Nederländerna"),
    ("FR", "Frankrike"),
    ("ES", "Spanien"),
    ("IT", "Italien"),
    ("PL", "Polen"),
    ("GB", "Storbritannien"),
    ("US", "USA"),
];

/// Makes a record.
///
/// # Errors
/// The refusal.
pub fn create(company: &mut Company, resource: &Resource, body: &str) -> Result<Answer, Answer> {
    let fields = written(resource, "POST", body)?;
    let given = fields.get(resource.key).and_then(Value::plain);
    if let Some(key) = &given {
        check_key(company, resource, key)?;
    }
    check_references(company, resource, &fields)?;
    let key = match given {
        Some(key) => key,
        None if resource.numbered => company.table(resource).next_number(),
        None => return Err(Answer::refused(2_000_729, "Ingen giltig identifierare angiven.")),
    };
    let mut record = blank(resource).map_err(|_| Answer::new(500, Value::Missing))?;
    record.extend(fields);
    if resource.key != "Number" && resource.key != "Id" {
        set(&mut record, resource.key, key.as_str());
    }
    derive(resource, &mut record);
    Ok(Answer::record(201, resource.envelope, company.insert(resource, &key, record)))
}

/// Changes a record.
///
/// # Errors
/// The refusal.
pub fn update(
    company: &mut Company,
    resource: &Resource,
    key: &str,
    body: &str,
) -> Result<Answer, Answer> {
    let Some(mut record) = company.record(resource, key).cloned() else {
        return Err(Answer::not_found(resource.missing.0, resource.missing.1));
    };
    let mut fields = written(resource, "PUT", body)?;
    check_references(company, resource, &fields)?;
    fields.shift_remove(resource.key);
    record.extend(fields);
    derive(resource, &mut record);
    Ok(Answer::record(200, resource.envelope, company.replace(resource, key, record)))
}

/// Deletes a record; its key stays taken.
///
/// # Errors
/// The refusal.
pub fn delete(company: &mut Company, resource: &Resource, key: &str) -> Result<Answer, Answer> {
    let table = company.table(resource);
    if table.rows.shift_remove(key).is_none() {
        return Err(Answer::not_found(resource.missing.0, resource.missing.1));
    }
    table.deleted.insert(key.to_owned());
    Ok(Answer::new(204, Value::Missing))
}

fn check_key(company: &mut Company, resource: &Resource, key: &str) -> Result<(), Answer> {
    if resource.path == "articles" {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "_-/\\+$".contains(c);
        if !key.chars().all(allowed) {
            let says = format!("Otillåtna tecken i artikelnumret: {key}.");
            return Err(Answer::refused(2_000_359, &says));
        }
    }
    if company.table(resource).taken(key) {
        return Err(match resource.path {
            "customers" => Answer::refused(2_000_637, "Kundnumret används redan."),
            _ => Answer::refused(NO_CODE, &format!("{key} används redan.")),
        });
    }
    Ok(())
}

fn check_references(company: &Company, resource: &Resource, fields: &Record) -> Result<(), Answer> {
    let accounts: &[&str] = match resource.path {
        "articles" => {
            &["SalesAccount", "EUAccount", "EUVATAccount", "ExportAccount", "PurchaseAccount"]
        }
        "customers" => &["SalesAccount"],
        "modesofpayments" => &["AccountNumber"],
        _ => &[],
    };
    let links: &[(&str, &str)] = match resource.path {
        "customers" => &[
            ("Currency", "currencies"),
            ("TermsOfPayment", "termsofpayments"),
            ("TermsOfDelivery", "termsofdeliveries"),
            ("WayOfDelivery", "wayofdeliveries"),
            ("PriceList", "pricelists"),
            ("Project", "projects"),
        ],
        "articles" => &[("Unit", "units")],
        _ => &[],
    };
    let links = links.iter().copied().chain(accounts.iter().map(|name| (*name, "accounts")));
    for (field, path) in links {
        let key = fields.get(field).and_then(Value::plain).unwrap_or_default();
        if !key.is_empty() {
            known(company, path, &key)?;
        }
    }
    Ok(())
}

/// Fields the ledger works out itself.
fn derive(resource: &Resource, record: &mut Record) {
    if resource.path == "articles" {
        let stock = record.get("QuantityInStock").cloned().unwrap_or_default();
        let stock = stock.as_number().map(super::totals::öre);
        if let Some(stock) = stock {
            set(record, "QuantityInStock", stock.normalised());
            set(record, "DisposableQuantity", stock.normalised());
        }
    }
    if resource.path != "customers" {
        return;
    }
    for prefix in ["", "Delivery", "Visiting"] {
        let code = record.get(format!("{prefix}CountryCode").as_str()).and_then(Value::plain);
        let name = code.and_then(|code| {
            COUNTRIES.iter().find(|(known, _)| *known == code).map(|(_, name)| *name)
        });
        if let Some(name) = name {
            record.insert(Arc::from(format!("{prefix}Country").as_str()), Value::text(name));
        }
    }
    // The recorded service takes this as text and answers it as a number.
    let account = record.get("SalesAccount").and_then(Value::plain);
    if let Some(account) = account.and_then(|account| account.parse::<i64>().ok()) {
        set(record, "SalesAccount", account);
    }
}
