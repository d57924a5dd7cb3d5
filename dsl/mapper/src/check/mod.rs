//! The checker: a tree with types in, compiled code and all findings out.
//!
//! One mistake gives one finding: an ill-typed part is reported, and is `dyn` from there on.

mod arguments;
mod assign;
mod calls;
mod choices;
mod comparisons;
mod facts;
mod lookups;
mod operators;
mod paths;
mod shapes;

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use tenon_source::{Diagnostic, File, Node, Severity, Span};
use tenon_value::Value;

use crate::ast::{Ast, Kind, Piece};
use crate::code::{Code, Leaf, Pick};
use crate::env::Env;
use crate::types::Type;

pub(crate) use arguments::{joined, one_of};
pub(crate) use assign::Target;
use facts::Fact;
pub(crate) use shapes::{is_record, leaf_of, shown_type, simple_type};

/// Where an expression stands.
#[derive(Clone)]
pub(crate) enum Place<'a> {
    /// In a scalar of a document.
    Node(&'a Node),
    /// On its own, such as on a command line.
    Text(Arc<File>),
}

impl Place<'_> {
    pub(crate) fn span(&self, range: Range<usize>) -> Span {
        match self {
            Place::Node(node) => node.span_of(range),
            Place::Text(file) => Span::new(file, range),
        }
    }
}

/// A binding on the stack.
pub(crate) struct Local {
    pub(crate) name: Arc<str>,
    pub(crate) ty: Type,
    /// Its value was already brought to its type.
    pub(crate) typed: bool,
    pub(crate) used: bool,
    /// What was known of paths before this name hid another one, which they may speak of.
    facts: Option<Vec<(String, Fact)>>,
}

/// A checked part.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) code: Code,
    pub(crate) ty: Type,
    pub(crate) sort: Sort,
}

/// What is special about a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    Plain,
    /// Ends the evaluation: `fail`, `skip`.
    Never,
    /// `null`, `omit`, `keep`.
    Absent,
}

impl Part {
    pub(crate) fn new(code: Code, ty: Type) -> Part {
        Part { code, ty, sort: Sort::Plain }
    }

    pub(crate) fn unknown() -> Part {
        Part::new(Code::Omit, Type::Dyn)
    }
}

/// Checks expressions over one environment; bindings stay between expressions of one mapping.
pub(crate) struct Checker<'a> {
    pub(crate) env: &'a Env,
    pub(crate) place: Place<'a>,
    pub(crate) found: Vec<Diagnostic>,
    pub(crate) locals: Vec<Local>,
    pub(crate) pick: Pick,
    facts: Vec<(String, Fact)>,
    /// Whether what is checked now is what a target field comes to.
    tail: bool,
    pub(crate) fallible: bool,
    pub(crate) personal: bool,
    pub(crate) names: BTreeSet<String>,
    pub(crate) paths: BTreeSet<String>,
}

