//! A compiled integration as the engine runs it.

use std::collections::BTreeMap;
use std::sync::Arc;

use tenon_flow::Integration;
use tenon_runtime::{Connected, DeployedTable, Deployment, Peer};
use tenon_value::Value;

use crate::exit::Failure;
use crate::project::Connectors;

/// The deployment of an integration.
///
/// # Errors
/// When it names a connector that is not in the catalog.
pub fn deployment(
    integration: Integration,
    connectors: &Connectors,
) -> Result<Deployment, Failure> {
    let mut peers: BTreeMap<String, Arc<dyn Peer>> = BTreeMap::new();
    for (name, connection) in &integration.connections {
        let connector = connectors.get(&connection.connector).ok_or_else(|| {
            Failure::findings(format!("there is no connector {}", connection.connector))
        })?;
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
