//! What the body of each topic tells of: most of the order, some of what happened to it.

use serde_json::{Value as Json, json};
use tenon_value::NumberError;

use super::set;
use crate::shopify::order::{Order, Refund, Transaction};
use crate::shopify::time;

/// The body of a webhook of a topic about an order; none when nothing of the kind happened to it.
///
/// # Errors
/// [`NumberError`] where an amount has more digits than can be held.
pub fn body(order: &Order, topic: &str) -> Result<Option<Json>, NumberError> {
    Ok(match topic {
        "refunds/create" => order.refunds.last().map(|refund| refunded(order, refund)),
        "order_transactions/create" => order.transactions.last().map(|t| moved(order, t)),
        "orders/edited" => edited(order),
        _ => Some(super::order(order)?),
    })
}

fn refunded(order: &Order, refund: &Refund) -> Json {
    let at = time::local(refund.at_ms);
    let rows: Vec<Json> = refund
        .rows
        .iter()
        .map(|row| {
            json!({
                "id": refund.number + 50,
                "line_item_id": order.part_number(row.line),
                "quantity": row.quantity,
                "restock_type": "no_restock",
                "subtotal_set": set(order, row.subtotal),
                "total_tax_set": set(order, row.tax),
            })
        })
        .collect();
    let paid = order.transactions.iter().filter(|t| t.number == refund.transaction);
    json!({
        "id": refund.number,
        "admin_graphql_api_id": format!("gid://shopify/Refund/{}", refund.number),
        "order_id": order.id_number(),
        "created_at": at,
        "processed_at": at,
        "note": refund.note,
        "duties": [],
        "order_adjustments": [],
        "refund_line_items": rows,
        "transactions": paid.map(|t| moved(order, t)).collect::<Vec<_>>(),
    })
}

fn moved(order: &Order, transaction: &Transaction) -> Json {
    json!({
        "id": transaction.number,
        "admin_graphql_api_id": format!("gid://shopify/OrderTransaction/{}", transaction.number),
        "order_id": order.id_number(),
        "parent_id": transaction.parent,
        "kind": transaction.kind.name().to_lowercase(),
        "status": transaction.status.to_lowercase(),
        "gateway": transaction.gateway,
        "amount": transaction.amount.presentment.to_string(),
        "currency": order.presentment,
        "created_at": time::local(transaction.at_ms),
        "processed_at": time::local(transaction.at_ms),
        "test": order.test,
    })
}

fn edited(order: &Order) -> Option<Json> {
    let last = order.lines.iter().filter_map(|line| line.added_ms).max()?;
    let additions: Vec<Json> = order
        .lines
        .iter()
        .enumerate()
        .filter(|(_, line)| line.added_ms == Some(last))
        .map(|(place, line)| json!({"id": order.part_number(place), "delta": line.quantity}))
        .collect();
    Some(json!({
        "order_edit": {
            "id": order.part_number(401),
            "order_id": order.id_number(),
            "created_at": time::local(last),
            "committed_at": time::local(last),
            "notify_customer": false,
            "line_items": {"additions": additions, "removals": []},
            "shipping_lines": {"additions": [], "removals": []},
        }
    }))
}
