//! `tenon check`: every finding of an integration in one pass.

use std::collections::BTreeMap;

use tenon_source::{Diagnostic, Fix, Format, Severity};

use crate::arguments::{Check, Deny, FindingFormat};
use crate::exit::{Ended, Failure};
use crate::project::{self, Folder};

/// Runs the command: exit code 1 where there are errors, or warnings that are denied.
///
/// # Errors
/// When the folder can't be read, or a fix can't be written.
pub fn run(command: &Check) -> Ended {
    let connectors = project::connectors()?;
    let mut folder = Folder::open(command.project.as_deref())?;
    let (_, mut found) = folder.load(&connectors);
    if command.fix {
        let made = fix(command, &found)?;
        eprintln!("{made} sure {} made", if made == 1 { "fix was" } else { "fixes were" });
        if made > 0 {
            folder = Folder::open(command.project.as_deref())?;
            found = folder.load(&connectors).1;
        }
    }
    out!("{}", tenon_source::render(&found, format(command.format)));
    eprintln!("{}: {}", folder.name, tenon_source::summary(&found));
    let fails =
        |d: &Diagnostic| d.severity == Severity::Error || command.deny == Some(Deny::Warnings);
    Ok(u8::from(found.iter().any(fails)))
}

/// The format of the source crate for a choice on the command line.
pub fn format(format: FindingFormat) -> Format {
    use std::io::IsTerminal as _;
    match format {
        FindingFormat::Human => Format::Human { color: std::io::stdout().is_terminal() },
        FindingFormat::Json => Format::Json,
        FindingFormat::Github => Format::Github,
    }
}

/// Writes every sure fix into its file; gives how many there were.
fn fix(command: &Check, found: &[Diagnostic]) -> Result<usize, Failure> {
    if command.project.is_none() {
        return Err(Failure::usage("the shipped integration can't be changed in place")
            .hint("name the folder to fix: tenon check --fix FOLDER"));
    }
    let mut by_file: BTreeMap<&str, (&str, Vec<Fix>)> = BTreeMap::new();
    for fix in found.iter().filter_map(|d| d.fix.as_ref()).filter(|fix| fix.sure) {
        let file = &fix.span.file;
        by_file.entry(&file.path).or_insert((&file.text, Vec::new())).1.push(fix.clone());
    }
    let mut made = 0_usize;
    for (path, (text, fixes)) in by_file {
        made = made.saturating_add(fixes.len());
        std::fs::write(path, tenon_source::apply_fixes(text, &fixes))
            .map_err(|e| Failure::usage(format!("{path} can't be written: {e}")))?;
    }
    Ok(made)
}
