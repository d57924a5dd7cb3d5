//! Parse pairs to tree, with precedence.

use std::ops::Range;
use std::sync::LazyLock;

use pest::iterators::Pair;
use pest::pratt_parser::{Assoc, Op, PrattParser};
use tenon_value::Number;

use super::{Rule, SyntaxError};
use crate::ast::{Argument, Arm, Ast, Kind, Operator, Pattern, Piece, TypeKind, TypeName, Word};

type Result<T> = std::result::Result<T, SyntaxError>;

/// Precedence, loosest first.
static PRATT: LazyLock<PrattParser<Rule>> = LazyLock::new(|| {
    let left = |rule| Op::infix(rule, Assoc::Left);
    PrattParser::new()
        .op(left(Rule::fallback))
        .op(left(Rule::coalesce))
        .op(left(Rule::or))
        .op(left(Rule::and))
        .op(Op::prefix(Rule::not))
        .op(left(Rule::eq)
            | left(Rule::ne)
            | left(Rule::le)
            | left(Rule::ge)
            | left(Rule::lt)
            | left(Rule::gt)
            | left(Rule::in_op)
            | left(Rule::not_in)
            | left(Rule::approx))
        .op(left(Rule::within))
        .op(left(Rule::add) | left(Rule::sub))
        .op(left(Rule::mul) | left(Rule::div) | left(Rule::rem))
        .op(Op::prefix(Rule::neg))
        .op(Op::postfix(Rule::field)
            | Op::postfix(Rule::flatten)
            | Op::postfix(Rule::filter)
            | Op::postfix(Rule::index)
            | Op::postfix(Rule::pipe)
            | Op::postfix(Rule::cast))
});

/// A tree while operators are put together; `within` is no expression of its own.
enum Part {
    Whole(Ast),
    Within(Ast, Ast),
}

fn range(pair: &Pair<'_, Rule>) -> Range<usize> {
    let span = pair.as_span();
    span.start()..span.start().saturating_add(pair.as_str().trim_end().len())
}

fn error(span: Range<usize>, message: &str, note: Option<&str>) -> SyntaxError {
    SyntaxError { code: "M001", message: message.to_owned(), note: note.map(str::to_owned), span }
}

/// Something the grammar rules out.
fn odd(span: Range<usize>) -> SyntaxError {
    error(span, "this is not understood here", None)
}

fn whole(part: Part) -> Result<Ast> {
    match part {
        Part::Whole(ast) => Ok(ast),
        Part::Within(a, b) => Err(error(
            a.span.start..b.span.end,
            "`within` belongs after `~=`",
            Some("write `a ~= b within c`"),
        )),
    }
}

fn word(pair: &Pair<'_, Rule>) -> Word {
    Word { text: pair.as_str().to_owned(), span: range(pair) }
}

