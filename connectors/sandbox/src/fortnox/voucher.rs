//! What booking an invoice posts: the accounts, in the company's own currency.

use std::collections::BTreeMap;

use tenon_value::{Number, NumberError, Record, Value};

use super::document::text;
use super::totals::{Basis, number, row_amounts, vat_in, öre};

/// Amounts by account; debit positive, credit negative, adding up to nothing.
pub type Postings = BTreeMap<String, Number>;

const RECEIVABLES: &str = "1510";
const ROUNDING: &str = "3740";

/// The postings of an invoice.
///
/// Assumed: receivables on 1510, VAT on the account of its rate, freight on 3520, fees on 3560,
/// roundings (of the total and of the exchange) on 3740.
///
/// # Errors
/// When an amount does not fit an exact number.
pub fn postings(invoice: &Record, basis: Basis) -> Result<Postings, NumberError> {
    let mut posted = Posted { rate: exchange(invoice)?, accounts: Postings::new() };
    posted.post(RECEIVABLES, number(invoice, "Total"))?;
    for row in invoice.get("InvoiceRows").map(Value::items).unwrap_or_default() {
        let Some(row) = row.as_record() else { continue };
        let amounts = row_amounts(row, basis)?;
        posted.post(&text(row, "AccountNumber"), amounts.net.negate())?;
        posted.post(vat_account(amounts.rate), amounts.vat.negate())?;
    }
    for (fee, account) in [("Freight", "3520"), ("AdministrationFee", "3560")] {
        let amount = number(invoice, fee);
        let rate = if basis.taxed { Number::from(25) } else { Number::ZERO };
        let vat = vat_in(amount, rate, basis)?;
        let net = if basis.vat_included { amount.subtract(vat)? } else { amount };
        posted.post(account, net.negate())?;
        posted.post(vat_account(rate), vat.negate())?;
    }
    let mut open = Number::ZERO;
    for amount in posted.accounts.values() {
        open = open.add(*amount)?;
    }
    let rounding = posted.accounts.entry(ROUNDING.to_owned()).or_insert(Number::ZERO);
    *rounding = rounding.subtract(open)?;
    posted.accounts.retain(|_, amount| !amount.is_zero());
    Ok(posted.accounts)
}

struct Posted {
    rate: Number,
    accounts: Postings,
}

impl Posted {
    fn post(&mut self, account: &str, amount: Number) -> Result<(), NumberError> {
        let own = öre(amount.multiply(self.rate)?);
        let sum = self.accounts.entry(account.to_owned()).or_insert(Number::ZERO);
        *sum = sum.add(own)?;
        Ok(())
    }
}

fn exchange(invoice: &Record) -> Result<Number, NumberError> {
    let unit = number(invoice, "CurrencyUnit");
    let rate = number(invoice, "CurrencyRate");
    if unit.is_zero() { Ok(rate) } else { rate.divide(unit) }
}

fn vat_account(rate: Number) -> &'static str {
    match rate.normalised().to_string().as_str() {
        "25" => "2611",
        "12" => "2621",
        "6" => "2631",
        _ => "2670",
    }
}
