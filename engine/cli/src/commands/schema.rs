//! `tenon schema`: JSON Schemas of the documents, for editors.

use tenon_flow::schema::{SCHEMAS, schema};

use crate::arguments::Schema;
use crate::exit::{Ended, Failure};

/// Runs the command.
///
/// # Errors
/// When there is no such kind.
pub fn run(command: &Schema) -> Ended {
    let Some(kind) = &command.kind else {
        SCHEMAS.iter().for_each(|(kind, _)| println!("{kind}"));
        return Ok(0);
    };
    let Some(text) = schema(kind) else {
        let known: Vec<&str> = SCHEMAS.iter().map(|(kind, _)| *kind).collect();
        return Err(Failure::usage(format!("there is no kind of document `{kind}`"))
            .hint(format!("the kinds are {}", known.join(", "))));
    };
    print!("{text}");
    Ok(0)
}
