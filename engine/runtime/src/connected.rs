//! The kit's connectors as peers.

use std::collections::BTreeMap;
use std::sync::Arc;

use tenon_kit::{
    Account, Already, Auth, Connector, Credentials, Grant, HttpRequest, Limit, Operation, Reading,
    Rejection, Request, Response, Road, Secret,
};
use tenon_machine::{Difference, System};
use tenon_value::{Class, Fault, Number, Value};

use crate::codes;
use crate::limiter::Bucket;
use crate::peer::{Address, Incoming, Peer, Proven, Rejected};
use crate::transport::Outgoing;

/// The credential that holds when the access token ends, in milliseconds since 1970.
const EXPIRES: &str = "expires_at_ms";
/// An access token is renewed so long before it ends.
const BEFORE_END_MS: i64 = 60_000;

/// A connector of the kit as the runtime uses it.
#[derive(Clone)]
pub struct Connected {
    connector: Arc<Connector>,
}

impl Connected {
    /// Of a loaded connector.
    #[must_use]
    pub fn new(connector: Arc<Connector>) -> Connected {
        Connected { connector }
    }
}

impl System for Connected {
    fn plan(&self, operation: &Operation) -> Result<Request, Fault> {
        self.connector.plan(operation)
    }

    fn road(&self, operation: &Operation) -> Road {
        self.connector.road(operation)
    }

    fn has_proof(&self, resource: &str, action: &str) -> bool {
        System::has_proof(&*self.connector, resource, action)
    }

    fn proof(&self, resource: &str, action: &str, record: &Value) -> Result<Option<bool>, Fault> {
        System::proof(&*self.connector, resource, action, record)
    }

    fn already(&self, resource: &str, action: &str) -> Already {
        System::already(&*self.connector, resource, action)
    }

    fn makes(&self, resource: &str, action: &str) -> Option<String> {
        System::makes(&*self.connector, resource, action)
    }

    fn made_by_answer(&self, resource: &str, action: &str, answer: &Value) -> Option<String> {
        System::made_by_answer(&*self.connector, resource, action, answer)
    }

    fn made_by_proof(&self, resource: &str, action: &str, record: &Value) -> Option<String> {
        System::made_by_proof(&*self.connector, resource, action, record)
    }

    fn as_if_done(&self, resource: &str, action: &str, record: Value, made: &str) -> Value {
        System::as_if_done(&*self.connector, resource, action, record, made)
    }

    fn locked(&self, resource: &str, record: &Value) -> Result<Option<String>, Fault> {
        System::locked(&*self.connector, resource, record)
    }

    fn key_field(&self, resource: &str) -> Option<String> {
        System::key_field(&*self.connector, resource)
    }

    fn key_of(&self, resource: &str, record: &Value) -> Option<String> {
        System::key_of(&*self.connector, resource, record)
    }

    fn differences(&self, resource: &str, sent: &Value, there: &Value) -> Vec<Difference> {
        System::differences(&*self.connector, resource, sent, there)
    }
}

fn outgoing(request: HttpRequest, address: &Address) -> Outgoing {
    Outgoing {
        method: request.method,
        url: request.url,
        headers: request.headers,
        body: request.body,
        private: address.private,
    }
}

fn account(address: &Address) -> Account {
    Account { base: address.base.clone(), token: address.token.clone(), own_host: address.private }
}

impl Peer for Connected {
    fn name(&self) -> &str {
        self.connector.name()
    }

    fn read(&self, operation: &Operation, response: &Response) -> Reading {
        self.connector.read(operation, response)
    }

    fn address(
        &self,
        environment: &str,
        parameters: &BTreeMap<String, String>,
    ) -> Result<Address, String> {
        let found = self.connector.account(environment, parameters)?;
        Ok(Address { base: found.base, token: found.token, private: found.own_host })
    }

    fn authenticate(
        &self,
        request: &Request,
        address: &Address,
        credentials: &Credentials,
    ) -> Result<Outgoing, Fault> {
        let sent = self.connector.authenticate(request, &account(address), credentials)?;
        Ok(outgoing(sent, address))
    }

    fn refresh(
        &self,
        address: &Address,
        credentials: &Credentials,
    ) -> Result<Option<Outgoing>, Fault> {
        if !matches!(self.connector.auth(), Auth::Oauth2(_)) {
            return Ok(None);
        }
        let request =
            self.connector.token_request(&account(address), credentials, Grant::Refresh)?;
        Ok(Some(outgoing(request, address)))
    }

    fn refreshed(
        &self,
        credentials: &Credentials,
        response: &Response,
        now_ms: i64,
    ) -> Result<Credentials, Fault> {
        if let Response::Lost { reason } = response {
            // Whether the old token still holds is seen at the next try.
            let message = format!("the answer to a token refresh was lost: {reason}");
            return Err(Fault::new(codes::TOKEN_REFRESH_LOST, Class::Transient, message).hint(
                "nothing yet: the old token is tried once more; when the connection then stands at \
                 `auth`, authorise it again with `tenon connection add NAME`",
            ));
        }
        let tokens = self.connector.read_tokens(response)?;
        let mut renewed = credentials.clone();
        renewed.renew(&tokens);
        let lives_ms = tokens.expires_in_s.saturating_mul(1_000);
        renewed.set(EXPIRES, &now_ms.saturating_add(lives_ms).to_string());
        Ok(renewed)
    }

