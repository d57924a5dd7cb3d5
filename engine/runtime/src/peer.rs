//! A connected system as the runtime sees it: what the machine knows of it, and how to reach it.
//!
//! The kit's connectors are such peers; tests and the benchmark write their own.

use std::collections::BTreeMap;

use tenon_kit::{Credentials, Operation, Reading, Request, Response};
use tenon_machine::System;
use tenon_value::{Fault, Value};

use crate::codes;
use crate::limiter::Bucket;
use crate::transport::Outgoing;

/// Where an account lives.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Address {
    /// Base address of its requests.
    pub base: String,
    /// Address of its token endpoint, where there is one.
    pub token: Option<String>,
    /// It may lie in a private network: its host was given on purpose.
    pub private: bool,
}

/// A webhook whose proof of origin held.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proven {
    /// The topic, as the sender names it; empty where it does not.
    pub topic: String,
    /// The sender's own id of this delivery; a second one with it is a duplicate.
    pub delivery_id: Option<String>,
    /// The record it speaks of, as reads name it.
    pub record: String,
}

/// A webhook that is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejected {
    /// Its proof of origin does not hold.
    Proof(String),
    /// Its content cannot be used: no JSON, no record in it.
    Shape(String),
}

impl Rejected {
    /// The code of its page.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Rejected::Proof(_) => codes::WEBHOOK_PROOF,
            Rejected::Shape(_) => codes::WEBHOOK_SHAPE,
        }
    }

    /// Why.
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            Rejected::Proof(reason) | Rejected::Shape(reason) => reason,
        }
    }
}

/// A received webhook, as it came.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Incoming {
    /// The connection it came in at.
    pub connection: String,
    /// The topic in its address.
    pub topic: String,
    /// Headers; names in lower case.
    pub headers: Vec<(String, String)>,
    /// The raw bytes.
    pub body: Vec<u8>,
}

/// A connected system, without any state of an account.
pub trait Peer: System {
    /// The connector's name.
    fn name(&self) -> &str;
    /// What a response to an operation means.
    fn read(&self, operation: &Operation, response: &Response) -> Reading;
    /// Where an account lives, by an environment's name and the parameters it asks for (such as the
    /// shop's name).
    ///
    /// # Errors
    /// What is not known: an environment, or a parameter that is not given.
    fn address(
        &self,
        environment: &str,
        parameters: &BTreeMap<String, String>,
    ) -> Result<Address, String>;
    /// Adds address and credentials to a request.
    ///
    /// # Errors
    /// A fault of class `auth` when a credential is missing.
    fn authenticate(
        &self,
        request: &Request,
        address: &Address,
        credentials: &Credentials,
    ) -> Result<Outgoing, Fault>;
    /// The request that renews the access token; none where the system has no such thing.
    ///
    /// # Errors
    /// A fault of class `auth` when a credential is missing.
    fn refresh(
        &self,
        _address: &Address,
        _credentials: &Credentials,
    ) -> Result<Option<Outgoing>, Fault> {
        Ok(None)
    }
    /// The credentials after a refresh was answered.
    ///
    /// # Errors
    /// A fault: of class `auth` when the refresh was refused, `transient` when it was not answered.
    fn refreshed(
        &self,
        credentials: &Credentials,
        _response: &Response,
        _now_ms: i64,
    ) -> Result<Credentials, Fault> {
        Ok(credentials.clone())
    }
    /// Whether the access token must be renewed before it is used.
    fn stale(&self, _credentials: &Credentials, _now_ms: i64) -> bool {
        false
    }
    /// Limits of one account.
    fn buckets(&self) -> Vec<Bucket>;
    /// Checks a webhook's origin and finds its record.
    ///
    /// # Errors
    /// Why it is refused.
    fn verify(&self, incoming: &Incoming, credentials: &Credentials) -> Result<Proven, Rejected>;
    /// Operations that show whether the connection works.
    fn checks(&self) -> Vec<Operation>;
    /// What a check's answer says to a person.
    fn check_shows(&self, _number: usize, _answer: &Value) -> Option<String> {
        None
    }
    /// The field a record is searched by when a person gives its name.
    fn name_field(&self, _resource: &str) -> Option<String> {
        None
    }
}
