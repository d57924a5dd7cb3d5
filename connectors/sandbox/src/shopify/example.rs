//! Orders made from a webhook's body, such as the vendor's own `orders/create` example: kept under the
//! body's `admin_graphql_api_id`, with its lines, discounts and delivery, so that its total is the body's.

use serde_json::Value as Json;
use tenon_value::{Number, NumberError};
use thiserror::Error;

use super::amounts;
use super::order::{
    Address, Allocation, Cancelled, Discount, Line, LineKind, Order, Person, Shipping,
    TransactionKind,
};
use super::parts::{blank, transact};
use super::shop::Shop;
use super::time;

/// The vendor's own example of `orders/create`, as published: a test order, cancelled and voided. Its
/// numeric `id` was rounded by whoever published it; the order is named by `admin_graphql_api_id`.
pub const VENDORS_ORDERS_CREATE: &str = include_str!("examples/orders-create.json");

/// How a body's order is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// As it stands: test, cancelled and voided where the body says so, at its own times.
    AsItStands,
    /// Open: no test, not cancelled, placed two hours ago, paid through `shopify_payments`.
    Open,
}

/// Why a body makes no order.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ExampleError {
    /// A field is not there or is of another kind.
    #[error("the body has no usable `{0}`")]
    Field(&'static str),
    /// An amount could not be read or computed.
    #[error(transparent)]
    Number(#[from] NumberError),
    /// The lines do not come to the body's total.
    #[error("the lines come to {computed}, the body says {stated}")]
    Total {
        /// What they come to.
        computed: Number,
        /// What the body says.
        stated: Number,
    },
}

impl Shop {
    /// Keeps the order a webhook's body tells of. Gives back its id.
    ///
    /// # Errors
    /// [`ExampleError`]
    pub fn load_webhook_example(
        &self,
        body: &Json,
        manner: Manner,
    ) -> Result<String, ExampleError> {
        let number = self.next_number();
        let placed_ms = self.now_ms().saturating_sub(2 * 60 * 60 * 1_000);
        let order = read(body, manner, number, placed_ms)?;
        let id = order.id.clone();
        self.put(order)?;
        Ok(id)
    }
}

fn read(body: &Json, manner: Manner, number: u32, placed_ms: i64) -> Result<Order, ExampleError> {
    let text =
        |name: &'static str| body.get(name).and_then(Json::as_str).ok_or(ExampleError::Field(name));
    let own_ms = body.get("created_at").and_then(Json::as_str).and_then(time::read);
    let at_ms = match manner {
        Manner::Open => placed_ms,
        Manner::AsItStands => own_ms.unwrap_or(placed_ms),
    };
    let mut order = blank(number, at_ms, 0);
    text("admin_graphql_api_id")?.clone_into(&mut order.id);
    text("name")?.clone_into(&mut order.name);
    text("currency")?.clone_into(&mut order.currency);
    order.presentment.clone_from(&order.currency);
    order.taxes_included = body.get("taxes_included").and_then(Json::as_bool).unwrap_or(false);
    order.email = body.get("email").and_then(Json::as_str).map(str::to_owned);
    order.billing = body.get("billing_address").and_then(address);
    order.delivery = body.get("shipping_address").and_then(address);
    order.customer = body.get("customer").and_then(customer);
    order.lines = lines(body)?;
    order.shipping = shipping(body)?;
    spread(&mut order, amount(body, "total_discounts")?)?;
    let total = amounts::total(&order)?;
    let stated = amount(body, "total_price")?;
    if total.presentment != stated {
        return Err(ExampleError::Total { computed: total.presentment, stated });
    }
    match manner {
        Manner::Open => transact(&mut order, TransactionKind::Sale, "shopify_payments", (total, 1)),
        Manner::AsItStands => {
            order.test = body.get("test").and_then(Json::as_bool).unwrap_or(false);
            let cancelled = body.get("cancelled_at").and_then(Json::as_str).and_then(time::read);
            order.cancelled = cancelled.map(|at_ms| Cancelled { at_ms, reason: "CUSTOMER" });
            let gateway = body
                .pointer("/payment_gateway_names/0")
                .and_then(Json::as_str)
                .unwrap_or("manual")
                .to_owned();
            transact(&mut order, TransactionKind::Authorization, &gateway, (total, 0));
            if body.get("financial_status").and_then(Json::as_str) == Some("voided") {
                transact(&mut order, TransactionKind::Void, &gateway, (total, 0));
            }
        }
    }
    order.updated_ms = order.transactions.iter().map(|t| t.at_ms).max().unwrap_or(at_ms);
    Ok(order)
}

fn amount(json: &Json, name: &'static str) -> Result<Number, ExampleError> {
    let text = json.get(name).and_then(Json::as_str).ok_or(ExampleError::Field(name))?;
    Ok(Number::parse(text)?)
}

fn lines(body: &Json) -> Result<Vec<Line>, ExampleError> {
    let items = body.get("line_items").and_then(Json::as_array);
    let items = items.ok_or(ExampleError::Field("line_items"))?;
    items
        .iter()
        .map(|item| {
            let text = |name: &str| item.get(name).and_then(Json::as_str).map(str::to_owned);
            let quantity = item.get("quantity").and_then(Json::as_u64);
            Ok(Line {
                kind: LineKind::Product,
                product: item.get("product_id").and_then(Json::as_u64),
                sku: text("sku"),
                title: text("title").ok_or(ExampleError::Field("title"))?,
                variant: text("variant_title"),
                quantity: quantity
                    .and_then(|n| u32::try_from(n).ok())
                    .ok_or(ExampleError::Field("quantity"))?,
                price: amount(item, "price")?,
                discounts: Vec::new(),
                taxes: Vec::new(),
                added_ms: None,
            })
        })
        .collect()
}

fn shipping(body: &Json) -> Result<Vec<Shipping>, ExampleError> {
    let items = body.get("shipping_lines").and_then(Json::as_array);
    items
        .into_iter()
        .flatten()
        .map(|item| {
            let title = item.get("title").and_then(Json::as_str);
            let title = title.ok_or(ExampleError::Field("title"))?.to_owned();
            Ok(Shipping {
                code: title.to_lowercase(),
                title,
                price: amount(item, "price")?,
                discounts: Vec::new(),
                taxes: Vec::new(),
            })
        })
        .collect()
}

/// Spreads a discount over the lines by their value; the last takes the remainder.
fn spread(order: &mut Order, discount: Number) -> Result<(), NumberError> {
    if discount.is_zero() {
        return Ok(());
    }
    let values = order
        .lines
        .iter()
        .map(|line| line.price.multiply(Number::from(line.quantity)))
        .collect::<Result<Vec<_>, _>>()?;
    let all = amounts::sum(values.iter().copied())?;
    let mut left = discount;
    let last = order.lines.len().saturating_sub(1);
    for (n, (line, value)) in order.lines.iter_mut().zip(values).enumerate() {
        let part =
            if n == last { left } else { amounts::money(discount.multiply(value)?.divide(all)?) };
        left = left.subtract(part)?;
        line.discounts.push(Allocation { application: 0, amount: part });
    }
    order.discounts.push(Discount {
        code: None,
        title: "Discount".to_owned(),
        percentage: None,
        amount: discount,
        on_shipping: false,
        across: true,
    });
    Ok(())
}

fn address(json: &Json) -> Option<Address> {
    let text = |name: &str| json.get(name).and_then(Json::as_str).map(str::to_owned);
    Some(Address {
        first_name: text("first_name")?,
        last_name: text("last_name")?,
        company: text("company"),
        street: text("address1")?,
        street2: text("address2"),
        zip: text("zip")?,
        city: text("city")?,
        country: text("country_code")?,
        phone: text("phone"),
    })
}

fn customer(json: &Json) -> Option<Person> {
    let gid = json.get("admin_graphql_api_id").and_then(Json::as_str)?;
    Some(Person {
        number: gid.rsplit('/').next()?.parse().ok()?,
        email: json.get("email").and_then(Json::as_str)?.to_owned(),
        address: json.get("default_address").and_then(address)?,
        reverse_charge: false,
    })
}
