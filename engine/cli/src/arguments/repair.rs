//! Arguments of what operators do: tasks, issues, flows, records.

use clap::{Args, Subcommand, ValueEnum};

use super::DirectoryOutput;

/// `tenon task`
#[derive(Debug, Subcommand)]
pub enum Task {
    /// Lists tasks, newest first.
    List(TaskList),
    /// Shows one task: its steps, requests and answers.
    Show(TaskOne),
    /// Says what a task waits for and which verb would change that.
    Why(TaskOne),
    /// Goes on from where it stands: reads forgotten, budgets fresh.
    Retry(TaskRetry),
    /// Changes the record, what a step sends, or what a step gave, by a JSON Patch.
    Edit(TaskEdit),
    /// Goes on as if a step had given this.
    Skip(TaskSkip),
    /// A write with an unknown outcome did happen; its id is known.
    Happened(TaskHappened),
    /// A write with an unknown outcome did not happen: it is sent again.
    NotHappened(TaskVerb),
    /// The record found is the same: its id is linked.
    Link(TaskHappened),
    /// The records found are others: a new one is made.
    CreateNew(TaskVerb),
    /// Takes a task as done: nothing more is to be done.
    Done(TaskVerb),
    /// Ends a task; waits for a write under way.
    Cancel(TaskVerb),
    /// Holds a task.
    Pause(TaskVerb),
    /// Lets a held task go on.
    Resume(TaskVerb),
    /// Delivers a signal that a step waits for, or will.
    Signal(TaskSignal),
    /// Makes undone what an ended task did, by the `undo:` of its steps.
    Undo(TaskVerb),
    /// Starts a new task for the same record.
    Rerun(TaskVerb),
    /// Goes on by another version of its flow.
    Move(TaskMove),
    /// Says who looks after a task.
    Assign(TaskAssign),
    /// Adds tags, or takes them away.
    Tag(TaskTag),
    /// Keeps a remark with a task.
    Note(TaskNote),
    /// Does not show a task among what needs a look for a while.
    Snooze(TaskSnooze),
}

/// Which tasks: one by its id, or all that fit.
#[derive(Debug, Clone, Args)]
pub struct Which {
    /// A task's id.
    #[arg(required_unless_present_any = ["conditions", "issue"])]
    pub id: Option<String>,
    /// All tasks that fit: `state=failed`, `flow=`, `fault=CODE`, `record=`, `lane=`, `tag=`,
    /// `assigned=`.
    #[arg(long = "where", value_name = "NAME=VALUE", num_args = 1.., conflicts_with = "id")]
    pub conditions: Vec<String>,
    /// All tasks of an issue.
    #[arg(long, value_name = "NUMBER", conflicts_with = "id")]
    pub issue: Option<String>,
    /// Says what would happen, and which outside effects already did; does nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Kept in the journal and the audit log.
    #[arg(long, default_value = "")]
    pub why: String,
    #[command(flatten)]
    pub common: DirectoryOutput,
}

/// `tenon task list`
#[derive(Debug, Args)]
pub struct TaskList {
    /// Only tasks in this state.
    #[arg(long)]
    pub state: Option<String>,
    /// Only tasks of this flow.
    #[arg(long)]
    pub flow: Option<String>,
    /// Only tasks of this record.
    #[arg(long)]
    pub record: Option<String>,
    /// At most this many.
    #[arg(long, default_value_t = 100)]
    pub limit: u32,
    #[command(flatten)]
    pub common: DirectoryOutput,
}

/// One task.
#[derive(Debug, Args)]
pub struct TaskOne {
    /// Its id.
    pub id: String,
    #[command(flatten)]
    pub common: DirectoryOutput,
}

/// A verb that takes nothing more.
#[derive(Debug, Args)]
pub struct TaskVerb {
    #[command(flatten)]
    pub which: Which,
}

/// `tenon task signal`
#[derive(Debug, Args)]
pub struct TaskSignal {
    #[command(flatten)]
    pub which: Which,
    /// The signal's name, as the flow's `wait: { signal: … }` has it.
    #[arg(long)]
    pub name: String,
    /// What it carries, as JSON: the step's output.
    #[arg(long, value_name = "JSON", default_value = "null")]
    pub value: String,
}

/// `tenon task retry`
#[derive(Debug, Args)]
pub struct TaskRetry {
    #[command(flatten)]
    pub which: Which,
    /// With the newest version of its flow.
    #[arg(long)]
    pub latest: bool,
    /// Forgets the outcomes from this step on; writes that were made are found again.
    #[arg(long, value_name = "STEP")]
    pub from: Option<String>,
}

/// Which value is edited.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum EditedPart {
    /// What the step gave.
    #[default]
    Output,
    /// What the step sends.
    Input,
}

