//! The JSON API as one function: a call in, a value or a refusal out.
//!
//! | call | gives |
//! |---|---|
//! | `GET /status` | tasks by state, connections, integrations |
//! | `GET /tasks`, `/tasks/ID`, `/tasks/ID/why` | lists (`state`, `flow`, `record`, `limit`, `after`), one with its journal, the chain of waits |
//! | `POST /tasks/ID/VERB` | the task after the verb; body `{by, why, dry_run, …}` |
//! | `POST /verbs/VERB` | a verb for many tasks; body `{where: {state, flow, fault, record, lane, tag, assigned, integration, issue}, by, why, dry_run, …}` or `{tasks}` for `release` |
//! | `GET /issues`, `/issues/NUMBER` | faults of one fingerprint |
//! | `GET /flows`, `/flows/FLOW/graphs`, `POST /flows/FLOW/pause`, `resume` | flows and their graphs |
//! | `POST /records/link`, `ignore`, `heed`, `GET /records/ignored` | records; body `{record, target, entity, hands_off, why}` |
//! | `POST /flows/FLOW/start` | `{task}`; body `{id}` or `{name}`, `dry_run`; header `Idempotency-Key` |
//! | `GET /records?record=` | all that is known of a record |
//! | `GET /references?entity=`, `POST /references`, `DELETE /references?entity=&source=` | the duplicate guard |
//! | `POST /flows/FLOW/export`, `reconcile` | a task for each record; body `{ids}` or `{from, to}`, `dry_run` |
//! | `GET /schedules`, `POST /schedules/NAME/pause`, `resume`, `run` | schedules with their next ten times |
//! | `GET /history`, `PUT /history/FLOW` | time history; body `{to, dry_run}` |
//! | `POST /deliveries/ID/replay` | a kept webhook once more |
//! | `GET /audit`, `GET /deliveries` | the log (`task`, `from_ms`, `after`, `limit`), received webhooks |
//! | `GET /settings`, `PUT /settings/NAME` | settings; body `{value}` |
//! | `GET /tables`, `/tables/NAME`, `PUT /tables/NAME` | lookup tables; body `{key, value}` |
//! | `GET /connections`, `PUT`, `DELETE /connections/NAME`, `POST /connections/NAME/check`, `pause`, `resume` | connections |
//! | `POST /deploy` | what documents would mean for each flow and task, then they run; body `{folder, files: {path: text}, dry_run, move: compatible or mappable}` |
//! | `POST /flows/FLOW/shadow` | what documents would have written otherwise for its last records; body `{folder, files, last}` |
//! | `/store/…` | what is stored as a whole: see the module `store` |
//!
//! `integration` names one where there are several, in the query or the body.

use std::collections::BTreeMap;

use tenon_runtime::{
    AuditQuery, By, DeliveryQuery, Export, Link, Many, Refusal, RefusalKind, Runtime, Selection,
    StartFlow, TaskQuery,
};
use tenon_value::{Value, time};

/// One call of the API.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Call {
    /// `GET`, `POST`, `PUT` or `DELETE`.
    pub method: String,
    /// Path behind `/api/v1`, beginning with `/`.
    pub path: String,
    /// Query, decoded.
    pub query: BTreeMap<String, String>,
    /// Body; missing where there is none.
    pub body: Value,
    /// The header `Idempotency-Key`.
    pub idempotency_key: Option<String>,
}

impl Call {
    /// A call without query and body.
    #[must_use]
    pub fn new(method: &str, path: &str) -> Call {
        Call { method: method.to_owned(), path: path.to_owned(), ..Call::default() }
    }

