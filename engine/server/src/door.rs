//! The file in the data directory that lets local programs in: the server's address and token.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use tenon_runtime::{Seam, write_private};
use tenon_value::{Value, json};

/// Address and bearer token of the server that holds a directory. No `Debug`: it holds a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiFile {
    /// `http://ADDRESS:PORT`.
    pub address: String,
    /// The bearer token.
    pub token: String,
}

/// The file cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {reason}")]
pub struct DoorError {
    /// Where.
    pub path: String,
    /// Why.
    pub reason: String,
}

impl ApiFile {
    /// Where it stands in a data directory.
    #[must_use]
    pub fn path(directory: &Path) -> PathBuf {
        directory.join("api")
    }

    /// A new token.
    #[must_use]
    pub fn fresh_token(seam: &dyn Seam) -> String {
        let mut bytes = [0; 32];
        seam.random(&mut bytes);
        hex::encode(bytes)
    }

    /// Writes it for its owner only, in place of an older one.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub fn write(&self, directory: &Path) -> Result<(), DoorError> {
        let text = json::write(&Value::of([
            ("address", Value::text(&self.address)),
            ("token", Value::text(&self.token)),
        ]));
        place(&ApiFile::path(directory), &text)
    }

    /// Reads it; none when no server left one.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn read(directory: &Path) -> Result<Option<ApiFile>, DoorError> {
        let path = ApiFile::path(directory);
        let failed = |reason: String| DoorError { path: path.display().to_string(), reason };
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(failed(e.to_string())),
        };
        let value = json::read_bytes(&bytes).map_err(|e| failed(e.to_string()))?;
        match (value.field("address").as_text(), value.field("token").as_text()) {
            (Some(address), Some(token)) => {
                Ok(Some(ApiFile { address: address.to_owned(), token: token.to_owned() }))
            }
            _ => Err(failed("address and token were expected".to_owned())),
        }
    }

    /// Takes it away at the end of the server that wrote it.
    pub fn remove(&self, directory: &Path) {
        if ApiFile::read(directory).ok().flatten().as_ref() == Some(self) {
            let _ = remove(&ApiFile::path(directory));
        }
    }
}

/// Writes a file for its owner only, in place of an older one.
pub(crate) fn place(path: &Path, text: &str) -> Result<(), DoorError> {
    let failed =
        |e: std::io::Error| DoorError { path: path.display().to_string(), reason: e.to_string() };
    let fresh = path.with_extension("new");
    remove(&fresh).map_err(failed)?;
    write_private(&fresh, text.as_bytes()).map_err(failed)?;
    std::fs::rename(&fresh, path).map_err(failed)
}

pub(crate) fn remove(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}
