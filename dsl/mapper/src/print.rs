//! A tree as text again: canonical spacing, brackets only where precedence needs them.

use std::fmt::Write as _;

use crate::ast::{Argument, Arm, Ast, Kind, Operator, Pattern, Piece, TypeKind, TypeName};

/// Binding strength of a printed form; what is looser than its place gets brackets.
const OPEN: u8 = 0;
const PREFIX_NOT: u8 = 5;
const UNARY: u8 = 10;
const POSTFIX: u8 = 11;

/// The canonical text of an expression.
#[must_use]
pub fn print(ast: &Ast) -> String {
    let mut printer = Printer { out: String::new(), all_brackets: false };
    printer.put(ast, OPEN);
    printer.out
}

/// The same with every operator in brackets, to show how it was understood.
#[must_use]
pub fn print_structure(ast: &Ast) -> String {
    let mut printer = Printer { out: String::new(), all_brackets: true };
    printer.put(ast, OPEN);
    printer.out
}

struct Printer {
    out: String,
    all_brackets: bool,
}

fn level(kind: &Kind) -> u8 {
    match kind {
        Kind::Binary(op, ..) => op.level(),
        Kind::Approx(..) => Operator::Equal.level(),
        Kind::Not(_) => PREFIX_NOT,
        Kind::Negate(_) => UNARY,
        Kind::If(..) | Kind::Try(..) | Kind::Let(..) | Kind::Lambda(..) => OPEN,
        _ => POSTFIX,
    }
}

impl Printer {
    fn put(&mut self, ast: &Ast, place: u8) {
        let own = level(&ast.kind);
        let operator = matches!(
            ast.kind,
            Kind::Binary(..) | Kind::Approx(..) | Kind::Not(_) | Kind::Negate(_)
        );
        let brackets = own < place || (self.all_brackets && operator);
        if brackets {
            self.out.push('(');
        }
        self.kind(&ast.kind);
        if brackets {
            self.out.push(')');
        }
    }

    fn kind(&mut self, kind: &Kind) {
        match kind {
            Kind::Number(number) => {
                let _ = write!(self.out, "{number}");
            }
            Kind::Bool(bool) => {
                let _ = write!(self.out, "{bool}");
            }
            Kind::Null => self.out.push_str("null"),
            Kind::Omit => self.out.push_str("omit"),
            Kind::Keep => self.out.push_str("keep"),
            Kind::Name(name) => self.out.push_str(name),
            Kind::Template(pieces) => self.template(pieces),
            Kind::Field(base, name) => {
                self.put(base, POSTFIX);
                self.out.push('.');
                self.out.push_str(&name.text);
            }
            Kind::Index(base, index) => self.bracket(base, "", Some(index)),
            Kind::Where(base, condition) => self.bracket(base, "where ", Some(condition)),
            Kind::Flatten(base) => self.bracket(base, "", None),
            Kind::Call(name, arguments) => {
                self.out.push_str(&name.text);
                self.arguments(arguments);
            }
            Kind::Pipe(first, name, arguments) => {
                self.put(first, POSTFIX);
                self.out.push_str(" |> ");
                self.out.push_str(&name.text);
                self.arguments(arguments);
            }
            Kind::Lambda(name, body) => {
                self.out.push_str(&name.text);
                self.out.push_str(" => ");
                self.put(body, OPEN);
            }
            Kind::Not(inner) => {
                self.out.push_str("not ");
                self.put(inner, PREFIX_NOT);
            }
            Kind::Negate(inner) => {
                self.out.push('-');
                self.put(inner, UNARY);
            }
            Kind::Binary(op, a, b) => self.binary(*op, a, b),
            Kind::Approx(a, b, within) => {
                self.put(a, Operator::Equal.level().saturating_add(1));
                self.out.push_str(" ~= ");
                self.put(b, Operator::Add.level());
                self.out.push_str(" within ");
                self.put(within, Operator::Add.level());
            }
            Kind::Try(a, b) => self.words(&[("try ", a), (" else ", b)]),
            Kind::If(c, a, b) => self.words(&[("if ", c), (" then ", a), (" else ", b)]),
            Kind::Let(name, value, body) => {
                self.out.push_str("let ");
                self.out.push_str(&name.text);
                self.out.push_str(" = ");
                self.put(value, Operator::Add.level());
                self.words(&[(" in ", body)]);
            }
            Kind::Match(subject, arms) => self.matching(subject, arms),
            Kind::Record(entries) => self.record(entries),
            Kind::List(items) => {
                self.out.push('[');
                for (n, item) in items.iter().enumerate() {
                    self.comma(n);
                    self.put(item, OPEN);
                }
                self.out.push(']');
            }
            Kind::As(inner, name) => {
                self.put(inner, POSTFIX);
                self.out.push_str(" as ");
                self.type_name(name);
            }
        }
    }

