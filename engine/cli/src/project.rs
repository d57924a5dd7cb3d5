//! Integrations: a folder on disk, or the one that is shipped inside the binary.

use std::collections::BTreeMap;
use std::path::Path;

use tenon_flow::Integration;
use tenon_source::{Diagnostic, Severity};

use crate::exit::Failure;

macro_rules! shipped {
    ($($file:literal),+ $(,)?) => {
        &[$(($file, include_str!(concat!("../../../workflows/shopify-fortnox/", $file)))),+]
    };
}

/// The shipped integration, whole.
const SHIPPED: &[(&str, &str)] = shipped!(
    "integration.yaml",
    "facts.map.yaml",
    "rest.flow.yaml",
    "customer.flow.yaml",
    "customer.map.yaml",
    "order.flow.yaml",
    "order.map.yaml",
    "invoice.flow.yaml",
    "invoice.map.yaml",
    "tables/sales_accounts.csv",
    "tables/payment_methods.csv",
    "tables/line_accounts.csv",
    "tables/currencies.csv",
    "tables/shipping_methods.csv",
    "scripts/names.rhai",
);

/// Largest document that is read, in bytes.
const MOST_BYTES: u64 = 4 * 1024 * 1024;

/// The files of an integration and the name of its folder.
pub struct Folder {
    /// As findings name it.
    pub name: String,
    /// Texts by path in the folder.
    pub files: BTreeMap<String, String>,
}

impl Folder {
    /// Reads a folder, or gives the shipped one.
    ///
    /// # Errors
    /// When the folder or a file in it can't be read.
    pub fn open(path: Option<&Path>) -> Result<Folder, Failure> {
        let Some(path) = path else {
            let files = SHIPPED.iter().map(|(p, t)| ((*p).to_owned(), (*t).to_owned())).collect();
            return Ok(Folder { name: "shopify-fortnox".to_owned(), files });
        };
        let mut files = BTreeMap::new();
        read(path, "", &mut files)?;
        if files.is_empty() {
            return Err(Failure::usage(format!("{} holds no documents", path.display())).hint(
                "name a folder with an integration.yaml, such as workflows/shopify-fortnox",
            ));
        }
        Ok(Folder { name: path.display().to_string(), files })
    }

    /// As what is deployed.
    pub fn documents(&self) -> tenon_runtime::Documents {
        tenon_runtime::Documents { folder: self.name.clone(), files: self.files.clone() }
    }

    /// An integration of the folder as the engine runs it. Places in its graphs are inside the folder: the
    /// same documents are the same graphs wherever they stand.
    ///
    /// # Errors
    /// When it names a connector that is not in the catalog.
    pub fn deployment(
        &self,
        mut integration: Integration,
        connectors: &Connectors,
    ) -> Result<tenon_runtime::Deployment, Failure> {
        let before = format!("{}/", self.name);
        for node in integration.graphs.values_mut().flat_map(|graph| &mut graph.nodes) {
            if let Some(inside) = node.place.strip_prefix(&before) {
                node.place = inside.to_owned();
            }
        }
        tenon_server::deployment(integration, connectors).map_err(Failure::findings)
    }

    /// Checks and compiles it.
    pub fn load(&self, connectors: &Connectors) -> (Option<Integration>, Vec<Diagnostic>) {
        tenon_flow::load_integration_at(&self.name, &self.files, connectors)
    }
}

/// Every document below a folder, by its path with `/` between parts.
fn read(folder: &Path, below: &str, files: &mut BTreeMap<String, String>) -> Result<(), Failure> {
    let wrong = |e: std::io::Error| Failure::usage(format!("{}: {e}", folder.display()));
    let mut entries: Vec<_> =
        std::fs::read_dir(folder).map_err(wrong)?.collect::<Result<_, _>>().map_err(wrong)?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if below.is_empty() { name.clone() } else { format!("{below}/{name}") };
        let kind = entry.file_type().map_err(wrong)?;
        if name.starts_with('.') {
            continue;
        }
        if kind.is_dir() {
            if name != "tests" {
                read(&entry.path(), &path, files)?;
            }
        } else if [".yaml", ".rhai", ".csv"].iter().any(|end| name.ends_with(end)) {
            let size = entry.metadata().map_err(wrong)?.len();
            if size > MOST_BYTES {
                return Err(Failure::findings(format!(
                    "{path} has {size} bytes, at most {MOST_BYTES}"
                )));
            }
            let bytes = std::fs::read(entry.path()).map_err(wrong)?;
            let text = String::from_utf8(bytes).map_err(|e| {
                let at = e.utf8_error().valid_up_to();
                Failure::findings(format!("{path} is not UTF-8: byte {at}"))
                    .hint("save the file as UTF-8")
            })?;
            files.insert(path, text);
        }
    }
    Ok(())
}

pub use tenon_server::Connectors;

/// Every connector of the catalog.
///
/// # Errors
/// When a built-in manifest does not load, which the gates of the catalog exclude.
pub fn connectors() -> Result<Connectors, Failure> {
    tenon_server::connectors().map_err(Failure::internal)
}

/// An integration without findings that are errors, or a failure that shows them.
///
/// # Errors
/// When the folder can't be read or has errors.
pub fn integration(path: Option<&Path>, connectors: &Connectors) -> Result<Integration, Failure> {
    checked(&Folder::open(path)?, connectors, "nothing was started")
}

/// The integration of a folder without findings that are errors, or a failure that shows them and says
/// what did not come of it.
///
/// # Errors
/// When the folder has errors.
pub fn checked(
    folder: &Folder,
    connectors: &Connectors,
    nothing: &str,
) -> Result<Integration, Failure> {
    let (integration, found) = folder.load(connectors);
    match integration {
        Some(integration) => Ok(integration),
        None => {
            let errors: Vec<Diagnostic> =
                found.into_iter().filter(|d| d.severity == Severity::Error).collect();
            eprint!("{}", tenon_source::render(&errors, human()));
            let message = format!("{} has {}", folder.name, tenon_source::summary(&errors));
            Err(Failure::findings(message)
                .hint(format!("`tenon explain CODE` says more about a code; {nothing}")))
        }
    }
}

/// Findings for people, coloured at a terminal.
pub fn human() -> tenon_source::Format {
    use std::io::IsTerminal as _;
    tenon_source::Format::Human { color: std::io::stderr().is_terminal() }
}
