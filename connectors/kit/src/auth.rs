//! Who a connection is: credentials, tokens, and requests that carry them.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tenon_value::{Class, Fault, Number, json};
use zeroize::Zeroizing;

use crate::connector::Connector;
use crate::encode::form;
use crate::faults::codes;
use crate::operation::{Request, Response};

/// How a connection proves who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Auth {
    /// Nothing is asked.
    Open,
    /// A fixed secret in a header.
    Header {
        /// The header.
        name: String,
        /// The credential it holds.
        secret: String,
    },
    /// OAuth 2 with an authorisation code and refresh tokens.
    Oauth2(Oauth2),
}

/// OAuth 2 as a manifest says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Oauth2 {
    /// Address a person is sent to.
    pub authorize: String,
    /// Scopes asked for.
    pub scopes: Vec<String>,
    /// Further fixed parameters of the authorise address.
    pub parameters: BTreeMap<String, String>,
    /// Whether every refresh gives a new refresh token and spends the old one.
    pub rotates: bool,
    /// Milliseconds a refresh token lives.
    pub refresh_lifetime_ms: i64,
    /// Milliseconds after which a token is refreshed though nothing asked for it.
    pub keepalive_ms: i64,
}

/// A secret text. It is wiped when dropped and never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes a secret in.
    #[must_use]
    pub fn new(text: &str) -> Secret {
        Secret(Zeroizing::new(text.to_owned()))
    }

    /// The text, for the one who must send it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// The secrets of one account by name: `access_token`, `refresh_token`, `client_id`,
/// `client_secret`, `api_secret`. Has no `Debug`; values are wiped when dropped.
#[derive(Clone, Default)]
pub struct Credentials {
    values: BTreeMap<String, Secret>,
}

impl Credentials {
    /// Adds or replaces one.
    pub fn set(&mut self, name: &str, value: &str) {
        self.values.insert(name.to_owned(), Secret::new(value));
    }

    /// One by name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Secret> {
        self.values.get(name).filter(|secret| !secret.reveal().is_empty())
    }

    /// Names of those that are there.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// Takes in the tokens of an answer; a refresh token that did not come leaves the old one.
    pub fn renew(&mut self, tokens: &Tokens) {
        self.set("access_token", tokens.access_token.reveal());
        if let Some(refresh) = &tokens.refresh_token {
            self.set("refresh_token", refresh.reveal());
        }
    }

    /// As JSON, to be sealed and stored.
    #[must_use]
    pub fn to_json(&self) -> Zeroizing<String> {
        let fields = self
            .values
            .iter()
            .map(|(name, secret)| (name.as_str().into(), secret.reveal().into()))
            .collect::<tenon_value::Record>();
        Zeroizing::new(json::write(&tenon_value::Value::record(fields)))
    }

    /// Reads what [`Credentials::to_json`] wrote; other things than texts are left out.
    #[must_use]
    pub fn from_json(text: &str) -> Credentials {
        let mut credentials = Credentials::default();
        if let Ok(value) = json::read(text) {
            for (name, secret) in value.as_record().into_iter().flatten() {
                if let Some(secret) = secret.as_text() {
                    credentials.set(name, secret);
                }
            }
        }
        credentials
    }

    fn need(&self, name: &str) -> Result<&Secret, Fault> {
        self.get(name).ok_or_else(|| codes::no_credential(name))
    }
}

/// Where an account lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Base address of its requests, without a `/` at the end.
    pub base: String,
    /// Address of its token endpoint.
    pub token: Option<String>,
    /// The host of its base is what somebody gave, whole: a system of one's own, which may live in a
    /// private network. A part of a name, such as a shop's, is no such gift.
    pub own_host: bool,
}

/// The host of an address with its parameters.
fn host_of(template: &str) -> &str {
    let rest = template.split_once("://").map_or(template, |(_, rest)| rest);
    rest.split('/').next().unwrap_or_default()
}

/// Whether the host of an address is one parameter and nothing else.
fn is_whole_host(template: &str) -> bool {
    let name = host_of(template).strip_prefix('{').and_then(|host| host.split_once('}'));
    name.is_some_and(|(_, behind)| behind.is_empty() || behind.starts_with(':'))
}

