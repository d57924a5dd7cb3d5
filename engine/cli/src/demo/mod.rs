//! `tenon demo`: a sandbox shop and ledger, the engine between them, and what becomes of the orders.
//!
//! Sandbox and engine are processes of their own, so that the engine can be killed in the middle and
//! the books are kept by somebody else.

pub mod process;
mod report;
pub mod stage;

use std::path::PathBuf;

use tenon_value::Value;

use crate::arguments::{Demo, Output};
use crate::commands::serve::asked_to_end;
use crate::demo::report::Report;
use crate::demo::stage::{Setting, Stage};
use crate::exit::{Ended, Failure};

/// Runs the command: exit code 0 only when the books of both sides agree.
///
/// # Errors
/// When a process does not start or stops answering.
pub async fn run(demo: Demo) -> Ended {
    let (dir, keep) = match &demo.dir {
        Some(dir) => (dir.clone(), true),
        None => (fresh_directory()?, false),
    };
    // Dropping the play ends its processes.
    let ended = tokio::select! {
        ended = play(&demo, dir.clone()) => ended,
        asked = asked_to_end() => asked.map(|()| 0),
    };
    if !keep {
        // What is left of it is in the system's temporary directory; nothing depends on it.
        let _ = std::fs::remove_dir_all(&dir);
    }
    ended
}

fn fresh_directory() -> Result<PathBuf, Failure> {
    use tenon_runtime::{Seam as _, SystemSeam};
    let dir = std::env::temp_dir().join(SystemSeam.id("tenon-demo"));
    std::fs::create_dir_all(&dir)?;
    Ok(dir)
}

async fn play(demo: &Demo, dir: PathBuf) -> Ended {
    let talk = demo.output == Output::Table;
    let setting = Setting {
        orders: demo.orders,
        seed: demo.seed,
        time_scale: demo.time_scale,
        limits: true,
        talk,
    };
    let mut stage = Stage::set(setting, dir).await?;
    if demo.faults {
        stage.faults().await?;
    }
    stage.start_engine().await?;
    stage.post_webhooks().await?;
    stage.work(demo.kill).await?;
    let repaired = stage.repair().await?;
    let books = stage.books().await?;
    let report = Report::new(&stage, &books, repaired).await?;
    if talk {
        report.tell(&stage).await?;
    } else {
        outln!("{}", tenon_value::json::write(report.details()));
        outln!("{}", tenon_value::json::write(report.value()));
    }
    if !demo.once {
        stage.say("shop, ledger and engine stay up; Ctrl-C ends them");
        stage.say(&format!("  TENON_DIR={} tenon task list", stage.dir.display()));
        std::future::pending::<()>().await;
    }
    let agree = report.agrees();
    stage.end().await?;
    Ok(u8::from(!agree))
}

/// A whole number as a value.
fn count(n: usize) -> Value {
    Value::from(i64::try_from(n).unwrap_or(i64::MAX))
}
