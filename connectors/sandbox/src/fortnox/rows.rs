//! Document rows: defaults from the article, checks, and what a change of rows means.

use std::sync::Arc;

use tenon_value::{Number, Record, Value, json};

use super::answer::{Answer, NO_CODE};
use super::company::Company;
use super::resource::{ARTICLES, Resource, at};
use super::totals::{code_rate, number, set, öre};

/// At most so many rows on one document (recalled by practitioners, not published).
const MAX_ROWS: usize = 500;

const ROT: [&str; 8] = [
    "CONSTRUCTION",
    "ELECTRICITY",
    "GLASSMETALWORK",
    "GROUNDDRAINAGEWORK",
    "MASONRY",
    "PAINTINGWALLPAPERING",
    "HVAC",
    "OTHERCOSTS",
];
const RUT: [&str; 11] = [
    "MAJORAPPLIANCEREPAIR",
    "MOVINGSERVICES",
    "ITSERVICES",
    "CLEANING",
    "TEXTILECLOTHING",
    "SNOWPLOWING",
    "GARDENING",
    "BABYSITTING",
    "OTHERCARE",
    "OTHERCOSTS",
    "HOMEMAINTENANCE",
];

/// What the rows of a document need to know of it.
pub struct Rows<'a> {
    /// The ledger.
    pub company: &'a mut Company,
    /// Orders or invoices.
    pub resource: &'a Resource,
    /// The document's `TaxReductionType`.
    pub reduction: &'a str,
    /// The customer's `VATType`.
    pub vat_type: &'a str,
}

