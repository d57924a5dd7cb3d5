//! `tenon bench`: measures.

use crate::arguments::Bench;
use crate::exit::{Ended, Failure};

/// Runs the command.
///
/// # Errors
/// When the store can't be made.
pub async fn run(command: Bench) -> Ended {
    let Bench::Engine(_bench) = command;
    Err(Failure::internal("the bench lands with the runtime's own"))
}
