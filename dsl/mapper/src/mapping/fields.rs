//! The fields of one record of the target, with the record they fill.

use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tenon_value::{Record, Value};

use super::code::FieldCode;

/// Fields in order; stored as the plain list.
///
/// Names and their hashes do not differ from record to record, so an empty record with all of them
/// is kept: copying it is much cheaper than inserting field by field.
#[derive(Debug, Clone, Default)]
pub struct Fields {
    list: Vec<FieldCode>,
    empty: Record,
    /// Where each field stands in the record; a name given twice has one place.
    places: Vec<usize>,
}

impl Fields {
    /// Each field with its place in the record.
    pub(crate) fn placed(&self) -> impl Iterator<Item = (&FieldCode, usize)> {
        self.list.iter().zip(self.places.iter().copied())
    }

    /// A record with every name and no value.
    pub(crate) fn unfilled(&self) -> Record {
        self.empty.clone()
    }
}

/// A record without the fields that got no value.
pub(crate) fn filled(mut record: Record) -> Record {
    if record.values().any(|value| matches!(value, Value::Missing)) {
        record.retain(|_, value| !matches!(value, Value::Missing));
    }
    record
}

impl Deref for Fields {
    type Target = [FieldCode];

    fn deref(&self) -> &[FieldCode] {
        &self.list
    }
}

impl From<Vec<FieldCode>> for Fields {
    fn from(list: Vec<FieldCode>) -> Fields {
        let mut empty = Record::with_capacity(list.len());
        let place =
            |field: &FieldCode| empty.insert_full(Arc::clone(&field.name), Value::Missing).0;
        let places = list.iter().map(place).collect();
        Fields { list, empty, places }
    }
}

impl PartialEq for Fields {
    fn eq(&self, other: &Fields) -> bool {
        self.list == other.list
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.list.serialize(to)
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Fields, D::Error> {
        Vec::deserialize(from).map(Fields::from)
    }
}
