//! Sealed credentials: XChaCha20-Poly1305 under a key from a file of mode 0600 or the environment.

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::seam::Seam;

/// The environment variable that holds the master key as 64 hexadecimal digits.
pub const KEY_VARIABLE: &str = "TENON_MASTER_KEY";

const NONCE: usize = 24;
const VERSION: u8 = 1;

/// Why a secret could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The key file cannot be read or made.
    #[error("the key file {path} cannot be used: {reason}")]
    File {
        /// Where it stands.
        path: String,
        /// Why not.
        reason: String,
    },
    /// The key is not 64 hexadecimal digits.
    #[error("the master key in {from} is not 64 hexadecimal digits")]
    BadKey {
        /// File or variable.
        from: String,
    },
    /// The sealed bytes do not open under this key.
    #[error(
        "the credentials of `{name}` do not open under the master key of {origin}; give the key they were sealed with, or add the connection again"
    )]
    Closed {
        /// What they belong to.
        name: String,
        /// Where the key comes from.
        origin: String,
    },
    /// The next key is needed.
    #[error("the master key comes from {KEY_VARIABLE}: the next one must be given")]
    NoNextKey,
}

type KeyBytes = Zeroizing<[u8; 32]>;

/// Seals and opens credentials. Clones share the key, so that a rotation reaches all.
#[derive(Clone)]
pub struct Vault {
    key: Arc<RwLock<KeyBytes>>,
    source: Source,
}

/// Where the key comes from.
#[derive(Clone, PartialEq, Eq)]
enum Source {
    /// It was given as bytes.
    Given,
    /// From the environment.
    Variable,
    /// From a file.
    File(PathBuf),
}

impl Vault {
    /// A vault under a key given as bytes.
    #[must_use]
    pub fn with_key(key: [u8; 32]) -> Vault {
        Vault { key: Arc::new(RwLock::new(Zeroizing::new(key))), source: Source::Given }
    }

    /// A vault that lives and dies with this process.
    #[must_use]
    pub fn passing(seam: &dyn Seam) -> Vault {
        let mut key = [0; 32];
        seam.random(&mut key);
        Vault::with_key(key)
    }

    /// The key of `variable` when it is given, else of `DIRECTORY/key`, which is made when absent.
    ///
    /// # Errors
    /// When the key is malformed or the file cannot be read or made.
    pub fn of_directory(
        directory: &Path,
        variable: Option<&str>,
        seam: &dyn Seam,
    ) -> Result<Vault, VaultError> {
        if let Some(text) = variable {
            return Ok(Vault { source: Source::Variable, ..parse_key(text, KEY_VARIABLE)? });
        }
        let path = directory.join("key");
        let vault = match std::fs::read_to_string(&path) {
            Ok(text) => {
                let text = Zeroizing::new(text);
                parse_key(text.trim(), &path.display().to_string())?
            }
            Err(e) if e.kind() == ErrorKind::NotFound => {
                let vault = Vault::passing(seam);
                write_private(&path, vault.digits().as_bytes()).map_err(|e| unusable(&path, &e))?;
                vault
            }
            Err(e) => return Err(unusable(&path, &e)),
        };
        Ok(Vault { source: Source::File(path), ..vault })
    }

    fn bytes(&self) -> KeyBytes {
        self.key.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn digits(&self) -> Zeroizing<String> {
        Zeroizing::new(hex::encode(self.bytes().as_slice()))
    }

    /// Tells keys apart without telling the key.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let digest = Sha256::new().chain_update(b"tenon master key").chain_update(*self.bytes());
        let digest = digest.finalize();
        hex::encode(digest.get(..8).unwrap_or_default())
    }

    /// The vault of the key that comes next: given, or new. Where the key stands in a file, the next one
    /// stands beside it before this returns.
    ///
    /// # Errors
    /// When the key is malformed, none is given though it comes from the environment, or the file can't
    /// be written.
    pub fn next(&self, given: Option<&str>, seam: &dyn Seam) -> Result<Vault, VaultError> {
        let next = match (given, &self.source) {
            (Some(text), _) => parse_key(text.trim(), "the file given")?,
            (None, Source::Variable) => return Err(VaultError::NoNextKey),
            (None, _) => Vault::passing(seam),
        };
        if let Source::File(path) = &self.source {
            let beside = beside(path);
            match std::fs::remove_file(&beside) {
                Err(e) if e.kind() != ErrorKind::NotFound => return Err(unusable(&beside, &e)),
                _ => {}
            }
            write_private(&beside, next.digits().as_bytes()).map_err(|e| unusable(&beside, &e))?;
        }
        Ok(next)
    }