impl Rows<'_> {
    /// The rows of a new document.
    ///
    /// # Errors
    /// The refusal.
    pub fn new_rows(&mut self, written: &[Value]) -> Result<Vec<Value>, Answer> {
        self.check_count(written.len())?;
        let blank = self.blank()?;
        written.iter().map(|row| self.row(blank.clone(), row)).collect()
    }

    /// The rows after a change. Without a `RowId` anywhere rows are positional; with some, rows
    /// without one are new and rows not named are removed. Row ids change on every update.
    ///
    /// # Errors
    /// The refusal.
    pub fn changed_rows(&mut self, now: &[Value], written: &[Value]) -> Result<Vec<Value>, Answer> {
        self.check_count(written.len())?;
        let blank = self.blank()?;
        let by_id = written.iter().any(|row| !row.field("RowId").is_absent());
        let mut rows = Vec::with_capacity(written.len());
        for (place, row) in written.iter().enumerate() {
            let id = row.field("RowId");
            let before = if by_id {
                now.iter().find(|old| !id.is_absent() && old.field("RowId") == id)
            } else {
                now.get(place)
            };
            let base = before.and_then(Value::as_record).cloned();
            rows.push(self.row(base.unwrap_or_else(|| blank.clone()), row)?);
        }
        Ok(rows)
    }

    fn check_count(&self, count: usize) -> Result<(), Answer> {
        if count > MAX_ROWS {
            let says = format!("Dokumentet får ha högst {MAX_ROWS} rader, inte {count}.");
            return Err(Answer::refused(NO_CODE, &says));
        }
        Ok(())
    }

    fn blank(&self) -> Result<Record, Answer> {
        let shape = match self.resource.path {
            "orders" => include_str!("shapes/order_row.json"),
            _ => include_str!("shapes/invoice_row.json"),
        };
        let shape = json::read(shape).map_err(|_| Answer::new(500, Value::Missing))?;
        Ok(shape.as_record().cloned().unwrap_or_default())
    }

    fn row(&mut self, mut row: Record, written: &Value) -> Result<Value, Answer> {
        let fresh = number(&row, "RowId").is_zero();
        if let Some(article) = written.field("ArticleNumber").plain() {
            self.take_article(&mut row, &article, written)?;
        }
        for (name, value) in written.as_record().into_iter().flatten() {
            if !matches!(&**name, "RowId" | "Total" | "ContributionValue" | "ContributionPercent") {
                row.insert(Arc::clone(name), value.clone());
            }
        }
        self.check(&row)?;
        self.account(&mut row, written, fresh)?;
        for name in ["OrderedQuantity", "DeliveredQuantity"] {
            if row.contains_key(name) {
                let quantity = öre(number(&row, name)).normalised();
                set(&mut row, name, quantity.to_string());
            }
        }
        for name in ["Price", "Discount"] {
            let amount = öre(number(&row, name)).normalised();
            set(&mut row, name, amount);
        }
        let id = self.company.next_row_id();
        set(&mut row, "RowId", id);
        Ok(Value::record(row))
    }

    fn take_article(&self, row: &mut Record, key: &str, written: &Value) -> Result<(), Answer> {
        let Some(article) = self.company.record(&ARTICLES, key) else {
            return Err(Answer::refused(ARTICLES.missing.0, ARTICLES.missing.1));
        };
        let field = |name: &str| article.get(name).cloned().unwrap_or_default();
        set(row, "Description", field("Description"));
        if let Some(unit) = field("Unit").as_text() {
            set(row, "Unit", Value::text(unit));
        }
        if written.field("VAT").is_absent() {
            set(row, "VAT", field("VAT").as_number().unwrap_or(Number::ZERO));
        }
        let account = match self.vat_type {
            "EXPORT" => "ExportAccount",
            "EUREVERSEDVAT" => "EUAccount",
            "EUVAT" => "EUVATAccount",
            _ => "SalesAccount",
        };
        set(row, "AccountNumber", field(account));
        Ok(())
    }

    fn account(&self, row: &mut Record, written: &Value, fresh: bool) -> Result<(), Answer> {
        if number(row, "AccountNumber").is_zero() {
            set(row, "AccountNumber", 3_001);
        }
        let account = number(row, "AccountNumber").to_string();
        let accounts = at("accounts").filter(|kind| self.company.record(kind, &account).is_none());
        if let Some(accounts) = accounts {
            return Err(Answer::refused(accounts.missing.0, accounts.missing.1));
        }
        let named = !written.field("AccountNumber").is_absent();
        let own = self.company.account_rate(&account);
        if let Some(rate) = own.filter(|_| fresh && named && written.field("VAT").is_absent()) {
            set(row, "VAT", rate);
        }
        Ok(())
    }

    fn check(&self, row: &Record) -> Result<(), Answer> {
        let text = |name: &str| row.get(name).and_then(Value::plain).unwrap_or_default();
        if !text("Unit").is_empty() {
            known(self.company, "units", &text("Unit"))?;
        }
        if !text("Project").is_empty() {
            known(self.company, "projects", &text("Project"))?;
        }
        let code = text("VATCode");
        if !code.is_empty() && code_rate(&code).is_none() {
            return Err(Answer::refused(NO_CODE, &format!("Momskoden {code} finns inte.")));
        }
        let vat = number(row, "VAT");
        if vat.is_negative() || vat > Number::from(100) {
            return Err(Answer::refused(2_000_588, &format!("Momssatsen {vat} är ogiltig.")));
        }
        self.housework(&text("HouseWorkType"), text("HouseWork") == "true")
    }

    fn housework(&self, kind: &str, marked: bool) -> Result<(), Answer> {
        let known = ROT.contains(&kind) || RUT.contains(&kind);
        let ended = matches!(kind, "COOKING" | "TUTORING");
        if kind.is_empty() {
            return Ok(());
        }
        if ended {
            let says = "Skattereduktion för den valda typen av husarbete har upphört.";
            return Err(Answer::refused(2_003_157, says));
        }
        if !known {
            return Err(Answer::refused(2_000_588, &format!("Ogiltig husarbetestyp: {kind}.")));
        }
        if kind == "OTHERCOSTS" && marked {
            let says = "Kan inte sätta typen övrig kostnad på en rad markerad som husarbete.";
            return Err(Answer::refused(2_002_980, says));
        }
        let fits = match self.reduction {
            "rot" => ROT.contains(&kind),
            "rut" => RUT.contains(&kind),
            _ => true,
        };
        if !fits {
            let reduction = self.reduction;
            let says = format!(
                "Dokument med skattereduktionstypen '{reduction}' får inte innehålla rader med \
                 husarbetestypen '{kind}'."
            );
            return Err(Answer::refused(2_004_021, &says));
        }
        Ok(())
    }
}

/// Refuses a key that a resource does not have.
///
/// # Errors
/// The refusal, with the code of what is missing.
pub fn known(company: &Company, path: &str, key: &str) -> Result<(), Answer> {
    match at(path) {
        Some(resource) if company.record(resource, key).is_none() => {
            Err(Answer::refused(resource.missing.0, resource.missing.1))
        }
        _ => Ok(()),
    }
}
