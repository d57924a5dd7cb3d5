//! Documents' scalars and command lines to programs.

use std::sync::Arc;

use tenon_source::{Diagnostic, File, Node, NodeKind, Style};
use tenon_value::Number;

use crate::ast::{Ast, Kind};
use crate::check::{Checker, Part, Place, Sort, Target};
use crate::env::Env;
use crate::parse::{self, SyntaxError};
use crate::program::{Compiled, Program};
use crate::types::Type;

/// Compiles the expression of a YAML scalar: a plain or block scalar is an expression, a quoted one a
/// text with `{holes}`. `wanted` is the type its value must have.
///
/// A program comes back only where there are no errors; findings come back in any case.
#[must_use]
pub fn compile(
    node: &Node,
    env: &Env,
    wanted: Option<&Type>,
) -> (Option<Compiled>, Vec<Diagnostic>) {
    let mut checker = Checker::new(env, Place::Node(node));
    let compiled = read_node(node, &mut checker).map(|ast| finish(&mut checker, &ast, wanted));
    give(checker, compiled)
}

/// Compiles an expression that stands on its own, as `map eval` gets it.
#[must_use]
pub fn compile_text(
    text: &str,
    env: &Env,
    wanted: Option<&Type>,
) -> (Option<Compiled>, Vec<Diagnostic>) {
    let file = Arc::new(File { path: "expression".to_owned(), text: text.to_owned() });
    let mut checker = Checker::new(env, Place::Text(file));
    let compiled = match parse::expression(text) {
        Ok(ast) => Some(finish(&mut checker, &ast, wanted)),
        Err(error) => {
            refuse(&mut checker, error, None);
            None
        }
    };
    give(checker, compiled)
}

fn give(checker: Checker<'_>, compiled: Option<Part>) -> (Option<Compiled>, Vec<Diagnostic>) {
    let clean = !checker.has_errors();
    let compiled = compiled.filter(|_| clean).map(|part| Compiled {
        program: Program::new(part.code),
        ty: part.ty,
        fallible: checker.fallible,
        names: checker.names,
        paths: checker.paths,
        personal: checker.personal,
    });
    (compiled, checker.found)
}

fn finish(checker: &mut Checker<'_>, ast: &Ast, wanted: Option<&Type>) -> Part {
    let before = checker.found.len();
    let part = checker.whole(ast);
    let clean = checker.found.len() == before;
    if let Some(wanted) = wanted
        && clean
    {
        checker.assign(&part, ast, &Target::wanted(wanted));
    }
    let ty = if part.sort == Sort::Absent { Type::Dyn.optional() } else { part.ty.clone() };
    Part { ty, ..part }
}

/// Reads the scalar of a node as a tree; reports what is wrong with it.
pub(crate) fn read_node(node: &Node, checker: &mut Checker<'_>) -> Option<Ast> {
    let NodeKind::Scalar(scalar) = &node.kind else {
        let message = format!("an expression is needed, this is {}", node.describe());
        checker.found.push(Diagnostic::error("M034", node.span.clone(), message));
        return None;
    };
    if let Some(trap) = tenon_source::expression_trap(node) {
        checker.found.push(trap);
        return None;
    }
    if scalar.style.is_quoted() {
        return quoted(node, &scalar.text, checker);
    }
    if scalar.style == Style::Plain && scalar.text.trim().is_empty() {
        let message = "an expression is missing here".to_owned();
        let found = Diagnostic::error("M001", node.span.clone(), message);
        checker.found.push(found.note("write `omit` to leave a field out"));
        return None;
    }
    if let Some(rest) = scalar.text.trim().strip_prefix('-')
        && let Ok(number) = Number::parse(rest)
    {
        return Some(Ast::new(Kind::Number(number.negate()), 0..scalar.text.len()));
    }
    match parse::expression(&scalar.text) {
        Ok(ast) => Some(ast),
        Err(error) => {
            refuse(checker, error, Some(node));
            None
        }
    }
}

fn quoted(node: &Node, text: &str, checker: &mut Checker<'_>) -> Option<Ast> {
    match parse::template(text) {
        Ok(ast) => {
            looks_like_path(node, text, checker);
            Some(ast)
        }
        Err(error) => {
            refuse(checker, error, Some(node));
            None
        }
    }
}

/// A quoted text that is exactly a known path was likely meant as one.
fn looks_like_path(node: &Node, text: &str, checker: &mut Checker<'_>) {
    if !text.contains('.') || text.contains(|c: char| c.is_whitespace() || c == '{') {
        return;
    }
    let Ok(ast) = parse::expression(text) else { return };
    if !matches!(ast.kind, Kind::Field(..)) {
        return;
    }
    let file = Arc::new(File { path: String::new(), text: text.to_owned() });
    let mut probe = Checker::new(checker.env, Place::Text(file));
    probe.check(&ast);
    let known = probe.names.iter().any(|n| checker.env.scope.contains_key(n))
        || text.starts_with("settings.");
    if probe.found.is_empty() && known {
        let message = format!("this is the text \"{text}\", not the value of that path");
        let found = Diagnostic::warning("M024", node.span.clone(), message)
            .note("without quotes it is the path")
            .fix(node.span.clone(), text, false);
        checker.found.push(found);
    }
}

fn refuse(checker: &mut Checker<'_>, error: SyntaxError, node: Option<&Node>) {
    let span = checker.span(&error.span);
    let mut found = Diagnostic::error(error.code, span, error.message);
    if let Some(note) = error.note {
        found = found.note(note);
    }
    let plain = node.and_then(Node::scalar).is_some_and(|s| s.style == Style::Plain);
    if plain && error.code == "M001" {
        found = found
            .note("an expression that YAML would misread stands in a block: `|` and a new line");
    }
    checker.found.push(found);
}
