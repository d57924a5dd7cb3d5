//! Arguments of what starts flows: schedules, time history, deliveries, many records at once.

use clap::{Args, Subcommand};

use super::DirectoryOutput;

/// `tenon schedule`
#[derive(Debug, Subcommand)]
pub enum Schedule {
    /// Lists schedules with their next ten times.
    List(DirectoryOutput),
    /// Starts nothing by it until it is resumed.
    Pause(ScheduleOne),
    /// Lets it start its flow again.
    Resume(ScheduleOne),
    /// Runs it now.
    Run(ScheduleOne),
}

/// One schedule.
#[derive(Debug, Args)]
pub struct ScheduleOne {
    /// Its name.
    pub name: String,
    /// Kept in the audit log.
    #[arg(long, default_value = "")]
    pub why: String,
    #[command(flatten)]
    pub common: DirectoryOutput,
}

/// `tenon history`
#[derive(Debug, Subcommand)]
pub enum History {
    /// Shows how far the source of each flow was loaded.
    List(DirectoryOutput),
    /// Moves a flow's time history: the next poll reads from there on.
    Set(HistorySet),
}

/// `tenon history set`
#[derive(Debug, Args)]
pub struct HistorySet {
    /// The flow.
    pub flow: String,
    /// The instant, such as `2026-01-31T08:00:00Z`.
    pub to: String,
    /// Counts the records it would touch; moves nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Kept in the audit log.
    #[arg(long, default_value = "")]
    pub why: String,
    #[command(flatten)]
    pub common: DirectoryOutput,
}

/// `tenon delivery`
#[derive(Debug, Subcommand)]
pub enum Delivery {
    /// Lists received webhooks, newest first.
    List(DeliveryList),
    /// Takes a kept webhook once more, as if it came now.
    Replay(DeliveryReplay),
}

/// `tenon delivery list`
#[derive(Debug, Args)]
pub struct DeliveryList {
    /// Only those that were `accepted`, `duplicate` or `rejected`.
    #[arg(long)]
    pub acceptance: Option<String>,
    /// At most this many.
    #[arg(long, default_value_t = 100)]
    pub limit: u32,
    #[command(flatten)]
    pub common: DirectoryOutput,
}

/// `tenon delivery replay`
#[derive(Debug, Args)]
pub struct DeliveryReplay {
    /// Its id.
    pub id: String,
    /// Kept in the audit log.
    #[arg(long, default_value = "")]
    pub why: String,
    #[command(flatten)]
    pub common: DirectoryOutput,
}

/// `tenon flow export` and `tenon flow reconcile`
#[derive(Debug, Args)]
pub struct FlowMany {
    /// The flow.
    pub flow: String,
    /// Source ids; without any, the records changed between the instants.
    #[arg(long = "id", value_name = "ID")]
    pub ids: Vec<String>,
    /// Changed from this instant on.
    #[arg(long)]
    pub from: Option<String>,
    /// Changed up to this instant.
    #[arg(long)]
    pub to: Option<String>,
    /// Names the records; starts nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Kept in the audit log.
    #[arg(long, default_value = "")]
    pub why: String,
    #[command(flatten)]
    pub common: DirectoryOutput,
}
