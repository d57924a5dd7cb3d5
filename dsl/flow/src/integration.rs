//! A whole folder: read, checked and compiled in one pass.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use indexmap::IndexMap;
use tenon_graph::{Graph, Program};
use tenon_kit::Connector;
use tenon_mapper::{Env, Scripts};
use tenon_source::{Diagnostic, Document, File, Node, Severity, Span, sort};

use crate::calls;
use crate::facts::{Known, Systems, with_near};
use crate::head::{self, Head};
use crate::lanes;
use crate::mappings;
use crate::order;
use crate::schedules;
use crate::settings::{self, Setting};
use crate::shape::{self, Found};
use crate::steps::{Context, Steps};
use crate::tables::{self, Table};

/// The file that ties a folder together.
const ROOT: &str = "integration.yaml";

/// A checked and compiled integration.
#[derive(Debug, Clone)]
pub struct Integration {
    /// Its name.
    pub name: String,
    /// Its title for people.
    pub title: String,
    /// Its two connections by name.
    pub connections: IndexMap<String, Connection>,
    /// Its settings, in the order they were written.
    pub settings: IndexMap<String, Setting>,
    /// Its lookup tables.
    pub tables: BTreeMap<String, Table>,
    /// Its flows, compiled.
    pub graphs: BTreeMap<String, Graph>,
    /// Its mappings, compiled, in the mapper's text form.
    pub mappings: BTreeMap<String, Program>,
    /// Its Rhai files by name, whole.
    pub scripts: BTreeMap<String, String>,
}

/// One end of an integration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// The connector it speaks by.
    pub connector: String,
}

/// Reads, checks and compiles the files of a folder, by their paths in it. Findings come sorted by
/// place; the integration is there when none of them is an error.
#[must_use]
pub fn load_integration(
    files: &BTreeMap<String, String>,
    connectors: &BTreeMap<String, Arc<Connector>>,
) -> (Option<Integration>, Vec<Diagnostic>) {
    load_integration_at("", files, connectors)
}

/// As [`load_integration`], with the folder's own path in front of every file a finding names.
#[must_use]
pub fn load_integration_at(
    folder: &str,
    files: &BTreeMap<String, String>,
    connectors: &BTreeMap<String, Arc<Connector>>,
) -> (Option<Integration>, Vec<Diagnostic>) {
    let known = connectors.iter().map(|(name, c)| (name.clone(), Known::from(&**c))).collect();
    load_known(folder, files, &known)
}

/// As [`load_integration_at`], with what the connectors say already taken out of them.
#[must_use]
pub fn load_known(
    folder: &str,
    files: &BTreeMap<String, String>,
    connectors: &BTreeMap<String, Known>,
) -> (Option<Integration>, Vec<Diagnostic>) {
    let (made, found) = load_unjudged(folder, files, connectors);
    let broken = found.iter().any(|finding| finding.severity == Severity::Error);
    (made.filter(|_| !broken), found)
}

/// As [`load_known`], with whatever was compiled even where findings are errors.
pub(crate) fn load_unjudged(
    folder: &str,
    files: &BTreeMap<String, String>,
    connectors: &BTreeMap<String, Known>,
) -> (Option<Integration>, Vec<Diagnostic>) {
    let mut found = Vec::new();
    let folder = Folder::read(folder, files, &mut found);
    let made = folder.integration(connectors, &mut found);
    sort(&mut found);
    (made, found)
}

/// The files of a folder, YAML already read.
struct Folder {
    files: BTreeMap<String, Arc<File>>,
    documents: BTreeMap<String, Document>,
    scripts: BTreeMap<String, String>,
}

impl Folder {
    fn read(root: &str, texts: &BTreeMap<String, String>, found: &mut Found) -> Folder {
        let root = root.trim_end_matches('/');
        let mut folder =
            Folder { files: BTreeMap::new(), documents: BTreeMap::new(), scripts: BTreeMap::new() };
        for (path, text) in texts {
            let shown = if root.is_empty() { path.clone() } else { format!("{root}/{path}") };
            let file = Arc::new(File { path: shown, text: text.clone() });
            if path == ROOT || path.ends_with(".flow.yaml") || path.ends_with(".map.yaml") {
                let (document, more) = tenon_source::load(Arc::clone(&file));
                found.extend(more);
                folder.documents.insert(path.clone(), document);
            }
            if let Some(name) = path.strip_prefix("scripts/") {
                folder.scripts.insert(name.to_owned(), text.clone());
            }
            folder.files.insert(path.clone(), file);
        }
        folder
    }

