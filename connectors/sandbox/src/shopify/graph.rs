//! An order in the shape of the GraphQL interface: a tree of JSON with one object per node, in which
//! a list stands for a connection and `{"$ref": gid}` for a node that is held elsewhere.

pub mod money;
pub mod parties;
pub mod sales;

use serde_json::{Value as Json, json};
use tenon_value::NumberError;

use self::money::Amount;
use super::amounts::{self, Amounts, Side};
use super::order::{Line, Order, Pair, Refund, Shipping, Transaction, TransactionKind};
use super::{goods, time};

/// Both currencies' amounts of an order.
pub struct Both {
    /// In the shop's currency.
    pub shop: Amounts,
    /// In the buyer's.
    pub presentment: Amounts,
}

impl Both {
    /// Computes them.
    ///
    /// # Errors
    /// [`NumberError`] where an amount has more digits than can be held.
    pub fn of(order: &Order) -> Result<Both, NumberError> {
        Ok(Both {
            shop: amounts::amounts(order, Side::Shop)?,
            presentment: amounts::amounts(order, Side::Presentment)?,
        })
    }

    /// One total in both currencies.
    pub fn pair(&self, of: impl Fn(&Amounts) -> tenon_value::Number) -> Pair {
        Pair { shop: of(&self.shop), presentment: of(&self.presentment) }
    }
}

/// The order as a node.
///
/// # Errors
/// [`NumberError`] where an amount has more digits than can be held.
pub fn order(order: &Order) -> Result<Json, NumberError> {
    let both = Both::of(order)?;
    let mut node = header(order);
    let parts =
        [remarks(order), totals(order, &both)?, contents(order, &both)?, parties::of_order(order)];
    if let Json::Object(fields) = &mut node {
        for part in parts {
            if let Json::Object(more) = part {
                fields.extend(more);
            }
        }
    }
    Ok(node)
}

fn header(order: &Order) -> Json {
    let created = time::text(order.at_ms);
    json!({
        "__typename": "Order",
        "id": order.id,
        "legacyResourceId": order.id_number().to_string(),
        "name": order.name,
        "number": order.number,
        "confirmationNumber": format!("T{:08}", order.number),
        "confirmed": true,
        "createdAt": created,
        "processedAt": created,
        "updatedAt": time::text(order.updated_ms),
        "cancelledAt": order.cancelled.as_ref().map(|c| time::text(c.at_ms)),
        "cancelReason": order.cancelled.as_ref().map(|c| c.reason),
        "closed": false,
        "closedAt": null,
        "test": order.test,
        "currencyCode": order.currency,
        "presentmentCurrencyCode": order.presentment,
        "taxesIncluded": order.taxes_included,
        "taxExempt": false,
        "dutiesIncluded": false,
        "estimatedTaxes": false,
        "edited": order.lines.iter().any(|line| line.added_ms.is_some()),
    })
}

/// What was said about the order, and where it stands.
fn remarks(order: &Order) -> Json {
    let created = time::text(order.at_ms);
    json!({
        "email": order.email,
        "phone": null,
        "note": order.note,
        "poNumber": order.po_number,
        "tags": order.tags,
        "customAttributes": [],
        "customerLocale": "sv",
        "metafields": parties::metafields(&order.metafields, "ORDER", &created),
        "paymentGatewayNames": order.gateways,
        "sourceName": order.source,
        "requiresShipping": true,
        "returnStatus": "NO_RETURN",
        "riskLevel": "LOW",
        "risk": {"recommendation": "ACCEPT"},
        "statusPageUrl": format!("https://sandbox-shop.example/orders/{}", order.number),
        "paymentCollectionDetails": {"additionalPaymentCollectionUrl": null},
        "paymentTerms": order.terms_days.map(|days| terms(order, days)),
        "discountCode": order.discounts.iter().find_map(|d| d.code.clone()),
        "discountCodes": order.discounts.iter().filter_map(|d| d.code.clone()).collect::<Vec<_>>(),
        "displayFulfillmentStatus":
            if order.fulfilled_ms.is_some() { "FULFILLED" } else { "UNFULFILLED" },
        "app": {"id": "gid://shopify/OrderApp/1", "name": "Online Store"},
    })
}

fn terms(order: &Order, days: u32) -> Json {
    json!({
        "id": format!("gid://shopify/PaymentTerms/{}", order.part_number(700)),
        "paymentTermsName": format!("Net {days}"),
        "translatedName": format!("{days} dagar netto"),
        "paymentTermsType": "NET",
        "dueInDays": days,
        "due": false,
        "overdue": false,
        "order": {"$ref": order.id},
        "paymentSchedules": [],
    })
}

