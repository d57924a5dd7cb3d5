//! Expressions in flows: conditions, keys, values and prose, compiled by the mapper.

use std::sync::Arc;

use tenon_graph::Program;
use tenon_mapper::ast::{Ast, Kind};
use tenon_mapper::types::Type;
use tenon_mapper::{Compiled, Env};
use tenon_source::{Diagnostic, Node, NodeKind, Style};
use tenon_value::Value;

use crate::shape::Found;

/// What stands where an expression did not compile. Its graph is never handed out.
pub(crate) fn nothing() -> Program {
    Program(Arc::from(""))
}

/// An expression and its type; `dyn` where it did not compile.
pub(crate) fn value(
    node: &Node,
    env: &Env,
    wanted: Option<&Type>,
    found: &mut Found,
) -> (Program, Type) {
    match compile(node, env, wanted, found) {
        Some(compiled) => (text_of(&compiled), compiled.ty),
        None => (nothing(), Type::Dyn),
    }
}

fn compile(node: &Node, env: &Env, wanted: Option<&Type>, found: &mut Found) -> Option<Compiled> {
    let (compiled, more) = tenon_mapper::compile(node, env, wanted);
    found.extend(more);
    compiled
}

fn text_of(compiled: &Compiled) -> Program {
    Program(Arc::from(compiled.program.to_text()))
}

/// A program that always gives that value.
pub(crate) fn constant(value: Value) -> Program {
    Program(Arc::from(tenon_mapper::Program::constant(value).to_text()))
}

/// The list that an `each` goes over, and the type of its items.
pub(crate) fn items(node: &Node, env: &Env, found: &mut Found) -> (Program, Type) {
    let list = Type::Dyn.list();
    match compile(node, env, Some(&list), found) {
        Some(compiled) => match &compiled.ty {
            Type::List(item) => (text_of(&compiled), Type::clone(item)),
            _ => (text_of(&compiled), Type::Dyn),
        },
        None => (nothing(), Type::Dyn),
    }
}

/// A value that a list is filtered by: plain, so that it can stand in an address.
pub(crate) fn filter(node: &Node, env: &Env, found: &mut Found) -> Program {
    let (program, ty) = value(node, env, None, found);
    if matches!(ty.required(), Type::List(_) | Type::Map(_) | Type::Named(_) | Type::Record(_)) {
        let message = format!("a list is filtered by plain values; this is {ty}");
        found.push(Diagnostic::error("F028", node.span.clone(), message));
    }
    program
}

/// The call of a script, with its declared result.
pub(crate) fn script(node: &Node, env: &Env, found: &mut Found) -> (Program, Type) {
    let quoted = node.scalar().is_some_and(|scalar| scalar.style.is_quoted());
    if let Some(ast) = node.text().and_then(|text| tenon_mapper::parse::expression(text).ok())
        && (quoted || !calls_script(&ast))
    {
        let message = "`script` calls a script, and this is something else";
        found.push(
            Diagnostic::error("F004", node.span.clone(), message)
                .note("script(\"file.rhai::function\", argument, …) as list<text>"),
        );
        return (nothing(), Type::Dyn);
    }
    value(node, env, None, found)
}

fn calls_script(ast: &Ast) -> bool {
    match &ast.kind {
        Kind::As(inner, _) => calls_script(inner),
        Kind::Call(word, _) | Kind::Pipe(_, word, _) => word.text == "script",
        _ => false,
    }
}

/// A reason to skip. It may fail: no step stands before it that could name its values, and the fault
/// is the task's own.
pub(crate) fn reason(node: &Node, env: &Env, found: &mut Found) -> Program {
    value(node, env, Some(&Type::Bool), found).0
}