    fn stale(&self, credentials: &Credentials, now_ms: i64) -> bool {
        if !matches!(self.connector.auth(), Auth::Oauth2(_)) {
            return false;
        }
        if credentials.get("access_token").is_none() {
            return true;
        }
        let ends = credentials
            .get(EXPIRES)
            .and_then(|ends| Number::parse(ends.reveal()).ok())
            .and_then(Number::to_i64);
        ends.is_some_and(|ends| ends.saturating_sub(BEFORE_END_MS) <= now_ms)
    }

    fn buckets(&self) -> Vec<Bucket> {
        self.connector.limits().iter().map(bucket).collect()
    }

    fn verify(&self, incoming: &Incoming, credentials: &Credentials) -> Result<Proven, Rejected> {
        let secrets: Vec<Secret> = match self.connector.webhook() {
            // While one is rotated there are two: `api_secret` and `api_secret_old`.
            Some(webhook) => credentials
                .names()
                .filter(|name| name.starts_with(&webhook.secret))
                .filter_map(|name| credentials.get(name).cloned())
                .collect(),
            None => Vec::new(),
        };
        match self.connector.webhook_verify(&incoming.headers, &incoming.body, &secrets) {
            Ok(delivery) => Ok(Proven {
                topic: delivery.topic,
                delivery_id: Some(delivery.delivery_id),
                record: delivery.record,
            }),
            Err(rejection @ (Rejection::NoSignature(_) | Rejection::BadSignature)) => {
                Err(Rejected::Proof(rejection.to_string()))
            }
            Err(rejection) => Err(Rejected::Shape(rejection.to_string())),
        }
    }

    fn checks(&self) -> Vec<Operation> {
        (0..self.connector.checks().len()).map(|number| Operation::Check { number }).collect()
    }

    fn check_shows(&self, number: usize, answer: &Value) -> Option<String> {
        let check = self.connector.checks().get(number)?;
        let shown = answer.at(&check.shows).plain()?;
        Some(format!("{}: {shown}", check.title))
    }

    fn name_field(&self, resource: &str) -> Option<String> {
        let resource = self.connector.resource(resource)?;
        let fields: Vec<&str> = resource.searchable().collect();
        let named = fields.iter().find(|field| **field == "name");
        named.or_else(|| fields.first()).map(|field| (*field).to_owned())
    }
}

/// A limit as it is kept, headroom taken off.
fn bucket(limit: &Limit) -> Bucket {
    let part = |of: u32, headroom: u32| {
        let left = 100_u32.saturating_sub(headroom);
        u32::try_from(u64::from(of) * u64::from(left) / 100).unwrap_or(of).max(1)
    };
    let count = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
    match limit {
        Limit::Sliding { requests, per_ms, headroom_percent } => {
            Bucket::Sliding { requests: count(part(*requests, *headroom_percent)), per_ms: *per_ms }
        }
        Limit::Cost { capacity, restore_per_s, headroom_percent, .. } => Bucket::Cost {
            size: part(*capacity, *headroom_percent),
            restore: part(*restore_per_s, *headroom_percent),
        },
        Limit::InFlight { requests } => Bucket::InFlight { calls: count(*requests) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fortnox() -> Connected {
        let files = tenon_kit::catalog("fortnox").unwrap();
        Connected::new(Arc::new(Connector::load(&files).0.unwrap()))
    }

    #[test]
    fn a_token_is_renewed_before_it_ends_and_keeps_what_else_is_known() {
        let peer = fortnox();
        let mut old = Credentials::default();
        for (name, value) in [("client_id", "c"), ("client_secret", "s"), ("refresh_token", "r1")] {
            old.set(name, value);
        }
        assert!(peer.stale(&old, 0), "without an access token");
        let body = r#"{"access_token": "a2", "refresh_token": "r2", "expires_in": 3600}"#;
        let response = Response::Answer { status: 200, headers: Vec::new(), body: body.to_owned() };
        let new = peer.refreshed(&old, &response, 1_000).unwrap();
        assert_eq!(new.get("refresh_token").unwrap().reveal(), "r2");
        assert_eq!(new.get("client_id").unwrap().reveal(), "c");
        assert!(!peer.stale(&new, 1_000));
        assert!(peer.stale(&new, 1_000 + 3_600_000 - 60_000));
        let lost = peer.refreshed(&old, &Response::Lost { reason: "reset".to_owned() }, 0);
        let lost = lost.err().unwrap();
        assert_eq!((lost.code.as_str(), lost.class), ("TOKEN_REFRESH_LOST", Class::Transient));
        assert!(lost.message.contains("lost: reset"), "{lost:?}");
        assert!(lost.hint.unwrap().contains("tenon connection add"));
        let refused = Response::Answer {
            status: 400,
            headers: Vec::new(),
            body: r#"{"error": "invalid_grant"}"#.to_owned(),
        };
        assert_eq!(peer.refreshed(&old, &refused, 0).err().unwrap().class, Class::Auth);
    }

    #[test]
    fn limits_keep_their_headroom() {
        let buckets = fortnox().buckets();
        assert_eq!(buckets, vec![Bucket::Sliding { requests: 20, per_ms: 5_000 }]);
    }
}