    /// With a part of the query.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Call {
        self.query.insert(name.to_owned(), value.to_owned());
        self
    }

    /// With a body.
    #[must_use]
    pub fn body(mut self, body: Value) -> Call {
        self.body = body;
        self
    }

    /// A parameter: of the query, else of the body.
    fn parameter(&self, name: &str) -> Option<String> {
        self.query.get(name).cloned().or_else(|| self.body.field(name).plain())
    }

    pub(crate) fn needed(&self, name: &str) -> Result<String, Refusal> {
        let value = self.parameter(name).filter(|value| !value.trim().is_empty());
        value.ok_or_else(|| Refusal::invalid(format!("`{name}` is needed")))
    }

    fn number(&self, name: &str) -> Result<Option<i64>, Refusal> {
        let Some(text) = self.parameter(name) else { return Ok(None) };
        let wrong = || Refusal::invalid(format!("`{name}` is no whole number: {text}"));
        text.parse().map(Some).map_err(|_| wrong())
    }

    fn limit(&self, otherwise: usize) -> Result<usize, Refusal> {
        Ok(self.number("limit")?.and_then(|n| usize::try_from(n).ok()).unwrap_or(otherwise))
    }

    fn place(&self) -> Result<Option<Vec<u8>>, Refusal> {
        let Some(text) = self.parameter("after") else { return Ok(None) };
        hex::decode(&text).map(Some).map_err(|_| Refusal::invalid("`after` is no place of a list"))
    }

    fn integration(&self) -> String {
        self.parameter("integration").unwrap_or_default()
    }

    pub(crate) fn by(&self) -> By {
        By {
            who: self.parameter("by").unwrap_or_else(|| "api".to_owned()),
            why: self.parameter("why"),
        }
    }
}

/// Answers a call: what the server does for its API, and the CLI on a directory no server holds.
///
/// # Errors
/// The runtime's refusal, or one of an unknown path.
pub async fn answer(runtime: &Runtime, call: Call) -> Result<Value, Refusal> {
    let path = call.path.clone();
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    match (call.method.as_str(), parts.as_slice()) {
        ("GET", ["status"]) => runtime.status().await,
        (_, ["tasks", rest @ ..]) => tasks(runtime, &call, rest).await,
        ("POST", ["verbs", verb]) => many(runtime, &call, verb).await,
        ("GET", ["issues"]) => runtime.issues().await,
        ("GET", ["issues", number]) => runtime.issue(number).await,
        (_, ["flows", rest @ ..]) => flows(runtime, &call, rest).await,
        (_, ["records", what]) => records(runtime, &call, what).await,
        ("GET", ["records"]) => runtime.record(&call.needed("record")?).await,
        (_, ["references"]) => references(runtime, &call).await,
        ("POST", ["deliveries", id, "replay"]) => runtime.replay(id, &call.by()).await,
        (_, ["schedules", rest @ ..]) => schedules(runtime, &call, rest).await,
        ("GET", ["history"]) => runtime.history(&call.integration()).await,
        ("PUT", ["history", flow]) => {
            let to = call.needed("to")?;
            let at = time::parse_datetime(&to).ok_or_else(|| {
                Refusal::invalid(format!("`{to}` is no instant"))
                    .hint("write it as 2026-01-31T08:00:00Z")
            })?;
            let integration = call.integration();
            if call.body.field("dry_run").as_bool().unwrap_or(false) {
                return runtime.foresee_history(&integration, flow, at.timestamp_millis()).await;
            }
            runtime.set_history(&integration, flow, at.timestamp_millis(), &call.by()).await
        }
        ("GET", ["audit"]) => {
            let query = AuditQuery {
                from_ms: call.number("from_ms")?,
                task: call.parameter("task"),
                after: call.place()?,
                limit: call.limit(200)?,
            };
            runtime.audit(query).await
        }
        ("GET", ["deliveries"]) => {
            let acceptance = call.parameter("acceptance");
            runtime.deliveries(DeliveryQuery { acceptance, limit: call.limit(100)? }).await
        }
        (_, ["settings" | "tables", ..]) => values(runtime, &call, &parts).await,
        ("POST", ["deploy"]) => crate::documents::deploy(runtime, &call).await,
        (_, ["store", rest @ ..]) => crate::store::answer(runtime, &call, rest).await,
        (_, ["connections", rest @ ..]) => connections(runtime, &call, rest).await,
        _ => Err(nothing(&call)),
    }
}

