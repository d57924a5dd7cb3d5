//! `tenon fmt`: documents in their one form.

use std::path::{Path, PathBuf};

use tenon_source::File;

use crate::arguments::Fmt;
use crate::exit::{Ended, Failure};
use crate::project;

/// Runs the command: exit code 1 with `--check` where a document is not formatted, and where one
/// can't be read as YAML.
///
/// # Errors
/// When a path can't be read or written.
pub fn run(command: &Fmt) -> Ended {
    let mut documents = Vec::new();
    for path in &command.paths {
        collect(path, &mut documents)?;
    }
    let (mut changed, mut broken) = (0_usize, false);
    for path in &documents {
        let shown = path.display().to_string();
        let wrong = |e: std::io::Error| Failure::usage(format!("{shown}: {e}"));
        let text = match String::from_utf8(std::fs::read(path).map_err(wrong)?) {
            Ok(text) => text,
            Err(e) => {
                broken = true;
                let at = e.utf8_error().valid_up_to();
                eprintln!("error: {shown} is not UTF-8: byte {at}\n  next: save the file as UTF-8");
                continue;
            }
        };
        let file = File { path: shown.clone(), text };
        match tenon_flow::format(&file) {
            Ok(formatted) if formatted == file.text => {}
            Ok(formatted) => {
                changed += 1;
                outln!("{shown}");
                if !command.check {
                    replace(path, &formatted).map_err(wrong)?;
                }
            }
            Err(found) => {
                broken = true;
                eprint!("{}", tenon_source::render(&found, project::human()));
            }
        }
    }
    let what = if command.check { "would change" } else { "changed" };
    eprintln!("{} documents, {changed} {what}", documents.len());
    Ok(u8::from(broken || (command.check && changed > 0)))
}

/// Replaces a file whole: a reader, or a power cut, sees the old text or the new one. A link stays a
/// link, and the file keeps its mode.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    let path = std::fs::canonicalize(path)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut new = tempfile::NamedTempFile::new_in(folder)?;
    new.write_all(text.as_bytes())?;
    new.as_file().set_permissions(std::fs::metadata(&path)?.permissions())?;
    new.as_file().sync_all()?;
    new.persist(&path).map_err(|e| e.error)?;
    Ok(())
}

/// Every document below a path; a file named on its own is one whatever its name.
fn collect(path: &Path, documents: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let wrong = |e: std::io::Error| Failure::usage(format!("{}: {e}", path.display()));
    if !std::fs::metadata(path).map_err(wrong)?.is_dir() {
        documents.push(path.to_path_buf());
        return Ok(());
    }
    let mut entries: Vec<PathBuf> = std::fs::read_dir(path)
        .map_err(wrong)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()
        .map_err(wrong)?;
    entries.sort();
    for entry in entries {
        let hidden = entry.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if hidden {
            continue;
        }
        if entry.is_dir() || entry.extension().is_some_and(|end| end == "yaml") {
            collect(&entry, documents)?;
        }
    }
    Ok(())
}
