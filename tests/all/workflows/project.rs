//! The integration's folder, loaded and made ready to run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use tenon_flow::Integration;
use tenon_kit::Connector;
use tenon_runtime::{Connected, DeployedTable, Deployment, Peer};
use tenon_source::{Diagnostic, File, Node, NodeKind, Style};
use tenon_value::{Number, Value};

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// The folder of the shipped integration.
pub fn folder() -> PathBuf {
    root().join("workflows/shopify-fortnox")
}

/// Documents of a folder by path.
pub fn files(folder: &Path) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for below in ["", "tables", "scripts"] {
        let Ok(entries) = std::fs::read_dir(folder.join(below)) else { continue };
        for entry in entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()) {
            let name = entry.file_name().unwrap().to_string_lossy().into_owned();
            if [".yaml", ".csv", ".rhai"].iter().any(|end| name.ends_with(end)) {
                let path = if below.is_empty() { name } else { format!("{below}/{name}") };
                files.insert(path, std::fs::read_to_string(entry).unwrap());
            }
        }
    }
    files
}

/// Every connector of the catalog, loaded once.
pub fn connectors() -> &'static BTreeMap<String, Arc<Connector>> {
    static ALL: OnceLock<BTreeMap<String, Arc<Connector>>> = OnceLock::new();
    ALL.get_or_init(|| {
        tenon_kit::catalog_names()
            .map(|name| {
                let files = tenon_kit::catalog(name).unwrap();
                (name.to_owned(), Arc::new(Connector::load(&files).0.unwrap()))
            })
            .collect()
    })
}

/// A folder, checked and compiled, with what was found.
pub fn load(folder: &Path) -> (Option<Integration>, Vec<Diagnostic>) {
    tenon_flow::load_integration_at("project", &files(folder), connectors())
}

/// The shipped integration, without findings.
pub fn shipped() -> Integration {
    let (integration, found) = load(&folder());
    assert!(found.is_empty(), "{}", tenon_source::render(&found, plain()));
    integration.unwrap()
}

fn plain() -> tenon_source::Format {
    tenon_source::Format::Human { color: false }
}

/// The integration as the engine runs it.
pub fn deployment(integration: Integration) -> Deployment {
    let connectors = connectors();
    let peer = |name: &String| -> Arc<dyn Peer> {
        Arc::new(Connected::new(Arc::clone(&connectors[name])))
    };
    let connections = integration
        .connections
        .iter()
        .map(|(name, c)| (name.clone(), peer(&c.connector)))
        .collect();
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
    let table = |table: &tenon_flow::Table| DeployedTable {
        keys: table.keys.keys().cloned().collect(),
        key_types: table.keys.iter().map(|(k, ty)| (k.clone(), ty.clone())).collect(),
        values: table.values.iter().map(|(k, ty)| (k.clone(), ty.clone())).collect(),
        rows: table.rows.clone(),
    };
    let tables = integration.tables.iter().map(|(name, t)| (name.clone(), table(t))).collect();
    Deployment {
        integration: integration.name,
        title: integration.title,
        connections,
        graphs: integration.graphs,
        settings,
        setting_types,
        tables,
    }
}

/// A YAML document as a value: plain scalars are numbers, booleans and null where they look so.
pub fn yaml(path: &Path) -> Value {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{name}: {e}"));
    let (document, found) = tenon_source::load(Arc::new(File { path: name.clone(), text }));
    assert!(found.is_empty(), "{name}: {}", tenon_source::render(&found, plain()));
    value(&document.root.unwrap_or_else(|| panic!("{name} is empty")))
}

fn value(node: &Node) -> Value {
    match &node.kind {
        NodeKind::Scalar(scalar) if scalar.style == Style::Plain => match scalar.text.as_str() {
            "true" => Value::from(true),
            "false" => Value::from(false),
            "null" => Value::Null,
            text => Number::parse(text).map_or_else(|_| Value::text(text), Value::from),
        },
        NodeKind::Scalar(scalar) => Value::text(&scalar.text),
        NodeKind::Sequence(items) => Value::list(items.iter().map(value).collect()),
        NodeKind::Mapping(entries) => entries
            .iter()
            .fold(Value::of([]), |all, (key, item)| all.with(key.text().unwrap(), value(item))),
    }
}

#[test]
fn the_shipped_integration_has_no_findings_not_even_warnings() {
    shipped();
}
