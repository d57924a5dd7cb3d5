//! The tree of an expression as it was written, with the bytes each part stands at.

use std::ops::Range;

use tenon_value::Number;

/// A part of an expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Ast {
    /// What it is.
    pub kind: Kind,
    /// Its bytes in the expression's text.
    pub span: Range<usize>,
    /// Levels of parts below it, itself included.
    pub depth: u32,
}

/// A name with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Word {
    /// The name.
    pub text: String,
    /// Its bytes.
    pub span: Range<usize>,
}

/// What a part of an expression is.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "named like the syntax")]
pub enum Kind {
    Number(Number),
    Bool(bool),
    Null,
    Omit,
    Keep,
    /// A text with holes; a text without is one piece.
    Template(Vec<Piece>),
    Name(String),
    Field(Box<Ast>, Word),
    Index(Box<Ast>, Box<Ast>),
    Where(Box<Ast>, Box<Ast>),
    Flatten(Box<Ast>),
    Call(Word, Vec<Argument>),
    /// `a |> f(b)`: the call with `a` first.
    Pipe(Box<Ast>, Word, Vec<Argument>),
    Lambda(Word, Box<Ast>),
    Not(Box<Ast>),
    Negate(Box<Ast>),
    Binary(Operator, Box<Ast>, Box<Ast>),
    Approx(Box<Ast>, Box<Ast>, Box<Ast>),
    Try(Box<Ast>, Box<Ast>),
    If(Box<Ast>, Box<Ast>, Box<Ast>),
    Match(Box<Ast>, Vec<Arm>),
    Let(Word, Box<Ast>, Box<Ast>),
    Record(Vec<(Word, Ast)>),
    List(Vec<Ast>),
    As(Box<Ast>, TypeName),
}

/// A piece of a text.
#[derive(Debug, Clone, PartialEq)]
pub enum Piece {
    /// As it stands.
    Text(String),
    /// An expression whose value is put in.
    Hole(Ast),
}

/// An argument of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Argument {
    /// The parameter it names, if it does.
    pub name: Option<Word>,
    /// The value.
    pub value: Ast,
}

/// An arm of a match.
#[derive(Debug, Clone, PartialEq)]
pub struct Arm {
    /// Literal values it stands for, or a name that takes whatever is left.
    pub pattern: Pattern,
    /// What it gives.
    pub gives: Ast,
}

/// What an arm stands for.
#[derive(Debug, Clone, PartialEq)]
pub enum Pattern {
    /// Any of these literals.
    Values(Vec<Ast>),
    /// Whatever is left, under a name (`_` for none).
    Other(Word),
}

/// A type as written after `as`.
#[derive(Debug, Clone, PartialEq)]
pub struct TypeName {
    /// What it is.
    pub kind: TypeKind,
    /// May be absent.
    pub optional: bool,
    /// Its bytes.
    pub span: Range<usize>,
}

/// Forms of a written type.
#[derive(Debug, Clone, PartialEq)]
pub enum TypeKind {
    /// `text`, `fortnox.Order`.
    Named(String),
    /// `list<T>`
    List(Box<TypeName>),
    /// `map<T>`
    Map(Box<TypeName>),
}

/// Operators with two sides, as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Operator {
    Fallback,
    Coalesce,
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    More,
    MoreOrEqual,
    In,
    NotIn,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Operator {
    /// How it is written.
    #[must_use]
    pub fn symbol(self) -> &'static str {
        match self {
            Operator::Fallback => "//",
            Operator::Coalesce => "??",
            Operator::Or => "or",
            Operator::And => "and",
            Operator::Equal => "==",
            Operator::NotEqual => "!=",
            Operator::Less => "<",
            Operator::LessOrEqual => "<=",
            Operator::More => ">",
            Operator::MoreOrEqual => ">=",
            Operator::In => "in",
            Operator::NotIn => "not in",
            Operator::Add => "+",
            Operator::Subtract => "-",
            Operator::Multiply => "*",
            Operator::Divide => "/",
            Operator::Remainder => "%",
        }
    }

    /// How tightly it binds; more is tighter.
    #[must_use]
    pub fn level(self) -> u8 {
        match self {
            Operator::Fallback => 1,
            Operator::Coalesce => 2,
            Operator::Or => 3,
            Operator::And => 4,
            Operator::Equal
            | Operator::NotEqual
            | Operator::Less
            | Operator::LessOrEqual
            | Operator::More
            | Operator::MoreOrEqual
            | Operator::In
            | Operator::NotIn => 6,
            Operator::Add | Operator::Subtract => 8,
            Operator::Multiply | Operator::Divide | Operator::Remainder => 9,
        }
    }
}

impl Ast {
    /// A part whose depth follows from the parts below it.
    #[must_use]
    pub fn new(kind: Kind, span: Range<usize>) -> Ast {
        let mut deepest = 0;
        kind.each_child(&mut |child| deepest = deepest.max(child.depth));
        Ast { kind, span, depth: deepest.saturating_add(1) }
    }

    /// The text of a literal without holes.
    #[must_use]
    pub fn as_plain_text(&self) -> Option<String> {
        match &self.kind {
            Kind::Template(pieces) => match pieces.as_slice() {
                [] => Some(String::new()),
                [Piece::Text(text)] => Some(text.clone()),
                _ => None,
            },
            _ => None,
        }
    }
}

impl Kind {
    /// Calls `f` on every direct part.
    pub fn each_child<'a>(&'a self, f: &mut dyn FnMut(&'a Ast)) {
        match self {
            Kind::Number(_)
            | Kind::Bool(_)
            | Kind::Null
            | Kind::Omit
            | Kind::Keep
            | Kind::Name(_) => {}
            Kind::Template(pieces) => {
                for piece in pieces {
                    if let Piece::Hole(hole) = piece {
                        f(hole);
                    }
                }
            }
            Kind::Field(a, _) | Kind::Flatten(a) | Kind::Not(a) | Kind::Negate(a) => f(a),
            Kind::As(a, _) | Kind::Lambda(_, a) => f(a),
            Kind::Index(a, b) | Kind::Where(a, b) | Kind::Try(a, b) => {
                f(a);
                f(b);
            }
            Kind::Binary(_, a, b) | Kind::Let(_, a, b) => {
                f(a);
                f(b);
            }
            Kind::Approx(a, b, c) | Kind::If(a, b, c) => {
                f(a);
                f(b);
                f(c);
            }
            Kind::Call(_, arguments) => arguments.iter().for_each(|a| f(&a.value)),
            Kind::Pipe(a, _, arguments) => {
                f(a);
                arguments.iter().for_each(|a| f(&a.value));
            }
            Kind::Match(a, arms) => {
                f(a);
                for arm in arms {
                    if let Pattern::Values(values) = &arm.pattern {
                        values.iter().for_each(&mut *f);
                    }
                    f(&arm.gives);
                }
            }
            Kind::Record(entries) => entries.iter().for_each(|(_, value)| f(value)),
            Kind::List(items) => items.iter().for_each(f),
        }
    }
}
