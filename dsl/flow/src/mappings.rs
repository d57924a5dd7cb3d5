//! The mappings of a folder, and whether they fit where they are used.

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;
use tenon_graph::Program;
use tenon_mapper::Env;
use tenon_mapper::types::Type;
use tenon_source::{Diagnostic, Document, Node, near};

use crate::facts::Systems;
use crate::shape::{self, Found};

/// A mapping as flows see it.
#[derive(Debug, Clone)]
pub(crate) struct MappingFacts {
    /// Names it expects, with the resource or type each is declared with. Empty where the mapping
    /// did not compile; nothing is said about its uses then.
    pub(crate) from: IndexMap<String, String>,
    /// The resource it makes a record of, as `connection.resource`.
    pub(crate) to: Option<String>,
    /// Compiled.
    pub(crate) program: Program,
}

impl MappingFacts {
    fn unread() -> MappingFacts {
        MappingFacts { from: IndexMap::new(), to: None, program: crate::expression::nothing() }
    }
}

/// Compiles every mapping document. Documents without `mapping:` are shared pieces.
pub(crate) fn read(
    documents: &BTreeMap<String, Document>,
    env: &Env,
    systems: &Systems,
    found: &mut Found,
) -> BTreeMap<String, MappingFacts> {
    let mut shared = BTreeMap::new();
    let mut own = Vec::new();
    let mut mappings = BTreeMap::new();
    for (path, document) in documents {
        let Some(stem) = path.strip_suffix(".map.yaml") else { continue };
        if document.root.is_none() {
            // Not readable: it exists all the same, and nothing is said about its uses.
            let name = stem.rsplit('/').next().unwrap_or(stem);
            mappings.insert(name.to_owned(), MappingFacts::unread());
            continue;
        }
        match document.root.as_ref().and_then(|root| root.get("mapping")) {
            Some(name) => own.push((stem, name, document)),
            None => {
                shared.insert(stem.to_owned(), document.clone());
            }
        }
    }
    for (stem, name, document) in own {
        let Some(name_text) = shape::name(name, "a mapping", found) else { continue };
        check_file_name(name, name_text, stem, "map", found);
        let (compiled, more) = tenon_mapper::compile_mapping(document, env, &shared);
        // The mapper does not know that a connection's connector is missing, which was said already.
        let of_unknown = |finding: &Diagnostic| {
            let connection = finding.span.text().split('.').next().unwrap_or("");
            finding.code == "M045" && systems.unknown.iter().any(|name| name == connection)
        };
        found.extend(more.into_iter().filter(|finding| !of_unknown(finding)));
        let facts = match compiled {
            Some(mapping) => MappingFacts {
                from: mapping.from,
                to: Some(mapping.to),
                program: Program(Arc::from(mapping.program.to_text())),
            },
            None => MappingFacts::unread(),
        };
        mappings.insert(name_text.to_owned(), facts);
    }
    mappings
}

/// A document is found by its file's name, so both must agree.
pub(crate) fn check_file_name(node: &Node, name: &str, stem: &str, kind: &str, found: &mut Found) {
    let file = stem.rsplit('/').next().unwrap_or(stem);
    if name != file {
        let message = format!("`{name}` stands in a file called {file}.{kind}.yaml");
        let finding = Diagnostic::error("F029", node.span.clone(), message)
            .note("a document is found by its file's name; both must agree")
            .fix(node.span.clone(), file, false);
        found.push(finding);
    }
}

/// A use of a mapping.
pub(crate) struct Use<'a> {
    /// The scalar that names it.
    pub(crate) node: &'a Node,
    /// Names in scope, `with` included.
    pub(crate) scope: &'a IndexMap<String, Type>,
    /// The resource its record is for, where that is known.
    pub(crate) to: Option<String>,
}

/// Whether a mapping exists and fits; gives its name.
pub(crate) fn check_use(
    used: &Use<'_>,
    mappings: &BTreeMap<String, MappingFacts>,
    systems: &Systems,
    found: &mut Found,
) -> Option<String> {
    let name = shape::text(used.node, "`map`", found)?;
    let Some(mapping) = mappings.get(name) else {
        let message = format!("there is no mapping `{name}`");
        let finding = Diagnostic::error("F010", used.node.span.clone(), message)
            .note(format!("it would stand in {name}.map.yaml"));
        found.push(match near(name, mappings.keys().map(String::as_str)) {
            Some(near) => finding.label(format!("did you mean `{near}`?")).fix(
                used.node.span.clone(),
                near,
                false,
            ),
            None => finding,
        });
        return None;
    };
    let mut wrong = |message: String| {
        found.push(Diagnostic::error("F019", used.node.span.clone(), message));
    };
    if let (Some(wanted), Some(made)) = (&used.to, &mapping.to)
        && wanted != made
    {
        wrong(format!("the mapping `{name}` makes a {made}, and a {wanted} is written here"));
    }
    for (given, declared) in &mapping.from {
        match used.scope.get(given) {
            None if declared.ends_with('?') => {}
            None => wrong(format!(
                "the mapping `{name}` wants `{given}`, and nothing here is called that"
            )),
            Some(ty) if !fits(systems, declared, ty) => wrong(format!(
                "the mapping `{name}` wants a {declared} as `{given}`; here `{given}` is {ty}"
            )),
            Some(_) => {}
        }
    }
    Some(name.to_owned())
}

/// Whether a value of a type can stand for a declared resource. A record of the same connector may
/// be a smaller selection of it, so it passes.
pub(crate) fn fits(systems: &Systems, declared: &str, given: &Type) -> bool {
    let declared = declared.strip_suffix('?').unwrap_or(declared);
    let Some((connection, resource)) = declared.split_once('.') else { return true };
    let Some(system) = systems.connections.get(connection) else { return true };
    let Some(facts) = system.resources.get(resource) else { return true };
    match (facts.record.required(), given.required()) {
        (Type::Dyn, _) | (_, Type::Dyn | Type::Record(_) | Type::Map(_)) => true,
        (Type::Named(wanted), Type::Named(there)) => {
            let connector = |name: &str| name.split('.').next().unwrap_or("").to_owned();
            wanted == there || connector(wanted) == connector(there)
        }
        (wanted, there) => wanted == there,
    }
}
