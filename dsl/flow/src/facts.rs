//! What flows must know of the two systems they join.

use std::collections::BTreeMap;
use std::sync::Arc;

use tenon_mapper::ResourceType;
use tenon_mapper::types::{Type, Types};
use tenon_source::{Diagnostic, Node, near};

use crate::shape::{self, Found};

/// The connections of an integration with what their connectors say.
#[derive(Debug, Clone, Default)]
pub struct Systems {
    /// Record types of all of them.
    pub types: Types,
    /// By the connection's name.
    pub connections: BTreeMap<String, System>,
    /// Connections whose connector is not known: nothing is said about what they name.
    pub unknown: Vec<String>,
}

/// What a connector says: what a [`System`] is made from.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Its record types, named `connector.Type`.
    pub types: Types,
    /// Its resources and topics.
    pub system: System,
}

/// A connector's resources and webhook topics.
#[derive(Debug, Clone, Default)]
pub struct System {
    /// The connector.
    pub connector: String,
    /// Its resources.
    pub resources: BTreeMap<String, ResourceFacts>,
    /// Webhook topics it knows.
    pub topics: Vec<String>,
    /// Topics of its queue or stream of events; empty where it has none.
    pub events: Vec<String>,
}

/// What a connector says of one resource.
#[derive(Debug, Clone)]
pub struct ResourceFacts {
    /// The type of a record that was read.
    pub record: Type,
    /// The type of a row of a list, often less than the record.
    pub row: Type,
    /// The type of a record that is written.
    pub write: Type,
    /// The field that names a record.
    pub key: String,
    /// What it offers, of `get`, `list`, `create`, `update` and `delete`.
    pub offers: Vec<&'static str>,
    /// What its list can be filtered by.
    pub filters: Vec<String>,
    /// Fields that can be searched.
    pub finds: Vec<String>,
    /// Of these the ones that carry our own marker: an exact hit is a record of ours.
    pub markers: Vec<String>,
    /// Actions by name.
    pub actions: BTreeMap<String, ActionFacts>,
}

/// What a connector says of one action.
#[derive(Debug, Clone)]
pub struct ActionFacts {
    /// Resource of the document it makes.
    pub gives: Option<String>,
    /// Arguments it takes.
    pub arguments: BTreeMap<String, Type>,
    /// Type of its answer.
    pub answers: Type,
}

/// A resource of a connection that a document names, as `connection.resource`.
pub(crate) struct Named<'a> {
    pub(crate) endpoint: tenon_graph::Endpoint,
    pub(crate) facts: &'a ResourceFacts,
}

impl From<&tenon_kit::Resource> for ResourceFacts {
    fn from(resource: &tenon_kit::Resource) -> ResourceFacts {
        // A field is our marker where an unanswered create is looked for by it and it carries
        // references; the record's own key is given by the system, and may be anybody's.
        let unknown = resource.create.iter().flat_map(|create| &create.unknown);
        let markers = unknown
            .filter(|field| **field != resource.key && resource.references.contains(field))
            .cloned()
            .collect();
        let action = |action: &tenon_kit::Action| ActionFacts {
            gives: action.gives.as_ref().map(|gives| gives.resource.clone()),
            arguments: action.arguments.iter().map(|(k, ty)| (k.clone(), ty.clone())).collect(),
            answers: action.answers.clone(),
        };
        // A record is deleted by the action of that name.
        let offers = [
            ("get", resource.get.is_some()),
            ("list", resource.list.is_some()),
            ("create", resource.create.is_some()),
            ("update", resource.update.is_some()),
            ("delete", resource.actions.contains_key("delete")),
        ];
        let filters = resource.list.iter().flat_map(|list| list.filters.keys().cloned());
        ResourceFacts {
            record: resource.record.clone(),
            row: resource.row.clone(),
            write: resource.write.clone(),
            key: resource.key.clone(),
            offers: offers.iter().filter(|(_, has)| *has).map(|(verb, _)| *verb).collect(),
            filters: filters.collect(),
            finds: resource.searchable().map(str::to_owned).collect(),
            markers,
            actions: resource.actions.iter().map(|(name, a)| (name.clone(), action(a))).collect(),
        }
    }
}

impl From<&tenon_kit::Connector> for Known {
    fn from(connector: &tenon_kit::Connector) -> Known {
        let topics = connector
            .webhook()
            .map_or_else(Vec::new, |webhook| webhook.topics.keys().cloned().collect());
        let resources = connector.resources().map(|r| (r.name.clone(), r.into())).collect();
        let connector_name = connector.name().to_owned();
        let system = System { connector: connector_name, resources, topics, events: Vec::new() };
        Known { types: connector.types().clone(), system }
    }
}

impl Systems {
    /// Takes in a connection and what its connector says.
    pub(crate) fn add(&mut self, name: &str, known: &Known) {
        self.types.extend(&known.types);
        self.connections.insert(name.to_owned(), known.system.clone());
    }

    /// All resources by `connection.resource`, as mappings name them.
    pub(crate) fn resources(&self) -> BTreeMap<String, ResourceType> {
        let mut resources = BTreeMap::new();
        for (connection, system) in &self.connections {
            for (name, facts) in &system.resources {
                let types =
                    ResourceType { record: facts.record.clone(), write: facts.write.clone() };
                resources.insert(format!("{connection}.{name}"), types);
            }
        }
        resources
    }

