//! `tenon task`: find out why one is stuck, repair it, resume it.

use tenon_server::Call;
use tenon_value::Value;

use crate::arguments::{DirectoryOutput, EditedPart, Output, Task, TaskHappened, Which};
use crate::commands::{once, pair, who};
use crate::exit::{Ended, Failure};
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
        other => {
            let (which, name, with) = verb_of(other)?;
            verb(&which, name, with).await
        }
    }
}

/// A verb's name and what it takes.
fn verb_of(command: Task) -> Result<(Which, &'static str, Value), Failure> {
    let nothing = || Value::of([]);
    Ok(match command {
        Task::List(_) | Task::Show(_) | Task::Why(_) => {
            return Err(Failure::internal("a question was taken for a verb"));
        }
        Task::Retry(retry) => {
            let with = Value::of([
                ("latest", Value::from(retry.latest)),
                ("from", text(retry.from.as_deref())),
            ]);
            (retry.which, "retry", with)
        }
        Task::Edit(edit) => {
            let part = match (&edit.step, edit.part) {
                (None, _) => "record",
                (Some(_), EditedPart::Input) => "input",
                (Some(_), EditedPart::Output) => "output",
            };
            let with = Value::of([
                ("part", Value::text(part)),
                ("step", text(edit.step.as_deref())),
                ("patch", json_of("--patch", &edit.patch)?),
            ]);
            (edit.which, "edit", with)
        }
        Task::Skip(skip) => {
            let output = json_of("--given", &skip.given)?;
            let with = Value::of([("step", Value::text(&skip.step)), ("output", output)]);
            (skip.which, "skip", with)
        }
        Task::Happened(command) => with_id(command, "happened"),
        Task::Link(command) => with_id(command, "link"),
        Task::NotHappened(command) => (command.which, "not_happened", nothing()),
        Task::CreateNew(command) => (command.which, "create_new", nothing()),
        Task::Done(command) => (command.which, "done", nothing()),
        Task::Cancel(command) => (command.which, "cancel", nothing()),
        Task::Pause(command) => (command.which, "pause", nothing()),
        Task::Resume(command) => (command.which, "resume", nothing()),
        Task::Undo(command) => (command.which, "undo", nothing()),
        Task::Signal(signal) => {
            let value = json_of("--value", &signal.value)?;
            let with = Value::of([("name", Value::text(&signal.name)), ("value", value)]);
            (signal.which, "signal", with)
        }
        Task::Rerun(command) => (command.which, "rerun", nothing()),
        Task::Move(to) => {
            let mut steps = tenon_value::Record::new();
            for word in &to.steps {
                let (old, new) = pair(word)?;
                steps.insert(old.into(), Value::text(new));
            }
            let with = Value::of([("to", Value::text(&to.to)), ("steps", Value::record(steps))]);
            (to.which, "move", with)
        }
        Task::Assign(to) => (to.which, "assign", Value::of([("to", text(to.to.as_deref()))])),
        Task::Tag(tag) => {
            let list =
                |words: &[String]| Value::list(words.iter().map(|w| Value::text(w)).collect());
            let with = Value::of([("add", list(&tag.add)), ("remove", list(&tag.remove))]);
            (tag.which, "tag", with)
        }
        Task::Note(note) => (note.which, "note", Value::of([("text", Value::text(&note.text))])),
        Task::Snooze(snooze) => {
            (snooze.which, "snooze", Value::of([("until", text(snooze.until.as_deref()))]))
        }
    })
}

fn text(text: Option<&str>) -> Value {
    text.map_or(Value::Missing, Value::text)
}

fn json_of(option: &str, text: &str) -> Result<Value, Failure> {
    tenon_value::json::read(text)
        .map_err(|e| Failure::usage(format!("what {option} gives is no JSON: {e}")))
}

fn with_id(command: TaskHappened, name: &'static str) -> (Which, &'static str, Value) {
    (command.which, name, Value::of([("id", Value::text(&command.target))]))
}

