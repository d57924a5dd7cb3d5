//! Function calls.

use std::sync::Arc;

use tenon_source::Diagnostic;
use tenon_value::Value;

use super::paths::slip;
use super::shapes::{is_money, is_number};
use super::{Checker, Part, Sort, shown_type};
use crate::ast::{Argument, Ast, Kind, Word};
use crate::code::Code;
use crate::functions::{Callee, Function, MODES, Param, Takes};
use crate::print::print;
use crate::types::Type;

impl Checker<'_> {
    pub(super) fn call(
        &mut self,
        name: &Word,
        first: Option<&Ast>,
        arguments: &[Argument],
    ) -> Part {
        let Some(function) = Function::named(&name.text) else {
            return self.no_function(name, first, arguments);
        };
        let Some(placed) = self.arrange(function, name, first, arguments) else {
            return Part::new(Code::Omit, (function.result)(&[]));
        };
        self.fallible |= function.fallible;
        if function.name == "lookup" {
            return self.lookup(&placed);
        }
        let before = self.found.len();
        let mut codes = Vec::with_capacity(function.params.len());
        let mut types = Vec::with_capacity(function.params.len());
        for (param, ast) in function.params.iter().zip(&placed) {
            let part = match ast {
                Some(ast) => self.argument(function, param, ast, types.first()),
                None => self.left_out(function, param, name),
            };
            types.push(if part.sort == Sort::Plain { part.ty } else { Type::Dyn });
            codes.push(part.code);
        }
        let broken = |d: &Diagnostic| d.severity == tenon_source::Severity::Error;
        if !self.found.iter().skip(before).any(broken) {
            self.special(function, &placed);
            if self.rounded_arguments(function, &placed, &types) {
                self.kinds(function, &placed, &types);
            }
        }
        if self.env.money.vat_as_given && ["net", "gross", "vat_part"].contains(&function.name) {
            let span = self.span(&name.span);
            let message = format!("`{}` computes VAT that the source states", function.name);
            self.found.push(Diagnostic::warning("M042", span, message));
        }
        let sort = if function.gives == "never" { Sort::Never } else { Sort::Plain };
        Part { code: Code::Call(Callee(function), codes), ty: (function.result)(&types), sort }
    }

    fn no_function(&mut self, name: &Word, first: Option<&Ast>, arguments: &[Argument]) -> Part {
        let near = tenon_source::near(&name.text, crate::functions::ALL.iter().map(|f| f.name));
        let span = self.span(&name.span);
        let message = format!("there is no function `{}`", name.text);
        let mut found = Diagnostic::error("M005", span.clone(), message);
        if let Some(near) = near {
            found = found.note(format!("did you mean `{near}`?"));
            found = found.fix(span, near, slip(&name.text, near));
        } else {
            found =
                found.note("a script can do what no function does: script(\"file.rhai::name\", …)");
        }
        self.found.push(found);
        for ast in first.into_iter().chain(arguments.iter().map(|a| &a.value)) {
            if let Kind::Lambda(word, body) = &ast.kind {
                self.push(&word.text, Type::Dyn, false);
                self.check(body);
                self.pop(None);
            } else {
                self.check(ast);
            }
        }
        Part::unknown()
    }

    /// Arguments in the order of the parameters; none after a finding.
    fn arrange<'t>(
        &mut self,
        function: &'static Function,
        name: &Word,
        first: Option<&'t Ast>,
        arguments: &'t [Argument],
    ) -> Option<Vec<Option<&'t Ast>>> {
        let mut placed: Vec<Option<&Ast>> = vec![None; function.params.len()];
        let mut next = 0_usize;
        let unnamed = first.map(|ast| (None, ast));
        let all = arguments.iter().map(|a| (a.name.as_ref(), &a.value));
        for (word, ast) in unnamed.into_iter().chain(all) {
            let at = match word {
                None => {
                    next = next.saturating_add(1);
                    next.saturating_sub(1)
                }
                Some(word) => match function.params.iter().position(|p| p.name == word.text) {
                    Some(at) => at,
                    None => {
                        let names: Vec<String> =
                            function.params.iter().map(|p| p.name.to_owned()).collect();
                        let message =
                            format!("`{}` has no parameter `{}`", function.name, word.text);
                        self.unknown(("M006", message), &word.text, &word.span, &names);
                        return None;
                    }
                },
            };
            match placed.get_mut(at) {
                Some(slot @ None) => *slot = Some(ast),
                Some(Some(_)) => {
                    let message = format!("an argument of `{}` is given twice", function.name);
                    self.error_with("M006", &ast.span, message, &function.signature());
                    return None;
                }
                None => {
                    let message = format!(
                        "`{}` takes at most {} arguments",
                        function.name,
                        function.params.len()
                    );
                    self.error_with("M006", &ast.span, message, &function.signature());
                    return None;
                }
            }
        }
        let missing = function
            .params
            .iter()
            .zip(&placed)
            .find(|(param, ast)| ast.is_none() && !param.optional);
        if let Some((param, _)) = missing {
            let message = format!("`{}` needs the argument `{}`", function.name, param.name);
            self.error_with("M006", &name.span, message, &function.signature());
            return None;
        }
        Some(placed)
    }

    /// A parameter without an argument: the mapping's rounding mode, or nothing.
    fn left_out(&mut self, function: &Function, param: &Param, name: &Word) -> Part {
        if param.takes != Takes::OneOf(MODES) {
            return Part { code: Code::Omit, ty: Type::Dyn, sort: Sort::Absent };
        }
        match self.env.money.rounding {
            Some(mode) => {
                let known = tenon_value::Rounding::ALL.iter().find(|(_, m)| *m == mode);
                let word = known.map_or("half_up", |(name, _)| *name);
                Part::new(Code::Const(Value::text(word)), Type::Text)
            }
            None => {
                let message = format!("`{}` does not say how a half is rounded", function.name);
                let note = "add the mode (\"half_up\", \"half_even\", …), or `money: { rounding: … }` to the mapping";
                self.error_with("M019", &name.span, message, note);
                Part::unknown()
            }
        }
    }

    fn argument(
        &mut self,
        function: &Function,
        param: &Param,
        ast: &Ast,
        list: Option<&Type>,
    ) -> Part {
        if matches!(param.takes, Takes::Lambda | Takes::Condition) {
            return self.lambda(function, param, ast, list);
        }
        let part = self.check(ast);
        if part.sort == Sort::Absent || matches!(part.ty, Type::Optional(_)) {
            if !param.absent {
                let place = format!("the argument `{}` of `{}`", param.name, function.name);
                self.needs_value(&part, ast, &place);
                return part;
            }
            if part.sort == Sort::Absent {
                return part;
            }
        }
        let ty = part.ty.required();
        let listed = matches!(
            function.name,
            "count"
                | "first"
                | "last"
                | "any"
                | "all"
                | "find"
                | "filter"
                | "map"
                | "flat_map"
                | "sort_by"
                | "distinct"
                | "group_by"
                | "index_by"
                | "present"
                | "take"
                | "drop"
                | "concat"
                | "chunk"
                | "reverse"
                | "single"
        ) && matches!(param.name, "list" | "a" | "b");
        let wanted = if listed { Takes::List } else { param.takes };
        if !fits(wanted, ty) {
            let message = format!(
                "the argument `{}` of `{}` is {}, `{}` is {}",
                param.name,
                function.name,
                wanted.words(),
                print(ast),
                shown_type(ty)
            );
            let code = match (wanted, ty) {
                (Takes::Date, Type::DateTime) => "M030",
                (Takes::Text | Takes::Number | Takes::Int | Takes::Amount, Type::List(_)) => "M032",
                _ => "M004",
            };
            self.error_with(code, &ast.span, message, &function.signature());
        }
        if let (Takes::OneOf(words), Some(text)) = (wanted, ast.as_plain_text()) {
            let values: Vec<Arc<str>> = words.iter().map(|w| Arc::from(*w)).collect();
            self.in_enum(&text, &values, ast);
        }
        part
    }

    fn lambda(
        &mut self,
        function: &Function,
        param: &Param,
        ast: &Ast,
        list: Option<&Type>,
    ) -> Part {
        let Kind::Lambda(word, body) = &ast.kind else {
            let message = format!(
                "the argument `{}` of `{}` is a function: `x => …`",
                param.name, function.name
            );
            self.error_with("M043", &ast.span, message, &function.signature());
            return Part::unknown();
        };
        let item = match list.map(Type::required) {
            Some(Type::List(item)) => (**item).clone(),
            _ => Type::Dyn,
        };
        self.shadows(&word.text, &word.span);
        self.push(&word.text, item, false);
        let part = self.check(body);
        self.pop(None);
        if param.takes == Takes::Condition {
            self.needs_bool(&part, body);
        }
        Part { code: Code::Lambda(Box::new(part.code)), ..part }
    }

    /// What only one function asks for.
    fn special(&mut self, function: &Function, placed: &[Option<&Ast>]) {
        let literal = |at: usize| {
            let ast = (*placed.get(at)?)?;
            Some((ast.as_plain_text()?, ast))
        };
        match function.name {
            "matches" | "match_text" => {
                if let Some((pattern, ast)) = literal(1)
                    && let Err(why) = crate::functions::catalog::matches_::compiled(&pattern)
                {
                    self.error("M025", &ast.span, format!("`{pattern}` {why}"));
                }
            }
            "script" => {
                let given = placed.iter().skip(1).filter(|a| a.is_some()).count();
                match literal(0) {
                    Some((name, ast)) => self.script(&name, given, ast),
                    None => {
                        if let Some(Some(ast)) = placed.first() {
                            let message = "the script is named by a literal text".to_owned();
                            self.error_with(
                                "M027",
                                &ast.span,
                                message,
                                "script(\"file.rhai::name\", …)",
                            );
                        }
                    }
                }
            }
            "fail" => {
                if let Some((code, ast)) = literal(0)
                    && !code
                        .chars()
                        .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
                {
                    let message = "a fault's code is written in capitals: LIKE_THIS".to_owned();
                    self.error("M006", &ast.span, message);
                }
            }
            "setting" => {
                if let Some((name, ast)) = literal(0)
                    && !self.env.settings.contains_key(&name)
                    && !self.env.open
                {
                    let names: Vec<String> = self.env.settings.keys().cloned().collect();
                    let inner = ast.span.start.saturating_add(1)..ast.span.end.saturating_sub(1);
                    self.unknown(
                        ("M039", format!("there is no setting `{name}`")),
                        &name,
                        &inner,
                        &names,
                    );
                }
            }
            "date" | "format_datetime" => {
                let at = function.params.iter().position(|p| p.name == "zone").unwrap_or(1);
                if let Some((zone, ast)) = literal(at)
                    && tenon_value::time::zone(&zone).is_none()
                {
                    self.error_with(
                        "M006",
                        &ast.span,
                        format!("`{zone}` is no time zone"),
                        "zones are named like Europe/Stockholm",
                    );
                }
            }
            _ => {}
        }
    }

    /// A script function by name, found in the file's text.
    fn script(&mut self, name: &str, given: usize, ast: &Ast) {
        let Some((file, function)) = name.split_once("::") else {
            let message = format!("`{name}` names no script function");
            return self.error_with("M027", &ast.span, message, "write \"file.rhai::name\"");
        };
        let inner = ast.span.start.saturating_add(1)..ast.span.end.saturating_sub(1);
        let Some(text) = self.env.scripts.get(file) else {
            if !self.env.open {
                let files: Vec<String> = self.env.scripts.keys().cloned().collect();
                let at = inner.start..inner.start.saturating_add(file.len());
                self.unknown(
                    ("M027", format!("there is no script file `{file}`")),
                    file,
                    &at,
                    &files,
                );
            }
            return;
        };
        let functions = crate::script::functions_of(text);
        match functions.iter().find(|(n, _)| n == function) {
            None => {
                let names: Vec<String> = functions.into_iter().map(|(n, _)| n).collect();
                let at = inner.end.saturating_sub(function.len())..inner.end;
                let message = format!("`{file}` has no function `{function}`");
                self.unknown(("M027", message), function, &at, &names);
            }
            Some((_, takes)) if *takes != given => {
                let message = format!("`{function}` takes {takes} arguments, {given} are given");
                self.error("M006", &ast.span, message);
            }
            Some(_) => {}
        }
    }
}

/// Whether a parameter takes a type.
fn fits(takes: Takes, ty: &Type) -> bool {
    if *ty == Type::Dyn {
        return true;
    }
    match takes {
        Takes::Any | Takes::Lambda | Takes::Condition => true,
        Takes::Text | Takes::OneOf(_) => matches!(ty, Type::Text | Type::Enum(_)),
        Takes::Bool => *ty == Type::Bool,
        Takes::Number => is_number(ty),
        Takes::Int => matches!(ty, Type::Int),
        Takes::Amount => is_number(ty) || is_money(ty),
        Takes::Date => *ty == Type::Date,
        Takes::DateTime => *ty == Type::DateTime,
        Takes::Duration => *ty == Type::Duration,
        Takes::List => matches!(ty, Type::List(_)),
        Takes::Record => matches!(ty, Type::Named(_) | Type::Record(_) | Type::Map(_)),
    }
}