/// Inner pairs without brackets, keywords and commas.
fn parts(pair: Pair<'_, Rule>) -> impl Iterator<Item = Pair<'_, Rule>> {
    pair.into_inner().filter(|p| {
        !matches!(
            p.as_rule(),
            Rule::open_paren
                | Rule::close_paren
                | Rule::open_bracket
                | Rule::close_bracket
                | Rule::open_brace
                | Rule::close_brace
                | Rule::comma
                | Rule::bar
                | Rule::arrow
                | Rule::equals
                | Rule::quote
                | Rule::dot
                | Rule::pipe_op
                | Rule::kw_if
                | Rule::kw_then
                | Rule::kw_else
                | Rule::kw_try
                | Rule::kw_let
                | Rule::kw_in
                | Rule::kw_match
                | Rule::kw_where
                | Rule::kw_as
        )
    })
}

/// An `expr` pair.
pub(super) fn expr(pair: Pair<'_, Rule>) -> Result<Ast> {
    let part = PRATT
        .map_primary(|p| primary(p).map(Part::Whole))
        .map_prefix(|op, rhs| {
            let rhs = whole(rhs?)?;
            let span = range(&op).start..rhs.span.end;
            let kind = match op.as_rule() {
                Rule::not => Kind::Not(Box::new(rhs)),
                _ => Kind::Negate(Box::new(rhs)),
            };
            Ok(Part::Whole(Ast::new(kind, span)))
        })
        .map_postfix(|lhs, op| postfix(whole(lhs?)?, op).map(Part::Whole))
        .map_infix(|lhs, op, rhs| infix(whole(lhs?)?, &op, rhs?))
        .parse(pair.into_inner())?;
    whole(part)
}

fn infix(lhs: Ast, op: &Pair<'_, Rule>, rhs: Part) -> Result<Part> {
    let rule = op.as_rule();
    if rule == Rule::within {
        return Ok(Part::Within(lhs, whole(rhs)?));
    }
    if rule == Rule::approx {
        let Part::Within(right, tolerance) = rhs else {
            let note = Some("write `a ~= b within c`");
            return Err(error(range(op), "`~=` needs `within` and a tolerance", note));
        };
        comparable(&lhs)?;
        let span = lhs.span.start..tolerance.span.end;
        let kind = Kind::Approx(Box::new(lhs), Box::new(right), Box::new(tolerance));
        return Ok(Part::Whole(Ast::new(kind, span)));
    }
    let rhs = whole(rhs)?;
    let operator = operator(rule).ok_or_else(|| odd(range(op)))?;
    if operator.level() == 6 {
        comparable(&lhs)?;
    }
    let span = lhs.span.start..rhs.span.end;
    Ok(Part::Whole(Ast::new(Kind::Binary(operator, Box::new(lhs), Box::new(rhs)), span)))
}

/// Comparisons don't chain. A comparison in brackets is told by its span, which leaves them out.
fn comparable(lhs: &Ast) -> Result<()> {
    let chained = match &lhs.kind {
        Kind::Binary(op, a, b) => {
            op.level() == 6 && lhs.span.start == a.span.start && lhs.span.end == b.span.end
        }
        Kind::Approx(a, _, c) => lhs.span.start == a.span.start && lhs.span.end == c.span.end,
        _ => false,
    };
    if chained {
        let note = Some("write `a < b and b < c`, or put one side in brackets");
        return Err(error(lhs.span.clone(), "comparisons can't follow one another", note));
    }
    Ok(())
}

fn operator(rule: Rule) -> Option<Operator> {
    Some(match rule {
        Rule::fallback => Operator::Fallback,
        Rule::coalesce => Operator::Coalesce,
        Rule::or => Operator::Or,
        Rule::and => Operator::And,
        Rule::eq => Operator::Equal,
        Rule::ne => Operator::NotEqual,
        Rule::lt => Operator::Less,
        Rule::le => Operator::LessOrEqual,
        Rule::gt => Operator::More,
        Rule::ge => Operator::MoreOrEqual,
        Rule::in_op => Operator::In,
        Rule::not_in => Operator::NotIn,
        Rule::add => Operator::Add,
        Rule::sub => Operator::Subtract,
        Rule::mul => Operator::Multiply,
        Rule::div => Operator::Divide,
        Rule::rem => Operator::Remainder,
        _ => return None,
    })
}

fn postfix(lhs: Ast, op: Pair<'_, Rule>) -> Result<Ast> {
    let op_span = range(&op);
    let span = lhs.span.start..op_span.end;
    let rule = op.as_rule();
    let lhs = Box::new(lhs);
    let mut inner = parts(op);
    let kind = match rule {
        Rule::flatten => Kind::Flatten(lhs),
        Rule::field => Kind::Field(lhs, word(&inner.next().ok_or_else(|| odd(op_span))?)),
        Rule::filter => {
            Kind::Where(lhs, Box::new(expr(inner.next().ok_or_else(|| odd(op_span))?)?))
        }
        Rule::index => Kind::Index(lhs, Box::new(expr(inner.next().ok_or_else(|| odd(op_span))?)?)),
        Rule::cast => Kind::As(lhs, type_name(inner.next().ok_or_else(|| odd(op_span))?)?),
        _ => {
            let name = word(&inner.next().ok_or_else(|| odd(op_span))?);
            let arguments = inner.next().map(arguments).transpose()?.unwrap_or_default();
            Kind::Pipe(lhs, name, arguments)
        }
    };
    Ok(Ast::new(kind, span))
}

fn type_name(pair: Pair<'_, Rule>) -> Result<TypeName> {
    let span = range(&pair);
    let mut kind = None;
    let mut optional = false;
    for part in pair.into_inner() {
        match part.as_rule() {
            Rule::optional => optional = true,
            Rule::plain_type => kind = Some(TypeKind::Named(part.as_str().to_owned())),
            rule => {
                let inner = part.into_inner().next().ok_or_else(|| odd(span.clone()))?;
                let inner = Box::new(type_name(inner)?);
                kind = Some(match rule {
                    Rule::list_type => TypeKind::List(inner),
                    _ => TypeKind::Map(inner),
                });
            }
        }
    }
    Ok(TypeName { kind: kind.ok_or_else(|| odd(span.clone()))?, optional, span })
}

fn arguments(pair: Pair<'_, Rule>) -> Result<Vec<Argument>> {
    parts(pair)
        .map(|arg| {
            let span = range(&arg);
            let inner = arg.into_inner().next().ok_or_else(|| odd(span.clone()))?;
            if inner.as_rule() != Rule::named {
                return Ok(Argument { name: None, value: argument(inner)? });
            }
            let mut named = parts(inner);
            let name = word(&named.next().ok_or_else(|| odd(span.clone()))?);
            let value = argument(named.next().ok_or_else(|| odd(span))?)?;
            Ok(Argument { name: Some(name), value })
        })
        .collect()
}

fn argument(pair: Pair<'_, Rule>) -> Result<Ast> {
    if pair.as_rule() != Rule::lambda {
        return expr(pair);
    }
    let span = range(&pair);
    let mut inner = parts(pair);
    let name = word(&inner.next().ok_or_else(|| odd(span.clone()))?);
    let body = expr(inner.next().ok_or_else(|| odd(span.clone()))?)?;
    Ok(Ast::new(Kind::Lambda(name, Box::new(body)), span))
}

fn primary(pair: Pair<'_, Rule>) -> Result<Ast> {
    let span = range(&pair);
    let rule = pair.as_rule();
    let kind = match rule {
        Rule::number | Rule::neg_number => Kind::Number(
            Number::parse(pair.as_str()).map_err(|e| error(span.clone(), &e.to_string(), None))?,
        ),
        Rule::true_lit => Kind::Bool(true),
        Rule::false_lit => Kind::Bool(false),
        Rule::null_lit => Kind::Null,
        Rule::omit_lit => Kind::Omit,
        Rule::keep_lit => Kind::Keep,
        Rule::name => Kind::Name(pair.as_str().trim().to_owned()),
        Rule::string | Rule::plain_string => Kind::Template(pieces(parts(pair))?),
        Rule::expr | Rule::no_in => return expr(pair),
        Rule::paren => {
            let inner = expr(parts(pair).next().ok_or_else(|| odd(span.clone()))?)?;
            return Ok(Ast { span, ..inner });
        }
        Rule::list => Kind::List(parts(pair).map(expr).collect::<Result<_>>()?),
        Rule::record => Kind::Record(parts(pair).map(entry).collect::<Result<_>>()?),
        Rule::match_expr => return match_expr(pair),
        Rule::call => {
            let mut inner = parts(pair);
            let name = word(&inner.next().ok_or_else(|| odd(span.clone()))?);
            Kind::Call(name, arguments(inner.next().ok_or_else(|| odd(span.clone()))?)?)
        }
        Rule::let_expr | Rule::let_no_in => {
            let mut inner = parts(pair);
            let name = word(&inner.next().ok_or_else(|| odd(span.clone()))?);
            let [value, body] = exprs(inner, &span)?;
            Kind::Let(name, value, body)
        }
        Rule::try_expr | Rule::try_no_in => {
            let [a, b] = exprs(parts(pair), &span)?;
            Kind::Try(a, b)
        }
        Rule::if_expr | Rule::if_no_in => {
            let [c, a, b] = exprs(parts(pair), &span)?;
            Kind::If(c, a, b)
        }
        _ => return Err(odd(span)),
    };
    Ok(Ast::new(kind, span))
}

/// Exactly N expressions.
fn exprs<'i, const N: usize>(
    pairs: impl Iterator<Item = Pair<'i, Rule>>,
    span: &Range<usize>,
) -> Result<[Box<Ast>; N]> {
    let found: Vec<Box<Ast>> = pairs.map(|p| expr(p).map(Box::new)).collect::<Result<_>>()?;
    found.try_into().map_err(|_| odd(span.clone()))
}

