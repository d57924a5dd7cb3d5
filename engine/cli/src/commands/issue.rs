//! `tenon issue`: the same fault in several tasks.

use tenon_server::Call;
use tenon_value::Value;

use crate::arguments::{Issue, IssueVerb, Output};
use crate::commands::{once, task, who};
use crate::exit::Ended;
use crate::output::{self, Column};

const COLUMNS: &[Column] = &[
    ("issue", "issue"),
    ("tasks", "count"),
    ("code", "code"),
    ("flow", "flow"),
    ("step", "step"),
    ("says", "message"),
    ("first", "first_ms"),
    ("last", "last_ms"),
];

/// Runs the command.
///
/// # Errors
/// The engine's refusal.
pub async fn run(command: Issue) -> Ended {
    match command {
        Issue::List(common) => {
            let issues = once(&common, Call::new("GET", "/issues")).await?;
            output::rows(common.output, COLUMNS, issues.items());
            Ok(0)
        }
        Issue::Show(one) => {
            let call = Call::new("GET", &format!("/issues/{}", one.number));
            show(one.common.output, &once(&one.common, call).await?);
            Ok(0)
        }
        Issue::Retry(command) => many(&command, "retry").await,
        Issue::Cancel(command) => many(&command, "cancel").await,
    }
}

async fn many(command: &IssueVerb, verb: &str) -> Ended {
    let chosen = Value::of([("issue", Value::text(&command.number))]);
    let body = Value::of([
        ("where", chosen),
        ("dry_run", Value::from(command.dry_run)),
        ("by", who()),
        ("why", Value::text(&command.why)),
    ]);
    task::many(&command.common, verb, body).await
}

fn show(how: Output, issue: &Value) {
    if how != Output::Table {
        return output::record(how, issue);
    }
    let lists = ["examples", "needs"];
    let head = lists.iter().fold(issue.clone(), |head, name| head.with(name, Value::Missing));
    output::record(how, &head);
    for needs in issue.field("needs").items() {
        let text = |name: &str| needs.field(name).plain().unwrap_or_default();
        outln!("needs {}: {} tasks", text("needs"), text("tasks"));
    }
    outln!("examples:");
    for example in issue.field("examples").items() {
        let text = |name: &str| example.field(name).plain().unwrap_or_default();
        outln!("  {}  {}", text("task"), text("record"));
    }
}
