//! What operators see of the engine as a whole: metrics, and traces.
//!
//! Counters stand at the places that know already; gauges are read when somebody asks, from what the
//! engine keeps in memory. Labels take values of bounded sets: never a task, a record or a person.

mod counted;
mod metrics;
mod otlp;
mod scrape;
mod sender;
mod table;
mod tally;
mod trail;

pub(crate) use counted::Counted;
pub(crate) use metrics::Metrics;
pub use sender::Collector;
pub(crate) use sender::Spans;
pub use table::{Described, METRICS};
pub(crate) use trail::Trail;
