//! A loaded connector and what can be asked of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;
use tenon_mapper::types::Types;
use tenon_source::Diagnostic;
use tenon_value::{Fault, Value};

use crate::auth::Auth;
use crate::faults::{FaultRow, codes};
use crate::limits::Limit;
use crate::operation::{Already, Operation, Road};
use crate::resource::{Action, Call, Resource};
use crate::schema::{OpenApi, Sdl};
use crate::webhook::Webhook;

/// How to talk to one system, loaded from its folder.
#[derive(Debug, Clone)]
pub struct Connector {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) kind: String,
    pub(crate) trust: String,
    pub(crate) version: String,
    pub(crate) versions: Vec<String>,
    pub(crate) environments: IndexMap<String, Environment>,
    pub(crate) auth: Auth,
    pub(crate) limits: Vec<Limit>,
    pub(crate) faults: Vec<FaultRow>,
    pub(crate) error: ErrorPlace,
    pub(crate) checks: Vec<Check>,
    pub(crate) resources: IndexMap<String, Resource>,
    pub(crate) webhook: Option<Webhook>,
    pub(crate) types: Types,
    pub(crate) settle_ms: i64,
    pub(crate) default_wait_ms: i64,
    pub(crate) endpoint: Option<String>,
    pub(crate) api: Arc<Schemas>,
    pub(crate) files: Arc<BTreeMap<String, String>>,
}

/// The published schemas of a connector.
#[derive(Debug, Default)]
pub(crate) struct Schemas {
    pub(crate) open_api: Option<OpenApi>,
    pub(crate) sdl: Option<Sdl>,
    /// Put before a path to find it in the OpenAPI document.
    pub(crate) prefix: String,
}

/// Addresses of one environment, with `{names}` of account parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// Base address of requests, without a `/` at its end.
    pub base: String,
    /// Address of the token endpoint, where there is one.
    pub token: Option<String>,
    /// Names in braces that an account must give, such as `shop`.
    pub parameters: Vec<String>,
}

/// Where the peer's own code and words stand in a refusal: dotted paths, tried in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ErrorPlace {
    pub(crate) codes: Vec<String>,
    pub(crate) messages: Vec<String>,
}

/// Something read to see whether a connection works.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// What it is for, for people.
    pub title: String,
    /// How it is asked.
    pub call: Call,
    /// Dotted path in the answer of what to show.
    pub shows: String,
    /// Dotted path in the answer of the account's own id.
    pub account: Option<String>,
}

impl Connector {
    /// Loads a connector from the files of its folder, by path in the folder. Every finding comes
    /// back; there is a connector only when none is an error. The version is the newest declared.
    #[must_use]
    pub fn load(files: &BTreeMap<String, String>) -> (Option<Connector>, Vec<Diagnostic>) {
        crate::manifest::load(files, None)
    }

    /// The same connector speaking another of its versions; none where the manifest does not declare it.
    #[must_use]
    pub fn at_version(&self, version: &str) -> Option<Connector> {
        if !self.versions.iter().any(|v| v == version) {
            return None;
        }
        crate::manifest::load(&self.files, Some(version)).0
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its name for people.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// `shop`, `erp`, `payment`, `carrier` or `data`.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// What it was made from: `vendor`, `published`, `recorded` or `facts`.
    #[must_use]
    pub fn trust(&self) -> &str {
        &self.trust
    }

    /// The version it speaks.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// All versions it can speak, oldest first.
    #[must_use]
    pub fn versions(&self) -> &[String] {
        &self.versions
    }

    /// Its environments by name.
    #[must_use]
    pub fn environments(&self) -> &IndexMap<String, Environment> {
        &self.environments
    }

    /// Record types, named `connector.Type`.
    #[must_use]
    pub fn types(&self) -> &Types {
        &self.types
    }

    /// The resource of that name.
    #[must_use]
    pub fn resource(&self, name: &str) -> Option<&Resource> {
        self.resources.get(name)
    }

    /// All resources in the manifest's order.
    pub fn resources(&self) -> impl Iterator<Item = &Resource> {
        self.resources.values()
    }

    /// How a connection proves who it is.
    #[must_use]
    pub fn auth(&self) -> &Auth {
        &self.auth
    }

    /// What the peer allows per account.
    #[must_use]
    pub fn limits(&self) -> &[Limit] {
        &self.limits
    }

    /// What is read to see whether a connection works; [`Operation::Check`] names one by its place.
    #[must_use]
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }

