//! `tenon reference`: what is linked to what.

use tenon_server::Call;
use tenon_value::Value;

use crate::arguments::Reference;
use crate::commands::{once, who};
use crate::exit::Ended;
use crate::output::{self, Column};

/// How references are listed.
pub const COLUMNS: &[Column] = &[
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
