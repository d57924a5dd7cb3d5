//! What starts a flow: webhooks, polls, people, schedules.

use serde::{Deserialize, Serialize};

/// What starts a flow.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Triggers {
    /// Webhook topics.
    pub webhook: Vec<String>,
    /// Incremental reads.
    pub poll: Option<Poll>,
    /// What a person may start it by: `id`, `name`, `date_range`.
    pub manual: Vec<String>,
    /// Times at which it starts by itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub schedules: Vec<Schedule>,
}

/// A time at which a flow starts by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// Its name in the integration.
    pub name: String,
    /// When.
    pub at: At,
    /// Longest chance delay, in milliseconds.
    pub jitter_ms: i64,
    /// What happens when the last run has not ended.
    pub overlap: Overlap,
    /// How far back one missed run is made up for, in milliseconds; 0 makes up for none.
    pub catch_up_ms: i64,
}

/// When a schedule starts its flow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum At {
    /// Again and again, in milliseconds.
    Every(i64),
    /// A cron expression of five fields, in a time zone of the IANA database.
    Cron {
        /// Minute, hour, day of the month, month, day of the week.
        expression: String,
        /// The zone (`Europe/Stockholm`).
        zone: String,
    },
    /// When a task of another flow ends.
    After {
        /// The flow.
        flow: String,
        /// However it ends; otherwise only when it is done.
        always: bool,
    },
}

/// What a schedule does while its last run has not ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overlap {
    /// The new run is left out.
    #[default]
    Skip,
    /// One new run waits.
    QueueOne,
    /// The last run is cancelled.
    CancelRunning,
}

/// Incremental reads of the source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Poll {
    /// Field of the source's own change time.
    pub since: String,
    /// Milliseconds read again before the mark.
    pub overlap_ms: i64,
    /// Milliseconds between two polls.
    pub every_ms: i64,
}