pub(crate) fn nothing(call: &Call) -> Refusal {
    let message = format!("there is no {} {}", call.method, call.path);
    Refusal::new(RefusalKind::NotFound, tenon_runtime::codes::NOT_FOUND, message)
}

async fn tasks(runtime: &Runtime, call: &Call, rest: &[&str]) -> Result<Value, Refusal> {
    match (call.method.as_str(), rest) {
        ("GET", []) => {
            let query = TaskQuery {
                state: call.parameter("state"),
                flow: call.parameter("flow"),
                record: call.parameter("record"),
                limit: call.limit(100)?,
                after: call.place()?,
            };
            runtime.tasks(query).await
        }
        ("GET", [id]) => runtime.task(id).await,
        ("GET", [id, "why"]) => runtime.why(id).await,
        ("POST", [id, verb]) => runtime.verb(id, verb, &call.body, &call.by()).await,
        _ => Err(nothing(call)),
    }
}

async fn many(runtime: &Runtime, call: &Call, verb: &str) -> Result<Value, Refusal> {
    if verb == "release" {
        let tasks: Vec<String> =
            call.body.field("tasks").items().iter().filter_map(Value::plain).collect();
        return runtime.release(&tasks, &call.by()).await;
    }
    let selection = Selection::of(call.body.field("where"))?;
    let many = Many { verb: verb.to_owned(), with: call.body.clone() };
    runtime.verb_on(&selection, many, &call.by()).await
}

async fn flows(runtime: &Runtime, call: &Call, rest: &[&str]) -> Result<Value, Refusal> {
    let integration = call.parameter("integration");
    match (call.method.as_str(), rest) {
        ("GET", []) => runtime.flows(&call.integration()),
        ("GET", [flow, "graphs"]) => runtime.graphs(flow).await,
        ("POST", [flow, "shadow"]) => crate::documents::shadow(runtime, call, flow).await,
        ("POST", [flow, "start"]) => start(runtime, call, flow).await,
        ("POST", [flow, what @ ("export" | "reconcile")]) => {
            let instant = |name: &str| match call.parameter(name) {
                None => Ok(None),
                Some(text) => match time::parse_datetime(&text) {
                    Some(at) => Ok(Some(at.timestamp_millis())),
                    None => Err(Refusal::invalid(format!("`{name}` is no instant: {text}"))
                        .hint("write it as 2026-01-31T08:00:00Z")),
                },
            };
            let export = Export {
                integration,
                flow: (*flow).to_owned(),
                ids: call.body.field("ids").items().iter().filter_map(Value::plain).collect(),
                from_ms: instant("from")?,
                to_ms: instant("to")?,
                dry_run: call.body.field("dry_run").as_bool().unwrap_or(false),
            };
            match *what {
                "export" => runtime.export_many(export, &call.by()).await,
                _ => runtime.reconcile(export, &call.by()).await,
            }
        }
        ("POST", [flow, "pause"]) => {
            runtime.pause_flow(integration.as_deref(), flow, &call.by()).await
        }
        ("POST", [flow, "resume"]) => {
            runtime.resume_flow(integration.as_deref(), flow, &call.by()).await
        }
        _ => Err(nothing(call)),
    }
}

async fn schedules(runtime: &Runtime, call: &Call, rest: &[&str]) -> Result<Value, Refusal> {
    match (call.method.as_str(), rest) {
        ("GET", []) => runtime.schedules().await,
        ("POST", [name, "pause"]) => runtime.pause_schedule(name, &call.by()).await,
        ("POST", [name, "resume"]) => runtime.resume_schedule(name, &call.by()).await,
        ("POST", [name, "run"]) => runtime.run_schedule(name, &call.by()).await,
        _ => Err(nothing(call)),
    }
}

