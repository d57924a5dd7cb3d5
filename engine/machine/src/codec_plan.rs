//! How requests, operations and stored reads stand inside a journal.

use minicbor::decode::Error as DecodeError;
use minicbor::encode::{Error as EncodeError, Write};
use minicbor::{Decoder, Encoder};
use tenon_value::Value;

use crate::codec::value;

/// Operations of the kit, as records with a `do`.
pub(crate) mod operation {
    use super::*;
    use tenon_kit::Operation;

    pub(crate) fn encode<C, W: Write>(
        operation: &Operation,
        e: &mut Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        value::encode(&to_value(operation), e, ctx)
    }

    pub(crate) fn decode<C>(d: &mut Decoder<'_>, ctx: &mut C) -> Result<Operation, DecodeError> {
        from_value(&value::decode(d, ctx)?)
            .ok_or_else(|| DecodeError::message("not an operation of a known kind"))
    }

    fn pairs(pairs: &[(String, Value)]) -> Value {
        Value::list(
            pairs
                .iter()
                .map(|(name, value)| Value::list(vec![Value::text(name), value.clone()]))
                .collect(),
        )
    }

    fn maybe_text(text: &Option<String>) -> Value {
        text.as_deref().map_or(Value::Missing, Value::text)
    }

    /// An operation as plain data, for journals and pages.
    pub(crate) fn to_value(operation: &Operation) -> Value {
        let text = |t: &str| Value::text(t);
        match operation {
            Operation::Get { resource, key } => {
                Value::of([("do", text("get")), ("resource", text(resource)), ("key", text(key))])
            }
            Operation::List { resource, filter, since_ms, page } => Value::of([
                ("do", text("list")),
                ("resource", text(resource)),
                ("filter", pairs(filter)),
                ("since_ms", since_ms.map_or(Value::Missing, Value::from)),
                ("page", maybe_text(page)),
            ]),
            Operation::Find { resource, field, value, page } => Value::of([
                ("do", text("find")),
                ("resource", text(resource)),
                ("field", text(field)),
                ("value", text(value)),
                ("page", maybe_text(page)),
            ]),
            Operation::Create { resource, record } => Value::of([
                ("do", text("create")),
                ("resource", text(resource)),
                ("record", record.clone()),
            ]),
            Operation::Update { resource, key, record } => Value::of([
                ("do", text("update")),
                ("resource", text(resource)),
                ("key", text(key)),
                ("record", record.clone()),
            ]),
            Operation::Action { resource, action, key, with } => Value::of([
                ("do", text("action")),
                ("resource", text(resource)),
                ("action", text(action)),
                ("key", text(key)),
                ("with", pairs(with)),
            ]),
            Operation::Rest { resource, of, so_far } => Value::of([
                ("do", text("rest")),
                ("resource", text(resource)),
                ("of", to_value(of)),
                ("so_far", so_far.clone()),
            ]),
            Operation::Check { number } => Value::of([
                ("do", text("check")),
                ("number", Value::from(i64::try_from(*number).unwrap_or(i64::MAX))),
            ]),
        }
    }

    fn from_pairs(value: &Value) -> Vec<(String, Value)> {
        let pair = |item: &Value| match item.items() {
            [name, value] => Some((name.as_text()?.to_owned(), value.clone())),
            _ => None,
        };
        value.items().iter().filter_map(pair).collect()
    }

    pub(crate) fn from_value(value: &Value) -> Option<Operation> {
        let text = |name: &str| value.field(name).as_text().map(str::to_owned);
        let number = |name: &str| value.field(name).as_number().and_then(|n| n.to_i64());
        if value.field("do").as_text()? == "check" {
            return Some(Operation::Check { number: usize::try_from(number("number")?).ok()? });
        }
        let resource = text("resource")?;
        Some(match value.field("do").as_text()? {
            "get" => Operation::Get { resource, key: text("key")? },
            "list" => Operation::List {
                resource,
                filter: from_pairs(value.field("filter")),
                since_ms: number("since_ms"),
                page: text("page"),
            },
            "find" => Operation::Find {
                resource,
                field: text("field")?,
                value: text("value")?,
                page: text("page"),
            },
            "create" => Operation::Create { resource, record: value.field("record").clone() },
            "update" => Operation::Update {
                resource,
                key: text("key")?,
                record: value.field("record").clone(),
            },
            "action" => Operation::Action {
                resource,
                action: text("action")?,
                key: text("key")?,
                with: from_pairs(value.field("with")),
            },
            "rest" => Operation::Rest {
                resource,
                of: Box::new(from_value(value.field("of"))?),
                so_far: value.field("so_far").clone(),
            },
            _ => return None,
        })
    }
}

/// Requests of the kit.
pub(crate) mod request {
    use super::*;
    use tenon_kit::Request;