/// The status the shop shows, from what was paid and given back.
///
/// # Errors
/// [`NumberError`] where an amount has more digits than can be held.
pub fn financial_status(order: &Order, total: Pair) -> Result<&'static str, NumberError> {
    let received = amounts::received(&order.transactions)?.presentment;
    let refunded = amounts::refunded(&order.transactions)?.presentment;
    let of = |kind| order.transactions.iter().any(|t| t.kind == kind && t.status == "SUCCESS");
    Ok(if !refunded.is_zero() {
        if refunded >= received { "REFUNDED" } else { "PARTIALLY_REFUNDED" }
    } else if !received.is_zero() {
        if received >= total.presentment { "PAID" } else { "PARTIALLY_PAID" }
    } else if of(TransactionKind::Void) {
        "VOIDED"
    } else if total.presentment.is_zero() {
        "PAID"
    } else if of(TransactionKind::Authorization) {
        "AUTHORIZED"
    } else {
        "PENDING"
    })
}

fn totals(order: &Order, both: &Both) -> Result<Json, NumberError> {
    let money = Amount::of(order);
    let total = both.pair(|a| a.total);
    let tax = both.pair(|a| a.tax);
    let received = amounts::received(&order.transactions)?;
    let refunded = amounts::refunded(&order.transactions)?;
    let minus = |a: Pair, b: Pair| -> Result<Pair, NumberError> {
        Ok(Pair {
            shop: a.shop.subtract(b.shop)?,
            presentment: a.presentment.subtract(b.presentment)?,
        })
    };
    let status = financial_status(order, total)?;
    let open = status == "AUTHORIZED" && order.cancelled.is_none();
    let refunded_tax = amounts::add_up(order.refunds.iter().flat_map(|r| &r.rows).map(|r| r.tax))?;
    let tips = amounts::add_up(
        order.lines.iter().zip(both.shop.lines.iter().zip(&both.presentment.lines)).filter_map(
            |(line, (shop, presentment))| {
                (line.kind == super::order::LineKind::Tip)
                    .then_some(Pair { shop: shop.gross, presentment: presentment.gross })
            },
        ),
    )?;
    Ok(json!({
        "displayFinancialStatus": status,
        "fullyPaid": status == "PAID",
        "unpaid": received.presentment.is_zero() && !total.presentment.is_zero(),
        "capturable": open,
        "totalPriceSet": money.bag(total),
        "originalTotalPriceSet": money.bag(total),
        "currentTotalPriceSet": money.bag(minus(total, refunded)?),
        "totalTaxSet": money.bag(tax),
        "currentTotalTaxSet": money.bag(minus(tax, refunded_tax)?),
        "subtotalPriceSet": money.bag(both.pair(|a| a.subtotal)),
        "currentSubtotalPriceSet": money.bag(both.pair(|a| a.subtotal)),
        "totalShippingPriceSet": money.bag(both.pair(|a| a.shipping_total)),
        "currentShippingPriceSet": money.bag(both.pair(|a| a.shipping_total)),
        "totalDiscountsSet": money.bag(both.pair(|a| a.discounts)),
        "currentTotalDiscountsSet": money.bag(both.pair(|a| a.discounts)),
        "currentCartDiscountAmountSet": money.bag(both.pair(|a| a.discounts)),
        "cartDiscountAmountSet": money.bag(both.pair(|a| a.discounts)),
        "totalTipReceivedSet": money.bag(tips),
        "totalReceivedSet": money.bag(received),
        "netPaymentSet": money.bag(minus(received, refunded)?),
        "totalRefundedSet": money.bag(refunded),
        "totalRefundedShippingSet": money.bag(money::nothing()),
        "refundDiscrepancySet": money.bag(money::nothing()),
        "totalOutstandingSet": money.bag(
            if order.cancelled.is_some() { money::nothing() } else { minus(total, received)? }
        ),
        "totalCapturableSet": money.bag(if open { total } else { money::nothing() }),
        "totalCashRoundingAdjustment": {
            "paymentSet": money.bag(money::nothing()), "refundSet": money.bag(money::nothing()),
        },
    }))
}