    fn integration(
        &self,
        connectors: &BTreeMap<String, Known>,
        found: &mut Found,
    ) -> Option<Integration> {
        let Some(document) = self.documents.get(ROOT) else {
            let file = Arc::new(File { path: ROOT.to_owned(), text: String::new() });
            let message = "the folder has no integration.yaml";
            found.push(Diagnostic::error("F020", Span::new(&file, 0..0), message));
            return None;
        };
        let root = document.root.as_ref()?;
        let known = ["integration", "title", "connections", "settings", "tables", "schedules"];
        shape::keys(root, &known, "an integration", found);
        let name = shape::required(root, "integration", "an integration", found)
            .and_then(|node| shape::text(node, "`integration`", found))
            .unwrap_or("")
            .to_owned();
        let title = shape::required(root, "title", "an integration", found)
            .and_then(|node| shape::text(node, "`title`", found))
            .unwrap_or(&name)
            .to_owned();
        let (connections, systems) = connections(root, connectors, found);
        let settings =
            root.get("settings").map_or_else(IndexMap::new, |n| settings::read(n, found));
        let tables =
            root.get("tables").map_or_else(BTreeMap::new, |n| tables::read(n, &self.files, found));
        self.check_scripts(found);
        let env = Env {
            types: systems.types.clone(),
            settings: settings
                .iter()
                .map(|(name, setting)| (name.clone(), setting.type_in_expressions()))
                .collect(),
            tables: tables.iter().map(|(name, table)| (name.clone(), table.table_type())).collect(),
            resources: systems.resources(),
            scripts: self.scripts.clone(),
            ..Env::default()
        };
        let mappings = mappings::read(&self.documents, &env, &systems, found);
        let heads = self.heads(&systems, found);
        let unread = self.unread(&heads);
        let flows: Vec<&str> =
            heads.keys().map(String::as_str).chain(unread.iter().map(String::as_str)).collect();
        let schedules = schedules::read(root, &flows, found);
        let context = Context {
            systems: &systems,
            mappings: &mappings,
            heads: &heads,
            unread: &unread,
            schedules: &schedules,
        };
        let graphs = self.graphs(&name, &context, &env, found);
        let mappings = mappings.into_iter().map(|(name, facts)| (name, facts.program)).collect();
        let scripts = self.scripts.clone();
        Some(Integration { name, title, connections, settings, tables, graphs, mappings, scripts })
    }

    fn check_scripts(&self, found: &mut Found) {
        let (_, broken) = Scripts::compile(&self.scripts);
        for (name, line, message) in broken {
            let Some(file) = self.files.get(&format!("scripts/{name}")) else { continue };
            let before: usize =
                file.text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
            let text = file.text.get(before..).unwrap_or("").lines().next().unwrap_or("");
            let start = before + (text.len() - text.trim_start().len());
            let end = before + text.trim_end().len();
            let span = Span::new(file, start..end.max(start));
            let finding =
                Diagnostic::error("F030", span, format!("the script does not compile: {message}"));
            found.push(finding);
        }
    }

    fn heads(&self, systems: &Systems, found: &mut Found) -> BTreeMap<String, Head> {
        let mut heads: BTreeMap<String, Head> = BTreeMap::new();
        for (path, document) in &self.documents {
            if !path.ends_with(".flow.yaml") {
                continue;
            }
            let Some(head) = head::read(path, document, systems, found) else { continue };
            heads.insert(head.name.clone(), head);
        }
        heads
    }

    /// Flows whose document has no head that could be read, by their file's name.
    fn unread(&self, heads: &BTreeMap<String, Head>) -> BTreeSet<String> {
        let stems = self.documents.keys().filter_map(|path| path.strip_suffix(".flow.yaml"));
        stems
            .map(|stem| stem.rsplit('/').next().unwrap_or(stem))
            .filter(|name| !heads.contains_key(*name))
            .map(str::to_owned)
            .collect()
    }

    fn graphs(
        &self,
        integration: &str,
        context: &Context<'_>,
        env: &Env,
        found: &mut Found,
    ) -> BTreeMap<String, Graph> {
        let mut graphs = BTreeMap::new();
        let mut runs = BTreeMap::new();
        let mut takings = BTreeMap::new();
        for (name, head) in context.heads {
            let mut steps = Steps::new(context, head, head.env(env));
            let graph = self.graph(integration, &mut steps);
            found.append(&mut steps.found);
            runs.insert(name.clone(), steps.runs);
            takings.insert(name.clone(), steps.taking);
            let schedules = context.schedules.of.get(name).cloned().unwrap_or_default();
            graphs.extend(graph.map(|mut graph| {
                graph.triggers.schedules = schedules;
                (name.clone(), graph)
            }));
        }
        let mut started: BTreeMap<String, Vec<(String, Span)>> = runs.clone();
        for (first, then, span) in &context.schedules.after {
            started.entry(first.clone()).or_default().push((then.clone(), span.clone()));
        }
        calls::check(&started, found);
        order::check(&takings, found);
        lanes::check(&graphs, context.heads, found);
        // Where a document is broken nobody can tell what it runs.
        if !found.iter().any(|finding| finding.severity == Severity::Error) {
            idle(context, &runs, &graphs, found);
        }
        graphs
    }

