//! Care for what is stored: looking through it, copying it, letting go of what is old, erasing what a
//! person may have erased, another master key, and what is done with what is damaged.

mod copies;
mod erase;
mod keys;
mod quarantine;
mod restored;
mod retention;
mod size;
mod verify;

pub use copies::{export_to, taken_in};
pub use retention::Retention;
pub use size::size;
pub use verify::verify;

pub(crate) use keys::{settle_key, vault_row};
pub(crate) use quarantine::{give_up, is_unreadable, quarantined, row_again};
pub(crate) use restored::looks_first;
pub(crate) use retention::run;