/// `tenon task edit`
#[derive(Debug, Args)]
pub struct TaskEdit {
    #[command(flatten)]
    pub which: Which,
    /// The step; without it, the source record.
    #[arg(long)]
    pub step: Option<String>,
    /// Which value of the step.
    #[arg(long, value_enum, default_value_t = EditedPart::Output)]
    pub part: EditedPart,
    /// The JSON Patch, such as `[{"op": "replace", "path": "/email", "value": "kim@example.org"}]`.
    #[arg(long)]
    pub patch: String,
}

/// `tenon task skip`
#[derive(Debug, Args)]
pub struct TaskSkip {
    #[command(flatten)]
    pub which: Which,
    /// The step.
    #[arg(long)]
    pub step: String,
    /// What it would have given, as JSON.
    #[arg(long, value_name = "JSON")]
    pub given: String,
}

/// `tenon task happened`
#[derive(Debug, Args)]
pub struct TaskHappened {
    #[command(flatten)]
    pub which: Which,
    /// The id of the record that came of it.
    #[arg(long = "id", value_name = "TARGET")]
    pub target: String,
}

/// `tenon task move`
#[derive(Debug, Args)]
pub struct TaskMove {
    #[command(flatten)]
    pub which: Which,
    /// The beginning of the graph's hash, or `latest`; `tenon flow graphs` lists them.
    #[arg(long, value_name = "GRAPH")]
    pub to: String,
    /// A step of its graph is that step there, where you are sure of it.
    #[arg(long = "step", value_name = "OLD=NEW")]
    pub steps: Vec<String>,
}

/// `tenon task assign`
#[derive(Debug, Args)]
pub struct TaskAssign {
    #[command(flatten)]
    pub which: Which,
    /// Who; without it, nobody.
    #[arg(long)]
    pub to: Option<String>,
}

/// `tenon task tag`
#[derive(Debug, Args)]
pub struct TaskTag {
    #[command(flatten)]
    pub which: Which,
    /// Adds this tag.
    #[arg(long)]
    pub add: Vec<String>,
    /// Takes this tag away.
    #[arg(long)]
    pub remove: Vec<String>,
}

/// `tenon task note`
#[derive(Debug, Args)]
pub struct TaskNote {
    #[command(flatten)]
    pub which: Which,
    /// The remark.
    #[arg(long)]
    pub text: String,
}

/// `tenon task snooze`
#[derive(Debug, Args)]
pub struct TaskSnooze {
    #[command(flatten)]
    pub which: Which,
    /// Until an instant, or for a time such as `2h`; without it, it is shown again.
    #[arg(long)]
    pub until: Option<String>,
}

/// `tenon issue`
#[derive(Debug, Subcommand)]
pub enum Issue {
    /// Lists issues: the same fault in several tasks, the largest first.
    List(DirectoryOutput),
    /// Shows one: what it means, what to do, examples.
    Show(IssueOne),
    /// Retries its tasks, in waves.
    Retry(IssueVerb),
    /// Cancels its tasks.
    Cancel(IssueVerb),
}

/// One issue.
#[derive(Debug, Args)]
pub struct IssueOne {
    /// Its number.
    pub number: String,
    #[command(flatten)]
    pub common: DirectoryOutput,
}

/// A verb for the tasks of an issue.
#[derive(Debug, Args)]
pub struct IssueVerb {
    /// Its number.
    pub number: String,
    /// Says what would happen, and which outside effects already did; does nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Kept in the journal and the audit log.
    #[arg(long, default_value = "")]
    pub why: String,
    #[command(flatten)]
    pub common: DirectoryOutput,
}

/// `tenon record`
#[derive(Debug, Subcommand)]
pub enum Record {
    /// Shows tasks, reference and sent document of one record.
    Show(RecordShow),
    /// Links it to a record of the target by hand, and closes what failed for want of it.
    Link(RecordLink),
    /// Starts nothing for it again.
    Ignore(RecordWhy),
    /// Takes that back.
    Heed(RecordWhy),
    /// Lists ignored records.
    Ignored(DirectoryOutput),
}

/// `tenon record show`
#[derive(Debug, Args)]
pub struct RecordShow {
    /// Its id in the source, its id in the target, or the name people use.
    pub record: String,
    #[command(flatten)]
    pub common: DirectoryOutput,
}

/// `tenon record link`
#[derive(Debug, Args)]
pub struct RecordLink {
    /// Its id in the source.
    pub record: String,
    /// The entity, such as `order`.
    #[arg(long)]
    pub entity: String,
    /// Its id in the target.
    #[arg(long)]
    pub target: String,
    /// The target is never written to again.
    #[arg(long)]
    pub hands_off: bool,
    /// Kept in the audit log.
    #[arg(long, default_value = "")]
    pub why: String,
    #[command(flatten)]
    pub common: DirectoryOutput,
}

/// `tenon record ignore` and `tenon record heed`
#[derive(Debug, Args)]
pub struct RecordWhy {
    /// Its id in the source.
    pub record: String,
    /// Kept in the audit log; to ignore a record needs it.
    #[arg(long, default_value = "")]
    pub why: String,
    #[command(flatten)]
    pub common: DirectoryOutput,
}
