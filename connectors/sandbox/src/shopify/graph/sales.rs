//! What was agreed: the order's agreements and the sales in them, with taxes and discounts.

use serde_json::{Value as Json, json};
use tenon_value::{Number, NumberError};

use super::money::{Amount, float, plain};
use super::{Both, Rows};
use crate::shopify::amounts::Row;
use crate::shopify::order::{Allocation, Discount, LineKind, Order, Pair, RefundRow, Tax};
use crate::shopify::time;

/// Every agreement of the order: the sale, edits and refunds.
///
/// # Errors
/// [`NumberError`] where an amount has more digits than can be held.
pub fn agreements(
    order: &Order,
    both: &Both,
    lines: &[Json],
    shipping: &[Json],
    refunds: &[Json],
) -> Result<Json, NumberError> {
    let mut edits: Vec<i64> = order.lines.iter().filter_map(|line| line.added_ms).collect();
    edits.sort_unstable();
    edits.dedup();
    let mut out = vec![agreement(order, 400, "OrderAgreement", "ORDER", order.at_ms)];
    let mut first: Vec<Json> = sold(order, both, lines, None);
    for (place, node) in shipping.iter().enumerate() {
        let rows = (both.shop.shipping.get(place), both.presentment.shipping.get(place));
        let (Some(shop), Some(presentment), Some(own)) =
            (rows.0, rows.1, order.shipping.get(place))
        else {
            continue;
        };
        let mut sale = sale(order, 300 + place, &own.taxes, (shop, presentment));
        set(&mut sale, "__typename", json!("ShippingLineSale"));
        set(&mut sale, "lineType", json!("SHIPPING"));
        set(&mut sale, "quantity", json!(1));
        set(&mut sale, "shippingLine", node.clone());
        first.push(sale);
    }
    if let Some(agreed) = out.first_mut() {
        set(agreed, "sales", Json::Array(first));
        set(agreed, "order", json!({"$ref": order.id}));
    }
    for (n, edit) in edits.into_iter().enumerate() {
        let mut agreed = agreement(order, 401 + n, "OrderEditAgreement", "ORDER_EDIT", edit);
        set(&mut agreed, "sales", Json::Array(sold(order, both, lines, Some(edit))));
        out.push(agreed);
    }
    for (n, (refund, node)) in order.refunds.iter().zip(refunds).enumerate() {
        let mut agreed = agreement(order, 450 + n, "RefundAgreement", "REFUND", refund.at_ms);
        let sales = refund
            .rows
            .iter()
            .enumerate()
            .map(|(place, row)| returned(order, 350 + n * 10 + place, row, lines))
            .collect::<Vec<_>>();
        set(&mut agreed, "sales", Json::Array(sales));
        set(&mut agreed, "refund", node.clone());
        out.push(agreed);
    }
    Ok(Json::Array(out))
}

fn agreement(order: &Order, place: usize, kind: &str, reason: &str, at_ms: i64) -> Json {
    json!({
        "__typename": kind,
        "id": format!("gid://shopify/{kind}/{}", order.part_number(place)),
        "reason": reason,
        "happenedAt": time::text(at_ms),
    })
}

fn sold(order: &Order, both: &Both, lines: &[Json], added: Option<i64>) -> Vec<Json> {
    let mut out = Vec::new();
    for (place, (line, node)) in order.lines.iter().zip(lines).enumerate() {
        let rows = (both.shop.lines.get(place), both.presentment.lines.get(place));
        let (Some(shop), Some(presentment)) = rows else { continue };
        if line.added_ms != added {
            continue;
        }
        let mut sale = sale(order, 2_000 + place, &line.taxes, (shop, presentment));
        let (kind, name) = kind_of(line.kind);
        set(&mut sale, "__typename", json!(kind));
        set(&mut sale, "lineType", json!(name));
        set(&mut sale, "quantity", json!(line.quantity));
        set(&mut sale, "lineItem", node.clone());
        if added.is_some() {
            set(&mut sale, "actionType", json!("UPDATE"));
        }
        out.push(sale);
    }
    out
}

fn kind_of(kind: LineKind) -> (&'static str, &'static str) {
    match kind {
        LineKind::Product => ("ProductSale", "PRODUCT"),
        LineKind::Tip => ("TipSale", "TIP"),
        LineKind::GiftCard => ("GiftCardSale", "GIFT_CARD"),
    }
}

