//! The edge of the engine: dispatcher, timers, limits, HTTP, secrets and the clock.
//!
//! The machine decides, the store keeps, this crate performs. It knows no language and no concrete
//! store; time, ids and randomness come in through [`Seam`], other systems through [`Transport`].

mod begin;
pub mod bench;
mod breaker;
pub mod codes;
mod connected;
mod connection;
mod deploying;
mod deployment;
mod dispatch;
mod dry_run;
mod engine;
#[cfg(test)]
mod fake;
mod fitting;
mod gate;
mod heal;
mod intake;
mod lanes;
mod limiter;
mod lines;
mod live;
mod operate;
mod pages;
mod peer;
mod perform;
mod poll;
mod reach;
mod recover;
mod refusal;
mod rows;
mod said;
mod schedule_times;
mod schedules;
mod seam;
mod secrets;
mod shadow;
mod supervisor;
mod telemetry;
#[cfg(test)]
mod tests;
mod timers;
mod tokens;
mod transport;
mod turn;
pub mod upkeep;
mod work;

pub use breaker::{Breaker, BreakerPolicy, Pass, Standing};
pub use connected::Connected;
pub use deploying::{Deploy, Deployed, Documents};
pub use deployment::{DeployedTable, Deployment, stored_key};
pub use engine::{Config, Ground, Runtime};
pub use gate::{Crowd, Gate, Permit, Urgency};
pub use intake::{Accepted, StartFlow};
pub use limiter::{Blocked, Bucket, Feedback, Limiter};
pub use operate::{AuditQuery, By, DeliveryQuery, Export, Link, Many, Selection, TaskQuery, VERBS};
pub use peer::{Address, Incoming, Peer, Proven, Rejected};
pub use refusal::{Kind as RefusalKind, Refusal};
pub use seam::{ScaledSeam, Seam, SystemSeam, Wait};
pub use secrets::{KEY_VARIABLE, Vault, VaultError, write_private};
pub use shadow::Shadow;
pub use telemetry::{Collector, Described, METRICS};
pub use tenon_machine::FitClass;
pub use transport::{Answer, Http, HttpBounds, NoClient, Outgoing, Transport};
