//! The parts of a manifest about accounts: environments, authentication, limits, faults, webhooks.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use tenon_source::Node;
use tenon_value::Class;

use super::Reader;
use crate::auth::{Auth, Oauth2};
use crate::connector::Environment;
use crate::faults::FaultRow;
use crate::limits::Limit;
use crate::resource::Resource;
use crate::webhook::{Topic, Webhook};

pub(super) fn environments(reader: &mut Reader<'_>, root: &Node) -> IndexMap<String, Environment> {
    let mut out = IndexMap::new();
    let Some(node) = reader.need(root, "environments") else { return out };
    for (key, node) in node.entries() {
        reader.keys(node, &["base", "token"]);
        let Some(base) = reader.need_text(node, "base") else { continue };
        let token = reader.text(node, "token");
        let mut parameters = names(&base);
        for name in token.as_deref().map(names).unwrap_or_default() {
            if !parameters.contains(&name) {
                parameters.push(name);
            }
        }
        let name = key.text().unwrap_or_default().to_owned();
        out.insert(name, Environment { base, token, parameters });
    }
    out
}

/// Names in braces, but for `version`.
fn names(template: &str) -> Vec<String> {
    let parts = template.split('{').skip(1).filter_map(|part| part.split_once('}'));
    parts.map(|(name, _)| name.to_owned()).filter(|name| name != "version").collect()
}

pub(super) fn auth(reader: &mut Reader<'_>, root: &Node) -> Auth {
    let Some(node) = root.get("auth") else { return Auth::Open };
    reader.keys(node, &["header", "oauth2"]);
    if let Some(header) = node.get("header") {
        reader.keys(header, &["name", "secret"]);
        let name = reader.need_text(header, "name").unwrap_or_default();
        let secret = reader.text(header, "secret").unwrap_or_else(|| "access_token".to_owned());
        return Auth::Header { name, secret };
    }
    let Some(oauth) = node.get("oauth2") else { return Auth::Open };
    reader.keys(oauth, &["flow", "authorize", "client", "scopes", "parameters", "refresh"]);
    reader.word(oauth, "flow", &["authorization_code"]);
    reader.word(oauth, "client", &["basic"]);
    let mut parameters = BTreeMap::new();
    for (key, value) in oauth.get("parameters").map(Node::entries).unwrap_or_default() {
        if let (Some(key), Some(value)) = (key.text(), reader.scalar(value)) {
            parameters.insert(key.to_owned(), value);
        }
    }
    let (mut rotates, mut lifetime, mut keepalive) = (false, None, None);
    if let Some(refresh) = oauth.get("refresh") {
        reader.keys(refresh, &["rotates", "lifetime", "keepalive"]);
        rotates = reader.flag(refresh, "rotates");
        lifetime = reader.duration(refresh, "lifetime");
        keepalive = reader.duration(refresh, "keepalive");
    }
    const DAY_MS: i64 = 86_400_000;
    Auth::Oauth2(Oauth2 {
        authorize: reader.need_text(oauth, "authorize").unwrap_or_default(),
        scopes: reader.texts(oauth, "scopes"),
        parameters,
        rotates,
        refresh_lifetime_ms: lifetime.unwrap_or(30 * DAY_MS),
        keepalive_ms: keepalive.unwrap_or(10 * DAY_MS),
    })
}

pub(super) fn limits(reader: &mut Reader<'_>, root: &Node) -> Vec<Limit> {
    let mut out = Vec::new();
    for node in root.get("limits").map(Node::items).unwrap_or_default() {
        reader.keys(node, &["sliding", "cost", "in_flight", "headroom"]);
        let headroom_percent = reader.whole(node, "headroom").unwrap_or(0);
        if let Some(sliding) = node.get("sliding") {
            reader.keys(sliding, &["requests", "per"]);
            let (Some(_), Some(_)) =
                (reader.need(sliding, "requests"), reader.need(sliding, "per"))
            else {
                continue;
            };
            out.push(Limit::Sliding {
                requests: reader.whole(sliding, "requests").unwrap_or(1),
                per_ms: reader.duration(sliding, "per").unwrap_or(1_000),
                headroom_percent,
            });
        }
        if let Some(cost) = node.get("cost") {
            reader.keys(cost, &["capacity", "restore", "single"]);
            out.push(Limit::Cost {
                capacity: reader.whole(cost, "capacity").unwrap_or(1_000),
                restore_per_s: reader.whole(cost, "restore").unwrap_or(50),
                single: reader.whole(cost, "single").unwrap_or(1_000),
                headroom_percent,
            });
        }
        if let Some(requests) = reader.whole(node, "in_flight") {
            out.push(Limit::InFlight { requests });
        }
    }
    out
}

pub(super) fn faults(reader: &mut Reader<'_>, root: &Node) -> Vec<FaultRow> {
    let mut out = Vec::new();
    let classes: Vec<&str> = Class::ALL.iter().map(|(name, _)| *name).collect();
    for node in root.get("faults").map(Node::items).unwrap_or_default() {
        reader.keys(node, &["status", "code", "text", "class", "field", "title", "fix", "wait"]);
        if reader.need(node, "class").is_none() {
            continue;
        }
        let Some(class) = reader.word(node, "class", &classes).and_then(|c| Class::named(&c))
        else {
            continue;
        };
        let row = FaultRow {
            status: reader.whole(node, "status").and_then(|s| u16::try_from(s).ok()),
            code: reader.text(node, "code"),
            text: reader.text(node, "text"),
            class,
            field: reader.text(node, "field"),
            title: reader.text(node, "title"),
            fix: reader.text(node, "fix"),
            wait_ms: reader.duration(node, "wait"),
        };
        if row.status.is_none() && row.code.is_none() && row.text.is_none() {
            reader.error("C003", node, "a row needs `status`, `code` or `text`");
        }
        out.push(row);
    }
    out
}

pub(super) fn webhook(
    reader: &mut Reader<'_>,
    node: &Node,
    resources: &IndexMap<String, Resource>,
) -> Option<Webhook> {
    reader.keys(node, &["webhook"]);
    let node = reader.need(node, "webhook")?;
    const KEYS: [&str; 8] =
        ["signature", "secret", "topic", "delivery", "event", "triggered", "account", "topics"];
    reader.keys(node, &KEYS);
    let mut topics = IndexMap::new();
    for (key, node) in reader.need(node, "topics").map(Node::entries).unwrap_or_default() {
        reader.keys(node, &["resource", "record"]);
        let (Some(resource), Some(record)) =
            (reader.need_text(node, "resource"), reader.need_text(node, "record"))
        else {
            continue;
        };
        if !resources.contains_key(&resource) {
            reader.error("C006", node, format!("there is no resource `{resource}`"));
        }
        topics.insert(key.text().unwrap_or_default().to_owned(), Topic { resource, record });
    }
    Some(Webhook {
        signature: reader.need_text(node, "signature")?,
        secret: reader.text(node, "secret").unwrap_or_else(|| "api_secret".to_owned()),
        topic: reader.need_text(node, "topic")?,
        delivery: reader.need_text(node, "delivery")?,
        event: reader.text(node, "event"),
        triggered: reader.text(node, "triggered"),
        account: reader.text(node, "account"),
        topics,
    })
}
