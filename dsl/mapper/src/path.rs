//! Fields of fields, compiled: where a path begins, and the names along it.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::code::Code;
use crate::name::FieldName;

/// A path of fields. In memory it is one node with all names, which is walked without recursion; it
/// is stored as a field of a field, outermost last: `{"field":[{"field":[BASE,"a"]},"b"]}`.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldPath {
    base: Box<Code>,
    names: Vec<FieldName>,
}

impl FieldPath {
    /// A field of what code gives; a path becomes longer by it.
    pub(crate) fn new(base: Code, name: FieldName) -> FieldPath {
        match base {
            Code::Field(mut path) => {
                path.names.push(name);
                path
            }
            base => FieldPath { base: Box::new(base), names: vec![name] },
        }
    }

    /// Where it begins; never a path itself.
    #[inline]
    pub(crate) fn base(&self) -> &Code {
        &self.base
    }

    /// Its names, one at least.
    #[inline]
    pub(crate) fn names(&self) -> &[FieldName] {
        &self.names
    }
}

/// The first names of a path, in the stored form.
struct Stored<'p> {
    base: &'p Code,
    names: &'p [FieldName],
}

impl Serialize for Stored<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.names {
            [] => self.base.serialize(to),
            [before @ .., last] => {
                let inner = Stored { base: self.base, names: before };
                to.serialize_newtype_variant("Code", 0, "field", &(inner, last))
            }
        }
    }
}

impl Serialize for FieldPath {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let (last, before) = match self.names.as_slice() {
            [before @ .., last] => (Some(last), before),
            [] => (None, [].as_slice()),
        };
        (Stored { base: &self.base, names: before }, last).serialize(to)
    }
}

impl<'de> Deserialize<'de> for FieldPath {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<FieldPath, D::Error> {
        let (base, name) = <(Code, FieldName)>::deserialize(from)?;
        Ok(FieldPath::new(base, name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_stored_as_fields_of_fields_and_read_back_as_one() {
        let root = Code::Root("order".into());
        let path = ["shippingAddress", "city", "name"]
            .into_iter()
            .fold(root, |code, name| Code::Field(FieldPath::new(code, name.into())));
        let stored = serde_json::to_string(&path).unwrap();
        assert_eq!(
            stored,
            r#"{"field":[{"field":[{"field":[{"root":"order"},"shippingAddress"]},"city"]},"name"]}"#
        );
        let read: Code = serde_json::from_str(&stored).unwrap();
        assert_eq!(read, path);
        let Code::Field(read) = read else { panic!("no path") };
        assert_eq!((read.names().len(), read.base()), (3, &Code::Root("order".into())));
    }
}
