//! One module a command.

mod bench;
mod bench_open;
mod check;
mod connection;
mod connector;
mod deploy;
mod explain;
mod explain_fields;
mod flow;
mod fmt;
mod graph;
mod issue;
mod log;
mod map;
mod record;
mod reference;
mod sandbox;
mod schema;
pub mod serve;
mod shadow;
mod store;
mod task;
mod test;
mod trigger;
mod values;

use tenon_server::Call;
use tenon_value::Value;

use crate::api::Api;
use crate::arguments::{Arguments, Command, DirectoryOutput};
use crate::exit::{Ended, Failure};

/// Runs a command to its end.
///
/// # Errors
/// Why it did not do its work.
pub async fn run(arguments: Arguments) -> Ended {
    match arguments.command {
        Command::Demo(command) => crate::demo::run(command).await,
        Command::Check(command) => check::run(&command),
        Command::Fmt(command) => fmt::run(&command),
        Command::Test(command) => test::run(&command),
        Command::Graph(command) => graph::run(&command),
        Command::Schema(command) => schema::run(&command),
        Command::Flow(command) => flow::run(command).await,
        Command::Map(command) => map::run(command),
        Command::Serve(command) => serve::run(command).await,
        Command::Deploy(command) => deploy::run(command).await,
        Command::Sandbox(command) => sandbox::run(command).await,
        Command::Connection(command) => connection::run(command).await,
        Command::Task(command) => task::run(command).await,
        Command::Issue(command) => issue::run(command).await,
        Command::Record(command) => record::run(command).await,
        Command::Reference(command) => reference::run(command).await,
        Command::Schedule(command) => trigger::schedule(command).await,
        Command::History(command) => trigger::history(command).await,
        Command::Delivery(command) => trigger::delivery(command).await,
        Command::Setting(command) => values::setting(command).await,
        Command::Table(command) => values::table(command).await,
        Command::Log(command) => log::run(command).await,
        Command::Store(command) => store::run(command).await,
        Command::Erase(command) => store::erase(command).await,
        Command::Connector(command) => connector::run(command),
        Command::Bench(command) => bench::run(command).await,
        Command::Explain(command) => explain::run(&command),
    }
}

/// One call to the engine of a directory.
async fn once(common: &DirectoryOutput, call: Call) -> Result<Value, Failure> {
    let api = Api::of(&common.directory.dir, common.project.project.as_deref()).await?;
    let answer = api.call(call).await;
    api.close().await;
    answer
}

/// Who is asking, for journals and the audit log.
fn who() -> Value {
    let name = std::env::var("USER").or_else(|_| std::env::var("LOGNAME"));
    Value::from(name.unwrap_or_else(|_| "command line".to_owned()))
}

/// `NAME=VALUE` in two.
fn pair(word: &str) -> Result<(&str, &str), Failure> {
    word.split_once('=')
        .filter(|(name, _)| !name.is_empty())
        .ok_or_else(|| Failure::usage(format!("`{word}` is not written NAME=VALUE")))
}

/// A word of the command line as a value: JSON where it is a number, a bool, null, or quoted.
fn value_of(word: &str) -> Value {
    match tenon_value::json::read(word) {
        Ok(value @ (Value::Number(_) | Value::Bool(_) | Value::Null | Value::Text(_))) => value,
        _ => Value::text(word),
    }
}
