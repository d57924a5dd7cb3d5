//! The Fortnox stand-in: a ledger that keeps its own books.
//!
//! [`Ledger`] answers requests synchronously under one lock and can be used without a server;
//! [`router`] puts it on HTTP. It must know nothing of the shop or of Tenon's engine.
//!
//! What it does is held to the recorded exchanges and the published schema. Where neither says
//! anything the refusal has the code 0 and the sandbox's own words.

mod action;
mod answer;
mod auth;
mod company;
mod document;
mod http;
mod ledger;
mod list;
mod register;
mod resource;
mod rows;
mod schema;
mod totals;
mod voucher;

pub use answer::{Answer, Ask};
pub use http::router;
pub use ledger::{Ledger, TENANT};

#[cfg(test)]
mod tests;
