//! How plain data of other crates stands inside a journal: CBOR that keeps every kind of value.
//!
//! Used by the derives in [`crate::event`] through `#[cbor(with = …)]`.

use std::sync::Arc;

use minicbor::data::{Tag, Type};
use minicbor::decode::Error as DecodeError;
use minicbor::encode::{Error as EncodeError, Write};
use minicbor::{Decoder, Encoder};
use tenon_value::{Currency, Money, Number, Record, Value, time};

const NUMBER: u64 = 1000;
const MONEY: u64 = 1001;
const DATE: u64 = 1002;
const DATE_TIME: u64 = 1003;
const DURATION: u64 = 1004;

/// Values.
pub(crate) mod value {
    use super::*;

    pub(crate) fn encode<C, W: Write>(
        value: &Value,
        e: &mut Encoder<W>,
        _ctx: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        put(value, e)
    }

    fn put<W: Write>(value: &Value, e: &mut Encoder<W>) -> Result<(), EncodeError<W::Error>> {
        match value {
            Value::Missing => e.undefined()?,
            Value::Null => e.null()?,
            Value::Bool(bool) => e.bool(*bool)?,
            Value::Text(text) => e.str(text)?,
            Value::Number(number) => match number.to_i64().filter(|_| number.scale() == 0) {
                Some(whole) => e.i64(whole)?,
                None => e.tag(Tag::new(NUMBER))?.str(&number.to_string())?,
            },
            Value::Money(money) => e
                .tag(Tag::new(MONEY))?
                .array(2)?
                .str(&money.amount.to_string())?
                .str(money.currency.code())?,
            Value::Date(date) => {
                e.tag(Tag::new(DATE))?.str(&date.format("%Y-%m-%d").to_string())?
            }
            Value::DateTime(at) => e.tag(Tag::new(DATE_TIME))?.str(&time::format_datetime(at))?,
            Value::Duration(ms) => e.tag(Tag::new(DURATION))?.i64(*ms)?,
            Value::List(items) => {
                e.array(items.len() as u64)?;
                for item in items.iter() {
                    put(item, e)?;
                }
                e
            }
            Value::Record(fields) => {
                e.map(fields.len() as u64)?;
                for (name, item) in fields.iter() {
                    e.str(name)?;
                    put(item, e)?;
                }
                e
            }
        };
        Ok(())
    }

    pub(crate) fn decode<C>(d: &mut Decoder<'_>, _ctx: &mut C) -> Result<Value, DecodeError> {
        take(d)
    }

    fn take(d: &mut Decoder<'_>) -> Result<Value, DecodeError> {
        Ok(match d.datatype()? {
            Type::Undefined => {
                d.undefined()?;
                Value::Missing
            }
            Type::Null => {
                d.null()?;
                Value::Null
            }
            Type::Bool => Value::Bool(d.bool()?),
            Type::String => Value::text(d.str()?),
            Type::Array => {
                let length = d.array()?.ok_or_else(|| DecodeError::message("open list"))?;
                let mut items = Vec::new();
                for _ in 0..length {
                    items.push(take(d)?);
                }
                Value::list(items)
            }
            Type::Map => {
                let length = d.map()?.ok_or_else(|| DecodeError::message("open record"))?;
                let mut fields = Record::new();
                for _ in 0..length {
                    let name = Arc::from(d.str()?);
                    fields.insert(name, take(d)?);
                }
                Value::record(fields)
            }
            Type::Tag => tagged(d)?,
            _ => Value::from(d.i64()?),
        })
    }

    fn tagged(d: &mut Decoder<'_>) -> Result<Value, DecodeError> {
        let bad = |what: &str| DecodeError::message(format!("not a {what}"));
        let number = |text: &str| Number::parse(text).map_err(|_| bad("number"));
        Ok(match d.tag()?.as_u64() {
            NUMBER => Value::Number(number(d.str()?)?),
            MONEY => {
                d.array()?;
                let amount = number(d.str()?)?;
                Value::from(Money::new(amount, Currency::new(d.str()?)))
            }
            DATE => Value::Date(time::parse_date(d.str()?).ok_or_else(|| bad("date"))?),
            DATE_TIME => {
                Value::DateTime(time::parse_datetime(d.str()?).ok_or_else(|| bad("instant"))?)
            }
            DURATION => Value::Duration(d.i64()?),
            _ => return Err(bad("value of a known kind")),
        })
    }
}

/// Values that may not be there.
pub(crate) mod maybe {
    use super::*;

    pub(crate) fn encode<C, W: Write>(
        value: &Option<Value>,
        e: &mut Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        match value {
            None => e.array(0)?.ok(),
            Some(value) => {
                e.array(1)?;
                super::value::encode(value, e, ctx)
            }
        }
    }

    pub(crate) fn decode<C>(
        d: &mut Decoder<'_>,
        ctx: &mut C,
    ) -> Result<Option<Value>, DecodeError> {
        Ok(match d.array()? {
            Some(1) => Some(super::value::decode(d, ctx)?),
            _ => None,
        })
    }
}

/// Faults.
pub(crate) mod fault {
    use super::*;
    use tenon_value::Fault;

    pub(crate) fn encode<C, W: Write>(
        fault: &Fault,
        e: &mut Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        super::value::encode(&fault.to_value(), e, ctx)
    }

    pub(crate) fn decode<C>(d: &mut Decoder<'_>, ctx: &mut C) -> Result<Fault, DecodeError> {
        Ok(Fault::from_value(&super::value::decode(d, ctx)?))
    }
}

/// Faults that may not be there.
pub(crate) mod maybe_fault {
    use super::*;
    use tenon_value::Fault;

    pub(crate) fn encode<C, W: Write>(
        fault: &Option<Fault>,
        e: &mut Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        super::maybe::encode(&fault.as_ref().map(Fault::to_value), e, ctx)
    }

    pub(crate) fn decode<C>(
        d: &mut Decoder<'_>,
        ctx: &mut C,
    ) -> Result<Option<Fault>, DecodeError> {
        Ok(super::maybe::decode(d, ctx)?.as_ref().map(Fault::from_value))
    }
}