/// Whether a value would end the host it is a part of, and lead requests to another.
fn leaves_host(template: &str, name: &str, value: &str) -> bool {
    let inside = !is_whole_host(template) && host_of(template).contains(&format!("{{{name}}}"));
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    inside && (value.is_empty() || !value.bytes().all(fits))
}

/// A request as it goes on the wire, secrets included; so it has no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// HTTP method.
    pub method: String,
    /// The whole address.
    pub url: String,
    /// All headers.
    pub headers: Vec<(String, String)>,
    /// Body, exactly as it is sent.
    pub body: Option<String>,
}

/// What a token endpoint gave. Has no `Debug`.
#[derive(Clone)]
pub struct Tokens {
    /// The token requests carry.
    pub access_token: Secret,
    /// The token for the next refresh.
    pub refresh_token: Option<Secret>,
    /// Seconds the access token lives.
    pub expires_in_s: i64,
    /// Scopes granted, as the peer writes them.
    pub scope: String,
}

/// What a token is asked for with.
#[derive(Clone, Copy)]
pub enum Grant<'a> {
    /// The refresh token among the credentials.
    Refresh,
    /// A code a person brought back.
    Code {
        /// The code.
        code: &'a str,
        /// The address they came back to.
        redirect_uri: &'a str,
    },
}

impl Connector {
    /// The addresses of an account in an environment.
    ///
    /// # Errors
    /// The name of a parameter that is not given, or of an environment that does not exist; a parameter
    /// with its value where that is a part of a host and cannot be one.
    pub fn account(
        &self,
        environment: &str,
        parameters: &BTreeMap<String, String>,
    ) -> Result<Account, String> {
        let found = self.environments.get(environment).ok_or_else(|| environment.to_owned())?;
        let fill = |template: &str| -> Result<String, String> {
            let mut out = template.replace("{version}", &self.version);
            for name in &found.parameters {
                let value = parameters.get(name).ok_or_else(|| name.clone())?;
                if leaves_host(template, name, value) {
                    return Err(format!("{name}={value}"));
                }
                out = out.replace(&format!("{{{name}}}"), value.trim_end_matches('/'));
            }
            Ok(out)
        };
        Ok(Account {
            base: fill(&found.base)?,
            token: found.token.as_deref().map(fill).transpose()?,
            own_host: is_whole_host(&found.base),
        })
    }

    /// Names of the credentials a connection must be given.
    #[must_use]
    pub fn secrets(&self) -> Vec<&str> {
        let mut names = match &self.auth {
            Auth::Open => Vec::new(),
            Auth::Header { secret, .. } => vec![secret.as_str()],
            Auth::Oauth2(_) => vec!["client_id", "client_secret", "refresh_token"],
        };
        if let Some(webhook) = &self.webhook {
            names.push(&webhook.secret);
        }
        names
    }

    /// The request as it goes on the wire.
    ///
    /// # Errors
    /// `CREDENTIAL_MISSING`
    pub fn authenticate(
        &self,
        request: &Request,
        account: &Account,
        credentials: &Credentials,
    ) -> Result<HttpRequest, Fault> {
        let mut headers = request.headers.clone();
        match &self.auth {
            Auth::Open => {}
            Auth::Header { name, secret } => {
                headers.push((name.clone(), credentials.need(secret)?.reveal().to_owned()));
            }
            Auth::Oauth2(_) => {
                let token = credentials.need("access_token")?;
                headers.push(("Authorization".into(), format!("Bearer {}", token.reveal())));
            }
        }
        Ok(HttpRequest {
            method: request.method.clone(),
            url: format!("{}{}", account.base.trim_end_matches('/'), request.path),
            headers,
            body: request.body.clone(),
        })
    }

