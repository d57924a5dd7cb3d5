//! The ledger: one lock, one clock, one company.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::json;
use tenon_value::{Number, Record, Value, time};

use super::answer::{Answer, Ask};
use super::auth::Authority;
use super::company::Company;
use super::list::list;
use super::resource::{ALL, INVOICES, ORDERS, Resource, at};
use super::{action, document, register};
use crate::books::Document;
use crate::{Clock, Limits, LimitsCell, SandboxConfig};

/// The company's number at the vendor.
pub const TENANT: &str = "1234567";

/// A ledger of one company.
#[derive(Debug)]
pub struct Ledger {
    config: SandboxConfig,
    clock: Arc<Clock>,
    limits: Arc<LimitsCell>,
    begin: Company,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    authority: Authority,
    company: Company,
    /// When the requests of the current window came. The window is per client and tenant, so one
    /// for all tokens.
    asked: VecDeque<i64>,
}

impl State {
    fn new(config: &SandboxConfig, company: &Company) -> State {
        let authority =
            Authority::new(&config.client_id, &config.client_secret, TENANT, config.seed);
        State { authority, company: company.clone(), asked: VecDeque::new() }
    }

    /// Whether one more request fits the sliding window; it is noted when it does.
    fn fits_window(&mut self, now_ms: i64, limits: &Limits) -> bool {
        if !limits.on || limits.fortnox_window_ms == 0 {
            return true;
        }
        while self.asked.front().is_some_and(|at| *at <= now_ms - limits.fortnox_window_ms) {
            self.asked.pop_front();
        }
        let fits = self.asked.len() < limits.fortnox_requests;
        if fits {
            self.asked.push_back(now_ms);
        }
        fits
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
        let begin = Company::begin(config.rounding)?;
        let state = Mutex::new(State::new(config, &begin));
        Ok(Ledger { config: config.clone(), clock, limits, begin, state })
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers one request.
    pub fn answer(&self, ask: &Ask) -> Answer {
        let now_ms = self.clock.now_ms();
        let limits = self.limits.now();
        let path: Vec<&str> = ask.path.iter().map(String::as_str).collect();
        let mut state = self.state();
        match (ask.method.as_str(), path.as_slice()) {
            ("GET", ["oauth-v1", "auth"]) => state.authority.authorise(ask, now_ms),
            ("POST", ["oauth-v1", "token"]) => {
                state.authority.token(ask, now_ms, limits.fortnox_access_ms)
            }
            (_, ["3", rest @ ..]) => {
                if state.authority.bearer(ask.authorization.as_deref(), now_ms).is_none() {
                    return Answer::unauthorised();
                }
                if !state.fits_window(now_ms, &limits) {
                    return Answer::new(
                        429,
                        Value::of([("message", Value::text("Too Many Requests"))]),
                    );
                }
                state.company.now_ms = now_ms;
                state.company.search_lag_ms = limits.fortnox_search_lag_ms;
                api(&mut state.company, ask, rest).unwrap_or_else(|refusal| refusal)
            }
            _ => Answer::new(404, Value::Missing),
        }
    }

    /// Everything as at the start; tokens stay valid no longer.
    pub fn reset(&self) {
        *self.state() = State::new(&self.config, &self.begin);
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
        let until = match until {
            Some(text) => Some(time::parse_date(text).ok_or_else(|| format!("{text} is no day"))?),
            None => None,
        };
        self.state().company.locked_until = until;
        Ok(())
    }

    /// Lets a person at the ledger do something: the same as a request, without token or limit.
    pub fn by_hand(&self, ask: &Ask) -> Answer {
        let mut state = self.state();
        state.company.now_ms = self.clock.now_ms();
        let path: Vec<&str> = ask.path.iter().map(String::as_str).collect();
        let rest = path.strip_prefix(&["3"]).unwrap_or(&path);
        api(&mut state.company, ask, rest).unwrap_or_else(|refusal| refusal)
    }

    /// The documents, for the audit.
    #[must_use]
    pub fn documents(&self) -> Vec<Document> {
        self.state().company.documents()
    }

    /// Every record of a resource, such as `invoices`, as stored.
    #[must_use]
    pub fn records(&self, path: &str) -> Vec<Value> {
        let Some(resource) = at(path) else { return Vec::new() };
        let state = self.state();
        state.company.rows(resource).map(|row| Value::record(row.record.clone())).collect()
    }

    /// What was posted by booking, by account in the company's currency; debit positive.
    #[must_use]
    pub fn sums(&self) -> BTreeMap<String, Number> {
        self.state().company.sums().clone()
    }

    /// What is in the ledger, in numbers.
    #[must_use]
    pub fn summary(&self) -> serde_json::Value {
        let state = self.state();
        let company = &state.company;
        let count = |resource: &'static Resource, wanted: fn(&Record) -> bool| {
            company.rows(resource).filter(|row| wanted(&row.record)).count()
        };
        let flag = |record: &Record, name: &str| document::text(record, name) == "true";
        let by_resource: serde_json::Map<String, serde_json::Value> = ALL
            .iter()
            .map(|resource| (resource.path.to_owned(), json!(company.rows(resource).count())))
            .collect();
        json!({
            "records": by_resource,
            "booked": company.rows(&INVOICES).filter(|row| flag(&row.record, "Booked")).count(),
            "cancelled_orders": count(&ORDERS, |r| document::text(r, "Cancelled") == "true"),
            "cancelled_invoices": count(&INVOICES, |r| document::text(r, "Cancelled") == "true"),
            "credit_invoices": count(&INVOICES, |r| document::text(r, "Credit") == "true"),
            "sums": company.sums().iter().map(|(a, sum)| (a, sum.to_string())).collect::<BTreeMap<_, _>>(),
            "locked_until": company.locked_until.map(|day| day.to_string()),
        })
    }
}

