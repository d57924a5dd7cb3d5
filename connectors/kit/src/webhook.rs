//! Webhooks: proof of origin, and what a delivery is about.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use indexmap::IndexMap;
use sha2::Sha256;
use subtle::ConstantTimeEq;
use tenon_value::{Value, json};

use crate::auth::Secret;
use crate::connector::Connector;

/// How a system's webhooks are proven and read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// The header with base64 of the HMAC-SHA256 over the raw body.
    pub signature: String,
    /// The credential it is made with.
    pub secret: String,
    /// The header that names the topic.
    pub topic: String,
    /// The header that is the same on every try of one delivery.
    pub delivery: String,
    /// The header shared by all deliveries of one event.
    pub event: Option<String>,
    /// The header with the instant the event happened.
    pub triggered: Option<String>,
    /// The header that names the account.
    pub account: Option<String>,
    /// Topics by name.
    pub topics: IndexMap<String, Topic>,
}

/// What a topic is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    /// The resource its record is of.
    pub resource: String,
    /// The record's key: a text with `{paths}` into the body.
    pub record: String,
}

/// A delivery whose origin was proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its topic.
    pub topic: String,
    /// The resource of its record.
    pub resource: String,
    /// The record's key.
    pub record: String,
    /// The same on every try of this delivery: the duplicate key.
    pub delivery_id: String,
    /// Shared by all deliveries of one event.
    pub event_id: Option<String>,
    /// The instant the event happened, as sent.
    pub triggered_at: Option<String>,
    /// The account as sent, such as the shop's domain.
    pub account: Option<String>,
}

/// Why a delivery is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The connector sends no webhooks.
    #[error("the connector has no webhooks")]
    NoWebhooks,
    /// There is no signature.
    #[error("the header {0} is missing")]
    NoSignature(String),
    /// The signature fits none of the secrets.
    #[error("the signature fits none of the connection's secrets")]
    BadSignature,
    /// A header that must be there is not.
    #[error("the header {0} is missing")]
    NoHeader(String),
    /// The manifest does not know the topic.
    #[error("the topic {0} is not one the connector knows")]
    UnknownTopic(String),
    /// The body is not JSON.
    #[error("the body is not JSON: {0}")]
    Malformed(String),
    /// The body does not name its record.
    #[error("the body does not say which record it is about: {0} is missing")]
    NoRecord(String),
}

impl Rejection {
    /// Stable name of the kind, for records and counts.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Rejection::NoWebhooks => "no_webhooks",
            Rejection::NoSignature(_) => "no_signature",
            Rejection::BadSignature => "bad_signature",
            Rejection::NoHeader(_) => "no_header",
            Rejection::UnknownTopic(_) => "unknown_topic",
            Rejection::Malformed(_) => "malformed",
            Rejection::NoRecord(_) => "no_record",
        }
    }

    /// The HTTP status it is answered with.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Rejection::NoSignature(_) | Rejection::BadSignature => 401,
            Rejection::NoWebhooks | Rejection::UnknownTopic(_) => 404,
            _ => 400,
        }
    }
}

impl Connector {
    /// Proves a delivery and says what it is about. Several secrets may hold while one is rotated.
    ///
    /// # Errors
    /// [`Rejection`]; the signature is looked at first, so nothing unproven is parsed.
    pub fn webhook_verify(
        &self,
        headers: &[(String, String)],
        body: &[u8],
        secrets: &[Secret],
    ) -> Result<Delivery, Rejection> {
        let webhook = self.webhook.as_ref().ok_or(Rejection::NoWebhooks)?;
        let header = |name: &str| {
            let found = headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.trim().to_owned()).filter(|value| !value.is_empty())
        };
        let need = |name: &str| header(name).ok_or_else(|| Rejection::NoHeader(name.to_owned()));
        let signature = header(&webhook.signature)
            .ok_or_else(|| Rejection::NoSignature(webhook.signature.clone()))?;
        if !proven(&signature, body, secrets) {
            return Err(Rejection::BadSignature);
        }
        let name = need(&webhook.topic)?;
        let delivery_id = need(&webhook.delivery)?;
        let topic =
            webhook.topics.get(&name).ok_or_else(|| Rejection::UnknownTopic(name.clone()))?;
        let payload = json::read_bytes(body).map_err(|e| Rejection::Malformed(e.to_string()))?;
        Ok(Delivery {
            resource: topic.resource.clone(),
            record: fill(&topic.record, &payload).map_err(Rejection::NoRecord)?,
            topic: name,
            delivery_id,
            event_id: webhook.event.as_deref().and_then(header),
            triggered_at: webhook.triggered.as_deref().and_then(header),
            account: webhook.account.as_deref().and_then(header),
        })
    }

    /// Topics by name.
    pub fn topics(&self) -> impl Iterator<Item = (&str, &Topic)> {
        self.webhook
            .iter()
            .flat_map(|w| w.topics.iter().map(|(name, topic)| (name.as_str(), topic)))
    }
}

/// Compares with every secret, each in constant time.
fn proven(signature: &str, body: &[u8], secrets: &[Secret]) -> bool {
    let Ok(given) = STANDARD.decode(signature) else { return false };
    let mut good = subtle::Choice::from(0);
    for secret in secrets {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.reveal().as_bytes()) else {
            continue;
        };
        mac.update(body);
        good |= mac.finalize().into_bytes().ct_eq(given.as_slice());
    }
    good.into()
}

/// Fills `{paths}` of a template with plain values; the path that has none otherwise.
fn fill(template: &str, payload: &Value) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (path, tail) = after.split_once('}').unwrap_or((after, ""));
        let value = payload.at(path).plain().filter(|value| !value.trim().is_empty());
        out.push_str(before);
        out.push_str(&value.ok_or_else(|| path.to_owned())?);
        rest = tail;
    }
    out.push_str(rest);
    Ok(out)
}
