//! The sandbox's own bookkeeping: what it was asked, and whether the ledger holds what the shop sold.
//!
//! The audit compares shop orders with ledger documents only; it knows nothing of the engine.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use tenon_value::Number;

/// What the shop expects of the ledger for one of its orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedOrder {
    /// The order's id in the shop.
    pub id: String,
    /// Its name, such as `#1001`.
    pub name: String,
    /// The currency it was sold in.
    pub currency: String,
    /// What was sold up to the capture, VAT included.
    pub total: Number,
    /// The VAT in it.
    pub vat: Number,
    /// Whether an invoice is due: it was captured, or it is sold on terms.
    pub captured: bool,
    /// Why it must not reach the ledger at all, such as a test order.
    pub must_skip: Option<String>,
    /// Why it cannot reach the ledger before somebody repairs something.
    pub must_fail: Option<String>,
}

/// Order or invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    /// A sales order.
    Order,
    /// An invoice; a credit invoice too.
    Invoice,
}

/// A ledger document, as far as the audit needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Order or invoice.
    pub kind: DocumentKind,
    /// Its number in the ledger.
    pub number: String,
    /// Its non-empty reference fields.
    pub references: Vec<String>,
    /// Its currency.
    pub currency: String,
    /// Its total, VAT included.
    pub total: Number,
    /// Its VAT.
    pub vat: Number,
    /// How many rows it has: the rounding it may show in VAT.
    pub rows: usize,
    /// Whether it is booked.
    pub booked: bool,
    /// Whether it is cancelled.
    pub cancelled: bool,
    /// Whether it is a credit invoice.
    pub credit: bool,
}

/// What the audit found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Books {
    /// Orders in the shop.
    pub orders: usize,
    /// Orders that have an order in the ledger.
    pub synced: usize,
    /// Living invoices that belong to an order of the shop.
    pub invoices: usize,
    /// Of these, booked ones.
    pub booked: usize,
    /// Orders that must not reach the ledger.
    pub skipped_expected: usize,
    /// Orders that cannot reach it (whole) before a repair, and have not.
    pub waiting_repair: usize,
    /// Documents too many: a second order or invoice for one order of the shop.
    pub duplicates: usize,
    /// Orders whose ledger order, or whose due invoice, is not there.
    pub lost: usize,
    /// Documents that belong to no order, or to one that must not reach the ledger.
    pub unwanted: usize,
    /// Whether every document's currency, total and VAT is the shop's.
    pub totals_agree: bool,
    /// Each thing that is not as it should be.
    pub differences: Vec<Difference>,
}

/// One thing that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// `duplicate`, `lost`, `unbooked`, `total`, `vat`, `currency`, `should_be_skipped` or `stray`.
    pub kind: &'static str,
    /// The shop's order name; empty for a stray document.
    pub order: String,
    /// The ledger document's number; empty where there is none.
    pub document: String,
    /// What was expected and what is there.
    pub says: String,
}

/// Compares the shop's orders with the ledger's documents. A document belongs to an order when one
/// of its references is `prefix` and the order's name, with or without the leading `#`.
#[must_use]
pub fn audit(prefix: &str, orders: &[ExpectedOrder], documents: &[Document]) -> Books {
    let mut audit = Audit { books: Books { totals_agree: true, ..Books::default() } };
    audit.books.orders = orders.len();
    let mut by_reference: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (at, document) in documents.iter().enumerate() {
        let mut references: Vec<String> =
            document.references.iter().map(|reference| plain_reference(reference)).collect();
        references.sort();
        references.dedup();
        for reference in references {
            by_reference.entry(reference).or_default().push(at);
        }
    }
    let mut seen = vec![false; documents.len()];
    for order in orders {
        let wanted = plain_reference(&format!("{prefix}{}", order.name));
        let hits = by_reference.get(&wanted).map_or(&[][..], Vec::as_slice);
        for at in hits {
            if let Some(seen) = seen.get_mut(*at) {
                *seen = true;
            }
        }
        let own: Vec<&Document> = hits.iter().filter_map(|at| documents.get(*at)).collect();
        audit.order(order, &own);
    }
    for (document, seen) in documents.iter().zip(seen) {
        if !seen && !document.cancelled {
            let says = format!("references {:?} belong to no order", document.references);
            audit.books.unwanted += 1;
            audit.difference("stray", "", document, says);
        }
    }
    audit.books
}

fn plain_reference(text: &str) -> String {
    text.trim().replace('#', "")
}

struct Audit {
    books: Books,
}

impl Audit {
    fn order(&mut self, order: &ExpectedOrder, own: &[&Document]) {
        let alive = |kind| {
            own.iter()
                .copied()
                .filter(move |d| d.kind == kind && !d.cancelled && !d.credit)
                .collect::<Vec<_>>()
        };
        let ledger_orders = alive(DocumentKind::Order);
        let invoices = alive(DocumentKind::Invoice);
        if let Some(why) = &order.must_skip {
            self.books.skipped_expected += 1;
            for document in ledger_orders.iter().chain(&invoices) {
                self.books.unwanted += 1;
                self.difference("should_be_skipped", &order.name, document, why.clone());
            }
            return;
        }
        self.books.synced += usize::from(!ledger_orders.is_empty());
        self.books.invoices += invoices.len();
        self.books.booked += invoices.iter().filter(|invoice| invoice.booked).count();
        for document in ledger_orders.iter().skip(1).chain(invoices.iter().skip(1)) {
            self.books.duplicates += 1;
            self.difference("duplicate", &order.name, document, "one too many".to_owned());
        }
        for document in ledger_orders.iter().chain(&invoices) {
            self.amounts(order, document);
        }
        for invoice in invoices.iter().filter(|invoice| !invoice.booked) {
            self.difference(
                "unbooked",
                &order.name,
                invoice,
                "the invoice is not booked".to_owned(),
            );
        }
        self.presence(order, ledger_orders.is_empty(), invoices.is_empty());
    }

