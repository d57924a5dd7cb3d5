//! A copy of the store as a file, and a store from such a file.

use std::fs::{File, OpenOptions};
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};

use tenon_store::copy::{check, export, import};
use tenon_store::export::{ExportError, Head};
use tenon_store::{Commit, Store};
use tenon_value::Value;

use crate::codes;
use crate::engine::Runtime;
use crate::operate::By;
use crate::refusal::{Kind, Refusal};

/// Writes the whole store to a new file, as of one moment; work goes on meanwhile. The file comes into
/// being under its name only when it is whole and on disk. Gives `{file, rows, bytes}`.
///
/// # Errors
/// When the file is there already or can't be written, or a row is damaged.
pub async fn export_to(store: &dyn Store, to: &Path, at_ms: i64) -> Result<Value, Refusal> {
    if to.exists() {
        return Err(failed(to, "is there already").hint("name a file that is not there"));
    }
    let mut part = to.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let written = write(store, &part, at_ms).await;
    let (rows, bytes) = match written {
        Ok(done) => done,
        Err(refusal) => {
            // What is there of it is worth nothing.
            let _ = std::fs::remove_file(&part);
            return Err(refusal);
        }
    };
    std::fs::rename(&part, to).map_err(|e| failed(to, &e.to_string()))?;
    let folder = to.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|e| failed(folder, &e.to_string()))?;
    let count = |n: u64| Value::from(i64::try_from(n).unwrap_or(i64::MAX));
    Ok(Value::of([
        ("file", Value::from(to.display().to_string())),
        ("rows", count(rows)),
        ("bytes", count(bytes)),
        ("at_ms", Value::from(at_ms)),
    ]))
}

async fn write(store: &dyn Store, part: &Path, at_ms: i64) -> Result<(u64, u64), Refusal> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let file = options.open(part).map_err(|e| failed(part, &e.to_string()))?;
    let head = Head { at_ms, by: concat!("tenon ", env!("CARGO_PKG_VERSION")).to_owned() };
    let (out, done) =
        export(store, BufWriter::new(file), &head).await.map_err(|e| refused(part, e))?;
    let file = out.into_inner().map_err(|e| failed(part, &e.to_string()))?;
    file.sync_all().map_err(|e| failed(part, &e.to_string()))?;
    Ok((done.rows, done.bytes))
}

/// Fills an empty store from a file, which is read to its end first. Gives `{rows, from_ms}`.
///
/// # Errors
/// When the file is no export, damaged, cut short or of a later version, or the store holds something.
pub async fn taken_in(store: &dyn Store, from: &Path, now_ms: i64) -> Result<Value, Refusal> {
    let open = || File::open(from).map_err(|e| failed(from, &e.to_string()));
    let (head, _) = check(BufReader::new(open()?)).map_err(|e| refused(from, e))?;
    let rows =
        import(store, BufReader::new(open()?), now_ms).await.map_err(|e| refused(from, e))?;
    Ok(Value::of([
        ("rows", Value::from(i64::try_from(rows).unwrap_or(i64::MAX))),
        ("from_ms", Value::from(head.at_ms)),
        ("made_by", Value::from(head.by)),
    ]))
}

fn failed(path: &Path, why: &str) -> Refusal {
    Refusal::new(Kind::Invalid, codes::EXPORT_UNUSABLE, format!("{} {why}", path.display()))
}

fn refused(path: &Path, error: ExportError) -> Refusal {
    let hint = match &error {
        ExportError::Store(store) => {
            let refusal = Refusal::from(store.clone());
            return match store.kind() {
                tenon_store::Kind::Damaged => {
                    refusal.hint("`tenon store verify` names everything that is hurt")
                }
                _ => refusal,
            };
        }
        ExportError::NotEmpty(_) => "take it into a directory that has no store yet",
        ExportError::Newer(_) => "use the version that made it, or a later one",
        ExportError::Damaged { .. } | ExportError::CutShort(_) => "use an earlier export",
        ExportError::Foreign => "name a file that `tenon store export` made",
        ExportError::File(_) => "see to the disk, then try again",
    };
    failed(path, &error.to_string()).hint(hint)
}

impl Runtime {
    /// Writes the whole store to a new file; see [`export_to`].
    ///
    /// # Errors
    /// As there.
    pub async fn export_store(&self, to: &Path, by: &By) -> Result<Value, Refusal> {
        let engine = self.engine();
        let done = export_to(&*engine.store, to, engine.seam.now_ms()).await?;
        let words = format!("the store was exported to {}", to.display());
        engine.store.commit(Commit::new().put(self.audit_line(by, "exported", &words))).await?;
        Ok(done)
    }

    /// Looks through everything stored; see [`super::verify`].
    ///
    /// # Errors
    /// When the store cannot be read at all.
    pub async fn verify_store(&self) -> Result<Value, Refusal> {
        Ok(super::verify(&*self.engine().store).await?)
    }

    /// How much room is taken, and by which flow; see [`super::size`].
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn store_size(&self) -> Result<Value, Refusal> {
        let engine = self.engine();
        Ok(super::size(&*engine.store, engine.seam.now_ms()).await?)
    }

    /// Gives back room that removed rows took; work may stand still meanwhile.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn compact_store(&self, by: &By) -> Result<Value, Refusal> {
        let done = self.engine().store.compact().await?;
        let line = self.audit_line(by, "compacted", "the store was compacted");
        self.engine().store.commit(Commit::new().put(line)).await?;
        let count = |n: u64| Value::from(i64::try_from(n).unwrap_or(i64::MAX));
        Ok(Value::of([
            ("before_bytes", count(done.before_bytes)),
            ("after_bytes", count(done.after_bytes)),
        ]))
    }
}
