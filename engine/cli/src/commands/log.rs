//! `tenon log`: the audit log.

use std::time::Duration;

use tenon_server::Call;
use tenon_value::{Value, json};

use crate::api::Api;
use crate::arguments::{Log, Output};
use crate::exit::{Ended, Failure};

/// Runs the command.
///
/// # Errors
/// The engine's refusal.
pub async fn run(log: Log) -> Ended {
    let common = &log.common;
    let api = Api::of(&common.directory.dir, common.project.project.as_deref()).await?;
    if log.follow && matches!(api, Api::Here { .. }) {
        api.close().await;
        return Err(Failure::usage("there is nothing to follow: no server holds this directory")
            .hint("start one with `tenon serve`, or leave --follow out"));
    }
    let mut call = Call::new("GET", "/audit").with("limit", &log.limit.to_string());
    loop {
        let answer = api.call(call.clone()).await?;
        for line in answer.field("lines").items() {
            print(common.output, line);
        }
        if !log.follow {
            api.close().await;
            return Ok(0);
        }
        if let Some(next) = answer.field("next").as_text() {
            call = call.with("after", next);
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

fn print(output: Output, line: &Value) {
    if output != Output::Table {
        outln!("{}", json::write(line));
        return;
    }
    let text = |name: &str| line.field(name).plain().unwrap_or_default();
    let at = line.field("at_ms").as_number().and_then(tenon_value::Number::to_i64);
    let at = at.and_then(tenon_value::time::from_millis);
    let at = at.map(|at| tenon_value::time::format_datetime(&at)).unwrap_or_default();
    outln!("{at}  {:<22} {}  {}", text("what"), text("task"), text("text"));
}