    /// How its webhooks are proven and read, where it sends any.
    #[must_use]
    pub fn webhook(&self) -> Option<&Webhook> {
        self.webhook.as_ref()
    }

    /// The OpenAPI document it stands on, where there is one.
    #[must_use]
    pub fn open_api(&self) -> Option<&OpenApi> {
        self.api.open_api.as_ref()
    }

    /// The SDL of its version, where it speaks GraphQL.
    #[must_use]
    pub fn sdl(&self) -> Option<&Sdl> {
        self.api.sdl.as_ref()
    }

    /// A file of its folder.
    #[must_use]
    pub fn file(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// How the outcome of a write without an answer can be found out. Reads give [`Road::Repeat`].
    #[must_use]
    pub fn road(&self, operation: &Operation) -> Road {
        match operation {
            Operation::Create { resource, record } => self.create_road(resource, record),
            Operation::Action { resource, action, .. } => match self.action(resource, action) {
                Some(action) if !action.proof.is_empty() => {
                    Road::Proof { settle_ms: self.settle_ms }
                }
                Some(action) if !action.once => Road::Repeat,
                _ => Road::Person,
            },
            _ => Road::Repeat,
        }
    }

    fn create_road(&self, resource: &str, record: &Value) -> Road {
        let Some(resource) = self.resource(resource) else { return Road::Person };
        let fields = resource.create.iter().flat_map(|create| &create.unknown);
        fields
            .filter(|field| !record.at(field).is_blank())
            .find_map(|field| resource.find(field))
            .map_or(Road::Person, |find| Road::Find {
                field: find.by.clone(),
                settle_ms: self.settle_ms.max(find.lag_ms),
            })
    }

    /// An action of a resource.
    #[must_use]
    pub fn action(&self, resource: &str, action: &str) -> Option<&Action> {
        self.resource(resource)?.actions.get(action)
    }

    /// Whether an action was done, as the record shows it.
    ///
    /// # Errors
    /// A defect where there is no such action, or it has no proof.
    pub fn proof(&self, resource: &str, action: &str, record: &Value) -> Result<bool, Fault> {
        match self.action(resource, action) {
            Some(action) if !action.proof.is_empty() => {
                Ok(action.proof.iter().all(|condition| condition.holds(record)))
            }
            _ => Err(codes::no_operation(&self.name, resource, &format!("proof of {action}"))),
        }
    }

    /// What *it is already so* means for an action; a conflict where there is no such action.
    #[must_use]
    pub fn already(&self, resource: &str, action: &str) -> Already {
        self.action(resource, action).map_or(Already::Conflict, |action| action.already)
    }

    /// Why a record may not be written any more: the name of the field that says so.
    ///
    /// # Errors
    /// A defect where there is no such resource.
    pub fn locked(&self, resource: &str, record: &Value) -> Result<Option<String>, Fault> {
        let Some(found) = self.resource(resource) else {
            return Err(codes::no_operation(&self.name, resource, "locked"));
        };
        Ok(found.locked.iter().find(|c| c.holds(record)).map(|c| c.field.clone()))
    }

    /// The key of a record or a row, as text.
    #[must_use]
    pub fn key_of(&self, resource: &str, record: &Value) -> Option<String> {
        let key = record.at(&self.resource(resource)?.key);
        key.plain().filter(|key| !key.trim().is_empty())
    }

    /// Resource and key of the record an action made, from the record that was acted on, read again.
    #[must_use]
    pub fn proven(&self, resource: &str, action: &str, record: &Value) -> Option<(String, String)> {
        let gives = self.action(resource, action)?.gives.as_ref()?;
        let key = record.at(&gives.proof).plain().filter(|key| !matches!(key.trim(), "" | "0"))?;
        Some((gives.resource.clone(), key))
    }

    /// Resource and key of the record an action made, from the action's own answer.
    #[must_use]
    pub fn answered(
        &self,
        resource: &str,
        action: &str,
        answer: &Value,
    ) -> Option<(String, String)> {
        let gives = self.action(resource, action)?.gives.as_ref()?;
        let key = answer.at(&gives.answer).plain()?;
        Some((gives.resource.clone(), key))
    }
}
