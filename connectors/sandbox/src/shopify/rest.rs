//! An order as a webhook's body has it: the older interface's shape, with plain numbers as ids and
//! the interface's own id beside them.

pub mod topics;

use serde_json::{Value as Json, json};
use tenon_value::NumberError;

use super::amounts::Row;
use super::graph::{Both, financial_status, money};
use super::order::{Address, Line, Order, Pair, Person, Shipping, Tax};
use super::{people, time};

/// The body of a webhook about an order.
///
/// # Errors
/// [`NumberError`] where an amount has more digits than can be held.
pub fn order(order: &Order) -> Result<Json, NumberError> {
    let both = Both::of(order)?;
    let status = financial_status(order, both.pair(|a| a.total))?;
    let mut body = header(order);
    if let Json::Object(fields) = &mut body {
        for part in [parties(order, status), totals(order, &both)] {
            if let Json::Object(more) = part {
                fields.extend(more);
            }
        }
        fields.insert("line_items".to_owned(), Json::Array(lines(order, &both)));
        fields.insert("shipping_lines".to_owned(), Json::Array(deliveries(order, &both)));
    }
    Ok(body)
}

fn header(order: &Order) -> Json {
    let at = time::local(order.at_ms);
    json!({
        "id": order.id_number(),
        "admin_graphql_api_id": order.id,
        "name": order.name,
        "number": order.number.saturating_sub(1_000),
        "order_number": order.number,
        "confirmed": true,
        "created_at": at,
        "processed_at": at,
        "updated_at": time::local(order.updated_ms),
        "cancelled_at": order.cancelled.as_ref().map(|c| time::local(c.at_ms)),
        "cancel_reason": order.cancelled.as_ref().map(|c| c.reason.to_lowercase()),
        "closed_at": null,
        "test": order.test,
        "currency": order.currency,
        "presentment_currency": order.presentment,
        "taxes_included": order.taxes_included,
        "tax_exempt": false,
        "duties_included": false,
    })
}

/// Whom the order concerns, and what was said about it.
fn parties(order: &Order, status: &str) -> Json {
    let codes: Vec<Json> = order
        .discounts
        .iter()
        .filter_map(|discount| {
            let (code, amount) = (discount.code.as_ref()?, discount.amount.to_string());
            Some(json!({"code": code, "amount": amount, "type": "fixed_amount"}))
        })
        .collect();
    let refunds: Vec<Json> = order
        .refunds
        .iter()
        .map(|refund| {
            json!({
                "id": refund.number,
                "admin_graphql_api_id": format!("gid://shopify/Refund/{}", refund.number),
                "order_id": order.id_number(),
                "created_at": time::local(refund.at_ms),
            })
        })
        .collect();
    json!({
        "email": order.email,
        "contact_email": order.email,
        "phone": null,
        "note": order.note,
        "note_attributes": [],
        "po_number": order.po_number,
        "tags": order.tags.join(", "),
        "source_name": order.source,
        "financial_status": status.to_lowercase(),
        "fulfillment_status": order.fulfilled_ms.map(|_| "fulfilled"),
        "payment_gateway_names": order.gateways,
        "billing_address": order.billing.as_ref().map(address),
        "shipping_address": order.delivery.as_ref().map(address),
        "customer": order.customer.as_ref().map(|person| customer(person, order)),
        "company": order.company.as_ref().map(|company| json!({
            "id": company.number, "location_id": company.number + 1,
        })),
        "discount_codes": codes,
        "discount_applications": [],
        "fulfillments": [],
        "refunds": refunds,
        "returns": [],
    })
}

fn set(order: &Order, amount: Pair) -> Json {
    let one = |amount: tenon_value::Number, currency: &str| json!({"amount": amount.to_string(), "currency_code": currency});
    json!({
        "shop_money": one(amount.shop, &order.currency),
        "presentment_money": one(amount.presentment, &order.presentment),
    })
}

