//! `tenon reference` and `tenon record`: what is linked to what, and all that is known of one record.

use tenon_server::Call;
use tenon_value::Value;

use crate::arguments::{Output, Record, Reference};
use crate::commands::{once, who};
use crate::exit::{Ended, Failure};
use crate::output::{self, Column};

const COLUMNS: &[Column] = &[
    ("entity", "entity"),
    ("source", "source"),
    ("target", "target"),
    ("origin", "origin"),
    ("since", "at_ms"),
];

/// Runs `tenon reference`.
///
/// # Errors
/// The engine's refusal.
pub async fn run(command: Reference) -> Ended {
    match command {
        Reference::List(list) => {
            let mut call = Call::new("GET", "/references");
            if let Some(entity) = &list.entity {
                call = call.with("entity", entity);
            }
            let answer = once(&list.common, call).await?;
            output::rows(list.common.output, COLUMNS, answer.items());
        }
        Reference::Add(add) => {
            let body = Value::of([
                ("entity", Value::text(&add.entity)),
                ("source", Value::text(&add.id)),
                ("target", Value::text(&add.target)),
                ("by", who()),
            ]);
            let answer = once(&add.common, Call::new("POST", "/references").body(body)).await?;
            output::record(add.common.output, &answer);
        }
        Reference::Delete(delete) => {
            let call = Call::new("DELETE", "/references")
                .with("entity", &delete.entity)
                .with("source", &delete.id)
                .with("by", &who().plain().unwrap_or_default());
            let answer = once(&delete.common, call).await?;
            output::record(delete.common.output, &answer);
            eprintln!("the next sync of this record searches the target again");
        }
    }
    Ok(0)
}

/// Runs `tenon record`.
///
/// # Errors
/// The engine's refusal; a failure where nothing is known of the record.
pub async fn show(command: Record) -> Ended {
    let Record::Show(show) = command;
    let call = Call::new("GET", "/records").with("record", &show.record);
    let answer = once(&show.common, call).await?;
    if show.common.output != Output::Table {
        output::record(show.common.output, &answer);
        return Ok(0);
    }
    let (tasks, references) = (answer.field("tasks").items(), answer.field("references").items());
    if tasks.is_empty() && references.is_empty() {
        return Err(Failure::findings(format!("nothing is known here of {}", show.record)).hint(
            "give the id of the source or the target, or the name people use; \
             `tenon flow run` moves a record by hand",
        ));
    }
    output::rows(Output::Table, COLUMNS, references);
    let columns: &[Column] = &[
        ("task", "id"),
        ("flow", "flow"),
        ("state", "state"),
        ("fault", "fault.message"),
        ("changed", "updated_ms"),
    ];
    output::rows(Output::Table, columns, tasks);
    for sent in answer.field("sent").items() {
        let text = |name: &str| sent.field(name).plain().unwrap_or_default();
        outln!("sent for {} {}:", text("entity"), text("source"));
        outln!("{}", tenon_value::json::write_pretty(sent.field("document")));
    }
    Ok(0)
}
