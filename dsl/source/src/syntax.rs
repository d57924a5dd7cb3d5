//! What breaks YAML's own syntax, in our words.

use granit_parser::ErrorKind;

use crate::MAX_DEPTH;

/// A break of YAML's syntax in our words: code, what is wrong, what to do.
pub(crate) fn explain(kind: &ErrorKind) -> (&'static str, String, &'static str) {
    use ErrorKind as E;
    let block = "an expression with such characters stands in a block: `key: |` and the expression \
                 indented on the next line";
    let quote = "a quote inside a text in double quotes is written `\\\"`, or the text stands in `'…'`; \
                 or the text began further up, where a closing quote is missing";
    match kind {
        E::TabNotAllowed
        | E::TabInBlockIndentation
        | E::TabAtBlockScalarStart
        | E::TabInIndentation
        | E::TabInPlainScalar => {
            ("Y006", "a tab stands where YAML wants spaces".to_owned(), "indent with spaces")
        }
        E::RecursionLimitExceeded => {
            let message = format!("nested deeper than {MAX_DEPTH} levels");
            ("Y009", message, "move a part into a mapping or a flow of its own")
        }
        E::UnclosedQuotedScalar | E::DocumentIndicatorInQuotedScalar => {
            ("Y004", "this text's closing quote is missing".to_owned(), "")
        }
        E::UnclosedFlowCollection { open } => ("Y004", format!("`{open}` is never closed"), block),
        E::MismatchedFlowCollectionEnd { open, close } => {
            ("Y004", format!("`{open}` is closed by `{close}`"), block)
        }
        E::MappingValueNotAllowed | E::InvalidColonPlacement | E::InvalidMappingValueWhitespace => {
            ("Y004", "a `:` cannot stand here".to_owned(), block)
        }
        E::UnknownQuotedScalarEscape => (
            "Y004",
            "unknown escape in a text in double quotes".to_owned(),
            "`\\\\` is a backslash; in single quotes no escapes are read",
        ),
        E::InvalidTrailingDoubleQuotedScalar | E::InvalidTrailingSingleQuotedScalar => {
            ("Y004", "something follows a closing quote".to_owned(), quote)
        }
        E::UnexpectedCharacter { character } => {
            ("Y004", format!("`{character}` cannot begin a value here"), block)
        }
        E::ExpectedFlowMappingSeparator | E::ExpectedFlowSequenceSeparator => {
            ("Y004", "a comma or a closing bracket is missing here".to_owned(), block)
        }
        E::SimpleKeyExpected | E::ExpectedBlockMappingKey | E::InvalidSimpleKey => (
            "Y004",
            "a `key: value` was expected here".to_owned(),
            "keys of one mapping stand under each other, with `: ` between key and value",
        ),
        E::ExpectedBlockSequenceEntry => (
            "Y004",
            "a `- ` was expected here".to_owned(),
            "items of one list stand under each other",
        ),
        E::InvalidIndentation
        | E::InvalidQuotedScalarIndent
        | E::InvalidFlowScalarIndent
        | E::InvalidBlockScalarIndent => (
            "Y004",
            "the indentation fits nothing above it".to_owned(),
            "keys of one mapping stand under each other",
        ),
        other => ("Y004", format!("not readable as YAML: {other}"), ""),
    }
}