    fn graph(&self, integration: &str, steps: &mut Steps<'_>) -> Option<Graph> {
        let head = steps.head;
        let env = steps.env.clone();
        let triggers = head.triggers(steps.context.systems, &mut steps.found);
        let lane = head.lane(&env, &mut steps.found);
        let skip = head.skip(&env, &mut steps.found);
        let retry = head.retry(&mut steps.found);
        steps.retry = retry.clone();
        let root = head.document.root.as_ref()?;
        let list = shape::required(root, "steps", "a flow", &mut steps.found)?;
        let items = shape::items(list, "`steps`", &mut steps.found);
        if items.is_empty() {
            let message = "a flow needs at least one step";
            steps.found.push(Diagnostic::error("F001", list.span.clone(), message));
        }
        steps.list(&items);
        let mappings: BTreeMap<String, Program> = steps
            .mappings
            .iter()
            .filter_map(|name| {
                let facts = steps.context.mappings.get(name)?;
                Some((name.clone(), facts.program.clone()))
            })
            .collect();
        let mut graph = Graph {
            edition: crate::EDITION,
            integration: integration.to_owned(),
            flow: head.name.clone(),
            title: head.title.clone(),
            entity: head.entity.clone(),
            from: head.from.as_ref()?.endpoint.clone(),
            to: head.to.clone()?,
            takes: head.takes.keys().cloned().collect(),
            triggers,
            lane,
            skip,
            retry,
            nodes: std::mem::take(&mut steps.nodes),
            mappings,
            scripts: BTreeMap::new(),
        };
        // Only what the flow names goes into its content address.
        let text = graph.to_json().unwrap_or_default();
        graph.scripts = self
            .scripts
            .iter()
            .filter(|(name, _)| text.contains(name.as_str()))
            .map(|(name, script)| (name.clone(), script.clone()))
            .collect();
        Some(graph)
    }
}

/// Flows that nothing starts.
fn idle(
    context: &Context<'_>,
    runs: &BTreeMap<String, Vec<(String, Span)>>,
    graphs: &BTreeMap<String, Graph>,
    found: &mut Found,
) {
    for (name, head) in context.heads {
        let Some(root) = head.document.root.as_ref() else { continue };
        let run = runs.values().flatten().any(|(child, _)| child == name);
        if root.get("triggers").is_none_or(|triggers| triggers.entries().is_empty())
            && !run
            && graphs.get(name).is_none_or(|graph| graph.triggers.schedules.is_empty())
            && let Some(node) = root.get("flow")
        {
            let message = format!("nothing starts the flow `{name}`");
            let finding = Diagnostic::warning("F035", node.span.clone(), message);
            found.push(finding.note("give it `triggers:`, or run it from another flow"));
        }
    }
}

fn connections(
    root: &Node,
    connectors: &BTreeMap<String, Known>,
    found: &mut Found,
) -> (IndexMap<String, Connection>, Systems) {
    let mut made = IndexMap::new();
    let mut systems = Systems::default();
    let Some(node) = shape::required(root, "connections", "an integration", found) else {
        return (made, systems);
    };
    for (key, value) in node.entries() {
        let Some(name) = shape::name(key, "a connection", found) else { continue };
        if !shape::keys(value, &["connector"], "a connection", found) {
            continue;
        }
        let Some(node) = shape::required(value, "connector", "a connection", found) else {
            continue;
        };
        let Some(connector) = shape::text(node, "`connector`", found) else { continue };
        made.insert(name.to_owned(), Connection { connector: connector.to_owned() });
        match connectors.get(connector) {
            Some(known) => systems.add(name, known),
            None => {
                systems.unknown.push(name.to_owned());
                let known: Vec<&str> = connectors.keys().map(String::as_str).collect();
                let message = format!("there is no connector `{connector}`");
                let finding = Diagnostic::error("F036", node.span.clone(), message);
                found.push(with_near(finding, node, 0..connector.len(), &known));
            }
        }
    }
    if made.len() != 2 {
        let span =
            root.entry("connections").map_or_else(|| node.span.clone(), |(k, _)| k.span.clone());
        let message = format!("an integration joins two connections; here are {}", made.len());
        found.push(Diagnostic::error("F037", span, message));
    }
    (made, systems)
}