fn api(company: &mut Company, ask: &Ask, path: &[&str]) -> Result<Answer, Answer> {
    let method = ask.method.as_str();
    if ask.accept.as_deref().is_some_and(|accept| !speaks_json(accept)) {
        return Err(Answer::refused(1_000_030, "Accept-huvudet stöds inte."));
    }
    let typed = ask.content_type.as_deref().filter(|_| !ask.body.is_empty());
    if typed.is_some_and(|kind| !speaks_json(kind)) {
        return Err(Answer::refused(1_000_031, "Content-Type stöds inte."));
    }
    match (method, path) {
        ("GET", ["companyinformation"]) => {
            return Ok(Answer::record(200, "CompanyInformation", company.information()));
        }
        ("GET", ["settings", "company"]) => return Ok(settings(company)),
        ("GET", ["settings", "lockedperiod"]) => {
            let until = company.locked_until.map(|day| day.to_string());
            let end = until.map_or(Value::Null, |day| Value::text(&day));
            return Ok(Answer::record(200, "LockedPeriod", Value::of([("EndDate", end)])));
        }
        _ => {}
    }
    let Some((resource, rest)) =
        path.split_first().and_then(|(name, rest)| at(name).map(|resource| (resource, rest)))
    else {
        return Err(Answer::new(404, Value::Missing));
    };
    let sold = matches!(resource.path, "orders" | "invoices");
    match (method, rest) {
        ("GET", []) => list(company, resource, ask),
        ("GET", [key]) => match company.record(resource, key) {
            Some(record) => {
                Ok(Answer::record(200, resource.envelope, Value::record(record.clone())))
            }
            None => Err(Answer::not_found(resource.missing.0, resource.missing.1)),
        },
        ("POST" | "PUT" | "DELETE", _) if !resource.writable => Err(not_allowed()),
        ("POST", []) if sold => document::create(company, resource, &ask.body),
        ("POST", []) => register::create(company, resource, &ask.body),
        ("PUT", [key]) if sold => document::update(company, resource, key, &ask.body),
        ("PUT", [key]) => register::update(company, resource, key, &ask.body),
        ("DELETE", [key]) if !sold => register::delete(company, resource, key),
        ("PUT", [key, action]) if sold && !reads(action) => {
            action::act(company, resource, key, action)
        }
        ("GET", [key, action]) if sold && reads(action) => {
            action::act(company, resource, key, action)
        }
        _ => Err(not_allowed()),
    }
}

/// The actions that the interface asks with GET although two of them change the record.
fn reads(action: &str) -> bool {
    matches!(action, "email" | "print" | "preview")
}

fn speaks_json(header: &str) -> bool {
    header.contains("application/json") || header.contains("*/*")
}

fn not_allowed() -> Answer {
    Answer::new(405, Value::Missing)
}

fn settings(company: &Company) -> Answer {
    let information = company.information();
    let same = |name: &str| information.field(name).clone();
    let record = Value::of([
        ("Name", same("CompanyName")),
        ("Address", same("Address")),
        ("ZipCode", same("ZipCode")),
        ("City", same("City")),
        ("CountryCode", same("CountryCode")),
        ("OrganizationNumber", same("OrganizationNumber")),
        ("DatabaseNumber", Value::text(TENANT)),
        ("VATNumber", Value::text("SE556677889901")),
        ("TaxEnabled", Value::from(true)),
        ("Domicile", same("City")),
    ]);
    Answer::record(200, "CompanySettings", record)
}
