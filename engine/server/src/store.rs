//! Calls that concern what is stored as a whole.
//!
//! | call | gives |
//! |---|---|
//! | `GET /store/verify` | what is hurt |
//! | `GET /store/size` | bytes by flow and kind |
//! | `POST /store/export` | a new file on the server's machine; body `{to}` |
//! | `POST /store/compact` | bytes before and after |
//! | `GET /store/retention`, `PUT /store/retention` | days; body `{done, skipped, cancelled, deliveries, audit}` |
//! | `POST /store/sweep` | what ended long ago is let go of now |
//! | `POST /store/erase` | a person's data; body `{words, dry_run}` |
//! | `POST /store/rotate-key` | another master key; body `{key}` |
//! | `GET /store/restored`, `POST /store/settled` | whether writes are searched first after a restore, and its end |

use std::path::Path;

use tenon_runtime::{Refusal, Runtime};
use tenon_value::Value;

use crate::api::{Call, nothing};

pub(crate) async fn answer(
    runtime: &Runtime,
    call: &Call,
    rest: &[&str],
) -> Result<Value, Refusal> {
    let by = call.by();
    match (call.method.as_str(), rest) {
        ("GET", ["verify"]) => runtime.verify_store().await,
        ("GET", ["size"]) => runtime.store_size().await,
        ("POST", ["export"]) => {
            let to = call.needed("to")?;
            let to = Path::new(&to);
            if to.is_relative() {
                return Err(Refusal::invalid("`to` is no absolute path"));
            }
            runtime.export_store(to, &by).await
        }
        ("POST", ["compact"]) => runtime.compact_store(&by).await,
        ("GET", ["retention"]) => runtime.retention().await,
        ("PUT", ["retention"]) => runtime.set_retention(&call.body, &by).await,
        ("POST", ["sweep"]) => runtime.sweep().await,
        ("POST", ["erase"]) => {
            let words = call.body.field("words").items().iter().filter_map(Value::plain);
            let words: Vec<String> = words.collect();
            let dry_run = call.body.field("dry_run").as_bool().unwrap_or(false);
            runtime.erase(&words, dry_run, &by).await
        }
        ("POST", ["rotate-key"]) => runtime.rotate_key(call.body.field("key").as_text(), &by).await,
        ("GET", ["restored"]) => runtime.restored().await,
        ("POST", ["settled"]) => runtime.settle_restored(&by).await,
        _ => Err(nothing(call)),
    }
}
