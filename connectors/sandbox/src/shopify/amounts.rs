//! What an order comes to: every row, tax and total in exact numbers, once per currency.
//!
//! A tax is rounded per row and rate, half up, to two digits; totals are sums of rounded rows, so
//! that they agree to the last digit whoever adds them up.

use tenon_value::{Number, NumberError, Rounding};

use super::order::{Line, Order, Pair, RefundRow, Shipping, Tax, Transaction, TransactionKind};

/// Digits of a money amount.
const DIGITS: u32 = 2;

/// In which currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The shop's.
    Shop,
    /// The buyer's.
    Presentment,
}

/// What a row comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Price of one.
    pub unit: Number,
    /// Price of all, before discounts.
    pub original: Number,
    /// Its discounts one by one, as the order lists them.
    pub allocations: Vec<Number>,
    /// Their sum, in the terms of the price.
    pub discount: Number,
    /// Price of all after discounts, with tax where prices include it.
    pub priced: Number,
    /// Each tax.
    pub taxes: Vec<Number>,
    /// All taxes.
    pub tax: Number,
    /// What the buyer pays for it.
    pub gross: Number,
    /// The discounts without the tax they save.
    pub discount_before_taxes: Number,
    /// The discounts with the tax they save.
    pub discount_after_taxes: Number,
}

/// What an order comes to in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amounts {
    /// Lines, in their order.
    pub lines: Vec<Row>,
    /// Delivery, in its order.
    pub shipping: Vec<Row>,
    /// Goods after discounts, as priced; without tips.
    pub subtotal: Number,
    /// Delivery after discounts, as priced.
    pub shipping_total: Number,
    /// All discounts, as priced.
    pub discounts: Number,
    /// All taxes.
    pub tax: Number,
    /// What the buyer pays.
    pub total: Number,
    /// What the ledger's invoice comes to: what stood in the order when money was taken.
    pub invoice_total: Number,
    /// The tax in it.
    pub invoice_tax: Number,
}

/// What the order comes to in one currency.
///
/// # Errors
/// [`NumberError`] where an amount has more digits than can be held.
pub fn amounts(order: &Order, side: Side) -> Result<Amounts, NumberError> {
    let lines =
        order.lines.iter().map(|l| line_row(order, side, l)).collect::<Result<Vec<_>, _>>()?;
    let shipping = order
        .shipping
        .iter()
        .map(|s| shipping_row(order, side, s))
        .collect::<Result<Vec<_>, _>>()?;
    let mut out = Amounts {
        lines: Vec::new(),
        shipping: Vec::new(),
        subtotal: zero(),
        shipping_total: sum(shipping.iter().map(|row| row.priced))?,
        discounts: sum(lines.iter().chain(&shipping).map(|row| row.discount))?,
        tax: sum(lines.iter().chain(&shipping).map(|row| row.tax))?,
        total: sum(lines.iter().chain(&shipping).map(|row| row.gross))?,
        invoice_total: sum(shipping.iter().map(|row| row.gross))?,
        invoice_tax: sum(shipping.iter().map(|row| row.tax))?,
    };
    for (line, row) in order.lines.iter().zip(&lines) {
        if line.kind != super::order::LineKind::Tip {
            out.subtotal = out.subtotal.add(row.priced)?;
        }
        if order.invoiced(line) {
            out.invoice_total = out.invoice_total.add(row.gross)?;
            out.invoice_tax = out.invoice_tax.add(row.tax)?;
        }
    }
    out.lines = lines;
    out.shipping = shipping;
    Ok(out)
}

/// The same amount in both currencies.
///
/// # Errors
/// [`NumberError`] where it has more digits than can be held.
pub fn pair(order: &Order, presentment: Number) -> Result<Pair, NumberError> {
    Ok(Pair { shop: convert(order, Side::Shop, presentment)?, presentment: money(presentment) })
}

/// The order's total in both currencies.
///
/// # Errors
/// [`NumberError`] where it has more digits than can be held.
pub fn total(order: &Order) -> Result<Pair, NumberError> {
    Ok(Pair {
        shop: amounts(order, Side::Shop)?.total,
        presentment: amounts(order, Side::Presentment)?.total,
    })
}

/// What was taken, less what went back, in both currencies.
///
/// # Errors
/// [`NumberError`] where it has more digits than can be held.
pub fn received(transactions: &[Transaction]) -> Result<Pair, NumberError> {
    add_up(transactions.iter().filter(|t| t.takes_money()).map(|t| t.amount))
}

/// What went back, in both currencies.
///
/// # Errors
/// [`NumberError`] where it has more digits than can be held.
pub fn refunded(transactions: &[Transaction]) -> Result<Pair, NumberError> {
    let back = |t: &&Transaction| t.kind == TransactionKind::Refund && t.status == "SUCCESS";
    add_up(transactions.iter().filter(back).map(|t| t.amount))
}

