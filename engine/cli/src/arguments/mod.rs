//! The command line as typed data.

mod deploy;
mod repair;
mod store;
mod trigger;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use deploy::{Deploy, FlowShadow};
pub use repair::*;
pub use store::{Days, Erase, RotateKey, Store, StoreFile, StoreOnly, StoreRetention};
pub use trigger::*;

/// Joins a shop to a ledger: durable flows, checked mappings, repairable tasks.
#[derive(Debug, Parser)]
#[command(name = "tenon", version, arg_required_else_help = true)]
pub struct Arguments {
    /// Says more on standard error; twice for everything.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Every command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Shows the whole of it: a sandbox shop and ledger, 25 orders, one that fails and is repaired.
    Demo(Demo),
    /// Checks an integration and lists every finding in one pass.
    Check(Check),
    /// Brings documents into their one form; comments stay.
    Fmt(Fmt),
    /// Runs the tests beside the documents.
    Test(Test),
    /// Draws a flow.
    Graph(Graph),
    /// Prints the JSON Schema of a kind of document, for editors.
    Schema(Schema),
    /// Runs a flow for one record, here and now, on an in-memory store.
    #[command(subcommand)]
    Flow(Flow),
    /// Runs, explains or evaluates mappings and expressions.
    #[command(subcommand)]
    Map(Map),
    /// Starts the engine, the webhook intake and the API.
    Serve(Serve),
    /// Lets other documents run: lists first what they mean for each flow and open task.
    Deploy(Deploy),
    /// Starts stand-ins of outside systems.
    #[command(subcommand)]
    Sandbox(SandboxCommand),
    /// Accounts in outside systems.
    #[command(subcommand)]
    Connection(Connection),
    /// Tasks: find out why one is stuck, repair it, resume it.
    #[command(subcommand)]
    Task(Task),
    /// The same fault in several tasks: what it means, what to do, all at once.
    #[command(subcommand)]
    Issue(Issue),
    /// Everything known of one record.
    #[command(subcommand)]
    Record(Record),
    /// Source id ↔ target id: the duplicate guard.
    #[command(subcommand)]
    Reference(Reference),
    /// Runs of flows by the clock, or after another flow.
    #[command(subcommand)]
    Schedule(Schedule),
    /// How far the source of each flow was loaded.
    #[command(subcommand)]
    History(History),
    /// Received webhooks.
    #[command(subcommand)]
    Delivery(Delivery),
    /// Values of the integration's settings.
    #[command(subcommand)]
    Setting(Setting),
    /// Rows of the integration's tables.
    #[command(subcommand)]
    Table(Table),
    /// The audit log.
    Log(Log),
    /// What is stored as a whole: verify, copy, compact, how much and for how long.
    #[command(subcommand)]
    Store(Store),
    /// Erases a person's data: what speaks of them is replaced by its size and hash.
    Erase(Erase),
    /// Connectors: bring in a contract, check a manifest.
    #[command(subcommand)]
    Connector(Connector),
    /// Measures.
    #[command(subcommand)]
    Bench(Bench),
    /// What a code, a topic of the language or a function means; without a word, all there is.
    Explain(Explain),
}

/// How lists are printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people.
    #[default]
    Table,
    /// One JSON document.
    Json,
    /// One JSON object a line.
    Ndjson,
}

/// Where the engine keeps its data.
#[derive(Debug, Clone, Args)]
pub struct Directory {
    /// The data directory.
    #[arg(long, default_value = ".tenon", env = "TENON_DIR")]
    pub dir: PathBuf,
}

/// Which integration.
#[derive(Debug, Clone, Args)]
pub struct Project {
    /// The integration's folder; without it, the one that is shipped inside the binary. A data directory
    /// to which documents were deployed runs those.
    #[arg(long, env = "TENON_PROJECT")]
    pub project: Option<PathBuf>,
}

/// `tenon demo`
#[derive(Debug, Args)]
pub struct Demo {
    /// Ends by itself; exit code 0 only when the books agree.
    #[arg(long)]
    pub once: bool,
    /// Kills the engine process (SIGKILL) this many times during the work.
    #[arg(long, default_value_t = 0)]
    pub kill: u32,
    /// So many generated orders instead of the 25; none of them needs a repair.
    #[arg(long)]
    pub orders: Option<u32>,
    /// Every fault of the sandbox, again and again, while the orders are moved.
    #[arg(long)]
    pub faults: bool,
    /// Seed of generated orders and of faults.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Time passes this many times faster for engine and sandbox: limits, retries, settling.
    #[arg(long, default_value_t = 20)]
    pub time_scale: u32,
    /// How the end is reported.
    #[arg(long, value_enum, default_value_t = Output::Table)]
    pub output: Output,
    /// The data directory; without it, a new one that is removed at the end.
    #[arg(long)]
    pub dir: Option<PathBuf>,
}

