//! One connection: its system, its account's credentials, its door and its breaker.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use tenon_kit::Credentials;
use tenon_store::{AccountEventRow, Commit, Row, Scan, SecretRow, Select, Store};
use tenon_value::{Value, json};
use tokio::sync::Notify;
use zeroize::Zeroizing;

use crate::breaker::{Breaker, Standing};
use crate::codes;
use crate::engine::Config;
use crate::engine::Engine;
use crate::gate::Gate;
use crate::peer::{Address, Peer};
use crate::refusal::Refusal;
use crate::seam::Seam;
use crate::secrets::Vault;

/// Events of an account's journal that are looked at to learn how it stood.
const RECENT: usize = 16;

/// The name under which a connection's credentials are sealed.
const CREDENTIALS: &str = "credentials";

/// What is known of the account: kept sealed as one.
#[derive(Clone, Default)]
pub(crate) struct Account {
    /// Where it lives.
    pub(crate) address: Address,
    /// Credentials.
    pub(crate) credentials: Arc<Credentials>,
}

/// One connection.
pub(crate) struct Connection {
    pub(crate) name: String,
    pub(crate) peer: Arc<dyn Peer>,
    pub(crate) gate: Gate,
    pub(crate) breaker: Mutex<Breaker>,
    /// Rung when the breaker changed, or somebody parked.
    pub(crate) changed: Notify,
    /// Held while a refresh is under way: one at a time.
    pub(crate) refreshing: tokio::sync::Mutex<()>,
    account: RwLock<Account>,
    /// Why the credentials that are kept do not open, until others are given.
    closed: Mutex<Option<String>>,
    parked: Mutex<BTreeSet<Arc<str>>>,
}

impl Connection {
    /// A connection as the store knows it.
    pub(crate) async fn open(
        name: &str,
        peer: Arc<dyn Peer>,
        ground: (&dyn Store, &Vault, Arc<dyn Seam>),
        config: &Config,
    ) -> Result<Connection, Refusal> {
        let (store, vault, seam) = ground;
        let mut breaker = Breaker::new(config.breaker);
        let key = SecretRow {
            account: name.to_owned(),
            name: CREDENTIALS.to_owned(),
            ..SecretRow::default()
        }
        .key();
        let mut closed = None;
        let account = match store.get(&key).await? {
            Some(Row::Secret(row)) => match vault.open(name, &row.sealed) {
                Ok(opened) => read_account(&opened),
                Err(error) => {
                    closed = Some(format!("{}: {error}", codes::SECRETS_CLOSED));
                    Account::default()
                }
            },
            _ => Account::default(),
        };
        let select = Select::AccountEvents { account: name.to_owned(), from: 0 };
        let last = store.scan(Scan::new(select).reversed().limit(RECENT)).await?;
        for (n, row) in last.rows.iter().enumerate() {
            let Row::AccountEvent(event) = row else { continue };
            match event.what.as_str() {
                "refused" | "removed" if n == 0 => breaker.refused(event.at_ms, &event.detail),
                "paused" => breaker.pause(&event.detail),
                "resumed" | "authorised" => {}
                // A refresh may have ended after the pause.
                _ => continue,
            }
            break;
        }
        if let Some(why) = &closed {
            // The other connections work; this one waits for its key or for new credentials.
            tracing::error!(connection = name, why, "credentials do not open");
            breaker.refused(seam.steady_ms(), why);
        }
        Ok(Connection {
            name: name.to_owned(),
            gate: Gate::new(&if config.limits { peer.buckets() } else { Vec::new() }, seam),
            peer,
            breaker: Mutex::new(breaker),
            changed: Notify::new(),
            refreshing: tokio::sync::Mutex::new(()),
            account: RwLock::new(account),
            closed: Mutex::new(closed),
            parked: Mutex::new(BTreeSet::new()),
        })
    }

