//! `tenon graph`: a flow as a picture.

use tenon_graph::Form;

use crate::arguments::{Graph, GraphForm};
use crate::exit::{Ended, Failure};
use crate::project;

/// Runs the command.
///
/// # Errors
/// When there is no such flow, or the integration has errors.
pub fn run(command: &Graph) -> Ended {
    let connectors = project::connectors()?;
    let integration = project::integration(command.project.project.as_deref(), &connectors)?;
    let Some(graph) = integration.graphs.get(&command.flow) else {
        let known: Vec<&str> = integration.graphs.keys().map(String::as_str).collect();
        return Err(Failure::usage(format!("there is no flow {}", command.flow))
            .hint(format!("the flows are {}", known.join(", "))));
    };
    let form = match command.format {
        GraphForm::Text => Form::Text,
        GraphForm::Mermaid => Form::Mermaid,
        GraphForm::Svg => Form::Svg,
    };
    print!("{}", graph.picture(form));
    Ok(0)
}