impl<'a> Checker<'a> {
    pub(crate) fn new(env: &'a Env, place: Place<'a>) -> Checker<'a> {
        Checker {
            env,
            place,
            found: Vec::new(),
            locals: Vec::new(),
            pick: env.money.pick,
            facts: env.holds.iter().flat_map(|condition| facts::told(condition)).collect(),
            tail: false,
            fallible: false,
            personal: false,
            names: BTreeSet::new(),
            paths: BTreeSet::new(),
        }
    }

    pub(crate) fn span(&self, range: &Range<usize>) -> Span {
        self.place.span(range.clone())
    }

    /// Reports an error and goes on.
    pub(crate) fn error(&mut self, code: &'static str, at: &Range<usize>, message: String) {
        let span = self.span(at);
        self.found.push(Diagnostic::error(code, span, message));
    }

    pub(crate) fn error_with(
        &mut self,
        code: &'static str,
        at: &Range<usize>,
        message: String,
        note: &str,
    ) {
        let span = self.span(at);
        self.found.push(Diagnostic::error(code, span, message).note(note));
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.found.iter().any(|d| d.severity == Severity::Error)
    }

    /// What a whole field or argument comes to; `null`, `omit` and `keep` may stand at its end.
    pub(crate) fn whole(&mut self, ast: &Ast) -> Part {
        self.tail = true;
        let part = self.check(ast);
        self.tail = false;
        part
    }

    /// Checks one part.
    pub(crate) fn check(&mut self, ast: &Ast) -> Part {
        let tail = std::mem::take(&mut self.tail);
        match &ast.kind {
            Kind::Number(number) => {
                let ty = if number.scale() == 0 { Type::Int } else { Type::Decimal };
                Part::new(Code::Const(Value::Number(*number)), ty)
            }
            Kind::Bool(bool) => Part::new(Code::Const(Value::Bool(*bool)), Type::Bool),
            Kind::Null => Part { code: Code::Null, ty: Type::Dyn, sort: Sort::Absent },
            Kind::Omit => Part { code: Code::Omit, ty: Type::Dyn, sort: Sort::Absent },
            Kind::Keep => self.keep(ast, tail),
            Kind::Template(pieces) => self.template(pieces),
            Kind::Name(_)
            | Kind::Field(..)
            | Kind::Index(..)
            | Kind::Where(..)
            | Kind::Flatten(_) => self.path_end(ast),
            Kind::Call(name, arguments) => self.call(name, None, arguments),
            Kind::Pipe(first, name, arguments) => self.call(name, Some(first), arguments),
            Kind::Lambda(..) => {
                let message = "a function `x => …` can only stand as an argument".to_owned();
                self.error("M043", &ast.span, message);
                Part::unknown()
            }
            Kind::Not(inner) => {
                let part = self.check(inner);
                self.needs_bool(&part, inner);
                Part::new(Code::Not(Box::new(part.code)), Type::Bool)
            }
            Kind::Negate(inner) => self.negate(inner),
            Kind::Binary(op, a, b) => self.binary(*op, a, b, tail),
            Kind::Approx(a, b, within) => self.approx([a, b, within]),
            Kind::Try(a, b) => self.attempt(a, b, tail),
            Kind::If(c, a, b) => self.choice(c, a, b, tail),
            Kind::Match(subject, arms) => self.matching(subject, arms, ast, tail),
            Kind::Let(name, value, body) => {
                let value = self.check(value);
                let (body, _) = self.bind(name, value.ty, true, |checker| {
                    checker.tail = tail;
                    checker.check(body)
                });
                Part { code: Code::Let(Box::new(value.code), Box::new(body.code)), ..body }
            }
            Kind::Record(entries) => self.record(entries),
            Kind::List(items) => self.list(items),
            Kind::As(inner, name) => self.cast(inner, name),
        }
    }

    fn keep(&mut self, ast: &Ast, tail: bool) -> Part {
        if !tail {
            let note = "it stands alone, at the end of a fallback, or in a branch of `if`";
            let message = "`keep` only says what a target field comes to".to_owned();
            self.error_with("M028", &ast.span, message, note);
            return Part::unknown();
        }
        Part { code: Code::Keep, ty: Type::Dyn, sort: Sort::Absent }
    }

    fn template(&mut self, pieces: &[Piece]) -> Part {
        let mut codes = Vec::with_capacity(pieces.len());
        for piece in pieces {
            match piece {
                Piece::Text(text) => codes.push(Code::Const(Value::text(text))),
                Piece::Hole(hole) => {
                    let part = self.check(hole);
                    self.fits_in_text(&part, hole);
                    codes.push(part.code);
                }
            }
        }
        let code = match codes.as_slice() {
            [] => Code::Const(Value::text("")),
            [Code::Const(Value::Text(_))] => codes.pop().unwrap_or(Code::Omit),
            _ => Code::Template(codes),
        };
        Part::new(code, Type::Text)
    }

    fn fits_in_text(&mut self, part: &Part, hole: &Ast) {
        if !self.needs_value(part, hole, "a text's hole") {
            return;
        }
        match part.ty.required() {
            Type::Inexact | Type::InexactMoney => self.inexact(hole, "a text"),
            Type::List(_) | Type::Map(_) | Type::Named(_) | Type::Record(_) => {
                let message = format!("{} can't stand in a text", shown_type(&part.ty));
                self.error_with(
                    "M004",
                    &hole.span,
                    message,
                    "name one of its fields, or join a list",
                );
            }
            _ => {}
        }
    }

    /// Runs `body` with one more binding; gives its slot too.
    pub(crate) fn bind<T>(
        &mut self,
        name: &crate::ast::Word,
        ty: Type,
        typed: bool,
        body: impl FnOnce(&mut Self) -> T,
    ) -> (T, u16) {
        if name.text != "_" {
            self.shadows(&name.text, &name.span);
        }
        let slot = self.push(&name.text, ty, typed);
        let result = body(self);
        self.pop(Some(&name.span));
        (result, slot)
    }

    pub(crate) fn shadows(&mut self, name: &str, at: &Range<usize>) {
        if self.is_known(name) {
            let span = self.span(at);
            let message = format!("`{name}` hides a name of the same spelling");
            self.found.push(Diagnostic::warning("M022", span, message).note("choose another name"));
        }
    }

    /// Adds a binding and gives its slot.
    pub(crate) fn push(&mut self, name: &str, ty: Type, typed: bool) -> u16 {
        let slot = u16::try_from(self.locals.len()).unwrap_or(u16::MAX);
        let facts = self.is_known(name).then(|| std::mem::take(&mut self.facts));
        self.locals.push(Local { name: Arc::from(name), ty, typed, used: false, facts });
        slot
    }

    fn is_known(&self, name: &str) -> bool {
        self.locals.iter().any(|l| *l.name == *name) || self.env.scope.contains_key(name)
    }

    /// Takes away all bindings above that many.
    pub(crate) fn drop_to(&mut self, height: usize) {
        while self.locals.len() > height {
            self.pop(None);
        }
    }

    /// Takes the last binding away, and says so where it was never used.
    pub(crate) fn pop(&mut self, at: Option<&Range<usize>>) {
        let Some(local) = self.locals.pop() else { return };
        if let Some(facts) = local.facts {
            self.facts = facts;
        }
        if let Some(at) = at
            && !local.used
            && !local.name.starts_with('_')
        {
            let span = self.span(at);
            let message = format!("`{}` is never used", local.name);
            self.found.push(
                Diagnostic::warning("M021", span, message)
                    .note("remove it, or begin its name with `_`"),
            );
        }
    }

    fn cast(&mut self, inner: &Ast, name: &crate::ast::TypeName) -> Part {
        let part = self.check(inner);
        self.fallible = true;
        let Some(ty) = self.type_named(name) else {
            return Part::new(part.code, Type::Dyn);
        };
        let leaf = self.cast_leaf(&ty, 0);
        Part::new(Code::Cast(Box::new(part.code), leaf), ty)
    }

    /// A written type.
    fn type_named(&mut self, name: &crate::ast::TypeName) -> Option<Type> {
        use crate::ast::TypeKind;
        let ty = match &name.kind {
            TypeKind::List(inner) => self.type_named(inner)?.list(),
            TypeKind::Map(inner) => Type::Map(Arc::new(self.type_named(inner)?)),
            TypeKind::Named(text) => match shapes::simple_type(text) {
                Some(ty) => ty,
                None if self.env.types.fields(text).is_some() => Type::named(text),
                None => {
                    let message = format!("there is no type `{text}`");
                    let mut names: Vec<&str> = self.env.types.names().collect();
                    names.extend(shapes::SIMPLE);
                    let near = tenon_source::near(text, names).map(str::to_owned);
                    let span = self.span(&name.span);
                    let mut found = Diagnostic::error("M033", span.clone(), message);
                    if let Some(near) = near {
                        found = found.note(format!("did you mean `{near}`?"));
                    } else {
                        found = found.note(format!("types are {}", shapes::SIMPLE.join(", ")));
                    }
                    self.found.push(found);
                    return None;
                }
            },
        };
        Some(if name.optional { ty.optional() } else { ty })
    }

    /// What `as` verifies; records are looked into three levels deep.
    fn cast_leaf(&self, ty: &Type, depth: u8) -> Leaf {
        match ty {
            Type::Optional(inner) => Leaf::Optional(Box::new(self.cast_leaf(inner, depth))),
            Type::List(inner) => Leaf::List(Box::new(self.cast_leaf(inner, depth))),
            Type::Map(inner) => Leaf::Map(Box::new(self.cast_leaf(inner, depth))),
            Type::Named(_) | Type::Record(_) => match self.fields_of(ty) {
                Some(fields) if depth < 3 => Leaf::Fields(
                    fields
                        .iter()
                        .map(|(name, field)| {
                            let inner = self.cast_leaf(&field.ty, depth.saturating_add(1));
                            (Arc::clone(name), inner)
                        })
                        .collect(),
                ),
                _ => Leaf::Record,
            },
            other => leaf_of(other, self.pick).unwrap_or(Leaf::Any),
        }
    }
}
