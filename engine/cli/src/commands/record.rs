//! `tenon record`: all that is known of one record, and what people decide about it.

use tenon_server::Call;
use tenon_value::Value;

use crate::arguments::{Output, Record, RecordShow, RecordWhy};
use crate::commands::{once, reference, who};
use crate::exit::{Ended, Failure};
use crate::output::{self, Column};

/// Runs the command.
///
/// # Errors
/// The engine's refusal; a failure where nothing is known of the record.
pub async fn run(command: Record) -> Ended {
    match command {
        Record::Show(record) => show(&record).await,
        Record::Link(link) => {
            let body = Value::of([
                ("record", Value::text(&link.record)),
                ("entity", Value::text(&link.entity)),
                ("target", Value::text(&link.target)),
                ("hands_off", Value::from(link.hands_off)),
                ("by", who()),
                ("why", Value::text(&link.why)),
            ]);
            let call = Call::new("POST", "/records/link").body(body);
            let answer = once(&link.common, call).await?;
            if link.common.output != Output::Table {
                output::record(link.common.output, &answer);
                return Ok(0);
            }
            let reference = [answer.field("reference").clone()];
            output::rows(Output::Table, reference::COLUMNS, &reference);
            for task in answer.field("closed").items() {
                let text = |name: &str| task.field(name).plain().unwrap_or_default();
                outln!("{} is {} now", text("id"), text("state"));
            }
            Ok(0)
        }
        Record::Ignore(record) => say(&record, "ignore").await,
        Record::Heed(record) => say(&record, "heed").await,
        Record::Ignored(common) => {
            let columns: &[Column] =
                &[("record", "record"), ("by", "by"), ("why", "why"), ("since", "at_ms")];
            let answer = once(&common, Call::new("GET", "/records/ignored")).await?;
            output::rows(common.output, columns, answer.items());
            Ok(0)
        }
    }
}

async fn say(record: &RecordWhy, what: &str) -> Ended {
    let why = if record.why.is_empty() { Value::Missing } else { Value::text(&record.why) };
    let body = Value::of([("record", Value::text(&record.record)), ("by", who()), ("why", why)]);
    let answer = once(&record.common, Call::new("POST", &format!("/records/{what}")).body(body));
    output::record(record.common.output, &answer.await?);
    Ok(0)
}

async fn show(show: &RecordShow) -> Ended {
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
    output::rows(Output::Table, reference::COLUMNS, references);
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
