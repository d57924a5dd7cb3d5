//! The Shopify stand-in: its place in the sandbox.

use std::sync::Arc;

use axum::Router;

use crate::books::ExpectedOrder;
use crate::{Clock, LimitsCell, SandboxConfig};

/// The shop.
pub struct Shop;

impl Shop {
    /// A shop without orders.
    ///
    /// # Errors
    /// Why it could not be made.
    pub fn new(
        _config: &SandboxConfig,
        _clock: Arc<Clock>,
        _limits: Arc<LimitsCell>,
    ) -> Result<Shop, String> {
        Ok(Shop)
    }

    /// What the ledger should hold for each order, by the shop's own records.
    #[must_use]
    pub fn orders_expected(&self) -> Vec<ExpectedOrder> {
        Vec::new()
    }

    /// Everything as at the start.
    pub fn reset(&self) {}

    /// What is in the shop, in numbers.
    #[must_use]
    pub fn summary(&self) -> serde_json::Value {
        serde_json::json!({ "orders": 0 })
    }
}

/// The shop's GraphQL interface.
pub fn router(_shop: Arc<Shop>) -> Router {
    Router::new()
}

/// What tests and demonstrations may do to the shop, below `/control/shop/`.
pub fn control_router(_shop: Arc<Shop>) -> Router {
    Router::new()
}