    /// The address a person is sent to for consent; none where the system has no such thing.
    #[must_use]
    pub fn authorize_url(
        &self,
        client_id: &str,
        redirect_uri: &str,
        state: &str,
    ) -> Option<String> {
        let Auth::Oauth2(oauth) = &self.auth else { return None };
        let mut pairs = vec![
            ("client_id".to_owned(), client_id.to_owned()),
            ("redirect_uri".to_owned(), redirect_uri.to_owned()),
            ("scope".to_owned(), oauth.scopes.join(" ")),
            ("state".to_owned(), state.to_owned()),
            ("response_type".to_owned(), "code".to_owned()),
        ];
        pairs.extend(oauth.parameters.iter().map(|(k, v)| (k.clone(), v.clone())));
        Some(format!("{}?{}", oauth.authorize, form(&pairs)))
    }

    /// The request for new tokens: a form, the client named by HTTP Basic.
    ///
    /// # Errors
    /// `CREDENTIAL_MISSING`; `NO_OPERATION` where the system has no token endpoint.
    pub fn token_request(
        &self,
        account: &Account,
        credentials: &Credentials,
        grant: Grant<'_>,
    ) -> Result<HttpRequest, Fault> {
        let (Auth::Oauth2(_), Some(url)) = (&self.auth, &account.token) else {
            return Err(codes::no_operation(&self.name, "token", "a refresh"));
        };
        let pairs = match grant {
            Grant::Refresh => vec![
                ("grant_type".to_owned(), "refresh_token".to_owned()),
                (
                    "refresh_token".to_owned(),
                    credentials.need("refresh_token")?.reveal().to_owned(),
                ),
            ],
            Grant::Code { code, redirect_uri } => vec![
                ("grant_type".to_owned(), "authorization_code".to_owned()),
                ("code".to_owned(), code.to_owned()),
                ("redirect_uri".to_owned(), redirect_uri.to_owned()),
            ],
        };
        let client = Zeroizing::new(format!(
            "{}:{}",
            credentials.need("client_id")?.reveal(),
            credentials.need("client_secret")?.reveal()
        ));
        Ok(HttpRequest {
            method: "POST".to_owned(),
            url: url.clone(),
            headers: vec![
                ("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned()),
                ("Accept".to_owned(), "application/json".to_owned()),
                (
                    "Authorization".to_owned(),
                    format!("Basic {}", STANDARD.encode(client.as_bytes())),
                ),
            ],
            body: Some(form(&pairs)),
        })
    }

    /// Reads the answer to a token request.
    ///
    /// # Errors
    /// `UNAUTHORISED` where the grant was refused; `TOKEN_ANSWER_LOST` where no whole answer came and
    /// the refresh token may be spent (class auth: a person authorises again); `ADDRESS_PRIVATE`;
    /// transient faults.
    pub fn read_tokens(&self, response: &Response) -> Result<Tokens, Fault> {
        let (status, body) = match response {
            Response::NotSent { reason } => return Err(codes::not_sent(reason)),
            Response::Barred { host } => return Err(codes::barred(host)),
            Response::Lost { reason } => return Err(codes::token_lost(reason)),
            Response::Answer { status, body, .. } => (*status, body),
        };
        let answer = json::read(body);
        if !(200..300).contains(&status) {
            let said = answer.unwrap_or_default();
            let word = |name: &str| said.field(name).as_text().unwrap_or_default().to_owned();
            let message = format!("{} {}", word("error"), word("error_description"));
            return Err(match status {
                408 | 425 | 429 | 500.. => Fault::new(
                    "PEER_FAILED",
                    Class::Transient,
                    format!("the token endpoint answered {status}: {}", message.trim()),
                ),
                _ => codes::unauthorised(message.trim()),
            });
        }
        let answer = answer.map_err(|e| codes::token_lost(&e.to_string()))?;
        let Some(access) = answer.field("access_token").as_text() else {
            return Err(codes::token_lost("the answer holds no access_token"));
        };
        let seconds = answer.field("expires_in");
        let seconds = seconds
            .as_number()
            .or_else(|| seconds.as_text().and_then(|text| Number::parse(text).ok()));
        Ok(Tokens {
            access_token: Secret::new(access),
            refresh_token: answer.field("refresh_token").as_text().map(Secret::new),
            expires_in_s: seconds.and_then(Number::to_i64).unwrap_or(3600),
            scope: answer.field("scope").as_text().unwrap_or_default().to_owned(),
        })
    }
}