    pub(crate) fn encode<C, W: Write>(
        request: &Request,
        e: &mut Encoder<W>,
        _ctx: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        e.array(6)?.str(&request.method)?.str(&request.path)?;
        e.array(request.headers.len() as u64)?;
        for (name, value) in &request.headers {
            e.array(2)?.str(name)?.str(value)?;
        }
        match &request.body {
            Some(body) => e.str(body)?,
            None => e.null()?,
        };
        e.u32(request.cost)?.bool(request.writes)?.ok()
    }

    pub(crate) fn decode<C>(d: &mut Decoder<'_>, _ctx: &mut C) -> Result<Request, DecodeError> {
        d.array()?;
        let method = d.str()?.to_owned();
        let path = d.str()?.to_owned();
        let mut headers = Vec::new();
        for _ in 0..d.array()?.unwrap_or(0) {
            d.array()?;
            headers.push((d.str()?.to_owned(), d.str()?.to_owned()));
        }
        let body = match d.datatype()? {
            minicbor::data::Type::Null => {
                d.null()?;
                None
            }
            _ => Some(d.str()?.to_owned()),
        };
        Ok(Request { method, path, headers, body, cost: d.u32()?, writes: d.bool()? })
    }
}

/// Stored reads with what they gave.
pub(crate) mod reads {
    use super::*;
    use crate::ReadKey;

    pub(crate) fn encode<C, W: Write>(
        reads: &[(ReadKey, Value)],
        e: &mut Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        e.array(reads.len() as u64)?;
        for (key, answer) in reads {
            e.array(4)?;
            match key {
                ReadKey::Lookup { table, key } => {
                    e.u8(0)?.str(table)?;
                    value::encode(key, e, ctx)?;
                }
                ReadKey::Reference { entity, id } => {
                    e.u8(1)?.str(entity)?.str(id)?;
                }
                ReadKey::Sent { entity, id } => {
                    e.u8(2)?.str(entity)?.str(id)?;
                }
                ReadKey::References { entity, id } => {
                    e.u8(4)?.str(entity)?.str(id)?;
                }
                ReadKey::Setting { name } => {
                    e.u8(3)?.str(name)?.null()?;
                }
            }
            value::encode(answer, e, ctx)?;
        }
        Ok(())
    }

    pub(crate) fn decode<C>(
        d: &mut Decoder<'_>,
        ctx: &mut C,
    ) -> Result<Vec<(ReadKey, Value)>, DecodeError> {
        let mut reads = Vec::new();
        for _ in 0..d.array()?.unwrap_or(0) {
            d.array()?;
            let kind = d.u8()?;
            let first = d.str()?.to_owned();
            let key = match kind {
                0 => ReadKey::Lookup { table: first.into(), key: value::decode(d, ctx)? },
                1 => ReadKey::Reference { entity: first, id: d.str()?.to_owned() },
                2 => ReadKey::Sent { entity: first, id: d.str()?.to_owned() },
                3 => {
                    d.null()?;
                    ReadKey::Setting { name: first.into() }
                }
                4 => ReadKey::References { entity: first, id: d.str()?.to_owned() },
                _ => return Err(DecodeError::message("not a stored read of a known kind")),
            };
            reads.push((key, value::decode(d, ctx)?));
        }
        Ok(reads)
    }
}

/// Hashes of graphs.
pub(crate) mod hash {
    use super::*;
    use tenon_graph::GraphHash;

    pub(crate) fn encode<C, W: Write>(
        hash: &GraphHash,
        e: &mut Encoder<W>,
        _ctx: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        e.bytes(hash.bytes())?.ok()
    }

    pub(crate) fn decode<C>(d: &mut Decoder<'_>, _ctx: &mut C) -> Result<GraphHash, DecodeError> {
        let bytes: [u8; 32] =
            d.bytes()?.try_into().map_err(|_| DecodeError::message("not a graph hash"))?;
        Ok(GraphHash::from_bytes(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ReadKey;

    #[test]
    fn a_stored_read_of_every_kind_reads_back_as_it_was_written() {
        let (entity, id) = ("invoice".to_owned(), "1".to_owned());
        let one = Value::of([("part", Value::text("")), ("id", Value::text("7"))]);
        let looked = vec![
            (ReadKey::Lookup { table: "t".into(), key: Value::text("SE") }, Value::from(3001_i64)),
            (ReadKey::Reference { entity: entity.clone(), id: id.clone() }, Value::Missing),
            (
                ReadKey::References { entity: entity.clone(), id: id.clone() },
                Value::list(vec![one]),
            ),
            (ReadKey::Sent { entity, id }, Value::Missing),
            (ReadKey::Setting { name: "s".into() }, Value::text("x")),
        ];
        let mut bytes = Vec::new();
        reads::encode(&looked, &mut Encoder::new(&mut bytes), &mut ()).unwrap();
        assert_eq!(reads::decode(&mut Decoder::new(&bytes), &mut ()).unwrap(), looked);
    }
}
