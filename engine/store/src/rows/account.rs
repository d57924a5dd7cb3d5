//! What belongs to an account or to the installation.

use minicbor::{Decode, Encode};

use crate::key::Key;

/// A credential, sealed. What is inside only the runtime can tell.
#[derive(Clone, PartialEq, Default, Encode, Decode)]
pub struct SecretRow {
    /// The account.
    #[n(0)]
    pub account: String,
    /// Which credential.
    #[n(1)]
    pub name: String,
    /// The sealed bytes.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub sealed: Vec<u8>,
    /// When it was stored.
    #[n(3)]
    pub at_ms: i64,
}

impl std::fmt::Debug for SecretRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SecretRow({}, {}, {} sealed bytes)", self.account, self.name, self.sealed.len())
    }
}

impl SecretRow {
    /// Its name.
    #[must_use]
    pub fn key(&self) -> Key {
        Key::Secret { account: self.account.clone(), name: self.name.clone() }
    }
}

/// One event of an account's journal: a token refresh intended, answered, refused.
#[derive(Debug, Clone, PartialEq, Default, Encode, Decode)]
pub struct AccountEventRow {
    /// The account.
    #[n(0)]
    pub account: String,
    /// Its number, from 0.
    #[n(1)]
    pub n: u64,
    /// When.
    #[n(2)]
    pub at_ms: i64,
    /// What happened: `refresh_intended`, `refreshed`, `refused`, `authorised` …
    #[n(3)]
    pub what: String,
    /// More of it, as JSON, without credentials.
    #[n(4)]
    pub detail: String,
}

impl AccountEventRow {
    /// Its name.
    #[must_use]
    pub fn key(&self) -> Key {
        Key::AccountEvent { account: self.account.clone(), n: self.n }
    }
}

/// One line of the audit log.
#[derive(Debug, Clone, PartialEq, Default, Encode, Decode)]
pub struct AuditRow {
    /// When.
    #[n(0)]
    pub at_ms: i64,
    /// Tells lines of one millisecond apart, in order.
    #[n(1)]
    pub id: String,
    /// Who: a person, `engine`.
    #[n(2)]
    pub by: String,
    /// What: a verb or an event, past tense.
    #[n(3)]
    pub what: String,
    /// The task.
    #[n(4)]
    pub task: Option<String>,
    /// The step.
    #[n(5)]
    pub step: Option<String>,
    /// The record on the source side.
    #[n(6)]
    pub source: Option<String>,
    /// The record on the target side.
    #[n(7)]
    pub target: Option<String>,
    /// The fault's code.
    #[n(8)]
    pub code: Option<String>,
    /// The sentence.
    #[n(9)]
    pub text: String,
}

impl AuditRow {
    /// Its name.
    #[must_use]
    pub fn key(&self) -> Key {
        Key::Audit { at_ms: self.at_ms, id: self.id.clone() }
    }
}

/// A fact about the store itself or the installation.
#[derive(Debug, Clone, PartialEq, Default, Encode, Decode)]
pub struct MetaRow {
    /// Its name.
    #[n(0)]
    pub name: String,
    /// Its value.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub value: Vec<u8>,
}

impl MetaRow {
    /// Its name.
    #[must_use]
    pub fn key(&self) -> Key {
        Key::Meta { name: self.name.clone() }
    }
}
