//! `tenon connector`: bring in a contract, check a manifest, list the catalog.

use std::collections::BTreeMap;
use std::path::Path;

use tenon_kit::schema;
use tenon_source::Severity;
use tenon_value::Value;

use crate::arguments::{Connector, ConnectorImport, ConnectorLint};
use crate::commands::check;
use crate::exit::{Ended, Failure};
use crate::output;
use crate::project;

/// Runs the command.
///
/// # Errors
/// When a file can't be read or written, or a contract is none.
pub fn run(command: Connector) -> Ended {
    match command {
        Connector::List(list) => {
            let rows: Vec<Value> = project::connectors()?
                .values()
                .map(|connector| {
                    Value::of([
                        ("name", Value::text(connector.name())),
                        ("title", Value::text(connector.title())),
                        ("kind", Value::text(connector.kind())),
                        ("version", Value::text(connector.version())),
                        ("trust", Value::text(connector.trust())),
                    ])
                })
                .collect();
            let columns = &[
                ("connector", "name"),
                ("title", "title"),
                ("kind", "kind"),
                ("version", "version"),
                ("proven against", "trust"),
            ];
            output::rows(list.output, columns, &rows);
            Ok(0)
        }
        Connector::Import(import) => self::import(&import),
        Connector::Lint(lint) => self::lint(&lint),
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|e| Failure::usage(format!("{}: {e}", path.display())))
}

fn import(import: &ConnectorImport) -> Ended {
    let text = read(&import.contract)?;
    let notice = read(&import.notice)?;
    if notice.trim().is_empty() {
        return Err(Failure::usage("the licence notice is empty")
            .hint("give the file with the notice that must travel with the contract"));
    }
    let kind = import.contract.extension().and_then(|end| end.to_str()).unwrap_or_default();
    let made = match kind {
        "json" => schema::import_openapi(&text),
        "graphql" | "graphqls" => schema::import_sdl(&text),
        _ => {
            return Err(Failure::usage(format!("{} is no contract", import.contract.display()))
                .hint(
                    "give an OpenAPI document that ends in .json or a schema that ends in .graphql",
                ));
        }
    };
    let made =
        made.map_err(|e| Failure::findings(format!("{}: {e}", import.contract.display())))?;
    match &import.to {
        None => out!("{made}"),
        Some(to) => {
            let beside = to.with_file_name("schema.NOTICE");
            std::fs::write(to, &made)?;
            std::fs::write(&beside, format!("{}\n\n{}\n", import.origin, notice.trim_end()))?;
            eprintln!("{} and {} written", to.display(), beside.display());
        }
    }
    Ok(0)
}

fn lint(lint: &ConnectorLint) -> Ended {
    let files = match tenon_kit::catalog(&lint.connector) {
        Some(files) => files,
        None => folder(Path::new(&lint.connector))?,
    };
    let (_, found) = tenon_kit::Connector::load(&files);
    out!("{}", tenon_source::render(&found, check::format(lint.format)));
    eprintln!("{}: {}", lint.connector, tenon_source::summary(&found));
    Ok(u8::from(found.iter().any(|d| d.severity == Severity::Error)))
}

/// The texts of a connector's folder.
fn folder(path: &Path) -> Result<BTreeMap<String, String>, Failure> {
    let wrong = |e: std::io::Error| {
        Failure::usage(format!("{}: {e}", path.display()))
            .hint("name a connector's folder, or one of the catalog: tenon connector list")
    };
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(path).map_err(wrong)? {
        let entry = entry.map_err(wrong)?;
        if entry.file_type().map_err(wrong)?.is_file()
            && let Ok(text) = std::fs::read_to_string(entry.path())
        {
            files.insert(entry.file_name().to_string_lossy().into_owned(), text);
        }
    }
    Ok(files)
}
