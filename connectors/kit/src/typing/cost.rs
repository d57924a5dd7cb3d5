//! What a GraphQL document asks of the cost bucket, by Shopify's published model: an object counts
//! 1, scalars and enums 0, an interface or union its dearest member, a connection and a list with
//! `first` as many times as it asks for, a mutation 10.

use apollo_compiler::ExecutableDocument;
use apollo_compiler::ast::Value;
use apollo_compiler::executable::{Field, Selection, SelectionSet};
use apollo_compiler::schema::{ExtendedType, Schema};
use tenon_value::Value as Data;

/// Points of a document when these variables are given.
pub(super) fn of(document: &ExecutableDocument, schema: &Schema, variables: &Data) -> u32 {
    let Ok(operation) = document.operations.get(None) else { return 1 };
    let costing = Costing { document, schema, variables };
    let base = if operation.is_mutation() { 10 } else { 0 };
    costing.set(&operation.selection_set).saturating_add(base).max(1)
}

struct Costing<'a> {
    document: &'a ExecutableDocument,
    schema: &'a Schema,
    variables: &'a Data,
}

impl Costing<'_> {
    /// Shared fields plus the dearest of the typed fragments.
    fn set(&self, set: &SelectionSet) -> u32 {
        let mut shared: u32 = 0;
        let mut dearest: u32 = 0;
        for selection in &set.selections {
            match selection {
                Selection::Field(field) => shared = shared.saturating_add(self.field(field)),
                Selection::InlineFragment(fragment) => {
                    let cost = self.set(&fragment.selection_set);
                    if fragment.type_condition.as_ref().is_none_or(|t| *t == set.ty) {
                        shared = shared.saturating_add(cost);
                    } else {
                        dearest = dearest.max(cost);
                    }
                }
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = self.document.fragments.get(&spread.fragment_name) {
                        let cost = self.set(&fragment.selection_set);
                        if fragment.selection_set.ty == set.ty {
                            shared = shared.saturating_add(cost);
                        } else {
                            dearest = dearest.max(cost);
                        }
                    }
                }
            }
        }
        shared.saturating_add(dearest)
    }

    fn field(&self, field: &Field) -> u32 {
        let composite = !matches!(
            field.inner_type_def(self.schema),
            None | Some(ExtendedType::Scalar(_) | ExtendedType::Enum(_))
        );
        if !composite {
            return 0;
        }
        let sized = ["first", "last"].iter().find_map(|name| self.number(field, name));
        let is_connection = field.ty().inner_named_type().as_str().ends_with("Connection");
        match sized {
            Some(times) if is_connection => {
                self.nodes(&field.selection_set).saturating_mul(times).saturating_add(1)
            }
            Some(times) => self.set(&field.selection_set).saturating_add(1).saturating_mul(times),
            None => self.set(&field.selection_set).saturating_add(1),
        }
    }

    /// What one item of a connection costs; the page's own data costs nothing.
    fn nodes(&self, set: &SelectionSet) -> u32 {
        let mut cost: u32 = 0;
        for selection in &set.selections {
            if let Selection::Field(field) = selection
                && matches!(field.name.as_str(), "nodes" | "edges")
            {
                let one = self.set(&field.selection_set).saturating_add(1);
                cost = cost.saturating_add(one);
            }
        }
        cost
    }

    fn number(&self, field: &Field, name: &str) -> Option<u32> {
        match &**field.specified_argument_by_name(name)? {
            Value::Int(number) => number.try_to_i32().ok().and_then(|n| u32::try_from(n).ok()),
            Value::Variable(variable) => {
                let given = self.variables.field(variable).as_number()?.to_i64()?;
                u32::try_from(given).ok()
            }
            _ => None,
        }
    }
}