async fn verb(which: &Which, name: &str, with: Value) -> Ended {
    let body = with
        .with("by", who())
        .with("why", Value::text(&which.why))
        .with("dry_run", Value::from(which.dry_run));
    let output = which.common.output;
    if let Some(id) = &which.id {
        let call = Call::new("POST", &format!("/tasks/{id}/{name}")).body(body);
        let answer = once(&which.common, call).await?;
        match which.dry_run {
            true => foreseen(output, &answer),
            false => output::rows(output, COLUMNS, &[with_why(&answer)]),
        }
        return Ok(0);
    }
    let mut chosen = tenon_value::Record::new();
    for word in &which.conditions {
        let (name, value) = pair(word)?;
        chosen.insert(name.into(), Value::text(value));
    }
    if let Some(issue) = &which.issue {
        chosen.insert("issue".into(), Value::text(issue));
    }
    let body = body.with("where", Value::record(chosen));
    many(&which.common, name, body).await
}

/// Gives many tasks a verb and says how that went.
///
/// # Errors
/// The engine's refusal.
pub async fn many(common: &DirectoryOutput, name: &str, body: Value) -> Ended {
    let dry_run = body.field("dry_run").as_bool().unwrap_or(false);
    let call = Call::new("POST", &format!("/verbs/{name}")).body(body);
    let answer = once(common, call).await?;
    if common.output != Output::Table {
        output::record(common.output, &answer);
        return Ok(0);
    }
    let number = |name: &str| answer.field(name).plain().unwrap_or_default();
    if dry_run {
        answer.field("tasks").items().iter().for_each(|task| foreseen(Output::Table, task));
        outln!(
            "{name} would be given to {} of {} tasks; {} writes have already happened",
            number("would"),
            number("selected"),
            number("happened")
        );
    } else {
        outln!("{name} given to {} of {} tasks", number("given"), number("selected"));
        if answer.field("in_waves") != &Value::from(0_i64) && !answer.field("in_waves").is_absent()
        {
            outln!("{} more follow in waves; `tenon log` tells their end", number("in_waves"));
        }
    }
    for refused in answer.field("refused").items() {
        let text = |name: &str| refused.field(name).plain().unwrap_or_default();
        outln!("refused by {}: {}", text("task"), text("message"));
    }
    Ok(0)
}

/// What a verb would do, and what has already happened outside.
fn foreseen(how: Output, answer: &Value) {
    if how != Output::Table {
        return output::record(how, answer);
    }
    let text = |of: &Value, name: &str| of.field(name).plain().unwrap_or_default();
    outln!("{} is {}; nothing was done", text(answer, "task"), text(answer, "state"));
    for line in answer.field("would").items() {
        outln!("  would: {}", line.plain().unwrap_or_default());
    }
    for ask in answer.field("would_ask").items() {
        let parts = ["connection", "method", "path"].map(|name| text(ask, name));
        outln!("  would ask: {}", parts.join(" "));
    }
    if let Some(class) = answer.at("fits.class").as_text() {
        outln!("  it is {class} with that graph");
        answer.at("fits.says").items().iter().for_each(|line| {
            outln!("    {}", line.plain().unwrap_or_default());
        });
    }
    for write in answer.field("happened").items() {
        let parts =
            ["step", "connection", "method", "path", "target"].map(|name| text(write, name));
        let parts = parts.into_iter().filter(|part| !part.is_empty());
        outln!("  has happened: {}", parts.collect::<Vec<_>>().join(" "));
    }
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

/// What a reason says, and the step it holds.
fn reason(reason: &Value) -> String {
    let said = ["says", "because"].into_iter().find_map(|field| reason.field(field).plain());
    match (said, reason.field("step").as_text()) {
        (Some(said), Some(step)) if !step.is_empty() => format!("{step}: {said}"),
        (Some(said), _) => said,
        (None, _) => reason.field("reason").plain().unwrap_or_default(),
    }
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
