//! `tenon setting` and `tenon table`: what the integration's owner decides.

use tenon_server::Call;
use tenon_value::{Record, Value};

use crate::arguments::{DirectoryOutput, Setting, Table};
use crate::commands::{once, pair, task, who};
use crate::exit::Ended;
use crate::output;

/// Runs `tenon setting`.
///
/// # Errors
/// The engine's refusal.
pub async fn setting(command: Setting) -> Ended {
    match command {
        Setting::List(common) => {
            let answer = once(&common, Call::new("GET", "/settings")).await?;
            let columns = &[("setting", "name"), ("value", "value"), ("set by a person", "set")];
            output::rows(common.output, columns, answer.items());
        }
        Setting::Set(set) => {
            let body = Value::of([("value", Value::text(&set.value)), ("by", who())]);
            let call = Call::new("PUT", &format!("/settings/{}", set.name)).body(body);
            saved(&set.common, &once(&set.common, call).await?, set.release).await?;
        }
    }
    Ok(0)
}

/// Says what was saved, and offers to release the tasks that failed for want of it, or does so.
async fn saved(common: &DirectoryOutput, answer: &Value, release: bool) -> Ended {
    let waiting = answer.field("tasks_waiting").clone();
    output::record(common.output, &answer.clone().with("tasks_waiting", Value::Missing));
    let count = waiting.items().len();
    if count == 0 {
        return Ok(0);
    }
    if release {
        let body = Value::of([("tasks", waiting), ("by", who())]);
        return task::many(common, "release", body).await;
    }
    eprintln!("{count} tasks failed for want of this: the same with --release retries them");
    Ok(0)
}

/// Runs `tenon table`.
///
/// # Errors
/// The engine's refusal; wrong use where a column is missing or unknown.
pub async fn table(command: Table) -> Ended {
    match command {
        Table::List(list) => {
            let call = Call::new("GET", &format!("/tables/{}", list.table));
            let answer = once(&list.common, call).await?;
            let rows = answer.field("rows").items();
            output::rows(list.common.output, &[("key", "key"), ("value", "value")], rows);
        }
        Table::Set(set) => {
            let call = Call::new("GET", &format!("/tables/{}", set.table));
            let table = once(&set.common, call).await?;
            let keys: Vec<&str> =
                table.field("keys").items().iter().filter_map(Value::as_text).collect();
            let (mut key, mut value) = (Record::new(), Record::new());
            for word in &set.columns {
                let (name, text) = pair(word)?;
                let side = if keys.contains(&name) { &mut key } else { &mut value };
                side.insert(name.into(), Value::text(text));
            }
            let value = Value::record(value);
            let body = Value::of([("key", Value::record(key)), ("value", value), ("by", who())]);
            let call = Call::new("PUT", &format!("/tables/{}", set.table)).body(body);
            saved(&set.common, &once(&set.common, call).await?, set.release).await?;
        }
    }
    Ok(0)
}
