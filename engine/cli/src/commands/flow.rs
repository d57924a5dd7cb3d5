//! `tenon flow run`: one record, here and now.

use std::time::Duration;

use tenon_server::Call;
use tenon_value::{Value, json};

use crate::api::Api;
use crate::arguments::{Flow, FlowOne, FlowRun, Output};
use crate::commands::{once, task, trigger, who};
use crate::exit::{Ended, Failure};
use crate::output::{self, Column};

const FLOWS: &[Column] =
    &[("flow", "flow"), ("graph", "graph"), ("paused by", "paused.by"), ("why", "paused.why")];

/// States in which a task does not move by itself any more.
const SETTLED: &[&str] = &["done", "skipped", "failed", "cancelled", "needs_person"];

/// Runs the command: exit code 1 where the record failed or needs a person.
///
/// # Errors
/// The engine's refusal.
pub async fn run(command: Flow) -> Ended {
    let run = match command {
        Flow::Run(run) => run,
        Flow::Export(many) => return trigger::many(&many, "export").await,
        Flow::Reconcile(many) => return trigger::many(&many, "reconcile").await,
        Flow::Shadow(shadow) => return crate::commands::shadow::run(&shadow).await,
        Flow::List(common) => {
            let flows = once(&common, Call::new("GET", "/flows")).await?;
            output::rows(common.output, FLOWS, flows.items());
            return Ok(0);
        }
        Flow::Graphs(one) => {
            let call = Call::new("GET", &format!("/flows/{}/graphs", one.flow));
            let columns = &[
                ("graph", "graph"),
                ("since", "since_ms"),
                ("newest", "newest"),
                ("open tasks", "open"),
            ];
            output::rows(one.common.output, columns, once(&one.common, call).await?.items());
            return Ok(0);
        }
        Flow::Pause(one) => return stand(&one, "pause").await,
        Flow::Resume(one) => return stand(&one, "resume").await,
    };
    let (dir, project) = (&run.directory.dir, run.project.project.as_deref());
    let api =
        if run.dry_run { Api::of(dir, project).await? } else { Api::moving(dir, project).await? };
    let ended = match run.dry_run {
        true => dry(&api, &run).await,
        false => real(&api, &run).await,
    };
    api.close().await;
    ended
}

async fn stand(one: &FlowOne, verb: &str) -> Ended {
    let body = Value::of([("by", who()), ("why", Value::text(&one.why))]);
    let call = Call::new("POST", &format!("/flows/{}/{verb}", one.flow)).body(body);
    output::rows(one.common.output, FLOWS, once(&one.common, call).await?.items());
    Ok(0)
}

/// The call that starts the flow; a record is named by its id, or by its name when that has a `#`.
fn start(run: &FlowRun) -> Call {
    let by = if run.record.starts_with('#') { "name" } else { "id" };
    let body = Value::of([
        (by, Value::text(&run.record)),
        ("dry_run", Value::from(run.dry_run)),
        ("by", who()),
    ]);
    Call::new("POST", &format!("/flows/{}/start", run.flow)).body(body)
}

async fn dry(api: &Api, run: &FlowRun) -> Ended {
    let answer = api.call(start(run)).await?;
    if run.output != Output::Table {
        output::record(run.output, &answer);
        return Ok(0);
    }
    let writes = answer.field("would_send").items();
    outln!("dry run of {} for {}: nothing was sent", run.flow, run.record);
    for write in writes {
        let text = |name: &str| write.field(name).plain().unwrap_or_default();
        outln!("\n{} {} {}", text("connection"), text("method"), text("path"));
        let body = match write.field("body") {
            Value::Text(body) => json::read(body).unwrap_or_else(|_| Value::text(body)),
            other => other.clone(),
        };
        if !body.is_absent() {
            outln!("{}", json::write_pretty(&body));
        }
    }
    outln!(
        "\n{} writes would have been sent; it would end {:?}",
        writes.len(),
        answer.field("end")
    );
    Ok(0)
}

async fn real(api: &Api, run: &FlowRun) -> Ended {
    let answer = api.call(start(run)).await?;
    let id = answer.field("task").as_text().unwrap_or_default().to_owned();
    let task = settled(api, &id).await?;
    output::record(run.output, &task.clone().with("events", Value::Missing));
    if run.output == Output::Table {
        task::print_fault(task.field("fault"));
    }
    let state = task.field("state").as_text().unwrap_or_default();
    Ok(u8::from(matches!(state, "failed" | "needs_person" | "cancelled")))
}

/// Waits until a task has ended or asks a person, and says what it waits for meanwhile.
async fn settled(api: &Api, id: &str) -> Result<Value, Failure> {
    let mut said = String::new();
    loop {
        let task = api.call(Call::new("GET", &format!("/tasks/{id}"))).await?;
        let state = task.field("state").as_text().unwrap_or_default();
        if SETTLED.contains(&state) {
            return Ok(task);
        }
        if state == "waiting" {
            let why = api.call(Call::new("GET", &format!("/tasks/{id}/why"))).await?;
            let last = why.field("chain").items().last().cloned().unwrap_or_default();
            let because = last.field("because").as_text().unwrap_or_default();
            if last.at("reason.kind").as_text() == Some("connection_auth") {
                return Err(Failure::remote(format!("task {id} waits: {because}")).hint(
                    "give the connection credentials that are accepted: tenon connection add",
                ));
            }
            if because != said {
                eprintln!("{because}");
                said = because.to_owned();
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
