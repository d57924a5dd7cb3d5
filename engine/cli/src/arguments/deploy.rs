//! Arguments of what changes flows.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Directory, DirectoryOutput, Output};

/// `tenon deploy`
#[derive(Debug, Args)]
pub struct Deploy {
    /// The integration's folder; without it, the one that is shipped inside the binary.
    #[arg(env = "TENON_PROJECT")]
    pub project: Option<PathBuf>,
    /// Lists what it would mean for each flow and task; changes nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Moves open tasks that fit to the new graphs too; without it they stay on theirs.
    #[arg(long = "move", value_enum)]
    pub moves: Option<Moves>,
    /// Kept in the audit log, and in the journal of each task that is moved.
    #[arg(long, default_value = "")]
    pub why: String,
    #[command(flatten)]
    pub directory: Directory,
    #[arg(long, value_enum, default_value_t = Output::Table)]
    pub output: Output,
}

/// Which open tasks go on by the new graphs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Moves {
    /// Those for which nothing changes that they did or stand in.
    Compatible,
    /// Those too whose steps have other names, or that do something first or again.
    Mappable,
}

impl Moves {
    /// As the API calls it.
    pub fn name(self) -> &'static str {
        match self {
            Moves::Compatible => "compatible",
            Moves::Mappable => "mappable",
        }
    }
}

/// `tenon flow shadow`
#[derive(Debug, Args)]
pub struct FlowShadow {
    /// The flow.
    pub flow: String,
    /// So many of its last ended tasks.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub last: u32,
    /// The documents that are tried; without it, those of --project.
    #[arg(long, value_name = "DIR")]
    pub against: Option<PathBuf>,
    #[command(flatten)]
    pub common: DirectoryOutput,
}
