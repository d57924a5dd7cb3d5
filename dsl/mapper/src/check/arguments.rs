//! What arguments of one call must have in common, and what the items of a list argument must be.

use super::shapes::{is_money, is_number, is_record, join};
use super::{Checker, Part, shown_type};
use crate::ast::Ast;
use crate::code::Code;
use crate::functions::Function;
use crate::print::print;
use crate::types::{Type, Types};

impl Checker<'_> {
    /// The kinds of arguments that single parameters can't tell. `types` stand in the order of the
    /// parameters, `dyn` where nothing is known.
    pub(super) fn kinds(&mut self, function: &Function, placed: &[Option<&Ast>], types: &[Type]) {
        let given = |at: usize| Some(((*placed.get(at)?)?, types.get(at)?));
        let Some((first, ty)) = given(0) else { return };
        let item = match ty.required() {
            Type::List(item) => (**item).clone(),
            _ => Type::Dyn,
        };
        match function.name {
            "max" | "min" => match given(1) {
                Some((second, other)) => {
                    let (a, b) = (of(ty), of(other));
                    if self.takes(function, first, ty, ("a value with an order", has_order)) {
                        self.same_kind((&a, first), (&b, second));
                    }
                }
                None if matches!(ty, Type::List(_)) => {
                    self.takes(function, first, &item, ("values with an order", has_order));
                }
                None => {
                    self.takes(function, first, ty, ("two values or a list", |_| false));
                }
            },
            "sum" => {
                let (ast, summed) = given(1).unwrap_or((first, &item));
                let summed = if let Type::Optional(_) = summed {
                    let part = of(summed);
                    if !self.needs_value(&part, ast, "`sum`") {
                        return;
                    }
                    summed.required()
                } else {
                    summed
                };
                self.takes(function, ast, summed, ("numbers or amounts", is_amount));
            }
            "allocate" => {
                if let Some((weights, Type::List(weight))) = given(1) {
                    self.takes(function, weights, weight, ("numbers or amounts", is_amount));
                }
            }
            "sort_by" => {
                let (ast, key) = given(1).unwrap_or((first, &item));
                self.takes(function, ast, key.required(), ("a key with an order", has_order));
            }
            "index_by" => {
                if let Some((ast, key)) = given(1) {
                    self.takes(function, ast, key.required(), ("a plain key", is_plain));
                }
            }
            "join" => {
                self.takes(function, first, item.required(), ("plain items", is_plain));
            }
            "text" => {
                self.takes(function, first, ty, ("a plain value", is_plain));
            }
            "number" | "int" => {
                self.takes(function, first, ty, ("a text or a number", is_text_or_amount));
            }
            "ref" | "refs" | "sent" => {
                if let Some((id, ty)) = given(1) {
                    self.takes(function, id, ty.required(), ("a plain id", is_plain));
                }
            }
            _ => {}
        }
    }

    /// Reports an argument that is not what a function can work with.
    fn takes(
        &mut self,
        function: &Function,
        ast: &Ast,
        ty: &Type,
        (wanted, fits): (&str, fn(&Type) -> bool),
    ) -> bool {
        if *ty == Type::Dyn || fits(ty) {
            return true;
        }
        let message = format!(
            "`{}` needs {wanted}, `{}` gives {}",
            function.name,
            print(ast),
            shown_type(ty)
        );
        self.error_with("M004", &ast.span, message, &function.signature());
        false
    }
}

fn of(ty: &Type) -> Part {
    Part::new(Code::Omit, ty.clone())
}

fn is_amount(ty: &Type) -> bool {
    !matches!(ty, Type::Optional(_)) && (is_number(ty) || is_money(ty))
}

fn is_text_or_amount(ty: &Type) -> bool {
    matches!(ty, Type::Text | Type::Enum(_)) || is_number(ty) || is_money(ty)
}

fn is_plain(ty: &Type) -> bool {
    !is_record(ty) && !matches!(ty, Type::List(_))
}

fn has_order(ty: &Type) -> bool {
    is_plain(ty) && !matches!(ty, Type::Optional(_))
}

/// The type of the larger or smaller of two values, or of the items of a list.
pub(crate) fn one_of(types: &[Type]) -> Type {
    match types {
        [Type::List(item), ..] => (**item).clone(),
        // What has an order is no record, so no record types are needed to join it.
        [first, second, ..] if *second != Type::Dyn => join(&Types::default(), first, second),
        [first, ..] => first.clone(),
        [] => Type::Dyn,
    }
}
