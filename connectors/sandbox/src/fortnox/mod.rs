//! The Fortnox stand-in: a ledger that keeps its own books.
//!
//! [`Ledger`] answers requests synchronously under one lock and can be used without a server;
//! [`router`] puts it on HTTP. It must know nothing of the shop or of Tenon's engine.

mod answer;
mod auth;
mod http;
mod ledger;

pub use answer::{Answer, Ask};
pub use http::router;
pub use ledger::Ledger;