/// A condition that is written out as `true` or `false`.
pub(crate) fn settled(node: &Node) -> Option<bool> {
    let scalar = node.scalar().filter(|scalar| !scalar.style.is_quoted())?;
    match scalar.text.trim() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// A condition of a step or a branch. One that never holds leaves steps that no task comes to.
pub(crate) fn condition(node: &Node, env: &Env, found: &mut Found) -> Program {
    if settled(node) == Some(false) {
        let message = "this never holds, so no task ever comes here";
        found.push(Diagnostic::warning("F015", node.span.clone(), message));
    }
    let Some(compiled) = compile(node, env, Some(&Type::Bool), found) else { return nothing() };
    warn_fallible(node, &compiled, "a condition", found);
    text_of(&compiled)
}

/// What a written record is remembered under. Keys of what a system answered are nullable in nearly
/// every schema, and what is searched for may be missing: it is then not searched for.
const NEEDED: &str = "a reference";

/// A condition as it is written, where it is an expression and no text.
pub(crate) fn condition_text(node: Option<&Node>) -> Option<String> {
    let scalar = node.and_then(Node::scalar)?;
    (!scalar.style.is_quoted()).then(|| scalar.text.clone())
}

/// An expression whose value names a record or is searched for: a text or a number.
pub(crate) fn key(node: &Node, env: &Env, what: &str, found: &mut Found) -> Program {
    let Some(compiled) = compile(node, env, None, found) else { return nothing() };
    let ty = compiled.ty.required();
    let good = matches!(
        ty,
        Type::Dyn
            | Type::Text
            | Type::Int
            | Type::Decimal
            | Type::Enum(_)
            | Type::Date
            | Type::DateTime
    );
    if !good {
        let message = format!("{what} is a text or a number; this is {ty}");
        found.push(Diagnostic::error("F028", node.span.clone(), message));
    } else if matches!(compiled.ty, Type::Optional(_)) && what == NEEDED {
        let message = format!("{what} needs a value, and this may be missing");
        found.push(
            Diagnostic::warning("F028", node.span.clone(), message)
                .note("ask `!= null` in the step's `if`, or give it a fallback"),
        );
    }
    warn_fallible(node, &compiled, what, found);
    text_of(&compiled)
}

/// Keys, filters and routes decide what happens; a fault of their own making hides what was meant.
fn warn_fallible(node: &Node, compiled: &Compiled, what: &str, found: &mut Found) {
    if compiled.fallible {
        found.push(
            Diagnostic::warning("F038", node.span.clone(), format!("{what} that may itself fail"))
                .note(
                    "name its value in a `set:` step before, or give it a fallback: `try … else …`",
                ),
        );
    }
}

/// A line for the audit log.
pub(crate) fn log(node: &Node, env: &Env, found: &mut Found) -> Program {
    let Some(compiled) = compile(&quoted(node), env, Some(&Type::Text), found) else {
        return nothing();
    };
    if compiled.personal {
        let message = "this log line names or describes a person";
        found.push(
            Diagnostic::warning("F039", node.span.clone(), message)
                .note("the audit log outlives the record; log the record's id instead"),
        );
    }
    text_of(&compiled)
}

fn quoted(node: &Node) -> Node {
    let mut node = node.clone();
    if let NodeKind::Scalar(scalar) = &mut node.kind {
        scalar.style = Style::DoubleQuoted;
    }
    node
}

/// A text for people. Written without quotes it is a text all the same, with its `{holes}`.
pub(crate) fn prose(node: &Node, env: &Env, found: &mut Found) -> Program {
    value(&quoted(node), env, Some(&Type::Text), found).0
}

/// The empty text. `near` is any scalar; only its place is used.
pub(crate) fn empty_prose(near: &Node, env: &Env, found: &mut Found) -> Program {
    let mut node = near.clone();
    if let NodeKind::Scalar(scalar) = &mut node.kind {
        scalar.style = Style::DoubleQuoted;
        scalar.text.clear();
    }
    value(&node, env, Some(&Type::Text), found).0
}

/// Names and values of a `with:` or `set:`, each with its type.
pub(crate) fn named(
    node: Option<&Node>,
    env: &Env,
    what: &str,
    found: &mut Found,
) -> Vec<(String, Program, Type)> {
    let Some(node) = node else { return Vec::new() };
    if node.entries().is_empty() {
        let message = format!("{what} is a mapping of names to values, not {}", node.describe());
        found.push(Diagnostic::error("F004", node.span.clone(), message));
    }
    let mut made = Vec::new();
    for (key, node) in node.entries() {
        let Some(name) = crate::shape::name(key, "a name", found) else { continue };
        let (program, ty) = value(node, env, None, found);
        made.push((name.to_owned(), program, ty));
    }
    made
}
