//! Pages: the records of a connection between two cursors.

use apollo_compiler::resolvers::{FieldError, ObjectValue, ResolveInfo, ResolvedValue};
use apollo_compiler::response::JsonMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;

use super::node::{Node, inner_name};
use super::world::World;

/// Where a record stands in a list: the value it is sorted by, then its number.
pub type Place = (i64, i64);

/// The page asked for.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    first: Option<i64>,
    last: Option<i64>,
    after: Option<Place>,
    before: Option<Place>,
    reverse: bool,
}

impl Asked {
    /// Reads a field's arguments.
    ///
    /// # Errors
    /// When a cursor is none of ours.
    pub fn read(arguments: &JsonMap) -> Result<Asked, FieldError> {
        let number = |name: &str| arguments.get(name).and_then(|value| value.as_i64());
        let cursor = |name: &str| -> Result<Option<Place>, FieldError> {
            match arguments.get(name).and_then(|value| value.as_str()) {
                None => Ok(None),
                Some(text) => read_cursor(text)
                    .map(Some)
                    .ok_or_else(|| FieldError { message: format!("Invalid cursor for `{name}`") }),
            }
        };
        Ok(Asked {
            first: number("first"),
            last: number("last"),
            after: cursor("after")?,
            before: cursor("before")?,
            reverse: arguments.get("reverse").and_then(|v| v.as_bool()).unwrap_or(false),
        })
    }
}

/// A place as an opaque text.
#[must_use]
pub fn cursor((value, number): Place) -> String {
    STANDARD.encode(format!("{{\"last_id\":{number},\"last_value\":\"{value}\"}}"))
}

fn read_cursor(text: &str) -> Option<Place> {
    let bytes = STANDARD.decode(text).ok()?;
    let json: Json = serde_json::from_slice(&bytes).ok()?;
    let value = json.get("last_value")?.as_str()?.parse().ok()?;
    Some((value, json.get("last_id")?.as_i64()?))
}

/// One page of a connection.
pub struct Page<'w> {
    world: &'w World,
    name: String,
    records: Vec<(Place, &'w Json)>,
    has_next: bool,
    has_previous: bool,
}

impl<'w> Page<'w> {
    /// Cuts a page out of all records of a list.
    #[must_use]
    pub fn cut(
        world: &'w World,
        name: &str,
        mut records: Vec<(Place, &'w Json)>,
        asked: &Asked,
    ) -> Page<'w> {
        records.sort_by_key(|(place, _)| *place);
        if asked.reverse {
            records.reverse();
        }
        let beyond = |place: Place, mark: Place| {
            if asked.reverse { place < mark } else { place > mark }
        };
        let all = records.len();
        if let Some(mark) = asked.after {
            records.retain(|(place, _)| beyond(*place, mark));
        }
        let mut has_previous = records.len() < all;
        let mut has_next = false;
        if let Some(mark) = asked.before {
            let from = records.len();
            records.retain(|(place, _)| beyond(mark, *place));
            has_next = records.len() < from;
        }
        let size = |asked: i64| usize::try_from(asked).unwrap_or(0);
        if let Some(first) = asked.first.map(size)
            && records.len() > first
        {
            records.truncate(first);
            has_next = true;
        }
        if let Some(last) = asked.last.map(size)
            && records.len() > last
        {
            records.drain(..records.len().saturating_sub(last));
            has_previous = true;
        }
        Page { world, name: name.to_owned(), records, has_next, has_previous }
    }
}

impl ObjectValue for Page<'_> {
    fn type_name(&self) -> &str {
        &self.name
    }

    fn resolve_field<'a>(
        &'a self,
        info: &'a ResolveInfo<'a>,
    ) -> Result<ResolvedValue<'a>, FieldError> {
        match info.field_name() {
            "nodes" => {
                let name = inner_name(info);
                Ok(ResolvedValue::list(
                    self.records
                        .iter()
                        .map(move |(_, record)| Node::resolved(self.world, record, &name)),
                ))
            }
            "edges" => {
                let name = inner_name(info);
                Ok(ResolvedValue::list(self.records.iter().map(move |(place, record)| {
                    ResolvedValue::object(Edge {
                        world: self.world,
                        name: name.clone(),
                        place: *place,
                        record,
                    })
                })))
            }
            "pageInfo" => Ok(ResolvedValue::object(PageInfo {
                has_next: self.has_next,
                has_previous: self.has_previous,
                start: self.records.first().map(|(place, _)| cursor(*place)),
                end: self.records.last().map(|(place, _)| cursor(*place)),
            })),
            _ => Err(self.unknown_field_error(info)),
        }
    }
}

struct Edge<'w> {
    world: &'w World,
    name: String,
    place: Place,
    record: &'w Json,
}

impl ObjectValue for Edge<'_> {
    fn type_name(&self) -> &str {
        &self.name
    }

    fn resolve_field<'a>(
        &'a self,
        info: &'a ResolveInfo<'a>,
    ) -> Result<ResolvedValue<'a>, FieldError> {
        match info.field_name() {
            "cursor" => Ok(ResolvedValue::leaf(cursor(self.place))),
            "node" => Ok(Node::resolved(self.world, self.record, &inner_name(info))),
            _ => Err(self.unknown_field_error(info)),
        }
    }
}

struct PageInfo {
    has_next: bool,
    has_previous: bool,
    start: Option<String>,
    end: Option<String>,
}

impl ObjectValue for PageInfo {
    fn type_name(&self) -> &str {
        "PageInfo"
    }

    fn resolve_field<'a>(
        &'a self,
        info: &'a ResolveInfo<'a>,
    ) -> Result<ResolvedValue<'a>, FieldError> {
        let text = |text: &Option<String>| {
            text.as_ref()
                .map_or_else(ResolvedValue::null, |text| ResolvedValue::leaf(text.as_str()))
        };
        match info.field_name() {
            "hasNextPage" => Ok(ResolvedValue::leaf(self.has_next)),
            "hasPreviousPage" => Ok(ResolvedValue::leaf(self.has_previous)),
            "startCursor" => Ok(text(&self.start)),
            "endCursor" => Ok(text(&self.end)),
            _ => Err(self.unknown_field_error(info)),
        }
    }
}
