//! A node of the shop as an object of the interface: its JSON, read field by field as the schema
//! types them. What the shop keeps nothing of is null, empty or zero where the schema allows it, and
//! an error where it does not.

use apollo_compiler::ast::Type;
use apollo_compiler::resolvers::{FieldError, ObjectValue, ResolveInfo, ResolvedValue};
use apollo_compiler::response::{JsonMap, JsonValue};
use apollo_compiler::schema::ExtendedType;
use serde::Deserialize as _;
use serde_json::Value as Json;

use super::page::{Asked, Page, Place};
use super::world::World;

/// A node that stands in the picture of the shop.
pub struct Node<'w> {
    world: &'w World,
    json: &'w Json,
    name: String,
}

impl<'w> Node<'w> {
    /// The node as a resolved value of a type; `{"$ref"}` is followed, null stays null.
    pub fn resolved<'a>(world: &'w World, json: &'w Json, ty: &str) -> ResolvedValue<'a>
    where
        'w: 'a,
    {
        let json = match json.get("$ref").and_then(Json::as_str) {
            Some(id) => world.node(id).unwrap_or(&Json::Null),
            None => json,
        };
        if json.is_null() {
            return ResolvedValue::null();
        }
        world.counted();
        let name = json.get("__typename").and_then(Json::as_str).unwrap_or(ty).to_owned();
        ResolvedValue::object(Node { world, json, name })
    }
}

impl ObjectValue for Node<'_> {
    fn type_name(&self) -> &str {
        &self.name
    }

    fn resolve_field<'a>(
        &'a self,
        info: &'a ResolveInfo<'a>,
    ) -> Result<ResolvedValue<'a>, FieldError> {
        field(self.world, self.json, &self.name, info)
    }
}

/// The name of the type a field leads to, lists unwrapped.
#[must_use]
pub fn inner_name(info: &ResolveInfo<'_>) -> String {
    info.field_definition().ty.inner_named_type().as_str().to_owned()
}

/// One field of a node.
///
/// # Errors
/// Where the shop keeps nothing that the field could be.
pub fn field<'a>(
    world: &'a World,
    json: &'a Json,
    name: &str,
    info: &'a ResolveInfo<'a>,
) -> Result<ResolvedValue<'a>, FieldError> {
    let wanted = info.field_name();
    match (name, wanted) {
        (_, "metafield") => return Ok(metafield(world, json, info.arguments())),
        (_, "metafields") => return metafields(world, json, info),
        ("Customer", "orders") => return orders_of(world, json, info),
        ("Customer", "lastOrder") => {
            let last = placed(world, json).into_iter().max_by_key(|(place, _)| *place);
            return Ok(last.map_or_else(ResolvedValue::null, |(_, order)| {
                Node::resolved(world, order, "Order")
            }));
        }
        _ => {}
    }
    let ty = &info.field_definition().ty;
    match json.get(wanted) {
        Some(value) => complete(world, value, ty, info),
        None => derived(world, json, (name, wanted), ty, info),
    }
}

fn complete<'a>(
    world: &'a World,
    json: &'a Json,
    ty: &Type,
    info: &'a ResolveInfo<'a>,
) -> Result<ResolvedValue<'a>, FieldError> {
    if json.is_null() {
        return Ok(ResolvedValue::null());
    }
    let inner = ty.inner_named_type().as_str();
    let composite = !matches!(
        info.schema().types.get(inner),
        None | Some(ExtendedType::Scalar(_) | ExtendedType::Enum(_))
    );
    if !composite {
        return leaf(json);
    }
    if inner.ends_with("Connection") {
        return connection(world, json, inner, info.arguments());
    }
    if !ty.is_list() {
        return Ok(Node::resolved(world, json, inner));
    }
    let most = info.arguments().get("first").and_then(JsonValue::as_i64);
    let most = most.and_then(|n| usize::try_from(n).ok()).unwrap_or(usize::MAX);
    let name = inner.to_owned();
    let all = json.as_array().map(Vec::as_slice).unwrap_or_default();
    Ok(ResolvedValue::list(
        all.iter().take(most).map(move |item| Node::resolved(world, item, &name)),
    ))
}

fn leaf<'a>(json: &Json) -> Result<ResolvedValue<'a>, FieldError> {
    if let Json::Array(items) = json {
        let items = items.iter().map(leaf).collect::<Result<Vec<_>, _>>()?;
        return Ok(ResolvedValue::list(items));
    }
    JsonValue::deserialize(json)
        .map(ResolvedValue::Leaf)
        .map_err(|error| FieldError { message: error.to_string() })
}

