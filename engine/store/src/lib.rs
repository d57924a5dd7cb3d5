//! What Tenon remembers, as records: the trait every store implements, the rows, their stored
//! form, a store in memory, and the conformance suite all stores pass.
//!
//! It knows nothing of how a task decides (it keeps events as bytes), of YAML, or of any file.

pub mod cells;
mod codec;
pub mod codes;
pub mod commit;
pub mod conformance;
pub mod copy;
pub mod error;
pub mod export;
#[cfg(test)]
mod fixtures;
pub mod key;
pub mod memory;
pub mod rows;
pub mod select;
mod spread;
pub mod store;
pub mod watch;

pub use commit::{Commit, Op, Position, Precondition};
pub use error::{Kind, StoreError};
pub use key::{Key, Table};
pub use memory::MemoryStore;
pub use rows::*;
pub use select::{Page, Scan, Select};
pub use spread::Spread;
pub use store::{Compacted, Counters, Store};
pub use watch::{Changed, Watch};