/// `tenon check`
#[derive(Debug, Args)]
pub struct Check {
    /// The integration's folder; without it, the one that is shipped inside the binary.
    pub project: Option<PathBuf>,
    /// How findings are printed.
    #[arg(long, value_enum, default_value_t = FindingFormat::Human)]
    pub format: FindingFormat,
    /// Makes the changes that are sure.
    #[arg(long)]
    pub fix: bool,
    /// Which findings fail the command beside errors.
    #[arg(long, value_enum)]
    pub deny: Option<Deny>,
}

/// How findings are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FindingFormat {
    /// With the text around the place.
    Human,
    /// One JSON object a line.
    Json,
    /// As annotations of a pipeline.
    Github,
}

/// What fails a check beside errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Deny {
    /// Warnings too.
    Warnings,
}

/// `tenon fmt`
#[derive(Debug, Args)]
pub struct Fmt {
    /// Documents, or folders with documents.
    #[arg(default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// Changes nothing; exit code 1 where something would be changed.
    #[arg(long)]
    pub check: bool,
}

/// `tenon test`
#[derive(Debug, Args)]
pub struct Test {
    /// The integration's folder.
    #[arg(default_value = ".")]
    pub folder: PathBuf,
    /// Lists what no test reached: fallback candidates, arms of `match`, branches, ways of flows and
    /// rows of tables.
    #[arg(long)]
    pub coverage: bool,
    /// Writes snapshots anew instead of comparing them.
    #[arg(long)]
    pub update: bool,
    #[arg(long, value_enum, default_value_t = Output::Table)]
    pub output: Output,
}

/// `tenon graph`
#[derive(Debug, Args)]
pub struct Graph {
    /// The flow, such as `order`.
    pub flow: String,
    /// What is drawn.
    #[arg(long, value_enum, default_value_t = GraphForm::Text)]
    pub format: GraphForm,
    #[command(flatten)]
    pub project: Project,
}

/// How a flow is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum GraphForm {
    /// Lines of text.
    Text,
    /// A Mermaid flowchart.
    Mermaid,
    /// An SVG picture.
    Svg,
}

/// `tenon schema`
#[derive(Debug, Args)]
pub struct Schema {
    /// `integration`, `flow`, `mapping` or `test`; without it, the kinds there are.
    pub kind: Option<String>,
}

/// `tenon flow`
#[derive(Debug, Subcommand)]
pub enum Flow {
    /// Runs a flow for one record.
    Run(FlowRun),
    /// Runs a flow for many records: by their ids, or by when they changed.
    Export(FlowMany),
    /// Starts a flow for the records that changed and are not known here.
    Reconcile(FlowMany),
    /// Runs other documents on the flow's last records and compares with what was really written; sends
    /// and stores nothing.
    Shadow(FlowShadow),
    /// Lists flows, and whether they are paused.
    List(DirectoryOutput),
    /// Lists the versions a flow has had, with the tasks that go by each.
    Graphs(FlowOne),
    /// Begins no task of the flow; those under way go on to their end.
    Pause(FlowOne),
    /// Lets it begin tasks again, those in line first.
    Resume(FlowOne),
}

/// One flow.
#[derive(Debug, Args)]
pub struct FlowOne {
    /// Its name.
    pub flow: String,
    /// Kept in the audit log.
    #[arg(long, default_value = "")]
    pub why: String,
    #[command(flatten)]
    pub common: DirectoryOutput,
}

/// `tenon flow run`
#[derive(Debug, Args)]
pub struct FlowRun {
    /// The flow, such as `order`.
    pub flow: String,
    /// The record's id in the source.
    pub record: String,
    /// Reads what a run would read, renders every write and sends none.
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub project: Project,
    #[command(flatten)]
    pub directory: Directory,
    #[arg(long, value_enum, default_value_t = Output::Table)]
    pub output: Output,
}

/// `tenon map`
#[derive(Debug, Subcommand)]
pub enum Map {
    /// Makes a record with a mapping and prints it.
    Run(MapRun),
    /// Says for every field which candidate won and every value on the way.
    Explain(MapRun),
    /// Evaluates one expression.
    Eval(MapEval),
}

