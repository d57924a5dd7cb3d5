//! The edge of the engine: dispatcher, timers, limits, HTTP, secrets and the clock.
//!
//! The machine decides, the store keeps, this crate performs. It knows no language and no concrete
//! store; time, ids and randomness come in through [`Seam`], other systems through [`Transport`].

mod breaker;
#[cfg(test)]
mod fake;
mod gate;
#[expect(dead_code, reason = "the dispatcher lands next")]
mod lanes;
mod limiter;
mod seam;
mod secrets;
mod transport;

pub use breaker::{Breaker, BreakerPolicy, Pass, Standing};
pub use gate::{Crowd, Gate, Permit};
pub use limiter::{Blocked, Bucket, Feedback, Limiter};
pub use seam::{Seam, SystemSeam, Wait};
pub use secrets::{KEY_VARIABLE, Secret, Vault, VaultError, write_private};
pub use transport::{Answer, Http, HttpBounds, NoClient, Outgoing, Transport};
