//! The head of a flow: names, ends, triggers, lane, reasons to skip, retries.

use indexmap::IndexMap;
use tenon_graph::{Endpoint, Poll, Retry, Skip, Triggers};
use tenon_mapper::Env;
use tenon_mapper::types::Type;
use tenon_source::{Diagnostic, Document, Node};

use crate::expression;
use crate::facts::{Systems, record_of, with_near};
use crate::mappings::check_file_name;
use crate::not_yet;
use crate::policy;
use crate::shape::{self, Found};

/// Keys a flow may have.
pub(crate) const KEYS: &[&str] = &[
    "flow", "title", "from", "to", "entity", "triggers", "takes", "lane", "skip", "retry", "steps",
];

/// What other flows, and its own steps, must know of a flow.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) from: Option<Source>,
    /// The name its record would have where `from` was not understood.
    pub(crate) record: Option<String>,
    pub(crate) to: Option<Endpoint>,
    pub(crate) entity: String,
    pub(crate) takes: IndexMap<String, Type>,
    pub(crate) document: Document,
}

/// The resource whose record starts a task.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) endpoint: Endpoint,
    pub(crate) record: Type,
    pub(crate) key: String,
}

/// Reads names, ends and `takes` of a flow document.
pub(crate) fn read(
    path: &str,
    document: &Document,
    systems: &Systems,
    found: &mut Found,
) -> Option<Head> {
    let root = document.root.as_ref()?;
    if !shape::keys(root, KEYS, "a flow", found) {
        return None;
    }
    let node = shape::required(root, "flow", "a flow", found)?;
    let name = shape::name(node, "a flow", found)?.to_owned();
    check_file_name(node, &name, path.strip_suffix(".flow.yaml").unwrap_or(path), "flow", found);
    let title = shape::required(root, "title", "a flow", found)
        .and_then(|node| shape::text(node, "`title`", found))
        .unwrap_or(&name)
        .to_owned();
    let from = shape::required(root, "from", "a flow", found)
        .and_then(|node| systems.resource(node, "`from`", found))
        .map(|named| Source {
            endpoint: named.endpoint,
            record: named.facts.record.clone(),
            key: named.facts.key.clone(),
        });
    let to = shape::required(root, "to", "a flow", found)
        .and_then(|node| systems.resource(node, "`to`", found))
        .map(|named| named.endpoint);
    let record = root
        .get("from")
        .and_then(Node::text)
        .map(|text| text.rsplit('.').next().unwrap_or(text).trim().to_owned());
    let entity = match root.get("entity") {
        Some(node) => shape::name(node, "an entity", found).map(str::to_owned),
        None => from.as_ref().map(|source| source.endpoint.resource.clone()),
    };
    let takes = takes(root.get("takes"), systems, found);
    Some(Head {
        entity: entity.unwrap_or_else(|| name.clone()),
        name,
        title,
        from,
        record,
        to,
        takes,
        document: document.clone(),
    })
}

/// `takes:` as names, or as names with the resource each is a record of.
fn takes(node: Option<&Node>, systems: &Systems, found: &mut Found) -> IndexMap<String, Type> {
    let mut takes = IndexMap::new();
    let Some(node) = node else { return takes };
    for (key, value) in node.entries() {
        let Some(name) = shape::name(key, "a name", found) else { continue };
        let ty = systems
            .resource(value, "the type of a value taken", found)
            .map_or(Type::Dyn, |named| named.facts.record.clone());
        takes.insert(name.to_owned(), ty);
    }
    if node.entries().is_empty() {
        for item in shape::items(node, "`takes`", found) {
            if let Some(name) = shape::name(item, "a name", found) {
                takes.insert(name.to_owned(), Type::Dyn);
            }
        }
    }
    takes
}

impl Head {
    /// The names every step of the flow sees, with their types.
    pub(crate) fn env(&self, base: &Env) -> Env {
        let mut env = base.clone();
        // A flow says nothing of money: it names the amount it means.
        env.money.pick = tenon_mapper::Pick::Open;
        if let Some(source) = &self.from {
            env.scope.insert(source.endpoint.resource.clone(), source.record.clone());
        } else if let Some(record) = &self.record {
            env.scope.insert(record.clone(), Type::Dyn);
        }
        for (name, ty) in &self.takes {
            env.scope.insert(name.clone(), ty.clone());
        }
        env.scope.insert("task".to_owned(), record_of([("started_at", Type::DateTime)]));
        env
    }

    fn root(&self) -> Option<&Node> {
        self.document.root.as_ref()
    }

    /// `triggers:`.
    pub(crate) fn triggers(&self, systems: &Systems, found: &mut Found) -> Triggers {
        let mut triggers = Triggers::default();
        let Some(node) = self.root().and_then(|root| root.get("triggers")) else { return triggers };
        if !shape::keys(node, &["webhook", "poll", "manual", "events"], "`triggers`", found) {
            return triggers;
        }
        let topics = self
            .from
            .as_ref()
            .and_then(|source| systems.connections.get(&source.endpoint.connection))
            .map_or(&[][..], |system| &system.topics[..]);
        if let Some(list) = node.get("webhook") {
            for item in shape::items(list, "`webhook`", found) {
                let Some(topic) = shape::text(item, "a topic", found) else { continue };
                if self.from.is_some() && !topics.iter().any(|known| known == topic) {
                    let message = format!("the connector knows no webhook topic `{topic}`");
                    let known: Vec<&str> = topics.iter().map(String::as_str).collect();
                    let finding = Diagnostic::error("F031", item.span.clone(), message);
                    found.push(with_near(finding, item, 0..topic.len(), &known));
                }
                triggers.webhook.push(topic.to_owned());
            }
        }
        if let Some((key, list)) = node.entry("events") {
            self.events(key, list, systems, found);
        }
        triggers.poll = node.get("poll").and_then(|node| self.poll(node, systems, found));
        if let Some(list) = node.get("manual") {
            for item in shape::items(list, "`manual`", found) {
                let words = ["id", "name", "date_range"];
                triggers.manual.extend(
                    shape::word(item, &words, "a manual trigger", found).map(str::to_owned),
                );
            }
        }
        triggers
    }