/// `tenon map run` and `tenon map explain`
#[derive(Debug, Args)]
pub struct MapRun {
    /// The mapping, such as `order`.
    pub mapping: String,
    /// A JSON file with the source record, or `-`. A mapping of several records wants them under
    /// their names.
    #[arg(long, required_unless_present = "kind", conflicts_with = "kind")]
    pub input: Option<PathBuf>,
    /// An order that the sandbox makes, instead of a file: `tenon explain kinds` lists them.
    #[arg(long)]
    pub kind: Option<String>,
    /// Which of that kind.
    #[arg(long, default_value_t = 0, requires = "kind")]
    pub draw: u64,
    /// A setting for this run.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub settings: Vec<String>,
    /// A reference that is known, such as `customer:gid://shopify/Customer/1=1001`.
    #[arg(long = "reference", value_name = "ENTITY:ID=TARGET")]
    pub references: Vec<String>,
    #[command(flatten)]
    pub project: Project,
}

/// `tenon map eval`
#[derive(Debug, Args)]
pub struct MapEval {
    /// The expression; the input stands under `input`, its fields also under their own names.
    pub expression: String,
    /// A JSON file, or `-`.
    #[arg(long)]
    pub input: Option<PathBuf>,
}

/// `tenon serve`
#[derive(Debug, Args)]
pub struct Serve {
    #[command(flatten)]
    pub project: Project,
    #[command(flatten)]
    pub directory: Directory,
    /// Address to listen on. Beside webhooks and the API it answers GET /metrics; `tenon explain metrics`
    /// lists what stands there and says who may read it.
    #[arg(long, default_value = "127.0.0.1:4440")]
    pub listen: String,
    /// Time passes this many times faster for the engine, with a sandbox that does the same.
    #[arg(long, default_value_t = 1)]
    pub time_scale: u32,
    /// Takes webhooks in and answers calls, but begins no task: they stay queued.
    #[arg(long)]
    pub held: bool,
    /// Keeps no limit that a connector states: only for a sandbox that was started without limits.
    #[arg(long)]
    pub unlimited: bool,
    /// Mebibytes that must stay free on the disk: with less, webhooks get 503 with Retry-After and work
    /// stands still; reads, exports and purges go on.
    #[arg(long, default_value_t = 64)]
    pub keep_free_mib: u64,
    /// Brings traces of tasks to the collector with this OTLP/HTTP address, such as
    /// `http://127.0.0.1:4318`, in JSON; `/v1/traces` is put behind it. When it is slow or away, spans are
    /// dropped and counted, and no task waits.
    #[arg(long, value_name = "URL")]
    pub traces: Option<String>,
    /// Seconds that calls under way get when SIGTERM or Ctrl-C asks the server to end. Webhooks get 503
    /// with Retry-After meanwhile; what has not ended is found again at the next start, and the exit code
    /// is 0. A second signal ends it at once, with 128 and the signal's number.
    #[arg(long, default_value_t = 10)]
    pub grace_s: u64,
}

/// `tenon sandbox`
#[derive(Debug, Subcommand)]
pub enum SandboxCommand {
    /// Starts a shop and a ledger.
    Up(SandboxUp),
}

/// `tenon sandbox up`
#[derive(Debug, Args)]
pub struct SandboxUp {
    /// Port on loopback; 0 takes a free one.
    #[arg(long, default_value_t = 4450)]
    pub port: u16,
    /// Orders the shop begins with: the 25 of the demonstration, or this many generated ones.
    #[arg(long)]
    pub orders: Option<u32>,
    /// Seed of generated orders and faults.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Whether rate limits hold.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set)]
    pub limits: bool,
    /// Time passes this many times faster: windows of limits, lifetimes, pauses between webhooks.
    #[arg(long, default_value_t = 1)]
    pub time_scale: u32,
    /// Where webhooks go, such as `http://127.0.0.1:4440/in/shopify`.
    #[arg(long)]
    pub webhooks: Option<String>,
}

/// `tenon connection`
#[derive(Debug, Subcommand)]
pub enum Connection {
    /// Stores an account's address and credentials, sealed.
    Add(ConnectionAdd),
    /// Asks each system who we are.
    Check(DirectoryOutput),
    /// Lists the connections with their state.
    List(DirectoryOutput),
    /// Parks its tasks until it is resumed.
    Pause(ConnectionOne),
    /// Lets it work again, whatever its breaker thinks.
    Resume(ConnectionOne),
    /// Forgets its address and credentials; its tasks wait until it is added again.
    Remove(ConnectionOne),
    /// Seals every credential under another master key.
    RotateKey(RotateKey),
}

