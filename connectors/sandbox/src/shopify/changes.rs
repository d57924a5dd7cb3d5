//! What can happen to an order after it was placed, and which webhooks tell of it.

use std::sync::Arc;

use tenon_value::NumberError;
use thiserror::Error;

use super::amounts;
use super::order::{Cancelled, Line, LineKind, Order, Pair, Transaction, TransactionKind};
use super::parts;
use super::shop::{Shop, Stored};

/// A change of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Another note.
    Note(String),
    /// Another purchase order number.
    PoNumber(String),
    /// Other tags.
    Tags(Vec<String>),
    /// More tags.
    AddTags(Vec<String>),
    /// Another street in the address of delivery.
    Street(String),
    /// A line more, from the catalogue.
    AddLine,
    /// What is not taken yet of the authorised amount is taken.
    Capture,
    /// It is cancelled; what was authorised is given up.
    Cancel,
    /// It is sent off.
    Fulfil,
    /// Some of a line is refunded.
    Refund {
        /// Which line, by its place.
        line: usize,
        /// How many.
        quantity: u32,
    },
}

/// Why a change was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ChangeError {
    /// There is no such order.
    #[error("there is no order `{0}`")]
    NoSuchOrder(String),
    /// The order is in no state for it.
    #[error("{0}")]
    Refused(&'static str),
    /// An amount could not be computed.
    #[error(transparent)]
    Number(#[from] NumberError),
}

impl Shop {
    /// Changes an order, named by id, number or name, and posts the webhooks that tell of it.
    ///
    /// # Errors
    /// [`ChangeError`]
    pub fn change(&self, which: &str, change: &Change) -> Result<Arc<Stored>, ChangeError> {
        let stored = self.find(which).ok_or_else(|| ChangeError::NoSuchOrder(which.to_owned()))?;
        let mut order = stored.order.clone();
        let now_ms = self.now_ms();
        let now_ms = now_ms - now_ms.rem_euclid(1_000);
        let topics = apply(&mut order, change, now_ms)?;
        order.updated_ms = now_ms.max(order.updated_ms);
        let stored = self.put(order)?;
        self.announce(&stored, topics);
        Ok(stored)
    }
}

fn apply(
    order: &mut Order,
    change: &Change,
    now_ms: i64,
) -> Result<&'static [&'static str], ChangeError> {
    match change {
        Change::Note(note) => order.note = Some(note.clone()),
        Change::PoNumber(number) => order.po_number = Some(number.clone()),
        Change::Tags(tags) => order.tags.clone_from(tags),
        Change::AddTags(tags) => {
            for tag in tags {
                if !order.tags.contains(tag) {
                    order.tags.push(tag.clone());
                }
            }
        }
        Change::Street(street) => match order.delivery.as_mut() {
            Some(address) => address.street.clone_from(street),
            None => return Err(ChangeError::Refused("the order has no address of delivery")),
        },
        Change::AddLine => {
            add_line(order, now_ms);
            return Ok(&["orders/edited", "orders/updated"]);
        }
        Change::Capture => {
            capture(order, now_ms)?;
            return Ok(&["orders/paid", "orders/updated", "order_transactions/create"]);
        }
        Change::Cancel => {
            cancel(order, now_ms)?;
            return Ok(&["orders/cancelled", "orders/updated"]);
        }
        Change::Fulfil => {
            if order.fulfilled_ms.is_some() {
                return Err(ChangeError::Refused("the order was sent off before"));
            }
            order.fulfilled_ms = Some(now_ms);
            return Ok(&["orders/fulfilled", "orders/updated"]);
        }
        Change::Refund { line, quantity } => {
            refund(order, (*line, *quantity), now_ms)?;
            return Ok(&["refunds/create", "orders/updated"]);
        }
    }
    Ok(&["orders/updated"])
}

fn add_line(order: &mut Order, now_ms: i64) {
    let taxes = order.lines.first().map(|line| line.taxes.clone()).unwrap_or_default();
    let price = order.lines.first().map_or_else(amounts::zero, |line| line.price);
    order.lines.push(Line {
        kind: LineKind::Product,
        product: None,
        sku: None,
        title: "Presentinslagning".to_owned(),
        variant: None,
        quantity: 1,
        price,
        discounts: Vec::new(),
        taxes,
        added_ms: Some(now_ms),
    });
}

fn capture(order: &mut Order, now_ms: i64) -> Result<(), ChangeError> {
    if order.cancelled.is_some() {
        return Err(ChangeError::Refused("the order is cancelled"));
    }
    let Some(authorised) =
        order.transactions.iter().find(|t| t.kind == TransactionKind::Authorization).cloned()
    else {
        return Err(ChangeError::Refused("nothing was authorised"));
    };
    let (total, taken) = (amounts::total(order)?, amounts::received(&order.transactions)?);
    let rest = Pair {
        shop: total.shop.subtract(taken.shop)?,
        presentment: total.presentment.subtract(taken.presentment)?,
    };
    if rest.presentment.is_zero() {
        return Err(ChangeError::Refused("the order was captured before"));
    }
    move_money(order, TransactionKind::Capture, &authorised, (rest, now_ms));
    Ok(())
}

fn cancel(order: &mut Order, now_ms: i64) -> Result<(), ChangeError> {
    if order.cancelled.is_some() {
        return Err(ChangeError::Refused("the order was cancelled before"));
    }
    let authorised =
        order.transactions.iter().find(|t| t.kind == TransactionKind::Authorization).cloned();
    if let Some(authorised) = authorised
        && order.captured_ms().is_none()
    {
        move_money(order, TransactionKind::Void, &authorised, (authorised.amount, now_ms));
    }
    order.cancelled = Some(Cancelled { at_ms: now_ms, reason: "CUSTOMER" });
    Ok(())
}

fn refund(
    order: &mut Order,
    (line, quantity): (usize, u32),
    now_ms: i64,
) -> Result<(), ChangeError> {
    if order.captured_ms().is_none() {
        return Err(ChangeError::Refused("nothing was paid that could be refunded"));
    }
    if order.lines.get(line).is_none_or(|line| line.quantity < quantity) {
        return Err(ChangeError::Refused("the order has no such line or quantity"));
    }
    let row = amounts::refund_row(order, line, quantity)?;
    let minutes = now_ms.saturating_sub(order.at_ms) / 60_000;
    parts::give_back(order, row, "", minutes);
    Ok(())
}

fn move_money(
    order: &mut Order,
    kind: TransactionKind,
    of: &Transaction,
    (amount, at_ms): (Pair, i64),
) {
    let number = order.part_number(900 + order.transactions.len());
    order.transactions.push(Transaction {
        number,
        kind,
        status: "SUCCESS",
        gateway: of.gateway.clone(),
        amount,
        at_ms,
        parent: Some(of.number),
    });
}
