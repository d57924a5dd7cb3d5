//! What arguments of one call must have in common, and what the items of a list argument must be.

use super::shapes::{is_inexact, is_money, is_number, is_record, join};
use super::{Checker, Part, shown_type};
use crate::ast::{Ast, Kind};
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
            "concat" => {
                if let Some((second, other)) = given(1) {
                    self.same_items((&item, first), (other, second));
                }
            }
            "currency_of" => {
                let fits = |ty: &Type| is_money(ty) && !matches!(ty, Type::Optional(_));
                self.takes(function, first, ty, ("an amount with its currency", fits));
            }
            "merge" => {
                if let Some((second, other)) = given(1) {
                    let fits = |ty: &Type| is_record(ty.required());
                    self.takes(function, second, other, ("a record", fits));
                }
            }
            "div" => {
                if let Some((other, ty)) = given(3) {
                    self.takes(
                        function,
                        other,
                        ty.required(),
                        ("a number or an amount", is_amount),
                    );
                    let absent = matches!(other.kind, Kind::Null | Kind::Omit | Kind::Keep);
                    if absent || matches!(ty, Type::Optional(_)) {
                        let ty = if absent { Type::Int.optional() } else { ty.clone() };
                        self.needs_value(&of(&ty), other, "the argument `else` of `div`");
                    }
                }
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
                if let Some((ast, key)) = given(1)
                    && self.needs_value(&of(key), ast, "a key")
                {
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

    /// Two lists that become one hold items of one kind.
    fn same_items(&mut self, (item, first): (&Type, &Ast), (other, second): (&Type, &Ast)) {
        let Type::List(theirs) = other.required() else { return };
        let kinds = (item.required(), theirs.required());
        if *kinds.0 != Type::Dyn && *kinds.1 != Type::Dyn {
            let (a, b) = (of(kinds.0), of(kinds.1));
            self.same_kind((&a, first), (&b, second));
        }
    }

    /// A quotient that was not rounded goes into arithmetic and into functions that round it, and
    /// nowhere else: everything else would take it for an exact number.
    pub(super) fn rounded_arguments(
        &mut self,
        function: &Function,
        placed: &[Option<&Ast>],
        types: &[Type],
    ) -> bool {
        let takes_it = [
            "abs",
            "amount",
            "ceiling",
            "div",
            "floor",
            "gross",
            "max",
            "min",
            "net",
            "round",
            "sum",
            "unit_price",
            "vat_part",
            "script",
            "warn",
            "count",
            "map",
            "filter",
            "flat_map",
            "first",
            "last",
            "find",
            "any",
            "all",
            "sort_by",
            "take",
            "drop",
            "reverse",
            "concat",
            "present",
            "blank",
            "single",
            "chunk",
        ];
        for (at, (ast, ty)) in placed.iter().zip(types).enumerate() {
            let weights = function.name == "allocate" && at == 1;
            let allowed = weights || takes_it.contains(&function.name);
            if let Some(ast) = ast
                && is_inexact(ty)
                && !allowed
            {
                self.inexact(ast, &format!("`{}`", function.name));
                return false;
            }
        }
        true
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

/// The type of two lists made one.
pub(crate) fn joined(types: &[Type]) -> Type {
    let item = |at: usize| match types.get(at).map(Type::required) {
        Some(Type::List(item)) => Some((**item).clone()),
        _ => None,
    };
    match (item(0), item(1)) {
        (Some(a), Some(b)) => join(&Types::default(), &a, &b).list(),
        _ => Type::Dyn.list(),
    }
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
