//! The shipped integration: its mappings against its own test documents, and its flows against the
//! sandbox, compared with what the shop sold.

mod documents;
mod explain;
mod kinds;
mod ledger;
mod project;
mod readme;
mod rules;
mod stage;
