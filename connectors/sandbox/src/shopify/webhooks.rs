//! Webhooks: subscriptions, signatures, deliveries that are tried again, doubled and turned round on
//! demand, and subscriptions that are removed when nobody answers.

pub mod delivery;

use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;

use super::time;
use crate::config::Limits;
use crate::{Clock, LimitsCell, SandboxConfig};

/// The topics a target is subscribed to at the start.
pub const USUAL_TOPICS: [&str; 5] =
    ["orders/create", "orders/updated", "orders/paid", "orders/fulfilled", "orders/cancelled"];
/// How often a delivery is tried.
pub const TRIES: u32 = 8;
/// How many deliveries are held back before they go out the other way round.
const HELD: usize = 4;

/// How webhooks misbehave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Manner {
    /// Every n-th delivery is sent twice; 0 for none.
    pub double_every: u32,
    /// Deliveries go out in groups, the last one first.
    pub reorder: bool,
    /// A subscription whose delivery failed every time is removed.
    pub remove: bool,
}

impl Default for Manner {
    fn default() -> Manner {
        Manner { double_every: 0, reorder: false, remove: true }
    }
}

/// What was sent and how it went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Events that somebody was subscribed to.
    pub events: u64,
    /// Deliveries begun, doubles counted.
    pub deliveries: u64,
    /// Times a delivery was sent.
    pub tries: u64,
    /// Deliveries answered with a 2xx.
    pub delivered: u64,
    /// Tries that were not answered with a 2xx in time.
    pub failed_tries: u64,
    /// Deliveries given up after the last try.
    pub given_up: u64,
    /// Deliveries sent twice on purpose.
    pub doubled: u64,
    /// Deliveries sent out of order on purpose.
    pub reordered: u64,
    /// Subscriptions removed.
    pub removed: u64,
}

/// A subscription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Subscription {
    /// Its id.
    pub id: String,
    /// The topic: `orders/create`.
    pub topic: String,
    /// Where its deliveries go.
    pub address: String,
    /// Deliveries answered since it was made.
    pub delivered: u64,
}

/// One delivery to one subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The subscription.
    pub subscription: String,
    /// Where it goes.
    pub address: String,
    /// Its headers; the same on every try.
    pub headers: Vec<(&'static str, String)>,
    /// Its body; the same on every try.
    pub body: String,
}

struct State {
    subscriptions: Vec<Subscription>,
    manner: Manner,
    held: Vec<Delivery>,
    counts: Counts,
    last: u64,
    worker: Option<mpsc::UnboundedReceiver<Delivery>>,
}

/// The webhooks of a shop.
pub struct Webhooks {
    secret: Mutex<String>,
    domain: String,
    seed: u64,
    clock: Arc<Clock>,
    limits: Arc<LimitsCell>,
    sender: mpsc::UnboundedSender<Delivery>,
    state: Mutex<State>,
}

impl Webhooks {
    /// No subscription yet.
    #[must_use]
    pub fn new(config: &SandboxConfig, clock: Arc<Clock>, limits: Arc<LimitsCell>) -> Webhooks {
        let (sender, receiver) = mpsc::unbounded_channel();
        let name = config.shops.first().map_or("sandbox-shop", String::as_str);
        Webhooks {
            secret: Mutex::new(config.webhook_secret.clone()),
            domain: format!("{}.myshopify.com", name.trim_end_matches(".myshopify.com")),
            seed: config.seed,
            clock,
            limits,
            sender,
            state: Mutex::new(State {
                subscriptions: Vec::new(),
                manner: Manner::default(),
                held: Vec::new(),
                counts: Counts::default(),
                last: 0,
                worker: Some(receiver),
            }),
        }
    }

    /// Subscribes a target to the usual topics: each goes to `{target}/{topic}`.
    pub fn subscribe_usual(&self, target: &str) {
        for topic in USUAL_TOPICS {
            self.subscribe(topic, &format!("{}/{topic}", target.trim_end_matches('/')));
        }
    }

