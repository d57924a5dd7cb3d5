//! The commands on what is stored as a whole.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Subcommand};

use super::{Directory, DirectoryOutput, Output};

/// `tenon store`
#[derive(Debug, Subcommand)]
pub enum Store {
    /// Reads everything and names what is hurt; exit code 1 where something is.
    Verify(StoreOnly),
    /// Writes everything to a new file, of one moment, while work goes on.
    #[command(visible_alias = "backup")]
    Export(StoreFile),
    /// Fills a new directory from an exported file. Writes are then searched before they are sent.
    Import(StoreFile),
    /// Says that the time lost by a restore is settled: writes go out at once again.
    Settled(DirectoryOutput),
    /// Gives back room that removed rows took. Work may stand still meanwhile.
    Compact(StoreOnly),
    /// How much room is taken, and by which flow.
    Size(StoreOnly),
    /// For how many days what has ended is kept.
    Retention(StoreRetention),
}

/// A directory's store, and how to print.
#[derive(Debug, Args)]
pub struct StoreOnly {
    #[command(flatten)]
    pub directory: Directory,
    #[arg(long, value_enum, default_value_t = Output::Table)]
    pub output: Output,
}

/// A directory's store, and a file.
#[derive(Debug, Args)]
pub struct StoreFile {
    /// The file.
    pub file: PathBuf,
    #[command(flatten)]
    pub store: StoreOnly,
}

/// `tenon store retention`
#[derive(Debug, Args)]
pub struct StoreRetention {
    /// Tasks that are done: days, or `ever`.
    #[arg(long, value_name = "DAYS")]
    pub done: Option<Days>,
    /// Tasks that were skipped.
    #[arg(long, value_name = "DAYS")]
    pub skipped: Option<Days>,
    /// Tasks that were cancelled. Failed ones stay until they are closed.
    #[arg(long, value_name = "DAYS")]
    pub cancelled: Option<Days>,
    /// Received webhooks.
    #[arg(long, value_name = "DAYS")]
    pub deliveries: Option<Days>,
    /// The audit log.
    #[arg(long, value_name = "DAYS")]
    pub audit: Option<Days>,
    /// Lets go of what is too old now, not within the hour.
    #[arg(long)]
    pub now: bool,
    #[command(flatten)]
    pub common: DirectoryOutput,
}

/// A number of days, or for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days(pub Option<u32>);

impl FromStr for Days {
    type Err = String;

    fn from_str(text: &str) -> Result<Days, String> {
        if text == "ever" {
            return Ok(Days(None));
        }
        let days =
            text.parse().map_err(|_| format!("`{text}` is neither a number of days nor `ever`"));
        days.map(|days| Days(Some(days)))
    }
}

/// `tenon erase`
#[derive(Debug, Args)]
pub struct Erase {
    /// The exact text to look for: an id, an e-mail address, a name. Several of one person at once.
    #[arg(required = true)]
    pub words: Vec<String>,
    /// Says what would be erased, and erases nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Kept in the audit log.
    #[arg(long, default_value = "")]
    pub why: String,
    #[command(flatten)]
    pub common: DirectoryOutput,
}

/// `tenon connection rotate-key`
#[derive(Debug, Args)]
pub struct RotateKey {
    /// A file with the new key as 64 hexadecimal digits; without it, a new key is made in the data
    /// directory. Needed where the key comes from `TENON_MASTER_KEY`.
    #[arg(long, value_name = "FILE")]
    pub new_key: Option<PathBuf>,
    #[command(flatten)]
    pub common: DirectoryOutput,
}