    /// `events:`, topics of a queue or stream of the source.
    fn events(&self, key: &Node, list: &Node, systems: &Systems, found: &mut Found) {
        let Some(source) = &self.from else { return };
        let Some(system) = systems.connections.get(&source.endpoint.connection) else { return };
        if system.events.is_empty() {
            let message = format!("the connector {} has no queue or stream", system.connector);
            found.push(
                Diagnostic::error("F046", key.span.clone(), message)
                    .note("a flow is told by `webhook:`, and looks by itself with `poll:`"),
            );
            return;
        }
        let known: Vec<&str> = system.events.iter().map(String::as_str).collect();
        let before = found.len();
        for item in shape::items(list, "`events`", found) {
            let Some(topic) = shape::text(item, "a topic", found) else { continue };
            if !known.contains(&topic) {
                let message = format!("the connector's queue has no topic `{topic}`");
                let finding = Diagnostic::error("F046", item.span.clone(), message);
                found.push(with_near(finding, item, 0..topic.len(), &known));
            }
        }
        if found.len() == before {
            not_yet::refuse(not_yet::TRIGGERS, "events", &key.span, found);
        }
    }

    fn poll(&self, node: &Node, systems: &Systems, found: &mut Found) -> Option<Poll> {
        if !shape::keys(node, &["since", "overlap", "every"], "`poll`", found) {
            return None;
        }
        let mut time = |key: &str, default: i64| {
            node.get(key)
                .and_then(|node| shape::duration(node, &format!("`{key}`"), found))
                .unwrap_or(default)
        };
        let (overlap_ms, every_ms) = (time("overlap", 120_000), time("every", 60_000));
        if every_ms < 1_000
            && let Some(node) = node.get("every")
        {
            let message = "`every` is at least one second";
            found.push(Diagnostic::error("F027", node.span.clone(), message));
        }
        let field = shape::required(node, "since", "`poll`", found)?;
        let since = shape::text(field, "`since`", found)?;
        if let Some(source) = &self.from
            && let Some(fields) = systems.fields(&source.record)
            && !fields.iter().any(|name| name == since)
        {
            let message = format!("{} has no field `{since}`", source.record);
            let known: Vec<&str> = fields.iter().map(String::as_str).collect();
            let finding = Diagnostic::error("F032", field.span.clone(), message);
            found.push(with_near(finding, field, 0..since.len(), &known));
        }
        Some(Poll { since: since.to_owned(), overlap_ms, every_ms })
    }

    /// `lane:`, which sees only what every trigger carries.
    pub(crate) fn lane(&self, env: &Env, found: &mut Found) -> Option<tenon_graph::Program> {
        let node = self.root().and_then(|root| root.get("lane"))?;
        let source = self.from.as_ref()?;
        let mut narrow = env.clone();
        narrow.scope.clear();
        let record = record_of([(source.key.as_str(), Type::Text)]);
        narrow.scope.insert(source.endpoint.resource.clone(), record);
        narrow.tables.clear();
        narrow.settings.clear();
        let mut own = Vec::new();
        let lane = expression::key(node, &narrow, "a lane", &mut own);
        if own.is_empty() {
            return Some(lane);
        }
        let mut wide = Vec::new();
        expression::key(node, env, "a lane", &mut wide);
        if wide.is_empty() {
            let known = format!("{}.{}", source.endpoint.resource, source.key);
            found.push(
                Diagnostic::error(
                    "F018",
                    node.span.clone(),
                    "a lane uses more than triggers carry",
                )
                .note(format!(
                    "the lane is known before the record is read; only `{known}` stands in it"
                )),
            );
        } else {
            found.extend(wide);
        }
        None
    }

    /// `skip:`.
    pub(crate) fn skip(&self, env: &Env, found: &mut Found) -> Vec<Skip> {
        let mut skips = Vec::new();
        let Some(list) = self.root().and_then(|root| root.get("skip")) else { return skips };
        for item in shape::items(list, "`skip`", found) {
            if !shape::keys(item, &["if", "because"], "a reason to skip", found) {
                continue;
            }
            let when = shape::required(item, "if", "a reason to skip", found);
            let because = shape::required(item, "because", "a reason to skip", found);
            if let (Some(when), Some(because)) = (when, because) {
                skips.push(Skip {
                    when: expression::reason(when, env, found),
                    because: expression::prose(because, env, found),
                });
            }
        }
        skips
    }

    /// `retry:`.
    pub(crate) fn retry(&self, found: &mut Found) -> Retry {
        let base = Retry::default();
        match self.root().and_then(|root| root.get("retry")) {
            Some(node) => policy::retry(node, &base, found),
            None => base,
        }
    }
}
