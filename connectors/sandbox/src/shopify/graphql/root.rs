//! The entry points of queries.

use apollo_compiler::resolvers::{FieldError, ObjectValue, ResolveInfo, ResolvedValue};
use apollo_compiler::response::JsonMap;
use serde_json::Value as Json;

use super::node::{Node, inner_name};
use super::page::{Asked, Page, Place};
use super::search::Search;
use super::world::World;
use crate::shopify::order::Order;
use crate::shopify::shop::Stored;

/// The root of a query.
pub struct Query<'w> {
    /// What it sees.
    pub world: &'w World,
}

impl ObjectValue for Query<'_> {
    fn type_name(&self) -> &str {
        "QueryRoot"
    }

    fn resolve_field<'a>(
        &'a self,
        info: &'a ResolveInfo<'a>,
    ) -> Result<ResolvedValue<'a>, FieldError> {
        let world = self.world;
        let arguments = info.arguments();
        match info.field_name() {
            "shop" => Ok(Node::resolved(world, &world.shop, "Shop")),
            "order" | "customer" | "node" | "refund" | "fulfillment" | "webhookSubscription" => {
                Ok(by_id(world, arguments, info))
            }
            "orderByIdentifier" | "customerByIdentifier" => {
                let identifier = arguments.get("identifier").and_then(|value| value.as_object());
                Ok(identifier
                    .map_or_else(ResolvedValue::null, |identifier| by_id(world, identifier, info)))
            }
            "nodes" => {
                let ids = arguments.get("ids").and_then(|ids| ids.as_array());
                let found: Vec<ResolvedValue<'a>> = ids
                    .into_iter()
                    .flatten()
                    .map(|id| match world.node(id.as_str().unwrap_or_default()) {
                        Some(node) => Node::resolved(world, node, "Node"),
                        None => ResolvedValue::null(),
                    })
                    .collect();
                Ok(ResolvedValue::list(found))
            }
            "orders" => {
                let records = orders(world, arguments);
                let page = Page::cut(world, &inner_name(info), records, &Asked::read(arguments)?);
                Ok(ResolvedValue::object(page))
            }
            "ordersCount" => Ok(ResolvedValue::object(Count(orders(world, arguments).len()))),
            "customers" => {
                let page = Page::cut(
                    world,
                    &inner_name(info),
                    customers(world, arguments),
                    &Asked::read(arguments)?,
                );
                Ok(ResolvedValue::object(page))
            }
            "webhookSubscriptions" => {
                let records = world
                    .subscriptions
                    .iter()
                    .enumerate()
                    .map(|(n, node)| ((i64::try_from(n).unwrap_or(i64::MAX), 0), node))
                    .collect();
                let page = Page::cut(world, &inner_name(info), records, &Asked::read(arguments)?);
                Ok(ResolvedValue::object(page))
            }
            other => {
                Err(FieldError { message: format!("the sandbox shop does not answer `{other}`") })
            }
        }
    }
}

fn by_id<'a>(world: &'a World, arguments: &JsonMap, info: &ResolveInfo<'_>) -> ResolvedValue<'a> {
    let id = arguments.get("id").and_then(|id| id.as_str()).unwrap_or_default();
    let wanted = inner_name(info);
    // An id of another kind is no id of this one.
    let fits = wanted == "Node" || id.contains(&format!("/{wanted}/"));
    match world.node(id).filter(|_| fits) {
        Some(node) => Node::resolved(world, node, &wanted),
        None => ResolvedValue::null(),
    }
}

fn orders<'a>(world: &'a World, arguments: &JsonMap) -> Vec<(Place, &'a Json)> {
    let text = |name: &str| arguments.get(name).and_then(|value| value.as_str());
    let search = Search::read(text("query").unwrap_or_default());
    let sort = text("sortKey").unwrap_or("ID").to_owned();
    let mut ignored = world.ignored.borrow_mut();
    world
        .orders
        .values()
        .filter(|stored| search.finds(&stored.order, stored.status(), &mut ignored))
        .map(|stored| ((sorted_by(&sort, stored), stored.number()), &stored.graph))
        .collect()
}

fn sorted_by(key: &str, stored: &Stored) -> i64 {
    let order: &Order = &stored.order;
    match key {
        "CREATED_AT" | "PROCESSED_AT" => order.at_ms,
        "UPDATED_AT" => order.updated_ms,
        "ORDER_NUMBER" => i64::from(order.number),
        "TOTAL_PRICE" | "CURRENT_TOTAL_PRICE" => stored.hundredths(),
        _ => 0,
    }
}

fn customers<'a>(world: &'a World, arguments: &JsonMap) -> Vec<(Place, &'a Json)> {
    let query = arguments.get("query").and_then(|value| value.as_str()).unwrap_or_default();
    let search = Search::read(query);
    let (id, mail) = (search.value_of("id"), search.value_of("email"));
    let field = |node: &Json, name: &str| {
        node.get(name).and_then(Json::as_str).unwrap_or_default().to_owned()
    };
    world
        .customers
        .values()
        .filter(|node| id.is_none_or(|id| field(node, "legacyResourceId") == id))
        .filter(|node| mail.is_none_or(|mail| field(node, "email").eq_ignore_ascii_case(mail)))
        .map(|node| ((0, field(node, "legacyResourceId").parse().unwrap_or(0)), node.as_ref()))
        .collect()
}

struct Count(usize);

impl ObjectValue for Count {
    fn type_name(&self) -> &str {
        "Count"
    }

    fn resolve_field<'a>(
        &'a self,
        info: &'a ResolveInfo<'a>,
    ) -> Result<ResolvedValue<'a>, FieldError> {
        match info.field_name() {
            "count" => Ok(ResolvedValue::leaf(i32::try_from(self.0).unwrap_or(i32::MAX))),
            "precision" => Ok(ResolvedValue::leaf("EXACT")),
            _ => Err(self.unknown_field_error(info)),
        }
    }
}
