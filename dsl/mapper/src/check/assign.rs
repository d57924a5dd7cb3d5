//! Whether what an expression comes to fits what is wanted of it.

use std::ops::Range;
use std::sync::Arc;

use tenon_source::Diagnostic;
use tenon_value::time;

use super::shapes::{is_money, is_number};
use super::{Checker, Part, Sort, shown_type};
use crate::ast::{Ast, Kind, Operator};
use crate::mapping::code::Write;
use crate::print::print;
use crate::types::{Field, Type, Wire};

/// What is wanted of an expression.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target<'t> {
    /// The type.
    pub(crate) ty: &'t Type,
    /// Longest text.
    pub(crate) max_length: Option<u32>,
    /// Must be there.
    pub(crate) required: bool,
    /// A name for messages: `Currency`.
    pub(crate) name: &'t str,
}

impl<'t> Target<'t> {
    pub(crate) fn field(name: &'t str, field: &'t Field) -> Target<'t> {
        Target { ty: &field.ty, max_length: field.max_length, required: field.required, name }
    }

    pub(crate) fn wanted(ty: &'t Type) -> Target<'t> {
        let required = !matches!(ty, Type::Optional(_) | Type::Dyn);
        Target { ty, max_length: None, required, name: "this value" }
    }
}

impl Checker<'_> {
    /// Checks a whole against its target; at most one finding for the whole, one per literal.
    pub(crate) fn assign(&mut self, part: &Part, ast: &Ast, target: &Target<'_>) {
        let before = self.found.len();
        self.literals(ast, target);
        if self.found.len() > before || part.sort == Sort::Never {
            return;
        }
        let nullable = part.sort == Sort::Absent || matches!(part.ty, Type::Optional(_));
        if nullable && target.required && !ends_in_keep(ast) {
            let message =
                format!("`{}` may be missing, and {} is required", print(ast), target.name);
            let note = "add a fallback with `//`, or fail(\"CODE\", \"…\") as the last link";
            return self.error_with("M003", &ast.span, message, note);
        }
        if part.sort == Sort::Absent {
            return;
        }
        if let (Kind::Record(entries), Some(_)) = (&ast.kind, self.fields_of(target.ty)) {
            return self.literal_record(part, entries, ast, target);
        }
        self.compatible(&part.ty, ast, target);
    }

    fn literal_record(
        &mut self,
        part: &Part,
        entries: &[(crate::ast::Word, Ast)],
        ast: &Ast,
        target: &Target<'_>,
    ) {
        let Some(fields) = self.fields_of(target.ty).cloned() else { return };
        let Type::Record(made) = &part.ty else { return };
        let mut meant: Vec<String> = Vec::new();
        for (word, value) in entries {
            match fields.get(word.text.as_str()) {
                None => {
                    self.no_target_field(&word.text, &word.span, &fields, target.ty);
                    let missing = fields.iter().filter(|(name, _)| !made.contains_key(*name));
                    let near = tenon_source::near(&word.text, missing.map(|(name, _)| &**name));
                    meant.extend(near.map(str::to_owned));
                }
                Some(field) => {
                    self.target_field(&word.text, field, &word.span);
                    let ty = made.get(word.text.as_str()).map_or(Type::Dyn, |f| f.ty.clone());
                    let inner = Part::new(crate::code::Code::Omit, ty);
                    self.assign(&inner, value, &Target::field(&word.text, field));
                }
            }
        }
        let missing: Vec<&str> = fields
            .iter()
            .filter(|(name, field)| field.required && !made.contains_key(*name))
            .map(|(name, _)| &**name)
            .filter(|name| !meant.iter().any(|m| m == name))
            .collect();
        if !missing.is_empty() {
            let message = format!("required fields are not given: {}", missing.join(", "));
            self.error("M017", &ast.span, message);
        }
    }

    pub(crate) fn no_target_field(
        &mut self,
        name: &str,
        at: &Range<usize>,
        fields: &indexmap::IndexMap<Arc<str>, Field>,
        ty: &Type,
    ) {
        let names: Vec<String> =
            fields.iter().filter(|(_, f)| !f.read_only).map(|(n, _)| n.to_string()).collect();
        self.unknown(
            ("M014", format!("{} has no field `{name}`", ty.required())),
            name,
            at,
            &names,
        );
    }

    /// Read-only and deprecated fields.
    pub(crate) fn target_field(&mut self, name: &str, field: &Field, at: &Range<usize>) {
        let span = self.span(at);
        if field.read_only {
            let message = format!("`{name}` is computed by the target and can't be written");
            self.found.push(Diagnostic::error("M015", span, message));
        } else if let Some(why) = &field.deprecated {
            let message = format!("`{name}` should not be used any more");
            self.found.push(Diagnostic::warning("M016", span, message).note(why.to_string()));
        }
    }

    /// Literals at the ends: enum values and lengths.
    fn literals(&mut self, ast: &Ast, target: &Target<'_>) {
        match &ast.kind {
            Kind::If(_, a, b) | Kind::Try(a, b) => {
                self.literals(a, target);
                self.literals(b, target);
            }
            Kind::Binary(Operator::Fallback | Operator::Coalesce, a, b) => {
                self.literals(a, target);
                self.literals(b, target);
            }
            Kind::Let(_, _, body) => self.literals(body, target),
            Kind::Match(_, arms) => arms.iter().for_each(|arm| self.literals(&arm.gives, target)),
            Kind::Call(name, arguments) if name.text == "truncate" => {
                self.cut(arguments.iter().map(|a| &a.value).nth(1), target);
            }
            Kind::Pipe(_, name, arguments) if name.text == "truncate" => {
                self.cut(arguments.iter().map(|a| &a.value).next(), target);
            }
            _ => {
                let Some(text) = ast.as_plain_text() else { return };
                if let Type::Enum(values) = target.ty.required() {
                    self.in_enum(&text, values, ast);
                }
                let length = text.chars().count();
                if let Some(longest) = target.max_length
                    && usize::try_from(longest).is_ok_and(|longest| length > longest)
                {
                    let message = format!(
                        "the text has {length} characters, {} takes {longest}",
                        target.name
                    );
                    self.error("M013", &ast.span, message);
                }
                let dated = match target.ty.required() {
                    Type::Date => time::parse_date(&text).is_some(),
                    Type::DateTime => time::parse_datetime(&text).is_some(),
                    _ => true,
                };
                if !dated {
                    let message = format!("\"{text}\" is no {}", target.ty.required());
                    self.error("M004", &ast.span, message);
                }
            }
        }
    }

    /// A text that is cut, but not to what the target takes.
    fn cut(&mut self, length: Option<&Ast>, target: &Target<'_>) {
        let (Some(longest), Some(ast)) = (target.max_length, length) else { return };
        if let Kind::Number(length) = &ast.kind
            && *length > tenon_value::Number::from(i64::from(longest))
        {
            let message = format!("the text is cut at {length}, {} takes {longest}", target.name);
            let span = self.span(&ast.span);
            let found = Diagnostic::error("M013", span.clone(), message);
            self.found.push(found.fix(span, longest.to_string(), false));
        }
    }

    fn compatible(&mut self, found: &Type, ast: &Ast, target: &Target<'_>) {
        let (from, to) = (found.required(), target.ty.required());
        if super::shapes::is_inexact(from) {
            return self.inexact(ast, target.name);
        }
        if self.fits_type(from, to) {
            return;
        }
        let message = format!(
            "{} is {}, `{}` is {}",
            target.name,
            shown_type(to),
            print(ast),
            shown_type(from)
        );
        let (code, note) = match (from, to) {
            (Type::DateTime, Type::Date) => {
                ("M030", "write date(…, \"Europe/Stockholm\"): the day depends on the zone")
            }
            (Type::Decimal, Type::Int) => ("M031", "write round(…, 0, mode) |> int()"),
            (Type::List(_), _) if !matches!(to, Type::List(_)) => {
                ("M032", "take one item with first(…), or join texts with join(…)")
            }
            (Type::Enum(_), Type::Enum(_)) => (
                "M011",
                "write a match that gives one of the target's values for each of the source's",
            ),
            (_, Type::Text | Type::Enum(_)) if is_number(from) || is_money(from) => {
                ("M004", "write text(…) where the number is meant as text")
            }
            (Type::Text, _) if is_number(to) => {
                ("M004", "write number(…) where the text holds one")
            }
            (Type::Text, Type::Date) => ("M004", "write parse_date(…) where the text holds one"),
            _ => ("M004", "the target's schema says so"),
        };
        self.error_with(code, &ast.span, message, note);
    }

    /// Whether values of a type can be written where another is wanted.
    fn fits_type(&self, from: &Type, to: &Type) -> bool {
        match (from.required(), to.required()) {
            (Type::Dyn, _) | (_, Type::Dyn) => true,
            (Type::Text | Type::Enum(_), Type::Text) | (Type::Text, Type::Enum(_)) => true,
            (Type::Enum(x), Type::Enum(y)) => x.iter().all(|v| y.contains(v)),
            (Type::Text, Type::Date | Type::DateTime) => true,
            (Type::Int, Type::Int) => true,
            (x, Type::Decimal) => (is_number(x) || is_money(x)) && !super::shapes::is_inexact(x),
            (x, Type::Money | Type::MoneyBag) => is_money(x),
            (Type::List(x), Type::List(y)) | (Type::Map(x), Type::Map(y)) => self.fits_type(x, y),
            (Type::Named(x), Type::Named(y)) if x == y => true,
            (x, y) if self.fields_of(y).is_some() => match (self.fields_of(x), self.fields_of(y)) {
                (Some(given), Some(wanted)) => given.iter().all(|(name, field)| {
                    wanted.get(name).is_some_and(|w| self.shallow(&field.ty, &w.ty))
                }),
                _ => matches!(x, Type::Map(_)),
            },
            (Type::Named(_) | Type::Record(_), Type::Map(_)) => true,
            (x, y) => x == y,
        }
    }

    /// As `fits_type`, but records inside records are taken as they are.
    fn shallow(&self, from: &Type, to: &Type) -> bool {
        match (from.required(), to.required()) {
            (Type::Named(_) | Type::Record(_), Type::Named(_) | Type::Record(_)) => true,
            (Type::List(_), Type::List(_)) => true,
            (x, y) => self.fits_type(x, y),
        }
    }

    /// How a value is written where a field is wanted.
    pub(crate) fn write_form(&self, field: &Field) -> Write {
        let form = self.write_of(&field.ty, field.max_length, 0);
        if field.wire == Wire::Text && !matches!(form, Write::Text(_) | Write::Any) {
            return Write::AsText(Box::new(form));
        }
        form
    }

    pub(crate) fn write_of(&self, ty: &Type, max_length: Option<u32>, depth: u8) -> Write {
        match ty {
            Type::Optional(inner) => self.write_of(inner, max_length, depth),
            Type::Text => Write::Text(max_length),
            Type::Enum(values) => Write::Enum(Arc::clone(values)),
            Type::Bool => Write::Bool,
            Type::Int => Write::Int,
            Type::Decimal => Write::Decimal,
            Type::Money | Type::MoneyBag => Write::Money,
            Type::Date => Write::Date,
            Type::DateTime => Write::DateTime,
            Type::List(inner) => Write::List(Box::new(self.write_of(inner, None, depth))),
            Type::Named(_) | Type::Record(_) if depth < 4 => match self.fields_of(ty) {
                Some(fields) => Write::Record(Arc::new(
                    fields
                        .iter()
                        .map(|(name, field)| {
                            let deeper = depth.saturating_add(1);
                            let form = self.write_of(&field.ty, field.max_length, deeper);
                            let as_text = field.wire == Wire::Text
                                && !matches!(form, Write::Text(_) | Write::Any);
                            let form = if as_text { Write::AsText(Box::new(form)) } else { form };
                            (Arc::clone(name), form)
                        })
                        .collect(),
                )),
                None => Write::Any,
            },
            _ => Write::Any,
        }
    }
}

/// Whether what is absent is `keep`, which leaves a required field as it is there.
fn ends_in_keep(ast: &Ast) -> bool {
    match &ast.kind {
        Kind::Keep => true,
        Kind::Binary(Operator::Fallback | Operator::Coalesce, _, b) => ends_in_keep(b),
        _ => false,
    }
}
