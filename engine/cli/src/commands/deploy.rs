//! `tenon deploy`: lets other documents run, and lists first what they mean.

use std::sync::Arc;

use tenon_server::Call;
use tenon_value::{Record, Value};

use crate::api::Api;
use crate::arguments::{Deploy, Output};
use crate::commands::who;
use crate::exit::{Ended, Failure};
use crate::output::{self, Column};
use crate::project::{self, Folder};

const FLOWS: &[Column] = &[
    ("flow", "flow"),
    ("change", "change"),
    ("runs", "from"),
    ("would run", "to"),
    ("tasks there", "there"),
    ("compatible", "compatible"),
    ("mappable", "mappable"),
    ("blocked", "blocked"),
];

/// Tasks of each class that are printed one by one.
const SHOWN: usize = 20;

/// Runs the command: exit code 1 where a task that was to be moved was not.
///
/// # Errors
/// When the documents have errors, or can't take the place of what runs there.
pub async fn run(command: Deploy) -> Ended {
    let folder = Folder::open(command.project.as_deref())?;
    let connectors = project::connectors()?;
    let integration = project::checked(&folder, &connectors, "nothing was deployed")?;
    let deployment = folder.deployment(integration, &connectors)?;
    let dir = &command.directory.dir;
    if command.dry_run && !dir.join("store").is_dir() {
        return Err(Failure::usage(format!("there is no store in {}", dir.display()))
            .hint("to a new directory everything is new: without --dry-run it is made"));
    }
    let api = Api::deploying(dir, deployment).await?;
    let moves = command.moves.map_or(Value::Missing, |moves| Value::text(moves.name()));
    let body = documents(&folder)
        .with("dry_run", Value::Bool(command.dry_run))
        .with("move", moves)
        .with("by", who())
        .with("why", Value::text(&command.why));
    let answer = api.call(Call::new("POST", "/deploy").body(body)).await;
    api.close().await;
    let answer = answer?;
    if command.output != Output::Table {
        output::record(command.output, &answer);
    } else {
        list(&answer);
        tell(&command, &answer);
    }
    Ok(u8::from(!answer.field("refused").items().is_empty()))
}

/// A folder's documents as a call carries them.
pub fn documents(folder: &Folder) -> Value {
    let documents = folder.documents();
    let files = documents.files.iter();
    let files = files.map(|(path, text)| (Arc::from(path.as_str()), Value::text(text)));
    Value::of([
        ("folder", Value::text(&documents.folder)),
        ("files", Value::record(files.collect::<Record>())),
    ])
}

fn text(of: &Value, name: &str) -> String {
    of.field(name).plain().unwrap_or_default()
}

/// What it means for flows and tasks.
fn list(answer: &Value) {
    outln!("{} from {}", text(answer, "integration"), text(answer, "folder"));
    output::rows(Output::Table, FLOWS, answer.field("flows").items());
    for class in ["compatible", "mappable", "blocked"] {
        let tasks = answer.field("tasks").items();
        let tasks = tasks.iter().filter(|task| task.field("class").as_text() == Some(class));
        let tasks: Vec<&Value> = tasks.collect();
        if tasks.is_empty() {
            continue;
        }
        outln!("\n{class}:");
        for task in tasks.iter().take(SHOWN) {
            let step = text(task, "step");
            let step = if step.is_empty() { step } else { format!(" at step {step}") };
            let parts = ["task", "flow", "record", "state"].map(|name| text(task, name));
            outln!("  {}{step}", parts.join(" "));
            for line in task.field("says").items() {
                outln!("      {}", line.plain().unwrap_or_default());
            }
            if class == "blocked" {
                outln!("      next: {}", text(task, "next"));
            }
        }
        if let Some(more) = tasks.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            outln!("  and {more} more: --output json names them");
        }
    }
}

/// What came of it.
fn tell(command: &Deploy, answer: &Value) {
    let same = answer.field("same").as_bool().unwrap_or(false);
    let number = |class: &str| -> i64 {
        let flows = answer.field("flows").items();
        let counts =
            flows.iter().map(|flow| flow.field(class).as_number().and_then(|n| n.to_i64()));
        counts.flatten().fold(0, i64::saturating_add)
    };
    let open = ["compatible", "mappable", "blocked"].map(number).iter().sum::<i64>();
    match (same, command.dry_run) {
        (true, _) => outln!("\nthese documents run there already: there is nothing to deploy"),
        (false, true) => outln!("\nnothing was deployed: a dry run"),
        (false, false) => outln!("\ndeployed: new tasks go by these graphs"),
    }
    if command.moves.is_none() && open > 0 {
        let (fit, map) = (number("compatible"), number("mappable"));
        outln!(
            "open and failed tasks that stay on the graphs they have: {open}; --move compatible would \
             move {fit} of them, --move mappable {}",
            fit.saturating_add(map)
        );
    }
    if !command.dry_run && command.moves.is_some() {
        outln!("tasks moved: {}", text(answer, "moved"));
    }
    for refused in answer.field("refused").items() {
        let parts = ["task", "code", "message"].map(|name| text(refused, name));
        outln!("not moved: {}", parts.join(": "));
    }
}
