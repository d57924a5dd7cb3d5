//! Names of fields that remember where they were found.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tenon_value::{Record, Value};

/// A field's name in a program, with the place it had in the last record it was read from.
///
/// Records of one source keep their fields in one order nearly always: looking at the remembered
/// place first saves hashing the name. The place is a guess and changes no result.
pub struct FieldName {
    text: Arc<str>,
    place: AtomicUsize,
}

impl FieldName {
    /// The field of a record.
    pub(crate) fn of<'r>(&self, fields: &'r Record) -> Option<&'r Value> {
        find(fields, &self.text, &self.place)
    }

    /// The name.
    #[inline]
    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

/// Looks at the remembered place first, else searches and remembers.
#[inline]
fn find<'r>(fields: &'r Record, text: &str, place: &AtomicUsize) -> Option<&'r Value> {
    if let Some((name, value)) = fields.get_index(place.load(Ordering::Relaxed))
        && same(name.as_bytes(), text.as_bytes())
    {
        return Some(value);
    }
    search(fields, text, place)
}

#[inline(never)]
fn search<'r>(fields: &'r Record, text: &str, place: &AtomicUsize) -> Option<&'r Value> {
    let (found, _, value) = fields.get_full(text)?;
    place.store(found, Ordering::Relaxed);
    Some(value)
}

/// Whether two names are the same. Most have 4 to 32 bytes, and their two ends, which overlap, are
/// compared in a few machine words instead of by a call.
fn same(one: &[u8], other: &[u8]) -> bool {
    fn ends<const N: usize>(one: &[u8], other: &[u8]) -> bool {
        one.first_chunk::<N>() == other.first_chunk() && one.last_chunk::<N>() == other.last_chunk()
    }
    one.len() == other.len()
        && match one.len() {
            4..8 => ends::<4>(one, other),
            8..=16 => ends::<8>(one, other),
            17..=32 => ends::<16>(one, other),
            _ => one == other,
        }
}

/// Like [`FieldName`], for the few names that the language itself knows.
pub(crate) struct KnownName {
    text: &'static str,
    place: AtomicUsize,
}

impl KnownName {
    pub(crate) const fn new(text: &'static str) -> KnownName {
        KnownName { text, place: AtomicUsize::new(0) }
    }

    /// The field of a value; missing where there is none or it is no record.
    pub(crate) fn of<'r>(&self, value: &'r Value) -> &'r Value {
        match value {
            Value::Record(fields) => {
                find(fields, self.text, &self.place).unwrap_or(&Value::Missing)
            }
            _ => &Value::Missing,
        }
    }
}

impl From<Arc<str>> for FieldName {
    fn from(text: Arc<str>) -> FieldName {
        FieldName { text, place: AtomicUsize::new(0) }
    }
}

impl From<&str> for FieldName {
    fn from(text: &str) -> FieldName {
        FieldName::from(Arc::<str>::from(text))
    }
}

impl Clone for FieldName {
    fn clone(&self) -> FieldName {
        let place = self.place.load(Ordering::Relaxed);
        FieldName { text: Arc::clone(&self.text), place: AtomicUsize::new(place) }
    }
}

impl PartialEq for FieldName {
    fn eq(&self, other: &FieldName) -> bool {
        self.text == other.text
    }
}

impl fmt::Debug for FieldName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

impl fmt::Display for FieldName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for FieldName {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.text.serialize(to)
    }
}

impl<'de> Deserialize<'de> for FieldName {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<FieldName, D::Error> {
        Arc::<str>::deserialize(from).map(FieldName::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenon_value::json;

    #[test]
    fn names_are_the_same_only_where_every_byte_is() {
        for length in 0..40 {
            let name = vec![b'n'; length];
            assert!(same(&name, &name.clone()));
            assert!(!same(&name, &vec![b'n'; length + 1]));
            for at in 0..length {
                let mut other = name.clone();
                other[at] = b'm';
                assert!(!same(&name, &other), "{length} bytes, another one at {at}");
            }
        }
    }

    #[test]
    fn a_field_is_found_wherever_it_stands_and_a_wrong_guess_changes_nothing() {
        let name = FieldName::from("b");
        for (text, wanted) in [
            (r#"{"a": 1, "b": 2}"#, Some(2)),
            (r#"{"a": 1, "b": 3}"#, Some(3)),
            (r#"{"b": 4, "a": 1}"#, Some(4)),
            (r#"{"a": 1}"#, None),
            (r#"{"c": 1, "d": 1, "b": 5}"#, Some(5)),
        ] {
            let record = json::read(text).unwrap();
            let found = name.of(record.as_record().unwrap());
            assert_eq!(found.cloned(), wanted.map(Value::from), "{text}");
        }
    }
}
