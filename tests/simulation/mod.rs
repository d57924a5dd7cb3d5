//! A deterministic simulator of the whole engine: one thread, no real time, no network, no disk.
//!
//! A seed gives a plan (workload, faults, crashes). The plan is played by the real machine and the
//! real runtime on simulated seams: a store with a durable and a volatile half, a clock that can be
//! set back, two systems that keep their own books. Faults are on, then off; then everything has to
//! end. The same seed plays the same way every time, to the last line of its trace.

mod books;
mod dice;
mod disk;
mod flows;
mod mutation;
mod node;
mod peers;
mod people;
mod plan;
mod play;
mod points;
mod rules;
mod shrink;
mod sim;
mod wire;

pub use mutation::Mutation;
pub use plan::Plan;
pub use play::{Report, play};
pub use points::CrashPoint;
pub use rules::Rule;
pub use shrink::shrink;