/// One connection.
#[derive(Debug, Args)]
pub struct ConnectionOne {
    /// Its name.
    pub name: String,
    /// Kept in the audit log.
    #[arg(long, default_value = "")]
    pub why: String,
    #[command(flatten)]
    pub common: DirectoryOutput,
}

/// `tenon connection add`
#[derive(Debug, Args)]
pub struct ConnectionAdd {
    /// The connection's name in the integration.
    pub name: String,
    /// An environment of the connector: `live` or `sandbox`.
    #[arg(long, default_value = "live")]
    pub environment: String,
    /// A part of its address, such as `shop=acme`.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub parameters: Vec<String>,
    /// Base address of a system of your own, in place of the environment's. Only an address given so, or
    /// as an environment's whole host, may lie in a private network or on this machine.
    #[arg(long, value_name = "URL")]
    pub base: Option<String>,
    /// A file with the credentials, one `NAME=VALUE` a line; `-` reads standard input.
    #[arg(long)]
    pub credentials: PathBuf,
    #[command(flatten)]
    pub project: Project,
    #[command(flatten)]
    pub directory: Directory,
}

/// A directory, and how to print.
#[derive(Debug, Clone, Args)]
pub struct DirectoryOutput {
    #[command(flatten)]
    pub project: Project,
    #[command(flatten)]
    pub directory: Directory,
    #[arg(long, value_enum, default_value_t = Output::Table)]
    pub output: Output,
}

/// `tenon reference delete`
#[derive(Debug, Args)]
pub struct ReferenceDelete {
    /// The entity, such as `order`.
    pub entity: String,
    /// Its id in the source.
    pub id: String,
    #[command(flatten)]
    pub common: DirectoryOutput,
}

/// `tenon reference`
#[derive(Debug, Subcommand)]
pub enum Reference {
    /// Lists references.
    List(ReferenceList),
    /// Adds one.
    Add(ReferenceAdd),
    /// Deletes one; the next sync searches again.
    Delete(ReferenceDelete),
}

/// `tenon reference list`
#[derive(Debug, Args)]
pub struct ReferenceList {
    /// Only this entity.
    #[arg(long)]
    pub entity: Option<String>,
    #[command(flatten)]
    pub common: DirectoryOutput,
}

/// `tenon reference add`
#[derive(Debug, Args)]
pub struct ReferenceAdd {
    /// The entity, such as `customer`.
    pub entity: String,
    /// Its id in the source.
    pub id: String,
    /// Its id in the target.
    pub target: String,
    #[command(flatten)]
    pub common: DirectoryOutput,
}

/// `tenon setting`
#[derive(Debug, Subcommand)]
pub enum Setting {
    /// Lists settings with their values.
    List(DirectoryOutput),
    /// Gives a setting a value.
    Set(SettingSet),
}

/// `tenon setting set`
#[derive(Debug, Args)]
pub struct SettingSet {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Retries the tasks that failed for want of it, in waves.
    #[arg(long)]
    pub release: bool,
    #[command(flatten)]
    pub common: DirectoryOutput,
}

/// `tenon table`
#[derive(Debug, Subcommand)]
pub enum Table {
    /// Lists the rows of a table.
    List(TableList),
    /// Adds or replaces a row.
    Set(TableSet),
}

/// `tenon table list`
#[derive(Debug, Args)]
pub struct TableList {
    /// Its name.
    pub table: String,
    #[command(flatten)]
    pub common: DirectoryOutput,
}

/// `tenon table set`
#[derive(Debug, Args)]
pub struct TableSet {
    /// Its name.
    pub table: String,
    /// Every column of the row.
    #[arg(value_name = "COLUMN=VALUE", required = true)]
    pub columns: Vec<String>,
    /// Retries the tasks that failed for want of it, in waves.
    #[arg(long)]
    pub release: bool,
    #[command(flatten)]
    pub common: DirectoryOutput,
}

/// `tenon log`
#[derive(Debug, Args)]
pub struct Log {
    /// Goes on printing what comes.
    #[arg(short, long)]
    pub follow: bool,
    /// At most this many lines from the end.
    #[arg(long, default_value_t = 100)]
    pub limit: u32,
    #[command(flatten)]
    pub common: DirectoryOutput,
}

