//! Text to tree. The grammar is mapper.pest; precedence stands here, in one table.

mod build;
mod expected;
mod nesting;

use std::ops::Range;

use crate::ast::{Ast, Kind};
use pest::Parser as _;

use grammar::{Grammar, Rule};

/// What pest makes of mapper.pest.
mod grammar {
    use pest_derive::Parser;

    #[derive(Parser)]
    #[grammar = "mapper.pest"]
    pub(super) struct Grammar;
}

/// Levels of brackets and prefix forms an expression may have.
pub const MAX_NESTING: usize = 64;
/// Levels of parts a parsed expression may have: long chains of one operator count too.
pub const MAX_DEPTH: u32 = 200;
/// Longest expression, in bytes.
pub const MAX_BYTES: usize = 16_384;

/// Why a text is no expression.
#[derive(Debug, Clone, PartialEq)]
pub struct SyntaxError {
    /// The finding's code.
    pub code: &'static str,
    /// One sentence.
    pub message: String,
    /// What could be done.
    pub note: Option<String>,
    /// Where.
    pub span: Range<usize>,
}

/// Reads an expression.
///
/// # Errors
/// What is wrong first, with its place.
pub fn expression(text: &str) -> Result<Ast, SyntaxError> {
    nesting::check(text, false)?;
    let pairs = Grammar::parse(Rule::program, text).map_err(|e| expected::explain(text, &e))?;
    let ast = pairs
        .flat_map(pest::iterators::Pair::into_inner)
        .find(|pair| pair.as_rule() == Rule::expr)
        .map(build::expr)
        .transpose()?
        .ok_or_else(|| empty(text))?;
    within_depth(ast)
}

/// Reads a text with `{holes}`.
///
/// # Errors
/// What is wrong first, with its place.
pub fn template(text: &str) -> Result<Ast, SyntaxError> {
    nesting::check(text, true)?;
    let pairs = Grammar::parse(Rule::template, text).map_err(|e| expected::explain(text, &e))?;
    let pieces = build::pieces(pairs.flat_map(pest::iterators::Pair::into_inner))?;
    within_depth(Ast::new(Kind::Template(pieces), 0..text.len()))
}

fn empty(text: &str) -> SyntaxError {
    SyntaxError {
        code: "M001",
        message: "an expression is missing here".to_owned(),
        note: None,
        span: 0..text.len(),
    }
}

fn within_depth(ast: Ast) -> Result<Ast, SyntaxError> {
    if ast.depth > MAX_DEPTH {
        return Err(nesting::too_deep(ast.span));
    }
    Ok(ast)
}
