//! Our own words for syntax errors: every rule has the symbol an author would write.

use pest::error::{Error, ErrorVariant, InputLocation};

use super::{Rule, SyntaxError};

/// What an author would write for a rule; `None` for rules that only group others.
fn symbol(rule: Rule) -> Option<&'static str> {
    if OPERATORS.contains(&rule) {
        return Some("an operator");
    }
    if VALUES.contains(&rule) {
        return Some("a value");
    }
    Some(match rule {
        Rule::field | Rule::dot => "`.field`",
        Rule::flatten | Rule::filter | Rule::index => "`[`",
        Rule::pipe | Rule::pipe_op => "`|>`",
        Rule::cast | Rule::kw_as => "`as`",
        Rule::within => "`within`",
        Rule::kw_then => "`then`",
        Rule::kw_else => "`else`",
        Rule::kw_in => "`in`",
        Rule::kw_where => "`where`",
        Rule::open_paren | Rule::args => "`(`",
        Rule::close_paren => "`)`",
        Rule::open_bracket => "`[`",
        Rule::close_bracket => "`]`",
        Rule::open_brace => "`{`",
        Rule::close_brace => "`}`",
        Rule::comma => "`,`",
        Rule::bar => "`|`",
        Rule::arrow => "`=>`",
        Rule::equals => "`=`",
        Rule::quote => "a closing `\"`",
        Rule::optional => "`?`",
        Rule::ident => "a name",
        Rule::field_name | Rule::entry => "a field name",
        Rule::type_name | Rule::list_type | Rule::map_type | Rule::plain_type => "a type",
        Rule::pattern | Rule::patterns | Rule::neg_number => "a literal",
        Rule::EOI => "the end",
        Rule::string_text | Rule::raw_text | Rule::hole | Rule::brace | Rule::escape => "text",
        Rule::arm => "an arm (`\"x\" => …`)",
        _ => return None,
    })
}

const OPERATORS: [Rule; 18] = [
    Rule::fallback,
    Rule::coalesce,
    Rule::or,
    Rule::and,
    Rule::not_in,
    Rule::eq,
    Rule::ne,
    Rule::le,
    Rule::ge,
    Rule::lt,
    Rule::gt,
    Rule::in_op,
    Rule::approx,
    Rule::add,
    Rule::sub,
    Rule::mul,
    Rule::div,
    Rule::rem,
];

/// Rules an expression may begin with.
const VALUES: [Rule; 31] = [
    Rule::not,
    Rule::neg,
    Rule::expr,
    Rule::no_in,
    Rule::if_no_in,
    Rule::try_no_in,
    Rule::let_no_in,
    Rule::if_expr,
    Rule::match_expr,
    Rule::let_expr,
    Rule::try_expr,
    Rule::number,
    Rule::string,
    Rule::plain_string,
    Rule::true_lit,
    Rule::false_lit,
    Rule::null_lit,
    Rule::omit_lit,
    Rule::keep_lit,
    Rule::record,
    Rule::list,
    Rule::paren,
    Rule::call,
    Rule::name,
    Rule::lambda,
    Rule::named,
    Rule::arg,
    Rule::kw_if,
    Rule::kw_try,
    Rule::kw_let,
    Rule::kw_match,
];

/// A pest error in our words.
pub(super) fn explain(text: &str, error: &Error<Rule>) -> SyntaxError {
    let at = match error.location {
        InputLocation::Pos(at) => at,
        InputLocation::Span((start, _)) => start,
    };
    let rest = text.get(at..).unwrap_or_default();
    let mut symbols: Vec<&str> = Vec::new();
    if let ErrorVariant::ParsingError { positives, .. } = &error.variant {
        for symbol in positives.iter().filter_map(|rule| symbol(*rule)) {
            if !symbols.contains(&symbol) {
                symbols.push(symbol);
            }
        }
    }
    essential(&mut symbols);
    let found = found(rest);
    let width = found.as_ref().map_or(0, String::len);
    let message = match (&found, list(&symbols)) {
        (Some(found), Some(expected)) => {
            format!("`{found}` does not fit here: expected {expected}")
        }
        (Some(found), None) => format!("`{found}` does not fit here"),
        (None, Some(expected)) => format!("the expression ends too early: expected {expected}"),
        (None, None) => "the expression ends too early".to_owned(),
    };
    let span = if width == 0 { before(text, at)..text.len() } else { at..at.saturating_add(width) };
    SyntaxError { code: "M001", message, note: hint(text, rest), span }
}

/// Leaves out what only spells out another symbol: the beginnings of a value, the forms of going on.
fn essential(symbols: &mut Vec<&str>) {
    if symbols.contains(&"a value") {
        symbols.retain(|s| {
            !["`(`", "`[`", "`{`", "a name", "a closing `\"`", "a literal"].contains(s)
        });
    }
    if symbols.contains(&"an operator") {
        let going_on = ["`within`", "`.field`", "`[`", "`|>`", "`as`", "`(`", "`=>`", "`=`"];
        symbols.retain(|s| !going_on.contains(s));
    }
}

/// Start of the last character before `at`, so that an error at the end has something to point at.
fn before(text: &str, at: usize) -> usize {
    text.get(..at).and_then(|t| t.char_indices().last()).map_or(0, |(start, _)| start)
}

/// The word or the single sign a text starts with.
fn found(rest: &str) -> Option<String> {
    let first = rest.chars().next()?;
    if !(first.is_alphanumeric() || first == '_') {
        return Some(first.to_string());
    }
    Some(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').take(40).collect())
}

/// `a, b or c`, at most five.
fn list(symbols: &[&str]) -> Option<String> {
    let shown: Vec<&str> = symbols.iter().copied().take(5).collect();
    let (last, before) = shown.split_last()?;
    if before.is_empty() {
        return Some((*last).to_owned());
    }
    Some(format!("{} or {last}", before.join(", ")))
}

/// What people coming from other languages usually mean.
fn hint(text: &str, rest: &str) -> Option<String> {
    let starts = |s: &str| rest.starts_with(s);
    let note = if starts("&&") {
        "write `and`"
    } else if starts("||") {
        "write `or`, or `//` for a fallback"
    } else if starts("!") {
        "write `not`"
    } else if starts("?") {
        "write `if c then a else b`, or `??` for a fallback"
    } else if starts("'") {
        "texts stand in double quotes"
    } else if starts("=") && !starts("==") {
        "write `==` to compare"
    } else if starts("{") || text.contains("${") {
        "a hole in a text is written {name}"
    } else {
        return None;
    };
    Some(note.to_owned())
}
