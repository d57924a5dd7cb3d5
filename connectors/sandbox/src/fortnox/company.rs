//! The company behind the ledger: its tables of records, and how it begins.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::NaiveDate;
use indexmap::IndexMap;
use tenon_value::{Number, NumberError, Record, Value, json, time};

use super::resource::{self, Resource};
use super::voucher::Postings;
use crate::books::{Document, DocumentKind};

/// Where the real service lives: answers name it in `@url`.
const BASE: &str = "https://api.fortnox.se/3";

/// One stored record.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its fields.
    pub record: Record,
    /// When it was made.
    pub created_ms: i64,
    /// When it was changed last.
    pub changed_ms: i64,
}

/// All records of one resource.
#[derive(Debug, Clone, Default)]
pub struct Table {
    /// By key, in the order they were made.
    pub rows: IndexMap<String, Row>,
    /// Keys of deleted records; they stay taken.
    pub deleted: BTreeSet<String>,
    next: i64,
}

impl Table {
    /// The next free number.
    pub fn next_number(&mut self) -> String {
        loop {
            self.next += 1;
            let number = self.next.to_string();
            if !self.taken(&number) {
                return number;
            }
        }
    }

    /// Whether a key is or was in use.
    #[must_use]
    pub fn taken(&self, key: &str) -> bool {
        self.rows.contains_key(key) || self.deleted.contains(key)
    }
}

/// The company.
#[derive(Debug, Clone)]
pub struct Company {
    tables: BTreeMap<&'static str, Table>,
    /// VAT in percent by account, where the account has one.
    rates: BTreeMap<String, Number>,
    information: Value,
    /// Periods up to this day are locked.
    pub locked_until: Option<NaiveDate>,
    /// Whether invoices are rounded to whole units of their currency.
    pub rounding: bool,
    /// Now, as the request that is being answered sees it.
    pub now_ms: i64,
    /// How long a new document stays invisible to searches, in milliseconds.
    pub search_lag_ms: i64,
    vouchers: i64,
    sums: Postings,
    row_ids: i64,
}

impl Company {
    /// A company with accounts, terms, currencies and a few articles, without documents.
    ///
    /// # Errors
    /// When the data it begins with cannot be read.
    pub fn begin(rounding: bool) -> Result<Company, String> {
        let data = json::read(include_str!("shapes/company.json")).map_err(|e| e.to_string())?;
        let mut company = Company {
            tables: BTreeMap::new(),
            rates: BTreeMap::new(),
            information: data.field("company").clone(),
            locked_until: None,
            rounding,
            now_ms: 0,
            search_lag_ms: 0,
            vouchers: 0,
            sums: Postings::new(),
            row_ids: 0,
        };
        for account in data.field("accounts").items() {
            if let (Some(number), Some(rate)) =
                (account.field("Number").plain(), account.field("rate").as_text())
            {
                let rate = Number::parse(rate).map_err(|e| e.to_string())?;
                company.rates.insert(number, rate);
            }
        }
        for resource in &resource::ALL {
            for written in data.field(resource.path).items() {
                let mut record = blank(resource)?;
                for (name, value) in written.as_record().into_iter().flatten() {
                    if &**name != "rate" {
                        record.insert(name.clone(), value.clone());
                    }
                }
                let key = record.get(resource.key).and_then(Value::plain).unwrap_or_default();
                company.insert(resource, &key, record);
            }
        }
        Ok(company)
    }

    /// What `companyinformation` shows.
    #[must_use]
    pub fn information(&self) -> Value {
        self.information.clone()
    }

    /// The records of a resource.
    pub fn table(&mut self, resource: &Resource) -> &mut Table {
        self.tables.entry(resource.path).or_default()
    }

    /// One record.
    #[must_use]
    pub fn record(&self, resource: &Resource, key: &str) -> Option<&Record> {
        self.tables.get(resource.path)?.rows.get(key).map(|row| &row.record)
    }

    /// The rows of a resource, for a list.
    pub fn rows(&self, resource: &Resource) -> impl Iterator<Item = &Row> {
        self.tables.get(resource.path).into_iter().flat_map(|table| table.rows.values())
    }

