//! Sealed credentials: XChaCha20-Poly1305 under a key from a file of mode 0600 or the environment.

use std::io::{ErrorKind, Write};
use std::path::Path;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
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
        "the credentials of `{name}` do not open under this master key; give the key they were sealed with, or add the connection again"
    )]
    Closed {
        /// What they belong to.
        name: String,
    },
}

/// Seals and opens credentials.
#[derive(Clone)]
pub struct Vault {
    key: Zeroizing<[u8; 32]>,
}

impl Vault {
    /// A vault under a key given as bytes.
    #[must_use]
    pub fn with_key(key: [u8; 32]) -> Vault {
        Vault { key: Zeroizing::new(key) }
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
            return parse_key(text, KEY_VARIABLE);
        }
        let path = directory.join("key");
        let shown = path.display().to_string();
        let failed = |e: &std::io::Error| VaultError::File {
            path: path.display().to_string(),
            reason: e.to_string(),
        };
        match std::fs::read_to_string(&path) {
            Ok(text) => {
                let text = Zeroizing::new(text);
                parse_key(text.trim(), &shown)
            }
            Err(e) if e.kind() == ErrorKind::NotFound => {
                let vault = Vault::passing(seam);
                let text = Zeroizing::new(hex::encode(vault.key.as_slice()));
                write_private(&path, text.as_bytes()).map_err(|e| failed(&e))?;
                Ok(vault)
            }
            Err(e) => Err(failed(&e)),
        }
    }

    /// Seals a text; `name` is bound into the seal, so that it opens under no other name.
    #[must_use]
    pub fn seal(&self, name: &str, text: &[u8], seam: &dyn Seam) -> Vec<u8> {
        let mut nonce = [0; NONCE];
        seam.random(&mut nonce);
        let cipher = XChaCha20Poly1305::new(self.key.as_slice().into());
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
        let closed = || VaultError::Closed { name: name.to_owned() };
        let rest = sealed.strip_prefix(&[VERSION]).ok_or_else(closed)?;
        let (nonce, body) = rest.split_at_checked(NONCE).ok_or_else(closed)?;
        let cipher = XChaCha20Poly1305::new(self.key.as_slice().into());
        let payload = Payload { msg: body, aad: name.as_bytes() };
        cipher.decrypt(XNonce::from_slice(nonce), payload).map(Zeroizing::new).map_err(|_| closed())
    }
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