    fn presence(&mut self, order: &ExpectedOrder, no_order: bool, no_invoice: bool) {
        let no_invoice = order.captured && no_invoice;
        if order.must_fail.is_some() && (no_order || no_invoice) {
            self.books.waiting_repair += 1;
            return;
        }
        let missing = match (no_order, no_invoice) {
            (true, true) => "no order and no invoice in the ledger",
            (true, false) => "no order in the ledger",
            (false, true) => "an invoice is due and not there",
            (false, false) => return,
        };
        self.books.lost += 1;
        self.books.differences.push(Difference {
            kind: "lost",
            order: order.name.clone(),
            document: String::new(),
            says: missing.to_owned(),
        });
    }

    fn amounts(&mut self, order: &ExpectedOrder, document: &Document) {
        if document.currency != order.currency {
            self.books.totals_agree = false;
            let says = format!("sold in {}, in the ledger {}", order.currency, document.currency);
            self.difference("currency", &order.name, document, says);
        }
        if document.total != order.total {
            self.books.totals_agree = false;
            let says = format!("sold for {}, in the ledger {}", order.total, document.total);
            self.difference("total", &order.name, document, says);
        }
        if !near(document.vat, order.vat, document.rows) {
            self.books.totals_agree = false;
            let says = format!("VAT {} in the shop, {} in the ledger", order.vat, document.vat);
            self.difference("vat", &order.name, document, says);
        }
    }

    fn difference(&mut self, kind: &'static str, order: &str, document: &Document, says: String) {
        let order = order.to_owned();
        let document = format!("{:?} {}", document.kind, document.number).to_lowercase();
        self.books.differences.push(Difference { kind, order, document, says });
    }
}

/// VAT may differ by an öre for each row, since both sides round where they must.
fn near(one: Number, other: Number, rows: usize) -> bool {
    let öre = Number::from_decimal(tenon_value::Decimal::new(1, 2));
    let tolerance = Number::from(i64::try_from(rows.max(1)).unwrap_or(i64::MAX)).multiply(öre);
    match (one.subtract(other), tolerance) {
        (Ok(difference), Ok(tolerance)) => difference.abs() <= tolerance,
        _ => false,
    }
}

/// How often each operation was asked, and how it was answered.
#[derive(Debug, Default)]
pub struct Counts(Mutex<Counted>);

/// The counts at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// Requests that arrived.
    pub requests: u64,
    /// Answered 429.
    pub rate_limited: u64,
    /// Not answered at all.
    pub unanswered: u64,
    /// Per operation, such as `POST /fortnox/3/orders`: answers by status; `acted 201` where it
    /// happened and the caller did not get this answer, `unanswered` where no answer went out.
    pub operations: BTreeMap<String, BTreeMap<String, u64>>,
}

impl Counts {
    fn counted(&self) -> std::sync::MutexGuard<'_, Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The counts now.
    #[must_use]
    pub fn now(&self) -> Counted {
        self.counted().clone()
    }

    /// Forgets all counts.
    pub fn reset(&self) {
        *self.counted() = Counted::default();
    }

    /// Counts an answered request.
    pub fn answered(&self, operation: &str, status: u16) {
        let mut counted = self.counted();
        counted.requests += 1;
        counted.rate_limited += u64::from(status == 429);
        counted.note(operation, status.to_string());
    }

    /// Counts a request whose connection was cut.
    pub fn unanswered(&self, operation: &str) {
        let mut counted = self.counted();
        counted.requests += 1;
        counted.unanswered += 1;
        counted.note(operation, "unanswered".to_owned());
    }

    /// Counts what happened behind an answer that the caller did not get.
    pub fn acted(&self, operation: &str, status: u16) {
        self.counted().note(operation, format!("acted {status}"));
    }
}

impl Counted {
    fn note(&mut self, operation: &str, how: String) {
        *self.operations.entry(operation.to_owned()).or_default().entry(how).or_default() += 1;
    }

    /// How often an operation was answered or acted with a status from 200 to 299.
    #[must_use]
    pub fn done(&self, operation: &str) -> u64 {
        let Some(answers) = self.operations.get(operation) else { return 0 };
        answers
            .iter()
            .filter(|(how, _)| how.trim_start_matches("acted ").starts_with('2'))
            .map(|(_, times)| times)
            .sum()
    }
}

/// The operation a request asks for: method and path with numbers as `{n}`; the name of the first
/// operation of a GraphQL document.
#[must_use]
pub fn operation_of(method: &str, path: &str, body: &str) -> String {
    if path.ends_with("/graphql.json") {
        return format!("graphql {}", graphql_operation(body));
    }
    let parts: Vec<&str> = path
        .split('/')
        .enumerate()
        .map(|(at, part)| {
            let number = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            if at > 2 && number { "{n}" } else { part }
        })
        .collect();
    format!("{method} {}", parts.join("/").trim_end_matches('/'))
}

fn graphql_operation(body: &str) -> String {
    let Ok(body) = serde_json::from_str::<serde_json::Value>(body) else {
        return "unreadable".to_owned();
    };
    if let Some(name) = body.get("operationName").and_then(|name| name.as_str()) {
        return name.to_owned();
    }
    let document = body.get("query").and_then(|query| query.as_str()).unwrap_or_default();
    let mut words = document.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    words.by_ref().find(|word| matches!(*word, "query" | "mutation"));
    words.find(|word| !word.is_empty()).unwrap_or("anonymous").to_owned()
}

#[cfg(test)]
mod tests;
