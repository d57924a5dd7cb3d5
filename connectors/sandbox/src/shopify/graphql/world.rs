//! What one request sees of the shop: a picture taken when it came in.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::Value as Json;

use crate::shopify::shop::Stored;

/// The orders of the shop by id.
pub type Orders = IndexMap<String, Arc<Stored>>;
/// The customers of the shop by id.
pub type Customers = IndexMap<String, Arc<Json>>;

/// The picture.
pub struct World {
    /// Orders.
    pub orders: Arc<Orders>,
    /// Customers.
    pub customers: Arc<Customers>,
    /// The shop itself.
    pub shop: Json,
    /// Webhook subscriptions.
    pub subscriptions: Vec<Json>,
    /// Objects given out so far: what the query really cost.
    pub objects: Cell<u64>,
    /// Filters that the interface does not know and passes over.
    pub ignored: RefCell<Vec<String>>,
}

impl World {
    /// A node by its id.
    #[must_use]
    pub fn node(&self, id: &str) -> Option<&Json> {
        if let Some(order) = self.orders.get(id) {
            return Some(&order.graph);
        }
        if let Some(customer) = self.customers.get(id) {
            return Some(customer);
        }
        if self.shop.get("id").and_then(Json::as_str) == Some(id) {
            return Some(&self.shop);
        }
        let is = |json: &&Json| json.get("id").and_then(Json::as_str) == Some(id);
        self.subscriptions.iter().find(is).or_else(|| {
            ["lineItems", "transactions", "refunds", "fulfillments"].iter().find_map(|list| {
                self.orders
                    .values()
                    .filter_map(|order| order.graph.get(*list)?.as_array())
                    .flatten()
                    .find(is)
            })
        })
    }

    /// Counts an object that was given out.
    pub fn counted(&self) {
        self.objects.set(self.objects.get().saturating_add(1));
    }
}
