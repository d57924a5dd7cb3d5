//! What a query is expected to cost, by the published model: scalars and enums nothing, an object 1,
//! a connection its size times one of its nodes, the dearest branch of an interface or union, and 10
//! for a mutation.

use apollo_compiler::ast::Value;
use apollo_compiler::executable::{Field, Operation, Selection, SelectionSet};
use apollo_compiler::response::JsonMap;
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::{ExecutableDocument, Schema};

/// The most a single query may cost.
pub const MOST: u64 = 1_000;
/// The most records a page may have.
pub const PAGE_MOST: u64 = 250;
const MUTATION: u64 = 10;

/// The expected cost of an operation.
///
/// # Errors
/// What is wrong with a page size, in the interface's words.
pub fn expected(
    schema: &Schema,
    document: &ExecutableDocument,
    operation: &Operation,
    variables: &JsonMap,
) -> Result<u64, String> {
    let scale = Scale { schema, document, variables };
    let inside = scale.selections(&operation.selection_set)?;
    if !operation.is_mutation() {
        return Ok(inside);
    }
    let fields = u64::try_from(operation.selection_set.selections.len()).unwrap_or(1);
    Ok(inside.saturating_add(fields.saturating_mul(MUTATION)))
}

struct Scale<'a> {
    schema: &'a Schema,
    document: &'a ExecutableDocument,
    variables: &'a JsonMap,
}

impl Scale<'_> {
    fn selections(&self, set: &SelectionSet) -> Result<u64, String> {
        let mut sum = 0_u64;
        let mut dearest = 0_u64;
        for selection in &set.selections {
            match selection {
                Selection::Field(field) => sum = sum.saturating_add(self.field(field)?),
                Selection::InlineFragment(fragment) => {
                    let cost = self.selections(&fragment.selection_set)?;
                    if fragment.type_condition.as_ref().is_none_or(|on| *on == set.ty) {
                        sum = sum.saturating_add(cost);
                    } else {
                        dearest = dearest.max(cost);
                    }
                }
                Selection::FragmentSpread(spread) => {
                    let Some(fragment) = spread.fragment_def(self.document) else { continue };
                    let cost = self.selections(&fragment.selection_set)?;
                    if *fragment.type_condition() == set.ty {
                        sum = sum.saturating_add(cost);
                    } else {
                        dearest = dearest.max(cost);
                    }
                }
            }
        }
        Ok(sum.saturating_add(dearest))
    }

    fn field(&self, field: &Field) -> Result<u64, String> {
        let composite = !matches!(
            field.inner_type_def(self.schema),
            None | Some(ExtendedType::Scalar(_) | ExtendedType::Enum(_))
        );
        if !composite {
            return Ok(0);
        }
        if !field.ty().inner_named_type().ends_with("Connection") {
            return Ok(self.selections(&field.selection_set)?.saturating_add(1));
        }
        let size = self.size(field)?;
        let mut sum = 0_u64;
        for part in connection_parts(&field.selection_set, self.document) {
            let inside = self.selections(&part.selection_set)?;
            sum = sum.saturating_add(match part.name.as_str() {
                "nodes" => size.saturating_mul(inside.saturating_add(1)),
                // The object counted inside an edge is its node.
                "edges" => size.saturating_mul(inside.max(1)),
                _ => 0,
            });
        }
        Ok(sum)
    }

    fn size(&self, field: &Field) -> Result<u64, String> {
        let asked = self.number(field, "first").or_else(|| self.number(field, "last"));
        let Some(size) = asked else {
            return Err("you must provide one of first or last".to_owned());
        };
        match u64::try_from(size) {
            Ok(size) if size > PAGE_MOST => {
                Err(format!("The first argument of `{}` must not be above {PAGE_MOST}", field.name))
            }
            Ok(size) if size > 0 => Ok(size),
            _ => Err(format!("The page size of `{}` must be above 0", field.name)),
        }
    }

    fn number(&self, field: &Field, name: &str) -> Option<i64> {
        match field.specified_argument_by_name(name)?.as_ref() {
            Value::Int(number) => number.try_to_i32().ok().map(i64::from),
            Value::Variable(variable) => self.variables.get(variable.as_str())?.as_i64(),
            _ => None,
        }
    }
}

/// The fields of a connection, those in fragments too.
fn connection_parts<'a>(set: &'a SelectionSet, document: &'a ExecutableDocument) -> Vec<&'a Field> {
    let mut out = Vec::new();
    for selection in &set.selections {
        match selection {
            Selection::Field(field) => out.push(field.as_ref()),
            Selection::InlineFragment(fragment) => {
                out.extend(connection_parts(&fragment.selection_set, document));
            }
            Selection::FragmentSpread(spread) => {
                if let Some(fragment) = spread.fragment_def(document) {
                    out.extend(connection_parts(&fragment.selection_set, document));
                }
            }
        }
    }
    out
}