/// `tenon connector`
#[derive(Debug, Subcommand)]
pub enum Connector {
    /// Lists the connectors of the catalog and what they are proven against.
    List(OutputOnly),
    /// Makes a catalog schema from a contract file: interface facts only, prose dropped.
    Import(ConnectorImport),
    /// Checks a connector's folder.
    Lint(ConnectorLint),
}

/// Only how to print.
#[derive(Debug, Args)]
pub struct OutputOnly {
    #[arg(long, value_enum, default_value_t = Output::Table)]
    pub output: Output,
}

/// `tenon connector import`
#[derive(Debug, Args)]
pub struct ConnectorImport {
    /// An OpenAPI document (.json) or a GraphQL schema (.graphql).
    pub contract: PathBuf,
    /// Where to write; without it, standard output.
    #[arg(long)]
    pub to: Option<PathBuf>,
    /// Where the contract comes from, in one line; kept beside the schema.
    #[arg(long)]
    pub origin: String,
    /// A file with the licence notice that must travel with it.
    #[arg(long)]
    pub notice: PathBuf,
}

/// `tenon connector lint`
#[derive(Debug, Args)]
pub struct ConnectorLint {
    /// A connector's folder, or the name of one in the catalog.
    pub connector: String,
    /// How findings are printed.
    #[arg(long, value_enum, default_value_t = FindingFormat::Human)]
    pub format: FindingFormat,
}

/// `tenon bench`
#[derive(Debug, Subcommand)]
pub enum Bench {
    /// Steps a second, durable, with an in-process peer.
    Engine(BenchEngine),
    /// Signed webhooks a second into a server of its own, until they are applied.
    Intake(BenchIntake),
    /// Orders a second from the sandbox's shop to booked invoices in its ledger.
    Integration(BenchIntegration),
    /// One order to an invoice of 3, 50 and 500 rows, against the same written by hand.
    Mapper(OutputOnly),
}

/// `tenon bench engine`
#[derive(Debug, Args)]
pub struct BenchEngine {
    /// Steps of one task.
    #[arg(long, default_value_t = 10)]
    pub steps: u32,
    /// Tasks in all.
    #[arg(long, default_value_t = 1000)]
    pub tasks: u32,
    /// Tasks at a time.
    #[arg(long, default_value_t = 64)]
    pub concurrency: u32,
    /// Instead: so many tasks wait, the process is killed while it makes more, and another goes on.
    #[arg(long, value_name = "N")]
    pub open: Option<u64>,
    /// With --open: so many ended tasks are kept beside them.
    #[arg(long, default_value_t = 0, requires = "open")]
    pub ended: u64,
    /// A process of --open: `make` or `resume`, in --dir.
    #[arg(long, hide = true, requires = "open")]
    pub part: Option<String>,
    /// Where the store is made and removed again; without it, the system's temporary directory.
    #[arg(long)]
    pub dir: Option<PathBuf>,
    #[arg(long, value_enum, default_value_t = Output::Table)]
    pub output: Output,
}

/// `tenon bench intake`
#[derive(Debug, Args)]
pub struct BenchIntake {
    /// Deliveries of each body size.
    #[arg(long, default_value_t = 100_000)]
    pub deliveries: u64,
    /// Kept-alive connections.
    #[arg(long, default_value_t = 64)]
    pub connections: u32,
    /// Where the store is made and removed again; without it, the system's temporary directory.
    #[arg(long)]
    pub dir: Option<PathBuf>,
    #[arg(long, value_enum, default_value_t = Output::Table)]
    pub output: Output,
}

/// `tenon bench integration`
#[derive(Debug, Args)]
pub struct BenchIntegration {
    /// Generated orders.
    #[arg(long, default_value_t = 500)]
    pub orders: u32,
    /// Seed of the orders.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Where the store is made and removed again; without it, the system's temporary directory.
    #[arg(long)]
    pub dir: Option<PathBuf>,
    #[arg(long, value_enum, default_value_t = Output::Table)]
    pub output: Output,
}

/// `tenon explain`
#[derive(Debug, Args)]
pub struct Explain {
    /// A code such as `M002` or `TABLE_ROW_MISSING`, a topic such as `fallback`, a function such as
    /// `truncate`, a record such as `shopify.order`, or `functions`.
    pub word: Option<String>,
}
