//! The embedded store: a commit log in front of sled.
//!
//! A commit is durable when its frame in the log is (one write, one fdatasync for a whole group).
//! sled holds the same cells for reading, written behind the log by one thread, and may be as
//! late or as broken-off as it likes: what it lacks is still in the log.
//!
//! ```text
//! commit ─► writer thread: judge ─► frame ─► fdatasync ─► pending map ─► acknowledge
//!                                                             │
//!                              apply thread: fold ─► sled batch ─► flush + sync_data
//!                                                             │
//!                                        log segments behind that are free again
//! ```
//! It knows cells, not rows; tasks and flows mean nothing to it.

mod apply;
#[cfg(test)]
mod bad_days;
mod base;
mod compact;
mod directory;
mod floor;
mod frame;
mod log;
mod options;
mod pending;
mod recovery;
mod store;
#[cfg(test)]
mod tests;
mod writer;

pub use floor::{Floor, disk_floor};
pub use options::Options;
pub use store::{Opened, SledStore};