/// A sale without what tells its kind. Its total is after discounts and with taxes.
fn sale(order: &Order, place: usize, taxes: &[Tax], rows: Rows<'_>) -> Json {
    let money = Amount::of(order);
    let of = |value: fn(&Row) -> Number| {
        money.bag(Pair { shop: value(rows.0), presentment: value(rows.1) })
    };
    let number = order.part_number(place);
    let parts: Vec<Json> = tax_lines(order, taxes, rows)
        .into_iter()
        .enumerate()
        .map(|(n, line)| {
            json!({
                "id": format!("gid://shopify/SaleTax/{number}{n}"),
                "amount": line.get("priceSet"),
                "taxLine": line,
            })
        })
        .collect();
    json!({
        "id": format!("gid://shopify/Sale/{number}"),
        "actionType": "ORDER",
        "taxes": parts,
        "totalAmount": of(|row| row.gross),
        "totalTaxAmount": of(|row| row.tax),
        "totalDiscountAmountBeforeTaxes": of(|row| row.discount_before_taxes),
        "totalDiscountAmountAfterTaxes": of(|row| row.discount_after_taxes),
    })
}

fn returned(order: &Order, place: usize, row: &RefundRow, lines: &[Json]) -> Json {
    let money = Amount::of(order);
    let negative =
        |pair: Pair| Pair { shop: pair.shop.negate(), presentment: pair.presentment.negate() };
    let number = order.part_number(place);
    let taxes: Vec<Json> = order
        .lines
        .get(row.line)
        .and_then(|line| line.taxes.first())
        .map(|tax| {
            let line = tax_line(order, tax, negative(row.tax));
            json!({
                "id": format!("gid://shopify/SaleTax/{number}0"),
                "amount": line.get("priceSet"),
                "taxLine": line,
            })
        })
        .into_iter()
        .collect();
    json!({
        "__typename": "ProductSale",
        "id": format!("gid://shopify/Sale/{number}"),
        "actionType": "RETURN",
        "lineType": "PRODUCT",
        "quantity": -i64::from(row.quantity),
        "lineItem": lines.get(row.line),
        "taxes": taxes,
        "totalAmount": money.bag(negative(row.gross)),
        "totalTaxAmount": money.bag(negative(row.tax)),
        "totalDiscountAmountBeforeTaxes": money.bag(super::money::nothing()),
        "totalDiscountAmountAfterTaxes": money.bag(super::money::nothing()),
    })
}

fn tax_line(order: &Order, tax: &Tax, amount: Pair) -> Json {
    let percent = tax.rate.multiply(Number::from(100)).unwrap_or(Number::ZERO);
    json!({
        "title": tax.title,
        "rate": float(tax.rate),
        "ratePercentage": float(percent),
        "priceSet": Amount::of(order).bag(amount),
        "channelLiable": false,
        "source": "Shopify",
    })
}

/// The taxes of a row.
pub fn tax_lines(order: &Order, taxes: &[Tax], rows: Rows<'_>) -> Vec<Json> {
    taxes
        .iter()
        .zip(rows.0.taxes.iter().zip(&rows.1.taxes))
        .map(|(tax, (shop, presentment))| {
            tax_line(order, tax, Pair { shop: *shop, presentment: *presentment })
        })
        .collect()
}

/// The discounts of a row.
pub fn allocations(order: &Order, discounts: &[Allocation], rows: Rows<'_>) -> Vec<Json> {
    let money = Amount::of(order);
    discounts
        .iter()
        .zip(rows.0.allocations.iter().zip(&rows.1.allocations))
        .filter_map(|(allocation, (shop, presentment))| {
            let discount = order.discounts.get(allocation.application)?;
            Some(json!({
                "allocatedAmountSet": money.bag(Pair { shop: *shop, presentment: *presentment }),
                "discountApplication": application(order, allocation.application, discount),
            }))
        })
        .collect()
}

/// A discount of the order.
pub fn application(order: &Order, place: usize, discount: &Discount) -> Json {
    let value = discount.percentage.map_or_else(
        || {
            let mut money = plain(discount.amount, &order.presentment);
            set(&mut money, "__typename", json!("MoneyV2"));
            money
        },
        |percent| json!({"__typename": "PricingPercentageValue", "percentage": float(percent)}),
    );
    json!({
        "__typename":
            if discount.code.is_some() { "DiscountCodeApplication" } else { "ManualDiscountApplication" },
        "index": place,
        "code": discount.code,
        "title": discount.title,
        "description": null,
        "allocationMethod": if discount.across { "ACROSS" } else { "EACH" },
        "targetSelection": if discount.across { "ALL" } else { "ENTITLED" },
        "targetType": if discount.on_shipping { "SHIPPING_LINE" } else { "LINE_ITEM" },
        "value": value,
    })
}

fn set(node: &mut Json, field: &str, value: Json) {
    if let Json::Object(fields) = node {
        fields.insert(field.to_owned(), value);
    }
}