/// A nested list as a connection; a record's place is its position.
fn connection<'a>(
    world: &'a World,
    json: &'a Json,
    name: &str,
    arguments: &JsonMap,
) -> Result<ResolvedValue<'a>, FieldError> {
    let records = json
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default()
        .iter()
        .enumerate()
        .map(|(n, item)| ((i64::try_from(n).unwrap_or(i64::MAX), 0), item))
        .collect();
    let page = Page::cut(world, name, records, &Asked::read(arguments)?);
    Ok(ResolvedValue::object(page))
}

/// A field the node does not hold itself.
fn derived<'a>(
    world: &'a World,
    json: &'a Json,
    (name, wanted): (&str, &str),
    ty: &Type,
    info: &'a ResolveInfo<'a>,
) -> Result<ResolvedValue<'a>, FieldError> {
    let inner = ty.inner_named_type().as_str();
    // An older money field stands beside the bag that replaced it.
    let bag = json.get(format!("{wanted}Set")).or_else(|| json.get(wanted.strip_suffix("V2")?));
    if let Some(shop) = bag.and_then(|bag| bag.get("shopMoney")) {
        return match inner {
            "MoneyV2" => Ok(Node::resolved(world, shop, inner)),
            _ => shop.get("amount").map_or_else(|| Ok(ResolvedValue::null()), leaf),
        };
    }
    if !ty.is_non_null() {
        return Ok(ResolvedValue::null());
    }
    if inner.ends_with("Connection") {
        return connection(world, &Json::Null, inner, info.arguments());
    }
    if ty.is_list() {
        return Ok(ResolvedValue::list([]));
    }
    match inner {
        "Boolean" => Ok(ResolvedValue::leaf(false)),
        "Int" => Ok(ResolvedValue::leaf(0)),
        "UnsignedInt64" => Ok(ResolvedValue::leaf("0")),
        "Money" => Ok(ResolvedValue::leaf("0.00")),
        _ => Err(FieldError { message: format!("the sandbox shop keeps no `{wanted}` of {name}") }),
    }
}

fn metafield<'a>(world: &'a World, json: &'a Json, arguments: &JsonMap) -> ResolvedValue<'a> {
    let text = |name: &str| arguments.get(name).and_then(|value| value.as_str());
    let (mut namespace, mut key) = (text("namespace"), text("key").unwrap_or_default());
    if namespace.is_none()
        && let Some((before, after)) = key.split_once('.')
    {
        (namespace, key) = (Some(before), after);
    }
    let is = |field: &&Json, name: &str, wanted: &str| {
        field.get(name).and_then(Json::as_str) == Some(wanted)
    };
    fields_of(json)
        .iter()
        .find(|f| is(f, "key", key) && namespace.is_none_or(|space| is(f, "namespace", space)))
        .map_or_else(ResolvedValue::null, |found| Node::resolved(world, found, "Metafield"))
}

fn metafields<'a>(
    world: &'a World,
    json: &'a Json,
    info: &'a ResolveInfo<'a>,
) -> Result<ResolvedValue<'a>, FieldError> {
    let arguments = info.arguments();
    let namespace = arguments.get("namespace").and_then(|value| value.as_str());
    let records = fields_of(json)
        .iter()
        .filter(|field| {
            namespace.is_none_or(|n| field.get("namespace").and_then(Json::as_str) == Some(n))
        })
        .enumerate()
        .map(|(n, field)| ((i64::try_from(n).unwrap_or(i64::MAX), 0), field))
        .collect();
    let page = Page::cut(world, &inner_name(info), records, &Asked::read(arguments)?);
    Ok(ResolvedValue::object(page))
}

fn fields_of(json: &Json) -> &[Json] {
    json.get("metafields").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn placed<'a>(world: &'a World, customer: &Json) -> Vec<(Place, &'a Json)> {
    let id = customer.get("id").and_then(Json::as_str).unwrap_or_default();
    world
        .orders
        .values()
        .filter(|stored| stored.customer_id().as_deref() == Some(id))
        .map(|stored| ((stored.number(), 0), &stored.graph))
        .collect()
}

fn orders_of<'a>(
    world: &'a World,
    customer: &'a Json,
    info: &'a ResolveInfo<'a>,
) -> Result<ResolvedValue<'a>, FieldError> {
    let asked = Asked::read(info.arguments())?;
    let page = Page::cut(world, &inner_name(info), placed(world, customer), &asked);
    Ok(ResolvedValue::object(page))
}
