//! Documents as they are written, compiled to what the engine runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use tenon_flow::Integration;
use tenon_kit::Connector;
use tenon_runtime::{
    Connected, Deploy, DeployedTable, Deployment, Documents, FitClass, Peer, Refusal, RefusalKind,
    Runtime, Shadow,
};
use tenon_source::{Diagnostic, Severity};
use tenon_value::Value;

use crate::api::Call;
use crate::codes;

/// Connectors by name.
pub type Connectors = BTreeMap<String, Arc<Connector>>;

/// Findings that are told when documents are refused.
const TOLD: usize = 5;

/// Every connector of the catalog.
///
/// # Errors
/// When a built-in manifest does not load, which the gates of the catalog exclude.
pub fn connectors() -> Result<Connectors, String> {
    let mut connectors = BTreeMap::new();
    for name in tenon_kit::catalog_names() {
        let files = tenon_kit::catalog(name).unwrap_or_default();
        let (connector, found) = tenon_kit::Connector::load(&files);
        let connector = connector.ok_or_else(|| {
            let first = found.first().map(|d| d.message.clone()).unwrap_or_default();
            format!("the built-in connector {name} does not load: {first}")
        })?;
        connectors.insert(name.to_owned(), Arc::new(connector));
    }
    Ok(connectors)
}

/// `POST /deploy`: documents that are to run.
pub(crate) async fn deploy(runtime: &Runtime, call: &Call) -> Result<Value, Refusal> {
    let (deployment, documents) = compiled(&call.body)?;
    let moves = match call.body.field("move").as_text() {
        None => None,
        Some("compatible") => Some(FitClass::Compatible),
        Some("mappable") => Some(FitClass::Mappable),
        Some(other) => {
            return Err(Refusal::invalid(format!("tasks are not moved by `{other}`"))
                .hint("compatible, mappable"));
        }
    };
    let dry_run = call.body.field("dry_run").as_bool().unwrap_or(false);
    let deploy = Deploy { deployment, documents, moves, dry_run };
    runtime.deploy(deploy, &call.by()).await
}

/// `POST /flows/FLOW/shadow`: documents on the last records of a flow.
pub(crate) async fn shadow(runtime: &Runtime, call: &Call, flow: &str) -> Result<Value, Refusal> {
    let (deployment, _) = compiled(&call.body)?;
    let last = call.body.field("last").as_number().and_then(|n| n.to_i64());
    let last = last.and_then(|last| usize::try_from(last).ok()).filter(|last| *last > 0);
    let last = last.ok_or_else(|| Refusal::invalid("`last` is needed: how many records"))?;
    runtime.shadow(Shadow { deployment, flow: flow.to_owned(), last }).await
}

/// The documents of a call, checked and compiled.
pub(crate) fn compiled(body: &Value) -> Result<(Deployment, Documents), Refusal> {
    let files = body.field("files").as_record().into_iter().flatten();
    let files = files.map(|(path, text)| Some((path.to_string(), text.as_text()?.to_owned())));
    let files: Option<BTreeMap<String, String>> = files.collect();
    let files = files.filter(|files| !files.is_empty()).ok_or_else(|| {
        Refusal::invalid("`files` is needed: the text of each document by its path")
    })?;
    let folder = body.field("folder").plain().unwrap_or_default();
    let documents = Documents { folder, files };
    match compile(&documents)? {
        Ok(deployment) => Ok((deployment, documents)),
        Err(found) => Err(unfit(&documents.folder, &found)),
    }
}

/// Documents as the engine runs them, or the findings that are errors.
///
/// # Errors
/// When a built-in connector does not load.
pub fn compile(documents: &Documents) -> Result<Result<Deployment, Vec<Diagnostic>>, Refusal> {
    let broken = |message: String| {
        Refusal::new(RefusalKind::Internal, tenon_runtime::codes::DEFECT, message)
    };
    let connectors = connectors().map_err(broken)?;
    // Places in graphs are inside the folder: the same documents are the same graphs wherever they stand.
    let (integration, found) = tenon_flow::load_integration(&documents.files, &connectors);
    match integration {
        Some(integration) => deployment(integration, &connectors).map(Ok).map_err(broken),
        None => Ok(Err(found.into_iter().filter(|d| d.severity == Severity::Error).collect())),
    }
}

fn unfit(folder: &str, found: &[Diagnostic]) -> Refusal {
    let told: Vec<String> =
        found.iter().take(TOLD).map(|d| format!("{}: {}", d.code, d.message)).collect();
    let message = format!("{folder} has {}: {}", tenon_source::summary(found), told.join("; "));
    Refusal::new(RefusalKind::Invalid, codes::DOCUMENTS_UNFIT, message)
        .hint("`tenon check` shows where; nothing was changed")
}

/// The deployment of an integration.
///
/// # Errors
/// When it names a connector that is not in the catalog.
pub fn deployment(integration: Integration, connectors: &Connectors) -> Result<Deployment, String> {
    let mut peers: BTreeMap<String, Arc<dyn Peer>> = BTreeMap::new();
    for (name, connection) in &integration.connections {
        let connector = connectors
            .get(&connection.connector)
            .ok_or_else(|| format!("there is no connector {}", connection.connector))?;
        peers.insert(name.clone(), Arc::new(Connected::new(Arc::clone(connector))));
    }
    let setting_types = integration
        .settings
        .iter()
        .map(|(name, setting)| (name.clone(), setting.type_in_expressions()))
        .collect();
    let settings = integration
        .settings
        .iter()
        .map(|(name, setting)| (name.clone(), setting.default.clone().unwrap_or(Value::Missing)))
        .collect();
    let tables = integration
        .tables
        .iter()
        .map(|(name, table)| {
            let deployed = DeployedTable {
                keys: table.keys.keys().cloned().collect(),
                key_types: table.keys.iter().map(|(k, ty)| (k.clone(), ty.clone())).collect(),
                values: table.values.iter().map(|(k, ty)| (k.clone(), ty.clone())).collect(),
                rows: table.rows.clone(),
            };
            (name.clone(), deployed)
        })
        .collect();
    Ok(Deployment {
        integration: integration.name,
        title: integration.title,
        connections: peers,
        graphs: integration.graphs,
        settings,
        setting_types,
        tables,
    })
}
