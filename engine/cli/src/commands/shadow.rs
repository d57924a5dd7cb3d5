//! `tenon flow shadow`: what other documents would have written, record by record.

use tenon_server::Call;
use tenon_value::Value;

use crate::arguments::{FlowShadow, Output};
use crate::commands::deploy::documents;
use crate::commands::once;
use crate::exit::Ended;
use crate::output;
use crate::project::{self, Folder};

/// Runs the command: exit code 1 where something would be otherwise, or could not be compared.
///
/// # Errors
/// When the documents have errors, or there is no such flow.
pub async fn run(shadow: &FlowShadow) -> Ended {
    let common = &shadow.common;
    let folder = Folder::open(shadow.against.as_deref().or(common.project.project.as_deref()))?;
    let connectors = project::connectors()?;
    project::checked(&folder, &connectors, "nothing was tried")?;
    let body = documents(&folder).with("last", Value::from(i64::from(shadow.last)));
    let call = Call::new("POST", &format!("/flows/{}/shadow", shadow.flow)).body(body);
    let answer = once(common, call).await?;
    let count = |what: &str| answer.field("totals").field(what).plain().unwrap_or_default();
    if common.output != Output::Table {
        output::record(common.output, &answer);
    } else {
        outln!("{} by {}: nothing was sent or stored", shadow.flow, folder.name);
        answer.field("inputs").items().iter().for_each(input);
        outln!(
            "\n{} same, {} different, {} fault, {} not comparable",
            count("same"),
            count("different"),
            count("fault"),
            count("not_comparable")
        );
    }
    let otherwise = ["different", "fault", "not_comparable"].iter().any(|what| count(what) != "0");
    Ok(u8::from(otherwise))
}

fn input(input: &Value) {
    let text = |of: &Value, name: &str| of.field(name).plain().unwrap_or_default();
    let result = text(input, "result").replace('_', " ");
    outln!("  {} {}: {result}", text(input, "task"), text(input, "record"));
    if !input.field("because").is_blank() {
        outln!("      because {}", text(input, "because"));
    }
    let (ended, would_end) = (text(input, "ended"), text(input, "would_end"));
    if !would_end.is_empty() && !would_end.starts_with(&ended) {
        outln!("      it ended {ended}, and would end {would_end}");
    }
    for write in input.field("writes").items() {
        let place = format!("{} step {}", text(write, "flow"), text(write, "step"));
        outln!("      {} ({place}): {}", text(write, "write"), text(write, "change"));
        for field in write.field("fields").items() {
            let name = text(field, "field");
            outln!(
                "        {name}: {} -> {}",
                said(field.field("was")),
                said(field.field("would"))
            );
        }
        for what in ["was", "would"] {
            if !write.field(what).is_absent() {
                outln!("        {what} {}", said(write.field(what)));
            }
        }
    }
}

/// A value as it is written; nothing where there is none.
fn said(value: &Value) -> String {
    match value {
        Value::Missing => "nothing".to_owned(),
        value => tenon_value::json::write(value),
    }
}
