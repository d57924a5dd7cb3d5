//! `tenon task`: find out why one is stuck, repair it, resume it.

use tenon_server::Call;
use tenon_value::Value;

use crate::arguments::{DirectoryOutput, Output, Task, TaskHappened, TaskVerb};
use crate::commands::{once, who};
use crate::exit::Ended;
use crate::output::{self, Column};

const COLUMNS: &[Column] = &[
    ("task", "id"),
    ("flow", "flow"),
    ("record", "title"),
    ("state", "state"),
    ("step", "step"),
    ("why", "why"),
    ("changed", "updated_ms"),
];

/// Runs the command.
///
/// # Errors
/// The engine's refusal.
pub async fn run(command: Task) -> Ended {
    match command {
        Task::List(list) => {
            let mut call = Call::new("GET", "/tasks").with("limit", &list.limit.to_string());
            for (name, value) in
                [("state", list.state), ("flow", list.flow), ("record", list.record)]
            {
                if let Some(value) = value {
                    call = call.with(name, &value);
                }
            }
            let answer = once(&list.common, call).await?;
            let tasks: Vec<Value> = answer.field("tasks").items().iter().map(with_why).collect();
            output::rows(list.common.output, COLUMNS, &tasks);
            Ok(0)
        }
        Task::Show(one) => {
            let task = once(&one.common, Call::new("GET", &format!("/tasks/{}", one.id))).await?;
            show(one.common.output, &task);
            Ok(0)
        }
        Task::Why(one) => {
            let call = Call::new("GET", &format!("/tasks/{}/why", one.id));
            why(one.common.output, &once(&one.common, call).await?);
            Ok(0)
        }
        Task::Retry(retry) => {
            let with = Value::of([("latest", Value::from(retry.latest))]);
            verb(&retry.common, &retry.id, "retry", with, &retry.why).await
        }
        Task::Cancel(command) => plain(&command, "cancel").await,
        Task::NotHappened(command) => plain(&command, "not_happened").await,
        Task::CreateNew(command) => plain(&command, "create_new").await,
        Task::Pause(command) => plain(&command, "pause").await,
        Task::Resume(command) => plain(&command, "resume").await,
        Task::Happened(command) => with_id(&command, "happened").await,
        Task::Link(command) => with_id(&command, "link").await,
    }
}

async fn plain(command: &TaskVerb, name: &str) -> Ended {
    verb(&command.common, &command.id, name, Value::of([]), &command.why).await
}

async fn with_id(command: &TaskHappened, name: &str) -> Ended {
    let with = Value::of([("id", Value::text(&command.id))]);
    verb(&command.common, &command.task, name, with, &command.why).await
}

async fn verb(common: &DirectoryOutput, id: &str, name: &str, with: Value, why: &str) -> Ended {
    let body = with.with("by", who()).with("why", Value::text(why));
    let call = Call::new("POST", &format!("/tasks/{id}/{name}")).body(body);
    let task = once(common, call).await?;
    output::rows(common.output, COLUMNS, &[with_why(&task)]);
    Ok(0)
}

/// A task with its reason or fault as one sentence.
fn with_why(task: &Value) -> Value {
    let fault = task.field("fault");
    let sentence = match fault.field("message").as_text() {
        Some(message) => {
            let code = fault.field("code").as_text().unwrap_or_default();
            format!("{code}: {message}")
        }
        None => reason(task.field("reason")),
    };
    let title = match task.field("title") {
        title if title.is_blank() => task.field("record").clone(),
        title => title.clone(),
    };
    task.clone().with("why", Value::from(sentence)).with("title", title)
}

/// A reason as `kind field=value …`.
fn reason(reason: &Value) -> String {
    let Some(fields) = reason.as_record() else {
        return reason.plain().unwrap_or_default();
    };
    let words = fields.iter().filter_map(|(name, value)| {
        let text = value.plain()?;
        Some(if &**name == "kind" { text } else { format!("{name}={text}") })
    });
    words.collect::<Vec<_>>().join(" ")
}

fn show(how: Output, task: &Value) {
    if how != Output::Table {
        return output::record(how, task);
    }
    let mut head = task.clone();
    for name in ["events", "fault", "reason"] {
        head = head.with(name, Value::Missing);
    }
    output::record(how, &head);
    print_fault(task.field("fault"));
    outln!();
    output::rows(how, &[("at", "at_ms"), ("event", "line")], task.field("events").items());
}

/// A fault over several lines: what, where, with which value, and what to do next.
pub fn print_fault(fault: &Value) {
    let Some(message) = fault.field("message").as_text() else { return };
    let text = |name: &str| fault.field(name).plain().unwrap_or_default();
    outln!("fault      {} ({}): {message}", text("code"), text("class"));
    if !fault.field("field").is_blank() {
        outln!("  field    {} = {:?}", text("field"), fault.field("value"));
    }
    if !fault.field("hint").is_blank() {
        outln!("  next     {}", text("hint"));
    }
}

fn why(how: Output, answer: &Value) {
    if how != Output::Table {
        return output::record(how, answer);
    }
    for (depth, link) in answer.field("chain").items().iter().enumerate() {
        let text = |name: &str| link.field(name).plain().unwrap_or_default();
        let indent = "  ".repeat(depth);
        outln!("{indent}{} is {}: {}", text("task"), text("state"), text("because"));
        print_fault(link.at("reason.fault"));
    }
    let verbs = answer.field("verbs").items();
    if !verbs.is_empty() {
        outln!("what would change that:");
        verbs.iter().filter_map(Value::as_text).for_each(|verb| outln!("  {verb}"));
    }
}