/// A line's part of a refund, in proportion to the quantity; the whole line to the last digit.
///
/// # Errors
/// [`NumberError`] where it has more digits than can be held.
pub fn refund_row(order: &Order, line: usize, quantity: u32) -> Result<RefundRow, NumberError> {
    let whole = |side| -> Result<(Number, Number, Number), NumberError> {
        let rows = amounts(order, side)?.lines;
        let Some(row) = rows.get(line) else { return Ok((zero(), zero(), zero())) };
        let of = order.lines.get(line).map_or(1, |l| l.quantity.max(1));
        let share = |amount: Number| -> Result<Number, NumberError> {
            Ok(money(amount.multiply(Number::from(quantity))?.divide(Number::from(of))?))
        };
        Ok((share(row.priced)?, share(row.tax)?, share(row.gross)?))
    };
    let (shop, presentment) = (whole(Side::Shop)?, whole(Side::Presentment)?);
    Ok(RefundRow {
        line,
        quantity,
        subtotal: Pair { shop: shop.0, presentment: presentment.0 },
        tax: Pair { shop: shop.1, presentment: presentment.1 },
        gross: Pair { shop: shop.2, presentment: presentment.2 },
    })
}

/// Zero with two digits.
#[must_use]
pub fn zero() -> Number {
    money(Number::ZERO)
}

/// Two digits, halves away from zero.
#[must_use]
pub fn money(amount: Number) -> Number {
    amount.round(DIGITS, Rounding::HalfUp)
}

/// Adds up.
///
/// # Errors
/// [`NumberError`] where the sum has more digits than can be held.
pub fn sum(amounts: impl Iterator<Item = Number>) -> Result<Number, NumberError> {
    amounts.into_iter().try_fold(zero(), Number::add)
}

/// Adds up pairs.
///
/// # Errors
/// [`NumberError`] where the sum has more digits than can be held.
pub fn add_up(amounts: impl Iterator<Item = Pair>) -> Result<Pair, NumberError> {
    let mut all = Pair { shop: zero(), presentment: zero() };
    for amount in amounts {
        all.shop = all.shop.add(amount.shop)?;
        all.presentment = all.presentment.add(amount.presentment)?;
    }
    Ok(all)
}

fn convert(order: &Order, side: Side, presentment: Number) -> Result<Number, NumberError> {
    match side {
        Side::Presentment => Ok(money(presentment)),
        Side::Shop => Ok(money(presentment.multiply(order.rate)?)),
    }
}

struct Priced<'a> {
    unit: Number,
    quantity: u32,
    allocations: Vec<Number>,
    taxes: &'a [Tax],
    included: bool,
}

fn line_row(order: &Order, side: Side, line: &Line) -> Result<Row, NumberError> {
    row(Priced {
        unit: convert(order, side, line.price)?,
        quantity: line.quantity,
        allocations: line
            .discounts
            .iter()
            .map(|d| convert(order, side, d.amount))
            .collect::<Result<_, _>>()?,
        taxes: &line.taxes,
        included: order.taxes_included,
    })
}

fn shipping_row(order: &Order, side: Side, shipping: &Shipping) -> Result<Row, NumberError> {
    row(Priced {
        unit: convert(order, side, shipping.price)?,
        quantity: 1,
        allocations: shipping
            .discounts
            .iter()
            .map(|d| convert(order, side, d.amount))
            .collect::<Result<_, _>>()?,
        taxes: &shipping.taxes,
        included: order.taxes_included,
    })
}

fn row(priced: Priced<'_>) -> Result<Row, NumberError> {
    let original = money(priced.unit.multiply(Number::from(priced.quantity))?);
    let discount = sum(priced.allocations.iter().copied())?;
    let after = original.subtract(discount)?;
    let taxes = taxes_of(after, priced.taxes, priced.included)?;
    let tax = sum(taxes.iter().copied())?;
    let saved = sum(taxes_of(discount, priced.taxes, priced.included)?.into_iter())?;
    let (gross, before, with) = if priced.included {
        (after, discount.subtract(saved)?, discount)
    } else {
        (after.add(tax)?, discount, discount.add(saved)?)
    };
    Ok(Row {
        unit: priced.unit,
        original,
        allocations: priced.allocations,
        discount,
        priced: after,
        taxes,
        tax,
        gross,
        discount_before_taxes: before,
        discount_after_taxes: with,
    })
}

fn taxes_of(amount: Number, taxes: &[Tax], included: bool) -> Result<Vec<Number>, NumberError> {
    let mut all = Number::ZERO;
    for tax in taxes {
        all = all.add(tax.rate.multiply(tax.share)?)?;
    }
    let divisor = if included { Number::ONE.add(all)? } else { Number::ONE };
    let part = |tax: &Tax| amount.multiply(tax.rate.multiply(tax.share)?)?.divide(divisor);
    taxes.iter().map(|tax| Ok(money(part(tax)?))).collect()
}
