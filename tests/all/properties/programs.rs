//! Generated programs: mostly of the type that is wanted, now and then of another, as people write.

use std::sync::Arc;

use tenon_mapper::{Type, Types};

use crate::fuzz::Dice;

/// Makes expressions over the names in scope.
pub(super) struct Author<'a> {
    pub(super) dice: &'a mut Dice,
    pub(super) types: &'a Types,
    /// Names in scope with their types.
    pub(super) names: Vec<(String, Type)>,
    /// Whether a part may be of a wrong type. Not inside of choices: two types there make `dyn`, and
    /// what is `dyn` is judged when it is evaluated.
    pub(super) slips: bool,
}

impl Author<'_> {
    /// An expression that should be of the type.
    pub(super) fn write(&mut self, ty: &Type, depth: usize) -> String {
        if self.slips && self.dice.one_in(14) {
            let other = self.any_type();
            return self.of(&other, depth);
        }
        self.of(ty, depth)
    }

    pub(super) fn any_type(&mut self) -> Type {
        let simple = [
            Type::Text,
            Type::Bool,
            Type::Int,
            Type::Decimal,
            Type::Money,
            Type::Date,
            Type::DateTime,
            Type::Duration,
        ];
        let ty = self.dice.pick(&simple).clone();
        match self.dice.below(6) {
            0 => ty.list(),
            1 => ty.optional(),
            _ => ty,
        }
    }

    /// Without slips.
    pub(super) fn exact(&mut self, ty: &Type, depth: usize) -> String {
        let before = std::mem::replace(&mut self.slips, false);
        let text = self.of(ty, depth);
        self.slips = before;
        text
    }

    fn of(&mut self, ty: &Type, depth: usize) -> String {
        if self.dice.one_in(2)
            && let Some(path) = self.path(ty)
        {
            return path;
        }
        if depth == 0 {
            return self.leaf(ty);
        }
        if self.dice.one_in(4) {
            return self.choice(ty, depth - 1);
        }
        if self.dice.one_in(2)
            && let Some(call) = self.called(ty, depth - 1)
        {
            return call;
        }
        self.made(ty, depth - 1)
    }

    /// A path of the type through what is in scope, if there is one.
    fn path(&mut self, ty: &Type) -> Option<String> {
        let mut found = Vec::new();
        for (name, of) in &self.names {
            self.paths((name.clone(), of), ty, 3, &mut found);
        }
        if found.is_empty() { None } else { Some(self.dice.pick(&found).clone()) }
    }

    fn paths(
        &self,
        (at, of): (String, &Type),
        wanted: &Type,
        depth: usize,
        found: &mut Vec<String>,
    ) {
        if of == wanted {
            found.push(at.clone());
        }
        if depth == 0 {
            return;
        }
        match of {
            Type::Named(name) => {
                for (field, of) in self.types.fields(name).unwrap() {
                    self.paths((format!("{at}.{field}"), &of.ty), wanted, depth - 1, found);
                }
            }
            Type::Optional(inner) if matches!(**inner, Type::Named(_)) => {
                let Type::Named(name) = &**inner else { return };
                for (field, of) in self.types.fields(name).unwrap() {
                    let through = of.ty.clone().optional();
                    self.paths((format!("{at}.{field}"), &through), wanted, depth - 1, found);
                }
            }
            Type::List(inner) => {
                let item = (**inner).clone().optional();
                self.paths((format!("{at}[0]"), &item), wanted, depth - 1, found);
                if let Type::Named(name) = &**inner {
                    for (field, of) in self.types.fields(name).unwrap() {
                        let all = of.ty.clone().list();
                        self.paths((format!("{at}.{field}"), &all), wanted, depth - 1, found);
                    }
                }
            }
            _ => {}
        }
    }

    /// Choices between parts of one type.
    fn choice(&mut self, ty: &Type, depth: usize) -> String {
        let optional = ty.required().clone().optional();
        match self.dice.below(7) {
            0 => {
                let condition = self.write(&Type::Bool, depth);
                format!(
                    "(if {condition} then {} else {})",
                    self.exact(ty, depth),
                    self.exact(ty, depth)
                )
            }
            1 => format!("({} ?? {})", self.exact(&optional, depth), self.exact(ty, depth)),
            2 => format!("({} // {})", self.exact(&optional, depth), self.exact(ty, depth)),
            3 => format!("(try {} else {})", self.exact(ty, depth), self.exact(ty, depth)),
            4 => {
                let bound = self.any_type();
                let value = self.write(&bound, depth);
                let name = self.bind(bound);
                let body = self.write(ty, depth);
                self.names.pop();
                format!("(let {name} = {value} in {body})")
            }
            5 => {
                let subject = self.write(&Type::Int, depth);
                let (one, other) = (self.exact(ty, depth), self.exact(ty, depth));
                format!("(match {subject} {{ 1 | 2 => {one}, _ => {other} }})")
            }
            _ => {
                let subject = self.exact(&optional, depth);
                let rest = self.exact(ty, depth);
                format!("(if {subject} != null then {rest} else {})", self.exact(ty, depth))
            }
        }
    }

    fn bind(&mut self, ty: Type) -> String {
        let name = format!("n{}", self.names.len());
        self.names.push((name.clone(), ty));
        name
    }

    fn leaf(&mut self, ty: &Type) -> String {
        let n = self.dice.below(30);
        match ty {
            Type::Text => (*self.dice.pick(&["\"abc\"", "\"\"", "\"Å 1\""])).to_owned(),
            Type::Bool => (*self.dice.pick(&["true", "false"])).to_owned(),
            Type::Int => n.to_string(),
            Type::Decimal => format!("{n}.{}", self.dice.below(100)),
            Type::Money => format!("money({n}.50, \"SEK\")"),
            Type::Date => "parse_date(\"2026-03-29\")".to_owned(),
            Type::DateTime => "started_at()".to_owned(),
            Type::Duration => "duration(\"2d\")".to_owned(),
            Type::List(inner) => format!("[{}]", self.leaf(inner)),
            Type::Optional(inner) => format!("first([{}])", self.leaf(inner)),
            Type::Enum(_) | Type::Named(_) => {
                let path = self.path(ty).or_else(|| self.path(&ty.clone().optional()));
                path.unwrap_or_else(|| "omit".to_owned())
            }
            _ => "omit".to_owned(),
        }
    }

    fn made(&mut self, ty: &Type, depth: usize) -> String {
        match ty {
            Type::Text => self.text(depth),
            Type::Bool => self.truth(depth),
            Type::Int => self.int(depth),
            Type::Decimal => self.decimal(depth),
            Type::Money => self.money(depth),
            Type::Date | Type::DateTime | Type::Duration => self.time(ty, depth),
            Type::List(inner) => self.list(&(**inner).clone(), depth),
            Type::Optional(inner) => self.optional(&(**inner).clone(), depth),
            _ => self.leaf(ty),
        }
    }

    fn text(&mut self, depth: usize) -> String {
        let text = |author: &mut Self| author.write(&Type::Text, depth);
        match self.dice.below(13) {
            0 => format!("upper({})", text(self)),
            1 => format!("truncate({}, 3)", text(self)),
            2 => format!("drop_prefix({}, \"#\")", text(self)),
            3 => format!("pad_left({}, 5)", text(self)),
            4 => format!("replace({}, \"a\", {})", text(self), text(self)),
            5 => format!("join({}, \"+\")", self.write(&Type::Text.list(), depth)),
            6 => format!("text({})", self.write(&Type::Decimal, depth)),
            7 => format!("format_date({}, \"%Y-%m\")", self.write(&Type::Date, depth)),
            8 => format!("{}.currency", self.write(&Type::Money, depth)),
            9 => format!("squeeze(trim({}))", text(self)),
            10 => format!("\"<{{{}}}|{{{}}}>\"", text(self), self.write(&Type::Int, depth)),
            11 => format!("\"{{{}}}\"", self.write(&Type::Date, depth)),
            _ => format!("digits(capitalise({}))", text(self)),
        }
    }

    fn truth(&mut self, depth: usize) -> String {
        let kinds = [Type::Text, Type::Int, Type::Decimal, Type::Money, Type::Date, Type::DateTime];
        let ty = self.dice.pick(&kinds).clone();
        let op = *self.dice.pick(&["==", "!=", "<", "<=", ">", ">="]);
        match self.dice.below(11) {
            0..=2 => format!("({} {op} {})", self.write(&ty, depth), self.write(&ty, depth)),
            3 => format!(
                "({} and {})",
                self.write(&Type::Bool, depth),
                self.write(&Type::Bool, depth)
            ),
            4 => format!("not ({})", self.write(&Type::Bool, depth)),
            5 => {
                format!("({} in {})", self.write(&ty, depth), self.write(&ty.clone().list(), depth))
            }
            6 => format!("blank({})", self.write(&ty.optional(), depth)),
            7 => format!(
                "contains({}, {})",
                self.write(&Type::Text, depth),
                self.write(&Type::Text, depth)
            ),
            8 => {
                let list = self.write(&ty.clone().list(), depth);
                let (name, body) = self.lambda(ty, &Type::Bool, depth);
                format!("any({list}, {name} => {body})")
            }
            9 => format!(
                "({} ~= {} within 0.5)",
                self.write(&Type::Decimal, depth),
                self.write(&Type::Decimal, depth)
            ),
            _ => format!("({} == null)", self.write(&ty.optional(), depth)),
        }
    }

    fn int(&mut self, depth: usize) -> String {
        let int = |author: &mut Self| author.write(&Type::Int, depth);
        match self.dice.below(8) {
            0 => format!("({} + {})", int(self), int(self)),
            1 => format!("({} - {})", int(self), int(self)),
            2 => format!("({} * {})", int(self), int(self)),
            3 => {
                let ty = self.any_type();
                format!("count({})", self.write(&ty.list(), depth))
            }
            4 => format!("length({})", self.write(&Type::Text, depth)),
            5 => format!("year({})", self.write(&Type::Date, depth)),
            6 => format!("floor({})", self.write(&Type::Decimal, depth)),
            _ => format!("sum({})", self.write(&Type::Int.list(), depth)),
        }
    }

    fn decimal(&mut self, depth: usize) -> String {
        let decimal = |author: &mut Self| author.write(&Type::Decimal, depth);
        match self.dice.below(11) {
            0 => format!("({} + {})", decimal(self), decimal(self)),
            1 => format!("({} - {})", decimal(self), self.write(&Type::Int, depth)),
            2 => format!("({} * {})", decimal(self), self.write(&Type::Int, depth)),
            3 => format!("round({} / 3, 2, \"half_up\")", decimal(self)),
            4 => format!("div({}, {}, 2, 0, \"half_even\")", decimal(self), decimal(self)),
            5 => format!("abs({})", decimal(self)),
            6 => format!("amount({})", self.write(&Type::Money, depth)),
            7 => format!("sum({})", self.write(&Type::Decimal.list(), depth)),
            8 => format!("max({}, {})", decimal(self), decimal(self)),
            9 => format!("-({})", decimal(self)),
            _ => {
                let divisor = self.exact(&Type::Int, 0);
                format!(
                    "round(if {divisor} != 0 then {} / {divisor} else 0.0, 1, \"up\")",
                    self.exact(&Type::Decimal, depth)
                )
            }
        }
    }

    fn money(&mut self, depth: usize) -> String {
        let money = |author: &mut Self| author.write(&Type::Money, depth);
        match self.dice.below(6) {
            0 => format!("({} + {})", money(self), money(self)),
            1 => format!("({} * {})", money(self), self.write(&Type::Decimal, depth)),
            2 => format!("round({} / 4, 2, \"half_up\")", money(self)),
            3 => format!("money({}, \"SEK\")", self.write(&Type::Decimal, depth)),
            4 => format!("net({}, 25, 2, \"half_up\")", money(self)),
            _ => format!("-({})", money(self)),
        }
    }

    fn time(&mut self, ty: &Type, depth: usize) -> String {
        match (ty, self.dice.below(3)) {
            (Type::Date, 0) => {
                format!("date({}, \"Europe/Stockholm\")", self.write(&Type::DateTime, depth))
            }
            (Type::Date, 1) => format!("({} + duration(\"3d\"))", self.write(ty, depth)),
            (Type::Date, _) => format!("add_days({}, 2)", self.write(ty, depth)),
            (Type::DateTime, _) => {
                format!("({} + {})", self.write(ty, depth), self.write(&Type::Duration, depth))
            }
            (_, 0) => {
                format!("({} - {})", self.write(&Type::Date, depth), self.write(&Type::Date, depth))
            }
            (_, 1) => {
                let instant = Type::DateTime;
                format!("({} - {})", self.write(&instant, depth), self.write(&instant, depth))
            }
            _ => format!("({} + {})", self.write(ty, depth), self.write(ty, depth)),
        }
    }

    pub(super) fn lambda(&mut self, item: Type, gives: &Type, depth: usize) -> (String, String) {
        let name = self.bind(item);
        let body = self.write(gives, depth);
        self.names.pop();
        (name, body)
    }

    fn list(&mut self, item: &Type, depth: usize) -> String {
        let listed = item.clone().list();
        match self.dice.below(10) {
            0 => format!("[{}, {}]", self.exact(item, depth), self.exact(item, depth)),
            1 => {
                let from = self.any_type().required().clone();
                let list = self.write(&from.clone().list(), depth);
                let (name, body) = self.lambda(from, item, depth);
                format!("map({list}, {name} => {body})")
            }
            2 => {
                let list = self.write(&listed, depth);
                let (name, body) = self.lambda(item.clone(), &Type::Bool, depth);
                format!("filter({list}, {name} => {body})")
            }
            3 => format!("reverse({})", self.write(&listed, depth)),
            4 => format!("concat({}, {})", self.exact(&listed, depth), self.exact(&listed, depth)),
            5 => format!("take({}, 2)", self.write(&listed, depth)),
            6 => format!("distinct({})", self.write(&listed, depth)),
            7 => format!("{}[where true]", self.write(&listed, depth)),
            8 => {
                let nested = self.exact(&listed, depth);
                format!("[{nested}, {nested}][]")
            }
            _ => format!("drop({}, 1)", self.write(&listed, depth)),
        }
    }

    fn optional(&mut self, item: &Type, depth: usize) -> String {
        let listed = item.clone().list();
        match self.dice.below(5) {
            0 => format!("first({})", self.write(&listed, depth)),
            1 => format!("last({})", self.write(&listed, depth)),
            2 => {
                let list = self.write(&listed, depth);
                let (name, body) = self.lambda(item.clone(), &Type::Bool, depth);
                format!("find({list}, {name} => {body})")
            }
            3 => format!("({})[1]", self.write(&listed, depth)),
            _ => {
                let condition = self.write(&Type::Bool, depth);
                format!("(if {condition} then {} else null)", self.exact(item, depth))
            }
        }
    }

    /// A type to ask for at the top.
    pub(super) fn wanted(&mut self) -> Type {
        if self.dice.one_in(6) {
            let fields: Vec<Type> = self
                .types
                .fields("s.R0")
                .unwrap()
                .values()
                .map(|field| field.ty.clone())
                .filter(|ty| !matches!(ty, Type::Named(_)))
                .collect();
            return self.dice.pick(&fields).clone();
        }
        let ty = self.any_type();
        if self.dice.one_in(12) { Type::List(Arc::new(ty)) } else { ty }
    }
}