fn totals(order: &Order, both: &Both) -> Json {
    let mut out = serde_json::Map::new();
    let mut put = |name: &str, amount: Pair| {
        out.insert(name.to_owned(), json!(amount.shop.to_string()));
        out.insert(format!("{name}_set"), set(order, amount));
    };
    let total = both.pair(|a| a.total);
    put("total_price", total);
    put("current_total_price", total);
    put("total_tax", both.pair(|a| a.tax));
    put("current_total_tax", both.pair(|a| a.tax));
    put("subtotal_price", both.pair(|a| a.subtotal));
    put("current_subtotal_price", both.pair(|a| a.subtotal));
    put("total_discounts", both.pair(|a| a.discounts));
    put("current_total_discounts", both.pair(|a| a.discounts));
    out.insert("total_shipping_price_set".to_owned(), set(order, both.pair(|a| a.shipping_total)));
    out.insert("total_tip_received".to_owned(), json!(money::nothing().shop.to_string()));
    Json::Object(out)
}

fn lines(order: &Order, both: &Both) -> Vec<Json> {
    let rows = both.shop.lines.iter().zip(&both.presentment.lines);
    order.lines.iter().zip(rows).enumerate().map(|(n, (l, r))| line(order, n, l, r)).collect()
}

fn line(order: &Order, place: usize, line: &Line, rows: (&Row, &Row)) -> Json {
    let of = |value: fn(&Row) -> tenon_value::Number| {
        set(order, Pair { shop: value(rows.0), presentment: value(rows.1) })
    };
    let number = order.part_number(place);
    json!({
        "id": number,
        "admin_graphql_api_id": format!("gid://shopify/LineItem/{number}"),
        "title": line.title,
        "variant_title": line.variant,
        "name": line.title,
        "sku": line.sku,
        "quantity": line.quantity,
        "current_quantity": line.quantity,
        "gift_card": line.kind == super::order::LineKind::GiftCard,
        "price": rows.0.unit.to_string(),
        "price_set": of(|row| row.unit),
        "total_discount": rows.0.discount.to_string(),
        "total_discount_set": of(|row| row.discount),
        "product_id": line.product,
        "product_exists": line.product.is_some(),
        "variant_id": line.product.map(|number| number + 1_000),
        "taxable": !line.taxes.is_empty(),
        "tax_lines": taxes(order, &line.taxes, rows),
        "properties": [],
    })
}

fn deliveries(order: &Order, both: &Both) -> Vec<Json> {
    let rows = both.shop.shipping.iter().zip(&both.presentment.shipping);
    let one = |(place, (shipping, rows)): (usize, (&Shipping, (&Row, &Row)))| {
        json!({
            "id": order.part_number(600 + place),
            "title": shipping.title,
            "code": shipping.code,
            "source": "shopify",
            "price": rows.0.original.to_string(),
            "discounted_price": rows.0.priced.to_string(),
            "price_set": set(order, Pair { shop: rows.0.original, presentment: rows.1.original }),
            "tax_lines": taxes(order, &shipping.taxes, rows),
        })
    };
    order.shipping.iter().zip(rows).enumerate().map(one).collect()
}

fn taxes(order: &Order, taxes: &[Tax], rows: (&Row, &Row)) -> Vec<Json> {
    taxes
        .iter()
        .zip(rows.0.taxes.iter().zip(&rows.1.taxes))
        .map(|(tax, (shop, presentment))| {
            json!({
                "title": tax.title,
                "rate": money::float(tax.rate),
                "price": shop.to_string(),
                "price_set": set(order, Pair { shop: *shop, presentment: *presentment }),
                "channel_liable": false,
            })
        })
        .collect()
}

fn address(address: &Address) -> Json {
    json!({
        "first_name": address.first_name,
        "last_name": address.last_name,
        "name": format!("{} {}", address.first_name, address.last_name),
        "company": address.company,
        "address1": address.street,
        "address2": address.street2,
        "zip": address.zip,
        "city": address.city,
        "country": people::country_name(&address.country),
        "country_code": address.country,
        "province": null,
        "province_code": null,
        "phone": address.phone,
        "latitude": null,
        "longitude": null,
    })
}

fn customer(person: &Person, order: &Order) -> Json {
    json!({
        "id": person.number,
        "admin_graphql_api_id": format!("gid://shopify/Customer/{}", person.number),
        "email": person.email,
        "first_name": person.address.first_name,
        "last_name": person.address.last_name,
        "phone": person.address.phone,
        "state": "disabled",
        "tax_exempt": person.reverse_charge,
        "tax_exemptions": [],
        "verified_email": true,
        "currency": order.currency,
        "default_address": address(&person.address),
    })
}
