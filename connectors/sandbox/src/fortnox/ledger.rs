//! The ledger: one lock, one clock, one company.

use std::sync::{Arc, Mutex, PoisonError};

use tenon_value::{Number, Value};

use super::answer::{Answer, Ask};
use super::auth::Authority;
use crate::books::Document;
use crate::{Clock, LimitsCell, SandboxConfig};

/// The company's number at the vendor.
pub const TENANT: &str = "1234567";

/// A ledger of one company.
#[derive(Debug)]
pub struct Ledger {
    config: SandboxConfig,
    clock: Arc<Clock>,
    limits: Arc<LimitsCell>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    authority: Authority,
}

impl State {
    fn new(config: &SandboxConfig) -> State {
        let authority =
            Authority::new(&config.client_id, &config.client_secret, TENANT, config.seed);
        State { authority }
    }
}

impl Ledger {
    /// A ledger of a company with its accounts and terms, without documents.
    ///
    /// # Errors
    /// Why it could not be made.
    pub fn new(
        config: &SandboxConfig,
        clock: Arc<Clock>,
        limits: Arc<LimitsCell>,
    ) -> Result<Ledger, String> {
        let state = Mutex::new(State::new(config));
        Ok(Ledger { config: config.clone(), clock, limits, state })
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers one request.
    pub fn answer(&self, ask: &Ask) -> Answer {
        let now_ms = self.clock.now_ms();
        let access_ms = self.limits.now().fortnox_access_ms;
        let path: Vec<&str> = ask.path.iter().map(String::as_str).collect();
        let mut state = self.state();
        match (ask.method.as_str(), path.as_slice()) {
            ("GET", ["oauth-v1", "auth"]) => state.authority.authorise(ask, now_ms),
            ("POST", ["oauth-v1", "token"]) => state.authority.token(ask, now_ms, access_ms),
            (_, ["3", rest @ ..]) => {
                if state.authority.bearer(ask.authorization.as_deref(), now_ms).is_none() {
                    return Answer::unauthorised();
                }
                match (ask.method.as_str(), rest) {
                    ("GET", ["companyinformation"]) => company(),
                    _ => Answer::new(404, Value::Missing),
                }
            }
            _ => Answer::new(404, Value::Missing),
        }
    }

    /// Everything as at the start; tokens stay valid no longer.
    pub fn reset(&self) {
        *self.state() = State::new(&self.config);
    }

    /// An authorisation code, as if a person had agreed.
    pub fn consent(&self) -> String {
        let now_ms = self.clock.now_ms();
        self.state().authority.consent(now_ms)
    }

    /// A fresh pair of tokens, as the token endpoint answers them.
    pub fn issue_tokens(&self) -> Answer {
        let (now_ms, access_ms) = (self.clock.now_ms(), self.limits.now().fortnox_access_ms);
        self.state().authority.issue(now_ms, access_ms, true)
    }

    /// Makes an access token invalid.
    pub fn revoke(&self, token: &str) {
        self.state().authority.revoke(token);
    }

    /// Makes every token invalid.
    pub fn revoke_all(&self) {
        self.state().authority.revoke_all();
    }

    /// Locks the periods up to a day (`2026-01-31`), or none.
    ///
    /// # Errors
    /// When the text is no day.
    pub fn lock_until(&self, until: Option<&str>) -> Result<(), String> {
        match until {
            Some(day) if tenon_value::time::parse_date(day).is_none() => {
                Err(format!("{day} is no day"))
            }
            _ => Ok(()),
        }
    }

    /// The documents, for the audit.
    #[must_use]
    pub fn documents(&self) -> Vec<Document> {
        Vec::new()
    }

    /// What is in the ledger, in numbers.
    #[must_use]
    pub fn summary(&self) -> serde_json::Value {
        serde_json::json!({ "orders": 0, "invoices": 0 })
    }
}

fn company() -> Answer {
    let record = Value::of([
        ("CompanyName", Value::text("Sandlådan Handel AB")),
        ("DatabaseNumber", Value::from(Number::from(1_234_567))),
    ]);
    Answer::record(200, "CompanyInformation", record)
}
