//! Values of Tenon: JSON-shaped data with exact numbers and money.
//!
//! This crate knows nothing of YAML, schemas, clocks or I/O. Everything above it speaks
//! [`Value`]; a payload enters through [`json::read`] and leaves through [`json::write()`], which
//! keep a number's digits and scale as they were written.

mod fault;
pub mod json;
mod money;
mod number;
pub mod time;
mod value;

pub use fault::{Class, Fault, Needs};
pub use json::JsonError;
pub use money::{Currency, Money, MoneyError};
pub use number::{Number, NumberError, Rounding};
pub use rust_decimal::Decimal;
pub use value::{Kind, Record, Value};