    fn comma(&mut self, n: usize) {
        if n > 0 {
            self.out.push_str(", ");
        }
    }

    /// Prefix forms reach as far to the right as they can, so their parts stand open, except that
    /// what stands before a keyword must not swallow it.
    fn words(&mut self, parts: &[(&str, &Ast)]) {
        for (n, (word, part)) in parts.iter().enumerate() {
            self.out.push_str(word);
            let last = n.saturating_add(1) == parts.len();
            self.put(part, if last { OPEN } else { 1 });
        }
    }

    fn binary(&mut self, op: Operator, a: &Ast, b: &Ast) {
        let own = op.level();
        let compares = own == Operator::Equal.level();
        self.put(a, if compares { own.saturating_add(1) } else { own });
        let _ = write!(self.out, " {} ", op.symbol());
        self.put(b, own.saturating_add(1));
    }

    fn bracket(&mut self, base: &Ast, word: &str, inner: Option<&Ast>) {
        self.put(base, POSTFIX);
        self.out.push('[');
        self.out.push_str(word);
        if let Some(inner) = inner {
            self.put(inner, OPEN);
        }
        self.out.push(']');
    }

    fn arguments(&mut self, arguments: &[Argument]) {
        self.out.push('(');
        for (n, argument) in arguments.iter().enumerate() {
            self.comma(n);
            if let Some(name) = &argument.name {
                let _ = write!(self.out, "{} = ", name.text);
            }
            self.put(&argument.value, OPEN);
        }
        self.out.push(')');
    }

    fn matching(&mut self, subject: &Ast, arms: &[Arm]) {
        self.out.push_str("match ");
        self.put(subject, 1);
        self.out.push_str(" { ");
        for (n, arm) in arms.iter().enumerate() {
            self.comma(n);
            match &arm.pattern {
                Pattern::Other(name) => self.out.push_str(&name.text),
                Pattern::Values(values) => {
                    for (n, value) in values.iter().enumerate() {
                        self.out.push_str(if n > 0 { " | " } else { "" });
                        self.put(value, OPEN);
                    }
                }
            }
            self.out.push_str(" => ");
            self.put(&arm.gives, OPEN);
        }
        self.out.push_str(" }");
    }

    fn record(&mut self, entries: &[(crate::ast::Word, Ast)]) {
        if entries.is_empty() {
            self.out.push_str("{}");
            return;
        }
        self.out.push_str("{ ");
        for (n, (name, value)) in entries.iter().enumerate() {
            self.comma(n);
            let plain = !name.text.is_empty()
                && !name.text.starts_with(|c: char| c.is_ascii_digit())
                && name.text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            if plain {
                self.out.push_str(&name.text);
            } else {
                self.template(&[Piece::Text(name.text.clone())]);
            }
            self.out.push_str(" = ");
            self.put(value, OPEN);
        }
        self.out.push_str(" }");
    }

    fn template(&mut self, pieces: &[Piece]) {
        self.out.push('"');
        for piece in pieces {
            match piece {
                Piece::Text(text) => self.escaped(text),
                Piece::Hole(hole) => {
                    self.out.push('{');
                    let start = self.out.len();
                    self.put(hole, OPEN);
                    // A hole that begins with a brace would read as a literal one.
                    if self.out.get(start..).is_some_and(|t| t.starts_with('{')) {
                        self.out.insert(start, ' ');
                    }
                    if self.out.ends_with('}') {
                        self.out.push(' ');
                    }
                    self.out.push('}');
                }
            }
        }
        self.out.push('"');
    }

    fn escaped(&mut self, text: &str) {
        for letter in text.chars() {
            match letter {
                '"' => self.out.push_str("\\\""),
                '\\' => self.out.push_str("\\\\"),
                '\n' => self.out.push_str("\\n"),
                '\t' => self.out.push_str("\\t"),
                '\r' => self.out.push_str("\\r"),
                '{' => self.out.push_str("{{"),
                '}' => self.out.push_str("}}"),
                other => self.out.push(other),
            }
        }
    }

    fn type_name(&mut self, name: &TypeName) {
        let (head, inner) = match &name.kind {
            TypeKind::Named(name) => (name.as_str(), None),
            TypeKind::List(inner) => ("list", Some(inner)),
            TypeKind::Map(inner) => ("map", Some(inner)),
        };
        self.out.push_str(head);
        if let Some(inner) = inner {
            self.out.push('<');
            self.type_name(inner);
            self.out.push('>');
        }
        if name.optional {
            self.out.push('?');
        }
    }
}