    /// Adds a subscription, and gives it back as a node.
    pub fn subscribe(&self, topic: &str, address: &str) -> Json {
        let mut state = self.state();
        state.last = state.last.wrapping_add(1);
        let subscription = Subscription {
            id: format!("gid://shopify/WebhookSubscription/{}", 1_100_000_000 + state.last),
            topic: topic.to_owned(),
            address: address.to_owned(),
            delivered: 0,
        };
        let node = self.node(&subscription);
        state.subscriptions.push(subscription);
        node
    }

    /// Removes a subscription; `false` when there is none of that id.
    pub fn unsubscribe(&self, id: &str) -> bool {
        let mut state = self.state();
        let before = state.subscriptions.len();
        state.subscriptions.retain(|subscription| subscription.id != id);
        state.subscriptions.len() < before
    }

    /// Removes every subscription.
    pub fn unsubscribe_all(&self) {
        self.state().subscriptions.clear();
    }

    /// The subscriptions in force.
    #[must_use]
    pub fn subscriptions(&self) -> Vec<Subscription> {
        self.state().subscriptions.clone()
    }

    /// Changes how webhooks misbehave.
    pub fn behave(&self, manner: Manner) {
        self.state().manner = manner;
        if !manner.reorder {
            self.flush();
        }
    }

