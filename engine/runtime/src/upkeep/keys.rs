//! Another master key: everything sealed is sealed again, in one commit.
//!
//! The new key stands in `key.new` before the commit and takes the place of `key` after it. A start in
//! between knows by the store's mark which of the two opens it.

use tenon_store::{Commit, Key, MetaRow, Row, SecretRow, Select, Table};
use tenon_value::Value;

use crate::codes;
use crate::engine::{Ground, Runtime};
use crate::live::all;
use crate::operate::By;
use crate::refusal::{Kind, Refusal};
use crate::secrets::{Vault, VaultError};

const NAME: &str = "vault";

/// The mark that says which key opens what is sealed.
pub(crate) fn vault_row(vault: &Vault) -> MetaRow {
    MetaRow { name: NAME.to_owned(), value: vault.fingerprint().into_bytes() }
}

/// Ends a rotation that broke off between its commit and the change of the file.
pub(crate) async fn settle_key(ground: &Ground) -> Result<(), Refusal> {
    let key = Key::Meta { name: NAME.to_owned() };
    let Some(Row::Meta(row)) = ground.store.get(&key).await? else { return Ok(()) };
    if row.value != ground.vault.fingerprint().into_bytes() {
        ground.vault.take_next(&row.value).map_err(unusable)?;
    }
    Ok(())
}

fn unusable(error: VaultError) -> Refusal {
    Refusal::new(Kind::Conflict, codes::SECRETS_CLOSED, error.to_string())
        .hint("see that the data directory can be written, then start again")
}

impl Runtime {
    /// Seals every credential under another master key: the one given as 64 hexadecimal digits, or a new
    /// one where the key stands in the data directory. Gives `{sealed, fingerprint}`.
    ///
    /// # Errors
    /// When the key comes from the environment and none is given, something sealed does not open under
    /// the key at hand, or the store or the key file can't be written.
    pub async fn rotate_key(&self, given: Option<&str>, by: &By) -> Result<Value, Refusal> {
        let engine = self.engine();
        let mut still = Vec::new();
        for connection in engine.connections.values() {
            // Nothing is sealed under the old key from here on.
            still.push(connection.refreshing.lock().await);
        }
        let next = engine.vault.next(given, &*engine.seam).map_err(|e| {
            Refusal::new(Kind::Invalid, codes::KEY_NEEDED, e.to_string())
                .hint("write the new key into a file and give it with --new-key")
        })?;
        let mut commit = Commit::new().put(vault_row(&next));
        let mut sealed: i64 = 0;
        for row in all(&*engine.store, Select::All(Table::Secret)).await? {
            let Row::Secret(row) = row else { continue };
            let opened = engine.vault.open(&row.account, &row.sealed).map_err(|e| {
                Refusal::new(Kind::Conflict, codes::SECRETS_CLOSED, e.to_string())
                    .hint("add that connection again, then rotate")
            })?;
            let again = next.seal(&row.account, &opened, &*engine.seam);
            commit = commit.put(SecretRow { sealed: again, ..row });
            sealed += 1;
        }
        let words = format!("the master key was rotated; {sealed} credentials sealed again");
        let line = self.audit_line(by, "key_rotated", &words);
        engine.store.commit(commit.put(line)).await?;
        engine.vault.replace(&next).map_err(unusable)?;
        drop(still);
        Ok(Value::of([
            ("sealed", Value::from(sealed)),
            ("fingerprint", Value::from(engine.vault.fingerprint())),
        ]))
    }
}