fn entry(pair: Pair<'_, Rule>) -> Result<(Word, Ast)> {
    let span = range(&pair);
    let mut inner = parts(pair);
    let key = inner.next().ok_or_else(|| odd(span.clone()))?;
    let name = if key.as_rule() == Rule::plain_string {
        let text = primary(key.clone())?.as_plain_text().unwrap_or_default();
        Word { text, span: range(&key) }
    } else {
        word(&key)
    };
    let value = expr(inner.next().ok_or_else(|| odd(span))?)?;
    Ok((name, value))
}

fn match_expr(pair: Pair<'_, Rule>) -> Result<Ast> {
    let span = range(&pair);
    let mut inner = parts(pair);
    let subject = expr(inner.next().ok_or_else(|| odd(span.clone()))?)?;
    let arms = inner
        .map(|arm| {
            let arm_span = range(&arm);
            let mut inner = parts(arm);
            let head = inner.next().ok_or_else(|| odd(arm_span.clone()))?;
            let pattern = if head.as_rule() == Rule::ident {
                Pattern::Other(word(&head))
            } else {
                let literals = parts(head).filter_map(|p| p.into_inner().next());
                Pattern::Values(literals.map(primary).collect::<Result<_>>()?)
            };
            let gives = expr(inner.next().ok_or_else(|| odd(arm_span))?)?;
            Ok(Arm { pattern, gives })
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(Ast::new(Kind::Match(Box::new(subject), arms), span))
}

/// Pieces of a text: runs of plain text are joined.
pub(super) fn pieces<'i>(pairs: impl Iterator<Item = Pair<'i, Rule>>) -> Result<Vec<Piece>> {
    let mut pieces: Vec<Piece> = Vec::new();
    for pair in pairs {
        let text = match pair.as_rule() {
            Rule::hole => {
                let span = range(&pair);
                let inner = parts(pair).next().ok_or_else(|| odd(span))?;
                pieces.push(Piece::Hole(expr(inner)?));
                continue;
            }
            Rule::brace => pair.as_str().chars().take(1).collect(),
            Rule::string_text => unescape(&pair)?,
            Rule::raw_text => pair.as_str().to_owned(),
            _ => continue,
        };
        if let Some(Piece::Text(before)) = pieces.last_mut() {
            before.push_str(&text);
        } else {
            pieces.push(Piece::Text(text));
        }
    }
    Ok(pieces)
}

fn unescape(pair: &Pair<'_, Rule>) -> Result<String> {
    let mut out = String::new();
    let mut letters = pair.as_str().chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            out.push(letter);
            continue;
        }
        match letters.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('u') => {
                let digits: String = letters.by_ref().skip(1).take_while(|c| *c != '}').collect();
                let letter = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
                out.push(letter.ok_or_else(|| {
                    error(range(pair), "there is no character of that number", None)
                })?);
            }
            Some(other) => out.push(other),
            None => {}
        }
    }
    Ok(out)
}
