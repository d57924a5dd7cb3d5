//! `tenon store` and `tenon erase`: what is stored as a whole.
//!
//! Of a directory that a server holds, the server does it. Of one that nobody holds, this process opens
//! the store itself, without an engine: a store that is hurt can be looked at and copied all the same.

use std::sync::Arc;

use tenon_runtime::{Seam, SystemSeam, upkeep};
use tenon_server::Call;
use tenon_store::Store as _;
use tenon_store_sled::SledStore;
use tenon_value::{Record, Value};

use crate::api::{self, Api};
use crate::arguments::{Days, Erase, Output, Store, StoreFile, StoreOnly, StoreRetention};
use crate::commands::{once, who};
use crate::exit::{Ended, Failure};
use crate::output::{self, Column};

const HURT: &[Column] = &[("what", "what"), ("task", "task"), ("why", "why")];
const FLOWS: &[Column] = &[
    ("flow", "flow"),
    ("tasks", "tasks"),
    ("bytes", "bytes"),
    ("a task", "bytes_a_task"),
    ("of the last 7 days", "bytes_last_7_days"),
];
const KINDS: &[Column] = &[("kind", "kind"), ("bytes", "bytes")];

/// Runs the command.
///
/// # Errors
/// When the store can't be opened, read or written, or holds what must not be written over.
pub async fn run(command: Store) -> Ended {
    match command {
        Store::Verify(only) => verify(&only).await,
        Store::Export(file) => export(&file).await,
        Store::Import(file) => import(&file).await,
        Store::Compact(only) => compact(&only).await,
        Store::Size(only) => size(&only).await,
        Store::Retention(retention) => self::retention(&retention).await,
        Store::Settled(common) => {
            let call = Call::new("POST", "/store/settled").body(Value::of([("by", who())]));
            output::record(common.output, &once(&common, call).await?);
            Ok(0)
        }
    }
}

/// Who answers for a directory's store.
enum Way {
    Server(Api),
    Here(Arc<SledStore>),
}

impl Way {
    async fn to(only: &StoreOnly) -> Result<Way, Failure> {
        let dir = &only.directory.dir;
        if let Some(server) = Api::server(dir).await? {
            return Ok(Way::Server(server));
        }
        if !dir.join("store").is_dir() {
            return Err(Failure::usage(format!("there is no store in {}", dir.display()))
                .hint("name the data directory with --dir"));
        }
        api::open(dir, None).map(Way::Here)
    }

    async fn close(self) {
        match self {
            Way::Server(api) => api.close().await,
            Way::Here(store) => api::close(&store).await,
        }
    }
}

async fn verify(only: &StoreOnly) -> Ended {
    let way = Way::to(only).await?;
    let found = match &way {
        Way::Server(api) => api.call(Call::new("GET", "/store/verify")).await,
        Way::Here(store) => upkeep::verify(&**store).await.map_err(|e| api::store_failure(&e)),
    };
    way.close().await;
    let found = found?;
    if only.output != Output::Table {
        output::record(only.output, &found);
    } else {
        let plain = |name: &str| found.field(name).plain().unwrap_or_default();
        outln!("{} rows, {} tasks, {} events read", plain("rows"), plain("tasks"), plain("events"));
        if found.field("hurt").items().is_empty() {
            outln!("nothing is hurt");
        } else {
            output::rows(only.output, HURT, found.field("hurt").items());
        }
    }
    if found.field("hurt").items().is_empty() {
        return Ok(0);
    }
    let count = found.field("hurt_count").plain().unwrap_or_default();
    Err(Failure::findings(format!("{count} places are hurt")).hint(
        "hurt tasks fail with that reason, one by one, and the others go on; for the rest, take the \
         latest export into a new directory",
    ))
}

async fn export(file: &StoreFile) -> Ended {
    let to = std::path::absolute(&file.file)?;
    let way = Way::to(&file.store).await?;
    let done = match &way {
        Way::Server(api) => {
            let body = Value::of([("to", Value::from(to.display().to_string())), ("by", who())]);
            api.call(Call::new("POST", "/store/export").body(body)).await
        }
        Way::Here(store) => upkeep::export_to(&**store, &to, SystemSeam.now_ms())
            .await
            .map_err(|refusal| api::refused(&refusal.to_value())),
    };
    way.close().await;
    output::record(file.store.output, &done?);
    Ok(0)
}

