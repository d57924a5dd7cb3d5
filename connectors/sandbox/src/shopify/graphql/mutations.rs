//! The mutations the shop performs. What is wrong with an input stands in `userErrors`, in a 200.

use apollo_compiler::resolvers::{FieldError, ObjectValue, ResolveInfo, ResolvedValue};
use serde_json::{Value as Json, json};

use super::node;
use super::world::World;
use crate::shopify::changes::{Change, ChangeError};
use crate::shopify::shop::Shop;
use crate::shopify::webhooks;

/// The root of a mutation.
pub struct Mutation<'s> {
    /// The shop it changes.
    pub shop: &'s Shop,
}

impl ObjectValue for Mutation<'_> {
    fn type_name(&self) -> &str {
        "Mutation"
    }

    fn resolve_field<'a>(
        &'a self,
        info: &'a ResolveInfo<'a>,
    ) -> Result<ResolvedValue<'a>, FieldError> {
        let arguments = serde_json::to_value(info.arguments()).unwrap_or(Json::Null);
        let payload = self.perform(info.field_name(), &arguments)?;
        let name = node::inner_name(info);
        Ok(ResolvedValue::object(Payload { world: self.shop.world(), json: payload, name }))
    }
}

impl Mutation<'_> {
    fn perform(&self, name: &str, arguments: &Json) -> Result<Json, FieldError> {
        let text = |path: &str| arguments.pointer(path).and_then(Json::as_str);
        match name {
            "orderUpdate" => {
                let id = text("/input/id").unwrap_or_default();
                let changes = order_changes(arguments.get("input").unwrap_or(&Json::Null));
                Ok(self.changed(id, changes, "order"))
            }
            "tagsAdd" => {
                let tags = texts(arguments.get("tags"));
                Ok(self.changed(
                    text("/id").unwrap_or_default(),
                    vec![Change::AddTags(tags)],
                    "node",
                ))
            }
            "orderCapture" => {
                let id = text("/input/id").unwrap_or_default();
                let mut payload = self.changed(id, vec![Change::Capture], "order");
                let last = self.shop.find(id).and_then(|stored| {
                    stored.graph.pointer("/transactions")?.as_array()?.last().cloned()
                });
                if let Json::Object(fields) = &mut payload {
                    fields.insert("transaction".to_owned(), last.unwrap_or(Json::Null));
                }
                Ok(payload)
            }
            "webhookSubscriptionCreate" => {
                let topic = webhooks::topic_of(text("/topic").unwrap_or_default());
                let address = text("/webhookSubscription/uri")
                    .or_else(|| text("/webhookSubscription/callbackUrl"))
                    .unwrap_or_default();
                if !(address.starts_with("http://") || address.starts_with("https://")) {
                    return Ok(json!({
                        "webhookSubscription": null,
                        "userErrors": [{
                            "field": ["webhookSubscription", "uri"],
                            "message": "Address is invalid",
                        }],
                    }));
                }
                let made = self.shop.webhooks().subscribe(&topic, address);
                Ok(json!({"webhookSubscription": made, "userErrors": []}))
            }
            "webhookSubscriptionDelete" => {
                let id = text("/id").unwrap_or_default();
                Ok(if self.shop.webhooks().unsubscribe(id) {
                    json!({"deletedWebhookSubscriptionId": id, "userErrors": []})
                } else {
                    not_there("deletedWebhookSubscriptionId", "Webhook subscription does not exist")
                })
            }
            other => {
                Err(FieldError { message: format!("the sandbox shop does not perform `{other}`") })
            }
        }
    }

    fn changed(&self, id: &str, changes: Vec<Change>, field: &str) -> Json {
        for change in changes {
            match self.shop.change(id, &change) {
                Ok(_) => {}
                Err(ChangeError::NoSuchOrder(_)) => {
                    return not_there(field, "Order does not exist");
                }
                Err(error) => return not_there(field, &error.to_string()),
            }
        }
        json!({ field: {"$ref": id}, "userErrors": [] })
    }
}

fn order_changes(input: &Json) -> Vec<Change> {
    let mut changes = Vec::new();
    if let Some(note) = input.get("note").and_then(Json::as_str) {
        changes.push(Change::Note(note.to_owned()));
    }
    if let Some(number) = input.get("poNumber").and_then(Json::as_str) {
        changes.push(Change::PoNumber(number.to_owned()));
    }
    if let Some(tags) = input.get("tags") {
        changes.push(Change::Tags(texts(Some(tags))));
    }
    changes
}

fn texts(list: Option<&Json>) -> Vec<String> {
    list.and_then(Json::as_array)
        .into_iter()
        .flatten()
        .filter_map(|item| item.as_str().map(str::to_owned))
        .collect()
}

fn not_there(field: &str, message: &str) -> Json {
    json!({ field: null, "userErrors": [{"field": ["id"], "message": message}] })
}

/// What a mutation gives back, with the shop as it is after it.
struct Payload {
    world: World,
    json: Json,
    name: String,
}

impl ObjectValue for Payload {
    fn type_name(&self) -> &str {
        &self.name
    }

    fn resolve_field<'a>(
        &'a self,
        info: &'a ResolveInfo<'a>,
    ) -> Result<ResolvedValue<'a>, FieldError> {
        node::field(&self.world, &self.json, &self.name, info)
    }
}
