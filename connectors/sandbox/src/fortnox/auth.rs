//! Authorisation: codes, access tokens, and refresh tokens that are spent at once.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use tenon_value::{Number, Value};

use super::answer::{Answer, Ask};
use super::http::form;
use crate::faults::Draws;

/// How long an authorisation code lives, in milliseconds.
const CODE_MS: i64 = 600_000;
/// How long a refresh token lives, in milliseconds.
const REFRESH_MS: i64 = 45 * 86_400_000;

const SCOPES: &str =
    "companyinformation customer article order invoice payment bookkeeping settings";

/// Who may ask, and with what.
#[derive(Debug)]
pub struct Authority {
    client_id: String,
    client_secret: String,
    tenant: String,
    draws: Draws,
    codes: BTreeMap<String, i64>,
    refresh: BTreeMap<String, Refresh>,
    access: BTreeMap<String, i64>,
}

#[derive(Debug)]
struct Refresh {
    until_ms: i64,
    spent: bool,
}

impl Authority {
    /// An authority that has issued nothing yet.
    pub fn new(client_id: &str, client_secret: &str, tenant: &str, seed: u64) -> Authority {
        Authority {
            client_id: client_id.to_owned(),
            client_secret: client_secret.to_owned(),
            tenant: tenant.to_owned(),
            draws: Draws(seed ^ 0x666f_7274_6e6f_7821),
            codes: BTreeMap::new(),
            refresh: BTreeMap::new(),
            access: BTreeMap::new(),
        }
    }

    /// A new authorisation code.
    pub fn consent(&mut self, now_ms: i64) -> String {
        let code = self.opaque();
        self.codes.insert(code.clone(), now_ms + CODE_MS);
        code
    }

    /// The consent page: agrees at once and sends the browser back with a code.
    pub fn authorise(&mut self, ask: &Ask, now_ms: i64) -> Answer {
        let (Some(back), true) =
            (ask.param("redirect_uri"), ask.param("client_id") == Some(&self.client_id))
        else {
            return error(400, "invalid_request", "client_id or redirect_uri is wrong");
        };
        let code = self.consent(now_ms);
        let joint = if back.contains('?') { '&' } else { '?' };
        let state = ask.param("state").map(|state| format!("&state={state}")).unwrap_or_default();
        let location = Some(format!("{back}{joint}code={code}{state}"));
        Answer { location, ..Answer::new(302, Value::Missing) }
    }

    /// The token endpoint.
    pub fn token(&mut self, ask: &Ask, now_ms: i64, access_ms: i64) -> Answer {
        if !self.client_is_known(ask.authorization.as_deref()) {
            return error(401, "invalid_client", "The client credentials are invalid");
        }
        let fields = form(&ask.body);
        let field = |name: &str| {
            fields.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str())
        };
        match field("grant_type") {
            "authorization_code" => match self.codes.remove(field("code")) {
                Some(until) if until > now_ms => self.issue(now_ms, access_ms, true),
                _ => error(400, "invalid_grant", "Authorization code doesn't exist or has expired"),
            },
            "refresh_token" => self.refresh(field("refresh_token"), now_ms, access_ms),
            "client_credentials" if ask.tenant.as_deref() == Some(&self.tenant) => {
                self.issue(now_ms, access_ms, false)
            }
            "client_credentials" => error(400, "invalid_request", "TenantId is missing or wrong"),
            _ => error(400, "unsupported_grant_type", "The grant type is not supported"),
        }
    }

    fn refresh(&mut self, token: &str, now_ms: i64, access_ms: i64) -> Answer {
        match self.refresh.get_mut(token) {
            Some(refresh) if !refresh.spent && refresh.until_ms > now_ms => refresh.spent = true,
            _ => return error(400, "invalid_grant", "Invalid refresh token"),
        }
        self.issue(now_ms, access_ms, true)
    }

    /// Issues an access token, with a refresh token or without.
    pub fn issue(&mut self, now_ms: i64, access_ms: i64, with_refresh: bool) -> Answer {
        let access = self.access_token();
        self.access.insert(access.clone(), now_ms + access_ms);
        self.access.retain(|_, until| *until > now_ms);
        let mut body = Value::of([
            ("access_token", Value::text(&access)),
            ("scope", Value::text(SCOPES)),
            ("expires_in", Value::from(Number::from((access_ms + 999) / 1_000))),
            ("token_type", Value::text("bearer")),
        ]);
        if with_refresh {
            let refresh = self.opaque();
            body = body.with("refresh_token", Value::text(&refresh));
            self.refresh.insert(refresh, Refresh { until_ms: now_ms + REFRESH_MS, spent: false });
        }
        Answer::new(200, body)
    }

    /// Whether an `Authorization` header carries a living access token; the token when it does.
    pub fn bearer<'a>(&self, header: Option<&'a str>, now_ms: i64) -> Option<&'a str> {
        let token = header?.strip_prefix("Bearer ")?;
        self.access.get(token).filter(|until| **until > now_ms).map(|_| token)
    }

    /// Makes an access token invalid.
    pub fn revoke(&mut self, token: &str) {
        self.access.remove(token);
    }

    /// Makes every token invalid.
    pub fn revoke_all(&mut self) {
        self.access.clear();
        self.refresh.clear();
    }

    fn client_is_known(&self, header: Option<&str>) -> bool {
        let sent = header.and_then(|header| header.strip_prefix("Basic "));
        let wanted = STANDARD.encode(format!("{}:{}", self.client_id, self.client_secret));
        sent == Some(wanted.as_str())
    }

    fn opaque(&mut self) -> String {
        format!("{:016x}{:016x}", self.draws.next(), self.draws.next())
    }

    /// Shaped like a JWT whose claims name the tenant; the signature is chance.
    fn access_token(&mut self) -> String {
        let part = |text: String| URL_SAFE_NO_PAD.encode(text);
        let head = part(r#"{"typ":"JWT","alg":"HS256"}"#.to_owned());
        let id = self.opaque();
        let claims = part(format!(r#"{{"jti":"{id}","tenantId":{}}}"#, self.tenant));
        format!("{head}.{claims}.{}", part(self.opaque()))
    }
}

fn error(status: u16, error: &str, description: &str) -> Answer {
    let body = [("error", Value::text(error)), ("error_description", Value::text(description))];
    Answer::new(status, Value::of(body))
}
