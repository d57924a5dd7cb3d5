//! Comparisons: both sides are of one kind, and literals are values the other side may have.

use std::sync::Arc;

use tenon_source::Diagnostic;
use tenon_value::time;

use super::shapes::{is_inexact, is_money, is_number, is_record};
use super::{Checker, Part, Sort, shown_type};
use crate::ast::{Ast, Kind, Operator};
use crate::code::Code;
use crate::print::print;
use crate::types::Type;

impl Checker<'_> {
    pub(super) fn compared(&mut self, op: Operator, a: (&Part, &Ast), b: (&Part, &Ast)) {
        let equality = matches!(op, Operator::Equal | Operator::NotEqual);
        if matches!(op, Operator::In | Operator::NotIn) {
            return self.member(a, b);
        }
        for (part, ast) in [a, b] {
            if !equality {
                if part.sort == Sort::Absent || matches!(part.ty, Type::Optional(_)) {
                    self.needs_value(part, ast, "a comparison");
                    return;
                }
                if is_record(&part.ty) || matches!(part.ty, Type::List(_)) {
                    return self.no_order(op, part, ast);
                }
            } else if is_inexact(&part.ty) {
                return self.inexact(ast, "a comparison");
            }
        }
        if a.0.sort == Sort::Absent || b.0.sort == Sort::Absent {
            return;
        }
        self.same_kind(a, b);
    }

    /// Lists and records are the same or not, never more or less.
    fn no_order(&mut self, op: Operator, part: &Part, ast: &Ast) {
        let message = format!(
            "`{}` needs values with an order, `{}` is {}",
            op.symbol(),
            print(ast),
            shown_type(&part.ty)
        );
        let list = matches!(part.ty, Type::List(_));
        let (code, note) = if list {
            ("M032", "take one item with first(…) or [0], or count them with count(…)")
        } else {
            ("M004", "name one of its fields")
        };
        self.error_with(code, &ast.span, message, note);
    }

    fn member(&mut self, a: (&Part, &Ast), b: (&Part, &Ast)) {
        if is_inexact(&a.0.ty) {
            return self.inexact(a.1, "`in`");
        }
        if !self.needs_value(b.0, b.1, "`in`") {
            return;
        }
        if let Kind::List(items) = &b.1.kind {
            for item in items {
                let before = self.found.len();
                let part = self.check(item);
                self.found.truncate(before);
                if is_inexact(&part.ty) {
                    return self.inexact(item, "`in`");
                }
                if part.sort == Sort::Plain {
                    self.same_kind(a, (&part, item));
                }
            }
            return;
        }
        if is_inexact(&b.0.ty) {
            return self.inexact(b.1, "`in`");
        }
        match b.0.ty.required() {
            Type::Dyn | Type::Map(_) | Type::Record(_) | Type::Named(_) => {}
            Type::List(item) => {
                let item = Part::new(Code::Omit, (**item).clone());
                self.same_kind(a, (&item, b.1));
            }
            other => {
                let message =
                    format!("`in` needs a list, `{}` is {}", print(b.1), shown_type(other));
                self.error_with("M004", &b.1.span, message, "write contains(text, part) for texts");
            }
        }
    }

    pub(super) fn same_kind(&mut self, a: (&Part, &Ast), b: (&Part, &Ast)) {
        let (x, y) = (a.0.ty.required(), b.0.ty.required());
        for ((ty, _), (other, ast)) in [((x, a.1), (y, b.1)), ((y, b.1), (x, a.1))] {
            if let (Type::Enum(values), Type::Text, Some(text)) = (ty, other, ast.as_plain_text()) {
                return self.in_enum(&text, values, ast);
            }
        }
        let fits = match (x, y) {
            (Type::Dyn, _) | (_, Type::Dyn) => true,
            _ if (is_number(x) || is_money(x)) && (is_number(y) || is_money(y)) => true,
            (Type::Text | Type::Enum(_), Type::Text | Type::Enum(_)) => true,
            (Type::Date, Type::Text) => dated(b.1, |t| time::parse_date(t).is_some()),
            (Type::Text, Type::Date) => dated(a.1, |t| time::parse_date(t).is_some()),
            (Type::DateTime, Type::Text) => dated(b.1, |t| time::parse_datetime(t).is_some()),
            (Type::Text, Type::DateTime) => dated(a.1, |t| time::parse_datetime(t).is_some()),
            (Type::List(_), Type::List(_)) => true,
            _ if is_record(x) && is_record(y) => true,
            _ => x == y,
        };
        if fits {
            return;
        }
        let at = a.1.span.start..b.1.span.end.max(a.1.span.end);
        let at = if a.1.span.start <= b.1.span.start { at } else { b.1.span.clone() };
        let message = format!("{} is never the same as {}", shown_type(x), shown_type(y));
        let (code, note) = match (x, y) {
            (Type::Date, Type::DateTime) | (Type::DateTime, Type::Date) => {
                ("M030", "write date(…, \"Europe/Stockholm\"): the day depends on the zone")
            }
            (Type::List(_), _) | (_, Type::List(_)) => {
                ("M032", "take one item with first(…) or [0], or ask with `in`")
            }
            (Type::Text, _) | (_, Type::Text) => ("M004", "write text(…) or number(…) on one side"),
            _ => ("M004", "compare values of one kind"),
        };
        self.error_with(code, &at, message, note);
    }

    /// A literal text against the values it may have.
    pub(super) fn in_enum(&mut self, text: &str, values: &[Arc<str>], ast: &Ast) {
        if values.iter().any(|v| **v == *text) {
            return;
        }
        let span = self.span(&ast.span);
        let mut found =
            Diagnostic::error("M011", span.clone(), format!("\"{text}\" is not one of its values"));
        let near = tenon_source::near(text, values.iter().map(|v| &**v));
        if let Some(near) = near {
            let sure = super::paths::slip(text, near);
            found = found.note(format!("did you mean \"{near}\"?"));
            // In an expression the span has the quotes in it, in a quoted YAML scalar it has not.
            let quotes = ast.span.len().saturating_sub(text.len());
            found = match quotes {
                0 => found.fix(span, near, sure),
                2 => found.fix(span, format!("\"{near}\""), sure),
                _ => found,
            };
        } else {
            let shown: Vec<&str> = values.iter().take(12).map(|v| &**v).collect();
            found = found.note(format!("values are {}", shown.join(", ")));
        }
        self.found.push(found);
    }

    pub(super) fn approx(&mut self, sides: [&Ast; 3]) -> Part {
        let mut codes = Vec::with_capacity(3);
        for ast in sides {
            let part = self.check(ast);
            if !self.needs_value(&part, ast, "`~=`") {
                return Part::new(Code::Omit, Type::Bool);
            }
            let ty = part.ty.required();
            if !(is_number(ty) || is_money(ty) || matches!(ty, Type::Dyn)) {
                let message = format!("`~=` needs numbers, `{}` is {}", print(ast), shown_type(ty));
                self.error("M004", &ast.span, message);
            }
            codes.push(part.code);
        }
        match <[Code; 3]>::try_from(codes) {
            Ok(sides) => Part::new(Code::Approx(Box::new(sides)), Type::Bool),
            Err(_) => Part::unknown(),
        }
    }
}

/// A literal that a date or an instant can be compared with; other texts are judged when evaluated.
fn dated(ast: &Ast, reads: impl Fn(&str) -> bool) -> bool {
    ast.as_plain_text().is_some_and(|text| reads(&text))
}