    /// Goes on with the next key, once everything is sealed under it.
    ///
    /// # Errors
    /// When the key file can't be replaced; what stands beside it then takes its place at the next start.
    pub fn replace(&self, next: &Vault) -> Result<(), VaultError> {
        *self.key.write().unwrap_or_else(PoisonError::into_inner) = next.bytes();
        let Source::File(path) = &self.source else { return Ok(()) };
        std::fs::rename(beside(path), path)
            .and_then(|()| path.parent().map_or(Ok(()), |p| std::fs::File::open(p)?.sync_all()))
            .map_err(|e| unusable(path, &e))
    }

    /// Goes on with the key that stands beside the key file, when it has this fingerprint: a rotation
    /// broke off there. Otherwise nothing changes.
    ///
    /// # Errors
    /// When the key file can't be replaced.
    pub fn take_next(&self, fingerprint: &[u8]) -> Result<(), VaultError> {
        let Source::File(path) = &self.source else { return Ok(()) };
        let Ok(text) = std::fs::read_to_string(beside(path)).map(Zeroizing::new) else {
            return Ok(());
        };
        match parse_key(text.trim(), "key.new") {
            Ok(next) if next.fingerprint().as_bytes() == fingerprint => self.replace(&next),
            _ => Ok(()),
        }
    }

    /// Where the key comes from, for messages.
    #[must_use]
    pub fn origin(&self) -> String {
        match &self.source {
            Source::Given => "memory".to_owned(),
            Source::Variable => KEY_VARIABLE.to_owned(),
            Source::File(path) => path.display().to_string(),
        }
    }

    /// Seals a text; `name` is bound into the seal, so that it opens under no other name.
    #[must_use]
    pub fn seal(&self, name: &str, text: &[u8], seam: &dyn Seam) -> Vec<u8> {
        let mut nonce = [0; NONCE];
        seam.random(&mut nonce);
        let cipher = XChaCha20Poly1305::new(self.bytes().as_slice().into());
        let payload = Payload { msg: text, aad: name.as_bytes() };
        let mut out = vec![VERSION];
        out.extend_from_slice(&nonce);
        // Encryption into a fresh vector fails only above 256 GiB.
        out.extend(cipher.encrypt(XNonce::from_slice(&nonce), payload).unwrap_or_default());
        out
    }

    /// Opens what [`Vault::seal`] sealed under the same name.
    ///
    /// # Errors
    /// When the bytes were sealed under another key or name, or were changed.
    pub fn open(&self, name: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let closed = || VaultError::Closed { name: name.to_owned(), origin: self.origin() };
        let rest = sealed.strip_prefix(&[VERSION]).ok_or_else(closed)?;
        let (nonce, body) = rest.split_at_checked(NONCE).ok_or_else(closed)?;
        let cipher = XChaCha20Poly1305::new(self.bytes().as_slice().into());
        let payload = Payload { msg: body, aad: name.as_bytes() };
        cipher.decrypt(XNonce::from_slice(nonce), payload).map(Zeroizing::new).map_err(|_| closed())
    }
}

fn beside(path: &Path) -> PathBuf {
    path.with_extension("new")
}

fn unusable(path: &Path, error: &std::io::Error) -> VaultError {
    VaultError::File { path: path.display().to_string(), reason: error.to_string() }
}

fn parse_key(text: &str, from: &str) -> Result<Vault, VaultError> {
    let mut key = [0; 32];
    hex::decode_to_slice(text, &mut key)
        .map_err(|_| VaultError::BadKey { from: from.to_owned() })?;
    Ok(Vault::with_key(key))
}

/// Writes a new file that only its owner can read, and makes it durable.
///
/// # Errors
/// When the file is there already or cannot be written.
pub fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    if let Some(parent) = path.parent() {
        std::fs::File::open(parent)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seam::SystemSeam;

    #[test]
    fn a_sealed_text_opens_only_under_its_name_and_key() {
        let vault = Vault::with_key([7; 32]);
        let sealed = vault.seal("fortnox", b"canary-4711", &SystemSeam);
        assert!(!sealed.windows(6).any(|w| w == b"canary"));
        assert_eq!(vault.open("fortnox", &sealed).unwrap().as_slice(), b"canary-4711");
        assert!(vault.open("shopify", &sealed).is_err());
        assert!(Vault::with_key([8; 32]).open("fortnox", &sealed).is_err());
        let mut changed = sealed.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert!(vault.open("fortnox", &changed).is_err());
        assert!(vault.open("fortnox", &[]).is_err());
    }

    #[test]
    fn the_key_file_is_made_once_and_private() {
        let dir = tempfile::tempdir().unwrap();
        let first = Vault::of_directory(dir.path(), None, &SystemSeam).unwrap();
        let sealed = first.seal("a", b"x", &SystemSeam);
        let again = Vault::of_directory(dir.path(), None, &SystemSeam).unwrap();
        assert_eq!(again.open("a", &sealed).unwrap().as_slice(), b"x");
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(dir.path().join("key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(Vault::of_directory(dir.path(), Some("zz"), &SystemSeam).is_err());
    }
}