fn contents(order: &Order, both: &Both) -> Result<Json, NumberError> {
    let rows = both.shop.lines.iter().zip(&both.presentment.lines);
    let lines: Vec<Json> =
        order.lines.iter().zip(rows).enumerate().map(|(n, (l, r))| line(order, n, l, r)).collect();
    let rows = both.shop.shipping.iter().zip(&both.presentment.shipping);
    let shipping: Vec<Json> = order
        .shipping
        .iter()
        .zip(rows)
        .enumerate()
        .map(|(n, (s, r))| delivery(order, n, s, r))
        .collect();
    let refunds = order.refunds.iter().map(|r| refund(order, r)).collect::<Result<Vec<_>, _>>()?;
    let quantity: u32 = order.lines.iter().map(|line| line.quantity).sum();
    let taxes: Vec<Json> = order
        .lines
        .iter()
        .zip(both.shop.lines.iter().zip(&both.presentment.lines))
        .flat_map(|(line, rows)| sales::tax_lines(order, &line.taxes, rows))
        .chain(
            order
                .shipping
                .iter()
                .zip(both.shop.shipping.iter().zip(&both.presentment.shipping))
                .flat_map(|(shipping, rows)| sales::tax_lines(order, &shipping.taxes, rows)),
        )
        .collect();
    let transactions: Vec<Json> =
        order.transactions.iter().map(|t| transaction(order, t)).collect();
    Ok(json!({
        "agreements": sales::agreements(order, both, &lines, &shipping, &refunds)?,
        "lineItems": lines,
        "subtotalLineItemsQuantity": quantity,
        "currentSubtotalLineItemsQuantity": quantity,
        "shippingLine": shipping.first(),
        "shippingLines": shipping,
        "taxLines": taxes,
        "currentTaxLines": taxes,
        "transactionsCount": {"count": transactions.len(), "precision": "EXACT"},
        "transactions": transactions,
        "refunds": refunds,
        "refundable": order.captured_ms().is_some(),
        "fulfillments": order.fulfilled_ms.map(|at| vec![fulfillment(order, at)]).unwrap_or_default(),
        "discountApplications": order.discounts.iter().enumerate()
            .map(|(n, d)| sales::application(order, n, d)).collect::<Vec<_>>(),
    }))
}

type Rows<'a> = (&'a amounts::Row, &'a amounts::Row);

fn line(order: &Order, place: usize, line: &Line, rows: Rows<'_>) -> Json {
    let money = Amount::of(order);
    let of = |value: fn(&amounts::Row) -> tenon_value::Number| {
        money.bag(Pair { shop: value(rows.0), presentment: value(rows.1) })
    };
    let number = order.part_number(place);
    let refunded: u32 = order
        .refunds
        .iter()
        .flat_map(|refund| &refund.rows)
        .filter(|row| row.line == place)
        .map(|row| row.quantity)
        .sum();
    let open = if order.fulfilled_ms.is_some() { 0 } else { line.quantity };
    json!({
        "__typename": "LineItem",
        "id": format!("gid://shopify/LineItem/{number}"),
        "title": line.title,
        "variantTitle": line.variant,
        "name": line.variant.as_ref().map_or_else(
            || line.title.clone(), |variant| format!("{} - {variant}", line.title)),
        "sku": line.sku,
        "vendor": line.product.map(|_| "Brygg & Co"),
        "quantity": line.quantity,
        "currentQuantity": line.quantity.saturating_sub(refunded),
        "refundableQuantity": line.quantity.saturating_sub(refunded),
        "unfulfilledQuantity": open,
        "fulfillableQuantity": open,
        "fulfillmentStatus": if open == 0 { "fulfilled" } else { "unfulfilled" },
        "isGiftCard": line.kind == super::order::LineKind::GiftCard,
        "requiresShipping": line.kind == super::order::LineKind::Product,
        "taxable": !line.taxes.is_empty(),
        "customAttributes": [],
        "originalUnitPriceSet": of(|row| row.unit),
        "originalTotalSet": of(|row| row.original),
        "discountedUnitPriceSet": of(|row| row.unit),
        "discountedUnitPriceAfterAllDiscountsSet": of(|row| row.unit),
        "discountedTotalSet": of(|row| row.priced),
        "totalDiscountSet": of(|row| row.discount),
        "priceAfterAllDiscountsBeforeTaxesSet": of(|row| row.priced),
        "unfulfilledDiscountedTotalSet": of(|row| row.priced),
        "unfulfilledOriginalTotalSet": of(|row| row.original),
        "discountAllocations": sales::allocations(order, &line.discounts, rows),
        "taxLines": sales::tax_lines(order, &line.taxes, rows),
        "product": line.product.map(|number| goods::product_node(number, &line.title)),
        "variant": line.product.map(|number| {
            goods::variant_node(number, line, &rows.0.unit.to_string())
        }),
    })
}