async fn records(runtime: &Runtime, call: &Call, what: &str) -> Result<Value, Refusal> {
    let integration = call.integration();
    match (call.method.as_str(), what) {
        ("GET", "ignored") => Ok(runtime.ignored()),
        ("POST", "ignore") => {
            runtime.ignore_record(&integration, &call.needed("record")?, &call.by()).await
        }
        ("POST", "heed") => {
            runtime.heed_record(&integration, &call.needed("record")?, &call.by()).await
        }
        ("POST", "link") => {
            let link = Link {
                entity: &call.needed("entity")?,
                source: &call.needed("record")?,
                target: &call.needed("target")?,
                hands_off: call.body.field("hands_off").as_bool().unwrap_or(false),
            };
            runtime.link_record(&integration, link, &call.by()).await
        }
        _ => Err(nothing(call)),
    }
}

async fn start(runtime: &Runtime, call: &Call, flow: &str) -> Result<Value, Refusal> {
    let integration = call.parameter("integration");
    let record = match call.parameter("id") {
        Some(id) => id,
        None => {
            let name = call
                .needed("name")
                .map_err(|_| Refusal::invalid("`id` or `name` of the record is needed"))?;
            runtime.id_by_name(integration.as_deref(), flow, &name).await?
        }
    };
    let key = call.idempotency_key.as_deref();
    let start = StartFlow { integration: integration.as_deref(), flow, record: &record, key };
    if call.body.field("dry_run").as_bool().unwrap_or(false) {
        return runtime.dry_run(start).await;
    }
    let task = runtime.start_flow(start, &call.by()).await?;
    Ok(Value::of([("task", Value::from(task)), ("record", Value::from(record))]))
}

async fn references(runtime: &Runtime, call: &Call) -> Result<Value, Refusal> {
    let integration = call.integration();
    match call.method.as_str() {
        "GET" => runtime.references(&integration, call.parameter("entity").as_deref()).await,
        "POST" => {
            let link = Link {
                entity: &call.needed("entity")?,
                source: &call.needed("source")?,
                target: &call.needed("target")?,
                hands_off: call.body.field("hands_off").as_bool().unwrap_or(false),
            };
            runtime.add_reference(&integration, link, &call.by()).await
        }
        "DELETE" => {
            let (entity, source) = (call.needed("entity")?, call.needed("source")?);
            runtime.delete_reference(&integration, &entity, &source, &call.by()).await
        }
        _ => Err(nothing(call)),
    }
}

async fn values(runtime: &Runtime, call: &Call, parts: &[&str]) -> Result<Value, Refusal> {
    let integration = call.integration();
    let value = call.body.field("value");
    match (call.method.as_str(), parts) {
        ("GET", ["settings"]) => runtime.settings(&integration).await,
        ("PUT", ["settings", name]) => {
            runtime.set_setting(&integration, name, value, &call.by()).await
        }
        ("GET", ["tables"]) => runtime.table(&integration, None),
        ("GET", ["tables", table]) => runtime.table(&integration, Some(table)),
        ("PUT", ["tables", table]) => {
            let row = (call.body.field("key"), value);
            runtime.set_row(&integration, table, row, &call.by()).await
        }
        _ => Err(nothing(call)),
    }
}

async fn connections(runtime: &Runtime, call: &Call, rest: &[&str]) -> Result<Value, Refusal> {
    match (call.method.as_str(), rest) {
        ("GET", []) => Ok(runtime.connections()),
        ("DELETE", [name]) => runtime.remove_connection(name, &call.by()).await,
        ("PUT", [name]) => runtime.add_connection(name, &call.body, &call.by()).await,
        ("POST", [name, "check"]) => runtime.check_connection(name).await,
        ("POST", [name, "pause"]) => runtime.pause_connection(name, &call.by()).await,
        ("POST", [name, "resume"]) => runtime.resume_connection(name, &call.by()).await,
        _ => Err(nothing(call)),
    }
}
