//! Amounts: row totals, VAT per row, and the totals of a document, in exact decimals.
//!
//! What the recordings show: totals count the delivered quantity, prices and quantities are kept to
//! two decimals, halves away from zero. What they do not show, and is assumed here: VAT is rounded
//! per row; `Net` and `Gross` are without VAT, `Gross` before discounts; freight and fee carry 25 %.

use std::sync::Arc;

use tenon_value::{Number, NumberError, Record, Rounding, Value};

/// What decides how a document is totalled.
#[derive(Debug, Clone, Copy)]
pub struct Basis {
    /// Prices include VAT.
    pub vat_included: bool,
    /// VAT is charged: not on export, not where the buyer accounts for it.
    pub taxed: bool,
    /// The total is rounded to whole units.
    pub rounding: bool,
}

/// Rounded to two decimals, halves away from zero.
#[must_use]
pub fn öre(number: Number) -> Number {
    number.round(2, Rounding::HalfUp)
}

/// The number in a field, zero where there is none; a text is read.
#[must_use]
pub fn number(record: &Record, name: &str) -> Number {
    match record.get(name) {
        Some(Value::Number(number)) => *number,
        Some(Value::Text(text)) => Number::parse(text).unwrap_or(Number::ZERO),
        _ => Number::ZERO,
    }
}

/// Sets a field.
pub fn set(record: &mut Record, name: &str, value: impl Into<Value>) {
    record.insert(Arc::from(name), value.into());
}

/// The amounts of one row.
#[derive(Debug, Clone, Copy)]
pub struct RowAmounts {
    /// As the row states it, after discount.
    pub total: Number,
    /// Without VAT.
    pub net: Number,
    /// Without VAT and before discount.
    pub gross: Number,
    /// The VAT.
    pub vat: Number,
    /// Its rate in percent.
    pub rate: Number,
}

/// Computes the totals of a document's rows and of the document, and stores them.
///
/// # Errors
/// When an amount does not fit an exact number.
pub fn total(document: &mut Record, rows: &str, basis: Basis) -> Result<(), NumberError> {
    let mut net = Number::ZERO;
    let mut gross = Number::ZERO;
    let mut vat = Number::ZERO;
    let mut priced = Vec::new();
    for row in document.get(rows).map(Value::items).unwrap_or_default() {
        let mut row = row.as_record().cloned().unwrap_or_default();
        let amounts = row_amounts(&row, basis)?;
        net = net.add(amounts.net)?;
        gross = gross.add(amounts.gross)?;
        vat = vat.add(amounts.vat)?;
        show(&mut row, &amounts, basis)?;
        priced.push(Value::record(row));
    }
    if document.contains_key(rows) {
        set(document, rows, Value::list(priced));
    }
    for (fee, fee_vat) in [("Freight", "FreightVAT"), ("AdministrationFee", "AdministrationFeeVAT")]
    {
        let amount = öre(number(document, fee));
        let rate = if basis.taxed { Number::from(25) } else { Number::ZERO };
        let tax = vat_in(amount, rate, basis)?;
        let without = if basis.vat_included { amount.subtract(tax)? } else { amount };
        net = net.add(without)?;
        gross = gross.add(without)?;
        vat = vat.add(tax)?;
        set(document, fee, amount.normalised());
        set(document, fee_vat, tax.normalised());
    }
    let exact = net.add(vat)?;
    let total = if basis.rounding { exact.round(0, Rounding::HalfUp) } else { exact };
    set(document, "Net", net.normalised());
    set(document, "Gross", gross.normalised());
    set(document, "TotalVAT", vat.normalised());
    set(document, "RoundOff", total.subtract(exact)?.normalised());
    set(document, "Total", total.normalised());
    set(document, "TotalToPay", total.normalised());
    if document.contains_key("Balance") {
        set(document, "Balance", total.normalised());
    }
    Ok(())
}

/// Computes the amounts of a row.
///
/// # Errors
/// When an amount does not fit an exact number.
pub fn row_amounts(row: &Record, basis: Basis) -> Result<RowAmounts, NumberError> {
    let quantity = number(row, "DeliveredQuantity");
    let before = öre(number(row, "Price").multiply(quantity)?);
    let discount = number(row, "Discount");
    let off = match row.get("DiscountType").and_then(Value::as_text) {
        Some("AMOUNT") => discount,
        _ => percent(before, discount)?,
    };
    let total = öre(before.subtract(off)?);
    let rate = if basis.taxed { rate(row) } else { Number::ZERO };
    let vat = vat_in(total, rate, basis)?;
    let vat_before = vat_in(before, rate, basis)?;
    let (net, gross) = if basis.vat_included {
        (total.subtract(vat)?, before.subtract(vat_before)?)
    } else {
        (total, before)
    };
    Ok(RowAmounts { total, net, gross, vat, rate })
}

/// The row's VAT in percent: a VAT code's own rate where the row has a code, else `VAT`.
fn rate(row: &Record) -> Number {
    let code = row.get("VATCode").and_then(Value::as_text).and_then(code_rate);
    code.unwrap_or_else(|| number(row, "VAT"))
}

/// The rate a VAT code names: a country and a percentage, such as `SE25` or `FI25.5`.
#[must_use]
pub fn code_rate(code: &str) -> Option<Number> {
    let digits = code.get(2..)?;
    let country = code.get(..2)?;
    let known = country.bytes().all(|byte| byte.is_ascii_uppercase());
    Number::parse(digits).ok().filter(|rate| known && !rate.is_negative())
}

fn percent(of: Number, rate: Number) -> Result<Number, NumberError> {
    of.multiply(rate)?.divide(Number::from(100))
}

/// The VAT in an amount (or on it, where prices are without), rounded to two decimals.
///
/// # Errors
/// When an amount does not fit an exact number.
pub fn vat_in(amount: Number, rate: Number, basis: Basis) -> Result<Number, NumberError> {
    let base = if basis.vat_included { Number::from(100).add(rate)? } else { Number::from(100) };
    Ok(öre(amount.multiply(rate)?.divide(base)?))
}

fn show(row: &mut Record, amounts: &RowAmounts, basis: Basis) -> Result<(), NumberError> {
    set(row, "Total", amounts.total.normalised());
    if row.contains_key("TotalExcludingVAT") {
        let price = öre(number(row, "Price"));
        let tax = vat_in(price, amounts.rate, basis)?;
        let without = if basis.vat_included { price.subtract(tax)? } else { price };
        set(row, "TotalExcludingVAT", amounts.net.normalised());
        set(row, "PriceExcludingVAT", without.normalised());
    }
    if !basis.taxed {
        set(row, "VAT", Number::ZERO);
    }
    Ok(())
}