    /// The account now.
    pub(crate) fn account(&self) -> Account {
        self.account.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Why its credentials do not open; none where they do.
    pub(crate) fn closed(&self) -> Option<String> {
        self.closed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Works on the breaker.
    pub(crate) fn with_breaker<T>(&self, f: impl FnOnce(&mut Breaker) -> T) -> T {
        f(&mut self.breaker.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How it stands.
    pub(crate) fn standing(&self) -> Standing {
        self.with_breaker(|b| b.standing().clone())
    }

    /// A task waits for this connection.
    pub(crate) fn park(&self, task: &Arc<str>) {
        self.parked.lock().unwrap_or_else(PoisonError::into_inner).insert(task.clone());
        self.changed.notify_one();
    }

    /// How many tasks wait for it.
    pub(crate) fn parked(&self) -> usize {
        self.parked.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Takes the oldest tasks that wait.
    pub(crate) fn unpark(&self, count: usize) -> Vec<Arc<str>> {
        let mut parked = self.parked.lock().unwrap_or_else(PoisonError::into_inner);
        let mut out = Vec::new();
        while out.len() < count {
            let Some(task) = parked.pop_first() else { break };
            out.push(task);
        }
        out
    }

    /// Writes an event of the account's journal, and the account's new secrets with it.
    pub(crate) async fn journal(
        &self,
        engine: &Engine,
        what: &str,
        detail: Value,
        account: Option<Account>,
    ) -> Result<(), Refusal> {
        let select = Select::AccountEvents { account: self.name.clone(), from: 0 };
        let last = engine.store.scan(Scan::new(select).reversed().limit(1)).await?;
        let n = match last.rows.first() {
            Some(Row::AccountEvent(event)) => event.n.saturating_add(1),
            _ => 0,
        };
        let at_ms = engine.seam.now_ms();
        let event = AccountEventRow {
            account: self.name.clone(),
            n,
            at_ms,
            what: what.to_owned(),
            detail: detail.as_text().map_or_else(|| json::write(&detail), str::to_owned),
        };
        let mut commit = Commit::new().absent(event.key()).put(event);
        if let Some(account) = &account {
            let text = write_account(account);
            commit = commit.put(SecretRow {
                account: self.name.clone(),
                name: CREDENTIALS.to_owned(),
                sealed: engine.vault.seal(&self.name, text.as_bytes(), &*engine.seam),
                at_ms,
            });
            commit = commit.put(crate::upkeep::vault_row(&engine.vault));
        }
        engine.store.commit(commit).await?;
        if let Some(account) = account {
            *self.account.write().unwrap_or_else(PoisonError::into_inner) = account;
            *self.closed.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
        Ok(())
    }
}

/// An account as it is sealed: one JSON text, wiped after use.
fn write_account(account: &Account) -> Zeroizing<String> {
    let place = Value::of([
        ("base", Value::text(&account.address.base)),
        ("token", account.address.token.as_deref().map_or(Value::Missing, Value::text)),
        ("private", Value::Bool(account.address.private)),
    ]);
    let credentials = account.credentials.to_json();
    Zeroizing::new(format!("[{},{}]", json::write(&place), credentials.as_str()))
}

fn read_account(bytes: &[u8]) -> Account {
    let value = json::read_bytes(bytes).unwrap_or_default();
    let [place, credentials] = value.items() else { return Account::default() };
    let mut account = Account {
        address: Address {
            base: place.field("base").as_text().unwrap_or_default().to_owned(),
            token: place.field("token").as_text().map(str::to_owned),
            // Nobody was asked when the earlier form was written.
            private: place.field("private").as_bool().unwrap_or(false),
        },
        ..Account::default()
    };
    let mut all = Credentials::default();
    take_in(&mut all, credentials);
    account.credentials = Arc::new(all);
    account
}

/// Sets the credentials that a record names.
pub(crate) fn take_in(credentials: &mut Credentials, given: &Value) {
    for (name, value) in given.as_record().into_iter().flatten() {
        if let Some(text) = value.plain() {
            credentials.set(name, &text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Account {
        read_account(text.as_bytes())
    }

    #[test]
    fn an_account_is_read_as_it_was_written() {
        let mut credentials = Credentials::default();
        credentials.set("access_token", "t");
        let address = Address { base: "http://10.0.0.7".into(), token: None, private: true };
        let account = Account { address: address.clone(), credentials: Arc::new(credentials) };
        let text = write_account(&account);
        let written = r#"[{"base":"http://10.0.0.7","private":true},{"access_token":"t"}]"#;
        assert_eq!(text.as_str(), written, "a form that stores hold");
        let again = read(&text);
        assert_eq!(again.address, address);
        assert_eq!(again.credentials.get("access_token").unwrap().reveal(), "t");
    }

    #[test]
    fn an_account_of_the_first_form_was_not_given_on_purpose() {
        let first = r#"[{"base":"http://10.0.0.7","token":"http://10.0.0.7/t"},{"secret":"s"}]"#;
        let account = read(first);
        assert_eq!(account.address.base, "http://10.0.0.7");
        assert_eq!(account.address.token.as_deref(), Some("http://10.0.0.7/t"));
        assert!(!account.address.private);
        assert_eq!(account.credentials.get("secret").unwrap().reveal(), "s");
    }
}
