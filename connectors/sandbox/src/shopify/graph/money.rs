//! Money in the interface: amounts are texts with two digits.

use serde_json::{Value as Json, json};
use tenon_value::Number;

use crate::shopify::amounts::zero;
use crate::shopify::order::{Order, Pair};

/// Nothing, in both currencies.
#[must_use]
pub fn nothing() -> Pair {
    Pair { shop: zero(), presentment: zero() }
}

/// A `MoneyV2`.
#[must_use]
pub fn plain(amount: Number, currency: &str) -> Json {
    json!({"amount": amount.to_string(), "currencyCode": currency})
}

/// Writes amounts of one order.
#[derive(Debug, Clone, Copy)]
pub struct Amount<'a> {
    shop: &'a str,
    presentment: &'a str,
}

impl<'a> Amount<'a> {
    /// In the order's currencies.
    #[must_use]
    pub fn of(order: &'a Order) -> Amount<'a> {
        Amount { shop: &order.currency, presentment: &order.presentment }
    }

    /// A `MoneyBag`.
    #[must_use]
    pub fn bag(&self, amount: Pair) -> Json {
        json!({
            "shopMoney": plain(amount.shop, self.shop),
            "presentmentMoney": plain(amount.presentment, self.presentment),
        })
    }
}

/// A number as a JSON number with a point, as a `Float` of the interface is written.
#[must_use]
pub fn float(number: Number) -> Json {
    let mut text = number.normalised().to_string();
    if !text.contains('.') {
        text.push_str(".0");
    }
    serde_json::from_str(&text).unwrap_or(Json::Null)
}