fn delivery(order: &Order, place: usize, shipping: &Shipping, rows: Rows<'_>) -> Json {
    let money = Amount::of(order);
    let of = |value: fn(&amounts::Row) -> tenon_value::Number| {
        money.bag(Pair { shop: value(rows.0), presentment: value(rows.1) })
    };
    json!({
        "__typename": "ShippingLine",
        "id": format!("gid://shopify/ShippingLine/{}", order.part_number(600 + place)),
        "title": shipping.title,
        "code": shipping.code,
        "source": "shopify",
        "originalPriceSet": of(|row| row.original),
        "discountedPriceSet": of(|row| row.priced),
        "currentDiscountedPriceSet": of(|row| row.priced),
        "discountAllocations": sales::allocations(order, &shipping.discounts, rows),
        "taxLines": sales::tax_lines(order, &shipping.taxes, rows),
    })
}

fn transaction(order: &Order, transaction: &Transaction) -> Json {
    let money = Amount::of(order);
    let gid = |number: u64| format!("gid://shopify/OrderTransaction/{number}");
    let at = time::text(transaction.at_ms);
    json!({
        "__typename": "OrderTransaction",
        "id": gid(transaction.number),
        "kind": transaction.kind.name(),
        "status": transaction.status,
        "gateway": transaction.gateway,
        "formattedGateway": transaction.gateway.replace('_', " "),
        "amountSet": money.bag(transaction.amount),
        "createdAt": at,
        "processedAt": at,
        "test": order.test,
        "manualPaymentGateway": transaction.gateway == "invoice",
        "paymentId": format!("{}.{}", order.name, transaction.number % 100),
        "order": {"$ref": order.id},
        "parentTransaction": transaction.parent.and_then(|number| {
            order.transactions.iter().find(|t| t.number == number).map(|t| json!({
                "__typename": "OrderTransaction",
                "id": gid(t.number),
                "kind": t.kind.name(),
                "status": t.status,
                "gateway": t.gateway,
                "amountSet": money.bag(t.amount),
                "createdAt": time::text(t.at_ms),
                "processedAt": time::text(t.at_ms),
                "test": order.test,
            }))
        }),
        "settlementCurrency": order.currency,
    })
}

fn refund(order: &Order, refund: &Refund) -> Result<Json, NumberError> {
    let money = Amount::of(order);
    let both = Both::of(order)?;
    let at = time::text(refund.at_ms);
    let rows: Vec<Json> = refund
        .rows
        .iter()
        .filter_map(|row| {
            let own = order.lines.get(row.line)?;
            let rows = (both.shop.lines.get(row.line)?, both.presentment.lines.get(row.line)?);
            Some(json!({
                "id": format!("gid://shopify/RefundLineItem/{}", refund.number + 50),
                "lineItem": line(order, row.line, own, rows),
                "quantity": row.quantity,
                "priceSet": money.bag(Pair { shop: rows.0.unit, presentment: rows.1.unit }),
                "subtotalSet": money.bag(row.subtotal),
                "totalTaxSet": money.bag(row.tax),
                "restockType": "NO_RESTOCK",
                "restocked": false,
            }))
        })
        .collect();
    let paid: Vec<&Transaction> =
        order.transactions.iter().filter(|t| t.number == refund.transaction).collect();
    Ok(json!({
        "__typename": "Refund",
        "id": format!("gid://shopify/Refund/{}", refund.number),
        "legacyResourceId": refund.number.to_string(),
        "createdAt": at,
        "processedAt": at,
        "updatedAt": at,
        "note": refund.note,
        "order": {"$ref": order.id},
        "refundLineItems": rows,
        "refundShippingLines": [],
        "orderAdjustments": [],
        "duties": [],
        "totalRefundedSet": money.bag(amounts::add_up(paid.iter().map(|t| t.amount))?),
        "transactions": paid.iter().map(|t| transaction(order, t)).collect::<Vec<_>>(),
    }))
}

fn fulfillment(order: &Order, at_ms: i64) -> Json {
    let at = time::text(at_ms);
    let number = order.part_number(500);
    json!({
        "__typename": "Fulfillment",
        "id": format!("gid://shopify/Fulfillment/{number}"),
        "legacyResourceId": number.to_string(),
        "name": format!("{}-F1", order.name),
        "createdAt": at,
        "updatedAt": at,
        "status": "SUCCESS",
        "displayStatus": "FULFILLED",
        "requiresShipping": true,
        "totalQuantity": order.lines.iter().map(|line| line.quantity).sum::<u32>(),
        "order": {"$ref": order.id},
        "trackingInfo": [],
    })
}