async fn import(file: &StoreFile) -> Ended {
    let dir = &file.store.directory.dir;
    if Api::server(dir).await?.is_some() {
        return Err(Failure::usage(format!("a server holds {}", dir.display()))
            .hint("take the file into a new directory, then start the server on that one"));
    }
    let from = std::path::absolute(&file.file)?;
    let store = api::open(dir, None)?;
    let done = upkeep::taken_in(&*store, &from, SystemSeam.now_ms()).await;
    let closed = store.close().await;
    let done = done.map_err(|refusal| api::refused(&refusal.to_value()))?;
    closed.map_err(|e| api::store_failure(&e))?;
    output::record(file.store.output, &done);
    eprintln!(
        "writes since the export are not known here: each is searched before it is sent, until \
         `tenon store settled`"
    );
    eprintln!("credentials open only with the master key of that time: bring its file `key` along");
    Ok(0)
}

async fn compact(only: &StoreOnly) -> Ended {
    let way = Way::to(only).await?;
    let done = match &way {
        Way::Server(api) => {
            let body = Value::of([("by", who())]);
            api.call(Call::new("POST", "/store/compact").body(body)).await
        }
        Way::Here(store) => match store.compact().await {
            Ok(done) => Ok(Value::of([
                ("before_bytes", whole(done.before_bytes)),
                ("after_bytes", whole(done.after_bytes)),
            ])),
            Err(error) => Err(api::store_failure(&error)),
        },
    };
    way.close().await;
    output::record(only.output, &done?);
    Ok(0)
}

async fn size(only: &StoreOnly) -> Ended {
    let way = Way::to(only).await?;
    let found = match &way {
        Way::Server(api) => api.call(Call::new("GET", "/store/size")).await,
        Way::Here(store) => {
            upkeep::size(&**store, SystemSeam.now_ms()).await.map_err(|e| api::store_failure(&e))
        }
    };
    way.close().await;
    let on_disk = bytes_below(&only.directory.dir.join("store"));
    let found = found?.with("disk_bytes", whole(on_disk));
    if only.output != Output::Table {
        output::record(only.output, &found);
        return Ok(0);
    }
    outln!("{on_disk} bytes on disk, log and free room in files included");
    output::rows(only.output, FLOWS, found.field("flows").items());
    output::rows(only.output, KINDS, found.field("kinds").items());
    Ok(0)
}

/// What files below a directory take; what goes away meanwhile counts nothing.
fn bytes_below(path: &std::path::Path) -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    let bytes = entries.map(|entry| match entry.metadata() {
        Ok(meta) if meta.is_dir() => bytes_below(&entry.path()),
        Ok(meta) => meta.blocks().saturating_mul(512),
        Err(_) => 0,
    });
    bytes.sum()
}

async fn retention(retention: &StoreRetention) -> Ended {
    let given = [
        ("done", retention.done),
        ("skipped", retention.skipped),
        ("cancelled", retention.cancelled),
        ("deliveries", retention.deliveries),
        ("audit", retention.audit),
    ];
    let mut body = Record::new();
    for (name, days) in given {
        if let Some(Days(days)) = days {
            let days = days.map_or(Value::Null, |days| Value::from(i64::from(days)));
            body.insert(name.into(), days);
        }
    }
    let call = if body.is_empty() {
        Call::new("GET", "/store/retention")
    } else {
        body.insert("by".into(), who());
        Call::new("PUT", "/store/retention").body(Value::record(body))
    };
    let common = &retention.common;
    let mut answer = once(common, call).await?;
    if retention.now {
        let body = Value::of([("by", who())]);
        answer = once(common, Call::new("POST", "/store/sweep").body(body)).await?;
    }
    output::record(common.output, &answer);
    Ok(0)
}

/// Runs `tenon erase`.
///
/// # Errors
/// The engine's refusal.
pub async fn erase(erase: Erase) -> Ended {
    let words = erase.words.iter().map(|word| Value::text(word)).collect();
    let body = Value::of([
        ("words", Value::list(words)),
        ("dry_run", Value::Bool(erase.dry_run)),
        ("by", who()),
        ("why", Value::text(&erase.why)),
    ]);
    let answer = once(&erase.common, Call::new("POST", "/store/erase").body(body)).await?;
    output::record(erase.common.output, &answer);
    if !erase.dry_run {
        eprintln!(
            "earlier bytes leave the files with `tenon store compact`; exports made before still hold them"
        );
    }
    Ok(0)
}

fn whole(number: u64) -> Value {
    Value::from(i64::try_from(number).unwrap_or(i64::MAX))
}
