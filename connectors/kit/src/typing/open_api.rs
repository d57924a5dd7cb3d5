//! Types of OpenAPI schemas.

use std::sync::Arc;

use indexmap::IndexMap;
use tenon_mapper::types::{Field, Type, Wire};

use super::{Annotation, Typing};
use crate::schema::{Schema, Shape};

impl Typing {
    /// The type of the published schema of that name, with every record type it leads to; none where
    /// there is no such schema.
    pub(crate) fn schema_type(&mut self, name: &str) -> Option<Type> {
        let schema = self.schemas.open_api.as_ref()?.schema(name)?.clone();
        Some(self.named(name, &schema))
    }

    fn named(&mut self, name: &str, schema: &Schema) -> Type {
        let Shape::Record { fields, required } = &schema.shape else {
            return self.shape(name, schema);
        };
        let type_name = self.name(name);
        if self.types.fields(&type_name).is_some() {
            return Type::named(&type_name);
        }
        // Taken before the fields are, so that a schema may lead to itself.
        self.types.add(&type_name, IndexMap::new());
        let annotation = self.annotations.get(name).cloned().unwrap_or_default();
        let typed = fields
            .iter()
            .map(|(field, schema)| {
                let inner = format!("{name}.{field}");
                let ty = self.shape(&inner, schema);
                let needed = required.contains(field);
                (Arc::clone(field), field_of(field, schema, ty, needed, &annotation))
            })
            .collect();
        self.types.add(&type_name, typed);
        Type::named(&type_name)
    }

    fn shape(&mut self, name: &str, schema: &Schema) -> Type {
        match &schema.shape {
            Shape::Any => Type::Dyn,
            Shape::Text { choices, .. } if !choices.is_empty() => Type::Enum(Arc::clone(choices)),
            Shape::Text { date: true, .. } => Type::Date,
            Shape::Text { date_time: true, .. } => Type::DateTime,
            Shape::Text { .. } => Type::Text,
            Shape::Number { whole: true, .. } => Type::Int,
            Shape::Number { .. } => Type::Decimal,
            Shape::Bool => Type::Bool,
            Shape::List { items, .. } => self.shape(name, items).list(),
            Shape::Record { .. } => self.named(name, schema),
            Shape::Named(other) => {
                let other = other.clone();
                self.schema_type(&other).unwrap_or(Type::Dyn)
            }
        }
    }
}

fn field_of(name: &str, schema: &Schema, ty: Type, needed: bool, said: &Annotation) -> Field {
    let has = |list: &[String]| list.iter().any(|field| field == name);
    let decimal = has(&said.decimal);
    let ty = if decimal { Type::Decimal } else { ty };
    let published = match &schema.shape {
        Shape::Text { max_length, .. } => *max_length,
        _ => None,
    };
    let is_list = matches!(ty, Type::List(_));
    let required = needed || has(&said.required);
    let present = required || has(&said.present) || is_list;
    Field {
        ty: if present { ty } else { ty.optional() },
        wire: if decimal { Wire::Text } else { Wire::Plain },
        max_length: said.lengths.get(name).copied().or(published),
        required,
        read_only: schema.read_only || has(&said.read_only),
        deprecated: None,
        personal: has(&said.personal),
    }
}