    /// The resource that a scalar names; what is unknown is a finding. `wanted` says the parts, such
    /// as `connection.resource`.
    pub(crate) fn resource(&self, node: &Node, what: &str, found: &mut Found) -> Option<Named<'_>> {
        let text = shape::text(node, what, found)?;
        let parts: Vec<&str> = text.split('.').collect();
        let [connection, resource] = parts.as_slice() else {
            let message = format!("{what} is written `connection.resource`, not `{text}`");
            found.push(Diagnostic::error("F004", node.span.clone(), message));
            return None;
        };
        self.named(node, connection, resource, found)
    }

    /// The resource that a verb is written with; what its connector does not offer is a finding.
    pub(crate) fn offered(
        &self,
        value: &Node,
        verb: &'static str,
        found: &mut Found,
    ) -> Option<Named<'_>> {
        let named = self.resource(value, &format!("`{verb}`"), found)?;
        // An upsert makes what it does not find.
        let needed = if verb == "upsert" { "create" } else { verb };
        let facts = named.facts;
        if !facts.offers.contains(&needed) {
            let text = value.text().unwrap_or("").trim();
            let message = format!("the connector offers no `{needed}` of `{text}`");
            let finding = Diagnostic::error("F040", value.span.clone(), message);
            let actions = facts.actions.keys().map(|name| format!("call: {text}.{name}"));
            let mut there: Vec<String> =
                facts.offers.iter().map(|verb| (*verb).to_owned()).collect();
            there.extend(actions);
            found.push(match there.is_empty() {
                true => finding,
                false => finding.note(format!("it offers: {}", there.join(", "))),
            });
        }
        Some(named)
    }

    /// The resource and the action that a scalar names.
    pub(crate) fn action(
        &self,
        node: &Node,
        found: &mut Found,
    ) -> Option<(Named<'_>, String, &ActionFacts)> {
        let text = shape::text(node, "`call`", found)?;
        let parts: Vec<&str> = text.split('.').collect();
        let [connection, resource, action] = parts.as_slice() else {
            let message = format!("`call` is written `connection.resource.action`, not `{text}`");
            found.push(Diagnostic::error("F004", node.span.clone(), message));
            return None;
        };
        let named = self.named(node, connection, resource, found)?;
        let Some(facts) = named.facts.actions.get(*action) else {
            let known: Vec<&str> = named.facts.actions.keys().map(String::as_str).collect();
            let at = text.len() - action.len()..text.len();
            let message = format!("`{connection}.{resource}` has no action `{action}`");
            let finding = Diagnostic::error("F009", node.span_of(at.clone()), message);
            found.push(with_near(finding, node, at, &known));
            return None;
        };
        Some((named, (*action).to_owned(), facts))
    }

    fn named(
        &self,
        node: &Node,
        connection: &str,
        resource: &str,
        found: &mut Found,
    ) -> Option<Named<'_>> {
        let Some(system) = self.connections.get(connection) else {
            if self.unknown.iter().any(|name| name == connection) {
                return None;
            }
            let known: Vec<&str> = self.connections.keys().map(String::as_str).collect();
            let message = format!("the integration has no connection `{connection}`");
            let at = 0..connection.len();
            let finding = Diagnostic::error("F007", node.span_of(at.clone()), message);
            found.push(with_near(finding, node, at, &known));
            return None;
        };
        let Some(facts) = system.resources.get(resource) else {
            let known: Vec<&str> = system.resources.keys().map(String::as_str).collect();
            let message =
                format!("the connector {} has no resource `{resource}`", system.connector);
            let at = connection.len() + 1..connection.len() + 1 + resource.len();
            let finding = Diagnostic::error("F008", node.span_of(at.clone()), message);
            found.push(with_near(finding, node, at, &known));
            return None;
        };
        let endpoint = tenon_graph::Endpoint {
            connection: connection.to_owned(),
            resource: resource.to_owned(),
        };
        Some(Named { endpoint, facts })
    }

    /// The fields of a record type; none for `dyn` and everything that is no record.
    pub(crate) fn fields(&self, ty: &Type) -> Option<Vec<String>> {
        match ty.required() {
            Type::Named(name) => {
                let fields = self.types.fields(name)?;
                Some(fields.keys().map(ToString::to_string).collect())
            }
            Type::Record(fields) => Some(fields.keys().map(ToString::to_string).collect()),
            _ => None,
        }
    }
}

/// A finding about a part of a scalar, with the near name as fix or the names there are.
pub(crate) fn with_near(
    finding: Diagnostic,
    node: &Node,
    at: std::ops::Range<usize>,
    known: &[&str],
) -> Diagnostic {
    let written = node.text().and_then(|text| text.get(at.clone())).unwrap_or("");
    match near(written, known.iter().copied()) {
        Some(near) => {
            finding.label(format!("did you mean `{near}`?")).fix(node.span_of(at), near, false)
        }
        None if known.is_empty() => finding,
        None => finding.note(format!("there are: {}", known.join(", "))),
    }
}

/// A record type, for scopes made here.
pub(crate) fn record_of<'a>(fields: impl IntoIterator<Item = (&'a str, Type)>) -> Type {
    let fields = fields
        .into_iter()
        .map(|(name, ty)| (Arc::from(name), tenon_mapper::types::Field::of(ty)))
        .collect();
    Type::Record(Arc::new(fields))
}
