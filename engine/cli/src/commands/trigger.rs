//! `tenon schedule`, `tenon history` and `tenon delivery`: what starts flows.

use tenon_server::Call;
use tenon_value::Value;

use crate::arguments::{Delivery, FlowMany, History, Output, Schedule, ScheduleOne};
use crate::commands::{once, who};
use crate::exit::Ended;
use crate::output::{self, Column};

const DELIVERIES: &[Column] = &[
    ("delivery", "id"),
    ("at", "at_ms"),
    ("topic", "topic"),
    ("taken", "acceptance"),
    ("record", "record"),
    ("task", "task"),
    ("why", "reason"),
];

/// Runs `tenon schedule`.
///
/// # Errors
/// The engine's refusal.
pub async fn schedule(command: Schedule) -> Ended {
    match command {
        Schedule::List(common) => {
            let answer = once(&common, Call::new("GET", "/schedules")).await?;
            if common.output != Output::Table {
                output::rows(common.output, &[], answer.items());
                return Ok(0);
            }
            answer.items().iter().for_each(shown);
            Ok(0)
        }
        Schedule::Pause(one) => give(&one, "pause").await,
        Schedule::Resume(one) => give(&one, "resume").await,
        Schedule::Run(one) => give(&one, "run").await,
    }
}

async fn give(one: &ScheduleOne, verb: &str) -> Ended {
    let body = Value::of([("by", who()), ("why", Value::text(&one.why))]);
    let call = Call::new("POST", &format!("/schedules/{}/{verb}", one.name)).body(body);
    let answer = once(&one.common, call).await?;
    match (one.common.output, verb) {
        (Output::Table, "pause" | "resume") => shown(&answer),
        (how, _) => output::record(how, &answer),
    }
    Ok(0)
}

fn shown(schedule: &Value) {
    let text = |path: &str| schedule.at(path).plain().unwrap_or_default();
    outln!("{}: flow {}, {}", text("schedule"), text("flow"), text("when"));
    if !schedule.field("paused").is_absent() {
        outln!("  paused by {}: {}", text("paused.by"), text("paused.why"));
    }
    if !schedule.field("last").is_blank() {
        outln!("  last: {}", text("last"));
    }
    for next in schedule.field("next").items() {
        outln!("  {}", next.plain().unwrap_or_default());
    }
}

/// Runs `tenon history`.
///
/// # Errors
/// The engine's refusal.
pub async fn history(command: History) -> Ended {
    let columns: &[Column] = &[("flow", "flow"), ("last loaded", "last_loaded")];
    match command {
        History::List(common) => {
            let answer = once(&common, Call::new("GET", "/history")).await?;
            output::rows(common.output, columns, answer.items());
        }
        History::Set(set) => {
            let body = Value::of([
                ("to", Value::text(&set.to)),
                ("dry_run", Value::from(set.dry_run)),
                ("by", who()),
                ("why", Value::text(&set.why)),
            ]);
            let call = Call::new("PUT", &format!("/history/{}", set.flow)).body(body);
            let answer = once(&set.common, call).await?;
            match set.dry_run {
                true => output::record(set.common.output, &answer),
                false => output::rows(set.common.output, columns, answer.items()),
            }
        }
    }
    Ok(0)
}

/// Runs `tenon delivery`.
///
/// # Errors
/// The engine's refusal.
pub async fn delivery(command: Delivery) -> Ended {
    match command {
        Delivery::List(list) => {
            let mut call = Call::new("GET", "/deliveries").with("limit", &list.limit.to_string());
            if let Some(acceptance) = &list.acceptance {
                call = call.with("acceptance", acceptance);
            }
            let answer = once(&list.common, call).await?;
            output::rows(list.common.output, DELIVERIES, answer.items());
        }
        Delivery::Replay(replay) => {
            let body = Value::of([("by", who()), ("why", Value::text(&replay.why))]);
            let call = Call::new("POST", &format!("/deliveries/{}/replay", replay.id)).body(body);
            output::record(replay.common.output, &once(&replay.common, call).await?);
        }
    }
    Ok(0)
}

/// Runs `tenon flow export` and `tenon flow reconcile`.
///
/// # Errors
/// The engine's refusal.
pub async fn many(many: &FlowMany, what: &str) -> Ended {
    let text = |text: &Option<String>| text.as_deref().map_or(Value::Missing, Value::text);
    let body = Value::of([
        ("ids", Value::list(many.ids.iter().map(|id| Value::text(id)).collect())),
        ("from", text(&many.from)),
        ("to", text(&many.to)),
        ("dry_run", Value::from(many.dry_run)),
        ("by", who()),
        ("why", Value::text(&many.why)),
    ]);
    let call = Call::new("POST", &format!("/flows/{}/{what}", many.flow)).body(body);
    output::record(many.common.output, &once(&many.common, call).await?);
    Ok(0)
}