    /// Signs with another secret from now on.
    pub fn rotate(&self, secret: &str) {
        secret.clone_into(&mut self.secret.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// What was sent and how it went.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.state().counts
    }

    /// Subscriptions and counts in numbers.
    #[must_use]
    pub fn summary(&self) -> Json {
        let state = self.state();
        json!({
            "subscriptions": state.subscriptions.len(),
            "manner": state.manner,
            "counts": state.counts,
        })
    }

    /// Posts one event: to every subscription of one of its topics, that topic's body.
    pub fn post(self: &Arc<Self>, news: &[(&str, String)]) {
        let mut out = Vec::new();
        {
            let mut state = self.state();
            let wanted: Vec<(Subscription, &String)> = state
                .subscriptions
                .iter()
                .filter_map(|subscription| {
                    let (_, body) = news.iter().find(|(topic, _)| *topic == subscription.topic)?;
                    Some((subscription.clone(), body))
                })
                .collect();
            if wanted.is_empty() {
                return;
            }
            state.counts.events = state.counts.events.wrapping_add(1);
            state.last = state.last.wrapping_add(1);
            let event_id = self.identifier("event", state.last);
            for (subscription, body) in wanted {
                state.last = state.last.wrapping_add(1);
                let webhook_id = self.identifier("webhook", state.last);
                let delivery = self.delivery(&subscription, body, (&webhook_id, &event_id));
                self.schedule(&mut state, delivery, &mut out);
            }
        }
        self.send(out);
    }

    /// Sends what is held back for the sake of disorder.
    pub fn flush(self: &Webhooks) {
        let held = std::mem::take(&mut self.state().held);
        for delivery in held.into_iter().rev() {
            drop(self.sender.send(delivery));
        }
    }

    /// The signature of a body: base64 of HMAC-SHA256 with the secret.
    #[must_use]
    pub fn signature(&self, body: &[u8]) -> String {
        let secret = self.secret.lock().unwrap_or_else(PoisonError::into_inner);
        sign(&secret, body)
    }

    /// Subscriptions as nodes.
    #[must_use]
    pub fn nodes(&self) -> Vec<Json> {
        self.state().subscriptions.iter().map(|subscription| self.node(subscription)).collect()
    }

    fn schedule(&self, state: &mut State, delivery: Delivery, out: &mut Vec<Delivery>) {
        let counts = &mut state.counts;
        counts.deliveries = counts.deliveries.wrapping_add(1);
        let every = u64::from(state.manner.double_every);
        let doubled = every > 0 && counts.deliveries.is_multiple_of(every);
        if doubled {
            counts.doubled = counts.doubled.wrapping_add(1);
            counts.deliveries = counts.deliveries.wrapping_add(1);
        }
        for copy in std::iter::repeat_n(delivery, if doubled { 2 } else { 1 }) {
            if !state.manner.reorder {
                out.push(copy);
                continue;
            }
            state.held.push(copy);
            if state.held.len() >= HELD {
                let moved = u64::try_from(state.held.len()).unwrap_or(0);
                state.counts.reordered = state.counts.reordered.wrapping_add(moved);
                out.extend(std::mem::take(&mut state.held).into_iter().rev());
            }
        }
    }

    fn send(self: &Arc<Self>, deliveries: Vec<Delivery>) {
        for delivery in deliveries {
            // The receiver lives as long as the shop; without a runtime, deliveries wait for one.
            drop(self.sender.send(delivery));
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if let Some(receiver) = self.state().worker.take() {
            runtime.spawn(delivery::work(Arc::downgrade(self), receiver));
        }
    }

    fn delivery(
        &self,
        subscription: &Subscription,
        body: &str,
        (webhook_id, event_id): (&str, &str),
    ) -> Delivery {
        let headers = vec![
            ("content-type", "application/json".to_owned()),
            ("x-shopify-topic", subscription.topic.clone()),
            ("x-shopify-hmac-sha256", self.signature(body.as_bytes())),
            ("x-shopify-shop-domain", self.domain.clone()),
            ("x-shopify-api-version", "2026-10".to_owned()),
            ("x-shopify-webhook-id", webhook_id.to_owned()),
            ("x-shopify-event-id", event_id.to_owned()),
            ("x-shopify-triggered-at", time::precise(self.clock.now_ms())),
        ];
        Delivery {
            subscription: subscription.id.clone(),
            address: subscription.address.clone(),
            headers,
            body: body.to_owned(),
        }
    }

    /// An identifier that is the same for the same seed and number.
    fn identifier(&self, kind: &str, number: u64) -> String {
        let digest = Sha256::digest(format!("{kind}/{}/{number}", self.seed));
        let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let cut = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
        format!("{}-{}-4{}-8{}-{}", cut(0, 8), cut(8, 12), cut(13, 16), cut(17, 20), cut(20, 32))
    }

    fn node(&self, subscription: &Subscription) -> Json {
        let at = time::text(self.clock.now_ms());
        json!({
            "__typename": "WebhookSubscription",
            "id": subscription.id,
            "legacyResourceId": subscription.id.rsplit('/').next(),
            "topic": subscription.topic.replace('/', "_").to_uppercase(),
            "uri": subscription.address,
            "callbackUrl": subscription.address,
            "format": "JSON",
            "filter": null,
            "name": null,
            "includeFields": [],
            "metafieldNamespaces": [],
            "apiVersion": {"handle": "2026-10", "displayName": "2026-10", "supported": true},
            "endpoint": {
                "__typename": "WebhookHttpEndpoint", "callbackUrl": subscription.address,
            },
            "createdAt": at,
            "updatedAt": at,
        })
    }

    fn limits(&self) -> Limits {
        self.limits.now()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Base64 of HMAC-SHA256.
#[must_use]
pub fn sign(secret: &str, body: &[u8]) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return String::new();
    };
    mac.update(body);
    STANDARD.encode(mac.finalize().into_bytes())
}

/// The topic that a name of the interface's enumeration stands for: `ORDERS_CREATE` is
/// `orders/create`.
#[must_use]
pub fn topic_of(name: &str) -> String {
    const KNOWN: [&str; 10] = [
        "orders/create",
        "orders/updated",
        "orders/paid",
        "orders/fulfilled",
        "orders/cancelled",
        "orders/edited",
        "refunds/create",
        "order_transactions/create",
        "customers/create",
        "app/uninstalled",
    ];
    let wanted = name.to_lowercase();
    if let Some(known) = KNOWN.iter().find(|topic| topic.replace('/', "_") == wanted) {
        return (*known).to_owned();
    }
    match wanted.rsplit_once('_') {
        Some((resource, event)) => format!("{resource}/{event}"),
        None => wanted,
    }
}