    /// Stores a new record under a key, with its address.
    pub fn insert(&mut self, resource: &Resource, key: &str, mut record: Record) -> Value {
        let encoded = encoded(key);
        let url = format!("{BASE}/{}/{encoded}", resource.path);
        record.insert(Arc::from("@url"), Value::text(&url));
        if record.contains_key("@urlTaxReductionList") {
            let path = resource.path;
            let url = format!("{BASE}/taxreductions?filter={path}&referencenumber={encoded}");
            record.insert(Arc::from("@urlTaxReductionList"), Value::text(&url));
        }
        let now_ms = self.now_ms;
        let row = Row { record: record.clone(), created_ms: now_ms, changed_ms: now_ms };
        self.table(resource).rows.insert(key.to_owned(), row);
        Value::record(record)
    }

    /// Stores a changed record.
    pub fn replace(&mut self, resource: &Resource, key: &str, record: Record) -> Value {
        let now_ms = self.now_ms;
        if let Some(row) = self.table(resource).rows.get_mut(key) {
            row.record = record.clone();
            row.changed_ms = now_ms;
        }
        Value::record(record)
    }

    /// The VAT of an account in percent, where it has one.
    #[must_use]
    pub fn account_rate(&self, account: &str) -> Option<Number> {
        self.rates.get(account).copied()
    }

    /// Today, in the company's zone.
    #[must_use]
    pub fn today(&self) -> NaiveDate {
        time::from_millis(self.now_ms)
            .map(|at| time::day_in(&at, chrono_tz::Europe::Stockholm))
            .unwrap_or_default()
    }

    /// The id of the financial year a day lies in.
    #[must_use]
    pub fn year_of(&self, day: NaiveDate) -> Option<Number> {
        let years = resource::at("financialyears")?;
        let row = self.rows(years).find(|row| {
            let bound = |name: &str| {
                row.record.get(name).and_then(Value::as_text).and_then(time::parse_date)
            };
            bound("FromDate").is_some_and(|from| from <= day)
                && bound("ToDate").is_some_and(|to| day <= to)
        })?;
        row.record.get("Id").and_then(Value::as_number)
    }

    /// Posts a voucher; its number.
    ///
    /// # Errors
    /// When a sum does not fit an exact number.
    pub fn post(&mut self, postings: Postings) -> Result<i64, NumberError> {
        for (account, amount) in postings {
            let sum = self.sums.entry(account).or_insert(Number::ZERO);
            *sum = sum.add(amount)?;
        }
        self.vouchers += 1;
        Ok(self.vouchers)
    }

    /// What was posted, by account; debit positive.
    #[must_use]
    pub fn sums(&self) -> &Postings {
        &self.sums
    }

    /// The next row id.
    pub fn next_row_id(&mut self) -> i64 {
        self.row_ids += 1;
        self.row_ids
    }

    /// The documents, for the audit.
    #[must_use]
    pub fn documents(&self) -> Vec<Document> {
        let of = |resource: &'static Resource, kind, rows: &'static str| {
            self.rows(resource).map(move |row| document(&row.record, kind, rows))
        };
        of(&resource::ORDERS, DocumentKind::Order, "OrderRows")
            .chain(of(&resource::INVOICES, DocumentKind::Invoice, "InvoiceRows"))
            .collect()
    }
}

/// A blank record of a resource.
///
/// # Errors
/// When its shape cannot be read.
pub fn blank(resource: &Resource) -> Result<Record, String> {
    let shape = json::read(resource.blank).map_err(|error| error.to_string())?;
    Ok(shape.as_record().cloned().unwrap_or_default())
}

fn document(record: &Record, kind: DocumentKind, rows: &str) -> Document {
    let value = |name: &str| record.get(name).cloned().unwrap_or_default();
    let text = |name: &str| value(name).plain().unwrap_or_default();
    let flag = |name: &str| text(name) == "true";
    let number = |name: &str| value(name).as_number().unwrap_or(Number::ZERO);
    let references = ["ExternalInvoiceReference1", "ExternalInvoiceReference2", "YourOrderNumber"];
    Document {
        kind,
        number: text("DocumentNumber"),
        references: references.map(text).into_iter().filter(|r| !r.is_empty()).collect(),
        currency: text("Currency"),
        total: number("Total"),
        vat: number("TotalVAT"),
        rows: value(rows).items().len(),
        booked: flag("Booked"),
        cancelled: flag("Cancelled"),
        credit: flag("Credit"),
    }
}

fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
