//! The Shopify stand-in: a shop with orders, its GraphQL interface and its webhooks.
//!
//! The interface executes any document against the published schemas, so a client meets nulls,
//! unions, cursors, cost and throttling as it would outside. The shop knows nothing of the engine
//! and of the ledger: [`Shop::orders_expected`] says what the ledger should hold by the shop's own
//! records only.

pub mod amounts;
pub mod changes;
pub mod control;
pub mod example;
pub mod goods;
pub mod graph;
pub mod graphql;
pub mod kinds;
pub mod order;
mod parts;
pub mod people;
pub mod rest;
pub mod shop;
pub mod time;
pub mod webhooks;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::routing::post;

pub use shop::Shop;

/// The shop's GraphQL interface.
pub fn router(shop: Arc<Shop>) -> Router {
    Router::new()
        .route("/shopify/{shop}/admin/api/{version}/graphql.json", post(graphql::endpoint::graphql))
        .with_state(shop)
}

/// What tests and demonstrations may do to the shop, below `/control/shop/`.
pub fn control_router(shop: Arc<Shop>) -> Router {
    control::router(shop)
}
