//! Calls of the language's functions and its rarer forms, for the generated programs.

use tenon_mapper::Type;

use super::programs::Author;

impl Author<'_> {
    /// A call that gives a value of the type; none where no function gives one.
    pub(super) fn called(&mut self, ty: &Type, depth: usize) -> Option<String> {
        let shown = match ty {
            Type::Text => self.text_call(depth),
            Type::Bool => self.bool_call(depth),
            Type::Int => self.int_call(depth),
            Type::Decimal => self.decimal_call(depth),
            Type::Money => self.money_call(depth),
            Type::Date => {
                let text = self.exact(&Type::Text, depth);
                let date = self.exact(&Type::Date, depth);
                format!("(try parse_date({text}) else {date} - duration(\"1d\"))")
            }
            Type::DateTime => {
                let text = self.exact(&Type::Text, depth);
                let at = self.exact(&Type::DateTime, depth);
                format!("(try parse_datetime({text}) else {at} - duration(\"1h\"))")
            }
            Type::Duration => format!("-({})", self.write(&Type::Duration, depth)),
            Type::List(item) => self.list_call(&(**item).clone(), depth),
            Type::Optional(item) => self.optional_call(&(**item).clone(), depth),
            _ => return None,
        };
        Some(match self.dice.below(12) {
            0 => format!("warn(\"seen\", {shown})"),
            1 => format!("{{ a = {shown}, b = 1 }}.a"),
            2 => format!("(let kept = {shown} in kept)"),
            _ => shown,
        })
    }

    fn text_call(&mut self, depth: usize) -> String {
        let text = self.write(&Type::Text, depth);
        match self.dice.below(15) {
            0 => format!("lower({text})"),
            1 => format!("({text} |> trim())"),
            2 => format!("drop_suffix({text}, \"c\")"),
            3 => format!("keep_chars({text}, \"a-z\")"),
            4 => format!("pad_right({text}, length = 4, with = \"x\")"),
            5 => format!("text({})", self.write(&Type::Bool, depth)),
            6 => format!("text({})", self.write(&Type::Date, depth)),
            7 => {
                let at = self.write(&Type::DateTime, depth);
                format!("format_datetime({at}, \"%H:%M\", \"Europe/Stockholm\")")
            }
            8 => format!("join(split({text}, \" \"), {})", self.write(&Type::Text, depth)),
            9 => format!("join({})", self.write(&Type::Decimal.list(), depth)),
            10 => format!("currency_of({})", self.write(&Type::Money, depth)),
            11 => format!("(email({text}) // fail(\"NONE\", {text}))"),
            12 => format!("(match {text} {{ \"abc\" | \"\" => \"x\", other => upper(other) }})"),
            13 => {
                let at = self.write(&Type::Bool, depth);
                format!("(match {at} {{ true => \"yes\", false => \"{{{text}}}\" }})")
            }
            _ => format!("(lookup(\"names\", {text}) ?? \"{{{text}}}\")"),
        }
    }

    fn bool_call(&mut self, depth: usize) -> String {
        let text = self.write(&Type::Text, depth);
        match self.dice.below(17) {
            0 => format!("starts_with({text}, {})", self.write(&Type::Text, depth)),
            1 => format!("ends_with({text}, suffix = \"a\")"),
            2 => format!("({text} |> in_eu())"),
            3 => format!("is_private({text})"),
            4 => format!("is_whole({})", self.write(&Type::Decimal, depth)),
            5 => format!("luhn({text})"),
            6 => format!("matches({text}, \"[a-c]+\")"),
            7 => format!("has(r, {text})"),
            8 => {
                let ty = self.any_type();
                let list = self.write(&ty.clone().list(), depth);
                let (name, body) = self.lambda(ty, &Type::Bool, depth);
                format!("all({list}, where = {name} => {body})")
            }
            9 => {
                let ty = self.any_type();
                format!(
                    "({} not in {})",
                    self.write(&ty, depth),
                    self.write(&ty.clone().list(), depth)
                )
            }
            10 => format!("({} or {})", self.write(&Type::Bool, depth), self.write(&Type::Bool, 0)),
            11 => {
                let ty = Type::Decimal.optional();
                let path = self.exact(&ty, 0);
                format!("({path} != null and {path} > 3)")
            }
            12 => {
                let path = self.exact(&Type::Text.optional(), 0);
                format!("({path} == null or length({path}) < 3)")
            }
            13 => format!("({} < \"2026-06-01\")", self.write(&Type::Date, depth)),
            14 => {
                let within = self.write(&Type::Decimal, 0);
                let (a, b) = (self.write(&Type::Money, depth), self.write(&Type::Money, depth));
                format!("({a} ~= {b} within {within})")
            }
            15 => format!("({} in [\"a\", \"abc\"])", self.write(&Type::Text.optional(), depth)),
            _ => {
                let ty = self.any_type();
                let (a, b) = (self.write(&ty, depth), self.write(&ty, depth));
                format!("({a} == {b})")
            }
        }
    }

    fn int_call(&mut self, depth: usize) -> String {
        let text = self.exact(&Type::Text, depth);
        let (int, exact) = (self.write(&Type::Int, depth), self.exact(&Type::Int, depth));
        match self.dice.below(15) {
            0 => format!("ceiling({})", self.write(&Type::Decimal, depth)),
            1 => format!("floor({} / 7)", self.write(&Type::Decimal, depth)),
            2 => {
                let from = self.write(&Type::Date, depth);
                format!("days_between({from}, {})", self.write(&Type::Date, depth))
            }
            3 => format!("minor_digits({text})"),
            4 => format!("month({})", self.write(&Type::Date, depth)),
            5 => format!("year({})", self.write(&Type::Date, depth)),
            6 => format!("scale({})", self.write(&Type::Decimal, depth)),
            7 => format!("(try int({text}) else {exact})"),
            8 => format!("({int} % 7)"),
            9 => {
                let ty = self.any_type();
                let list = self.write(&ty.clone().list(), depth);
                let (name, body) = self.lambda(ty, &Type::Int, depth);
                format!("sum({list}, {name} => {body})")
            }
            10 => {
                let ty = self.any_type();
                let list = self.write(&ty.clone().list(), depth);
                let (name, body) = self.lambda(ty, &Type::Bool, depth);
                format!("count({list}, {name} => {body})")
            }
            11 => format!("min({int}, {})", self.write(&Type::Int, depth)),
            12 => format!("abs({int})"),
            13 => format!("(match {int} {{ 0 => 1, -1 => 2, n => n }})"),
            _ => format!("int(round({}, 0, \"half_even\"))", self.write(&Type::Decimal, depth)),
        }
    }

    fn decimal_call(&mut self, depth: usize) -> String {
        let decimal = self.write(&Type::Decimal, depth);
        let exact = self.exact(&Type::Decimal, depth);
        match self.dice.below(13) {
            0 => format!("number({exact})"),
            1 => format!("(try parse_number({}) else {exact})", self.exact(&Type::Text, depth)),
            2 => format!("plain_number({decimal})"),
            3 => format!("gross({decimal}, 25, 2, \"half_up\")"),
            4 => format!("vat_part({decimal}, percent = 12, scale = 2, mode = \"half_up\")"),
            5 => {
                format!("unit_price({decimal}, {}, 4, \"half_up\")", self.write(&Type::Int, depth))
            }
            6 => {
                let ty = self.any_type();
                let list = self.write(&ty.clone().list(), depth);
                let (name, body) = self.lambda(ty, &Type::Decimal, depth);
                format!("sum({list}, of = {name} => {body})")
            }
            7 => format!("min({decimal}, {})", self.write(&Type::Decimal, depth)),
            8 => format!(
                "(try first(allocate(round({decimal}, 2, \"up\"), [1, 2])) else 0.5) ?? 1.5"
            ),
            9 => format!("(lookup(\"rates\", {}) // {exact})", self.write(&Type::Text, depth)),
            10 => format!("round({decimal} / 3 + {decimal}, 3, \"down\")"),
            11 => {
                let divisor = self.exact(&Type::Decimal, 0);
                format!(
                    "(if not ({divisor} == 0) then round({exact} / {divisor}, 2, \"up\") else {exact})"
                )
            }
            _ => format!("(try number({}) else {exact})", self.exact(&Type::Text, depth)),
        }
    }

    fn money_call(&mut self, depth: usize) -> String {
        let money = self.write(&Type::Money, depth);
        match self.dice.below(8) {
            0 => format!("abs({money})"),
            1 => format!("unit_price({money}, {}, 2, \"up\")", self.write(&Type::Decimal, depth)),
            2 => {
                let divisor = self.write(&Type::Int, depth);
                format!("div({money}, {divisor}, 2, else = {money}, mode = \"half_up\")")
            }
            3 => format!("max({money}, {})", self.write(&Type::Money, depth)),
            4 => format!("vat_part({money}, 25, 2, \"half_up\")"),
            5 => format!("({money} - {})", self.write(&Type::Money, depth)),
            6 => format!("({} * {money})", self.write(&Type::Int, depth)),
            _ => format!("(first(allocate({money}, [1, 1, 2], 4)) ?? money(1, \"SEK\"))"),
        }
    }

    fn list_call(&mut self, item: &Type, depth: usize) -> String {
        let listed = item.clone().list();
        let list = self.write(&listed, depth);
        match (item, self.dice.below(14)) {
            (Type::Text, 0) => format!("split({}, \"a\")", self.write(&Type::Text, depth)),
            (Type::Text, 1) => format!("lines({})", self.write(&Type::Text, depth)),
            (Type::Text, 2) => format!("refs(\"order\", {}).id", self.write(&Type::Text, depth)),
            (Type::Text, 3) => "keys(r)".to_owned(),
            (Type::Int, 0) => "range(4)".to_owned(),
            (Type::Int | Type::Decimal, 1) => format!("({list} * {})", self.write(item, depth)),
            (Type::Decimal, 2) => format!("({list} + {})", self.write(&Type::Decimal, depth)),
            (_, 3) => format!("present({list})"),
            (_, 4) => {
                let (name, body) = self.lambda(item.clone(), &Type::Text.optional(), depth);
                format!("sort_by({list}, {name} => {body}, descending = true)")
            }
            (_, 5) => {
                let (name, body) = self.lambda(item.clone(), &Type::Decimal, depth);
                format!("distinct({list}, by = {name} => {body})")
            }
            (_, 6) => {
                let (name, body) = self.lambda(item.clone(), &listed, depth);
                format!("flat_map({list}, {name} => {body})")
            }
            (_, 7) => {
                let (name, body) = self.lambda(item.clone(), &Type::Text, depth);
                format!("(first(group_by({list}, {name} => {body})).items ?? {list})")
            }
            (_, 8) => format!("(chunk({list}, 2)[0] ?? {list})"),
            (_, 9) => {
                let (name, body) = self.lambda(item.clone(), &Type::Text, depth);
                format!("values(index_by({list}, {name} => {body}))")
            }
            (_, 10) if self.names.iter().all(|(name, _)| name != "it") => {
                self.names.push(("it".to_owned(), item.clone()));
                let body = self.write(&Type::Bool, depth);
                self.names.pop();
                format!("({list}[where {body}])")
            }
            (_, 11) => format!("take({list}, {})", self.dice.below(4)),
            _ => format!("concat({list}, drop({list}, 1))"),
        }
    }

    fn optional_call(&mut self, item: &Type, depth: usize) -> String {
        let list = self.write(&item.clone().list(), depth);
        let text = |author: &mut Self| author.write(&Type::Text, depth);
        match (item, self.dice.below(14)) {
            (Type::Text, 0) => format!("country({})", text(self)),
            (Type::Text, 1) => format!("currency({})", text(self)),
            (Type::Text, 2) => format!("iban({})", text(self)),
            (Type::Text, 3) => format!("orgnr_se({})", text(self)),
            (Type::Text, 4) => format!("vat_id({})", text(self)),
            (Type::Text, 5) => format!("match_text({}, \"[0-9]+\")", text(self)),
            (Type::Text, 6) => format!("metafield(r, {})", text(self)),
            (Type::Text, 7) => {
                format!("attribute([{{ key = \"a\", value = {} }}], \"a\")", text(self))
            }
            (Type::Text, 8) => {
                format!("ref(\"order\", {})", self.write(&Type::Text.optional(), depth))
            }
            (Type::Decimal, 0) => format!("lookup(\"rates\", {})", text(self)),
            (_, 9) => format!("single(take({list}, 1))"),
            (_, 10) => format!("{list}[{}]", self.write(&Type::Int, depth)),
            (_, 11) => {
                let (name, body) = self.lambda(item.clone(), &Type::Text, depth);
                format!("index_by({list}, {name} => {body})[\"abc\"]")
            }
            (_, 12) => {
                let (decimal, made) = (self.write(&Type::Decimal, 0), self.exact(item, depth));
                format!("rounding_row({decimal}, {{ a = {made} }}, limit = 1000000).a")
            }
            _ => format!("[{}, null][0]", self.exact(item, depth)),
        }
    }
}
